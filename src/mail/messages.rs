//! The texts of all mails, one file each, and the layout that all mails share.

mod code_mail;
mod guessing_notice;
mod html_part;
mod invitation_mail;
mod letter;
mod linked_mail;
mod moved_back_mail;
mod moved_mail;
mod new_browser_mail;
mod rendered;
mod role_mail;
mod test_letter;
mod text_part;
mod used_code_report;
mod wrong_codes_mail;

pub use code_mail::CodeMail;
pub use guessing_notice::guessing_notice;
pub use invitation_mail::InvitationMail;
pub use letter::{Block, Letter, Letterhead};
pub use linked_mail::LinkedMail;
pub use moved_back_mail::MovedBackMail;
pub use moved_mail::MovedMail;
pub use new_browser_mail::NewBrowserMail;
pub(super) use rendered::message_id;
pub use rendered::{AddressingError, RenderedLetter};
pub use role_mail::RoleMail;
pub use test_letter::test_letter;
pub use used_code_report::UsedCodeReport;
pub use wrong_codes_mail::WrongCodesMail;

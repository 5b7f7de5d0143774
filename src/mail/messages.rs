//! One file per mail.

mod code_mail;
mod guessing_notice;
mod invitation_mail;
pub(super) mod letter;
mod moved_mail;
mod new_browser_mail;

pub use code_mail::CodeMail;
pub use guessing_notice::guessing_notice;
pub use invitation_mail::InvitationMail;
pub use letter::Letter;
pub use moved_mail::MovedMail;
pub use new_browser_mail::NewBrowserMail;

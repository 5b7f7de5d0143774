//! Mail: its words, the queue it leaves from, and the ways it goes.

mod code_mail;
mod guessing_notice;
mod invitation_mail;
mod letter;
mod moved_mail;
mod new_browser_mail;
mod queue;
mod test_mail;
mod transport;

pub use code_mail::CodeMail;
pub(crate) use code_mail::minutes_in_words;
pub use guessing_notice::guessing_notice;
pub use invitation_mail::InvitationMail;
pub use letter::Letter;
pub use moved_mail::MovedMail;
pub use new_browser_mail::NewBrowserMail;
pub use queue::{Handed, MailQueue, Sender};
pub use test_mail::{NotSent, send_test_mail};

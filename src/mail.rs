//! Mail: its words, the queue it leaves from, and the ways it goes.

pub mod messages;
mod queue;
mod server_reply;
mod test_mail;
pub(crate) mod transport;

pub use queue::code_request_mail::CodeRequestMail;
pub use queue::deliveries::Deliveries;
pub use queue::{MailQueue, Sender, give_up_lost_codes};
pub use server_reply::ReplyFilter;
pub use test_mail::send_test_mail;
pub use transport::NotSent;

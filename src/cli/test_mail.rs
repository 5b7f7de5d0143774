//! `vestibule test-mail`

use super::context;
use super::failure::Failure;
use super::output::say;
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::mail::{NotSent, Sender, send_test_mail};

pub(super) fn run(settings: &Settings, to: &str) -> Result<(), Failure> {
    let to = context::address(to)?;
    let config = Config::from_settings(settings)?;
    let sender = Sender::new(&config);
    let by_server = sender.smtp.is_some();
    let sent = context::block_on(send_test_mail(&sender, &to, Clock::system().now()))?;
    match sent {
        Ok(answer) if by_server => say(format!(
            "The mail server accepted a mail from {} to {to}: {answer}\n\
             Look for it in the mailbox and in the spam folder.",
            sender.from
        )),
        Ok(answer) => say(format!(
            "No SMTP_URL is set: a mail to {to} was written, {answer}. Nothing was sent."
        )),
        Err(NotSent { cause, advice }) => Err(Failure::Failed(format!(
            "No mail was sent to {to}: {cause}.\n{advice}"
        ))),
    }
}

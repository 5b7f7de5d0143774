//! `vestibule code`

use super::context;
use super::failure::Failure;
use super::output::say;
use crate::clock::Clock;
use crate::config::{EmailCodes, OperatorConfig, Settings};
use crate::domain::{Email, words};
use crate::keys::Keys;
use crate::operations::database::open_existing_database;
use crate::operations::operator_code::{self, Made, NoCode};
use crate::sign_in::email_code::code_hasher::CodeHasher;
use crate::sign_in::limits::Limit;
use crate::sign_in::limits::rules::OPERATOR_CODE_LIFETIME;

pub(super) fn run(settings: &Settings, email: &str) -> Result<(), Failure> {
    let email = context::address(email)?;
    let config = OperatorConfig::from_settings(settings)?;
    if config.email_codes == EmailCodes::Off {
        return Err(Failure::Failed(
            "EMAIL_CODES is off: no page takes a code, so none was made. Set EMAIL_CODES=fallback, start the \
             server again, and then run this again."
                .to_owned(),
        ));
    }
    let keys = context::keys(&config)?;
    let database = open_existing_database(&config.storage)?;
    let hasher = CodeHasher::new(read_by_every_server(keys), 1);
    let made = operator_code::make(
        &database,
        &hasher,
        email.clone(),
        config.code_limit_address,
        Clock::system().now(),
    );
    let made = context::block_on(made)?.map_err(|e| Failure::Failed(describe(&email, &e)))?;
    say(shown(&email, &made))
}

/// A server that was not restarted since the last rotation has only the previous key. A restarted server reads
/// both.
fn read_by_every_server(keys: Keys) -> Keys {
    Keys {
        current: keys.previous.unwrap_or(keys.current),
        previous: None,
    }
}

fn shown(email: &Email, made: &Made) -> String {
    let code = made.code.expose();
    let minutes = words::exactly(OPERATOR_CODE_LIFETIME);
    let until = made.expires_at.describe();
    let hindrance = if made.too_many_tries {
        format!(
            "\n\nToo many wrong codes were tried for this address today, so no code works in a browser that has not\n\
             signed in before, not even this one. First run `vestibule limits clear {email}`."
        )
    } else {
        String::new()
    };
    let without_mail = if made.is_window_full {
        format!(
            "\n\nThe limit of code requests for {email} is full, so no mail comes. The person can still\n\
             enter this code: the page takes {} more requests a minute from each network.",
            Limit::RequestsWithoutMail.rule().rate
        )
    } else {
        String::new()
    };
    format!(
        "\n  {code}\n\n\
         This code lets {email} in, once, for {minutes}: until {until}.\n\
         Tell it only to that person. They open the sign-in page, choose “use email code”, enter\n\
         {email}, and then this code, whether or not a mail comes.\n\
         An earlier code from this command no longer works. The activity records this command.\
         {hindrance}{without_mail}"
    )
}

fn describe(email: &Email, why: &NoCode) -> String {
    match why {
        NoCode::NoAccount => format!(
            "No code was made: no account has the address {email}. Add it with `vestibule account add {email}`."
        ),
        NoCode::NotConfirmed => {
            format!("No code was made: the account {email} is not confirmed. Confirm it first.")
        }
        NoCode::Suspended => {
            format!("No code was made: the account {email} is suspended. Restore it first.")
        }
        NoCode::Hash(_) | NoCode::Database(_) => format!("No code was made: {why}."),
    }
}

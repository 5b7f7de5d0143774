//! `vestibule code`

use super::context;
use super::{Failure, say};
use crate::clock::Clock;
use crate::config::{EmailCodes, OperatorConfig, Settings};
use crate::domain::{Email, words};
use crate::keys::Keys;
use crate::operations::operator_code::{self, Made, NoCode};
use crate::sign_in::email_code::code_hash::CodeHasher;
use crate::sign_in::email_code::operator_code::LIFETIME;

/// Shows a one-time code, and how it is used.
pub(super) fn run(settings: &Settings, email: &str) -> Result<(), Failure> {
    let email = context::address(email)?;
    let upkeep = OperatorConfig::from_settings(settings)?;
    if upkeep.email_codes == EmailCodes::Off {
        return Err(Failure::Failed(
            "EMAIL_CODES is off: no page takes a code, so none was made. Set EMAIL_CODES=fallback, start the \
             server again, and then ask for a code here."
                .to_owned(),
        ));
    }
    let keys = context::keys(&upkeep)?;
    let database = context::database(&upkeep.storage)?;
    let hasher = CodeHasher::new(read_by_every_server(keys), 1);
    let made = operator_code::make(&database, &hasher, email.clone(), Clock::system().now());
    let made = context::block_on(made)?.map_err(|e| Failure::Failed(describe(&email, &e)))?;
    say(shown(&email, &made))
}

/// A server that was not restarted since the key was changed has only the older one, and one that was
/// reads that, too.
fn read_by_every_server(keys: Keys) -> Keys {
    Keys {
        current: keys.previous.unwrap_or(keys.current),
        previous: None,
    }
}

fn shown(email: &Email, made: &Made) -> String {
    let code = made.code.expose();
    let minutes = words::exactly(LIFETIME);
    let until = made.expires_at.describe();
    let hindrance = if made.too_many_tries {
        format!(
            "\n\nToo many wrong codes were tried for this address today, so a browser that has not signed in before takes\n\
             none, and not this one either. First run `vestibule limits clear {email}`."
        )
    } else {
        String::new()
    };
    format!(
        "\n  {code}\n\n\
         This code lets {email} in, once, for {minutes}: until {until}.\n\
         Tell it to that person alone. They open the sign-in page, choose “use email code”, enter\n\
         {email}, and then this code, whether or not a mail comes.\n\
         A code made here before for this address no longer works. It is written down in the activity.\
         {hindrance}"
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

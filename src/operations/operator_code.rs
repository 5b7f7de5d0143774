//! A one-time code for the day when neither mail nor WorkOS works. An operator makes it on the server and gives it to
//! the person, who enters it instead of the code from the mail (SECURITY rule 2).

use thiserror::Error;

use crate::accounts::changes::Actor;
use crate::db::{Database, DatabaseError, accounts, operator_codes};
use crate::domain::{ActivityKind, Email, SignInCode, Timestamp};
use crate::operations::address_limits;
use crate::sign_in::email_code::code_hasher::{CodeHasher, HashError};
use crate::sign_in::limits::rules::OPERATOR_CODE_LIFETIME;
use crate::sign_in::limits::{Limit, try_budget};

/// A code to show on the terminal.
#[derive(Debug)]
pub struct Made {
    pub code: SignInCode,
    pub expires_at: Timestamp,
    /// The daily budget of wrong codes for the address is used up, so unknown browsers cannot enter this code either.
    pub too_many_tries: bool,
    /// The window of code requests for the address is full, so no mail comes.
    pub is_window_full: bool,
}

#[derive(Debug, Error)]
pub enum NoCode {
    #[error("no account has this address")]
    NoAccount,
    #[error("its account is not confirmed")]
    NotConfirmed,
    #[error("its account is suspended")]
    Suspended,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Makes a code for an address, in place of the one made before. Any open challenge for that address accepts it, once.
/// `requests_a_minute` is the setting `CODE_LIMIT_ADDRESS`.
pub async fn make(
    database: &Database,
    hasher: &CodeHasher,
    email: Email,
    requests_a_minute: u32,
    now: Timestamp,
) -> Result<Made, NoCode> {
    let code = SignInCode::generate(&mut rand::rng());
    let hashed = hasher.hash(&code).await?;
    let expires_at = now.plus(OPERATOR_CODE_LIFETIME);
    let (too_many_tries, is_window_full) = database
        .write(move |c| {
            let Some(account) = accounts::find_by_email(c, &email)? else {
                return Ok(Err(NoCode::NoAccount));
            };
            if account.suspended_at.is_some() {
                return Ok(Err(NoCode::Suspended));
            }
            if account.confirmed_at.is_none() {
                return Ok(Err(NoCode::NotConfirmed));
            }
            operator_codes::put(c, &email, &hashed, expires_at)?;
            Actor::command_line().note(c, ActivityKind::OperatorCode, &account, "", now)?;
            let exhausted = try_budget::exhausted(c, &email, None, now)?;
            let too_many_tries =
                exhausted.is_some_and(|limited| limited.limit == Limit::WrongCodesPerAddress);
            let used = address_limits::look(c, &email, now)?;
            Ok(Ok((too_many_tries, used.is_window_full(requests_a_minute))))
        })
        .await??;
    Ok(Made {
        code,
        expires_at,
        too_many_tries,
        is_window_full,
    })
}

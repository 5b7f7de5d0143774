//! A one-time code for the day when neither mail nor WorkOS works: an operator makes it on the
//! server and tells it to the person, who enters it in the place of the one from the mail (SECURITY
//! rule 2).

use thiserror::Error;

use crate::accounts::changes::Actor;
use crate::db::{Database, DatabaseError, accounts, operator_codes};
use crate::domain::{ActivityKind, Email, SignInCode, Timestamp};
use crate::sign_in::email_code::code_hash::{CodeHasher, HashError};
use crate::sign_in::limits::rules::OPERATOR_CODE_LIFETIME;
use crate::sign_in::limits::{Limit, try_budget};

/// A code, for the terminal alone.
#[derive(Debug)]
pub struct Made {
    /// The digits.
    pub code: SignInCode,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// So many wrong codes were tried for the address that no more is taken in a browser that has not signed in
    /// before; not this one either.
    pub too_many_tries: bool,
}

/// Why there is none.
#[derive(Debug, Error)]
pub enum NoCode {
    /// Nobody has this address.
    #[error("no account has this address")]
    NoAccount,
    /// No admin has vouched for the address yet.
    #[error("its account is not confirmed")]
    NotConfirmed,
    /// The account is shut.
    #[error("its account is suspended")]
    Suspended,
    /// It could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Makes a code for an address, in place of the one made before; any open challenge for that address
/// takes it, once.
///
/// # Errors
/// See [`NoCode`]; nothing is changed then.
pub async fn make(
    database: &Database,
    hasher: &CodeHasher,
    email: Email,
    now: Timestamp,
) -> Result<Made, NoCode> {
    let code = SignInCode::generate(&mut rand::rng());
    let hashed = hasher.hash(&code).await?;
    let expires_at = now.plus(OPERATOR_CODE_LIFETIME);
    let too_many_tries = database
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
            Ok(Ok(exhausted.is_some_and(|limited| {
                limited.limit == Limit::WrongCodesPerAddress
            })))
        })
        .await??;
    Ok(Made {
        code,
        expires_at,
        too_many_tries,
    })
}

//! Plain types that cannot hold an invalid value. This module depends on no other of the crate.

mod accent;
mod account;
mod account_notice;
mod activity;
mod authentication_method;
mod backoff;
mod base_url;
mod browser_name;
mod callback_value;
mod client_ip;
mod colour;
mod email;
mod hashed_code;
mod ids;
mod not_me;
mod person_name;
mod printable;
mod request_id;
mod return_to;
mod secret_key;
mod sign_in_code;
mod stored;
mod timestamp;
mod token;
mod user_agent;
pub mod words;

pub use accent::{Accent, Shades};

pub use account::{AdmittedBy, Role, SignInMethod, UnknownRole, WayIn};
pub use account_notice::AccountNotice;
pub use activity::{ActivityKind, CodeOutcome};
pub use authentication_method::AuthenticationMethod;
pub use backoff::Backoff;
pub use base_url::BaseUrl;
pub use browser_name::BrowserName;
pub use callback_value::{CallbackValue, InvalidCallbackValue};
pub use client_ip::{ClientIp, NetworkSize};
pub use colour::Colour;
pub use email::{Email, InvalidEmail};
pub use hashed_code::{CodeHash, CodeSalt, HashedCode};
pub use ids::{
    AccountId, AccountNoticeId, ActivityId, ChallengeId, KnownBrowserId, RevocationId, SessionId,
    WrongTryId,
};
pub use not_me::NotMe;
pub use person_name::{InvalidName, PersonName};
pub use printable::{
    is_hidden, is_invisible, printable, printable_up_to, shows_nothing, with_causes,
};
pub use request_id::RequestId;
pub use return_to::ReturnTo;
pub use secret_key::{InvalidSecretKey, SecretKey};
pub use sign_in_code::{InvalidCode, SignInCode};
pub use stored::Stored;
pub use timestamp::Timestamp;
pub use token::{Token, TokenHash};
pub use user_agent::UserAgent;

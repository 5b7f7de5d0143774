//! Sign-in with WorkOS AuthKit or another OpenID Provider.
//!
//! [`ProviderSignIn`] is the service. Each file adds one verb to it: [`begin`](ProviderSignIn::begin),
//! [`complete`](ProviderSignIn::complete), [`refresh`](ProviderSignIn::refresh),
//! [`begin_logout`](ProviderSignIn::begin_logout), [`status`](ProviderSignIn::status).

mod admission;
mod begin;
mod callback;
mod context;
mod error;
mod exchanges;
mod flow;
mod logout;
mod provider_sign_in;
mod reachability;
mod refresh;
mod revocation;
mod state;

pub use admission::{NotAdmitted, has_left};
pub use begin::StartedSignIn;
pub use callback::{CallbackRequest, Completion};
pub use error::SignInError;
pub use exchanges::{ExchangeRefused, ExchangeResult};
pub use flow::SignInFlow;
pub use provider_sign_in::{ProviderSignIn, ProviderSignInParams};
pub use reachability::{Reachability, ReachabilityStatus};
pub use refresh::RefreshOutcome;
pub use state::{CallbackMismatch, StateSigner};

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::db::Database;
use crate::keys::token_cipher::TokenCipher;
use crate::sign_in::provider::Provider;

/// How long an answer of the provider waits for a locked database. The provider's code or refresh token is used by then,
/// so giving up earlier would cost the person the session.
pub(super) const DATABASE_WAIT: Duration = Duration::from_secs(12);
pub(super) const DATABASE_RETRY: Duration = Duration::from_millis(250);

/// What every step of a sign-in works with.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) provider: Provider,
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) cipher: Arc<TokenCipher>,
}

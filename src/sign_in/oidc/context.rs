use std::sync::Arc;

use crate::clock::Clock;
use crate::db::Database;
use crate::keys::token_cipher::TokenCipher;
use crate::sign_in::provider::Provider;

/// What every step of a sign-in works with.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) provider: Provider,
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) cipher: Arc<TokenCipher>,
}

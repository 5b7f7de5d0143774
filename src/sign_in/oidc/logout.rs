//! The way out through the provider's logout page. The database keeps its URL, because a cookie may be too small for
//! it (SECURITY rule 40).

use std::time::Duration;

use super::provider_sign_in::ProviderSignIn;
use crate::db::provider_logouts::{self, ProviderLogoutRow};
use crate::db::{DatabaseError, provider_sessions};
use crate::domain::{SessionId, Token, TokenHash};
use crate::keys::token_cipher::TokenKind;

/// How long a browser may take from the sign-out to the provider's logout page.
const LIFETIME: Duration = Duration::from_mins(10);
/// Past this number of waiting browsers, a sign-out skips the provider's logout page.
const MAX_WAITING: i64 = 10_000;

impl ProviderSignIn {
    /// Keeps the URL of the provider's logout page for a session. The token, which the browser gets, takes it once.
    /// Call this before the session ends, because its tokens are deleted with it. `None` if there is no such page.
    pub async fn begin_logout(&self, session: SessionId) -> Result<Option<Token>, DatabaseError> {
        let held = self
            .context
            .database
            .read(move |c| provider_sessions::find(c, session))
            .await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let id_token = held.id_token.as_deref().and_then(|encrypted| {
            self.context
                .cipher
                .decrypt(session, TokenKind::IdToken, encrypted)
        });
        self.keep_logout_url(
            session,
            held.provider_session_id.as_deref(),
            id_token.as_deref(),
        )
        .await
    }

    /// The URL that a token stands for. A token works once, and for 10 minutes.
    pub async fn take_logout_url(&self, token: TokenHash) -> Result<Option<String>, DatabaseError> {
        let database = &self.context.database;
        // A made-up token must not cause a write.
        if !database
            .read(move |c| provider_logouts::exists(c, token))
            .await?
        {
            return Ok(None);
        }
        let taken = database
            .write(move |c| provider_logouts::take(c, token))
            .await?;
        let now = self.context.clock.now();
        Ok(taken.filter(|row| row.expires_at > now).and_then(|row| {
            self.context
                .cipher
                .decrypt(row.session_id, TokenKind::LogoutUrl, &row.url)
        }))
    }

    pub(super) async fn keep_logout_url(
        &self,
        session: SessionId,
        provider_session_id: Option<&str>,
        id_token: Option<&str>,
    ) -> Result<Option<Token>, DatabaseError> {
        let provider = &self.context.provider;
        let url = provider.logout_url(provider_session_id, id_token, &self.signed_out_url);
        let cipher = &self.context.cipher;
        let encrypted = url.and_then(|url| cipher.encrypt(session, TokenKind::LogoutUrl, &url));
        let Some(url) = encrypted else {
            return Ok(None);
        };
        let token = Token::generate(&mut rand::rng());
        let now = self.context.clock.now();
        let row = ProviderLogoutRow {
            token_hash: token.hash(),
            session_id: session,
            url,
            expires_at: now.plus(LIFETIME),
        };
        let is_kept = self
            .context
            .database
            .write(move |c| provider_logouts::insert(c, &row, now, MAX_WAITING))
            .await?;
        Ok(is_kept.then_some(token))
    }
}

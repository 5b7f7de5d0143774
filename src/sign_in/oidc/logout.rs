use super::provider_sign_in::ProviderSignIn;
use crate::db::{DatabaseError, provider_sessions};
use crate::domain::SessionId;
use crate::keys::token_cipher::TokenKind;

impl ProviderSignIn {
    /// The provider's logout page for a session, where it has one. Call this before the session
    /// ends, because its tokens are deleted with it.
    pub async fn provider_logout_url(
        &self,
        session: SessionId,
    ) -> Result<Option<String>, DatabaseError> {
        let held = self
            .context
            .database
            .read(move |c| provider_sessions::find(c, session))
            .await?;
        Ok(held.and_then(|held| {
            let id_token = held.id_token.as_deref().and_then(|encrypted| {
                self.context
                    .cipher
                    .decrypt(session, TokenKind::IdToken, encrypted)
            });
            self.logout_url(held.provider_session_id.as_deref(), id_token.as_deref())
        }))
    }

    pub(super) fn logout_url(
        &self,
        provider_session_id: Option<&str>,
        id_token: Option<&str>,
    ) -> Option<String> {
        self.context
            .provider
            .logout_url(provider_session_id, id_token, &self.signed_out_url)
    }
}

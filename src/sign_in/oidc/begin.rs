use std::time::Duration;

use super::error::SignInError;
use super::flow::SignInFlow;
use super::provider_sign_in::ProviderSignIn;
use super::reachability::ProbeOutcome;
use super::state::CallbackMismatch;
use crate::domain::ReturnTo;
use crate::sign_in::provider::ProviderError;

const PROBE_WAIT: Duration = Duration::from_secs(2);
/// The provider's metadata is fetched with several requests.
const FIRST_CONTACT_WAIT: Duration = Duration::from_secs(10);

/// A sign-in that is ready for the redirect to the provider.
#[derive(Debug)]
pub struct StartedSignIn {
    /// The provider's authorization URL.
    pub url: String,
    /// The browser keeps this, encrypted, until the callback.
    pub flow: SignInFlow,
}

impl ProviderSignIn {
    /// Begins a sign-in. `host` is the address that the browser used.
    ///
    /// # Errors
    /// Unreachable, when the provider is known to be down and a new probe fails too: the browser
    /// would find no page there that says what to do. Also when the provider's metadata is still
    /// missing. All concurrent calls share one probe.
    pub async fn begin(
        &self,
        host: &str,
        return_to: ReturnTo,
    ) -> Result<StartedSignIn, SignInError> {
        let patience = match (self.is_reachable(), self.context.provider.has_metadata()) {
            (false, _) => Some(PROBE_WAIT),
            (true, false) => Some(FIRST_CONTACT_WAIT),
            (true, true) => None,
        };
        if let Some(patience) = patience
            && self.reachability.probe(patience).await == ProbeOutcome::Down
        {
            return Err(ProviderError::no_answer().into());
        }
        let now = self.context.clock.now();
        let state = self.states.issue(host, now);
        let begun = self.context.provider.begin(state).await;
        self.reachability.probe_after(&begun);
        let request = begun?;
        let flow = SignInFlow {
            provider: request.secrets,
            return_to,
            started_at: now,
        };
        Ok(StartedSignIn {
            url: request.url,
            flow,
        })
    }

    /// Why this browser has no flow for the state of a callback.
    pub fn explain_callback(&self, state: &str, host: &str) -> CallbackMismatch {
        self.states.explain(state, host, self.context.clock.now())
    }

    /// Whether the provider is reachable and has answered a probe within the last second, or does so
    /// within 2 seconds. Ask this before a redirect to the provider that the user did not ask for.
    pub async fn confirm_reachable(&self) -> bool {
        self.is_reachable() && self.reachability.probe(PROBE_WAIT).await == ProbeOutcome::Up
    }
}

use std::sync::Arc;

use tokio::sync::Notify;

use super::context::Context;
use super::exchanges::Exchanges;
use super::reachability::{Reachability, ReachabilityStatus};
use super::refresh::{RefreshOutcome, Refresher};
use super::revocation::RevocationWorker;
use super::state::StateSigner;
use crate::clock::Clock;
use crate::config::AdmissionRules;
use crate::db::Database;
use crate::domain::SessionId;
use crate::keys::Keys;
use crate::keys::token_cipher::TokenCipher;
use crate::metrics::Metrics;
use crate::sign_in::known_browsers::KnownBrowsers;
use crate::sign_in::provider::Provider;

/// The sign-in service of the configured provider.
pub struct ProviderSignIn {
    pub(super) context: Context,
    pub(super) states: StateSigner,
    pub(super) admission: AdmissionRules,
    pub(super) reachability: Arc<Reachability>,
    pub(super) revocations: Arc<RevocationWorker>,
    pub(super) browsers: Arc<KnownBrowsers>,
    pub(super) exchanges: Exchanges,
    pub(super) metrics: Metrics,
    pub(super) signed_out_url: String,
    refresher: Arc<Refresher>,
}

pub struct ProviderSignInParams {
    pub provider: Provider,
    pub admission: AdmissionRules,
    pub database: Database,
    pub clock: Clock,
    pub keys: Keys,
    pub browsers: Arc<KnownBrowsers>,
    pub metrics: Metrics,
    /// Where the provider's logout page sends the browser.
    pub signed_out_url: String,
}

impl ProviderSignIn {
    /// Sends no request to the provider.
    pub fn new(params: ProviderSignInParams) -> Self {
        let context = Context {
            provider: params.provider,
            database: params.database,
            cipher: Arc::new(TokenCipher::new(&params.keys)),
            clock: params.clock,
        };
        let reachability = Arc::new(Reachability::new(context.clock.clone()));
        Self {
            revocations: Arc::new(RevocationWorker::new(context.clone())),
            refresher: Arc::new(Refresher::new(
                context.clone(),
                Arc::clone(&reachability),
                params.admission.clone(),
            )),
            states: StateSigner::new(params.keys),
            admission: params.admission,
            browsers: params.browsers,
            exchanges: Exchanges::default(),
            metrics: params.metrics,
            signed_out_url: params.signed_out_url,
            reachability,
            context,
        }
    }

    /// Since when the provider has been reachable or unreachable, and its last failure.
    pub fn status(&self) -> ReachabilityStatus {
        self.reachability.status()
    }

    pub fn is_reachable(&self) -> bool {
        self.reachability.is_reachable()
    }

    /// The shared state that [`ProviderSignIn::is_reachable`] reads, for code without this service.
    pub fn reachability(&self) -> Arc<Reachability> {
        Arc::clone(&self.reachability)
    }

    /// Refreshes the access token of a session. All concurrent calls for one session share one
    /// request to the provider. Waits 2 seconds at most.
    pub async fn refresh(&self, session: SessionId) -> RefreshOutcome {
        self.refresher.refresh(session).await
    }

    /// Probes the provider every 10 seconds, and after a failed request, until the future is dropped.
    pub fn run_probes(&self) -> impl Future<Output = ()> + use<> {
        Arc::clone(&self.reachability).run(self.context.provider.clone())
    }

    /// Ends sessions at the provider until the future is dropped. `session_ended` wakes it.
    pub fn run_revocations(&self, session_ended: Arc<Notify>) -> impl Future<Output = ()> + use<> {
        Arc::clone(&self.revocations).run(session_ended)
    }
}

//! The state that all handlers share.

use std::ops::Deref;
use std::sync::Arc;

use super::assets::StaticFiles;
use super::cookies::Cookies;
use super::proxy_watch::ProxyWatch;
use crate::accounts::activity::ActivityLog;
use crate::accounts::directory::Directory;
use crate::accounts::own_account::OwnAccount;
use crate::clock::Clock;
use crate::config::TrustedProxies;
use crate::error::AppError;
use crate::metrics::Metrics;
use crate::operations::health::Health;
use crate::sign_in::email_code::EmailCode;
use crate::sign_in::known_browsers::KnownBrowsers;
use crate::sign_in::oidc::ProviderSignIn;
use crate::sign_in::session::Sessions;
use crate::views::{self, Site};

/// What handlers share. Each worker has its own handle, so that workers do not contend for one reference count.
#[derive(Clone)]
pub struct AppState(Arc<AppParts>);

impl AppState {
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

pub struct AppParts {
    /// The names and asset paths that every page shows.
    pub site: Site,
    /// The console's origin, as browsers send it in an `Origin` header.
    pub origin: String,
    /// Whether the origin is https.
    pub https: bool,
    pub clock: Clock,
    pub health: Health,
    pub metrics: Metrics,
    pub sessions: Arc<Sessions>,
    pub browsers: Arc<KnownBrowsers>,
    pub own_account: OwnAccount,
    pub email_code: Arc<EmailCode>,
    pub directory: Directory,
    pub activity: ActivityLog,
    /// `None` when no provider is configured.
    pub provider: Option<Arc<ProviderSignIn>>,
    /// The callback URL to register with the provider.
    pub callback: String,
    /// `false` with `EMAIL_CODES=off`.
    pub email_codes_offered: bool,
    pub cookies: Cookies,
    pub static_files: StaticFiles,
    /// The proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    pub proxy_watch: ProxyWatch,
}

impl AppParts {
    /// Whether the sign-in page offers WorkOS.
    pub fn workos_state(&self) -> views::sign_in::WorkOs {
        match &self.provider {
            None => views::sign_in::WorkOs::NotConfigured,
            Some(provider) if provider.is_reachable() => views::sign_in::WorkOs::Ready,
            Some(_) => views::sign_in::WorkOs::Unreachable,
        }
    }

    /// Whether the provider is configured, reachable, and answers a probe.
    pub async fn confirm_provider_reachable(&self) -> bool {
        match &self.provider {
            Some(provider) => provider.confirm_reachable().await,
            None => false,
        }
    }

    /// `NotFound` with `EMAIL_CODES=off`.
    pub fn require_email_codes(&self) -> Result<(), AppError> {
        if self.email_codes_offered {
            Ok(())
        } else {
            Err(AppError::NotFound)
        }
    }
}

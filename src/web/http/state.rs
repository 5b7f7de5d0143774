//! What handlers work with.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::assets::StaticFiles;
use super::cookies::Cookies;
use crate::accounts::activity::Journal;
use crate::accounts::directory::Directory;
use crate::accounts::own_account::OwnAccount;
use crate::clock::Clock;
use crate::db::Database;
use crate::error::AppError;
use crate::metrics::Metrics;
use crate::operations::health::Health;
use crate::sign_in::email_code::EmailCode;
use crate::sign_in::oidc::WorkOs;
use crate::sign_in::session::Sessions;
use crate::views::{self, Site};

/// What handlers work with.
pub struct AppState {
    /// What every page needs to know of the site.
    pub site: Site,
    /// As in an `Origin` header.
    pub origin: String,
    /// Whether the origin is https.
    pub https: bool,
    /// The time.
    pub clock: Clock,
    /// For housekeeping alone; handlers ask one of the verbs below.
    pub database: Database,
    /// Ready, snapshot.
    pub health: Health,
    /// Counts.
    pub metrics: Metrics,
    /// Begin, recognise, end.
    pub sessions: Arc<Sessions>,
    /// What people see and change of their own account.
    pub own_account: OwnAccount,
    /// Issue, reissue, solve, disown.
    pub email_code: Arc<EmailCode>,
    /// The accounts, as admins keep them.
    pub directory: Directory,
    /// What happened, for admins.
    pub journal: Journal,
    /// Start and finish with WorkOS, once it is set up.
    pub workos: Option<Arc<WorkOs>>,
    /// The callback's address, as it has to be registered.
    pub callback: String,
    /// Whether email codes are offered.
    pub email_codes_offered: bool,
    /// Cookies of ours.
    pub cookies: Cookies,
    /// What `/static` serves.
    pub static_files: StaticFiles,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl AppState {
    /// Whether WorkOS can be used.
    pub fn workos_state(&self) -> views::sign_in::WorkOs {
        match &self.workos {
            None => views::sign_in::WorkOs::NotConfigured,
            Some(workos) if workos.reachability.is_reachable() => views::sign_in::WorkOs::Ready,
            Some(_) => views::sign_in::WorkOs::Unreachable,
        }
    }

    /// Whether WorkOS answers at this moment.
    pub async fn workos_answers(&self) -> bool {
        match &self.workos {
            Some(workos) => workos.answers_now().await,
            None => false,
        }
    }

    /// Whether there is an email code at all.
    ///
    /// # Errors
    /// There is no such page where codes are switched off.
    pub fn offers_email_codes(&self) -> Result<(), AppError> {
        if self.email_codes_offered {
            Ok(())
        } else {
            Err(AppError::NotFound)
        }
    }

    /// Whether this peer may speak for others.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&peer))
    }
}

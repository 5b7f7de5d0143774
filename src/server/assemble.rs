//! Builds the application state from the settings and the parts that the server has started.

use std::sync::Arc;

use super::listener::cores;
use crate::accounts::activity::ActivityLog;
use crate::accounts::directory::Directory;
use crate::accounts::own_account::OwnAccount;
use crate::clock::Clock;
use crate::config::{AdminSignIn, Config, EmailCodes, ProviderSettings};
use crate::db::Database;
use crate::keys::Keys;
use crate::mail::MailQueue;
use crate::metrics::Metrics;
use crate::operations::health::Health;
use crate::sign_in::email_code::code_hasher::CodeHasher;
use crate::sign_in::email_code::{EmailCode, ForMoved};
use crate::sign_in::known_browsers::KnownBrowsers;
use crate::sign_in::limits::Limits;
use crate::sign_in::oidc::{ProviderSignIn, ProviderSignInParams};
use crate::sign_in::provider::Provider;
use crate::sign_in::session::{Lifetimes, Sessions};
use crate::views::{Assets, Site, accent};
use crate::web::http::assets::StaticFiles;
use crate::web::http::cookies::Cookies;
use crate::web::http::proxy_watch::ProxyWatch;
use crate::web::http::state::{AppParts, AppState};

/// What the server has opened or started before.
pub(super) struct Parts {
    pub(super) keys: Keys,
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) mail: Arc<MailQueue>,
    pub(super) metrics: Metrics,
}

/// Makes no request and no query.
pub(super) fn assemble(config: &Config, parts: Parts) -> AppState {
    let Parts {
        keys,
        database,
        clock,
        mail,
        metrics,
    } = parts;
    let cookies = Cookies::new(config.base_url.is_https(), &keys);
    let static_files = StaticFiles::new(
        config.static_dir.clone(),
        config.brand_accent.map(accent::style_sheet),
    );
    let site = site(config, &static_files);
    let lifetimes = Lifetimes {
        idle: config.session_idle,
        max: config.session_max,
    };
    let browsers = Arc::new(KnownBrowsers::new(
        database.clone(),
        clock.clone(),
        &mail,
        &config.base_url,
    ));
    let provider = provider_sign_in(config, &database, &clock, &keys, &browsers, &metrics);
    let invitations = Arc::clone(&mail);
    let email_code = EmailCode {
        database: database.clone(),
        clock: clock.clone(),
        hasher: CodeHasher::new(keys.clone(), cores()).watched_by(metrics.clone()),
        keys,
        limits: Limits::new(config.code_limit_address, config.code_limit_ip),
        mail: Arc::clone(&mail),
        lifetime: config.email_code_ttl,
        admission: Arc::new(config.admission.clone()),
        for_moved: match &provider {
            Some(provider) if config.email_codes == EmailCodes::Fallback => {
                ForMoved::InAnOutage(provider.reachability())
            }
            _ => ForMoved::Always,
        },
        for_admins: config.admin_sign_in == AdminSignIn::Any,
        base_url: config.base_url.clone(),
        browsers: Arc::clone(&browsers),
        metrics: metrics.clone(),
    };
    let sessions = Arc::new(Sessions::new(database.clone(), clock.clone(), lifetimes));
    let health = Health {
        database: database.clone(),
        clock: clock.clone(),
        mail,
        sessions: Arc::clone(&sessions),
        reachability: provider.as_ref().map(|provider| provider.reachability()),
        admin_sign_in: config.admin_sign_in,
        started_at: clock.now(),
    };
    AppState::new(AppParts {
        site,
        origin: config.base_url.origin(),
        https: config.base_url.is_https(),
        browsers,
        own_account: OwnAccount::new(database.clone(), clock.clone()),
        health,
        metrics,
        sessions,
        email_code: Arc::new(email_code),
        directory: Directory::new(
            database.clone(),
            clock.clone(),
            invitations,
            &config.base_url,
        ),
        activity: ActivityLog::new(database, clock.clone()),
        email_codes_offered: config.email_codes != EmailCodes::Off,
        provider,
        callback: config.provider.as_ref().map_or_else(
            || config.base_url.link("/auth/workos/callback"),
            ProviderSettings::callback,
        ),
        cookies,
        static_files,
        trusted_proxies: config.trusted_proxies.clone(),
        proxy_watch: ProxyWatch::default(),
        clock,
    })
}

fn site(config: &Config, static_files: &StaticFiles) -> Site {
    let assets = Assets {
        accent_css: static_files.accent_address(),
        logo: static_files.logo_address(),
        css: static_files.address("app.css"),
        js: static_files.address("app.js"),
        htmx: static_files.address("vendor/htmx-4.0.1.min.js"),
        landing_js: static_files.address("landing.js"),
        icon: static_files.address("icon.svg"),
    };
    Site::new(config.brand_name.clone(), config.base_url.host(), assets)
}

/// `None` when no provider is configured.
fn provider_sign_in(
    config: &Config,
    database: &Database,
    clock: &Clock,
    keys: &Keys,
    browsers: &Arc<KnownBrowsers>,
    metrics: &Metrics,
) -> Option<Arc<ProviderSignIn>> {
    let provider = match config.provider.clone()? {
        ProviderSettings::AuthKit(authkit) => Provider::authkit(authkit, clock.clone()),
        ProviderSettings::Oidc(oidc) => Provider::openid(oidc, clock.clone()),
    };
    Some(Arc::new(ProviderSignIn::new(ProviderSignInParams {
        provider: provider.with_metrics(metrics.clone()),
        admission: config.admission.clone(),
        database: database.clone(),
        clock: clock.clone(),
        keys: keys.clone(),
        browsers: Arc::clone(browsers),
        metrics: metrics.clone(),
        signed_out_url: config.base_url.link("/signed-out"),
    })))
}

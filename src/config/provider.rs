//! The settings of the identity provider, and the rules of admission with it.

pub use openidconnect::{ClientSecret, IssuerUrl, RedirectUrl};
use thiserror::Error;
use url::{Host, Url};

use super::problems::{Validator, given};
use super::settings::Settings;
use crate::domain::{BaseUrl, Email};

/// The provider that is configured.
#[derive(Debug, Clone)]
pub enum ProviderSettings {
    /// WorkOS AuthKit, through its own API.
    AuthKit(AuthKitSettings),
    /// Any OpenID Provider, through discovery.
    Oidc(OidcSettings),
}

/// The WorkOS credentials. `ClientSecret` hides its value in `Debug` output.
#[derive(Debug, Clone)]
pub struct AuthKitSettings {
    /// The client ID from the WorkOS dashboard.
    pub client_id: String,
    /// The API key of the same environment.
    pub api_key: ClientSecret,
    /// `https://api.workos.com`, a custom authentication domain, or the emulator.
    pub api_url: Url,
    /// Our callback URL, as registered in the dashboard.
    pub redirect_uri: RedirectUrl,
}

/// The client registration at an OpenID Provider. `ClientSecret` hides its value in `Debug` output.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// Exactly as the provider writes it, including a trailing slash.
    pub issuer: IssuerUrl,
    pub client_id: String,
    pub client_secret: ClientSecret,
    /// Our callback URL, as registered at the provider.
    pub redirect_uri: RedirectUrl,
}

/// The people who may sign in without an invitation.
#[derive(Debug, Clone, Default)]
pub struct AdmissionRules {
    /// Members of this WorkOS organization.
    pub organization: Option<String>,
    /// Owners of verified addresses in these domains. The domains are in lower case.
    pub email_domains: Vec<String>,
}

impl ProviderSettings {
    /// The callback URL to register at the provider. It may lie outside `BASE_URL`.
    pub fn callback(&self) -> String {
        match self {
            Self::AuthKit(authkit) => authkit.redirect_uri.to_string(),
            Self::Oidc(oidc) => oidc.redirect_uri.to_string(),
        }
    }
}

/// Reads the provider's settings. The settings of one provider are either all set or all absent.
pub(super) fn provider(
    settings: &Settings,
    base_url: &BaseUrl,
    validator: &mut Validator,
) -> Option<ProviderSettings> {
    let callback = base_url.link("/auth/workos/callback");
    let redirect = |text: &str| {
        RedirectUrl::new(text.to_owned()).map_err(|_| UrlError::NotAUrl(text.to_owned()))
    };
    let redirect_uri = validator
        .read_optional(
            "WORKOS_REDIRECT_URI",
            &settings.workos_redirect_uri,
            redirect,
        )
        .or_else(|| RedirectUrl::new(callback).ok())?;
    let api_url = validator.read_optional("WORKOS_API_URL", &settings.workos_api_url, secure_url);
    let authkit = all_or_none(
        validator,
        [
            ("WORKOS_CLIENT_ID", &settings.workos_client_id),
            ("WORKOS_API_KEY", &settings.workos_api_key),
        ],
    );
    let oidc = all_or_none(
        validator,
        [
            ("OIDC_ISSUER", &settings.oidc_issuer),
            ("OIDC_CLIENT_ID", &settings.oidc_client_id),
            ("OIDC_CLIENT_SECRET", &settings.oidc_client_secret),
        ],
    );
    if authkit.is_some() && oidc.is_some() {
        validator.error(
            "OIDC_ISSUER",
            "is set beside WORKOS_CLIENT_ID. Set up one of the two",
        );
    }
    if let Some([client_id, api_key]) = authkit {
        let default_url = || Url::parse("https://api.workos.com").ok();
        return Some(ProviderSettings::AuthKit(AuthKitSettings {
            client_id: client_id.to_owned(),
            api_key: ClientSecret::new(api_key.to_owned()),
            api_url: api_url.or_else(default_url)?,
            redirect_uri,
        }));
    }
    let [_, client_id, client_secret] = oidc?;
    let issuer = validator.read_optional("OIDC_ISSUER", &settings.oidc_issuer, |text| {
        secure_url(text)?;
        IssuerUrl::new(text.to_owned()).map_err(|_| UrlError::NotAUrl(text.to_owned()))
    })?;
    Some(ProviderSettings::Oidc(OidcSettings {
        issuer,
        client_id: client_id.to_owned(),
        client_secret: ClientSecret::new(client_secret.to_owned()),
        redirect_uri,
    }))
}

pub(super) fn admission(settings: &Settings, validator: &mut Validator) -> AdmissionRules {
    AdmissionRules {
        organization: given(&settings.workos_organization_id).map(str::to_owned),
        email_domains: validator.read(
            "ALLOWED_EMAIL_DOMAINS",
            &settings.allowed_email_domains,
            Vec::new(),
            domains,
        ),
    }
}

/// Returns all values or none. When only some are set, each missing one is reported.
fn all_or_none<'a, const N: usize>(
    validator: &mut Validator,
    all: [(&'static str, &'a Option<String>); N],
) -> Option<[&'a str; N]> {
    let values = all.map(|(_, text)| given(text));
    let set = values.iter().flatten().count();
    if set == 0 {
        return None;
    }
    for (variable, _) in all.iter().filter(|(_, text)| given(text).is_none()) {
        let others: Vec<_> = all
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| name != variable)
            .collect();
        validator.error(
            variable,
            format!("is missing: it goes with {}", others.join(" and ")),
        );
    }
    (set == N).then(|| values.map(Option::unwrap_or_default))
}

#[derive(Debug, Error)]
enum UrlError {
    #[error("“{0}” is not a URL")]
    NotAUrl(String),
    #[error("must be an https URL: secrets are sent there")]
    NotHttps,
}

#[derive(Debug, Error)]
#[error("“{0}” is not a domain, such as example.com")]
struct NotADomain(String);

/// Accepts https, and http on localhost, because secrets are sent to this URL.
fn secure_url(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text).map_err(|_| UrlError::NotAUrl(text.to_owned()))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        Ok(url)
    } else {
        Err(UrlError::NotHttps)
    }
}

fn domains(text: &str) -> Result<Vec<String>, NotADomain> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let domain = part.strip_prefix('@').unwrap_or(part).to_ascii_lowercase();
            match Email::parse(&format!("a@{domain}")) {
                Ok(_) => Ok(domain),
                Err(_) => Err(NotADomain(part.to_owned())),
            }
        })
        .collect()
}

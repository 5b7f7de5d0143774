//! Which provider people sign in with, and who gets in by it.

use url::{Host, Url};

use super::problems::{Validator, given};
use super::settings::Settings;
use crate::domain::BaseUrl;
use crate::sign_in::oidc::Admission;
use crate::sign_in::provider::{
    AuthKitSettings, ClientSecret, IssuerUrl, OidcSettings, RedirectUrl,
};

/// One provider, fully described.
#[derive(Debug, Clone)]
pub enum ProviderSettings {
    /// WorkOS AuthKit, by its own API.
    AuthKit(AuthKitSettings),
    /// Any OpenID Provider, by discovery.
    Oidc(OidcSettings),
}

impl ProviderSettings {
    /// Our callback, as it has to be registered there; it need not be below `BASE_URL`.
    pub fn callback(&self) -> String {
        match self {
            Self::AuthKit(authkit) => authkit.redirect_uri.to_string(),
            Self::Oidc(oidc) => oidc.redirect_uri.to_string(),
        }
    }
}

/// Reads the provider's settings; each pair or triple is complete or absent.
pub(super) fn provider(
    settings: &Settings,
    base_url: &BaseUrl,
    validator: &mut Validator,
) -> Option<ProviderSettings> {
    let callback = base_url.link("/auth/workos/callback");
    let redirect =
        |text: &str| RedirectUrl::new(text.to_owned()).map_err(|_| format!("“{text}” is no URL"));
    let redirect_uri = validator
        .read_optional(
            "WORKOS_REDIRECT_URI",
            &settings.workos_redirect_uri,
            redirect,
        )
        .or_else(|| RedirectUrl::new(callback).ok())?;
    let api_url = validator.read_optional("WORKOS_API_URL", &settings.workos_api_url, safe_url);
    let authkit = complete(
        validator,
        [
            ("WORKOS_CLIENT_ID", &settings.workos_client_id),
            ("WORKOS_API_KEY", &settings.workos_api_key),
        ],
    );
    let oidc = complete(
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
        let standard = || Url::parse("https://api.workos.com").ok();
        return Some(ProviderSettings::AuthKit(AuthKitSettings {
            client_id: client_id.to_owned(),
            api_key: ClientSecret::new(api_key.to_owned()),
            api_url: api_url.or_else(standard)?,
            redirect_uri,
        }));
    }
    let [_, client_id, client_secret] = oidc?;
    let issuer = validator.read_optional("OIDC_ISSUER", &settings.oidc_issuer, |text| {
        safe_url(text)?;
        IssuerUrl::new(text.to_owned()).map_err(|_| format!("“{text}” is no URL"))
    })?;
    Some(ProviderSettings::Oidc(OidcSettings {
        issuer,
        client_id: client_id.to_owned(),
        client_secret: ClientSecret::new(client_secret.to_owned()),
        redirect_uri,
    }))
}

/// Who gets in without an invitation.
pub(super) fn admission(settings: &Settings, validator: &mut Validator) -> Admission {
    Admission {
        organization: given(&settings.workos_organization_id).map(str::to_owned),
        email_domains: validator.read(
            "ALLOWED_EMAIL_DOMAINS",
            &settings.allowed_email_domains,
            Vec::new(),
            domains,
        ),
    }
}

/// All of them, or none; each missing one is named.
fn complete<'a, const N: usize>(
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

/// https, or http on localhost: secrets go there.
fn safe_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("“{text}” is no URL"))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        Ok(url)
    } else {
        Err("must be an https URL: secrets are sent there".to_owned())
    }
}

fn domains(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let domain = part.strip_prefix('@').unwrap_or(part).to_ascii_lowercase();
            match crate::domain::Email::parse(&format!("a@{domain}")) {
                Ok(_) => Ok(domain),
                Err(_) => Err(format!("“{part}” is not a domain, such as example.com")),
            }
        })
        .collect()
}

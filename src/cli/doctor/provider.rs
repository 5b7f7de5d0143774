use super::check::Check;
use crate::clock::Clock;
use crate::config::{Config, ProviderSettings};
use crate::domain::Timestamp;
use crate::sign_in::provider::{Diagnosis, Provider, ProviderError};

/// In seconds. Tokens with a larger skew are refused.
const MAX_CLOCK_SKEW: u64 = 60;
const CLOCK: &str = "clock";
const REACHABLE: &str = "provider";
const CREDENTIALS: &str = "credentials";
const KEYS: &str = "signing keys";
const CALLBACK: &str = "callback";

/// Checks the configured provider, and compares our clock with the provider's.
pub(super) async fn checks(config: &Config) -> Vec<Check> {
    let Some(settings) = &config.provider else {
        return vec![
            Check::open(REACHABLE, "none is set up; people sign in with email codes")
                .and_next("For WorkOS, set WORKOS_CLIENT_ID and WORKOS_API_KEY"),
            Check::open(CLOCK, "there is no provider to compare it with"),
        ];
    };
    let provider = ProviderCheck::of(settings);
    let examined = provider.provider.diagnose().await;
    let mut checks = vec![provider.reachable(&examined)];
    if let Ok(date) = examined.reached {
        checks.push(clock(date, Clock::system().now()));
        checks.push(provider.credentials(&examined.credentials));
        checks.push(provider.keys(&examined.keys));
        checks.push(provider.callback(&examined.callback));
    } else {
        let unasked = [CLOCK, CREDENTIALS, KEYS];
        checks.extend(
            unasked.map(|check| {
                Check::open(check, "not checked, since the provider cannot be reached")
            }),
        );
        let callback = Check::open(
            CALLBACK,
            "not checked, since the provider cannot be reached",
        );
        checks.push(callback.and_next(format!("It has to be {}", provider.callback)));
    }
    let signed_out = config.base_url.link("/signed-out");
    checks.push(
        Check::open("sign-out redirect", "cannot be checked without a session")
            .and_next(format!("Register exactly {signed_out} {}", provider.place)),
    );
    checks
}

struct ProviderCheck {
    provider: Provider,
    name: String,
    callback: String,
    /// Where addresses are registered.
    place: &'static str,
    credentials: &'static str,
    identity: &'static str,
}

impl ProviderCheck {
    fn of(settings: &ProviderSettings) -> Self {
        match settings.clone() {
            ProviderSettings::AuthKit(authkit) => Self {
                name: format!("WorkOS at {}", authkit.api_url),
                callback: authkit.redirect_uri.to_string(),
                place: "in the WorkOS dashboard, under Redirects",
                credentials: "WORKOS_API_KEY",
                identity: "WORKOS_CLIENT_ID",
                provider: Provider::authkit(authkit, Clock::system()),
            },
            ProviderSettings::Oidc(oidc) => Self {
                name: oidc.issuer.to_string(),
                callback: oidc.redirect_uri.to_string(),
                place: "at the provider",
                credentials: "OIDC_CLIENT_SECRET",
                identity: "OIDC_ISSUER",
                provider: Provider::openid(oidc, Clock::system()),
            },
        }
    }

    fn reachable(&self, examined: &Diagnosis) -> Check {
        match &examined.reached {
            Ok(_) => Check::fine(REACHABLE, format!("{} answers", self.name)),
            Err(e) => Check::failed(
                REACHABLE,
                format!("{}: {e}", self.name),
                "Check that this machine can reach it: DNS, firewall, and the certificates in SSL_CERT_FILE if that \
                 is set",
            ),
        }
    }

    fn credentials(&self, answer: &Result<(), ProviderError>) -> Check {
        match answer {
            Ok(()) => Check::fine(CREDENTIALS, format!("{} is accepted", self.credentials)),
            Err(e @ (ProviderError::CredentialsRejected(_) | ProviderError::Forbidden(_))) => {
                Check::failed(
                    CREDENTIALS,
                    e.to_string(),
                    format!(
                        "Copy {} again, from the same environment as the client ID",
                        self.credentials
                    ),
                )
            }
            Err(e) => Check::open(CREDENTIALS, e.to_string()),
        }
    }

    fn keys(&self, answer: &Result<usize, ProviderError>) -> Check {
        match answer {
            Ok(1) => Check::fine(KEYS, "one is served"),
            Ok(count) => Check::fine(KEYS, format!("{count} are served")),
            Err(e) => Check::failed(
                KEYS,
                e.to_string(),
                format!("Check {}: every character counts", self.identity),
            ),
        }
    }

    fn callback(&self, answer: &Result<(), ProviderError>) -> Check {
        let callback = &self.callback;
        match answer {
            Ok(()) => Check::fine(CALLBACK, format!("{callback} is accepted")),
            Err(ProviderError::Unreachable { reason, .. }) => {
                Check::open(CALLBACK, format!("no answer about {callback}: {reason}"))
            }
            Err(e) => Check::failed(
                CALLBACK,
                e.to_string(),
                format!("Register exactly {callback} {}", self.place),
            ),
        }
    }
}

fn clock(theirs: Option<Timestamp>, ours: Timestamp) -> Check {
    let Some(theirs) = theirs else {
        return Check::open(CLOCK, "the provider does not send its time");
    };
    let (ahead, behind) = (ours.since(theirs).as_secs(), theirs.since(ours).as_secs());
    let apart = ahead.max(behind);
    if apart <= MAX_CLOCK_SKEW {
        return Check::fine(
            CLOCK,
            format!("within {MAX_CLOCK_SKEW} s of the provider’s"),
        );
    }
    let which = if ahead > behind { "ahead of" } else { "behind" };
    Check::failed(
        CLOCK,
        format!("{apart} s {which} the provider’s, so its tokens look expired or not yet valid"),
        "Synchronise the clock by NTP, such as with `timedatectl set-ntp true`",
    )
}

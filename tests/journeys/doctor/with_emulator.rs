//! With `WorkOS`'s own emulator, and a real OpenID Provider.

use super::{Mark, ask};
use crate::support::Workplace;
use crate::support::peers::{EMULATOR_KEY, OIDC_SECRET, emulator, openid_provider};

fn with_key(url: &str, key: &str) -> Workplace {
    Workplace::empty()
        .with("WORKOS_CLIENT_ID", "client_vestibule")
        .with("WORKOS_API_KEY", key)
        .with("WORKOS_API_URL", url)
}

#[actix_web::test]
async fn the_emulator_accepts_only_its_own_key() {
    let peer = emulator();
    let findings = ask(&with_key(&peer.url, EMULATOR_KEY)).await;
    assert_eq!(findings.failed(), Vec::<&str>::new());
    for check in ["provider", "credentials", "signing keys", "callback"] {
        assert_eq!(findings.mark(check), Mark::Fine, "{:#?}", findings.checks);
    }
    let findings = ask(&with_key(&peer.url, "sk_test_another")).await;
    assert_eq!(findings.failed(), ["credentials"]);

    let place = with_key(&peer.url, EMULATOR_KEY);
    drop(peer);
    assert_eq!(ask(&place).await.failed(), ["provider"]);
}

#[actix_web::test]
async fn an_openid_provider_takes_its_own_callback_and_secret_and_no_other() {
    let at = |peer: &str, secret: &str| {
        Workplace::empty()
            .with("OIDC_ISSUER", peer)
            .with("OIDC_CLIENT_ID", "vestibule")
            .with("OIDC_CLIENT_SECRET", secret)
    };
    let registered = "http://localhost:8080/auth/workos/callback";
    let peer = openid_provider(registered);
    let place = at(&peer.url, OIDC_SECRET).with("WORKOS_REDIRECT_URI", registered);
    let findings = ask(&place).await;
    assert_eq!(
        findings.failed(),
        Vec::<&str>::new(),
        "{:#?}",
        findings.checks
    );
    assert_eq!(findings.mark("callback"), Mark::Fine);
    assert_eq!(findings.mark("credentials"), Mark::Fine);

    let findings = ask(&at(&peer.url, "another")).await;
    assert_eq!(findings.failed(), ["credentials", "callback"]);
}

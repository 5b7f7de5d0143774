use super::{Findings, Mark, ask};
use crate::support::Workplace;
use crate::support::app::START;
use crate::support::hostile::{CLIENT_ID, Hostile, Instead};

const SECRET: &str = "sk_test_hunter2";

fn with_authkit(provider: &Hostile) -> Workplace {
    Workplace::empty()
        .with("WORKOS_CLIENT_ID", CLIENT_ID)
        .with("WORKOS_API_KEY", SECRET)
        .with("WORKOS_API_URL", &provider.url)
}

fn with_discovery(provider: &Hostile) -> Workplace {
    Workplace::empty()
        .with("OIDC_ISSUER", &provider.url)
        .with("OIDC_CLIENT_ID", CLIENT_ID)
        .with("OIDC_CLIENT_SECRET", SECRET)
}

async fn found_at(place: &Workplace) -> Findings {
    let findings = ask(place).await;
    let said = format!("{:?}", findings.finished);
    assert!(!said.contains(SECRET), "{said}");
    findings
}

#[actix_web::test]
async fn every_check_passes_for_either_kind_of_provider() {
    let provider = Hostile::start(START).await;
    for place in [with_authkit(&provider), with_discovery(&provider)] {
        let findings = found_at(&place).await;
        assert_eq!(findings.failed(), Vec::<&str>::new());
        for check in [
            "provider",
            "clock",
            "credentials",
            "signing keys",
            "callback",
        ] {
            assert_eq!(findings.mark(check), Mark::Fine, "{:#?}", findings.checks);
        }
        let callback = format!("{}/auth/workos/callback", place.url());
        assert!(findings.words("callback").contains(&callback));
        let signed_out = format!("Register exactly {}/signed-out", place.url());
        assert!(findings.words("sign-out redirect").contains(&signed_out));
    }
}

#[actix_web::test]
async fn admins_who_get_no_codes_are_mentioned() {
    let provider = Hostile::start(START).await;
    let place = with_authkit(&provider).with("ADMIN_SIGN_IN", "workos");
    let findings = found_at(&place).await;
    assert_eq!(findings.mark("admin sign-in"), Mark::Fine);
    assert!(findings.words("admin sign-in").contains("vestibule code"));
    assert_eq!(findings.failed(), Vec::<&str>::new());
}

#[actix_web::test]
async fn an_unregistered_callback_is_reported_with_the_address_to_register() {
    let provider = Hostile::start(START).await;
    let place = with_authkit(&provider);
    let elsewhere = ("location", "https://error.workos.com/redirect-uri-invalid");
    let redirect = Instead::Status(302, Some(elsewhere), String::new());
    let page = Instead::Status(400, None, "<h1>Bad request</h1>".to_owned());
    for refusal in [redirect, page] {
        let path = "/user_management/authorize";
        provider.script().instead.insert(path, refusal);
        let findings = found_at(&place).await;
        assert_eq!(findings.failed(), ["callback"]);
        let register = format!("Register exactly {}/auth/workos/callback", place.url());
        let words = findings.words("callback");
        assert!(words.contains(&register), "{words}");
    }
    let way_on = ("location", "https://acme.authkit.test/?session=1");
    let way_on = Instead::Status(302, Some(way_on), String::new());
    let path = "/user_management/authorize";
    provider.script().instead.insert(path, way_on);
    assert_eq!(found_at(&place).await.mark("callback"), Mark::Fine);

    let words = r#"{"error":"invalid_request","error_description":"redirect_uri is unknown"}"#;
    provider.script().refuse("/authorize", 400, words);
    let findings = found_at(&with_discovery(&provider)).await;
    assert_eq!(findings.failed(), ["callback"]);
    assert!(
        findings
            .words("callback")
            .contains("redirect_uri is unknown")
    );
}

#[actix_web::test]
async fn a_wrong_secret_is_found_by_either_way_of_asking() {
    let provider = Hostile::start(START).await;
    let words = format!(r#"{{"message":"Unauthorized: {SECRET}"}}"#);
    provider
        .script()
        .refuse("/user_management/users", 401, &words);
    let findings = found_at(&with_authkit(&provider)).await;
    assert_eq!(findings.failed(), ["credentials"]);
    assert!(findings.words("credentials").contains("WORKOS_API_KEY"));

    provider
        .script()
        .refuse("/token", 401, r#"{"error":"invalid_client"}"#);
    let findings = found_at(&with_discovery(&provider)).await;
    assert_eq!(findings.failed(), ["credentials"]);
    // The code was made up, so that it is refused is right.
    provider
        .script()
        .refuse("/token", 400, r#"{"error":"invalid_grant"}"#);
    let findings = found_at(&with_discovery(&provider)).await;
    assert_eq!(findings.mark("credentials"), Mark::Fine);
}

#[actix_web::test]
async fn a_provider_without_keys_or_with_another_issuer_is_found() {
    let provider = Hostile::start(START).await;
    provider.script().published.clear();
    let findings = found_at(&with_authkit(&provider)).await;
    assert_eq!(findings.failed(), ["signing keys"]);
    assert!(findings.words("signing keys").contains("WORKOS_CLIENT_ID"));

    let issuer = "https://another.test".into();
    provider.script().announce("issuer", issuer);
    let findings = found_at(&with_discovery(&provider)).await;
    assert!(findings.failed().contains(&"signing keys"));
    let words = findings.words("signing keys");
    assert!(
        words.contains("another.test") && words.contains("OIDC_ISSUER"),
        "{words}"
    );
}

#[actix_web::test]
async fn clocks_that_are_more_than_a_minute_apart_are_found() {
    let provider = Hostile::start(START).await;
    let keys = "/sso/jwks/client_vestibule";
    let long_ago = ("date", "Mon, 23 Nov 2020 12:00:00 GMT");
    let answer = Instead::Status(200, Some(long_ago), r#"{"keys":[]}"#.to_owned());
    provider.script().instead.insert(keys, answer);
    let findings = found_at(&with_authkit(&provider)).await;
    assert!(
        findings.failed().contains(&"clock"),
        "{:#?}",
        findings.checks
    );
    assert!(findings.words("clock").contains("ahead of"));
}

#[actix_web::test]
async fn a_provider_outage_is_reported_once() {
    let provider = Hostile::start(START).await;
    let place = with_authkit(&provider).with("WORKOS_API_URL", "http://127.0.0.1:1");
    let findings = found_at(&place).await;
    assert_eq!(findings.failed(), ["provider"]);
    assert_eq!(findings.mark("callback"), Mark::Open);
    assert!(findings.words("callback").contains("/auth/workos/callback"));
}

#[actix_web::test]
async fn without_certificate_authorities_doctor_names_the_setting() {
    let provider = Hostile::start(START).await;
    let plain = provider.url.as_str();
    for (authorities, url, expected) in [
        (Some("/dev/null"), "https://127.0.0.1:1", true),
        (Some("/dev/null"), plain, false),
        (None, "https://127.0.0.1:1", false),
    ] {
        let mut place = with_authkit(&provider).with("WORKOS_API_URL", url);
        if let Some(authorities) = authorities {
            place = place.with("SSL_CERT_FILE", authorities);
        }
        let said = found_at(&place).await.finished.stderr;
        let is_told = said.contains("set SSL_CERT_FILE");
        assert_eq!(is_told, expected, "{url} with {authorities:?}: {said}");
    }
}

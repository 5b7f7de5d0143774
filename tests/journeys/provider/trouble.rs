//! A provider in trouble, or that refuses, and what is made of it (SECURITY rule 21).

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use vestibule::clock::Clock;
use vestibule::sign_in::provider::{ProviderError, ProviderSession, RefreshToken, Timeouts};

use super::Kind::{AuthKit, Oidc};
use super::{CODE, Kind, NOW, Party, SECRET, provider};
use crate::support::app::free_address;
use crate::support::hostile::{Instead, REFRESH_TOKEN, SUBJECT};

/// Every path that is asked for, and a verb that asks for it.
const PATHS: [(Kind, &str, Verb); 9] = [
    (Oidc, "/.well-known/openid-configuration", Verb::WarmUp),
    (Oidc, "/jwks", Verb::WarmUp),
    (Oidc, "/token", Verb::Complete),
    (Oidc, "/token", Verb::Refresh),
    (Oidc, "/revoke", Verb::End),
    (AuthKit, "/sso/jwks/client_vestibule", Verb::WarmUp),
    (AuthKit, "/user_management/authenticate", Verb::Complete),
    (AuthKit, "/user_management/authenticate", Verb::Refresh),
    (AuthKit, "/user_management/sessions/revoke", Verb::End),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    WarmUp,
    Complete,
    Refresh,
    End,
}

impl Verb {
    async fn of(self, party: &Party) -> Result<(), ProviderError> {
        let token = RefreshToken::new(REFRESH_TOKEN.to_owned());
        match self {
            Self::WarmUp => party.provider.probe().await,
            Self::Complete => party.sign_in().await.map(drop),
            Self::Refresh => party.provider.refresh(&token, SUBJECT).await.map(drop),
            Self::End => party.provider.end(&session()).await,
        }
    }
}

fn session() -> ProviderSession {
    ProviderSession {
        session_id: Some("session_1".to_owned()),
        refresh_token: Some(RefreshToken::new(REFRESH_TOKEN.to_owned())),
    }
}

async fn party(kind: Kind, path: &'static str, verb: Verb, instead: Instead) -> Party {
    let party = Party::impatient(kind).await;
    if verb != Verb::WarmUp {
        party.provider.probe().await.unwrap();
    }
    party.hostile.script().instead.insert(path, instead);
    party
}

#[actix_web::test]
async fn a_provider_in_trouble_is_unreachable_for_every_call() {
    let wait = Some(Duration::from_secs(7));
    let troubles = [
        (
            Instead::Status(429, Some(("retry-after", "7")), String::new()),
            wait,
        ),
        (
            Instead::Status(429, Some(("retry-after", "tomorrow")), String::new()),
            None,
        ),
        (
            Instead::Status(500, None, "{\"error\":\"invalid_grant\"}".to_owned()),
            None,
        ),
        (
            Instead::Status(503, Some(("retry-after", "7")), "<html>".to_owned()),
            wait,
        ),
        (Instead::Silence, None),
    ];
    for (kind, path, verb) in PATHS {
        for (instead, expected) in &troubles {
            let party = party(kind, path, verb, instead.clone()).await;
            match verb.of(&party).await {
                Err(error @ ProviderError::Unreachable { retry_after, .. }) => {
                    assert_eq!(retry_after, *expected, "{path}, {verb:?}, {instead:?}");
                    assert!(!error.ends_session());
                    if matches!(instead, Instead::Silence) {
                        assert!(error.to_string().contains("no answer in time"), "{error}");
                    }
                }
                other => panic!("{path}, {verb:?}, {instead:?}: {other:?}"),
            }
        }
    }
}

#[actix_web::test]
async fn a_provider_that_refuses_connections_is_unreachable() {
    for (kind, scheme) in [
        (Oidc, "http"),
        (Oidc, "https"),
        (AuthKit, "http"),
        (AuthKit, "https"),
    ] {
        let url = format!("{scheme}://{}", free_address());
        let away = provider(kind, &url, &Clock::manual(NOW), Timeouts::default());
        for outcome in [
            away.probe().await,
            away.refresh(&RefreshToken::new("r".to_owned()), SUBJECT)
                .await
                .map(drop),
        ] {
            let error = outcome.unwrap_err();
            assert!(
                matches!(error, ProviderError::Unreachable { .. }),
                "{error:?}"
            );
            assert!(error.to_string().contains("no connection"), "{error}");
        }
    }
}

#[actix_web::test]
async fn a_provider_that_closes_the_connection_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    actix_web::rt::spawn(async move {
        loop {
            // Every connection is closed at once.
            drop(listener.accept().await);
        }
    });
    for kind in [Oidc, AuthKit] {
        let rude = provider(kind, &url, &Clock::manual(NOW), Timeouts::default());
        let error = rude.probe().await.unwrap_err();
        assert!(
            matches!(error, ProviderError::Unreachable { .. }),
            "{error:?}"
        );
        let words = error.to_string();
        assert!(words.contains("the request failed"), "{words}");
        assert!(!words.contains("no connection"), "{words}");
    }
}

#[actix_web::test]
async fn garbage_is_not_trusted_and_ends_no_session() {
    let endless = "[".repeat(1024 * 1024 + 1);
    let garbage = [
        "",
        "}{",
        "null",
        "[]",
        "{}",
        "\u{0}",
        endless.as_str(),
        "{\"keys\":7,\"issuer\":7,\"access_token\":7}",
    ];
    for (kind, path, verb) in PATHS.into_iter().filter(|(_, _, verb)| *verb != Verb::End) {
        for body in garbage {
            let instead = Instead::Status(200, None, body.to_owned());
            let party = party(kind, path, verb, instead).await;
            match verb.of(&party).await {
                Err(error @ ProviderError::Untrusted(_)) => assert!(!error.ends_session()),
                other => panic!("{path}, {verb:?}, {body:.40}: {other:?}"),
            }
        }
    }
}

// SECURITY rule 32: the probe is the judge, so it asks what every sign-in needs, and sends no code.
#[actix_web::test]
async fn a_probe_notices_a_token_endpoint_that_is_down_and_takes_a_refusal_for_an_answer() {
    for (kind, tokens) in [(Oidc, "/token"), (AuthKit, "/user_management/authenticate")] {
        let party = Party::impatient(kind).await;
        for status in [200, 307, 400, 401, 404, 405, 429, 500, 501] {
            party.hostile.script().refuse(tokens, status, "");
            let probed = party.provider.probe().await;
            assert_eq!(probed, Ok(()), "{kind:?}, {status}");
        }
        for status in [408, 502, 503, 504] {
            party.hostile.script().refuse(tokens, status, "");
            let error = party.provider.probe().await.unwrap_err();
            let words = error.to_string();
            assert!(words.contains(&status.to_string()), "{kind:?}, {words}");
        }
        let silence = Instead::Silence;
        party.hostile.script().instead.insert(tokens, silence);
        let error = party.provider.probe().await.unwrap_err();
        assert!(error.to_string().contains("no answer in time"), "{error}");
        assert!(party.hostile.script().heard.is_empty());
    }
}

// An answer that cannot be verified would be lost with what it cost.
#[actix_web::test]
async fn no_code_is_spent_while_the_providers_keys_are_unavailable() {
    for (kind, keys) in [(Oidc, "/jwks"), (AuthKit, "/sso/jwks/client_vestibule")] {
        for verb in [Verb::Complete, Verb::Refresh] {
            let party = Party::of(kind).await;
            party.hostile.script().refuse(keys, 503, "");
            let error = verb.of(&party).await.unwrap_err();
            assert!(
                matches!(error, ProviderError::Unreachable { .. }),
                "{error:?}"
            );
            let heard = party.hostile.script().heard.clone();
            assert!(heard.is_empty(), "{kind:?}, {verb:?}: {heard:?}");
        }
    }
}

#[actix_web::test]
async fn an_answer_is_read_up_to_its_greatest_length() {
    for (longer, is_read) in [(0, true), (1, false)] {
        let body = format!("{{{}", " ".repeat(1024 * 1024 + longer - 1));
        let jwks = "/sso/jwks/client_vestibule";
        let instead = Instead::Status(200, None, body);
        let party = party(AuthKit, jwks, Verb::WarmUp, instead).await;
        let error = party.provider.probe().await.unwrap_err();
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error:?}");
        let is_too_long = error.to_string().contains("an answer without end");
        assert_eq!(is_too_long, !is_read, "{error}");
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    for (kind, path, verb) in PATHS {
        let to = ("location", "https://evil.test/");
        let instead = Instead::Status(307, Some(to), String::new());
        let party = party(kind, path, verb, instead).await;
        match verb.of(&party).await {
            Err(ProviderError::Refused { code, .. }) => assert_eq!(code, "http_307"),
            other => panic!("{path}, {verb:?}: {other:?}"),
        }
    }
}

#[actix_web::test]
async fn cached_metadata_and_keys_survive_an_outage() {
    for kind in [Oidc, AuthKit] {
        let party = Party::of(kind).await;
        party.provider.probe().await.unwrap();
        for path in [
            "/.well-known/openid-configuration",
            "/jwks",
            "/sso/jwks/client_vestibule",
        ] {
            party.hostile.script().refuse(path, 500, "");
        }
        party.provider.probe().await.unwrap_err();
        party.sign_in().await.unwrap();
    }
}

// SECURITY rules 4 and 21: which refusal is which, and that none repeats a secret.
#[actix_web::test]
async fn a_refusal_keeps_its_meaning_and_loses_our_secrets() {
    let echo = format!("no: {REFRESH_TOKEN} {CODE}");
    for (kind, path) in [(Oidc, "/token"), (AuthKit, "/user_management/authenticate")] {
        for verb in [Verb::Complete, Verb::Refresh] {
            let party = Party::of(kind).await;
            party.provider.probe().await.unwrap();
            let answer = async |status, body: serde_json::Value| {
                party
                    .hostile
                    .script()
                    .refuse(path, status, &body.to_string());
                let error = verb.of(&party).await.unwrap_err();
                let words = format!("{error} {error:?}");
                for secret in [
                    SECRET,
                    if verb == Verb::Complete {
                        CODE
                    } else {
                        REFRESH_TOKEN
                    },
                ] {
                    assert!(!words.contains(secret), "{words}");
                }
                error
            };
            let error = answer(
                400,
                json!({"error": "invalid_grant", "error_description": echo}),
            )
            .await;
            assert!(matches!(error, ProviderError::GrantRefused(_)), "{error:?}");
            let error = answer(
                401,
                json!({"error": "invalid_client", "error_description": SECRET}),
            )
            .await;
            assert!(
                matches!(error, ProviderError::CredentialsRejected(_)),
                "{error:?}"
            );
            let error = answer(
                403,
                json!({"code": "mfa_enrollment", "message": "enrol first"}),
            )
            .await;
            let expected = ProviderError::Refused {
                code: "mfa_enrollment".to_owned(),
                description: "enrol first".to_owned(),
            };
            assert_eq!(error, expected);
        }
    }
}

#[actix_web::test]
async fn ending_an_ended_provider_session_succeeds() {
    for (kind, path, status, body, is_done) in [
        (AuthKit, "/user_management/sessions/revoke", 400, "", true),
        (AuthKit, "/user_management/sessions/revoke", 404, "", true),
        (AuthKit, "/user_management/sessions/revoke", 401, "", false),
        (
            AuthKit,
            "/user_management/sessions/revoke",
            403,
            "{\"code\":\"forbidden\"}",
            false,
        ),
        (Oidc, "/revoke", 400, "{\"error\":\"invalid_grant\"}", true),
        (
            Oidc,
            "/revoke",
            400,
            "{\"error\":\"unsupported_token_type\"}",
            true,
        ),
        (
            Oidc,
            "/revoke",
            401,
            "{\"error\":\"invalid_client\"}",
            false,
        ),
    ] {
        let party = Party::of(kind).await;
        party.hostile.script().refuse(path, status, body);
        let outcome = party.provider.end(&session()).await;
        assert_eq!(outcome.is_ok(), is_done, "{path} {status}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(
                matches!(
                    error,
                    ProviderError::CredentialsRejected(_) | ProviderError::Forbidden(_)
                ),
                "{error:?}"
            );
        }
    }
}

#[actix_web::test]
async fn without_a_provider_session_no_request_is_sent() {
    for kind in [Oidc, AuthKit] {
        let party = Party::of(kind).await;
        party
            .provider
            .end(&ProviderSession::default())
            .await
            .unwrap();
        assert!(party.hostile.script().heard.is_empty());
    }
}

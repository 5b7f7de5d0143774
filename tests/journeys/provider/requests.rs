//! What leaves for the provider: by the browser, and by ourselves.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use vestibule::domain::Timestamp;
use vestibule::sign_in::provider::{ProviderSession, RefreshToken};

use super::Kind::{AuthKit, Oidc};
use super::a_state;
use super::{CALLBACK, CODE, NOW, Party, SECRET};
use crate::support::hostile::{CLIENT_ID, REFRESH_TOKEN, SUBJECT};

fn query(url: &str) -> HashMap<String, String> {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

fn form(body: &str) -> HashMap<String, String> {
    form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

/// The newest POST request: its path, its body, its credentials.
fn heard(party: &Party) -> (String, String, String) {
    let line = party.hostile.script().heard.last().unwrap().clone();
    let (path, rest) = line.split_once(' ').unwrap();
    let (body, credentials) = match rest.split_once(" B") {
        Some((body, credentials)) => (body, format!("B{credentials}")),
        None => (rest.trim_end(), String::new()),
    };
    (path.to_owned(), body.to_owned(), credentials)
}

#[actix_web::test]
async fn authkits_page_is_asked_for_with_state_and_pkce_and_without_a_network() {
    let party = Party::of(AuthKit).await;
    let begun = party.provider.begin(a_state()).await.unwrap();
    let query = query(&begun.url);
    let page = format!("{}/user_management/authorize?", party.hostile.url);
    assert!(begun.url.starts_with(&page), "{}", begun.url);
    for (name, expected) in [
        ("client_id", CLIENT_ID),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("provider", "authkit"),
        ("state", begun.secrets.state()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(query[name], expected);
    }
    assert_eq!(query["code_challenge"].len(), 43);
    assert_eq!(query.len(), 7);
    assert_eq!(party.hostile.script().keys_fetched, 0);
}

// SECURITY rule 17: two tabs have nothing in common.
#[actix_web::test]
async fn every_sign_in_begins_with_new_secrets() {
    for kind in [Oidc, AuthKit] {
        let party = Party::of(kind).await;
        let one = query(&party.provider.begin(a_state()).await.unwrap().url);
        let other = query(&party.provider.begin(a_state()).await.unwrap().url);
        for name in ["state", "code_challenge"] {
            assert_ne!(one[name], other[name]);
        }
        assert_eq!(one.contains_key("nonce"), kind == Oidc);
        assert!(!one.contains_key("nonce") || one.get("nonce") != other.get("nonce"));
    }
}

#[actix_web::test]
async fn offline_access_is_asked_for_where_it_is_announced() {
    let party = Party::of(Oidc).await;
    let scope =
        async || query(&party.provider.begin(a_state()).await.unwrap().url)["scope"].clone();
    assert_eq!(scope().await, "openid email profile");
    let scopes = json!(["openid", "email", "profile", "offline_access"]);
    party.hostile.script().announce("scopes_supported", scopes);
    party.provider.probe().await.unwrap();
    assert_eq!(scope().await, "openid email profile offline_access");
}

#[actix_web::test]
async fn an_access_token_without_a_lifetime_is_renewed_after_an_hour() {
    let party = Party::of(Oidc).await;
    party.hostile.script().answer.remove("expires_in").unwrap();
    let tokens = party.sign_in().await.unwrap().tokens;
    assert_eq!(tokens.access_expires_at, Timestamp(NOW.0 + 3_600_000));
}

#[actix_web::test]
async fn an_organization_is_taken_from_the_id_token_where_it_is_a_text() {
    let party = Party::of(Oidc).await;
    for (claim, organization) in [(json!(["org_1"]), None), (json!("org_1"), Some("org_1"))] {
        party.hostile.script().claim("org_id", claim);
        let identity = party.sign_in().await.unwrap();
        assert_eq!(identity.organization.as_deref(), organization);
    }
}

#[actix_web::test]
async fn authkit_gets_json_with_the_verifier_and_whose_browser_it_is() {
    let party = Party::of(AuthKit).await;
    party
        .hostile
        .script()
        .field("impersonator", json!({"email": "admin@acme.test"}));
    let identity = party.sign_in().await.unwrap();
    let (path, body, _) = heard(&party);
    let mut body: HashMap<String, Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(path, "/user_management/authenticate");
    assert_eq!(
        body.remove("code_verifier")
            .unwrap()
            .as_str()
            .unwrap()
            .len(),
        43
    );
    let expected = json!({
        "client_id": CLIENT_ID, "client_secret": SECRET, "grant_type": "authorization_code",
        "code": CODE, "ip_address": "192.0.2.7", "user_agent": "Firefox",
    });
    assert_eq!(json!(body), expected);

    assert_eq!(party.provider.name(), CLIENT_ID);
    assert_eq!(identity.organization.as_deref(), Some("org_1"));
    assert_eq!(identity.impersonator.unwrap().email, "admin@acme.test");
    let tokens = identity.tokens;
    assert_eq!(tokens.access_expires_at, Timestamp(NOW.0 + 300_000));
    assert_eq!(tokens.refresh_token.unwrap().secret(), REFRESH_TOKEN);
    assert_eq!(tokens.session_id.as_deref(), Some("session_1"));

    let spent = RefreshToken::new("spent".to_owned());
    party.provider.refresh(&spent, SUBJECT).await.unwrap();
    let (_, body, _) = heard(&party);
    let expected = json!({
        "client_id": CLIENT_ID, "client_secret": SECRET,
        "grant_type": "refresh_token", "refresh_token": "spent",
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
}

#[actix_web::test]
async fn an_openid_provider_gets_the_secret_by_its_announced_method() {
    for (methods, in_body) in [
        (Value::Null, false),
        (json!(["client_secret_post", "client_secret_basic"]), false),
        (json!(["client_secret_post"]), true),
        (json!(["private_key_jwt"]), false),
    ] {
        let party = Party::of(Oidc).await;
        let name = "token_endpoint_auth_methods_supported";
        party.hostile.script().announce(name, methods.clone());
        let identity = party.sign_in().await.unwrap();
        let session = ProviderSession {
            session_id: None,
            refresh_token: identity.tokens.refresh_token,
        };
        let exchange = heard(&party);
        party.provider.end(&session).await.unwrap();
        let revocation = heard(&party);
        assert_eq!((&*exchange.0, &*revocation.0), ("/token", "/revoke"));
        for (path, body, credentials) in [&exchange, &revocation] {
            let body = form(body);
            assert_eq!(
                body.contains_key("client_secret"),
                in_body,
                "{path} {methods}"
            );
            assert_eq!(
                credentials.starts_with("Basic "),
                !in_body,
                "{path} {methods}"
            );
        }
        assert_eq!(form(&exchange.1)["redirect_uri"], CALLBACK);
        assert_eq!(form(&exchange.1)["code_verifier"].len(), 43);
        assert_eq!(form(&revocation.1)["token"], REFRESH_TOKEN);
    }
}

#[actix_web::test]
async fn without_rotation_the_refresh_token_stays_the_same() {
    let party = Party::of(Oidc).await;
    party
        .hostile
        .script()
        .answer
        .remove("refresh_token")
        .unwrap();
    let token = RefreshToken::new("lasting".to_owned());
    let tokens = party
        .provider
        .refresh(&token, SUBJECT)
        .await
        .unwrap()
        .tokens;
    assert_eq!(tokens.refresh_token.unwrap().secret(), "lasting");
}

#[actix_web::test]
async fn a_session_is_ended_with_the_api_key() {
    let party = Party::of(AuthKit).await;
    let session = ProviderSession {
        session_id: Some("session_1".to_owned()),
        refresh_token: None,
    };
    party.provider.end(&session).await.unwrap();
    let (path, body, credentials) = heard(&party);
    assert_eq!(path, "/user_management/sessions/revoke");
    assert_eq!(body, "{\"session_id\":\"session_1\"}");
    assert_eq!(credentials, format!("Bearer {SECRET}"));
}

#[actix_web::test]
async fn the_browsers_way_out_names_the_session_and_the_way_back() {
    let back = "http://localhost:8080/signed-out";
    let authkit = Party::of(AuthKit).await;
    let url = authkit.provider.logout_url(Some("session_1"), None, back);
    let expected = format!(
        "{}/user_management/sessions/logout?session_id=session_1&return_to=http%3A%2F%2Flocalhost%3A8080%2Fsigned-out",
        authkit.hostile.url
    );
    assert_eq!(url, Some(expected));
    assert_eq!(authkit.provider.logout_url(None, None, back), None);

    let oidc = Party::of(Oidc).await;
    assert_eq!(oidc.provider.logout_url(None, None, back), None);
    let tokens = oidc.sign_in().await.unwrap().tokens;
    let hint = tokens.id_token.as_deref();
    let url = oidc.provider.logout_url(None, hint, back).unwrap();
    assert!(url.starts_with(&format!("{}/logout?", oidc.hostile.url)));
    let query = query(&url);
    assert_eq!(query["id_token_hint"], hint.unwrap());
    assert_eq!(query["client_id"], CLIENT_ID);
    assert_eq!(query["post_logout_redirect_uri"], back);
    oidc.hostile
        .script()
        .metadata
        .remove("end_session_endpoint");
    oidc.provider.probe().await.unwrap();
    assert_eq!(oidc.provider.logout_url(None, hint, back), None);
}

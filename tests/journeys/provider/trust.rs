//! What a provider has to say before it is believed (SECURITY rules 19 and 20).

use std::time::Duration;

use serde_json::json;
use vestibule::domain::Email;
use vestibule::sign_in::provider::{Callback, Identity, ProviderError, RefreshToken};

use super::Kind::{AuthKit, Oidc};
use super::{CODE, Kind, Party};
use crate::support::hostile::{CLIENT_ID, Key, SUBJECT, Script, Signature};

/// When the provider changes what it says.
#[derive(Clone, Copy)]
enum When {
    /// Before it is asked for anything.
    First,
    /// After its metadata and keys were fetched, and before the sign-in begins.
    Before,
    /// While the person is at the provider's page.
    During,
}
use When::{Before, During, First};

type Change = fn(&mut Script);

fn wrong_types(script: &mut Script) {
    for (name, value) in [
        ("amr", json!("pwd")),
        ("acr", json!(2)),
        ("auth_time", json!("now")),
        ("picture", json!(7)),
        ("gender", json!([])),
        ("birthdate", json!(19_800_101)),
        ("locale", json!({})),
        ("phone_number", json!(112)),
        ("phone_number_verified", json!("perhaps")),
        ("address", json!("Main Street 1")),
        ("updated_at", json!("yesterday")),
        ("c_hash", json!(1)),
        ("preferred_username", json!(["mira"])),
    ] {
        script.claim(name, value);
    }
}

async fn outcome(kind: Kind, when: When, change: Change) -> Result<Identity, ProviderError> {
    let party = Party::of(kind).await;
    let change = |at: When| {
        if std::mem::discriminant(&at) == std::mem::discriminant(&when) {
            change(&mut party.hostile.script());
        }
    };
    change(First);
    party.provider.probe().await?;
    change(Before);
    let begun = party.begin().await?;
    change(During);
    party.complete(&begun).await
}

fn is_mira(identity: &Identity) -> bool {
    let email = identity.email.as_ref().map(Email::as_str);
    identity.subject == SUBJECT
        && email == Some("mira@acme.test")
        && identity.email_verified
        && identity.name.as_str() == "Mira Bell"
}

/// The case, the kind of provider, when it happens, what happens, and a word of the reason.
#[rustfmt::skip]
const REFUSED: &[(&str, Kind, When, Change, &str)] = &[
    ("wrong iss", Oidc, During, |s| s.claim("iss", json!("https://evil.test")), "Invalid issuer"),
    ("iss that differs in its slash", Oidc, During, |s| { let iss = format!("{}/", s.claims["iss"].as_str().unwrap()); s.claim("iss", json!(iss)) }, "Invalid issuer"),
    ("missing iss", Oidc, During, |s| s.without("iss"), "can't be read"),
    ("wrong aud", Oidc, During, |s| s.claim("aud", json!("client_evil")), "Invalid audiences"),
    ("another aud beside ours", Oidc, During, |s| s.claim("aud", json!([CLIENT_ID, "client_evil"])), "not a trusted audience"),
    ("missing aud", Oidc, During, |s| s.without("aud"), "Invalid audiences"),
    ("wrong azp", Oidc, During, |s| s.claim("azp", json!("client_evil")), "another party"),
    ("wrong nonce", Oidc, During, |s| s.claim("nonce", json!("another flow's")), "nonce mismatch"),
    ("missing nonce", Oidc, During, |s| s.without("nonce"), "missing nonce"),
    ("bad signature", Oidc, During, |s| s.signature = Signature::Forged, "Signature verification failed"),
    ("an unused claim added after it was signed", Oidc, During, |s| s.signature = Signature::Altered, "Signature verification failed"),
    ("signed by an unknown key", Oidc, During, |s| s.signature = Signature::By(Key::B), "No matching key"),
    ("missing sub", Oidc, During, |s| s.without("sub"), "can't be read"),
    ("empty sub", Oidc, During, |s| s.claim("sub", json!("")), "Invalid subject"),
    ("sub of 256 letters", Oidc, During, |s| s.claim("sub", json!("é".repeat(256))), "Invalid subject"),
    ("missing iat", Oidc, During, |s| s.without("iat"), "can't be read"),
    ("missing exp", Oidc, During, |s| s.without("exp"), "can't be read"),
    ("exp beyond all time", Oidc, During, |s| s.claim("exp", json!(1e300)), "can't be read"),
    ("expired", Oidc, During, |s| s.expire(-60), "Expired"),
    ("alg none", Oidc, During, |s| s.signature = Signature::None, "No signature"),
    ("HS256 signed with the public key", Oidc, During, |s| s.signature = Signature::PublicKeyAsSecret, "Disallowed signature algorithm"),
    ("HS256 signed with the public JWK", Oidc, During, |s| s.signature = Signature::PublicJwkAsSecret, "Disallowed signature algorithm"),
    ("at_hash of another access token", Oidc, During, |s| s.claim("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")), "at_hash"),
    ("no ID token", Oidc, During, |s| s.signature = Signature::Absent, "no ID token"),
    ("userinfo of another subject", Oidc, During, |s| { s.without("email"); s.userinfo["sub"] = json!("user_eve") }, "Invalid subject"),
    ("userinfo without a subject", Oidc, During, |s| { s.without("email"); s.userinfo["sub"].take(); }, "can't be read"),
    ("userinfo refuses the access token", Oidc, During, |s| { s.without("email"); s.refuse("/userinfo", 401, "") }, "its own access token"),
    ("an access token that fits no header", Oidc, During, |s| { s.without("email"); s.field("access_token", json!("a\nb")) }, "no token"),
    ("discovery with another issuer", Oidc, First, |s| s.announce("issuer", json!("https://evil.test")), "unexpected issuer"),
    ("discovery without a token endpoint", Oidc, First, |s| { s.metadata.remove("token_endpoint"); }, "no token endpoint"),

    ("bad signature", AuthKit, During, |s| s.signature = Signature::Forged, "Signature verification failed"),
    ("an unused claim added after it was signed", AuthKit, During, |s| s.signature = Signature::Altered, "Signature verification failed"),
    ("signed by an unknown key", AuthKit, During, |s| s.signature = Signature::By(Key::B), "No matching key"),
    ("alg none", AuthKit, During, |s| s.signature = Signature::None, "No signature"),
    ("HS256 signed with the public key", AuthKit, During, |s| s.signature = Signature::PublicKeyAsSecret, "Disallowed signature algorithm"),
    ("expired", AuthKit, During, |s| s.expire(-60), "Expired"),
    ("wrong aud", AuthKit, During, |s| s.claim("aud", json!("client_evil")), "another client"),
    ("wrong client_id", AuthKit, During, |s| s.claim("client_id", json!("client_evil")), "another client"),
    ("client_id that is no text", AuthKit, During, |s| s.claim("client_id", json!(["client_evil"])), "another client"),
    ("missing sub", AuthKit, During, |s| s.without("sub"), "can't be read"),
    ("sub of 256 letters", AuthKit, During, |s| s.claim("sub", json!("a".repeat(256))), "Invalid subject"),
    ("sub of another user", AuthKit, During, |s| s.claim("sub", json!("user_eve")), "another user"),
    ("missing exp", AuthKit, During, |s| s.without("exp"), "can't be read"),
    ("no user", AuthKit, During, |s| { s.answer.remove("user"); }, "no user"),
    ("an access token that is no JWT", AuthKit, During, |s| s.signature = Signature::Absent, "can't be read"),
];

#[rustfmt::skip]
const ACCEPTED: &[(&str, Kind, When, Change)] = &[
    ("nothing odd", Oidc, First, |_| {}),
    ("one key without kid", Oidc, First, |s| s.with_kid = false),
    ("two keys", Oidc, First, |s| { s.published = vec![Key::B, Key::A] }),
    ("keys rotated before the sign-in", Oidc, Before, rotate),
    ("keys rotated during the sign-in", Oidc, During, rotate),
    ("keys without kid rotated during the sign-in", Oidc, During, |s| { s.with_kid = false; rotate(s) }),
    ("expired less than a minute ago", Oidc, During, |s| s.expire(-59)),
    ("aud as a list", Oidc, During, |s| s.claim("aud", json!([CLIENT_ID]))),
    ("azp that is ours", Oidc, During, |s| s.claim("azp", json!(CLIENT_ID))),
    ("an at_hash that fits", Oidc, During, |s| { s.field("access_token", json!("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")); s.claim("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")) }),
    ("the address at userinfo alone", Oidc, During, |s| { s.without("email"); s.without("email_verified"); s.without("name") }),
    ("email_verified as text", Oidc, During, |s| s.claim("email_verified", json!("true"))),
    ("updated_at as a date", Oidc, During, |s| s.claim("updated_at", json!("2026-11-23T12:00:00.000Z"))),
    ("claims of wrong types that are not used", Oidc, During, wrong_types),
    ("sid and org_id that are no text", Oidc, During, |s| { s.claim("sid", json!(7)); s.claim("org_id", json!({})) }),

    ("nothing odd", AuthKit, First, |_| {}),
    ("one key without kid", AuthKit, First, |s| s.with_kid = false),
    ("keys rotated before the sign-in", AuthKit, Before, rotate),
    ("keys rotated during the sign-in", AuthKit, During, rotate),
    ("claims of wrong types that are not used", AuthKit, During, wrong_types),
    ("another issuer", AuthKit, During, |s| s.claim("iss", json!("https://api.workos.com/user_management/client_1"))),
    ("no aud", AuthKit, During, |s| s.without("aud")),
    ("client_id that is ours", AuthKit, During, |s| { s.without("aud"); s.claim("client_id", json!(CLIENT_ID)) }),
    ("expired less than a minute ago", AuthKit, During, |s| s.expire(-59)),
];

fn rotate(script: &mut Script) {
    script.published = vec![Key::B];
    script.signature = Signature::By(Key::B);
}

// SECURITY rule 19: the relying-party conformance cases.
#[actix_web::test]
async fn an_identity_is_accepted_only_if_every_claim_and_signature_is_valid() {
    let mut wrong = Vec::new();
    for &(case, kind, when, change, reason) in REFUSED {
        match outcome(kind, when, change).await {
            Err(ProviderError::Untrusted(words)) if words.contains(reason) => {}
            other => wrong.push(format!("{kind:?}, {case}: {other:?}")),
        }
    }
    for &(case, kind, when, change) in ACCEPTED {
        match outcome(kind, when, change).await {
            Ok(identity) if is_mira(&identity) => {}
            other => wrong.push(format!("{kind:?}, {case}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[actix_web::test]
async fn bad_tokens_have_the_keys_fetched_again_only_now_and_then() {
    for kind in [Oidc, AuthKit] {
        let party = Party::of(kind).await;
        party.sign_in().await.unwrap();
        let at_first = party.hostile.script().keys_fetched;
        party.hostile.script().signature = Signature::By(Key::B);
        for _ in 0..5 {
            party.sign_in().await.unwrap_err();
        }
        assert_eq!(party.hostile.script().keys_fetched, at_first + 1);
        party.hostile.script().published = vec![Key::A, Key::B];
        party.sign_in().await.unwrap_err();
        party.clock.advance(Duration::from_secs(10));
        party.sign_in().await.unwrap();
        assert_eq!(party.hostile.script().keys_fetched, at_first + 2);
    }
}

#[actix_web::test]
async fn a_token_that_no_other_key_could_save_costs_no_fetch_of_the_keys() {
    for kind in [Oidc, AuthKit] {
        let party = Party::of(kind).await;
        party.sign_in().await.unwrap();
        let at_first = party.hostile.script().keys_fetched;
        party.hostile.script().expire(-60);
        let error = party.sign_in().await.unwrap_err();
        assert!(error.to_string().contains("Expired"), "{error}");
        assert_eq!(party.hostile.script().keys_fetched, at_first);
    }
}

#[actix_web::test]
async fn a_good_token_costs_no_fetch_of_the_keys() {
    let party = Party::of(AuthKit).await;
    party.provider.probe().await.unwrap();
    party.sign_in().await.unwrap();
    party.sign_in().await.unwrap();
    assert_eq!(party.hostile.script().keys_fetched, 1);
}

// SECURITY rule 20: the callback says from whom it is (RFC 9207).
#[actix_web::test]
async fn a_callback_from_another_issuer_is_refused_before_its_code_is_used() {
    let party = Party::of(Oidc).await;
    let issuer = party.hostile.url.clone();
    let promise = "authorization_response_iss_parameter_supported";
    for (is_promised, iss, is_fine) in [
        (false, None, true),
        (false, Some(issuer.clone()), true),
        (false, Some("https://evil.test".to_owned()), false),
        (true, None, false),
        (true, Some(issuer.clone()), true),
        (true, Some(format!("{issuer}/")), false),
    ] {
        party.hostile.script().announce(promise, json!(is_promised));
        party.provider.probe().await.unwrap();
        let begun = party.begin().await.unwrap();
        let heard = party.hostile.script().heard.len();
        let callback = Callback {
            code: CODE.to_owned(),
            iss: iss.clone(),
        };
        let outcome = party
            .provider
            .complete(&begun.secrets, &callback, "", "")
            .await;
        let used = party.hostile.script().heard.len() - heard;
        assert_eq!(outcome.is_ok(), is_fine, "{is_promised} {iss:?}");
        assert_eq!(used, usize::from(is_fine), "{is_promised} {iss:?}");
    }
}

#[actix_web::test]
async fn refreshed_tokens_are_verified_too_and_have_to_be_the_same_persons() {
    for kind in [Oidc, AuthKit] {
        let party = Party::of(kind).await;
        party.sign_in().await.unwrap();
        let spent = RefreshToken::new("spent".to_owned());
        let refresh = async |subject: &str| party.provider.refresh(&spent, subject).await;

        let tokens = refresh(SUBJECT).await.unwrap().tokens;
        assert_eq!(tokens.session_id.as_deref(), Some("session_1"));
        for refused in [refresh("user_eve").await, {
            party.hostile.script().signature = Signature::Forged;
            refresh(SUBJECT).await
        }] {
            let error = refused.unwrap_err();
            assert!(matches!(error, ProviderError::Untrusted(_)), "{error:?}");
        }
    }
}

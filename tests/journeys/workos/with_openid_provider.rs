//! The whole way in and out with an `OpenID` Provider, by discovery.

use std::time::Duration;

use reqwest::{Client, Response, redirect};
use serde_json::Value;
use url::Url;
use vestibule::clock::Clock;

use super::{MIRA, assert_landed, assert_turned_back, bring_back, until_nothing_is_to_be_revoked};
use crate::support::peers::{OIDC_SECRET, Peer, openid_provider};
use crate::support::{Answer, TestApp, Visitor};

/// A console where Mira has an account, and a provider that knows its callback.
pub(crate) async fn console_and_openid_provider() -> (TestApp, Peer) {
    let (app, peer) = console_and_provider_that_knows(|callback| callback).await;
    app.add_account(MIRA, "");
    (app, peer)
}

async fn console_and_provider_that_knows(
    registered: impl FnOnce(String) -> String,
) -> (TestApp, Peer) {
    let mut peer = None;
    let app = TestApp::spawn_at(Clock::system().now(), |settings| {
        let port = settings.listen.as_deref().unwrap().rsplit(':').next();
        let callback = format!("http://localhost:{}/auth/workos/callback", port.unwrap());
        let started = openid_provider(&registered(callback));
        settings.oidc_issuer = Some(started.url.clone());
        settings.oidc_client_id = Some("vestibule".to_owned());
        settings.oidc_client_secret = Some(OIDC_SECRET.to_owned());
        peer = Some(started);
    })
    .await;
    (app, peer.unwrap())
}

/// The provider's own count of this.
pub(crate) async fn count(peer: &Peer, what: &str) -> u64 {
    let answer = reqwest::get(format!("{}/test/state", peer.url)).await;
    let state: Value = serde_json::from_str(&answer.unwrap().text().await.unwrap()).unwrap();
    state[what].as_u64().unwrap()
}

/// A person, with the provider's cookies beside the console's.
struct Person {
    here: Visitor,
    there: Client,
}

impl Person {
    fn new(app: &TestApp) -> Self {
        let there = Client::builder()
            .redirect(redirect::Policy::none())
            .cookie_store(true)
            .build()
            .unwrap();
        Self {
            here: app.visitor(),
            there,
        }
    }

    /// From the start to the provider, with whom nothing is typed.
    async fn set_out(&self, path: &str) -> Response {
        let mut address = Url::parse(self.here.get(path).await.location()).unwrap();
        loop {
            let answer = self.there.get(address.clone()).send().await.unwrap();
            match next(&answer) {
                Some(to) if to.path() != "/auth/workos/callback" => address = to,
                _ => return answer,
            }
        }
    }

    /// There and back; what our callback answers.
    async fn there_and_back(&self, path: &str) -> Answer {
        let back = next(&self.set_out(path).await).unwrap();
        let path = format!("{}?{}", back.path(), back.query().unwrap());
        bring_back(&self.here, &path).await
    }

    /// Through the provider's own logout, where they confirm it. Where they end up.
    async fn go_out(&self) -> Url {
        let page = self.here.get("/signed-out").await;
        let way_out = page.header("refresh").strip_prefix("0;url=").unwrap();
        let asked = Answer::of(self.there.get(way_out).send().await.unwrap()).await;
        let xsrf = asked.attribute("input[name=xsrf]", "value");
        let confirm = asked.attribute("form", "action");
        let confirmed = self.there.post(confirm);
        let confirmed = confirmed.form(&[("xsrf", xsrf.as_str()), ("logout", "yes")]);
        next(&confirmed.send().await.unwrap()).unwrap()
    }
}

fn next(answer: &Response) -> Option<Url> {
    let location = answer.headers().get("location")?.to_str().unwrap();
    Some(answer.url().join(location).unwrap())
}

#[actix_web::test]
async fn a_full_sign_in_and_sign_out() {
    let (app, peer) = console_and_openid_provider().await;
    let mira = Person::new(&app);
    let page = mira.here.get("/sign-in?return_to=%2Fdashboard%3Fx").await;
    let landed = mira
        .there_and_back(&page.attribute("a.button", "href"))
        .await;
    assert_landed(&landed, "/dashboard?x");
    assert_eq!(
        mira.here.get("/dashboard").await.text("h1"),
        "Welcome, mira"
    );
    assert_eq!(app.text("SELECT subject FROM identities"), MIRA);
    assert_eq!(app.text("SELECT provider FROM identities"), peer.url);
    assert_eq!(count(&peer, "refresh_tokens").await, 1);
    assert_eq!(count(&peer, "sessions").await, 1);

    mira.here.post("/sign-out", &[]).await;
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(count(&peer, "refresh_tokens").await, 0);
    let end = mira.go_out().await;
    assert_eq!(end.as_str(), format!("{}/signed-out", app.url()));
    assert_eq!(count(&peer, "sessions").await, 0);
    assert!(!mira.here.is_in().await);

    // The provider has to be asked again, and asks again.
    assert_eq!(count(&peer, "logins").await, 1);
    assert_landed(&mira.there_and_back("/auth/workos").await, "/dashboard");
    assert_eq!(count(&peer, "logins").await, 2);
}

// SECURITY rule 21, with tokens that are no invention of ours.
#[actix_web::test]
async fn an_expired_access_token_is_renewed_by_rotation() {
    let (app, peer) = console_and_openid_provider().await;
    let mira = Person::new(&app);
    mira.there_and_back("/auth/workos").await;
    let expiry = || app.number("SELECT access_expires_at FROM provider_sessions");
    let first = expiry();
    assert!(mira.here.is_in().await);
    assert_eq!(count(&peer, "issued").await, 1);

    app.later(Duration::from_mins(2));
    assert!(mira.here.is_in().await);
    assert!(expiry() > first);
    assert_eq!(count(&peer, "issued").await, 2);
    assert_eq!(count(&peer, "refresh_tokens").await, 1);

    // The sign-out revokes the newest token.
    mira.here.post("/sign-out", &[]).await;
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(count(&peer, "refresh_tokens").await, 0);
}

#[actix_web::test]
async fn a_refused_person_keeps_no_session_at_the_provider_and_can_use_another_account() {
    let (app, peer) = console_and_openid_provider().await;
    app.sql("DELETE FROM accounts");
    let mira = Person::new(&app);
    let answer = mira.there_and_back("/auth/workos").await;
    assert_turned_back(&mira.here, &answer, "no-account").await;
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(count(&peer, "refresh_tokens").await, 0);
    let out = mira.here.get("/auth/workos/another-account").await;
    assert!(out.location().starts_with(&peer.url), "{out:?}");
}

#[actix_web::test]
async fn an_unregistered_callback_is_named_on_the_sign_in_page() {
    let other = "http://localhost:1/auth/workos/callback";
    let (app, _peer) = console_and_provider_that_knows(|_| other.to_owned()).await;
    let mira = Person::new(&app);
    let stopped = mira.set_out("/auth/workos").await;
    assert_eq!(stopped.status(), 400);
    let words = stopped.text().await.unwrap();
    assert!(words.contains("redirect_uri"), "{words}");
    // She comes back by hand, since the provider does not send her back.
    let page = mira.here.get("/sign-in").await;
    assert_eq!(page.text("summary"), "Problem at WorkOS?");
    let callback = format!("{}/auth/workos/callback", app.url());
    assert_eq!(page.text("details code"), callback);
}

#[actix_web::test]
async fn a_provider_outage_loses_nothing() {
    let (app, peer) = console_and_openid_provider().await;
    let (mira, other) = (Person::new(&app), Person::new(&app));
    assert_landed(&mira.there_and_back("/auth/workos").await, "/dashboard");
    let back = next(&other.set_out("/auth/workos").await).unwrap();
    drop(peer);
    // During the callback.
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    let answer = bring_back(&other.here, &path).await;
    let words = assert_turned_back(&other.here, &answer, "unreachable").await;
    assert!(words.contains("use an email code"), "{words}");
    // While a person is signed in with an expired access token.
    app.later(Duration::from_mins(2));
    assert!(mira.here.is_in().await);
    // At sign-out: out here, and to be made up for there.
    mira.here.post("/sign-out", &[]).await;
    assert!(!mira.here.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM pending_revocations"), 1);
}

//! No cookie and no head of a response grows with what a provider sends or a link asks for.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::while_signed_in::run_out;
use super::{
    MIRA, assert_landed, bring_back, console_and_openid, signed_in, state_in, way_back, with_mira,
};
use crate::support::hostile::Hostile;
use crate::support::{Answer, TestApp, Visitor};

const MAX_HEAD: usize = 4_096;
const MAX_COOKIE: usize = 4_096;
/// The size at which nginx refuses the line of a request's cookies, unless it is told otherwise.
const MAX_COOKIES: usize = 8_192;

/// The longest `return_to`, and as long as it can be in a query: each of its bytes is encoded there.
fn longest_path() -> String {
    format!("/dashboard?{}", "&".repeat(512 - "/dashboard?".len()))
}

fn in_query(path: &str) -> String {
    url::form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

#[track_caller]
fn assert_small(answer: Answer) -> Answer {
    let status = "HTTP/1.1 503 Service Unavailable\r\n\r\n".len();
    let lines = answer.headers.iter();
    let lines = lines.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let head = status + lines.sum::<usize>();
    assert!(head < MAX_HEAD, "a head of {head} bytes: {answer:?}");
    for cookie in answer.headers.get_all("set-cookie") {
        assert!(cookie.len() < MAX_COOKIE, "{cookie:?}");
    }
    answer
}

/// The size of the cookies that the browser sends.
fn cookies_of(visitor: &Visitor) -> usize {
    let names = visitor.cookie_names();
    let sizes = names.iter().map(|name| {
        let value = visitor.cookie(name).unwrap();
        name.len() + value.len() + "=; ".len()
    });
    sizes.sum()
}

fn flows_of(visitor: &Visitor) -> usize {
    let names = visitor.cookie_names();
    names
        .iter()
        .filter(|name| name.starts_with("flow-"))
        .count()
}

/// A console whose provider sends an ID token of more than 8 kB.
async fn console_with_a_long_id_token() -> (TestApp, Hostile) {
    let (app, provider) = console_and_openid(|_| {}).await;
    let groups: Vec<_> = (0..300)
        .map(|number| format!("group-of-a-large-company-{number}"))
        .collect();
    assert!(json!(groups).to_string().len() > 8_192 * 3 / 4);
    provider.script().claim("groups", json!(groups));
    (app, provider)
}

async fn get(visitor: &Visitor, path: &str) -> Answer {
    assert_small(visitor.get(path).await)
}

/// From a page that needs a sign-in to the provider and back. What the callback answers.
async fn come_back_to(visitor: &Visitor, provider: &Hostile, path: &str) -> Answer {
    let away = get(visitor, path).await;
    let page = get(visitor, away.location()).await;
    let out = get(visitor, &page.attribute("a.button", "href")).await;
    provider.signs_in(out.location());
    assert_small(bring_back(visitor, &way_back(&state_in(out.location()))).await)
}

// SECURITY rule 40.
#[actix_web::test]
async fn a_long_id_token_and_the_longest_return_to_pass_from_the_sign_in_to_the_sign_out() {
    let (app, provider) = console_with_a_long_id_token().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let path = longest_path();
    let landed = come_back_to(&mira, &provider, &path).await;
    assert_landed(&landed, &path);
    assert!(app.number("SELECT length(id_token) FROM provider_sessions") > 8_192);
    get(&mira, &path).await;

    let out = assert_small(mira.post("/sign-out", &[]).await);
    assert_eq!(out.location(), "/signed-out");
    let page = get(&mira, "/signed-out").await;
    let refresh = page.header("refresh").to_owned();
    let logout = format!("0;url={}/logout?", provider.url);
    assert!(refresh.starts_with(&logout), "{refresh}");
    let back = in_query(&format!("{}/signed-out", app.url()));
    for part in [
        "client_id=client_vestibule".to_owned(),
        format!("post_logout_redirect_uri={back}"),
    ] {
        assert!(refresh.contains(&part), "{refresh}");
    }
    assert!(!refresh.contains("id_token_hint"), "{refresh}");
    let again = get(&mira, "/signed-out").await;
    assert_eq!(again.header("refresh"), "");
}

// SECURITY rule 40: for a person who is refused, too.
#[actix_web::test]
async fn a_refused_person_with_a_long_id_token_can_use_another_account() {
    let (app, provider) = console_with_a_long_id_token().await;
    let stranger = app.visitor();
    let refused = come_back_to(&stranger, &provider, &longest_path()).await;
    let page = get(&stranger, refused.location().split('#').next().unwrap()).await;
    let link = page.attribute("#problem a", "href");
    let out = get(&stranger, &link).await;
    let logout = format!("{}/logout?", provider.url);
    assert!(out.location().starts_with(&logout), "{out:?}");
    assert_eq!(get(&stranger, &link).await.location(), "/auth/workos");
    assert_eq!(app.number("SELECT count(*) FROM provider_logouts"), 0);
}

// SECURITY rule 40: a hint that fits is sent.
#[actix_web::test]
async fn a_short_id_token_is_a_hint_for_the_sign_out() {
    let (app, provider) = console_and_openid(|_| {}).await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    come_back_to(&mira, &provider, "/dashboard").await;
    mira.post("/sign-out", &[]).await;
    let page = get(&mira, "/signed-out").await;
    let refresh = page.header("refresh");
    assert!(refresh.contains("id_token_hint=ey"), "{refresh}");
}

// SECURITY rule 40: the flows of many tabs do not fill the requests of the browser.
#[actix_web::test]
async fn many_tabs_with_long_links_leave_room_for_every_other_page() {
    let (app, provider) = console_and_openid(|_| {}).await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let path = format!("/auth/workos?return_to={}", in_query(&longest_path()));
    let mut newest = String::new();
    for _ in 0..8 {
        let out = get(&mira, &path).await;
        newest = out.location().to_owned();
        let bytes = cookies_of(&mira);
        assert!(bytes < MAX_COOKIES / 2, "{bytes} bytes of cookies");
    }
    assert!(flows_of(&mira) >= 2, "{:?}", mira.cookie_names());
    provider.signs_in(&newest);
    let landed = bring_back(&mira, &way_back(&state_in(&newest))).await;
    assert_landed(&assert_small(landed), &longest_path());

    // Tabs that opened at the same moment know nothing of each other.
    let many = app.visitor();
    for number in 0..30 {
        many.set_cookie(&format!("flow-{number}"), &"x".repeat(200));
    }
    for _ in 0..4 {
        get(&many, "/auth/workos").await;
    }
    assert!(flows_of(&many) <= 5, "{:?}", many.cookie_names());
}

// SECURITY rule 40: a made-up Host header does not grow a head either.
#[actix_web::test]
async fn a_long_host_header_is_not_repeated() {
    let (app, _provider) = with_mira().await;
    let visitor = app.visitor();
    let request = visitor
        .request(reqwest::Method::GET, "/auth/workos")
        .header("host", "h".repeat(5_000));
    let out = assert_small(Answer::of(request.send().await.unwrap()).await);
    assert!(out.location().contains("/user_management/authorize?"));
}

/// Whether the bytes are anywhere in the folder of the data.
fn is_on_disk(app: &TestApp, text: &str) -> bool {
    let files = fs::read_dir(app.data()).unwrap();
    let mut files = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file());
    files.any(|path| {
        let bytes = fs::read(path).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

// SECURITY rule 40: the way out is a row that is used once, by the browser that signed out, within ten minutes.
#[actix_web::test]
async fn the_way_out_is_kept_encrypted_and_used_once() {
    let (app, provider) = with_mira().await;
    let rows = || app.number("SELECT count(*) FROM provider_logouts");
    let mira = signed_in(&app).await;
    mira.post("/sign-out", &[]).await;
    let token = mira.cookie("way-out").unwrap();
    assert_eq!((token.len(), rows()), (43, 1));
    assert!(!is_on_disk(&app, "/user_management/sessions/logout"));
    assert!(!is_on_disk(&app, &token));
    let stranger = app.visitor();
    stranger.set_cookie("way-out", &"A".repeat(43));
    assert_eq!(stranger.get("/signed-out").await.header("refresh"), "");
    assert_eq!(rows(), 1);
    let page = mira.get("/signed-out").await;
    assert!(page.header("refresh").contains("session_id=session_1"));
    assert_eq!(rows(), 0);
    let replay = app.visitor();
    replay.set_cookie("way-out", &token);
    assert_eq!(replay.get("/signed-out").await.header("refresh"), "");

    // Its life is short, and housekeeping removes it.
    for is_cleaned_up in [false, true] {
        run_out(&app, &provider, "rotated");
        let late = signed_in(&app).await;
        late.post("/sign-out", &[]).await;
        app.later(Duration::from_mins(10));
        if is_cleaned_up {
            app.server().housekeeping().clean_up().await.unwrap();
            assert_eq!(rows(), 0);
        }
        assert_eq!(late.get("/signed-out").await.header("refresh"), "");
    }
}

// SECURITY rule 40: the number of rows has a bound. A sign-out past it still ends both sessions.
#[actix_web::test]
async fn past_ten_thousand_waiting_browsers_a_sign_out_skips_the_providers_page() {
    let (app, provider) = with_mira().await;
    let later = app.clock.now().plus(Duration::from_mins(5)).0;
    app.sql(&format!(
        "INSERT INTO provider_logouts (token_hash, session_id, url, expires_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         SELECT randomblob(32), 0, zeroblob(100), {later} FROM n"
    ));
    let mira = signed_in(&app).await;
    let out = mira.post("/sign-out", &[]).await;
    assert_eq!(out.location(), "/signed-out");
    assert_eq!(mira.cookie("way-out"), None);
    assert!(!mira.is_in().await);
    super::until_nothing_is_to_be_revoked(&app).await;
    run_out(&app, &provider, "rotated");
    let mira = signed_in(&app).await;
    mira.post("/sign-out", &[]).await;
    assert!(
        mira.get("/signed-out")
            .await
            .header("refresh")
            .starts_with("0;url=")
    );
    assert_eq!(app.number("SELECT count(*) FROM provider_logouts"), 0);
}

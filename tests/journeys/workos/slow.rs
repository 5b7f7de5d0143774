//! A provider that takes its time during the callback.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use futures::future::{join, join_all};

use super::{
    MIRA, assert_landed, assert_turned_back, assert_waiting, bring_back, come_back_to_wait,
    set_out, signed_in, way_back, with_mira,
};
use crate::support::app::connect;
use crate::support::hostile::Hostile;
use crate::support::{TestApp, Visitor, until};

const TOKENS: &str = "/user_management/authenticate";

fn exchanges(provider: &Hostile) -> usize {
    let script = provider.script();
    let lines = script.heard.iter();
    lines.filter(|line| line.starts_with(TOKENS)).count()
}

async fn until_the_session_has_begun(app: &TestApp) {
    until("the session has begun", async || {
        app.number("SELECT count(*) FROM sessions") == 1
    })
    .await;
}

fn has_a_flow(visitor: &Visitor) -> bool {
    let names = visitor.cookie_names();
    names.iter().any(|name| name.contains("flow-"))
}

#[actix_web::test]
async fn a_waiting_page_continues_once_a_slow_provider_has_answered() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos?return_to=%2Fdashboard%3Fx").await;
    let on = assert_waiting(&mira.get(&way_back(&state)).await);
    assert!(!on.contains(&state[..10]), "{on} tells of {state}");
    assert!(!mira.is_in().await);
    let (landed, ()) = join(mira.get(&on), async { gate.open() }).await;
    assert_eq!(landed.location(), "/dashboard?x");
    assert!(mira.is_in().await);
    assert!(!has_a_flow(&mira));
    assert_eq!(exchanges(&provider), 1);
    // Back at it, they are in already.
    assert_eq!(mira.get(&on).await.location(), "/dashboard?x");
}

// SECURITY rule 17: a state is taken up once.
#[actix_web::test]
async fn a_reload_joins_the_sign_in_that_is_under_way() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let on = assert_waiting(&mira.get(&way_back(&state)).await);
    assert_eq!(assert_waiting(&mira.get(&way_back(&state)).await), on);
    let (one, (other, ())) = join(mira.get(&on), join(mira.get(&on), async { gate.open() })).await;
    assert_eq!([one.location(), other.location()], ["/dashboard"; 2]);
    assert!(mira.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
    assert_eq!(exchanges(&provider), 1);
}

#[actix_web::test]
async fn two_waiting_tabs_each_continue_to_their_own_page() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let mut ways_on = Vec::new();
    for tab in ["first", "second"] {
        let way = format!("/auth/workos?return_to=%2Fdashboard%3F{tab}");
        let state = set_out(&mira, &way).await;
        ways_on.push(assert_waiting(&mira.get(&way_back(&state)).await));
    }
    gate.open();
    for (on, tab) in ways_on.iter().zip(["first", "second"]).rev() {
        let landed = bring_back(&mira, on).await;
        assert_eq!(landed.location(), format!("/dashboard?{tab}"));
    }
}

#[actix_web::test]
async fn a_request_that_goes_away_does_not_take_the_sign_in_with_it() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let gone = async { until("the code is spent", async || exchanges(&provider) == 1).await };
    let back = way_back(&state);
    tokio::select! {
        answer = mira.get(&back) => { assert_waiting(&answer); }
        () = gone => {}
    }
    gate.open();
    until_the_session_has_begun(&app).await;
    assert_landed(&bring_back(&mira, &back).await, "/dashboard");
    assert!(mira.is_in().await);
    assert_eq!(exchanges(&provider), 1);
}

#[actix_web::test]
async fn a_slow_provider_that_fails_leads_back_with_the_cause() {
    let (app, provider) = with_mira().await;
    for (status, body, problem) in [
        (503, "", "unreachable"),
        (400, r#"{"error":"invalid_grant"}"#, "code-refused"),
    ] {
        let gate = provider.hold(TOKENS);
        let mira = app.visitor();
        let on = come_back_to_wait(&mira).await;
        provider.script().refuse(TOKENS, status, body);
        gate.open();
        assert_turned_back(&mira, &mira.get(&on).await, problem).await;
        assert!(!mira.is_in().await && !has_a_flow(&mira));
    }
}

// SECURITY rule 17: what is waited for is bound to the browser that set out.
#[actix_web::test]
async fn a_waiting_page_without_a_flow_redirects() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let on = come_back_to_wait(&mira).await;
    gate.open();
    until_the_session_has_begun(&app).await;
    let stranger = app.visitor();
    set_out(&stranger, "/auth/workos").await;
    for path in [&on, "/auth/workos/finish", "/auth/workos/finish?flow=x"] {
        let answer = stranger.get(path).await;
        let words = assert_turned_back(&stranger, &answer, "lost").await;
        assert!(words.contains("can’t be found any more"), "{words}");
        assert!(!stranger.is_in().await);
    }
    let noor = app.signed_in("noor@acme.test").await;
    for path in [&on, "/auth/workos/finish"] {
        assert_eq!(noor.get(path).await.location(), "/dashboard");
    }
    assert!(noor.get("/dashboard").await.body.contains("noor@acme.test"));
    assert_eq!(mira.get(&on).await.location(), "/dashboard");
}

#[actix_web::test]
async fn an_outcome_not_fetched_within_a_minute_is_forgotten() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let on = come_back_to_wait(&mira).await;
    gate.open();
    until_the_session_has_begun(&app).await;
    app.later(Duration::from_secs(60));
    assert_turned_back(&mira, &mira.get(&on).await, "lost").await;
    assert!(!mira.is_in().await);
}

// SECURITY rule 17: two tabs do not disturb each other.
#[actix_web::test]
async fn two_tabs_that_wait_both_end_where_they_meant_to_and_in_one_session() {
    let (app, provider) = with_mira().await;
    let gate = provider.hold(TOKENS);
    let mira = app.visitor();
    let mut waiting = Vec::new();
    for name in ["first", "second"] {
        let start = format!("/auth/workos?return_to=%2Fdashboard%3F{name}");
        let state = set_out(&mira, &start).await;
        waiting.push(assert_waiting(&mira.get(&way_back(&state)).await));
    }
    gate.open();
    assert_eq!(mira.get(&waiting[1]).await.location(), "/dashboard?second");
    assert_eq!(mira.get(&waiting[0]).await.location(), "/dashboard?first");
    assert!(mira.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
}

// SECURITY rule 26: the code is spent by then, so the sign-in would be lost.
#[actix_web::test]
async fn a_database_that_is_held_for_some_seconds_delays_a_sign_in_and_loses_none() {
    let (app, provider) = with_mira().await;
    // What a server writes at its start has been written by then.
    app.asked(MIRA).await;
    let mut holder = connect(&app.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mira = app.visitor();
    let on = come_back_to_wait(&mira).await;
    // A later write has timed out, so her own first try has timed out too.
    let noor = app.visitor().ask_for_code("noor@acme.test").await;
    assert_eq!(noor.status, 503);
    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(mira.get(&on).await.location(), "/dashboard");
    assert!(mira.is_in().await);
    assert_eq!(exchanges(&provider), 1);
}

#[actix_web::test]
async fn a_database_locked_for_too_long_ends_the_sign_in() {
    let (app, _provider) = with_mira().await;
    let mut holder = connect(&app.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mira = app.visitor();
    let on = come_back_to_wait(&mira).await;
    let words = assert_turned_back(&mira, &mira.get(&on).await, "busy").await;
    assert!(words.contains("start again"), "{words}");
}

#[actix_web::test]
async fn a_slow_provider_holds_up_no_one_else() {
    let (app, provider) = with_mira().await;
    let noor = signed_in(&app).await;
    let gate = provider.hold(TOKENS);
    let waiting: Vec<_> = (0..20).map(|_| app.visitor()).collect();
    let all = join_all(waiting.iter().map(come_back_to_wait)).await;
    assert_eq!(exchanges(&provider), 21);
    // All twenty are held until the gate opens, however long this takes.
    assert_eq!(app.visitor().get("/sign-in").await.status, 200);
    assert!(noor.is_in().await);
    app.signed_in("other@acme.test").await;
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 2);
    gate.open();
    for (visitor, on) in waiting.iter().zip(&all) {
        assert_eq!(visitor.get(on).await.location(), "/dashboard");
    }
    assert!(waiting[7].is_in().await);
}

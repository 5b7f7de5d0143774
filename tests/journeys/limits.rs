//! How often one may ask and try, per address and per network, with the clock moved by hand.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use reqwest::StatusCode;

use crate::support::app::connect;
use crate::support::{Answer, TestApp, Visitor};

const MIRA: &str = "mira@acme.test";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Asks so many times, and each time is let.
async fn ask(visitor: &Visitor, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(
            visitor.ask_for_code(email).await.location(),
            "/sign-in/code"
        );
    }
}

#[track_caller]
fn assert_refused(answer: &Answer, words: &str, retry_after: Duration) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.text("[role=alert]"), words);
    let seconds = retry_after.as_secs().to_string();
    assert_eq!(answer.header("retry-after"), seconds);
}

#[track_caller]
fn assert_wait_one_minute(answer: &Answer, retry_after: Duration) {
    let words = "Wait one minute before asking for another code.";
    assert_refused(answer, words, retry_after);
}

#[track_caller]
fn assert_network_full(answer: &Answer) {
    let words = "Too many code requests from your network. Wait one minute, then try again.";
    assert_refused(answer, words, MINUTE);
}

#[actix_web::test]
async fn the_eleventh_request_in_a_minute_is_refused_for_known_and_unknown_addresses_alike() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    for email in [MIRA, "ghost@acme.test"] {
        let visitor = app.visitor();
        ask(&visitor, email, 10).await;
        let refused = visitor.ask_for_code(email).await;
        assert_wait_one_minute(&refused, MINUTE);
        assert_eq!(refused.set_cookie("challenge"), "");
        assert_eq!(refused.attribute("#email", "value"), email);
        assert_wait_one_minute(&app.visitor().ask_for_code(email).await, MINUTE);
        assert_wait_one_minute(&visitor.resend().await, MINUTE);
    }
    assert_eq!(app.mails().await.len(), 10);
}

#[actix_web::test]
async fn a_refusal_is_a_page_or_a_fragment_as_requested() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    ask(&visitor, MIRA, 10).await;
    let page = visitor.ask_for_code(MIRA).await;
    assert!(page.is_page());
    let form = [("email", MIRA)];
    let fragment = visitor.post_fragment("/sign-in/email", &form).await;
    assert!(fragment.is_fragment());
    assert_wait_one_minute(&fragment, MINUTE);
    let resent = visitor.post_fragment("/sign-in/code/resend", &[]).await;
    assert!(resent.is_fragment());
    assert_wait_one_minute(&resent, MINUTE);
}

#[actix_web::test]
async fn the_window_slides_and_a_refused_request_does_not_lengthen_it() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for _ in 0..10 {
        ask(&visitor, MIRA, 1).await;
        app.later(SECOND);
    }
    for second in 10..60 {
        let wait = Duration::from_secs(60 - second);
        assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, wait);
        app.later(SECOND);
    }
    for _ in 0..9 {
        ask(&visitor, MIRA, 1).await;
        assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, SECOND);
        app.later(SECOND);
    }
    ask(&visitor, MIRA, 1).await;
    assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, SECOND * 51);
}

#[actix_web::test]
async fn the_wait_is_rounded_up_so_that_a_punctual_retry_succeeds() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    ask(&visitor, MIRA, 10).await;
    app.later(Duration::from_millis(100));
    let refused = visitor.ask_for_code(MIRA).await;
    assert_wait_one_minute(&refused, MINUTE);
    app.later(Duration::from_millis(59_899));
    assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, SECOND);
    app.later(Duration::from_millis(1));
    ask(&visitor, MIRA, 1).await;
}

// SECURITY rule 6: the case of ASCII letters is folded in the limits too, and nothing else.
#[actix_web::test]
async fn spellings_of_one_address_share_its_window_and_look_alikes_do_not() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for email in [
        "mike@acme.test",
        "MIKE@acme.test",
        "mike@ACME.test",
        "Mike@Acme.Test",
        " mike@acme.test ",
    ] {
        ask(&visitor, email, 2).await;
    }
    assert_wait_one_minute(&visitor.ask_for_code("mikE@acme.test").await, MINUTE);
    ask(&visitor, "mıke@acme.test", 1).await;
    ask(&visitor, "m.ike@acme.test", 1).await;
}

#[actix_web::test]
async fn the_hundred_and_first_request_of_a_day_is_refused() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for _ in 0..10 {
        ask(&visitor, MIRA, 10).await;
        app.later(MINUTE);
    }
    let wait = Duration::from_hours(24) - MINUTE * 10;
    let words =
        "Too many codes for this address today. Ask for another in 24 hours, or ask your admin.";
    assert_refused(&visitor.ask_for_code(MIRA).await, words, wait);
    app.later(wait - SECOND);
    let refused = visitor.ask_for_code(MIRA).await;
    assert_eq!(refused.header("retry-after"), "1");
    app.later(SECOND);
    ask(&visitor, MIRA, 10).await;
}

#[actix_web::test]
async fn the_limits_per_minute_are_settings() {
    let app = TestApp::spawn_with(|settings| {
        settings.code_limit_address = Some("2".to_owned());
        settings.code_limit_ip = Some("3".to_owned());
    })
    .await;
    let visitor = app.visitor();
    ask(&visitor, MIRA, 2).await;
    assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, MINUTE);
    ask(&visitor, "other@acme.test", 1).await;
    assert_network_full(&visitor.ask_for_code("third@acme.test").await);
}

/// So many addresses ask once each.
async fn many_ask(visitor: &Visitor, addresses: std::ops::Range<usize>) {
    for number in addresses {
        ask(visitor, &format!("p{number}@acme.test"), 1).await;
    }
}

#[actix_web::test]
async fn the_sixty_first_request_of_a_network_in_a_minute_is_refused() {
    let app = TestApp::spawn_behind_a_proxy().await;
    let here = app.visitor_at("203.0.113.7");
    many_ask(&here, 0..59).await;
    ask(&here, MIRA, 1).await;
    app.later(SECOND);
    let refused = app.visitor_at("203.0.113.7").ask_for_code(MIRA).await;
    let words = "Too many code requests from your network. Wait one minute, then try again.";
    assert_refused(&refused, words, MINUTE - SECOND);
    ask(&app.visitor_at("203.0.113.8"), MIRA, 9).await;
    app.later(MINUTE - SECOND);
    ask(&here, MIRA, 1).await;
}

// A request that its address refuses uses up nothing of the network's.
#[actix_web::test]
async fn a_refused_request_counts_nowhere() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    ask(&visitor, MIRA, 10).await;
    for _ in 0..60 {
        assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, MINUTE);
    }
    many_ask(&visitor, 0..50).await;
    assert_network_full(&visitor.ask_for_code("last@acme.test").await);
}

#[actix_web::test]
async fn an_ipv6_64_counts_as_one_network() {
    let app = TestApp::spawn_behind_a_proxy().await;
    many_ask(&app.visitor_at("2001:db8:1:2::1"), 0..30).await;
    many_ask(&app.visitor_at("2001:db8:1:2:ffff:ffff:ffff:ffff"), 30..60).await;
    let third = app.visitor_at("2001:db8:1:2:3::4");
    assert_network_full(&third.ask_for_code(MIRA).await);
    ask(&app.visitor_at("2001:db8:1:3::1"), MIRA, 1).await;
}

// SECURITY rule 36: a /56 has 4 times the requests of a /64, and a /48 has 16 times.
#[actix_web::test]
async fn the_64s_of_an_ipv6_56_and_of_a_48_share_a_limit() {
    let app = TestApp::spawn_with(|settings| {
        settings.trusted_proxies = Some("127.0.0.1/32".to_owned());
        settings.code_limit_ip = Some("1".to_owned());
    })
    .await;
    for number in 0..4 {
        for network in 0..4 {
            let ip = format!("2001:db8:1:{number:x}0{network:x}::1");
            ask(&app.visitor_at(&ip), &format!("p{number}@acme.test"), 1).await;
        }
        let ip = format!("2001:db8:1:{number:x}04::1");
        assert_network_full(&app.visitor_at(&ip).ask_for_code(MIRA).await);
    }
    let in_a_new_56 = app.visitor_at("2001:db8:1:f00::1");
    assert_network_full(&in_a_new_56.ask_for_code(MIRA).await);
    ask(&app.visitor_at("2001:db8:2:f00::1"), MIRA, 1).await;
}

/// So many wrong tries from this browser, all for addresses without an account.
async fn wrong_tries(visitor: &Visitor, count: usize) {
    for number in 0..count {
        if number % 5 == 0 {
            ask(visitor, &format!("ghost{number}@acme.test"), 1).await;
        }
        let wrong = visitor.enter("123456").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[actix_web::test]
async fn the_thirty_first_wrong_code_of_a_network_in_ten_minutes_is_refused() {
    let app = TestApp::spawn_behind_a_proxy().await;
    app.add_account(MIRA, "");
    let guesser = app.visitor_at("203.0.113.7");
    wrong_tries(&guesser, 30).await;
    ask(&guesser, MIRA, 1).await;
    let code = app.newest_code(MIRA).await;
    let words = "Too many wrong codes from your network. Try again in 10 minutes.";
    assert_refused(&guesser.enter(&code).await, words, MINUTE * 10);
    let tries = format!("SELECT tries FROM challenges WHERE email = '{MIRA}'");
    assert_eq!(app.number(&tries), 0);
    app.visitor_at("203.0.113.8").sign_in(&app, MIRA).await;

    app.later(MINUTE * 10);
    guesser.sign_in(&app, MIRA).await;
}

// Right codes, and what is no try at all, use up nothing of the thirty.
#[actix_web::test]
async fn right_codes_do_not_count_as_wrong_tries() {
    let app = TestApp::spawn().await;
    for number in 0..35 {
        let email = format!("p{number}@acme.test");
        app.signed_in(&email).await;
        app.visitor().enter("123456").await;
    }
    wrong_tries(&app.visitor(), 20).await;
}

// SECURITY rule 8: a stranger can neither use up the owner's requests nor lock the owner out.
#[actix_web::test]
async fn a_known_browser_has_its_own_windows() {
    let app = TestApp::spawn().await;
    let owner = app.signed_in(MIRA).await;
    owner.post("/sign-out", &[]).await;
    let stranger = app.visitor();
    ask(&stranger, MIRA, 9).await;
    assert_wait_one_minute(&stranger.ask_for_code(MIRA).await, MINUTE);
    many_ask(&stranger, 0..44).await;
    wrong_tries(&stranger, 30).await;
    assert_network_full(&stranger.ask_for_code("last@acme.test").await);

    owner.sign_in(&app, MIRA).await;
    ask(&owner, MIRA, 9).await;
    assert_wait_one_minute(&owner.ask_for_code(MIRA).await, MINUTE);
}

// The memory of a sign-in is good for that account alone, and only as we signed it.
#[actix_web::test]
async fn a_browser_is_known_for_the_account_it_signed_in_to_and_for_no_other() {
    let app = TestApp::spawn().await;
    let owner = app.signed_in(MIRA).await;
    let device = owner.cookie("device").unwrap();
    ask(&app.visitor(), "other@acme.test", 10).await;
    assert_wait_one_minute(&owner.ask_for_code("other@acme.test").await, MINUTE);

    let stranger = app.visitor();
    ask(&stranger, MIRA, 9).await;
    let (first, rest) = device.split_at(1);
    let forged = format!("{}{rest}", if first == "A" { "B" } else { "A" });
    stranger.set_cookie("device", &forged);
    assert_wait_one_minute(&stranger.ask_for_code(MIRA).await, MINUTE);
    stranger.set_cookie("device", &device);
    ask(&stranger, MIRA, 1).await;
}

#[actix_web::test]
async fn a_browser_is_known_for_a_hundred_and_eighty_days() {
    let app = TestApp::spawn().await;
    let owner = app.signed_in(MIRA).await;
    let device = owner.cookie("device").unwrap();
    app.later(Duration::from_hours(180 * 24) - SECOND);
    ask(&app.visitor(), MIRA, 10).await;
    owner.set_cookie("device", &device);
    ask(&owner, MIRA, 1).await;
    app.later(SECOND);
    assert_wait_one_minute(&owner.ask_for_code(MIRA).await, MINUTE - SECOND);
}

// SECURITY rule 26: a request that found the database locked was none.
#[actix_web::test]
async fn a_request_that_could_not_be_written_down_is_not_counted() {
    let app = TestApp::spawn_with(|settings| {
        settings.code_limit_address = Some("1".to_owned());
    })
    .await;
    let visitor = app.visitor();
    let mut holder = connect(&app.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let busy = visitor.ask_for_code(MIRA).await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    holder.batch_execute("ROLLBACK").unwrap();
    ask(&visitor, MIRA, 1).await;
    assert_wait_one_minute(&visitor.ask_for_code(MIRA).await, MINUTE);

    app.later(MINUTE);
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let busy = visitor.resend().await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(visitor.resend().await.location(), "/sign-in/code?resent");
    assert_wait_one_minute(&visitor.resend().await, MINUTE);
}

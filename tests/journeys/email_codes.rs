//! The code: one use, one browser, a short life, five tries, and nothing of it in any file.

use std::fs;
use std::time::Duration;

use reqwest::StatusCode;

use crate::support::{Answer, TestApp, other_than};

const MIRA: &str = "mira@acme.test";
const TEN_MINUTES: Duration = Duration::from_mins(10);

async fn app_with_mira() -> TestApp {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "Mira Bell");
    app
}

#[track_caller]
fn assert_wrong(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .text("#code-error")
            .contains("isn’t right or has expired"),
        "{answer:?}"
    );
}

// SECURITY rule 1: one use.
#[actix_web::test]
async fn a_code_works_once() {
    let app = app_with_mira().await;
    let (mira, code) = app.asked(MIRA).await;
    let challenge = mira.cookie("challenge").unwrap();
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert!(mira.cookie("challenge").is_none());

    mira.set_cookie("challenge", &challenge);
    assert_wrong(&mira.enter(&code).await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
    // It is spent, so that a try at it costs its owner none.
    assert_wrong(&mira.enter(&other_than(&code)).await);
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 0);
}

// SECURITY rule 1: at most ten minutes by default.
#[actix_web::test]
async fn a_code_works_for_ten_minutes_and_not_a_moment_longer() {
    let app = app_with_mira().await;
    let (in_time, code) = app.asked(MIRA).await;
    app.later(TEN_MINUTES - Duration::from_millis(1));
    assert_eq!(in_time.enter(&code).await.location(), "/dashboard");

    let (late, code) = app.asked(MIRA).await;
    app.later(TEN_MINUTES);
    assert_wrong(&late.enter(&code).await);
    assert!(!late.is_in().await);
    assert_wrong(&late.enter(&other_than(&code)).await);
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 0);
}

// SECURITY rule 1: the clock was wrong by an hour, and is set right.
#[actix_web::test]
async fn a_code_from_before_a_clock_change_never_works_again() {
    let app = app_with_mira().await;
    let hour = Duration::from_hours(1);
    app.later(hour);
    let (mira, code) = app.asked(MIRA).await;
    app.clock.set_back(hour);
    assert_wrong(&mira.enter(&code).await);
    app.server().housekeeping().clean_up().await.unwrap();
    app.later(hour);
    mira.enter(&code).await;
    assert!(!mira.is_in().await);

    let (mira, code) = app.asked(MIRA).await;
    app.clock.set_back(Duration::from_mins(1));
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

// SECURITY rule 1: the lifetime is a setting, and the mail and the page say what it is.
#[actix_web::test]
async fn a_shorter_lifetime_is_kept_and_told() {
    let app =
        TestApp::spawn_with(|settings| settings.email_code_ttl = Some("90s".to_owned())).await;
    app.add_account(MIRA, "");
    let (mira, code) = app.asked(MIRA).await;
    let page = mira.get("/sign-in/code").await;
    assert!(page.text(".lead").contains("It works for 90 seconds."));
    assert!(app.mails().await[0].raw.contains("It works for 90 seconds"));
    app.later(Duration::from_secs(90));
    assert_wrong(&mira.enter(&code).await);
}

// SECURITY rule 2: bound to the browser that asked.
#[actix_web::test]
async fn a_code_works_in_the_browser_that_asked_and_in_no_other() {
    let app = app_with_mira().await;
    let (mira, code) = app.asked(MIRA).await;
    let stranger = app.visitor();
    assert_wrong(&stranger.enter(&code).await);
    stranger.set_cookie("challenge", &"A".repeat(43));
    assert_wrong(&stranger.enter(&code).await);
    let (other_browser, _) = app.asked(MIRA).await;
    assert_wrong(&other_browser.enter(&code).await);

    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
    assert_eq!(app.number("SELECT min(tries) FROM challenges"), 0);
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

// SECURITY rule 4: a new code replaces the older one of the same challenge.
#[actix_web::test]
async fn a_new_code_replaces_the_older_one_and_has_five_tries() {
    let app = app_with_mira().await;
    let (mira, older) = app.asked(MIRA).await;
    for _ in 0..5 {
        assert_wrong(&mira.enter(&other_than(&older)).await);
    }
    assert_eq!(mira.resend().await.location(), "/sign-in/code?resent");
    let newer = app.newest_code(MIRA).await;
    assert_wrong(&mira.enter(&older).await);
    for _ in 0..3 {
        assert_wrong(&mira.enter(&other_than(&newer)).await);
    }
    assert_eq!(mira.enter(&newer).await.location(), "/dashboard");
}

// SECURITY rule 4: so does asking again from the email step.
#[actix_web::test]
async fn asking_again_from_the_email_step_replaces_the_older_code_too() {
    let app = app_with_mira().await;
    let (mira, older) = app.asked(MIRA).await;
    let first_challenge = mira.cookie("challenge").unwrap();
    mira.ask_for_code(MIRA).await;
    let newer = app.newest_code(MIRA).await;
    assert_eq!(app.number("SELECT count(*) FROM challenges"), 1);
    assert_wrong(&mira.enter(&older).await);

    let second_challenge = mira.cookie("challenge").unwrap();
    mira.set_cookie("challenge", &first_challenge);
    assert_wrong(&mira.enter(&older).await);
    mira.set_cookie("challenge", &second_challenge);
    assert_eq!(mira.enter(&newer).await.location(), "/dashboard");
}

// SECURITY rule 1: a new code has its own lifetime.
#[actix_web::test]
async fn a_new_code_lives_as_long_as_the_first_one_would_have() {
    let app = app_with_mira().await;
    let (mira, _) = app.asked(MIRA).await;
    app.later(TEN_MINUTES);
    mira.resend().await;
    let newer = app.newest_code(MIRA).await;
    app.later(TEN_MINUTES - Duration::from_millis(1));
    assert_eq!(mira.enter(&newer).await.location(), "/dashboard");
}

// SECURITY rule 3: five tries, then even the right code is refused.
#[actix_web::test]
async fn after_five_wrong_tries_the_right_code_is_refused_too() {
    let app = app_with_mira().await;
    let (mira, code) = app.asked(MIRA).await;
    for _ in 0..5 {
        assert_wrong(&mira.enter(&other_than(&code)).await);
    }
    let spent = mira.enter(&code).await;
    assert_eq!(spent.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        spent.text("#code-error"),
        "Too many wrong codes. Send a new one."
    );
    assert_eq!(app.number("SELECT tries FROM challenges"), 5);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
}

// SECURITY rule 1: a right try is not held against anyone.
#[actix_web::test]
async fn a_right_code_leaves_no_wrong_try_behind() {
    let app = app_with_mira().await;
    let (mira, code) = app.asked(MIRA).await;
    mira.enter(&other_than(&code)).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 1);
}

// SECURITY rule 11: suspension acts at once, on codes that are out already too.
#[actix_web::test]
async fn the_code_of_an_account_suspended_meanwhile_is_a_wrong_one() {
    let app = app_with_mira().await;
    let (mira, code) = app.asked(MIRA).await;
    app.sql("UPDATE accounts SET suspended_at = 1");
    assert_wrong(&mira.enter(&code).await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
}

#[actix_web::test]
async fn a_code_is_taken_the_way_people_type_and_paste_it() {
    let app = app_with_mira().await;
    let in_digits_from = |zero: char, code: &str| -> String {
        code.chars()
            .map(|digit| char::from_u32(u32::from(zero) + digit.to_digit(10).unwrap()).unwrap())
            .collect()
    };
    let spellings: [&dyn Fn(&str) -> String; 6] = [
        &|code| in_digits_from('０', code),
        &|code| in_digits_from('٠', code),
        &|code| format!(" {} {}\n", &code[..3], &code[3..]),
        &|code| format!("{}-{}", &code[..3], &code[3..]),
        &|code| format!("{}\u{2013}{}", &code[..3], &code[3..]),
        &|code| format!("{}\u{3000}{}", &code[..2], &code[2..]),
    ];
    for spelled in spellings {
        let (mira, code) = app.asked(MIRA).await;
        let typed = spelled(&code);
        assert_eq!(
            mira.enter(&typed).await.location(),
            "/dashboard",
            "{typed:?}"
        );
    }
}

#[actix_web::test]
async fn malformed_input_is_refused_with_a_message_and_costs_no_try() {
    let app = app_with_mira().await;
    let (mira, code) = app.asked(MIRA).await;
    let long = format!("{code}0");
    let huge = "7".repeat(3_000);
    for typed in [
        "",
        " ",
        "12345",
        "abcdef",
        "12345x",
        "²³¹¼½¾",
        "\0",
        &long,
        &huge,
    ] {
        let refused = mira.enter(typed).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{typed:?}"
        );
        assert_eq!(
            refused.text("#code-error"),
            "Enter the six digits from the mail."
        );
    }
    assert_eq!(app.number("SELECT tries FROM challenges"), 0);
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 0);
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

// SECURITY rules 4 and 10: only hashes are kept, 32 bytes each.
#[actix_web::test]
async fn no_code_and_no_token_is_in_any_file_of_the_database() {
    let app = app_with_mira().await;
    let (mira, first_code) = app.asked(MIRA).await;
    mira.resend().await;
    let code = app.newest_code(MIRA).await;
    let challenge = mira.cookie("challenge").unwrap();
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    let session = mira.cookie("session").unwrap();
    let token = &session[session.len() - 43..];

    let files = database_bytes(&app);
    assert!(holds(&files, MIRA), "the search finds nothing at all");
    for secret in [&first_code, &code, &challenge, &session, token] {
        assert!(!holds(&files, secret), "{secret} is in a file");
    }
    let kept = "SELECT length(code_hash) = 32 AND length(code_salt) = 16 FROM challenges";
    assert_eq!(app.number(kept), 1);
    assert_eq!(app.number("SELECT length(token_hash) FROM sessions"), 32);
}

/// The database, its log and its index, one after the other.
fn database_bytes(app: &TestApp) -> Vec<u8> {
    ["", "-wal", "-shm"]
        .iter()
        .flat_map(|suffix| fs::read(format!("{}{suffix}", app.database().display())).unwrap())
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

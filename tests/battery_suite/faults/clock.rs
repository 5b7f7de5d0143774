//! The clock jumps by an hour, forth and back (SECURITY rules 1 and 26). No code works past its
//! lifetime, and no person is locked out for the hour that the clock was wrong.

use std::time::Duration;

use rand::RngExt;
use reqwest::StatusCode;

use crate::report::{Form, Row};
use crate::support::TestApp;
use crate::support::outbox::Mail;
use crate::support::smtp::SmtpServer;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// How long a code works, and what a clock may be off by.
const WORKS: Duration = Duration::from_mins(10);
const SLACK: Duration = MINUTE;

/// More than the limit lets through.
const MORE_THAN_ALLOWED: usize = 20;
/// In the places where the clock may jump, it does one time in three.
const JUMPS: f64 = 1.0 / 3.0;

#[derive(Default)]
struct Tally {
    got_in: u64,
    kept_out: u64,
    jumps: u64,
    oldest: Duration,
    findings: Vec<String>,
}

pub(super) async fn run(form: Form) -> Row {
    let times = form.pick(60, 2_000);
    let (app, smtp) = TestApp::spawn_with_smtp(|_| {}).await;
    let mut tally = Tally::default();
    for number in 0..times {
        let email = format!("c{number}@acme.test");
        app.add_account(&email, "");
        one_sign_in(&app, &smtp, &email, &mut tally).await;
        if number % 10 == 0 {
            one_limit(&app, &email, &mut tally).await;
        }
    }
    if tally.got_in == 0 || tally.kept_out == 0 || tally.jumps == 0 {
        tally.findings.push("this shows nothing".to_owned());
    }
    let measured = format!(
        "the clock jumped {} times; {} got in, with codes of at most {} s; {} needed a new code; no panic, no one locked out",
        tally.jumps,
        tally.got_in,
        tally.oldest.as_secs(),
        tally.kept_out
    );
    Row::judged(
        "sign-ins while the clock jumps an hour, forth and back (26)",
        times,
        &measured,
        &tally.findings,
    )
}

/// A right code, some time later by a clock that may have jumped.
async fn one_sign_in(app: &TestApp, smtp: &SmtpServer, email: &str, tally: &mut Tally) {
    let mut clock = Jumping::right(app);
    clock.jump_perhaps();
    app.server().mail().drain(Duration::from_secs(20)).await;
    smtp.take_mails();
    let visitor = app.visitor();
    let asked = visitor.ask_for_code(email).await;
    assert_eq!(asked.location(), "/sign-in/code");
    let letter = Mail::parse(smtp.next_mail().await.data);
    assert!(letter.has_code(), "{letter:?}");
    let code = letter.code();
    clock.jumps = 0;
    let mut age = Duration::ZERO;
    // Half of them come in time.
    let waits = if rand::rng().random_bool(0.5) { 1 } else { 8 };
    for _ in 0..rand::rng().random_range(1..=waits) {
        clock.jump_perhaps();
        let span = Duration::from_secs(rand::rng().random_range(60..600));
        app.later(span);
        age += span;
        app.server().housekeeping().clean_up().await.unwrap();
    }
    let entered = visitor.enter(&code).await;
    if entered.status.is_server_error() {
        tally
            .findings
            .push(format!("a code was answered {}", entered.status));
    }
    if visitor.is_in().await {
        tally.got_in += 1;
        tally.oldest = tally.oldest.max(age);
        if age >= WORKS + SLACK {
            tally
                .findings
                .push(format!("a code of {} s began a session", age.as_secs()));
        }
    } else {
        tally.kept_out += 1;
        if age < WORKS && clock.jumps == 0 {
            tally.findings.push(format!(
                "a code of {} s did not let anybody in",
                age.as_secs()
            ));
        }
    }
    clock.set_right();
    tally.jumps += clock.all_jumps;
}

/// An address whose window was filled while the clock was ahead: it is open again a minute later.
async fn one_limit(app: &TestApp, email: &str, tally: &mut Tally) {
    let mut clock = Jumping::right(app);
    app.later(MINUTE);
    clock.jump();
    let mut asked = 0;
    while app.visitor().ask_for_code(email).await.status != StatusCode::TOO_MANY_REQUESTS {
        asked += 1;
        assert!(asked < MORE_THAN_ALLOWED, "no limit is left");
    }
    clock.set_right();
    app.later(Duration::from_secs(30));
    if app.visitor().ask_for_code(email).await.status != StatusCode::TOO_MANY_REQUESTS {
        tally
            .findings
            .push("a jump opened a closed window".to_owned());
    }
    app.later(MINUTE);
    if app.visitor().ask_for_code(email).await.status != StatusCode::SEE_OTHER {
        tally
            .findings
            .push("an address stayed locked out after the clock was set right".to_owned());
    }
}

/// A clock that is right, or an hour ahead.
struct Jumping<'a> {
    app: &'a TestApp,
    ahead: bool,
    /// Since the code was asked for.
    jumps: u32,
    all_jumps: u64,
}

impl<'a> Jumping<'a> {
    fn right(app: &'a TestApp) -> Self {
        Self {
            app,
            ahead: false,
            jumps: 0,
            all_jumps: 0,
        }
    }

    fn jump_perhaps(&mut self) {
        if rand::rng().random_bool(JUMPS) {
            self.jump();
        }
    }

    fn jump(&mut self) {
        if self.ahead {
            self.app.clock.set_back(HOUR);
        } else {
            self.app.clock.advance(HOUR);
        }
        self.ahead = !self.ahead;
        self.jumps += 1;
        self.all_jumps += 1;
    }

    fn set_right(&mut self) {
        if self.ahead {
            self.jump();
        }
    }
}

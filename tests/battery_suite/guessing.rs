//! Guessing for days (SECURITY rule 8), with the clock moved by hand and restarts in between.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use vestibule::domain::Timestamp;

use crate::report::{Form, Row};
use crate::support::{TestApp, Visitor, how_many, other_than};

const DAY: Duration = Duration::from_hours(24);
const SEED: u64 = 8;
/// Under a hundred codes a day for an address, so that its requests never run out.
const BETWEEN_STEPS: Duration = Duration::from_mins(15);
const VICTIMS: [&str; 3] = ["mira@acme.test", "noor@acme.test", "ada@acme.test"];
const FOR_ONE: usize = 50;
const PARALLEL: usize = 50;
const OVERALL: usize = 1_000;

pub fn run(form: Form) -> Vec<Row> {
    actix_web::rt::System::new().block_on(async {
        vec![
            days_of_guessing(form.pick(32, 24 * 7)).await,
            a_thousand().await,
            fifty_at_once(form.pick(10, 1_000)).await,
        ]
    })
}

/// When wrong codes were evaluated, by address.
#[derive(Default)]
struct Evaluated(BTreeMap<String, Vec<Timestamp>>);

impl Evaluated {
    fn add(&mut self, email: &str, at: Timestamp) {
        self.0.entry(email.to_owned()).or_default().push(at);
    }

    /// The most that fell within any 24 hours, for one address and for all.
    fn most_in_a_day(&self) -> (usize, usize) {
        let for_one = self
            .0
            .values()
            .map(|moments| most_within_a_day(moments))
            .max();
        let mut all: Vec<_> = self.0.values().flatten().copied().collect();
        all.sort_unstable();
        (for_one.unwrap_or_default(), most_within_a_day(&all))
    }
}

fn most_within_a_day(moments: &[Timestamp]) -> usize {
    let within = |start: usize| {
        let from = moments[start];
        moments[start..]
            .iter()
            .filter(|at| at.since(from) < DAY)
            .count()
    };
    (0..moments.len()).map(within).max().unwrap_or_default()
}

/// A stranger with a new challenge, and the code that it would take. The mail is taken away.
async fn stranger(app: &TestApp, email: &str, number: usize) -> (Visitor, String) {
    // A different /24 each: one /24 has 200 wrong tries a day.
    let ip = format!(
        "198.{}.{}.{}",
        18 + number / 65_536 % 2,
        number % 256,
        number / 256 % 256
    );
    let stranger = app.visitor_at(&ip);
    assert_eq!(
        stranger.ask_for_code(email).await.location(),
        "/sign-in/code"
    );
    let code = app.newest_code(email).await;
    forget_mail(app);
    (stranger, code)
}

fn forget_mail(app: &TestApp) {
    for entry in fs::read_dir(app.data().join("outbox")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

/// Tries wrong codes at once; how many were evaluated.
async fn guess(stranger: &Visitor, code: &str, times: usize) -> usize {
    let answers = stranger.enter_at_once(&other_than(code), times).await;
    let evaluated = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::UNPROCESSABLE_ENTITY);
    for answer in &answers {
        let expected = [
            StatusCode::UNPROCESSABLE_ENTITY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        assert!(expected.contains(&answer.status), "{answer:?}");
    }
    evaluated.count()
}

/// Fifty codes at once, again and again (SECURITY rule 3): of wrong ones five are evaluated, of right ones one
/// begins a session.
async fn fifty_at_once(rounds: usize) -> Row {
    let app = TestApp::spawn_behind_a_proxy().await;
    let mut findings = Vec::new();
    let (mut evaluated, mut began) = (0, 0);
    for round in 0..rounds {
        // Everybody's budget of wrong codes is not what is tried.
        app.sql("DELETE FROM wrong_tries");
        let email = format!("p{round}@acme.test");
        app.add_account(&email, "");
        let (guesser, code) = stranger(&app, &email, 2 * round).await;
        let answers = guesser.enter_at_once(&other_than(&code), PARALLEL).await;
        let wrong = how_many(&answers, StatusCode::UNPROCESSABLE_ENTITY);
        let counted = app.number(&format!(
            "SELECT count(*) FROM wrong_tries WHERE email = '{email}'"
        ));
        if (wrong, counted) != (5, 5) {
            findings.push(format!(
                "of {PARALLEL} wrong codes {wrong} were evaluated and {counted} counted"
            ));
        }
        evaluated += wrong;
        let (owner, code) = stranger(&app, &email, 2 * round + 1).await;
        let answers = owner.enter_at_once(&code, PARALLEL).await;
        let got_in = how_many(&answers, StatusCode::SEE_OTHER);
        let sessions = app.number(&format!(
            "SELECT count(*) FROM sessions JOIN accounts ON accounts.id = account_id WHERE email = '{email}'"
        ));
        if (got_in, sessions) != (1, 1) {
            findings.push(format!(
                "{PARALLEL} times the right code let in {got_in} times, to {sessions} sessions"
            ));
        }
        began += got_in;
        if round % 100 == 99 {
            app.later(Duration::from_mins(1));
        }
    }
    let measured = format!(
        "{PARALLEL} wrong codes at once and {PARALLEL} right ones, each time: {evaluated} wrong ones evaluated, {began} sessions begun"
    );
    Row::judged(
        "3: wrong codes at once, and right ones",
        rounds as u64,
        &measured,
        &findings,
    )
}

async fn days_of_guessing(hours: u64) -> Row {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut app = TestApp::spawn_behind_a_proxy().await;
    let mut owners = Vec::new();
    for email in VICTIMS {
        let owner = app.signed_in(email).await;
        owner.post("/sign-out", &[]).await;
        owners.push(owner);
    }
    let (mut evaluated, mut findings) = (Evaluated::default(), Vec::new());
    let (mut tried, mut restarts, mut got_in, mut number) = (0, 0, 0, 0);
    let steps = hours * 4;
    for step in 0..steps {
        for email in VICTIMS {
            number += 1;
            let now = app.clock.now();
            let (stranger, code) = stranger(&app, email, number).await;
            let times = random.random_range(1..=7);
            tried += times as u64;
            for _ in 0..guess(&stranger, &code, times).await {
                evaluated.add(email, now);
            }
        }
        if random.random_range(0..12) == 0 {
            restarts += 1;
            app.restart_with(|_| {}).await;
        }
        if step % 24 == 23 {
            for (owner, email) in owners.iter_mut().zip(VICTIMS) {
                // The server may listen elsewhere by now; the browser is the same.
                owner.sign_in(&app, email).await;
                owner.post("/sign-out", &[]).await;
                got_in += 1;
            }
        }
        app.later(BETWEEN_STEPS);
    }
    let (most, _) = evaluated.most_in_a_day();
    if most > FOR_ONE {
        findings.push(format!(
            "{most} wrong codes were evaluated for one account in 24 hours"
        ));
    }
    // The attack has to be one: an account's budget was used up, and more was tried.
    if most < FOR_ONE {
        findings.push(format!(
            "no account's budget was used up: {most} in 24 hours"
        ));
    }
    let measured = format!(
        "{hours} hours, {restarts} restarts, {number} challenges and IPs; never more than {most} evaluated for one account in any 24 hours; the owners' browsers got in each of {got_in} times"
    );
    Row::judged(
        "8: wrong codes against three accounts for days",
        tried,
        &measured,
        &findings,
    )
}

/// Everybody's budget: a thousand in 24 hours over all accounts, from unknown browsers.
async fn a_thousand() -> Row {
    let mut app = TestApp::spawn_behind_a_proxy().await;
    let owner = app.signed_in(VICTIMS[0]).await;
    owner.post("/sign-out", &[]).await;
    let (mut evaluated, mut findings) = (Evaluated::default(), Vec::new());
    let (mut tried, mut number) = (0, 0);
    for victim in 0..26 {
        let email = format!("p{victim}@acme.test");
        app.add_account(&email, "");
        for _ in 0..8 {
            number += 1;
            let (stranger, code) = stranger(&app, &email, number).await;
            tried += 5;
            for _ in 0..guess(&stranger, &code, 5).await {
                evaluated.add(&email, app.clock.now());
            }
        }
        if victim % 10 == 9 {
            app.restart_with(|_| {}).await;
        }
        app.later(Duration::from_mins(2));
    }
    let (_, most) = evaluated.most_in_a_day();
    if most != OVERALL {
        findings.push(format!("{most} were evaluated, not {OVERALL}"));
    }
    let (unknown, code) = stranger(&app, VICTIMS[0], number + 1).await;
    if unknown.enter(&code).await.status != StatusCode::TOO_MANY_REQUESTS {
        findings.push("an unknown browser got in after them".to_owned());
    }
    owner.sign_in(&app, VICTIMS[0]).await;
    app.later(DAY);
    let (newcomer, code) = stranger(&app, VICTIMS[0], number + 2).await;
    if newcomer.enter(&code).await.status != StatusCode::SEE_OTHER {
        findings.push("a newcomer did not get in a day later".to_owned());
    }
    let measured = format!(
        "{most} evaluated in any 24 hours over 26 accounts; then known browsers only, for a day"
    );
    Row::judged(
        "8: wrong codes against everybody",
        tried,
        &measured,
        &findings,
    )
}

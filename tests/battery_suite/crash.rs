//! The server is killed, again and again, in the middle of everything (SECURITY rule 24): what was
//! answered holds, what was used stays used.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rand::RngExt;

use crate::crowd::{Ledger, State, Town};
use crate::guest::{SESSION, connections};
use crate::report::{Form, Row};
use crate::support::process::Process;

/// How soon after a kill the server has to be ready again.
const READY_WITHIN: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Tally {
    kills: u64,
    answers: u64,
    sign_ins: u64,
    sign_outs: u64,
    added: u64,
    suspended: u64,
    codes: u64,
    cut_short: u64,
    slowest_start: Duration,
    findings: Vec<String>,
}

pub fn run(form: Form) -> Vec<Row> {
    let kills = form.pick_of_three(6, 20, 200);
    let longest = form.pick_of_three(1_200, 3_000, 5_000);
    actix_web::rt::System::new().block_on(async {
        let town = Town::found().await;
        let tried = "kill -9 in the middle of a mixed load (24)";
        vec![cut_off(tried, &town, kills, longest, || {}).await]
    })
}

/// Kills the server `kills` times under load, each time within `longest` milliseconds. Calls `fail` before it starts
/// the server again.
pub(crate) async fn cut_off(
    tried: &str,
    town: &Town,
    kills: u64,
    longest: u64,
    fail: impl Fn(),
) -> Row {
    let mut tally = Tally::default();
    let mut ledgers = Vec::new();
    let mut server = town.place.serve(&[]).await;
    for _ in 0..kills {
        let lives = Duration::from_millis(rand::rng().random_range(150..longest));
        let ledger = kill_after(town, server, lives).await;
        fail();
        let began = Instant::now();
        server = town.place.start(&[]);
        tally.slowest_start = tally.slowest_start.max(until_ready(town, began).await);
        tally.kills += 1;
        compare(town, &ledger, &mut tally).await;
        ledgers.push(ledger);
    }
    // Answers from before an earlier crash must still hold after every later crash.
    for ledger in &ledgers {
        sessions(ledger, &mut tally).await;
    }
    drop(server);
    tally.row(tried)
}

/// Kills the server under load.
async fn kill_after(town: &Town, server: Process, lives: Duration) -> Ledger {
    let until = Cell::new(false);
    let kill = async {
        tokio::time::sleep(lives).await;
        server.signal("KILL");
        until.set(true);
        server.ended().await
    };
    let (ledger, ended) = tokio::join!(town.mixed_load(&until), kill);
    assert_eq!(ended.code, None, "the server ended by itself: {ended:?}");
    ledger
}

async fn until_ready(town: &Town, began: Instant) -> Duration {
    let client = connections();
    loop {
        let answer = client
            .get(format!("{}/readyz", town.place.url()))
            .send()
            .await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < READY_WITHIN * 10,
            "the server did not become ready again"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn compare(town: &Town, ledger: &Ledger, tally: &mut Tally) {
    tally.answers += ledger.answers;
    tally.sign_ins += ledger
        .entries
        .iter()
        .filter(|entry| entry.state != State::MaybeIn)
        .count() as u64;
    tally.sign_outs += ledger.with(State::Out).count() as u64;
    tally.added += ledger.added.len() as u64;
    tally.suspended += ledger.suspended as u64;
    tally.cut_short +=
        ledger.with(State::MaybeIn).count() as u64 + ledger.with(State::MaybeOut).count() as u64;
    tally.findings.extend(ledger.wrong.iter().cloned());
    database(town, ledger, tally);
    sessions(ledger, tally).await;
    used_codes(ledger, tally).await;
    database(town, ledger, tally);
}

/// Every answered sign-in is still in force; every answered sign-out still holds.
async fn sessions(ledger: &Ledger, tally: &mut Tally) {
    let client = connections();
    for (state, expected) in [(State::In, true), (State::Out, false)] {
        for entry in ledger.with(state) {
            let mut guest = entry.guest.again(&client);
            if guest.is_in().await != Ok(expected) {
                tally
                    .findings
                    .push(format!("{} is {state:?} no more", entry.email));
            }
        }
    }
}

/// A code whose sign-in was answered never works again. A code without an answer works at most once.
async fn used_codes(ledger: &Ledger, tally: &mut Tally) {
    let client = connections();
    for entry in &ledger.entries {
        if entry.state == State::MaybeIn {
            // Whether it was used is for the database to say: after this it is in any case.
            let mut guest = entry.at_the_code_step(&client);
            guest.enter(&entry.code).await.unwrap();
        }
        let mut guest = entry.at_the_code_step(&client);
        let entered = guest.enter(&entry.code).await.unwrap();
        tally.codes += 1;
        if entered.lets_in() || guest.cookie(SESSION).is_some() {
            tally
                .findings
                .push(format!("the code of {} worked twice", entry.email));
        }
    }
}

/// The database file is intact, all accounts exist, and each code is consumed exactly if it began a session.
fn database(town: &Town, ledger: &Ledger, tally: &mut Tally) {
    let place = &town.place;
    let damage = place
        .number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
        + place.number("SELECT count(*) FROM pragma_foreign_key_check");
    if damage != 0 {
        tally
            .findings
            .push(format!("the integrity check found {damage} faults"));
    }
    let added = format!(
        "SELECT count(*) FROM accounts WHERE email LIKE 'added-{}-%'",
        ledger.round
    );
    let added = place.number(&added);
    if added != i64::try_from(ledger.added.len()).unwrap() {
        tally.findings.push(format!(
            "{added} accounts of {} added are there",
            ledger.added.len()
        ));
    }
    let suspended = format!(
        "SELECT count(*) FROM accounts WHERE email LIKE 'added-{}-%' AND suspended_at IS NOT NULL",
        ledger.round
    );
    let suspended = place.number(&suspended);
    if suspended < i64::try_from(ledger.suspended).unwrap() {
        tally.findings.push(format!(
            "{suspended} accounts of {} suspended are suspended",
            ledger.suspended
        ));
    }
    let mine = format!("email LIKE 'r{}-%'", ledger.round);
    let used = place.number(&format!(
        "SELECT count(*) FROM challenges WHERE consumed_at IS NOT NULL AND {mine}"
    ));
    let began = place.number(&format!(
        "SELECT count(*) FROM activity WHERE kind = 'signed_in' AND {mine}"
    ));
    if used != began {
        tally
            .findings
            .push(format!("{used} codes were used for {began} sign-ins"));
    }
}

impl Tally {
    fn row(mut self, tried: &str) -> Row {
        if self.slowest_start >= READY_WITHIN {
            self.findings
                .push(format!("ready again only after {:?}", self.slowest_start));
        }
        if self.sign_ins < self.kills || self.sign_outs == 0 || self.cut_short == 0 {
            self.findings
                .push("too little happened for this to show anything".to_owned());
        }
        let measured = format!(
            "nothing lost of {} answers: {} sign-ins, {} sign-outs, {} accounts added, {} suspended; {} requests cut short; {} used codes tried \
             again, none worked; ready again within {} ms",
            self.answers,
            self.sign_ins,
            self.sign_outs,
            self.added,
            self.suspended,
            self.cut_short,
            self.codes,
            self.slowest_start.as_millis()
        );
        Row::judged(tried, self.kills, &measured, &self.findings)
    }
}

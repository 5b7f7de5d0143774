//! Another process holds the database's write lock (SECURITY rule 26).

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::stopwatch::Stopwatch;
use crate::crowd::Town;
use crate::guest::Guest;
use crate::report::{Form, Row};
use crate::support::app::connect;

/// How long the lock is held.
const HELD: Duration = Duration::from_secs(10);
/// A statement waits three seconds for a lock, and a request four for its turn: what waits longer
/// than both hangs. A second is for the machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

pub(super) async fn run(form: Form) -> Row {
    let town = Town::found().await;
    let _console = town.place.serve(&[]).await;
    let (mut writes, mut reads) = (Stopwatch::default(), Stopwatch::default());
    let mut findings = Vec::new();
    let mut slowest_recovery = Duration::ZERO;
    let times = form.pick(1, 20);
    for _ in 0..times {
        let round = town.next_round();
        let people = People::arrive(&town, round).await;
        let sessions = town.place.number("SELECT count(*) FROM sessions");
        let mut other = connect(&town.place.database());
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let began = Instant::now();
        let mut people = people;
        while began.elapsed() < HELD {
            people
                .try_all(round, &mut writes, &mut reads, &mut findings)
                .await;
        }
        if town.place.number("SELECT count(*) FROM sessions") != sessions {
            findings.push("sessions came or went while nothing could be written".to_owned());
        }
        other.batch_execute("ROLLBACK").unwrap();
        drop(other);
        let recovery = Instant::now();
        people.get_their_way(&town, round, &mut findings).await;
        slowest_recovery = slowest_recovery.max(recovery.elapsed());
    }
    if writes.worst() > ANSWER_WITHIN {
        findings.push(format!("an answer took {:?}", writes.worst()));
    }
    let measured = format!(
        "{} writes answered 503, the slowest after {} ms; {} reads answered within {} ms; nobody got in by mistake; all got their \
         way {} ms after the release",
        writes.count(),
        writes.worst().as_millis(),
        reads.count(),
        reads.worst().as_millis(),
        slowest_recovery.as_millis()
    );
    let tried = "another process holds the write lock for 10 s (26)";
    Row::judged(tried, times, &measured, &findings)
}

/// One who wants a code, one who has one, and one who is in and wants out.
pub(super) struct People {
    asking: Guest,
    entering: Guest,
    code: String,
    leaving: Guest,
}

impl People {
    pub(super) async fn arrive(town: &Town, round: usize) -> Self {
        let (leaving, code) = town.asked(&format!("r{round}-0-0@acme.test")).await;
        let mut leaving = leaving;
        assert!(leaving.enter(&code).await.unwrap().lets_in());
        let (entering, code) = town.asked(&format!("r{round}-0-1@acme.test")).await;
        Self {
            asking: town.guest(),
            entering,
            code,
            leaving,
        }
    }

    /// Every one of them tries, at once, while nothing can be written.
    pub(super) async fn try_all(
        &mut self,
        round: usize,
        writes: &mut Stopwatch,
        reads: &mut Stopwatch,
        findings: &mut Vec<String>,
    ) {
        let (mut reader, mut fresh) = (self.leaving.clone(), self.asking.clone());
        let asks = format!("r{round}-0-2@acme.test");
        let (mut one, mut two, mut three) = (
            Stopwatch::default(),
            Stopwatch::default(),
            Stopwatch::default(),
        );
        let (asked, entered, left) = tokio::join!(
            one.time(self.asking.ask_for_code(&asks)),
            two.time(self.entering.enter(&self.code)),
            three.time(self.leaving.post("/sign-out", &[])),
        );
        for watch in [one, two, three] {
            writes.add(watch);
        }
        for (what, seen) in [("asking", asked), ("entering", entered), ("leaving", left)] {
            let seen = seen.unwrap();
            if !seen.says_busy() {
                findings.push(format!(
                    "{what} was answered {} {}",
                    seen.status, seen.location
                ));
            }
        }
        let still_in = reads.time(reader.is_in()).await;
        let page = reads.time(fresh.get("/sign-in")).await.unwrap();
        if still_in != Ok(true) || !page.status.is_success() {
            findings.push(format!(
                "reading: in {still_in:?}, the sign-in page {}",
                page.status
            ));
        }
    }

    /// What was refused before goes through now: nothing was used up by the refusals.
    pub(super) async fn get_their_way(
        mut self,
        town: &Town,
        round: usize,
        findings: &mut Vec<String>,
    ) {
        let asked = self
            .asking
            .ask_for_code(&format!("r{round}-0-3@acme.test"))
            .await
            .unwrap();
        let entered = self.entering.enter(&self.code).await.unwrap();
        let left = self.leaving.post("/sign-out", &[]).await.unwrap();
        for (what, seen, to) in [
            ("asking", asked, "/sign-in/code"),
            ("entering", entered, "/dashboard"),
            ("leaving", left, "/signed-out"),
        ] {
            if !seen.leads_to(to) {
                findings.push(format!(
                    "afterwards {what} was answered {} {}",
                    seen.status, seen.location
                ));
            }
        }
        let damage = town
            .place
            .number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
        if damage != 0 {
            findings.push(format!("the integrity check found {damage} faults"));
        }
    }
}

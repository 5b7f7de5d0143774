//! People who find the database unable to write.

use std::time::{Duration, Instant};

use super::stopwatch::Stopwatch;
use crate::crowd::Town;
use crate::guest::Guest;
use crate::report::Row;

/// A request waits two seconds for its turn to hash and four for its turn to write, and a statement
/// three for a lock: what waits longer than all of them hangs. A second is for the machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const SESSIONS: &str = "SELECT count(*) FROM sessions";
const DAMAGE: &str = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";

/// What they met with.
#[derive(Default)]
pub(super) struct Tally {
    times: u64,
    writes: Stopwatch,
    reads: Stopwatch,
    slowest_recovery: Duration,
    findings: Vec<String>,
}

impl Tally {
    pub(super) fn row(mut self, tried: &str) -> Row {
        if self.writes.worst() > ANSWER_WITHIN {
            let worst = self.writes.worst();
            self.findings.push(format!("an answer took {worst:?}"));
        }
        let measured = format!(
            "{} writes answered 503, the slowest after {} ms; {} reads answered within {} ms; no sign-in by mistake; all \
             got their way within {} ms of the end",
            self.writes.count(),
            self.writes.worst().as_millis(),
            self.reads.count(),
            self.reads.worst().as_millis(),
            self.slowest_recovery.as_millis()
        );
        Row::judged(tried, self.times, &measured, &self.findings)
    }
}

/// One who wants a code, one who has one, and one who is in and wants out.
pub(super) struct People<'a> {
    town: &'a Town,
    round: usize,
    sessions: i64,
    asking: Guest,
    entering: Guest,
    code: String,
    leaving: Guest,
}

impl<'a> People<'a> {
    /// They come while all is well.
    pub(super) async fn arrive(town: &'a Town) -> Self {
        let round = town.next_round_of(1, 4);
        let (mut leaving, code) = town.asked(&address(round, 0)).await;
        assert!(leaving.enter(&code).await.unwrap().lets_in());
        let (entering, code) = town.asked(&address(round, 1)).await;
        Self {
            town,
            round,
            sessions: town.place.number(SESSIONS),
            asking: town.guest(),
            entering,
            code,
            leaving,
        }
    }

    /// Every one of them tries, at once, while nothing can be written; what only reads goes on.
    pub(super) async fn try_all(&mut self, tally: &mut Tally) {
        let (mut reader, mut fresh) = (self.leaving.clone(), self.asking.clone());
        let email = address(self.round, 2);
        let mut watches: [Stopwatch; 3] = Default::default();
        let [one, two, three] = &mut watches;
        let (asked, entered, left) = tokio::join!(
            one.time(self.asking.ask_for_code(&email)),
            two.time(self.entering.enter(&self.code)),
            three.time(self.leaving.post("/sign-out", &[])),
        );
        watches
            .into_iter()
            .for_each(|watch| tally.writes.add(watch));
        for (what, seen) in [("asking", asked), ("entering", entered), ("leaving", left)] {
            let seen = seen.unwrap();
            if !seen.says_busy() {
                let finding = format!("{what} was answered {} {}", seen.status, seen.location);
                tally.findings.push(finding);
            }
        }
        let still_in = tally.reads.time(reader.is_in()).await;
        let page = tally.reads.time(fresh.get("/sign-in")).await.unwrap();
        if still_in != Ok(true) || !page.status.is_success() {
            let finding = format!("in: {still_in:?}, the sign-in page: {}", page.status);
            tally.findings.push(finding);
        }
        if self.town.place.number(SESSIONS) != self.sessions {
            let finding = "sessions came or went while nothing could be written";
            tally.findings.push(finding.to_owned());
        }
    }

    /// The requests that were refused before succeed now: the refusals used up no limit.
    pub(super) async fn get_their_way(mut self, tally: &mut Tally) {
        let began = Instant::now();
        let asked = self.asking.ask_for_code(&address(self.round, 3)).await;
        let entered = self.entering.enter(&self.code).await;
        let left = self.leaving.post("/sign-out", &[]).await;
        tally.times += 1;
        tally.slowest_recovery = tally.slowest_recovery.max(began.elapsed());
        for (what, seen, to) in [
            ("asking", asked, "/sign-in/code"),
            ("entering", entered, "/dashboard"),
            ("leaving", left, "/signed-out"),
        ] {
            let seen = seen.unwrap();
            if !seen.leads_to(to) {
                let finding = format!("afterwards {what} was answered {}", seen.status);
                tally.findings.push(finding);
            }
        }
        let damage = self.town.place.number(DAMAGE);
        if damage != 0 {
            let finding = format!("the integrity check found {damage} faults");
            tally.findings.push(finding);
        }
    }
}

fn address(round: usize, account: usize) -> String {
    format!("r{round}-0-{account}@acme.test")
}

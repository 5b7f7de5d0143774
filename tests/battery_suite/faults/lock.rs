//! Another process holds the database's write lock (SECURITY rule 26).

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::people::{People, Tally};
use crate::crowd::Town;
use crate::report::{Form, Row};
use crate::support::app::connect;

/// How long the lock is held.
const HELD: Duration = Duration::from_secs(10);
/// Longer than a request waits for the lock.
const HELD_BRIEFLY: Duration = Duration::from_secs(6);

pub(super) async fn run(form: Form) -> Row {
    let town = Town::found().await;
    let _console = town.place.serve(&[]).await;
    let mut tally = Tally::default();
    let held = form.pick_of_three(HELD_BRIEFLY, HELD, HELD);
    for _ in 0..form.pick(1, 20) {
        let mut people = People::arrive(&town).await;
        let mut other = connect(&town.place.database());
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let began = Instant::now();
        while began.elapsed() < held {
            people.try_all(&mut tally).await;
        }
        other.batch_execute("ROLLBACK").unwrap();
        people.get_their_way(&mut tally).await;
    }
    let tried = format!(
        "another process holds the write lock for {} s (26)",
        held.as_secs()
    );
    tally.row(&tried)
}

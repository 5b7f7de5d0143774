//! Another process holds the database's write lock (SECURITY rule 26).

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::people::{People, Tally};
use crate::crowd::Town;
use crate::report::{Form, Row};
use crate::support::app::connect;

/// How long the lock is held.
const HELD: Duration = Duration::from_secs(10);

pub(super) async fn run(form: Form) -> Row {
    let town = Town::found().await;
    let _console = town.place.serve(&[]).await;
    let mut tally = Tally::default();
    for _ in 0..form.pick(1, 20) {
        let mut people = People::arrive(&town).await;
        let mut other = connect(&town.place.database());
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let began = Instant::now();
        while began.elapsed() < HELD {
            people.try_all(&mut tally).await;
        }
        other.batch_execute("ROLLBACK").unwrap();
        people.get_their_way(&mut tally).await;
    }
    tally.row("another process holds the write lock for 10 s (26)")
}

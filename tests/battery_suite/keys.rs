//! The secret key is changed under load (SECURITY rule 29): no one is signed out.

use std::cell::Cell;
use std::time::Duration;

use crate::crowd::{Entry, State, Town};
use crate::guest::connections;
use crate::report::{Form, Row};

/// How long people come and go before the key is changed, and after.
const LOAD: Duration = Duration::from_secs(2);

pub fn run(form: Form) -> Vec<Row> {
    let rotations = form.pick(4, 40);
    actix_web::rt::System::new().block_on(async {
        let town = Town::found().await;
        let mut server = town.place.serve(&[]).await;
        let mut findings = Vec::new();
        let mut people: Vec<Entry> = Vec::new();
        let mut checks = 0_u64;
        for _ in 0..rotations {
            let until = Cell::new(false);
            let change = async {
                tokio::time::sleep(LOAD).await;
                // By force: each change here comes sooner than SESSION_MAX after the one before.
                let rotated = town.place.run(&["key", "rotate", "--force"]).await;
                tokio::time::sleep(LOAD).await;
                let stopped = server.stopped().await;
                until.set(true);
                (rotated, stopped)
            };
            let (ledger, (rotated, stopped)) = tokio::join!(town.mixed_load(&until), change);
            assert_eq!(
                (rotated.code, stopped.code),
                (Some(0), Some(0)),
                "{rotated:?} {stopped:?}"
            );
            server = town.place.serve(&[]).await;
            findings.extend(ledger.wrong.iter().cloned());
            people.extend(ledger.with(State::In).cloned());
            // Twice: the first answer may hand over a cookie under the new key.
            for _ in 0..2 {
                checks += come_back(&mut people, &mut findings).await;
            }
        }
        if people.is_empty() {
            findings.push("no one was signed in: the trial shows nothing".to_owned());
        }
        let measured = format!(
            "{} people came back {checks} times over all changes, none was signed out",
            people.len()
        );
        vec![Row::judged(
            "key rotate and a restart under load (29)",
            rotations,
            &measured,
            &findings,
        )]
    })
}

async fn come_back(people: &mut [Entry], findings: &mut Vec<String>) -> u64 {
    let client = connections();
    let mut checks = 0;
    for entry in people {
        entry.guest = entry.guest.again(&client);
        checks += 1;
        if entry.guest.is_in().await != Ok(true) {
            findings.push(format!("{} was signed out", entry.email));
        }
    }
    checks
}

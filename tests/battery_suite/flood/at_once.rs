//! Many sign-ins at once.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::StatusCode;

use crate::measures::Times;
use crate::report::Row;
use crate::support::outbox::{Mail, read_outbox};
use crate::support::{Answer, Visitor, Workplace};

/// So many people at once, from the first page to the dashboard.
pub async fn sign_ins(place: &Workplace, people: usize) -> Row {
    place.sql(&format!(
        "INSERT INTO accounts (email, name, confirmed_at, created_at)
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {people})
         SELECT 'p' || i || '@acme.test', '', 1, 1 FROM n"
    ));
    let visitors: Vec<_> = (0..people)
        .map(|number| {
            (
                place.visitor().at(&format!("12.0.0.{number}")),
                format!("p{number}@acme.test"),
            )
        })
        .collect();
    let mut findings = Vec::new();
    let asks = visitors
        .iter()
        .map(|(visitor, email)| patient(async || visitor.ask_for_code(email).await));
    let asked = join_all(asks).await;
    let codes = codes_for(place, &visitors).await;
    let enters = visitors
        .iter()
        .zip(&codes)
        .map(|((visitor, _), code)| patient(async || visitor.enter(code).await));
    let entered = join_all(enters).await;
    let mut measured = Vec::new();
    for (what, outcomes) in [("codes asked for", &asked), ("codes entered", &entered)] {
        let mut times = Times::default();
        let mut busy = 0;
        for outcome in outcomes {
            times.add(outcome.took);
            busy += outcome.busy;
            if outcome.status != StatusCode::SEE_OTHER {
                findings.push(format!("{what}: {}", outcome.status));
            }
        }
        measured.push(format!(
            "{what}: {}, {busy} told to come back",
            times.in_words()
        ));
    }
    let mut inside = 0;
    for (visitor, _) in &visitors {
        inside += u64::from(visitor.is_in().await);
    }
    if inside != people as u64 {
        findings.push(format!("{inside} got in"));
    }
    Row::judged(
        "27: sign-ins at once",
        people as u64,
        &measured.join("; "),
        &findings,
    )
}

struct Patient {
    status: StatusCode,
    took: Duration,
    busy: u32,
}

/// Asks again, after as long as it is told, when the console is busy. How long the last one took.
async fn patient(ask: impl AsyncFn() -> Answer) -> Patient {
    let mut busy = 0;
    loop {
        let began = Instant::now();
        let answer = ask().await;
        let took = began.elapsed();
        if answer.status == StatusCode::SERVICE_UNAVAILABLE && busy < 10 {
            busy += 1;
            let wait = answer.header("retry-after").parse().unwrap();
            tokio::time::sleep(Duration::from_secs(wait)).await;
            continue;
        }
        return Patient {
            status: answer.status,
            took,
            busy,
        };
    }
}

/// The codes, once all mail is there.
async fn codes_for(place: &Workplace, visitors: &[(Visitor, String)]) -> Vec<String> {
    let outbox = place.path().join("data/outbox");
    let patience = Instant::now();
    loop {
        let mails = read_outbox(&outbox);
        let newest = |email: &str| mails.iter().rfind(|mail| mail.to == *email);
        let codes: Option<Vec<_>> = visitors
            .iter()
            .map(|(_, email)| newest(email).map(Mail::code))
            .collect();
        if let Some(codes) = codes {
            return codes;
        }
        assert!(
            patience.elapsed() < Duration::from_secs(60),
            "mail is missing"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

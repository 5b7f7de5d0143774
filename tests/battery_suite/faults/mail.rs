//! A mail server in every kind of trouble (SECURITY rule 25): pages do not wait for it, and mail
//! comes by itself once it is well.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::stopwatch::Stopwatch;
use crate::guest::{Guest, Seen, connections};
use crate::report::{Form, Row};
use crate::support::Workplace;
use crate::support::outbox::Mail;
use crate::support::process::Process;
use crate::support::smtp::{Behaviour, Reply, SmtpServer};

/// The bound for all but two pages of each trouble, and for the p95 of all pages. The disk may be slow once
/// or twice; a page that waits for the mail server would be slow for every code.
const PAGE_WITHIN: Duration = Duration::from_millis(300);
const MAY_BE_SLOW: usize = 2;
/// And no page at all takes as long as a mail server that hangs.
const SLOWEST_PAGE: Duration = Duration::from_secs(3);
/// Mail is there again this soon after its server; the slowest retry is after 30 seconds.
const RESUMES_WITHIN: Duration = Duration::from_secs(40);

/// Each trouble, and whether its mail comes once it is over.
const TROUBLES: [(&str, Reply, bool); 7] = [
    ("closes", Reply::DropAfterConnect, true),
    ("hangs", Reply::HangFirst(usize::MAX), true),
    ("hangs after the mail", Reply::HangAfterData, true),
    ("drips", Reply::Drip, true),
    ("answers 451", Reply::TemporaryThenAccept(usize::MAX), true),
    ("answers 550", Reply::Permanent, false),
    ("breaks TLS", Reply::BrokenTls, true),
];

#[derive(Default)]
struct Tally {
    troubles: u64,
    people: u64,
    pages: Stopwatch,
    slowest_mail: Duration,
    findings: Vec<String>,
}

pub(super) async fn run(form: Form) -> Row {
    let rounds = form.pick(1, 10);
    let mut tally = Tally::default();
    for _ in 0..rounds {
        one_server(form, &mut tally).await;
        nobody_listens(form, &mut tally).await;
    }
    let Tally {
        troubles,
        pages,
        slowest_mail,
        mut findings,
        ..
    } = tally;
    if pages.p95() > PAGE_WITHIN {
        findings.push(format!("pages took {:?}", pages.p95()));
    }
    let measured = format!(
        "no code lost; of {} pages meanwhile p95 {} ms, slowest {} ms; mail came within {} s of the recovery",
        pages.count(),
        pages.p95().as_millis(),
        pages.worst().as_millis(),
        slowest_mail.as_secs_f32().ceil()
    );
    let tried =
        "the mail server refuses, closes, hangs, drips, answers 4xx and 5xx, breaks TLS (25)";
    Row::judged(tried, troubles, &measured, &findings)
}

async fn one_server(form: Form, tally: &mut Tally) {
    let server = SmtpServer::start(Behaviour::starttls()).await;
    let (place, _console) = console(server.workplace()).await;
    for (name, reply, comes) in TROUBLES {
        server.set_behaviour(Behaviour::starttls().replying(reply));
        let waiting = meanwhile(form, &place, name, tally).await;
        server.attempt().await;
        server.set_behaviour(Behaviour::starttls());
        let waiting = if comes {
            waiting
        } else {
            meanwhile(form, &place, name, tally).await
        };
        letters_for(&server, waiting, name, tally).await;
        tally.troubles += 1;
    }
}

/// A server that is not there at all, and then is.
async fn nobody_listens(form: Form, tally: &mut Tally) {
    let free = SmtpServer::start(Behaviour::plain()).await;
    let place = free.workplace();
    let port = free.port();
    drop(free);
    let (place, _console) = console(place).await;
    let waiting = meanwhile(form, &place, "refuses", tally).await;
    let server = SmtpServer::start_on(port, Behaviour::plain()).await;
    letters_for(&server, waiting, "refuses", tally).await;
    tally.troubles += 1;
}

/// Visitors who wait for a code, by address.
type Waiting = HashMap<String, Guest>;

async fn console(place: Workplace) -> (Workplace, Process) {
    let place = place.with("TRUSTED_PROXIES", "127.0.0.1/32");
    let console = place.serve(&[]).await;
    (place, console)
}

/// Creates an account and asks for a code with it.
async fn asks(place: &Workplace, person: u64, pages: &mut Stopwatch) -> (String, Guest, Seen) {
    let email = format!("m{person}@acme.test");
    place.sql(&format!(
        "INSERT INTO accounts (email, confirmed_at, created_at) VALUES ('{email}', 1, 1)"
    ));
    let mut guest = Guest::new(&connections(), &place.url());
    for path in ["/sign-in", "/sign-in/email"] {
        let page = pages.time(guest.get(path)).await.unwrap();
        assert_eq!(page.status, StatusCode::OK, "{path}: {page:?}");
    }
    let asked = pages.time(guest.ask_for_code(&email)).await.unwrap();
    (email, guest, asked)
}

/// Opens pages and asks for codes while the mail server is in trouble.
async fn meanwhile(form: Form, place: &Workplace, trouble: &str, tally: &mut Tally) -> Waiting {
    let (mut waiting, mut pages) = (Waiting::new(), Stopwatch::default());
    for _ in 0..form.pick(3, 10) {
        tally.people += 1;
        let (email, guest, asked) = asks(place, tally.people, &mut pages).await;
        if !asked.leads_to("/sign-in/code") {
            tally.findings.push(format!(
                "asking answered {} while the server {trouble}",
                asked.status
            ));
        }
        waiting.insert(email, guest);
    }
    let (slow, slowest) = (pages.longer_than(PAGE_WITHIN), pages.worst());
    if slow > MAY_BE_SLOW || slowest > SLOWEST_PAGE {
        tally.findings.push(format!(
            "{slow} pages of {} were slow while the server {trouble}, the slowest took {slowest:?}",
            pages.count()
        ));
    }
    tally.pages.add(pages);
    waiting
}

/// Each of the codes comes, and lets its browser in.
async fn letters_for(server: &SmtpServer, mut waiting: Waiting, trouble: &str, tally: &mut Tally) {
    let began = Instant::now();
    while !waiting.is_empty() && began.elapsed() < RESUMES_WITHIN {
        for mail in server.take_mails() {
            let letter = Mail::parse(mail.data);
            let guest = letter.has_code().then(|| waiting.remove(&mail.to[0]));
            let Some(mut guest) = guest.flatten() else {
                continue;
            };
            let entered = guest.enter(&letter.code()).await.unwrap();
            if !entered.lets_in() {
                tally.findings.push(format!(
                    "a code was answered {} after the server {trouble}",
                    entered.status
                ));
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tally.slowest_mail = tally.slowest_mail.max(began.elapsed());
    if !waiting.is_empty() {
        tally.findings.push(format!(
            "{} codes were lost when the server {trouble}",
            waiting.len()
        ));
    }
}

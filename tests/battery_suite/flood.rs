//! A flood of requests for codes (SECURITY rules 9 and 27): random addresses from many networks behind
//! a proxy, one address from many networks, and many sign-ins at once.

pub mod at_once;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, StatusCode};

use crate::measures::{Times, resident};
use crate::report::{Form, Row};
use crate::support::process::Process;
use crate::support::{Visitor, Workplace};

/// More than come to their turn at hashing in time.
const AT_ONCE: usize = 2500;
/// One inbox's requests of a day.
const A_DAY: usize = 100;
const VICTIM: &str = "victim@acme.test";
const SLOWEST_PAGE: Duration = Duration::from_secs(2);
/// In MiB, for what 100 000 addresses leave behind; the windows hold twice as many at most.
const MOST_GROWTH: f64 = 64.0;

pub fn run(form: Form) -> Vec<Row> {
    actix_web::rt::System::new().block_on(async {
        let place = Workplace::empty()
            .with("TRUSTED_PROXIES", "127.0.0.1/32")
            // The window of a day is what is tried: that of a minute would be over too soon.
            .with("CODE_LIMIT_ADDRESS", "100")
            .with("RUST_LOG", "error");
        let mut server = place.serve(&["serve"]).await;
        place.sql("INSERT INTO accounts (email, name, confirmed_at, created_at) VALUES ('mira@acme.test', '', 1, 1)");
        let mira = place.visitor();
        server.let_in(&mira, "mira@acme.test").await;
        let one_address = one_address(&place).await;
        let flood = flood(form, &place, &server, &mira).await;
        let at_once = at_once::sign_ins(&place, form.pick_of_three(50, 200, 200)).await;
        vec![one_address, flood, at_once]
    })
}

/// One address from many networks: a day's requests are let through, and not one more.
async fn one_address(place: &Workplace) -> Row {
    let client = Asker::new(place);
    let mut let_through = 0;
    let mut refused = 0;
    let mut findings = Vec::new();
    for number in 0..20 {
        let asks = (0..10).map(|turn| client.ask(VICTIM.to_owned(), number * 10 + turn));
        for outcome in join_all(asks).await {
            match outcome {
                Outcome::Sent => let_through += 1,
                Outcome::Limited => refused += 1,
                Outcome::Busy => {}
                Outcome::Other(what) => findings.push(what),
            }
        }
    }
    if let_through != A_DAY {
        findings.push(format!("{let_through} were let through"));
    }
    let measured = format!("{let_through} let through from 200 networks, {refused} refused");
    Row::judged(
        "9: one address from many networks",
        200,
        &measured,
        &findings,
    )
}

enum Outcome {
    Sent,
    Limited,
    Busy,
    Other(String),
}

/// Asks for codes, each time from another network.
#[derive(Clone)]
struct Asker {
    client: Client,
    url: String,
}

impl Asker {
    fn new(place: &Workplace) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20));
        Self {
            client: client.build().unwrap(),
            url: format!("{}/sign-in/email", place.url()),
        }
    }

    async fn ask(&self, email: String, network: u32) -> Outcome {
        let [_, b, c, d] = network.to_be_bytes();
        let request = self.client.post(&self.url).form(&[("email", email)]);
        let request = request.header("X-Forwarded-For", format!("11.{b}.{c}.{d}"));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(e) => return Outcome::Other(format!("no answer: {e:?}")),
        };
        let retry_after = answer.headers().contains_key("retry-after");
        match answer.status() {
            StatusCode::SEE_OTHER => Outcome::Sent,
            StatusCode::TOO_MANY_REQUESTS if retry_after => Outcome::Limited,
            StatusCode::SERVICE_UNAVAILABLE if retry_after => Outcome::Busy,
            status => Outcome::Other(format!("{status}, Retry-After: {retry_after}")),
        }
    }
}

#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    limited: AtomicU64,
    busy: AtomicU64,
}

impl Tally {
    fn count(&self, outcome: Outcome) -> Option<String> {
        let counter = match outcome {
            Outcome::Sent => &self.sent,
            Outcome::Limited => &self.limited,
            Outcome::Busy => &self.busy,
            Outcome::Other(what) => return Some(what),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        None
    }

    fn all(&self) -> u64 {
        let counters = [&self.sent, &self.limited, &self.busy];
        counters
            .iter()
            .map(|counter| counter.load(Ordering::Relaxed))
            .sum()
    }
}

/// Requests the sign-in page and the session check repeatedly on a separate thread.
struct Pages {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Seen>,
}

#[derive(Default)]
struct Seen {
    sign_in: Times,
    session: Times,
    victim: u64,
    findings: Vec<String>,
}

impl Pages {
    fn watch(place: &Workplace, cookie: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, url, asker) = (Arc::clone(&stop), place.url(), Asker::new(place));
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(watch(url, cookie, asker, &stopped))
        });
        Self { stop, thread }
    }

    fn seen(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

async fn watch(url: String, cookie: String, asker: Asker, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut asked = 0;
    let visitor = Visitor::new(url.clone());
    let signed_in = Visitor::new(url);
    signed_in.set_cookie("session", &cookie);
    while !stop.load(Ordering::Relaxed) {
        for (who, path, times) in [
            (&visitor, "/sign-in", &mut seen.sign_in),
            (&signed_in, "/dashboard", &mut seen.session),
        ] {
            let began = Instant::now();
            let answer = who.get(path).await;
            times.add(began.elapsed());
            if answer.status != StatusCode::OK {
                seen.findings.push(format!("{path}: {}", answer.status));
            }
        }
        asked += 1;
        // A limited address stays limited.
        let outcome = asker.ask(VICTIM.to_owned(), 0x00ff_0000 + asked).await;
        match outcome {
            Outcome::Limited => seen.victim += 1,
            // A request that got 503 was not let through.
            Outcome::Busy => {}
            Outcome::Sent => seen
                .findings
                .push("the limited address was let through".to_owned()),
            Outcome::Other(what) => seen.findings.push(what),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    seen
}

async fn flood(form: Form, place: &Workplace, server: &Process, mira: &Visitor) -> Row {
    let (most, at_most) = form.pick_of_three(
        (60_000, Duration::from_secs(6)),
        (60_000, Duration::from_secs(75)),
        (1_000_000, Duration::from_hours(3)),
    );
    let cookie = mira.cookie("session").unwrap();
    let calm = Pages::watch(place, cookie.clone());
    tokio::time::sleep(form.pick_of_three(1, 5, 5) * Duration::from_secs(1)).await;
    let calm = calm.seen();
    let (tally, asker) = (Arc::new(Tally::default()), Asker::new(place));
    // What so many connections and requests in flight take is not what so many addresses take: there
    // are as many before the memory is measured.
    let opening =
        (0..AT_ONCE).map(|number| asker.ask(format!("first{number}@acme.test"), number as u32));
    join_all(opening).await;
    let before = resident(server.id());
    let pages = Pages::watch(place, cookie);
    let began = Instant::now();
    let workers = (0..AT_ONCE).map(|number| {
        let (tally, asker) = (Arc::clone(&tally), asker.clone());
        async move {
            let mut random = StdRng::seed_from_u64(number as u64);
            let mut findings = Vec::new();
            while tally.all() < most && began.elapsed() < at_most && findings.len() < 3 {
                let email = format!("x{:x}@acme.test", random.random::<u64>());
                let outcome = asker.ask(email, random.random()).await;
                findings.extend(tally.count(outcome));
            }
            findings
        }
    });
    let mut findings: Vec<_> = join_all(workers).await.into_iter().flatten().collect();
    let took = began.elapsed();
    let seen = pages.seen();
    findings.extend(calm.findings);
    findings.extend(seen.findings);
    let after = resident(server.id());
    let allowed = MOST_GROWTH * (tally.all() as f64 / 100_000.0).clamp(1.0, 2.0);
    if after - before > allowed {
        findings.push(format!("memory grew by {:.0} MiB", after - before));
    }
    for (page, times) in [
        ("sign-in page", &seen.sign_in),
        ("session check", &seen.session),
    ] {
        if times.longest() > SLOWEST_PAGE {
            findings.push(format!("the {page} took {:?}", times.longest()));
        }
    }
    if tally.busy.load(Ordering::Relaxed) == 0 {
        findings.push("no request got 503: it was no flood".to_owned());
    }
    if seen.victim == 0 {
        findings.push("no limited address was asked for: this shows nothing of it".to_owned());
    }
    let measured = format!(
        "in {} s {} let through, {} refused with 503 and {} with 429; memory {before:.0} to {after:.0} MiB; sign-in page {} (calm: {}); session check {} (calm: {}); the limited address told so {} times, and never let through",
        took.as_secs(),
        tally.sent.load(Ordering::Relaxed),
        tally.busy.load(Ordering::Relaxed),
        tally.limited.load(Ordering::Relaxed),
        seen.sign_in.in_words(),
        calm.sign_in.in_words(),
        seen.session.in_words(),
        calm.session.in_words(),
        seen.victim,
    );
    Row::judged(
        "9, 27: random addresses from random networks",
        tally.all(),
        &measured,
        &findings,
    )
}

//! Malformed requests over the wire, by the thousand (SECURITY rule 28).

pub mod requests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use self::requests::request;
use crate::measures::resident;
use crate::report::{Form, Row};
use crate::support::Workplace;
use crate::support::process::Process;

const AT_ONCE: usize = 16;
/// A client that has said what it wants to say waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(15);
const MOST_GROWTH: f64 = 128.0;
const MIRA: &str = "mira@acme.test";

pub fn run(form: Form) -> Vec<Row> {
    let seed = std::env::var("WIRE_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        since.as_secs()
    });
    println!("battery: wire: WIRE_SEED={seed} sends the same again");
    actix_web::rt::System::new()
        .block_on(send_all(form.pick_of_three(4_000, 20_000, 300_000), seed))
}

async fn send_all(count: u64, seed: u64) -> Vec<Row> {
    let place = Workplace::empty()
        .with("TRUSTED_PROXIES", "127.0.0.0/8")
        .with("CODE_LIMIT_IP", "10000")
        // Nothing listens on this port, so every callback is refused with a message.
        .with("WORKOS_API_URL", "http://127.0.0.1:9")
        .with("WORKOS_CLIENT_ID", "client_vestibule")
        .with("WORKOS_API_KEY", "sk_test_made_up");
    let mut server = place.serve(&["serve"]).await;
    place.sql(&format!(
        "INSERT INTO accounts (email, name, role, confirmed_at, created_at) VALUES ('{MIRA}', '', 'admin', 1, 1)"
    ));
    let mira = place.visitor();
    server.let_in(&mira, MIRA).await;
    mira.ask_for_code("noor@acme.test").await;
    let secrets = ["session", "challenge", "device"].map(|name| (name, mira.cookie(name).unwrap()));
    let cookies = secrets
        .each_ref()
        .map(|(name, value)| format!("{name}={value}"))
        .join("; ");
    let port = place.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let before = resident(server.id());
    let (next, tally) = (Arc::new(AtomicU64::new(0)), Tally::default());
    let senders = (0..AT_ONCE).map(|_| {
        let (next, cookies) = (Arc::clone(&next), cookies.clone());
        async move {
            let mut tally = Tally::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return tally;
                }
                let mut random =
                    StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let request = request(&mut random, &cookies);
                let answer = send(port, &request, &mut random).await;
                tally.count(number, &request, answer);
            }
        }
    });
    let tally = join_all(senders).await.into_iter().fold(tally, Tally::with);
    let after = resident(server.id());
    let mut findings = tally.findings;
    if after - before > MOST_GROWTH {
        findings.push(format!("memory grew by {:.0} MiB", after - before));
    }
    // What reaches no handler shows nothing.
    let reached = tally
        .statuses
        .iter()
        .filter(|(status, _)| **status < 400)
        .map(|(_, count)| count);
    let reached: u64 = reached.sum();
    if reached < count / 20 {
        findings.push(format!("only {reached} were answered with a page"));
    }
    still_serves(&place, &mut server, &mut findings).await;
    findings.extend(said(server, &secrets.map(|(_, value)| value)).await);
    let counts: Vec<_> = tally
        .statuses
        .iter()
        .map(|(status, count)| format!("{status}: {count}"))
        .collect();
    let measured = format!(
        "{}; closed without an answer: {}; not waited for: {}; memory {before:.0} to {after:.0} MiB; seed {seed}",
        counts.join(", "),
        tally.unanswered,
        tally.hung_up
    );
    vec![Row::judged(
        "28: malformed requests over the wire",
        count,
        &measured,
        &findings,
    )]
}

async fn still_serves(place: &Workplace, server: &mut Process, findings: &mut Vec<String>) {
    place.sql("INSERT INTO accounts (email, name, confirmed_at, created_at) VALUES ('after@acme.test', '', 1, 1)");
    let visitor = place.visitor().at("203.0.113.200");
    server.let_in(&visitor, "after@acme.test").await;
    if !visitor.is_in().await {
        findings.push("no sign-in works any more".to_owned());
    }
}

/// Findings in the server's output: a panic, or a secret (rule 4).
async fn said(server: Process, secrets: &[String]) -> Vec<String> {
    let finished = server.stopped().await;
    let mut findings = Vec::new();
    if finished.code != Some(0) {
        findings.push(format!("it ended with {:?}", finished.code));
    }
    for line in finished.stderr.lines() {
        if line.contains("panicked") || line.contains("a defect") {
            findings.push(line.to_owned());
        }
        if secrets.iter().any(|secret| line.contains(secret.as_str())) {
            findings.push("a secret is in the log".to_owned());
        }
    }
    findings
}

#[derive(Default)]
struct Tally {
    statuses: BTreeMap<u16, u64>,
    unanswered: u64,
    hung_up: u64,
    findings: Vec<String>,
}

impl Tally {
    fn count(&mut self, number: u64, request: &[u8], outcome: Result<Outcome, String>) {
        let shown = || {
            let start = &request[..request.len().min(300)];
            format!("request {number}, {}", start.escape_ascii())
        };
        let answer = match outcome {
            Ok(Outcome::Answer(answer)) => answer,
            Ok(Outcome::HungUp) => {
                self.hung_up += 1;
                return;
            }
            Err(what) => return self.findings.push(format!("{what}: {}", shown())),
        };
        let text = String::from_utf8_lossy(&answer);
        let mut statuses = text.match_indices("HTTP/1.").filter_map(|(at, _)| {
            let starts_a_line = at == 0 || text[..at].ends_with('\n') || text[..at].ends_with('}');
            starts_a_line.then(|| text.get(at + 9..at + 12)?.parse::<u16>().ok())?
        });
        let Some(first) = statuses.find(|status| *status >= 200) else {
            self.unanswered += 1;
            return;
        };
        *self.statuses.entry(first).or_default() += 1;
        for status in std::iter::once(first).chain(statuses) {
            let told_to_come_back =
                status == 503 && text.to_ascii_lowercase().contains("retry-after:");
            if status >= 500 && !told_to_come_back {
                self.findings.push(format!("{status}: {}", shown()));
            }
        }
    }

    fn with(mut self, other: Self) -> Self {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.unanswered += other.unanswered;
        self.hung_up += other.hung_up;
        self.findings.extend(other.findings);
        self
    }
}

enum Outcome {
    /// All that came until the server closed; it may be nothing.
    Answer(Vec<u8>),
    /// The client did not wait.
    HungUp,
}

/// Sends it, at once or in pieces, and reads all that comes.
async fn send(port: u16, request: &[u8], random: &mut StdRng) -> Result<Outcome, String> {
    let mut stream = connect(port, random)
        .await
        .map_err(|e| format!("it does not listen any more: {e}"))?;
    let pieces = if random.random_range(0..4) == 0 {
        random.random_range(2..5)
    } else {
        1
    };
    for piece in request.chunks(request.len().div_ceil(pieces).max(1)) {
        // The server may have refused the request and closed by now.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if random.random_range(0..20) == 0 {
        // Gone before the answer.
        return Ok(Outcome::HungUp);
    }
    stream.shutdown().await.ok();
    let mut answer = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut answer)).await {
        Ok(_) => Ok(Outcome::Answer(answer)),
        Err(_) => Err("it neither answered nor closed".to_owned()),
    }
}

/// From one of many addresses of this machine, so that none runs out of ports.
async fn connect(port: u16, random: &mut StdRng) -> std::io::Result<TcpStream> {
    let here = Ipv4Addr::new(127, 0, 0, random.random_range(1..=100));
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((here, 0)))?;
    socket
        .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
}

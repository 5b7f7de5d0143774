//! Malformed requests over the wire, by the thousand (SECURITY rule 28).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::measures::resident;
use crate::report::{Form, Row};
use crate::support::Workplace;
use crate::support::process::Process;

const AT_ONCE: usize = 16;
/// A client that has said what it wants to say waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(15);
const MOST_GROWTH: f64 = 128.0;
const MIRA: &str = "mira@acme.test";

/// Whole requests, of which malformed ones are made. `{COOKIES}` stands for those of an
/// admin.
const REQUESTS: [&str; 22] = [
    "GET / HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /sign-in?return_to=/dashboard%3Fa%3D1&problem=expired&ref=abc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /dashboard?tab=2 HTTP/1.1\r\nHost: localhost\r\nHX-Request-Type: partial\r\n{COOKIES}\r\n",
    "GET /sign-in/code HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "POST /sign-in/email?return_to=/dashboard HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 22\r\n{COOKIES}\r\nemail=mira%40acme.test",
    "POST /sign-in/code HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n{COOKIES}\r\ncode=123456",
    "POST /sign-in/code/resend HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nTransfer-Encoding: chunked\r\n{COOKIES}\r\n3\r\na=b\r\n0\r\n\r\n",
    "POST /sign-out HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n",
    "GET /auth/workos?return_to=/dashboard HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /auth/workos/callback?code=a_code&state=AAAAAAAAAAAAAAAAAAAAAA.1795435200000.bG9jYWxob3N0.AAAAAAAAAAAAAAAAAAAAAA&iss=https%3A%2F%2Fa.test HTTP/1.1\r\nHost: localhost\r\nCookie: flow-AAAAAAAAAA=AAAA\r\n\r\n",
    "GET /auth/workos/finish?return_to=/dashboard&flow=AAAAAAAA HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /static/app.css HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nRange: bytes=0-10\r\nIf-None-Match: \"a\"\r\n\r\n",
    "GET /sign-in/not-me?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /account HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /account/activity?before=12&kind=signed-in HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "POST /account/name HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n{COOKIES}\r\nname=Mira",
    "POST /account/sessions/999999/end HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n{COOKIES}\r\n",
    "GET /admin/accounts?q=mira&state=suspended&page=2&sort=name HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /admin/activity?email=mira%40acme.test&kind=signed_in&from=2026-01-01&to=2026-12-31&older_than=99 HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "GET /admin/codes?email=mira%40acme.test&page=-1 HTTP/1.1\r\nHost: localhost\r\n{COOKIES}\r\n",
    "POST /admin/accounts HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 42\r\n{COOKIES}\r\nemail=noor%40acme.test&name=Noor&role=admin",
    "POST /admin/accounts/import HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 113\r\n{COOKIES}\r\n--a\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nemail,name,role\nnoor@acme.test,Noor,member\n\r\n--a--\r\n",
];

/// What is put in: what has a meaning to some parser.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"%",
    b"%00",
    b"%0d%0a",
    b"%ff%fe",
    b"%2e%2e%2f",
    b"//",
    b"/../",
    b"\\",
    b"?",
    b"#",
    b"&",
    b"=",
    b";",
    b",",
    b"\"",
    b"@",
    b"\xff",
    b"\xc3\x28",
    b"\xf0\x9f\x98\x80",
    b"{{}}",
    b"{{",
    b"<script>",
    b"' OR 1=1 --",
    b"HTTP/9.9",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"CONNECT ",
    b"OPTIONS * ",
    b"TRACE ",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
    b"99999999999999999999",
    b"email=",
    b"code=",
    b"state=",
    b"session=",
    b"challenge=",
    b"device=",
    b"flow-",
    b"way-out=",
    b"return_to=",
    "０１２３４５".as_bytes(),
    "\u{202e}".as_bytes(),
];

/// Lines that go into the head of a request.
const LINES: &[&str] = &[
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 1, 2",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: \x0bchunked",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Type: multipart/form-data; boundary=a",
    "Content-Type: application/x-www-form-urlencoded; charset=utf-16",
    "Content-Type: \u{ff}",
    "Content-Type: a/b/c;;;",
    "Expect: 100-continue",
    "Upgrade: h2c",
    "Connection: Upgrade, close",
    "Connection: keep-alive",
    "Host: evil.test",
    "Host: [::1",
    "Host:",
    "X-Forwarded-For: 203.0.113.9",
    "X-Forwarded-For: ,,[,]:,\u{e9}",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Proto: javascript",
    "Forwarded: for=\"",
    "Cookie: ;;;==;",
    "Cookie: session=%FF%FE; session=",
    "Cookie: challenge=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "Cookie: device=\"; way-out=\u{e9}",
    "Cookie: flow-=; flow-AAAAAAAAAA=AAAA",
    "Origin: null",
    "Origin: http://localhost:1",
    "Sec-Fetch-Site: cross-site",
    "HX-Request-Type: partial",
    "HX-Current-URL: \u{ff}",
    "Range: bytes=-1-",
    "Range: bytes=0-,0-,0-,0-",
    "If-None-Match: \"",
    "If-Modified-Since: yesterday",
    "Accept-Encoding: ;q=",
    "User-Agent: \u{202e}",
    " folded: line",
    "No colon at all",
    ": no name",
    "Na me: x",
    "X-Request-Id: \u{1b}[2J",
];

pub fn run(form: Form) -> Vec<Row> {
    let seed = std::env::var("WIRE_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        since.as_secs()
    });
    println!("battery: wire: WIRE_SEED={seed} sends the same again");
    actix_web::rt::System::new().block_on(send_all(form.pick(20_000, 300_000), seed))
}

async fn send_all(count: u64, seed: u64) -> Vec<Row> {
    let place = Workplace::empty()
        .with("TRUSTED_PROXIES", "127.0.0.0/8")
        .with("CODE_LIMIT_IP", "10000")
        // Nothing listens there: whoever comes back from it is refused, and told so.
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
        "{}; no answer: {}; memory {before:.0} to {after:.0} MiB; seed {seed}",
        counts.join(", "),
        tally.unanswered
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
        findings.push("nobody gets in any more".to_owned());
    }
}

/// What the server should not have said: that it panicked, and what nobody may read (rule 4).
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
    findings: Vec<String>,
}

impl Tally {
    fn count(&mut self, number: u64, request: &[u8], answer: Result<Vec<u8>, String>) {
        let shown = || {
            let start = &request[..request.len().min(300)];
            format!("request {number}, {}", start.escape_ascii())
        };
        let answer = match answer {
            Ok(answer) => answer,
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
        self.findings.extend(other.findings);
        self
    }
}

/// Sends it, at once or in pieces, and reads all that comes.
async fn send(port: u16, request: &[u8], random: &mut StdRng) -> Result<Vec<u8>, String> {
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
        return Ok(Vec::new());
    }
    stream.shutdown().await.ok();
    let mut answer = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut answer)).await {
        Ok(_) => Ok(answer),
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

/// A request that is malformed in some way; one of twenty is whole.
fn request(random: &mut StdRng, cookies: &str) -> Vec<u8> {
    let base = REQUESTS.choose(random).unwrap();
    let own = format!("Cookie: {cookies}\r\n");
    // A stranger's guesses are limited by network, and are not to end the trial.
    let network = format!(
        "X-Forwarded-For: 198.{}.{}.{}\r\n",
        random.random_range(18..20),
        random.random::<u8>(),
        random.random::<u8>()
    );
    let mut bytes = base
        .replace("{COOKIES}", &own)
        .replacen("Host", &format!("{network}Host"), 1)
        .into_bytes();
    match random.random_range(0..20) {
        0 => {}
        1..=8 => in_the_head(&mut bytes, random),
        9..=11 => in_the_target(&mut bytes, random),
        12..=14 => in_the_body(&mut bytes, random),
        15..=18 => anywhere(&mut bytes, random),
        _ => {
            bytes = vec![0; random.random_range(1..2_000)];
            random.fill_bytes(&mut bytes);
        }
    }
    bytes
}

/// Bytes changed, taken out, doubled; pieces put in.
fn anywhere(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..8) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..40)).min(bytes.len());
        match random.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => bytes.truncate(at.max(1)),
            _ => drop(bytes.splice(at..at, PIECES.choose(random).unwrap().iter().copied())),
        }
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
}

/// Odd lines, many lines, long lines.
fn in_the_head(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let at = place_after(bytes, b"\r\n");
    let mut lines = Vec::new();
    match random.random_range(0..10) {
        0 => (0..random.random_range(50..300)).for_each(|number| {
            lines.extend(format!("X-{number}: {number}\r\n").bytes());
        }),
        1 => {
            lines.extend(b"Cookie: session=");
            lines.resize(random.random_range(1_000..200_000), b'A');
            lines.extend(b"\r\n");
        }
        _ => {
            for _ in 0..random.random_range(1..4) {
                lines.extend(LINES.choose(random).unwrap().bytes());
                lines.extend(b"\r\n");
            }
        }
    }
    bytes.splice(at..at, lines);
}

fn in_the_target(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let start = place_after(bytes, b" ");
    let end = start
        + bytes[start..]
            .iter()
            .position(|byte| *byte == b' ')
            .unwrap_or_default();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(start..=end);
        let piece = PIECES.choose(random).unwrap();
        let times = if random.random_range(0..15) == 0 {
            5_000
        } else {
            1
        };
        bytes.splice(at..at, piece.repeat(times));
    }
}

fn in_the_body(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let start = place_after(bytes, b"\r\n\r\n");
    bytes.truncate(start);
    let mut body = Vec::new();
    for _ in 0..random.random_range(0..12) {
        body.extend_from_slice(PIECES.choose(random).unwrap());
    }
    if random.random_range(0..6) == 0 {
        body.resize(random.random_range(3_000..70_000), b'a');
    }
    // Of its right length more often than not, so that it is read.
    if random.random_range(0..3) > 0 {
        let head = String::from_utf8_lossy(bytes).into_owned();
        let lines = head.split_inclusive("\r\n");
        let others = lines
            .filter(|line| !line.starts_with("Content-Length") && !line.starts_with("Transfer-"));
        let others: String = others.collect();
        let head = others.trim_end_matches("\r\n").to_owned();
        *bytes = format!("{head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    }
    bytes.extend(body);
}

fn place_after(bytes: &[u8], mark: &[u8]) -> usize {
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    found.map_or(bytes.len(), |at| at + mark.len())
}

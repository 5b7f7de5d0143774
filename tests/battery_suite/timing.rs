//! How long an answer takes tells nothing of the address (SECURITY rule 5).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::measures::Times;
use crate::report::{Form, Row};
use crate::support::app::START;
use crate::support::hostile::{CLIENT_ID, Hostile};
use crate::support::smtp::{Behaviour, ReceivedMail, SmtpServer};

const SEED: u64 = 5;
/// What an address may be. The first is what all others are compared with.
const KINDS: [&str; 4] = ["ghost", "known", "pause", "moved"];
/// Medians may differ by this much; on a machine that does something else, a short run says little.
const TOLERANCE: f64 = 0.02;
const TOLERANCE_SHORT: f64 = 0.10;
/// A percentile of some hundred and fifty is not told to a fiftieth.
const ECHO_TOLERANCE: f64 = 0.30;
const ECHO_TOLERANCE_SHORT: f64 = 0.50;
const WARM_UP: usize = 200;
/// Requests at once for one address: all that its limit lets through but one.
const BURST: usize = 9;
/// Bursts for each kind of address. A burst takes two seconds, and a short form two minutes in all; most of it goes
/// to the kind that is sent mail.
const BURSTS: [usize; KINDS.len()] = [300; KINDS.len()];
const BURSTS_SHORT: [usize; KINDS.len()] = [18, 18, 3, 3];
/// When the answers to a burst have left.
const CALM: Duration = Duration::from_millis(45);
/// By then every mail of a burst has left.
const ECHO: Duration = Duration::from_millis(2_070);
/// By then the mail server has them too, and the next burst begins in silence.
const SILENCE: Duration = Duration::from_millis(60);

pub fn run(form: Form) -> Vec<Row> {
    actix_web::rt::System::new().block_on(measure(form))
}

async fn measure(form: Form) -> Vec<Row> {
    let provider = Hostile::start(START).await;
    // Mail leaves as it does for a team. In a folder each would be a new file on the database's disk, which
    // holds up requests where files are dear; but only a console on localhost has such a folder.
    let smtp = SmtpServer::start(Behaviour::starttls()).await;
    let place = smtp
        .workplace()
        .with("TRUSTED_PROXIES", "127.0.0.1/32")
        .with("WORKOS_CLIENT_ID", CLIENT_ID)
        .with("WORKOS_API_KEY", "sk_test_made_up")
        .with("WORKOS_API_URL", provider.url.clone())
        .with("RUST_LOG", "error");
    let server = place.serve(&["serve"]).await;
    let of_each = form.pick(500, 7_000);
    let most = of_each + WARM_UP;
    let bursts = form.pick(BURSTS_SHORT, BURSTS);
    for (kind, change) in [
        ("known", ""),
        ("pause", "suspended_at = 1"),
        ("moved", "moved_at = 1"),
    ] {
        place.sql(&format!(
            "INSERT INTO accounts (email, name, confirmed_at, created_at)
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {most} + {})
             SELECT printf('{kind}%06d@acme.test', i), '', 1, 1 FROM n",
            bursts.iter().max().unwrap()
        ));
        if !change.is_empty() {
            place.sql(&format!(
                "UPDATE accounts SET {change} WHERE email LIKE '{kind}%'"
            ));
        }
    }
    let mut order: Vec<(usize, usize)> = (0..of_each)
        .flat_map(|number| (0..KINDS.len()).map(move |kind| (kind, number)))
        .collect();
    order.shuffle(&mut StdRng::seed_from_u64(SEED));
    let port = place.url().rsplit_once(':').unwrap().1.parse().unwrap();
    // The client is on a thread of its own, and does nothing but wait for the answer.
    let client =
        std::thread::spawn(move || (times_of(port, &order, most), echoes(port, most, bursts)));
    let mut mailed = 0;
    while !client.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Or everybody's budget of wrong codes would end the trial.
        place.sql("DELETE FROM wrong_tries");
        mailed += to_known(&smtp.take_mails());
    }
    let ([asked, entered], echoed) = client.join().unwrap();
    drop(server);
    mailed += to_known(&smtp.take_mails());
    // Where no mail left, there was nothing to feel.
    assert_eq!(
        mailed,
        of_each + WARM_UP / KINDS.len() + BURST * bursts[1],
        "mails to known addresses"
    );
    let tolerance = form.pick(TOLERANCE_SHORT, TOLERANCE);
    vec![
        judged(
            "5: time to ask for a code, by kind of address",
            &asked,
            tolerance,
            form == Form::Full,
        ),
        judged(
            "5: time to refuse a wrong code, by kind of address",
            &entered,
            tolerance,
            form == Form::Full,
        ),
        judged(
            "5: time of somebody else's requests just after nine for one address",
            &echoed,
            form.pick(ECHO_TOLERANCE_SHORT, ECHO_TOLERANCE),
            true,
        ),
    ]
}

fn to_known(mails: &[ReceivedMail]) -> usize {
    mails
        .iter()
        .filter(|mail| mail.to[0].starts_with(KINDS[1]))
        .count()
}

type ByKind = [Times; KINDS.len()];

/// Asks and enters a wrong code, in this order.
fn times_of(port: u16, order: &[(usize, usize)], most: usize) -> [ByKind; 2] {
    let mut connection = Connection::open(port);
    let [mut asked, mut entered] = [(); 2].map(|()| ByKind::default());
    let warm_up = (most - WARM_UP..most).map(|number| (number % KINDS.len(), number));
    for (turn, (kind, number)) in warm_up.chain(order.iter().copied()).enumerate() {
        let email = format!("email={}{number:06}%40acme.test", KINDS[kind]);
        // Each from a network of its own, so that no limit refuses.
        let ip = network(turn);
        let (time, answer) = connection.post("/sign-in/email", &email, &ip, "");
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let (_, cookie) = answer.split_once("challenge=").unwrap();
        let cookie = format!("challenge={}", &cookie[..43]);
        let (time_to_refuse, answer) =
            connection.post("/sign-in/code", "code=123456", &ip, &cookie);
        // One in a million of them is right.
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
        if turn >= WARM_UP {
            asked[kind].add(time);
            entered[kind].add(time_to_refuse);
        }
    }
    [asked, entered]
}

fn network(number: usize) -> String {
    format!(
        "198.{}.{}.{}",
        18 + number / 65_536,
        number / 256 % 256,
        number % 256
    )
}

/// Asks for several codes at once with an address, and then with others; what 95 in 100 of those stay under.
/// The slowest of all would say whether SQLite took its log back just then.
fn echoes(port: u16, first: usize, bursts: [usize; KINDS.len()]) -> ByKind {
    let mut times = ByKind::default();
    let mut asker = Connection::open(port);
    let mut burst: Vec<_> = (0..BURST).map(|_| Connection::open(port)).collect();
    // Past all those that have been used.
    let mut networks = (65_536..).map(network);
    let mut order: Vec<(usize, usize)> = (0..KINDS.len())
        .flat_map(|kind| (0..bursts[kind]).map(move |number| (kind, first + number)))
        .collect();
    order.shuffle(&mut StdRng::seed_from_u64(SEED));
    for (turn, (kind, number)) in order.into_iter().enumerate() {
        let email = format!("email={}{number:06}%40acme.test", KINDS[kind]);
        let began = Instant::now();
        std::thread::scope(|scope| {
            for connection in &mut burst {
                let (email, ip) = (&email, networks.next().unwrap());
                scope.spawn(move || connection.post("/sign-in/email", email, &ip, ""));
            }
        });
        // Their own commits are over by then, and none of their mail has been taken up.
        std::thread::sleep(CALM.saturating_sub(began.elapsed()));
        let mut meanwhile = Times::default();
        let mut asked = 0;
        while began.elapsed() < ECHO {
            let email = format!("email=e{turn}n{asked}%40acme.test");
            let ip = networks.next().unwrap();
            let (time, answer) = asker.post("/sign-in/email", &email, &ip, "");
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
            asked += 1;
            meanwhile.add(time);
        }
        times[kind].add(meanwhile.quantile(0.95));
        std::thread::sleep(SILENCE);
    }
    times
}

fn judged(tried: &str, times: &ByKind, tolerance: f64, by_distribution: bool) -> Row {
    let mut findings = Vec::new();
    let [unknown, others @ ..] = times;
    let median = |times: &Times| times.quantile(0.5).as_secs_f64() * 1e3;
    let mut measured = format!("median {:.2} ms for an unknown address", median(unknown));
    for (kind, other) in KINDS[1..].iter().zip(others) {
        let apart = median(other) / median(unknown) - 1.0;
        let (distance, bound) = unknown.distance_to(other);
        measured += &format!(
            ", {kind} {:+.1} % (KS {distance:.3} of {bound:.3})",
            apart * 100.0
        );
        if apart.abs() > tolerance {
            findings.push(format!(
                "the median for {kind} is {:.1} % off",
                apart * 100.0
            ));
        }
        if by_distribution && distance > bound {
            findings.push(format!(
                "the times for {kind} are another distribution (KS {distance:.3} of {bound:.3}, median {:+.1} %)",
                apart * 100.0
            ));
        }
    }
    let count = times.iter().map(|times| times.len() as u64).sum();
    Row::judged(tried, count, &measured, &findings)
}

/// One connection that is kept.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a form; how long the whole answer took, and its head.
    fn post(&mut self, path: &str, form: &str, ip: &str, cookie: &str) -> (Duration, String) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: {ip}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let began = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.stream.read_line(&mut line).unwrap(),
                0,
                "closed after {head}"
            );
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (began.elapsed(), head)
    }
}

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
/// A hash that is left out makes an answer several times as fast.
const TOLERANCE_BRIEF: f64 = 0.50;
/// What some hundreds of requests took is not told to a fiftieth.
const ECHO_TOLERANCE: f64 = 0.30;
const ECHO_TOLERANCE_SHORT: f64 = 0.50;
const WARM_UP: usize = 200;
const WARM_UP_BRIEF: usize = 40;
/// Requests at once for one address: all that its limit lets through but one.
const BURST: usize = 9;
/// Bursts for each kind of address. One takes two seconds, and the short form two minutes in all: most are for
/// known addresses, and for unknown ones to compare them with. Two slow ones of five do not make a slow median.
const BURSTS: [usize; KINDS.len()] = [300, 300, 100, 100];
const BURSTS_SHORT: [usize; KINDS.len()] = [14, 14, 5, 5];
/// Single requests for known addresses, and for unknown ones.
const SINGLE: usize = 300;
const SINGLE_SHORT: usize = 20;
/// What the limit lets one address ask for in a minute.
const ALLOWED: usize = 10;
/// Addresses of each kind that have asked as often as they may, and how often each is refused after that.
const LIMITED: usize = 350;
const LIMITED_SHORT: usize = 20;
const REFUSALS: usize = 20;
/// When the answers to a burst have left.
const CALM: Duration = Duration::from_millis(45);
/// The first of what may be felt of a burst.
const FIRST_ECHO: Duration = Duration::from_millis(570);
/// By then every mail of a burst has left.
const ECHO: Duration = Duration::from_millis(2_070);
/// By then the mail of a single request has left.
const SINGLE_ECHO: Duration = Duration::from_millis(320);
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
    let of_each = form.pick_of_three(80, 500, 7_000);
    let warm_up = form.pick_of_three(WARM_UP_BRIEF, WARM_UP, WARM_UP);
    let most = of_each + warm_up;
    let bursts = form.pick_of_three([0; KINDS.len()], BURSTS_SHORT, BURSTS);
    let single = form.pick_of_three(0, SINGLE_SHORT, SINGLE);
    let limited = form.pick_of_three(0, LIMITED_SHORT, LIMITED);
    // The rows of all kinds are mixed. If each kind had its own database pages, one kind might be cached more
    // often than another.
    place.sql(&format!(
        "INSERT INTO accounts (email, name, confirmed_at, suspended_at, moved_at, created_at)
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {most} + {})
         SELECT printf('%06d%s@acme.test', i, column1), '', 1, column2, column3, 1
         FROM n, (VALUES ('known', NULL, NULL), ('pause', 1, NULL), ('moved', NULL, 1)) ORDER BY i",
        limited + bursts[0] + single
    ));
    let order = shuffled(&[of_each; KINDS.len()]);
    let port = place.url().rsplit_once(':').unwrap().1.parse().unwrap();
    // The client runs on a separate thread and only waits for the answer.
    let client = std::thread::spawn(move || {
        let times = times_of(port, &order, most, warm_up);
        // Past all those that have been used.
        let mut networks = (65_536..).map(network);
        let refused = times_beyond_the_limit(port, most, limited, &mut networks);
        let first = most + limited;
        let bursts_felt = echoes(port, first, bursts, &mut networks);
        let single_felt = echoes_of_one(port, first + bursts[0], single, &mut networks);
        (times, refused, bursts_felt, single_felt)
    });
    let mut mailed = 0;
    while !client.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Or everybody's budget of wrong codes would end the trial.
        place.sql("DELETE FROM wrong_tries");
        mailed += to_known(&smtp.take_mails());
    }
    let ([asked, entered], refused, [first_felt, all_felt], [slowest_felt, median_felt]) =
        client.join().unwrap();
    drop(server);
    mailed += to_known(&smtp.take_mails());
    let due = of_each + warm_up / KINDS.len() + ALLOWED * limited + BURST * bursts[1] + single;
    let tolerance = form.pick_of_three(TOLERANCE_BRIEF, TOLERANCE_SHORT, TOLERANCE);
    let echo_tolerance = form.pick(ECHO_TOLERANCE_SHORT, ECHO_TOLERANCE);
    let mut rows = vec![
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
        // Where no mail left, there was nothing to feel.
        Row::judged(
            "5: mails that left meanwhile",
            mailed as u64,
            "all of them",
            &(mailed != due)
                .then(|| format!("{due} were due to known addresses"))
                .into_iter()
                .collect::<Vec<_>>(),
        ),
    ];
    if form == Form::Brief {
        return rows;
    }
    rows.extend([
        judged(
            "5: time to refuse to send an address any more codes, in the median of twenty, by kind of address",
            &refused,
            tolerance,
            form == Form::Full,
        ),
        judged(
            "5: other visitors' requests in the half second after nine for one address, p95",
            &first_felt,
            echo_tolerance,
            true,
        ),
        judged(
            "5: the mean of those in the two seconds after",
            &all_felt,
            echo_tolerance,
            true,
        ),
        judged(
            "5: other visitors' pages in the third of a second after one, the mean of the slowest tenth",
            &slowest_felt,
            echo_tolerance,
            true,
        ),
        known(
            "5: the median of those pages, to a client on the same cores",
            &median_felt,
            echo_tolerance,
        ),
    ]);
    rows
}

fn to_known(mails: &[ReceivedMail]) -> usize {
    mails
        .iter()
        .filter(|mail| mail.to[0].contains(KINDS[1]))
        .count()
}

type ByKind<const N: usize = { KINDS.len() }> = [Times; N];

/// Asks and enters a wrong code, in this order.
fn times_of(port: u16, order: &[(usize, usize)], most: usize, warm_up: usize) -> [ByKind; 2] {
    let mut connection = Connection::open(port);
    let [mut asked, mut entered] = [(); 2].map(|()| ByKind::default());
    let first = (most - warm_up..most).map(|number| (number % KINDS.len(), number));
    for (turn, (kind, number)) in first.chain(order.iter().copied()).enumerate() {
        let email = address(kind, number);
        // Each request comes from another network, so no limit refuses it.
        let ip = network(turn);
        let (time, answer) = connection.post("/sign-in/email", &email, &ip, "");
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let (_, cookie) = answer.split_once("challenge=").unwrap();
        let cookie = format!("challenge={}", &cookie[..43]);
        let (time_to_refuse, answer) =
            connection.post("/sign-in/code", "code=123456", &ip, &cookie);
        // One in a million of them is right.
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
        if turn >= warm_up {
            asked[kind].add(time);
            entered[kind].add(time_to_refuse);
        }
    }
    [asked, entered]
}

/// Asks for as many codes as an address may have, and for more; how long it takes to refuse those, in the median for
/// each address, since the same address is refused in much the same time.
fn times_beyond_the_limit(
    port: u16,
    first: usize,
    of_each: usize,
    networks: &mut impl Iterator<Item = String>,
) -> ByKind {
    let mut connection = Connection::open(port);
    let mut refused = ByKind::default();
    for (kind, number) in shuffled(&[of_each; KINDS.len()]) {
        let email = address(kind, first + number);
        let mut times = Times::default();
        for turn in 0..ALLOWED + REFUSALS {
            let (time, answer) =
                connection.post("/sign-in/email", &email, &networks.next().unwrap(), "");
            let expected = if turn < ALLOWED { "303" } else { "429" };
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {expected}")),
                "{answer}"
            );
            if turn >= ALLOWED {
                times.add(time);
            }
        }
        refused[kind].add(times.quantile(0.5));
    }
    refused
}

fn network(number: usize) -> String {
    // A different /24 each: one /24 has 200 wrong tries a day.
    format!(
        "198.{}.{}.{}",
        18 + number / 65_536,
        number % 256,
        number / 256 % 256
    )
}

/// Asks for several codes in parallel with one address, then with others. Returns the p95 of the first
/// requests of others, and the mean of all. The maximum would only show whether SQLite ran a checkpoint.
fn echoes(
    port: u16,
    first: usize,
    bursts: [usize; KINDS.len()],
    networks: &mut impl Iterator<Item = String>,
) -> [ByKind; 2] {
    let mut felt = [(); 2].map(|()| ByKind::default());
    let mut asker = Connection::open(port);
    let mut burst: Vec<_> = (0..BURST).map(|_| Connection::open(port)).collect();
    for (turn, (kind, number)) in shuffled(&bursts).into_iter().enumerate() {
        let email = address(kind, first + number);
        let began = Instant::now();
        std::thread::scope(|scope| {
            for connection in &mut burst {
                let (email, ip) = (&email, networks.next().unwrap());
                scope.spawn(move || connection.post("/sign-in/email", email, &ip, ""));
            }
        });
        // Their own commits are over by then, and none of their mail has been taken up.
        std::thread::sleep(CALM.saturating_sub(began.elapsed()));
        let (mut early, mut all) = (Times::default(), Times::default());
        while began.elapsed() < ECHO {
            let email = format!("email=e{turn}n{}%40acme.test", all.len());
            let ip = networks.next().unwrap();
            let (time, answer) = asker.post("/sign-in/email", &email, &ip, "");
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
            all.add(time);
            if began.elapsed() < FIRST_ECHO {
                early.add(time);
            }
        }
        felt[0][kind].add(early.quantile(0.95));
        felt[1][kind].add(all.mean_of_longest(1.0));
        std::thread::sleep(SILENCE);
    }
    felt
}

/// Asks for one code, with known addresses and unknown ones, and then for pages that wait for nothing: the mean of
/// the slowest tenth of those, and the median of all.
fn echoes_of_one(
    port: u16,
    first: usize,
    of_each: usize,
    networks: &mut impl Iterator<Item = String>,
) -> [ByKind<2>; 2] {
    let mut felt = [(); 2].map(|()| ByKind::default());
    let [mut asker, mut reader] = [(); 2].map(|()| Connection::open(port));
    for (kind, number) in shuffled(&[of_each; 2]) {
        let began = Instant::now();
        let email = address(kind, first + number);
        asker.post("/sign-in/email", &email, &networks.next().unwrap(), "");
        std::thread::sleep(CALM.saturating_sub(began.elapsed()));
        let mut meanwhile = Times::default();
        while began.elapsed() < SINGLE_ECHO {
            let (time, answer) = reader.get("/sign-in");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            meanwhile.add(time);
        }
        felt[0][kind].add(meanwhile.mean_of_longest(0.1));
        felt[1][kind].add(meanwhile.quantile(0.5));
        std::thread::sleep(SILENCE);
    }
    felt
}

/// The form field with an address. Addresses of all kinds are mixed: otherwise all unknown ones would be
/// looked up in the same database page.
fn address(kind: usize, number: usize) -> String {
    format!("email={number:06}{}%40acme.test", KINDS[kind])
}

/// The kinds in a random order, each so many times.
fn shuffled(of_each: &[usize]) -> Vec<(usize, usize)> {
    let mut order: Vec<(usize, usize)> = (0..of_each.len())
        .flat_map(|kind| (0..of_each[kind]).map(move |number| (kind, number)))
        .collect();
    order.shuffle(&mut StdRng::seed_from_u64(SEED));
    order
}

/// The kinds beside the first: which have another distribution, and whose median is too far off.
struct Compared {
    measured: String,
    by_distribution: Vec<String>,
    by_median: Vec<String>,
}

fn judged(tried: &str, times: &[Times], tolerance: f64, by_distribution: bool) -> Row {
    let compared = compared(times, tolerance);
    let mut findings = compared.by_median;
    if by_distribution {
        findings.extend(compared.by_distribution);
    }
    Row::judged(tried, many(times), &compared.measured, &findings)
}

/// The same, where another distribution is no news.
fn known(tried: &str, times: &[Times], tolerance: f64) -> Row {
    let compared = compared(times, tolerance);
    if compared.by_median.is_empty() && !compared.by_distribution.is_empty() {
        return Row::known(tried, many(times), compared.measured);
    }
    Row::judged(tried, many(times), &compared.measured, &compared.by_median)
}

fn many(times: &[Times]) -> u64 {
    times.iter().map(|times| times.len() as u64).sum()
}

fn compared(times: &[Times], tolerance: f64) -> Compared {
    let (mut by_distribution, mut by_median) = (Vec::new(), Vec::new());
    let [unknown, others @ ..] = times else {
        unreachable!("some kind of address")
    };
    let median = |times: &Times| times.quantile(0.5).as_secs_f64() * 1e3;
    let mut measured = format!("median {:.3} ms for an unknown address", median(unknown));
    for (kind, other) in KINDS[1..].iter().zip(others) {
        let apart = median(other) / median(unknown) - 1.0;
        let (distance, bound) = unknown.distance_to(other);
        measured += &format!(", {kind} {:+.1} %", apart * 100.0);
        // No distance is greater than one.
        if bound < 1.0 {
            measured += &format!(" (KS {distance:.3} of {bound:.3})");
        }
        if apart.abs() > tolerance {
            by_median.push(format!(
                "the median for {kind} is {:.1} % off",
                apart * 100.0
            ));
        }
        if distance > bound {
            by_distribution.push(format!(
                "the times for {kind} are another distribution (KS {distance:.3} of {bound:.3}, median {:+.1} %)",
                apart * 100.0
            ));
        }
    }
    Compared {
        measured,
        by_distribution,
        by_median,
    }
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

    /// Asks for a page; how long the whole answer took, and its head.
    fn get(&mut self, path: &str) -> (Duration, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// The same for a form.
    fn post(&mut self, path: &str, form: &str, ip: &str, cookie: &str) -> (Duration, String) {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: {ip}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ))
    }

    fn ask(&mut self, request: &str) -> (Duration, String) {
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

//! How it grows: `cargo bench -- growth` prints one line for each size, over four orders of magnitude.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{ask, request};
use crate::console::Console;
use crate::{ROUND, ROUNDS, bare, hashing, median, population};

/// Accounts, each with a live session, and how many of the sessions are used in turn. The console remembers
/// 20 000: the last line goes past that.
const SIZES: [(usize, usize); 4] = [
    (100, 100),
    (10_000, 10_000),
    (1_000_000, 10_000),
    (1_000_000, 30_000),
];
/// Connections that share half of what the console can do.
const AT_HALF_LOAD: usize = 8;

pub(crate) fn print() {
    println!(
        "| accounts and live sessions | in use | start | memory, idle | session check, of bare | sign-in page, of bare \
         | code sign-ins, of argon2 | p50, p99, p99.9 at half load | memory, after |\n|---|---|---|---|---|---|---|---|---|"
    );
    for (size, in_use) in SIZES {
        line(size, in_use);
    }
}

fn line(size: usize, in_use: usize) {
    let console = Console::start_settled(size);
    let (start, idle) = (console.start_up_ms(), console.resident_mb());
    let cookies = population::cookies(&console.data(), in_use);
    let checks: Vec<_> = cookies
        .iter()
        .map(|cookie| request("/dashboard", cookie))
        .collect();
    let (most, bare) = bare::beside(console.address(), &checks);
    let check = most / bare;
    let (page, bare) = bare::beside(console.address(), &[request("/sign-in", "")]);
    let page = page / bare;
    let (mut limits, mut reached) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        limits.push(hashing::hashes_per_second(ROUND) / 2.0);
        reached.push(console.sign_ins_per_second(round, ROUND));
    }
    let sign_ins = median(reached) / median(limits);
    let [p50, p99, p999] = at_half_load(console.address(), &checks, most / 2.0);
    println!(
        "| {size} | {in_use} | {start:.0} ms | {idle:.1} MB | {check:.2} | {page:.2} | {sign_ins:.2} \
         | {p50:.2}, {p99:.2}, {p999:.2} ms | {:.1} MB |",
        console.resident_mb()
    );
}

/// Milliseconds from when a request was due, not from when it could be sent: what waits for others
/// counts.
fn at_half_load(address: SocketAddr, requests: &[Vec<u8>], rate: f64) -> [f64; 3] {
    let pause = Duration::from_secs_f64(AT_HALF_LOAD as f64 / rate);
    let span = ROUND * 2;
    let mut waits: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_HALF_LOAD)
            .map(|first| scope.spawn(move || paced(address, requests, first, pause, span)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    waits.sort_by(f64::total_cmp);
    [0.5, 0.99, 0.999].map(|part| waits[(waits.len() as f64 * part) as usize])
}

fn paced(
    address: SocketAddr,
    requests: &[Vec<u8>],
    first: usize,
    pause: Duration,
    span: Duration,
) -> Vec<f64> {
    let mut stream = TcpStream::connect(address).unwrap();
    let (mut buffer, mut waits) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    let mut due = begun + pause.mul_f64(first as f64 / AT_HALF_LOAD as f64);
    let mut turn = requests.iter().cycle().skip(first);
    while due < begun + span {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let request = turn.next().unwrap();
        assert_eq!(ask(&mut stream, request, &mut buffer).status, 200);
        waits.push(due.elapsed().as_secs_f64() * 1000.0);
        due += pause;
    }
    waits
}

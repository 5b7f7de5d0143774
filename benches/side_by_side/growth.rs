//! How it grows: `cargo bench -- growth` prints one line for each size, over four orders of magnitude.

use crate::client::request;
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

pub(crate) fn print() {
    println!(
        "| accounts and live sessions | in use | start | memory, idle | session check, of bare | sign-in page, of bare \
         | code sign-ins, of argon2 | p50, p99, p99.9 of session checks at half load | of the bare handler, asked as often \
         | memory, after |\n|---|---|---|---|---|---|---|---|---|---|"
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
    let [ours, bares] = bare::waits_beside(console.address(), &checks, most / 2.0)
        .map(|[p50, p99, p999]| format!("{p50:.2}, {p99:.2}, {p999:.2} ms"));
    println!(
        "| {size} | {in_use} | {start:.0} ms | {idle:.1} MB | {check:.2} | {page:.2} | {sign_ins:.2} \
         | {ours} | {bares} | {:.1} MB |",
        console.resident_mb()
    );
}

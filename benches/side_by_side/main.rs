//! Vestibule beside the limits of its libraries: a bare actix-web handler that sends the same bytes, and argon2 alone.
//! `cargo bench` prints one table. Every figure is measured in that run: a ratio, a time or a size.
//! `cargo bench -- growth` prints a second table, over the sizes of the database.
//! `pages`, `sign-ins` and `admin-pages` print one part of the first table.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first error and prints a table"
)]

mod admin_pages;
mod bare;
mod callback;
mod client;
mod console;
mod growth;
mod hashing;
mod load;
mod population;

use std::time::Duration;

use console::Console;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// The console's allocator, so that the bare handler differs in everything else only.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One round of one side. The sides take turns, so that other load on the machine affects both.
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

fn main() {
    if let Some(recipe) = std::env::args()
        .skip_while(|argument| argument != "--bare")
        .nth(1)
    {
        return bare::serve(&recipe);
    }
    if std::env::args().any(|argument| argument == "growth") {
        return growth::print();
    }
    println!("| what | measured | aim |\n|---|---|---|");
    let console = Console::start();
    let part = |name: &str| std::env::args().any(|argument| argument == name);
    if part("admin-pages") {
        return admin_pages::measure(&console);
    }
    if part("sign-ins") {
        return beside_argon2(&console);
    }
    sizes(&console);
    pages_beside_bare(&console);
    if part("pages") {
        return;
    }
    beside_argon2(&console);
    println!(
        "| WorkOS callback, our own time on top of the provider’s answers | {:.1} ms | ≤ 5 ms |",
        callback::own_ms(&console)
    );
    println!(
        "| resident memory, after all this | {:.1} MB | |",
        console.resident_mb()
    );
    admin_pages::measure(&console);
}

fn sizes(console: &Console) {
    println!(
        "| start to the first 200, existing database | {:.0} ms | < 50 ms |",
        console.start_up_ms()
    );
    println!(
        "| resident memory, idle | {:.1} MB | < 15 MB |",
        console.resident_mb()
    );
    println!("| binary | {:.1} MB | < 20 MB |", console.binary_mb());
}

fn pages_beside_bare(console: &Console) {
    let session = console.sign_in("bench@localhost");
    let style = console.style_sheet();
    for (what, aim, path, cookie) in [
        (
            "session check (`/dashboard`)",
            "≥ 0.8",
            "/dashboard",
            session.as_str(),
        ),
        ("sign-in page", "≥ 0.85", "/sign-in", ""),
        ("static file", "", &style, ""),
    ] {
        let beside = bare::beside(console, &[client::request(path, cookie)]);
        let [ours, bare] = [&beside.console, &beside.bare];
        row(
            &format!("{what}, of the bare handler"),
            aim,
            ours.per_second(),
            bare.per_second(),
        );
        println!(
            "| {what}, of the bare handler by the server's processor time | {:.2} ({:.1} µs a request, bare {:.1} µs) | |",
            bare.processor_us() / ours.processor_us(),
            ours.processor_us(),
            bare.processor_us()
        );
    }
}

/// Codes, sign-ins and plain argon2 hashes a second.
struct CodeRates {
    sent: f64,
    taken: f64,
    signed_in: f64,
    hashes: f64,
}

/// A code sent costs one hash, a code taken another; a whole sign-in costs both. The limit is measured before each
/// figure.
fn code_rates(console: &Console, rounds: usize) -> CodeRates {
    let [mut hashes, mut sent, mut taken, mut signed_in] = [(); 4].map(|()| Vec::new());
    for _ in 0..rounds {
        hashes.push(hashing::hashes_per_second(ROUND));
        sent.push(console.codes_per_second(ROUND));
        hashes.push(hashing::hashes_per_second(ROUND));
        taken.push(console.verifications_per_second());
        hashes.push(hashing::hashes_per_second(ROUND));
        signed_in.push(console.sign_ins_per_second(ROUND));
    }
    CodeRates {
        sent: median(sent),
        taken: median(taken),
        signed_in: median(signed_in),
        hashes: median(hashes),
    }
}

fn beside_argon2(console: &Console) {
    let rates = code_rates(console, ROUNDS);
    row(
        "codes sent, of what argon2 alone allows",
        "",
        rates.sent,
        rates.hashes,
    );
    row(
        "codes taken, of what argon2 alone allows",
        "",
        rates.taken,
        rates.hashes,
    );
    row(
        "whole code sign-ins, of what argon2 alone allows",
        "≥ 0.8",
        rates.signed_in,
        rates.hashes / 2.0,
    );
    println!(
        "| whole code sign-ins of eight people in a row | {:.0} a second | |",
        console.sign_ins_of_eight_per_second(5 * ROUND)
    );
}

fn row(what: &str, aim: &str, ours: f64, limit: f64) {
    println!(
        "| {what} | {:.2} ({ours:.0} of {limit:.0} a second) | {aim} |",
        ours / limit
    );
}

/// p50, p99 and p99.9 in milliseconds.
fn percentiles(mut waits: Vec<Duration>) -> [f64; 3] {
    waits.sort_unstable();
    [0.5, 0.99, 0.999].map(|part| {
        let wait = waits[(waits.len() as f64 * part) as usize];
        wait.as_secs_f64() * 1_000.0
    })
}

/// A sequence of `rounds` turns for each of `sides` sides. Each round is shuffled, so that no side always comes first
/// or after the same other side.
fn in_turn(rounds: usize, sides: usize) -> Vec<usize> {
    let mut chance = StdRng::seed_from_u64(1);
    let mut round: Vec<usize> = (0..sides).collect();
    (0..rounds)
        .flat_map(|_| {
            round.shuffle(&mut chance);
            round.clone()
        })
        .collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

//! Vestibule beside the limits of what it is made of: a bare actix-web handler that sends the same
//! bytes, and argon2 alone. `cargo bench` prints one table; every figure is a ratio, or a size,
//! measured in that run. `cargo bench -- growth` prints another one, over the sizes of the database.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that meets the unexpected stops, and prints its table"
)]

mod admin_pages;
mod bare;
mod callback;
mod client;
mod console;
mod growth;
mod hashing;
mod population;

use std::time::Duration;

use console::Console;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// The bare handler has the console's own allocator: what is compared is the rest.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// One round of one side. The sides take turns, so that whatever else the machine does hits both.
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
    // Only these, with `cargo bench -- admin-pages` and `cargo bench -- sign-ins`.
    if std::env::args().any(|argument| argument == "admin-pages") {
        return admin_pages::measure(&console);
    }
    if std::env::args().any(|argument| argument == "sign-ins") {
        return beside_argon2(&console);
    }
    println!(
        "| start to the first 200, existing database | {:.0} ms | < 50 ms |",
        console.start_up_ms()
    );
    println!(
        "| resident memory, idle | {:.1} MB | < 15 MB |",
        console.resident_mb()
    );
    println!(
        "| release binary | {:.1} MB | < 20 MB |",
        console.binary_mb()
    );

    let session = console.sign_in("bench@localhost");
    beside_bare(
        "session check (`/dashboard`), of the bare handler",
        "≥ 0.8",
        &console,
        "/dashboard",
        &session,
    );
    beside_bare(
        "sign-in page, of the bare handler",
        "≥ 0.8",
        &console,
        "/sign-in",
        "",
    );
    let style = console.style_sheet();
    beside_bare("static file, of the bare handler", "", &console, &style, "");
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

/// Codes and sign-ins, beside argon2 alone.
struct CodeRates {
    sent: f64,
    taken: f64,
    signed_in: f64,
    hashes: f64,
}

/// Sending a code is one hash, taking it another; a whole sign-in is both. The limit is measured before each figure.
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
        "≥ 0.9",
        rates.signed_in,
        rates.hashes / 2.0,
    );
}

fn beside_bare(what: &str, aim: &str, console: &Console, path: &str, cookie: &str) {
    let (ours, bare) = bare::beside(console.address(), &[client::request(path, cookie)]);
    row(what, aim, ours, bare);
}

fn row(what: &str, aim: &str, ours: f64, limit: f64) {
    println!(
        "| {what} | {:.2} ({ours:.0} of {limit:.0} a second) | {aim} |",
        ours / limit
    );
}

/// What 50, 99 and 99.9 in 100 of these stay under, in milliseconds.
fn percentiles(mut waits: Vec<Duration>) -> [f64; 3] {
    waits.sort_unstable();
    [0.5, 0.99, 0.999].map(|part| {
        let wait = waits[(waits.len() as f64 * part) as usize];
        wait.as_secs_f64() * 1_000.0
    })
}

/// The turns of so many sides, as many for each, each round in an order of its own: none always comes first, or after
/// the same other one.
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

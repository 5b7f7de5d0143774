//! Vestibule beside the limits of what it is made of: a bare actix-web handler that sends the same
//! bytes, and argon2 alone. `cargo bench` prints one table; every figure is a ratio, or a size,
//! measured in that run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that meets the unexpected stops, and prints its table"
)]

mod bare;
mod callback;
mod client;
mod console;
mod hashing;

use std::time::Duration;

use client::throughput;
use console::Console;

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
    println!("| what | measured | aim |\n|---|---|---|");
    let console = Console::start();
    println!(
        "| start to the first 200, existing database | {:.0} ms | < 50 ms |",
        console.start_up_ms()
    );
    println!(
        "| resident memory, idle | {:.1} MB | < 20 MB |",
        console.resident_mb()
    );
    println!(
        "| release binary | {:.1} MB | < 20 MB |",
        console.binary_mb()
    );

    let session = console.sign_in("bench@localhost");
    beside_bare(
        "session check (`/dashboard`), of the bare handler",
        "≥ 0.6",
        &console,
        "/dashboard",
        &session,
    );
    beside_bare(
        "sign-in page, of the bare handler",
        "≥ 0.7",
        &console,
        "/sign-in",
        "",
    );

    let (mut limits, mut signed_in) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        limits.push(hashing::hashes_per_second(ROUND) / 2.0);
        signed_in.push(console.sign_ins_per_second(round, ROUND));
    }
    let (limit, reached) = (median(limits), median(signed_in));
    row(
        "email-code sign-ins, of what argon2 alone allows",
        "≥ 0.85",
        reached,
        limit,
    );
    println!(
        "| WorkOS callback, our own time on top of the provider’s answers | {:.1} ms | ≤ 5 ms |",
        callback::own_ms()
    );
    println!(
        "| resident memory, after all this | {:.1} MB | |",
        console.resident_mb()
    );
}

fn beside_bare(what: &str, aim: &str, console: &Console, path: &str, cookie: &str) {
    let request = client::request(path, cookie);
    let bare = bare::Bare::start(&client::fetch(console.address(), &request));
    let (mut ours, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bares.push(throughput(bare.address(), &request, ROUND));
        ours.push(throughput(console.address(), &request, ROUND));
    }
    row(what, aim, median(ours), median(bares));
}

fn row(what: &str, aim: &str, ours: f64, limit: f64) {
    println!(
        "| {what} | {:.2} ({ours:.0} of {limit:.0} a second) | {aim} |",
        ours / limit
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

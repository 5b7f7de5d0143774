//! Growth: `cargo bench -- growth` prints one column for each size of the database, over four orders of magnitude.
//! All sizes run side by side, and waits are measured in turns, so that other load on the machine affects all sizes.

use std::array;

use crate::bare::{Beside, Cost};
use crate::client::request;
use crate::console::Console;
use crate::{bare, callback, code_rates, in_turn, percentiles, population};

/// Accounts with one live session each, and the number of sessions in use. The console caches 20 000 sessions; the
/// last column uses more.
const SIZES: [(usize, usize); 4] = [
    (100, 100),
    (10_000, 10_000),
    (1_000_000, 10_000),
    (1_000_000, 30_000),
];
const ROUNDS: usize = 3;
/// Rounds of code requests and code entries in which the waits are measured.
const TURNS_AT_CODES: usize = 8;

type Columns<T> = [T; SIZES.len()];

pub(crate) fn print() {
    row(
        "accounts and live sessions, of which in use",
        SIZES.map(|(size, in_use)| format!("{size}, {in_use}")),
    );
    row("---", SIZES.map(|_| "---".to_owned()));
    let consoles = SIZES.map(|(size, _)| Console::start_settled(size));
    row(
        "start",
        consoles
            .each_ref()
            .map(|console| format!("{:.0} ms", console.start_up_ms())),
    );
    row("memory, idle", memory(&consoles));
    let checks: Columns<_> = array::from_fn(|column| {
        let (_, in_use) = SIZES[column];
        population::cookies(&consoles[column].data(), in_use)
            .iter()
            .map(|cookie| request("/dashboard", cookie))
            .collect::<Vec<_>>()
    });
    let pages = SIZES.map(|_| vec![request("/sign-in", "")]);
    let files = consoles
        .each_ref()
        .map(|console| vec![request(&console.style_sheet(), "")]);
    let [check_rates, page_rates, _] = [
        ("session check, of bare", &checks),
        ("sign-in page, of bare", &pages),
        ("static file, of bare", &files),
    ]
    .map(|(what, requests)| answered(what, &consoles, requests));
    for (what, requests, [of_the_first, ..]) in [
        ("wait for a session check", &checks, check_rates),
        ("wait for the sign-in page", &pages, page_rates),
    ] {
        waits(what, &consoles, requests, half(of_the_first));
    }
    codes(&consoles);
    row(
        "WorkOS callback, our own time",
        consoles
            .each_ref()
            .map(|console| format!("{:.1} ms", callback::own_ms(console))),
    );
    row("memory, after all this", memory(&consoles));
}

/// Prints the throughput beside the bare handler. Returns the console's requests a second.
fn answered(
    what: &str,
    consoles: &Columns<Console>,
    requests: &Columns<Vec<Vec<u8>>>,
) -> Columns<f64> {
    let beside: Columns<_> =
        array::from_fn(|column| bare::beside(&consoles[column], &requests[column]));
    let rates = beside
        .each_ref()
        .map(|Beside { console, bare }| [console, bare].map(Cost::per_second));
    row(
        what,
        rates.map(|[ours, bare]| format!("{:.2}", ours / bare)),
    );
    row(
        "by the server's processor time",
        beside.map(|Beside { console, bare }| {
            format!("{:.2}", bare.processor_us() / console.processor_us())
        }),
    );
    rates.map(|[ours, _]| ours)
}

/// Prints the waits at `rate` requests a second, for each console and for a bare handler beside each. Every column has
/// the same rate. With half of each console's own throughput as its rate, the waits of two equal consoles differed by a
/// factor of three.
fn waits(what: &str, consoles: &Columns<Console>, requests: &Columns<Vec<Vec<u8>>>, rate: f64) {
    let asked: Columns<_> =
        array::from_fn(|column| (consoles[column].address(), requests[column].as_slice()));
    let [ours, bares] = bare::waits_beside(asked, rate);
    row(what, ours.map(percentiles_in_ms));
    row("for the bare handler", bares.map(percentiles_in_ms));
}

/// Prints the throughput of codes sent and taken beside argon2, and p50, p99 and p99.9 of the waits at half of the first
/// console's throughput.
fn codes(consoles: &Columns<Console>) {
    let rates = consoles
        .each_ref()
        .map(|console| code_rates(console, ROUNDS));
    for (what, of_argon2) in [
        (
            "codes sent, of argon2",
            rates.each_ref().map(|rates| rates.sent / rates.hashes),
        ),
        (
            "codes taken, of argon2",
            rates.each_ref().map(|rates| rates.taken / rates.hashes),
        ),
        (
            "whole code sign-ins, of argon2",
            rates
                .each_ref()
                .map(|rates| rates.signed_in / (rates.hashes / 2.0)),
        ),
    ] {
        row(what, of_argon2.map(|part| format!("{part:.2}")));
    }
    let mut waits = SIZES.map(|_| [Vec::new(), Vec::new()]);
    let [of_the_first, ..] = &rates;
    for column in in_turn(TURNS_AT_CODES, SIZES.len()) {
        let waited =
            consoles[column].waits_for_codes(half(of_the_first.sent), half(of_the_first.taken));
        for (kept, more) in waits[column].iter_mut().zip(waited) {
            kept.extend(more);
        }
    }
    for (what, which) in [
        ("wait for a code to be sent", 0),
        ("wait for a code to be taken", 1),
    ] {
        row(
            what,
            waits
                .each_ref()
                .map(|both| percentiles_in_ms(percentiles(both[which].clone()))),
        );
    }
}

fn memory(consoles: &Columns<Console>) -> Columns<String> {
    consoles
        .each_ref()
        .map(|console| format!("{:.1} MB", console.resident_mb()))
}

fn half(rate: f64) -> f64 {
    rate / 2.0
}

fn percentiles_in_ms([p50, p99, p999]: [f64; 3]) -> String {
    format!("{p50:.2}, {p99:.2}, {p999:.2} ms")
}

fn row(what: &str, cells: Columns<String>) {
    println!("| {what} | {} |", cells.join(" | "));
}

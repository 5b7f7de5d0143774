//! How it grows: `cargo bench -- growth` prints one column for each size, over four orders of magnitude. All sizes
//! run side by side, and where waits are looked at they take turns: what else the machine does hits all of them.

use std::array;

use crate::client::request;
use crate::console::Console;
use crate::{bare, callback, code_rates, in_turn, percentiles, population};

/// Accounts, each with a live session, and how many of the sessions are used in turn. The console remembers
/// 20 000: the last column goes past that.
const SIZES: [(usize, usize); 4] = [
    (100, 100),
    (10_000, 10_000),
    (1_000_000, 10_000),
    (1_000_000, 30_000),
];
const ROUNDS: usize = 3;
/// Turns at asking for codes and entering them, while the waits for that are looked at.
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

/// Prints how many of these requests are answered in a second, and gives that.
fn answered(
    what: &str,
    consoles: &Columns<Console>,
    requests: &Columns<Vec<Vec<u8>>>,
) -> Columns<f64> {
    let beside: Columns<_> =
        array::from_fn(|column| bare::beside(consoles[column].address(), &requests[column]));
    row(
        what,
        beside.map(|(ours, bare)| format!("{:.2}", ours / bare)),
    );
    beside.map(|(ours, _)| ours)
}

/// Prints how long these requests wait where so many come in a second, and how long beside each console a bare
/// handler's do. All are asked as often: at half of what each answers itself, measured minutes apart, the same page of
/// two consoles took three times as long in one as in the other.
fn waits(what: &str, consoles: &Columns<Console>, requests: &Columns<Vec<Vec<u8>>>, rate: f64) {
    let asked: Columns<_> =
        array::from_fn(|column| (consoles[column].address(), requests[column].as_slice()));
    let [ours, bares] = bare::waits_beside(asked, rate);
    row(what, ours.map(in_words));
    row("for the bare handler", bares.map(in_words));
}

/// Prints how many codes are sent and taken in a second, and how long people wait for that where half as many come as
/// the first console can serve: of all their waits, what 50, 99 and 99.9 in 100 stay under.
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
                .map(|both| in_words(percentiles(both[which].clone()))),
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

fn in_words([p50, p99, p999]: [f64; 3]) -> String {
    format!("{p50:.2}, {p99:.2}, {p999:.2} ms")
}

fn row(what: &str, cells: Columns<String>) {
    println!("| {what} | {} |", cells.join(" | "));
}

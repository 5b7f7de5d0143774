//! How it grows: `cargo bench -- growth` prints one column for each size, over four orders of magnitude.

use crate::client::request;
use crate::console::Console;
use crate::{bare, callback, code_rates, population};

/// Accounts, each with a live session, and how many of the sessions are used in turn. The console remembers
/// 20 000: the last column goes past that.
const SIZES: [(usize, usize); 4] = [
    (100, 100),
    (10_000, 10_000),
    (1_000_000, 10_000),
    (1_000_000, 30_000),
];
const ROUNDS: usize = 3;

/// What is measured, and what came out.
type Figures = Vec<(&'static str, String)>;

pub(crate) fn print() {
    let columns = SIZES.map(|(size, in_use)| measure(size, in_use));
    println!(
        "| accounts and live sessions, of which in use | {} |\n|---|{}",
        SIZES
            .map(|(size, in_use)| format!("{size}, {in_use}"))
            .join(" | "),
        "---|".repeat(SIZES.len())
    );
    for (place, (what, _)) in columns[0].iter().enumerate() {
        let cells = columns.each_ref().map(|column| column[place].1.as_str());
        println!("| {what} | {} |", cells.join(" | "));
    }
}

fn measure(size: usize, in_use: usize) -> Figures {
    let console = Console::start_settled(size);
    let mut figures = vec![
        ("start", format!("{:.0} ms", console.start_up_ms())),
        ("memory, idle", format!("{:.1} MB", console.resident_mb())),
    ];
    let checks: Vec<_> = population::cookies(&console.data(), in_use)
        .iter()
        .map(|cookie| request("/dashboard", cookie))
        .collect();
    let page = [request("/sign-in", "")];
    let file = [request(&console.style_sheet(), "")];
    let [check_rate, page_rate, _] = [
        ("session check, of bare", checks.as_slice()),
        ("sign-in page, of bare", &page),
        ("static file, of bare", &file),
    ]
    .map(|(what, requests)| {
        let (ours, bare) = bare::beside(console.address(), requests);
        figures.push((what, format!("{:.2}", ours / bare)));
        ours
    });
    let waits = [
        (
            ["wait for a session check", "for the bare handler"],
            checks.as_slice(),
            check_rate,
        ),
        (
            ["wait for the sign-in page", "for the bare handler"],
            &page,
            page_rate,
        ),
    ]
    .map(|(sides, requests, rate)| {
        let waits = bare::waits_beside(console.address(), requests, rate / 2.0);
        sides.into_iter().zip(waits.map(in_words))
    });
    let rates = code_rates(&console, ROUNDS);
    for (what, rate, limit) in [
        ("codes sent, of argon2", rates.sent, rates.hashes),
        ("codes taken, of argon2", rates.taken, rates.hashes),
        (
            "whole code sign-ins, of argon2",
            rates.signed_in,
            rates.hashes / 2.0,
        ),
    ] {
        figures.push((what, format!("{:.2}", rate / limit)));
    }
    let own = callback::own_ms(&console);
    figures.push(("WorkOS callback, our own time", format!("{own:.1} ms")));
    figures.extend(waits.into_iter().flatten());
    let [asked, entered] = console.waits_for_codes(rates.sent / 2.0, rates.taken / 2.0);
    figures.push(("wait for a code to be sent", in_words(asked)));
    figures.push(("wait for a code to be taken", in_words(entered)));
    let after = format!("{:.1} MB", console.resident_mb());
    figures.push(("memory, after all this", after));
    figures
}

fn in_words([p50, p99, p999]: [f64; 3]) -> String {
    format!("{p50:.2}, {p99:.2}, {p999:.2} ms")
}

//! The CSV import: what is taken for accounts.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vestibule::accounts::import::read;
use vestibule::domain::{Email, Role};

use crate::corpus::{bytes, holds_for, like};

const PIECES: &[&str] = &[
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\"",
    "\"\"",
    "\0",
    "\u{feff}",
    "\u{85}",
    "\u{1b}[2J",
    "email",
    "name",
    "role",
    "confirmed",
    "admin",
    "yes",
    "no",
    "mira@acme.test",
    "=1+1",
    "@",
    " ",
];

fn drawn() -> impl Strategy<Value = Vec<u8>> {
    let kept = bytes("import");
    let texts = kept
        .iter()
        .filter_map(|file| String::from_utf8(file.clone()).ok());
    prop_oneof![
        like(texts.collect(), PIECES).prop_map(String::into_bytes),
        (select(kept), any::<proptest::sample::Index>(), any::<u8>()).prop_map(
            |(mut file, place, byte)| {
                if !file.is_empty() {
                    let at = place.index(file.len());
                    file[at] = byte;
                }
                file
            }
        ),
    ]
}

// SECURITY rules 6 and 7: for any file, each row has one well-formed address and no address occurs twice.
// The messages about other lines are safe on a terminal.
#[test]
fn a_file_yields_each_address_once_and_no_control_characters() {
    holds_for(bytes("import"), drawn(), |file| {
        let rows = match read(file) {
            Ok(rows) => rows,
            Err(unreadable) => return assert_plain(&unreadable.to_string()),
        };
        let lines = file.iter().filter(|byte| b"\r\n".contains(byte)).count() + 1;
        let mut seen = HashSet::new();
        for row in &rows.good {
            assert!(
                seen.insert(row.account.email.folded()),
                "{} twice",
                row.account.email
            );
            assert_eq!(
                Email::parse(row.account.email.as_str()).unwrap(),
                row.account.email
            );
            assert_plain(&row.account.name);
        }
        rows.bad
            .iter()
            .for_each(|bad| assert_plain(&bad.error.to_string()));
        let good = rows.good.iter().map(|row| row.line);
        let mut at: Vec<_> = good.chain(rows.bad.iter().map(|bad| bad.line)).collect();
        at.sort_unstable();
        assert!(
            at.iter().all(|line| (2..=lines).contains(line)),
            "{at:?} of {lines}"
        );
    });
}

#[track_caller]
fn assert_plain(words: &str) {
    assert!(!words.contains(char::is_control), "{words:?}");
}

/// Name, whether admin, and whether confirmed, of a row; its address is its number.
type Person = (String, bool, bool);

// What a spreadsheet writes is what is read, with any separator and any line ending.
#[test]
fn rows_that_were_written_are_read_back() {
    let person = ("[ -~äß]{0,20}", any::<bool>(), any::<bool>());
    let style = (select(&b",;\t"[..]), any::<bool>(), any::<bool>());
    holds_for(
        [],
        (vec(person, 1..8), style),
        |(people, (separator, windows, marked))| {
            let rows = read(&written(people, *separator, *windows, *marked)).unwrap();
            assert_eq!(rows.bad, []);
            assert_eq!(rows.good.len(), people.len());
            for (number, (row, (name, admin, confirmed))) in
                rows.good.iter().zip(people).enumerate()
            {
                assert_eq!(row.line, number + 2);
                assert_eq!(row.account.email.as_str(), format!("p{number}@acme.test"));
                assert_eq!(row.account.name, name.trim());
                assert_eq!(row.account.role == Role::Admin, *admin);
                assert_eq!(row.account.confirmed, *confirmed);
            }
        },
    );
}

fn written(people: &[Person], separator: u8, windows: bool, marked: bool) -> Vec<u8> {
    let ending = if windows {
        csv::Terminator::CRLF
    } else {
        csv::Terminator::Any(b'\n')
    };
    let start = if marked { "\u{feff}" } else { "" };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(ending)
        .from_writer(start.as_bytes().to_vec());
    writer
        .write_record(["email", "name", "role", "confirmed"])
        .unwrap();
    for (number, (name, admin, confirmed)) in people.iter().enumerate() {
        let role = if *admin { "admin" } else { "member" };
        let confirmed = if *confirmed { "yes" } else { "no" };
        let email = format!("p{number}@acme.test");
        writer
            .write_record([&email, name, role, confirmed])
            .unwrap();
    }
    writer.into_inner().unwrap()
}

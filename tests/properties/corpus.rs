//! The inputs: those that are kept, those that are like them, and how a property is tried on them.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

/// How many inputs are drawn for a property.
const DRAWN: u32 = 500;

/// Every line of `tests/corpus/NAME.txt`, as bytes: `\n`, `\r`, `\t`, `\\` and `\x00` are written so.
pub fn bytes(name: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/corpus/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(Path::new(&path)).unwrap();
    let inputs: Vec<_> = text.lines().map(unescaped).collect();
    assert!(!inputs.is_empty(), "{path} is empty");
    inputs
}

/// The same, as text.
pub fn texts(name: &str) -> Vec<String> {
    let inputs = bytes(name).into_iter();
    inputs
        .map(|line| String::from_utf8(line).unwrap())
        .collect()
}

fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        let meant = match byte {
            b'\\' => match rest.next().unwrap() {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                b'\\' => b'\\',
                other => panic!("\\{} in the corpus", char::from(other)),
            },
            byte => byte,
        };
        bytes.push(meant);
    }
    bytes
}

/// Texts like these, with a few pieces put in, some of it taken out, or nothing of it left at all.
pub fn like(seeds: Vec<String>, pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let changes = vec((any::<Index>(), select(pieces), 0_usize..3), 0..4);
    let changed = (select(seeds), changes).prop_map(|(seed, changes)| {
        let mut text: Vec<char> = seed.chars().collect();
        for (place, piece, taken) in changes {
            let at = place.index(text.len() + 1);
            let end = (at + taken).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    });
    prop_oneof![4 => changed, 1 => any::<String>()]
}

/// Tries a property on what is kept, then on what is drawn.
#[track_caller]
pub fn holds_for<T: Debug>(
    kept: impl IntoIterator<Item = T>,
    drawn: impl Strategy<Value = T>,
    property: impl Fn(&T),
) {
    kept.into_iter().for_each(|input| property(&input));
    let config = Config {
        cases: DRAWN,
        // A failing input belongs in the corpus, where it can be read.
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&drawn, |input| {
        property(&input);
        Ok(())
    });
    if let Err(broken) = outcome {
        panic!("{broken}");
    }
}

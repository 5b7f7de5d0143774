//! The commands about accounts, sessions and migrations, as an operator meets them.

mod accounts;
mod changes;
mod help;
mod import;
mod migrate;
mod sessions;
mod terminal;

use serde_json::Value;

use crate::support::Workplace;
use crate::support::process::Finished;

const MIRA: &str = "mira@acme.test";
const NOOR: &str = "noor@acme.test";

/// A place where Mira is an admin and Noor a member, both added at the same moment in 2001.
async fn place() -> Workplace {
    let place = Workplace::empty();
    let mira = [
        "account",
        "add",
        MIRA,
        "--name",
        "Mira Bell",
        "--role",
        "admin",
    ];
    for arguments in [&mira[..], &["account", "add", NOOR]] {
        succeeds(&place, arguments).await;
    }
    place.sql("UPDATE accounts SET created_at = 1000000000000, confirmed_at = 1000000000000");
    place
}

/// What a command that succeeds says on standard output.
async fn succeeds(place: &Workplace, arguments: &[&str]) -> String {
    let finished = place.run(arguments).await;
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
    finished.stdout
}

/// The last line that a command that fails says on standard error; it says nothing else anywhere.
async fn fails(place: &Workplace, arguments: &[&str]) -> String {
    let finished = place.run(arguments).await;
    assert_eq!(finished.code, Some(1), "{arguments:?}: {finished:?}");
    assert_eq!(finished.stdout, "");
    last_line(&finished)
}

fn last_line(finished: &Finished) -> String {
    finished
        .stderr
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

/// The array of objects that a command answers with.
async fn objects(place: &Workplace, arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&succeeds(place, arguments).await).unwrap()
}

/// The names in an object, in the order of the alphabet.
fn names(object: &Value) -> Vec<&str> {
    let object = object.as_object().unwrap();
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// How often the command line did this to an address, as the activity has it.
fn noted(place: &Workplace, kind: &str, email: &str) -> i64 {
    place.number(&format!(
        "SELECT count(*) FROM activity
         WHERE kind = '{kind}' AND email = '{email}' AND actor = 'command line'"
    ))
}

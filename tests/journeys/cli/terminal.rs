//! Behaviour on a terminal, which util-linux's `script` simulates.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{NOOR, place};
use crate::support::Workplace;

/// Runs a command with a terminal at both ends, and types into it. Gives the exit code and all that
/// the terminal showed.
fn on_terminal(place: &Workplace, command: &str, typed: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_vestibule");
    let mut script = Command::new("script")
        .args(["-qec", &format!("'{program}' {command}"), "/dev/null"])
        .current_dir(place.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = script.stdin.take().unwrap();
    keyboard.write_all(typed.as_bytes()).unwrap();
    let finished = script.wait_with_output().unwrap();
    drop(keyboard);
    let shown = String::from_utf8(finished.stdout).unwrap();
    (finished.status.code(), shown)
}

#[actix_web::test]
async fn an_account_is_deleted_after_the_answer_yes() {
    let place = place().await;
    let count = "SELECT count(*) FROM accounts WHERE email = 'noor@acme.test'";
    for typed in ["n\n", "\n", "maybe\n"] {
        let (code, shown) = on_terminal(&place, &format!("account delete {NOOR}"), typed);
        assert_eq!(code, Some(1), "{shown}");
        assert!(
            shown.contains("Delete noor@acme.test, with its sessions"),
            "{shown}"
        );
        assert!(shown.contains("Nothing was deleted."), "{shown}");
        assert_eq!(place.number(count), 1);
    }
    let (code, shown) = on_terminal(&place, "account delete nobody@acme.test", "y\n");
    assert_eq!(code, Some(1), "{shown}");
    assert!(
        !shown.contains("Delete nobody"),
        "asked about nobody: {shown}"
    );

    let (code, shown) = on_terminal(&place, &format!("account delete {NOOR}"), "y\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("noor@acme.test is deleted."), "{shown}");
    assert_eq!(place.number(count), 0);
}

#[actix_web::test]
async fn an_import_shows_its_progress() {
    let place = place().await;
    fs::write(
        place.path().join("team.csv"),
        "email\nada@acme.test\nzoe@acme.test\n",
    )
    .unwrap();
    let (code, shown) = on_terminal(&place, "account import team.csv", "");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("Adding accounts: "), "{shown:?}");
    assert!(shown.contains(" of 2"), "{shown:?}");
    // The bar is cleared before the result is printed.
    let after = shown.rsplit("\x1b[2K").next().unwrap();
    assert_eq!(after, "2 accounts were added.\r\n", "{shown:?}");
}

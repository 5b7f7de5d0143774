//! What each command says of itself, and what it says to a shell.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

use super::succeeds;
use crate::support::Workplace;

#[actix_web::test]
async fn every_command_says_what_it_does() {
    let place = Workplace::empty();
    let mut text = String::new();
    for command in [
        "migrate",
        "account",
        "account add",
        "account import",
        "account list",
        "account show",
        "account confirm",
        "account suspend",
        "account restore",
        "account role",
        "account delete",
        "sessions",
        "sessions list",
        "sessions end",
        "completions",
    ] {
        let arguments: Vec<_> = command.split(' ').chain(["--help"]).collect();
        let help = succeeds(&place, &arguments).await;
        let (own, _settings) = help.split_once("\nSettings:\n").unwrap();
        text.push_str(&format!("$ vestibule {command} --help\n{own}\n"));
    }
    assert!(place.contents().is_empty());
    assert_snapshot!(text);
}

#[actix_web::test]
async fn completions_contain_every_command_for_every_shell() {
    let place = Workplace::empty().with("SECRET_KEY", "hunter2-key");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = succeeds(&place, &["completions", shell]).await;
        for word in [
            "vestibule",
            "suspend",
            "import",
            "sessions",
            "skip-bad",
            "status",
        ] {
            assert!(script.contains(word), "no {word} for {shell}");
        }
        assert!(
            !script.contains("hunter2"),
            "a secret is in the script for {shell}"
        );
        if shell == "bash" {
            let file = place.path().join("vestibule.bash");
            fs::write(&file, script).unwrap();
            let read = Command::new("bash").arg("-n").arg(&file).status().unwrap();
            assert!(read.success(), "bash cannot read it");
            fs::remove_file(file).unwrap();
        }
    }
    assert!(place.contents().is_empty());
}

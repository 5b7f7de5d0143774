//! The README is held to account: what it lists is what there is.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use vestibule::routes::{self, Access};

use crate::support::Workplace;

const README: &str = include_str!("../../README.md");

/// What `env_logger` reads, and `--help` knows nothing of.
const OF_OTHERS: &str = "RUST_LOG";
/// What clap adds to every command by itself.
const OF_CLAP: [&str; 2] = ["--help", "--version"];
/// Files, which nobody visits.
const NO_PAGES: [&str; 1] = ["/static/{name:.*}"];

/// A page on a listener of its own.
const METRICS: &str = "/metrics";

/// The rows of the table below a heading, each as its cells.
fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, below) = README
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("the README has no {heading}"));
    let section = below.split("\n#").next().unwrap();
    let rows: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            // A bar within a cell is escaped.
            let line = line.replace("\\|", "/");
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "there is no table below {heading}");
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

async fn help(place: &Workplace, command: &str) -> String {
    let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let help = place.run(&arguments).await;
    assert_eq!(help.code, Some(0), "{help:?}");
    help.stdout
}

/// The commands below one, as its help lists them.
fn below(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// Every command that has none below it, with its help.
async fn commands(place: &Workplace) -> Vec<(String, String)> {
    let mut left = vec![String::new()];
    let mut found = Vec::new();
    while let Some(command) = left.pop() {
        let help = help(place, &command).await;
        let below = below(&help);
        if below.is_empty() {
            found.push((command, help));
        } else {
            left.extend(
                below
                    .iter()
                    .map(|name| format!("{command} {name}").trim().to_owned()),
            );
        }
    }
    found
}

/// The long options of a command's own, the settings left out.
fn options(help: &str) -> Vec<&str> {
    let (own, _settings) = help.split_once("\nSettings:\n").unwrap();
    let (_, options) = own.split_once("\nOptions:\n").unwrap();
    options
        .lines()
        .filter_map(|line| {
            line.split_whitespace()
                .find(|word| word.starts_with("--"))
                .filter(|_| line.trim_start().starts_with('-'))
        })
        .filter(|option| !OF_CLAP.contains(option))
        .collect()
}

#[actix_web::test]
async fn it_lists_every_setting_and_no_other() {
    let help = help(&Workplace::empty(), "").await;
    let there: BTreeSet<String> = help
        .split("[env: ")
        .skip(1)
        .map(|rest| rest.split(['=', ']']).next().unwrap().to_owned())
        .collect();
    let mut listed: BTreeSet<String> = table("### Settings")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    assert!(listed.remove(OF_OTHERS));
    assert!(there.len() > 30, "{there:?}");
    assert_eq!(listed, there);
}

#[actix_web::test]
async fn it_lists_every_command_with_every_option() {
    let rows: Vec<String> = table("### Commands")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    let commands = commands(&Workplace::empty()).await;
    assert!(commands.len() > 20, "{commands:?}");
    let there = |row: &String| {
        let listed = row.strip_prefix("vestibule ");
        listed.is_none_or(|row| commands.iter().any(|(command, _)| row.starts_with(command)))
    };
    assert!(rows.iter().all(there), "one of {rows:#?} is no command");
    for (command, help) in &commands {
        let start = format!("vestibule {command}");
        let row = rows
            .iter()
            .find(|row| **row == start || row.starts_with(&format!("{start} ")))
            .unwrap_or_else(|| panic!("the README does not list `{start}`"));
        for option in options(help) {
            assert!(row.contains(option), "{row} does not say {option}");
        }
    }
}

#[actix_web::test]
async fn it_lists_every_page_and_who_sees_it() {
    let rows = table("### Pages");
    let pages: Vec<_> = routes::table()
        .into_iter()
        .filter(|entry| entry.method == Method::GET.as_str() && !NO_PAGES.contains(&entry.path))
        .collect();
    let listed: BTreeSet<String> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let there: BTreeSet<String> = pages.iter().map(|page| page.path.to_owned()).collect();
    let elsewhere = BTreeSet::from([METRICS.to_owned()]);
    assert!(
        listed
            .difference(&there)
            .all(|path| elsewhere.contains(path)),
        "{listed:?}"
    );
    for page in pages {
        let row = rows
            .iter()
            .find(|row| quoted(&row[0]).iter().any(|path| path == page.path))
            .unwrap_or_else(|| panic!("the README does not list {}", page.path));
        let expected = match page.access {
            Access::Anyone | Access::Visitor => "anyone",
            Access::SignedIn => "signed in",
            Access::Admin => "admins",
        };
        assert_eq!(row[1], expected, "{}", page.path);
    }
}

#[test]
fn the_files_that_it_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_file = |name: &String| {
        let folders = ["deploy/", "src/", "tests/", "migrations/"];
        name.ends_with(".rs") || folders.iter().any(|folder| name.starts_with(folder))
    };
    let named: BTreeSet<String> = README.lines().flat_map(quoted).filter(is_file).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        let is_there = [root, &root.join("tests/journeys")]
            .iter()
            .any(|folder| folder.join(&name).exists());
        assert!(is_there, "there is no {name}");
    }
}

/// Whether a comment in this text names the rule, as `SECURITY rule 4` or `SECURITY rules 4 and 10`.
fn cites(text: &str, rule: usize) -> bool {
    text.split("SECURITY rule").skip(1).any(|rest| {
        let sentence = rest.split(['.', ':', ')', '\n']).next().unwrap_or_default();
        let mut words = sentence.split(|c: char| !c.is_ascii_digit());
        words.any(|word| word == rule.to_string())
    })
}

#[test]
fn every_rule_is_tried_somewhere_that_says_so() {
    let rules = include_str!("../README.md");
    let rows: Vec<&str> = rules
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    let mut listed = Vec::new();
    for row in rows {
        let Some(rule) = row.split(' ').nth(1).and_then(|cell| cell.parse().ok()) else {
            continue;
        };
        let (_, files) = row.rsplit_once(" | ").unwrap();
        let files = quoted(files);
        assert!(!files.is_empty(), "rule {rule} is tried nowhere");
        for file in files {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            let text = std::fs::read_to_string(path).unwrap_or_default();
            assert!(cites(&text, rule), "{file} does not cite rule {rule}");
        }
        listed.push(rule);
    }
    assert_eq!(listed, (1..=30).collect::<Vec<_>>());
}

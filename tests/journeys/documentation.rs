//! The documentation lists what exists: settings, commands, pages, crates, files and rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::Method;
use vestibule::routes::{self, Access};

use crate::support::Workplace;

/// Variables that libraries read themselves, so `--help` does not list them.
const OF_LIBRARIES: [&str; 2] = ["RUST_LOG", "SSL_CERT_FILE"];
/// Options that clap adds to every command.
const OF_CLAP: [&str; 2] = ["--help", "--version"];
/// Routes that serve files instead of pages.
const NO_PAGES: [&str; 1] = ["/static/{name:.*}"];
/// Served on `METRICS_LISTEN`, so it is not in the table of routes.
const METRICS: &str = "/metrics";
/// Every rule up to this one is listed. Of the later ones, those without a test are not listed yet.
const RULES: usize = 30;
const README_WORDS: usize = 900;
/// Words of the help for a setting without a default.
const NO_DEFAULT: [&str; 2] = ["none", "nowhere"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The Markdown files of the project, relative to its root.
fn documents() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["", "docs"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                found.push(Path::new(folder).join(name).display().to_string());
            }
        }
    }
    assert!(found.len() >= 13, "{found:?}");
    found
}

/// The cells of every table row whose first cell begins with a quoted word.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            // A bar inside a cell is escaped.
            let line = line.replace("\\|", "/");
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table has a quoted first cell");
    rows
}

/// The rows of the section below a heading.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let text = text_of(document);
    let (_, below) = text
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("{document} has no {heading}"));
    rows(below.split("\n## ").next().unwrap())
}

/// The words between backticks.
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

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
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

/// Every command without subcommands, with its help.
async fn commands(place: &Workplace) -> Vec<(String, String)> {
    let mut left = vec![String::new()];
    let mut found = Vec::new();
    while let Some(command) = left.pop() {
        let help = help(place, &command).await;
        let subcommands = subcommands(&help);
        if subcommands.is_empty() {
            found.push((command, help));
        } else {
            left.extend(
                subcommands
                    .iter()
                    .map(|name| format!("{command} {name}").trim().to_owned()),
            );
        }
    }
    found
}

/// The long options of the command itself, without the settings.
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

/// The settings in a help text: the variable, and its default if that is a single word.
fn settings(help: &str) -> Vec<(String, Option<String>)> {
    let between = |text: &str, before: &str, after: [char; 2]| {
        let rest = text.split_once(before)?.1;
        rest.split(after).next().map(str::to_owned)
    };
    help.split("\n      --")
        .filter_map(|entry| {
            let variable = between(entry, "[env: ", ['=', ']'])?;
            let default = between(entry, "[default: ", [']', ']']);
            let single = default.filter(|words| !words.contains(char::is_whitespace));
            Some((variable, single))
        })
        .collect()
}

#[actix_web::test]
async fn configuration_lists_every_setting_and_no_other() {
    let help = help(&Workplace::empty(), "").await;
    let there: BTreeSet<String> = settings(&help).into_iter().map(|(name, _)| name).collect();
    let mut listed: BTreeSet<String> = rows(&text_of("docs/configuration.md"))
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    for variable in OF_LIBRARIES {
        assert!(listed.remove(variable), "{variable} is not listed");
    }
    assert!(there.len() > 30, "{there:?}");
    assert_eq!(listed, there);
}

#[actix_web::test]
async fn configuration_states_the_defaults_of_the_help() {
    let help = help(&Workplace::empty(), "").await;
    let rows = rows(&text_of("docs/configuration.md"));
    let mut compared = 0;
    for (variable, default) in settings(&help) {
        let Some(default) = default else { continue };
        let is_none = NO_DEFAULT.contains(&&*default);
        let default = if is_none { "none".to_owned() } else { default };
        let row = rows.iter().find(|row| quoted(&row[0]) == [&*variable]);
        let row = row.unwrap_or_else(|| panic!("{variable} has no row of its own"));
        assert!(
            row[1].contains(&default),
            "{variable}: {} is not {default}",
            row[1]
        );
        compared += 1;
    }
    assert!(compared > 8, "only {compared} defaults were compared");
}

#[actix_web::test]
async fn cli_lists_every_command_with_every_option() {
    let rows: Vec<String> = table("docs/cli.md", "## Commands")
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
            .unwrap_or_else(|| panic!("docs/cli.md does not list `{start}`"));
        for option in options(help) {
            assert!(row.contains(option), "{row} does not say {option}");
        }
    }
}

#[test]
fn architecture_lists_every_page_and_its_visitors() {
    let rows = table("docs/architecture.md", "## Pages");
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
            .unwrap_or_else(|| panic!("docs/architecture.md does not list {}", page.path));
        let expected = match page.access {
            Access::Anyone | Access::Visitor => "anyone",
            Access::SignedIn => "signed in",
            Access::Admin => "admins",
        };
        assert_eq!(row[1], expected, "{}", page.path);
    }
}

/// The crates of every table of dependencies in `Cargo.toml`.
fn crates() -> BTreeSet<String> {
    let manifest = text_of("Cargo.toml");
    let sections = manifest.split("\n[").filter_map(|section| {
        let (heading, body) = section.split_once("]\n")?;
        heading.ends_with("dependencies").then_some(body)
    });
    sections
        .flat_map(str::lines)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn architecture_lists_every_crate_and_no_other() {
    let listed: BTreeSet<String> = table("docs/architecture.md", "## Dependencies")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    let crates = crates();
    assert!(crates.len() > 40, "{crates:?}");
    assert_eq!(listed, crates);
}

#[test]
fn the_files_that_documents_name_exist() {
    let is_file = |name: &String| {
        let folders = [
            "deploy/",
            "docs/",
            "src/",
            "static/",
            "tests/",
            "migrations/",
        ];
        let is_path = folders.iter().any(|folder| name.starts_with(folder));
        is_path && !name.contains([' ', '*', '['])
    };
    let mut count = 0;
    for document in documents() {
        let text = text_of(&document);
        let named: BTreeSet<String> = text.lines().flat_map(quoted).filter(is_file).collect();
        for name in named {
            assert!(
                root().join(&name).exists(),
                "{document}: there is no {name}"
            );
            count += 1;
        }
    }
    assert!(count > 80, "only {count} files are named");
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_anchor(document: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(document).unwrap();
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line.trim_start_matches('#').trim()) == wanted)
}

#[test]
fn every_relative_link_resolves() {
    let mut count = 0;
    for document in documents() {
        let folder: PathBuf = root().join(&document).parent().unwrap().to_owned();
        let text = text_of(&document);
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (file, wanted) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => root().join(&document),
                file => folder.join(file),
            };
            assert!(path.exists(), "{document}: {target} leads nowhere");
            let found = wanted.is_empty() || has_anchor(&path, wanted);
            assert!(found, "{document}: {target} has no such heading");
            count += 1;
        }
    }
    assert!(count > 25, "only {count} links");
}

/// The text of every source file below `folder`, as it is shown: without line continuations, and with plain
/// apostrophes.
fn shown_texts(folder: &Path) -> String {
    let mut texts = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.push_str(&shown_texts(&path));
        } else {
            texts.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    texts.replace("\\\n", " ")
}

fn normalised(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('’', "'")
}

#[test]
fn the_messages_that_documents_quote_are_the_consoles() {
    let source = normalised(&shown_texts(&root().join("src")));
    let mut count = 0;
    for document in ["docs/troubleshooting.md", "docs/workos.md"] {
        for quote in text_of(document).split('“').skip(1) {
            let quote = normalised(quote.split('”').next().unwrap());
            assert!(
                source.contains(&quote),
                "{document}: no page says “{quote}”"
            );
            count += 1;
        }
    }
    assert!(count > 25, "only {count} messages");
}

#[test]
fn the_readme_is_short_and_says_how_to_run_the_tests() {
    let readme = text_of("README.md");
    let words = readme.split_whitespace().count();
    assert!(words <= README_WORDS, "the README has {words} words");
    assert!(readme.contains("tests/run"));
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
fn every_rule_names_test_files_that_cite_it() {
    let rules = text_of("docs/testing.md");
    let rows: Vec<&str> = rules
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    let mut listed: Vec<usize> = Vec::new();
    for row in rows {
        let Some(rule) = row.split(' ').nth(1).and_then(|cell| cell.parse().ok()) else {
            continue;
        };
        let (_, files) = row.rsplit_once(" | ").unwrap();
        let files = quoted(files);
        assert!(!files.is_empty(), "rule {rule} has no test");
        for file in files {
            let path = root().join(&file);
            let text = std::fs::read_to_string(path).unwrap_or_default();
            assert!(cites(&text, rule), "{file} does not cite rule {rule}");
        }
        listed.push(rule);
    }
    assert!(listed.is_sorted_by(|a, b| a < b), "{listed:?}");
    assert!((1..=RULES).all(|rule| listed.contains(&rule)), "{listed:?}");
}

//! The log of the real binary: the id of the request on its lines, and JSON lines.

use serde_json::Value;

use crate::support::process::Finished;
use crate::support::{Workplace, other_than};

const MIRA: &str = "mira@acme.test";

/// A wrong code, the right one, and a page that does not exist; the request ids of the three answers.
async fn requests_of(place: Workplace) -> (Finished, [String; 3]) {
    assert_eq!(place.run(&["account", "add", MIRA]).await.code, Some(0));
    let mut console = place.serve(&[]).await;
    let mira = place.visitor();
    mira.ask_for_code(MIRA).await;
    let code = console.code_on_terminal(MIRA).await;
    let wrong = mira.enter(&other_than(&code)).await;
    let right = mira.enter(&code).await;
    assert_eq!(right.location(), "/dashboard");
    let missing = mira.get("/nowhere").await;
    let ids = [wrong, right, missing].map(|answer| answer.header("x-request-id").to_owned());
    (console.stopped().await, ids)
}

#[actix_web::test]
async fn every_log_line_of_a_request_has_the_id_of_its_response_header() {
    let (ended, [wrong, right, missing]) = requests_of(Workplace::empty()).await;
    for (id, target, message) in [
        (&wrong, "vestibule::sign_in", "a wrong code from "),
        (&right, "vestibule::sign_in", "account 1 signed in"),
        (&missing, "vestibule::web", "GET /nowhere: no such page"),
    ] {
        let mut lines = ended.stderr.lines();
        let line = lines.find(|line| line.contains(id.as_str()));
        let line = line.unwrap_or_else(|| panic!("{id}: {}", ended.stderr));
        assert!(line.contains(target), "{line}");
        let (_, after) = line.split_once(&format!(" {id}] ")).unwrap();
        assert!(after.starts_with(message), "{line}");
    }
    let stopped = ended.stderr.lines().find(|line| line.contains("stopped"));
    assert!(
        stopped.is_some_and(|line| line.ends_with("vestibule::server] stopped")),
        "{stopped:?}"
    );
}

#[actix_web::test]
async fn with_log_format_json_every_line_is_a_json_object() {
    let place = Workplace::empty().with("LOG_FORMAT", "json");
    let (ended, [wrong, right, missing]) = requests_of(place).await;
    let lines: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let of_request = |id: &str| {
        let mut found = lines.iter().filter(|line| line["request_id"] == id);
        found.next().unwrap_or_else(|| panic!("{id}: {lines:?}"))
    };
    assert_eq!(
        of_request(&missing)["message"],
        "GET /nowhere: no such page"
    );
    assert_eq!(of_request(&missing)["level"], "INFO");
    for id in [&wrong, &right] {
        let target = of_request(id)["target"].as_str().unwrap();
        assert!(target.starts_with("vestibule::sign_in::"), "{target}");
    }
    for line in &lines {
        let time = line["time"].as_str().unwrap();
        assert!(humantime::parse_rfc3339(time).is_ok(), "{time}");
    }
    let stopped = lines.iter().find(|line| line["message"] == "stopped");
    assert!(stopped.is_some_and(|line| line.get("request_id").is_none()));
}

/// The lines of a server's log that name the setting, after two requests through a proxy.
async fn lines_about_proxies(place: Workplace) -> Vec<String> {
    let console = place.serve(&[]).await;
    for _ in 0..2 {
        place.visitor().at("203.0.113.7").get("/sign-in").await;
    }
    let log = console.stopped().await.stderr;
    let lines = log.lines().filter(|line| line.contains("TRUSTED_PROXIES"));
    lines.map(str::to_owned).collect()
}

// SECURITY rule 36.
#[actix_web::test]
async fn trusted_proxies_that_are_missing_or_too_wide_are_logged_once() {
    for (networks, shown) in [
        (
            None,
            "Requests come through a proxy at 127.0.0.1, and TRUSTED_PROXIES isn’t set.",
        ),
        (Some("0.0.0.0/0"), "TRUSTED_PROXIES trusts 0.0.0.0/0."),
        (Some("127.0.0.0/7"), "TRUSTED_PROXIES trusts 127.0.0.0/7."),
    ] {
        let place = Workplace::empty();
        let place = match networks {
            Some(networks) => place.with("TRUSTED_PROXIES", networks),
            None => place,
        };
        let lines = lines_about_proxies(place).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(shown), "{lines:?}");
        assert!(lines[0].contains("WARN"), "{lines:?}");
    }
    let narrow = Workplace::empty().with("TRUSTED_PROXIES", "127.0.0.0/8");
    assert_eq!(lines_about_proxies(narrow).await, Vec::<String>::new());
}

#[actix_web::test]
async fn an_unknown_log_format_stops_every_command_with_what_to_write_instead() {
    let place = Workplace::empty().with("LOG_FORMAT", "xml");
    for arguments in [&["serve"][..], &["account", "list"]] {
        let refused = place.run(arguments).await;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(
            refused.stderr.contains("LOG_FORMAT: must be text or json."),
            "{}",
            refused.stderr
        );
    }
}

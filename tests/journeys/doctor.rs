//! `vestibule doctor`: what it finds when all is well, and when one thing is not.

mod mail;
mod provider;
mod storage;
#[cfg(feature = "browser")]
mod with_emulator;

use serde_json::Value;

use crate::support::Workplace;
use crate::support::app::START;
use crate::support::hostile::Hostile;
use crate::support::process::Finished;

/// What doctor said of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Fine,
    Failed,
    Open,
}

/// Every check of one round.
struct Findings {
    finished: Finished,
    checks: Vec<Value>,
}

/// Asks doctor at this place.
async fn ask(place: &Workplace) -> Findings {
    let finished = place.run(&["doctor", "--json"]).await;
    let checks: Value =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|e| panic!("{e}: {finished:?}"));
    let checks = checks.as_array().unwrap().clone();
    Findings { finished, checks }
}

impl Findings {
    fn find(&self, check: &str) -> &Value {
        let found = self.checks.iter().find(|found| found["check"] == check);
        found.unwrap_or_else(|| panic!("no {check} in {:#?}", self.checks))
    }

    fn mark(&self, check: &str) -> Mark {
        match self.find(check)["ok"] {
            Value::Bool(true) => Mark::Fine,
            Value::Bool(false) => Mark::Failed,
            _ => Mark::Open,
        }
    }

    /// The checks that failed; the exit code has to be in step with them.
    fn failed(&self) -> Vec<&str> {
        let failed: Vec<_> = self
            .checks
            .iter()
            .filter(|found| found["ok"] == false)
            .map(|found| found["check"].as_str().unwrap())
            .collect();
        let code = if failed.is_empty() { 0 } else { 1 };
        assert_eq!(self.finished.code, Some(code), "{:?}", self.finished);
        for found in self.checks.iter().filter(|found| found["ok"] == false) {
            assert_ne!(found["next"], "", "nothing to do about {found}");
        }
        failed
    }

    /// Reason and next thing to do.
    fn words(&self, check: &str) -> String {
        let found = self.find(check);
        let part = |name: &str| found[name].as_str().unwrap().to_owned();
        format!("{} | {}", part("reason"), part("next"))
    }
}

#[actix_web::test]
async fn with_the_server_running_every_check_passes() {
    let place = Workplace::empty();
    let _server = place.serve(&[]).await;
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), Vec::<&str>::new());
    for check in [
        "settings",
        "key",
        "database",
        "migrations",
        "integrity",
        "address",
    ] {
        assert_eq!(findings.mark(check), Mark::Fine, "{check}");
    }
    for check in ["mail server", "provider", "clock"] {
        assert_eq!(findings.mark(check), Mark::Open, "{check}");
    }
}

#[actix_web::test]
async fn doctor_prints_a_line_for_each_check_and_creates_nothing() {
    let place = Workplace::empty();
    let finished = place.run(&["doctor"]).await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(place.contents(), Vec::<String>::new());
    let expected = [
        "✓ settings: all are valid.",
        "✓ key: there is no data/secret.key yet. The first start of the server creates it.",
        "– database: there is no data/vestibule.db yet. The first start of the server creates it.",
        "– address: the server is not running at ",
        "✓ proxies: none is needed on this machine.",
        "– mail server: none is set: ",
        "– provider: none is set up; ",
        "– clock: there is no provider ",
    ];
    let lines: Vec<_> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line:?} for {expected:?}");
    }
}

#[actix_web::test]
async fn every_wrong_setting_is_named_and_no_secret_is_shown() {
    let place = Workplace::empty()
        .with("BASE_URL", "http://console.acme.test")
        .with("SMTP_URL", "smtp://console:hunter2@")
        .with("WORKOS_API_KEY", "sk_test_hunter2");
    let findings = ask(&place).await;
    let failed = findings.failed();
    assert!(
        failed.iter().all(|check| *check == "settings"),
        "{failed:?}"
    );
    let said = format!("{:?}", findings.finished);
    for variable in ["BASE_URL", "SMTP_URL", "MAIL_FROM", "WORKOS_CLIENT_ID"] {
        assert!(said.contains(variable), "no {variable} in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    // What needs the settings is not asked, and says so.
    for check in ["address", "mail", "provider"] {
        assert_eq!(findings.mark(check), Mark::Open);
    }
    assert!(findings.finished.stderr.contains("checks failed"));
}

#[actix_web::test]
async fn an_address_that_leads_elsewhere_is_told_from_a_server_that_is_down() {
    let elsewhere = crate::support::app::free_address();
    let place = Workplace::empty().with("BASE_URL", format!("http://{elsewhere}"));
    let down = ask(&place).await;
    assert_eq!(down.mark("address"), Mark::Open);
    assert!(down.words("address").contains("Start it"));

    let _server = place.serve(&[]).await;
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["address"]);
    let words = findings.words("address");
    assert!(
        words.contains(&elsewhere) && words.contains("Set BASE_URL"),
        "{words}"
    );
}

// SECURITY rule 36.
#[actix_web::test]
async fn trusted_proxies_that_are_missing_or_too_wide_are_found() {
    let smtp =
        crate::support::smtp::SmtpServer::start(crate::support::smtp::Behaviour::plain()).await;
    let place = smtp
        .workplace()
        .with("BASE_URL", "https://console.acme.test");
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["proxies"]);
    let words = findings.words("proxies");
    assert!(words.contains("BASE_URL is https"), "{words}");
    assert!(words.contains("Set TRUSTED_PROXIES"), "{words}");

    let place = place.with("TRUSTED_PROXIES", "127.0.0.1/32 0.0.0.0/0");
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["proxies"]);
    let words = findings.words("proxies");
    assert!(
        words.contains("TRUSTED_PROXIES trusts 0.0.0.0/0"),
        "{words}"
    );

    let place = place.with("TRUSTED_PROXIES", "10.0.0.0/8");
    assert_eq!(ask(&place).await.mark("proxies"), Mark::Fine);
}

// SECURITY rule 1: codes of more than ten minutes are allowed, and do not meet ASVS 6.5.5.
#[actix_web::test]
async fn codes_that_work_for_more_than_ten_minutes_get_a_remark_and_fail_nothing() {
    let place = Workplace::empty().with("EMAIL_CODE_TTL", "10m1s");
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), Vec::<&str>::new());
    assert_eq!(findings.mark("email codes"), Mark::Open);
    let words = findings.words("email codes");
    assert!(words.contains("ASVS 6.5.5 is not met"), "{words}");
    assert!(words.contains("Set EMAIL_CODE_TTL=10m"), "{words}");

    let findings = ask(&Workplace::empty().with("EMAIL_CODE_TTL", "10m")).await;
    let is_remark = |found: &Value| found["check"] == "email codes";
    assert!(!findings.checks.iter().any(is_remark));
}

#[actix_web::test]
async fn another_server_at_base_url_is_detected_for_every_status() {
    let something = Hostile::start(START).await;
    let place = Workplace::empty().with("BASE_URL", &something.url);
    let _server = place.serve(&[]).await;
    for status in [200, 404, 500] {
        something.script().refuse("/healthz", status, "welcome");
        let findings = ask(&place).await;
        assert_eq!(findings.failed(), ["address"], "{status}");
        let words = findings.words("address");
        let status = format!("HTTP status {status}");
        assert!(words.contains(&status), "{words}");
    }
}

#[actix_web::test]
async fn https_without_a_proxy_in_front_is_found() {
    let smtp =
        crate::support::smtp::SmtpServer::start(crate::support::smtp::Behaviour::plain()).await;
    let address = crate::support::app::free_address();
    let origin = format!("https://{}", address.replace("127.0.0.1", "localhost"));
    let place = smtp
        .workplace()
        .with("BASE_URL", origin)
        .with("TRUSTED_PROXIES", "127.0.0.1/32")
        .with("LISTEN", address);
    let _server = place.serve(&[]).await;
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["address"]);
    assert!(findings.words("address").contains("reverse proxy"));
}

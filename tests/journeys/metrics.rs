//! `/metrics`, on its own listener.

use vestibule::config::Settings;

use crate::support::app::{START, free_address};
use crate::support::hostile::{CLIENT_ID, Hostile};
use crate::support::{Answer, TestApp, Visitor, Workplace, other_than};
use crate::workos::{bring_back, set_out, way_back};

const MIRA: &str = "mira@acme.test";

/// A console with metrics, and a visitor of its metrics listener.
async fn measured(change: impl FnOnce(&mut Settings)) -> (TestApp, Visitor) {
    let address = free_address();
    let reader = Visitor::new(format!("http://{address}"));
    let app = TestApp::spawn_with(|settings| {
        settings.metrics_listen = Some(address);
        change(settings);
    })
    .await;
    (app, reader)
}

/// The value of one line; panics when there is no such line.
fn value(metrics: &Answer, line: &str) -> f64 {
    let found = metrics
        .body
        .lines()
        .find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("no {line} in {}", metrics.body));
    found.parse().unwrap()
}

#[actix_web::test]
async fn a_sign_in_a_wrong_code_and_a_limited_request_are_counted() {
    let (app, reader) =
        measured(|settings| settings.code_limit_address = Some("1".to_owned())).await;
    app.add_account(MIRA, "");
    let (mira, code) = app.asked(MIRA).await;
    mira.enter(&other_than(&code)).await;
    mira.enter(&code).await;
    assert!(mira.is_in().await);
    assert_eq!(app.visitor().ask_for_code(MIRA).await.status, 429);
    app.visitor().ask_for_code("noor@acme.test").await;
    let ada = app.signed_in("ada@acme.test").await;
    assert!(ada.is_in().await);

    let metrics = reader.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(metrics.body.ends_with("# EOF\n"));
    for (line, expected) in [
        (
            r#"sign_ins_total{method="email_code",outcome="signed_in"}"#,
            2.0,
        ),
        (
            r#"sign_ins_total{method="email_code",outcome="wrong"}"#,
            1.0,
        ),
        (r#"code_requests_total{outcome="queued"}"#, 2.0),
        (r#"code_requests_total{outcome="limited"}"#, 1.0),
        (r#"code_requests_total{outcome="no_account"}"#, 1.0),
        (r#"mail_deliveries_total{outcome="accepted"}"#, 2.0),
        (
            r#"request_duration_seconds_count{route="/dashboard",status="2xx"}"#,
            2.0,
        ),
        (
            r#"request_duration_seconds_count{route="/sign-in/email",status="4xx"}"#,
            1.0,
        ),
        ("hash_wait_seconds_count", 6.0),
        (r#"hashes{state="running"}"#, 0.0),
        (r#"level{of="sessions_in_force"}"#, 2.0),
        (r#"level{of="sessions_cached"}"#, 2.0),
        (r#"level{of="limited_addresses"}"#, 3.0),
        (r#"level{of="mail_codes_waiting"}"#, 0.0),
        (r#"level{of="revocations_pending"}"#, 0.0),
    ] {
        let line = format!("vestibule_{line}");
        assert!((value(&metrics, &line) - expected).abs() < 0.5, "{line}");
    }
    assert!(value(&metrics, r#"vestibule_level{of="database_bytes"}"#) > 4096.0);
}

// SECURITY rule 4: no secret and no address.
#[actix_web::test]
async fn no_metric_label_contains_visitors_input() {
    let (app, reader) = measured(|_| {}).await;
    app.add_account(MIRA, "Mira Bell");
    let mira = app.visitor();
    mira.sign_in(&app, MIRA).await;
    mira.get("/nowhere/mira@acme.test?secret=hunter2").await;
    mira.get("/sign-in?return_to=%2Fdashboard%3Fhunter2").await;
    mira.get("/static/hunter2.css").await;
    let metrics = reader.get("/metrics").await;
    let code = app.newest_code(MIRA).await;
    let cookie = mira.cookie("session").unwrap();
    for typed in [
        "acme",
        "@",
        "hunter2",
        "Bell",
        "127.0.0.1",
        "Firefox",
        &code,
        &cookie,
    ] {
        assert!(
            !metrics.body.contains(typed),
            "{typed} is in {}",
            metrics.body
        );
    }
    let unknown = r#"vestibule_request_duration_seconds_count{route="none",status="4xx"}"#;
    assert!((value(&metrics, unknown) - 1.0).abs() < 0.5);
}

#[actix_web::test]
async fn only_the_metrics_listener_serves_metrics_and_it_serves_nothing_else() {
    let (app, reader) = measured(|_| {}).await;
    assert_eq!(app.visitor().get("/metrics").await.status, 404);
    for path in ["/", "/sign-in", "/dashboard", "/readyz"] {
        assert_eq!(reader.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn provider_calls_are_timed_and_sign_ins_counted_by_outcome() {
    let provider = Hostile::start(START).await;
    let url = provider.url.clone();
    let (app, reader) = measured(|settings| {
        settings.workos_client_id = Some(CLIENT_ID.to_owned());
        settings.workos_api_key = Some("sk_test_made_up".to_owned());
        settings.workos_api_url = Some(url);
    })
    .await;
    app.add_account(MIRA, "");
    let tokens = "/user_management/authenticate";
    for (status, error, call, sign_in) in [
        (200, "", "ok", "signed_in"),
        (503, "", "unreachable", "unreachable"),
        (400, "invalid_grant", "grant_refused", "code_refused"),
        (401, "", "credentials_rejected", "credentials_rejected"),
        (400, "odd", "refused", "refused"),
        (200, "odd", "untrusted", "untrusted"),
    ] {
        if call != "ok" {
            let body = format!(r#"{{"error":"{error}"}}"#);
            provider.script().refuse(tokens, status, &body);
        }
        let mira = app.visitor();
        let state = set_out(&mira, "/auth/workos").await;
        bring_back(&mira, &way_back(&state)).await;
        assert_eq!(mira.is_in().await, call == "ok");
        let metrics = reader.get("/metrics").await;
        for line in [
            format!(r#"provider_call_duration_seconds_count{{call="complete",outcome="{call}"}}"#),
            format!(r#"sign_ins_total{{method="workos",outcome="{sign_in}"}}"#),
        ] {
            let counted = value(&metrics, &format!("vestibule_{line}"));
            assert!((counted - 1.0).abs() < 0.5, "{line}");
        }
    }
    let metrics = reader.get("/metrics").await;
    assert!((value(&metrics, r#"vestibule_level{of="provider_reachable"}"#) - 1.0).abs() < 0.5);
}

#[actix_web::test]
async fn a_port_in_use_stops_the_start_with_its_name_and_leaves_no_trace() {
    let address = free_address();
    let _taken = std::net::TcpListener::bind(&address).unwrap();
    let place = Workplace::empty().with("METRICS_LISTEN", &address);
    let refused = place.run(&["serve"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains(&address), "{refused:?}");
    assert!(refused.stderr.contains("METRICS_LISTEN"), "{refused:?}");
    assert_eq!(place.contents(), Vec::<String>::new());
}

#[actix_web::test]
async fn the_listener_stops_with_the_server() {
    let address = free_address();
    let place = Workplace::empty().with("METRICS_LISTEN", &address);
    let server = place.serve(&[]).await;
    let reader = Visitor::new(format!("http://{address}"));
    assert_eq!(reader.get("/metrics").await.status, 200);
    let ended = server.stopped().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(std::net::TcpListener::bind(&address).is_ok());
}

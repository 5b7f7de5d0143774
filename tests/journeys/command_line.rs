//! The command line, as an operator meets it.

use std::fs;
use std::net::TcpListener;

use crate::support::Workplace;
use crate::support::process::Finished;

/// Every setting's variable.
const SETTINGS: [&str; 32] = [
    "LISTEN",
    "BASE_URL",
    "DATA_DIR",
    "DATABASE_URL",
    "SECRET_KEY",
    "SECRET_KEY_PREVIOUS",
    "ADMIN_EMAIL",
    "SMTP_URL",
    "MAIL_FROM",
    "EMAIL_CODES",
    "ADMIN_SIGN_IN",
    "EMAIL_CODE_TTL",
    "CODE_LIMIT_ADDRESS",
    "CODE_LIMIT_IP",
    "SESSION_IDLE",
    "SESSION_MAX",
    "TRUSTED_PROXIES",
    "AUTO_MIGRATE",
    "WORKOS_CLIENT_ID",
    "WORKOS_API_KEY",
    "WORKOS_API_URL",
    "WORKOS_REDIRECT_URI",
    "WORKOS_ORGANIZATION_ID",
    "OIDC_ISSUER",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "ALLOWED_EMAIL_DOMAINS",
    "ACTIVITY_DAYS",
    "METRICS_LISTEN",
    "BRAND_NAME",
    "BRAND_ACCENT",
    "LOG_FORMAT",
];

/// It was used wrongly: said on standard error in words that have all of `words` in them, and
/// nothing was touched.
fn assert_misused(place: &Workplace, finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stdout, "");
    for word in words {
        assert!(
            finished.stderr.contains(word),
            "no {word:?} in {}",
            finished.stderr
        );
    }
    let left: Vec<_> = place
        .contents()
        .into_iter()
        .filter(|name| name != ".env")
        .collect();
    assert!(left.is_empty(), "{left:?} was made");
}

#[actix_web::test]
async fn an_account_is_added_with_one_line_and_only_once() {
    let place = Workplace::empty();
    let added = place.run(&["account", "add", "mira@acme.test"]).await;
    assert_eq!(added.code, Some(0), "{added:?}");
    assert_eq!(
        added.stdout,
        "mira@acme.test may sign in now, as a member.\n"
    );
    for again in ["mira@acme.test", "MIRA@Acme.Test"] {
        let refused = place.run(&["account", "add", again]).await;
        assert_eq!(refused.code, Some(1));
        assert_eq!(refused.stdout, "");
        assert_eq!(
            refused.stderr.lines().last().unwrap(),
            format!("{again} has an account already. Nothing was changed.")
        );
    }
    let other = place.run(&["account", "add", "m\u{131}ra@acme.test"]).await;
    assert_eq!(other.code, Some(0), "{other:?}");
}

#[actix_web::test]
async fn an_account_is_added_with_its_name_and_role() {
    let place = Workplace::empty();
    let arguments = [
        "account",
        "add",
        "noor@acme.test",
        "--name",
        " Noor Al-Masri ",
        "--role",
        "admin",
    ];
    let added = place.run(&arguments).await;
    assert_eq!(
        added.stdout,
        "noor@acme.test may sign in now, as an admin.\n"
    );
    let matching = place.number(
        "SELECT count(*) FROM accounts WHERE email = 'noor@acme.test' AND name = 'Noor Al-Masri'
         AND role = 'admin' AND confirmed_at IS NOT NULL",
    );
    assert_eq!(matching, 1);
}

#[actix_web::test]
async fn an_invalid_account_is_refused_before_anything_is_touched() {
    let long = "m".repeat(201);
    for (arguments, words) in [
        (vec!["not-an-address"], "is not an email address"),
        (vec!["mira@acme.test\u{7}"], "is not an email address"),
        (vec!["mira@acme.test", "--role", "owner"], "owner"),
        (vec!["mira@acme.test", "--name", "Mira\nBell"], "one line"),
        (vec!["mira@acme.test", "--name", &long], "200 characters"),
        (vec!["mira@acme.test", "--colour", "blue"], "--colour"),
        (vec![], "EMAIL"),
    ] {
        let place = Workplace::empty();
        let refused = place
            .run(&[&["account", "add"], &arguments[..]].concat())
            .await;
        assert_misused(&place, &refused, &[words]);
        assert!(!refused.stderr.contains('\u{7}'));
    }
}

// SECURITY rule 4.
#[actix_web::test]
async fn help_names_every_setting_and_shows_no_secret() {
    let place = Workplace::empty()
        .with("SECRET_KEY", "hunter2-key")
        .with("SECRET_KEY_PREVIOUS", "hunter2-older-key")
        .with("SMTP_URL", "smtps://console:hunter2-mail@mail.acme.test")
        .with("WORKOS_API_KEY", "hunter2-workos")
        .with("OIDC_CLIENT_SECRET", "hunter2-oidc");
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["account", "add", "--help"],
    ] {
        let help = place.run(arguments).await;
        assert_eq!(help.code, Some(0), "{help:?}");
        for variable in SETTINGS {
            let shown = format!("[env: {variable}");
            assert!(
                help.stdout.contains(&shown),
                "no {shown} in {}",
                help.stdout
            );
        }
        assert!(!help.stdout.contains("hunter2"), "{}", help.stdout);
        assert!(place.contents().is_empty());
    }
}

#[actix_web::test]
async fn every_wrong_setting_is_named_at_once_and_nothing_is_touched() {
    let wrong = [
        ("LISTEN", "port 80"),
        ("BASE_URL", "console"),
        (
            "DATABASE_URL",
            "postgres://console:hunter2@db.acme.test/console",
        ),
        ("SECRET_KEY", "hunter2-key"),
        ("SECRET_KEY_PREVIOUS", "hunter2-older-key"),
        ("ADMIN_EMAIL", "mira"),
        ("SMTP_URL", "https://console:hunter2@mail.acme.test"),
        ("MAIL_FROM", "Console"),
        ("EMAIL_CODES", "sometimes"),
        ("ADMIN_SIGN_IN", "password"),
        ("EMAIL_CODE_TTL", "16m"),
        ("CODE_LIMIT_ADDRESS", "0"),
        ("CODE_LIMIT_IP", "-1"),
        ("SESSION_IDLE", "soon"),
        ("SESSION_MAX", "3 parsecs"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("AUTO_MIGRATE", "maybe"),
        ("STATIC_DIR", "no/such/folder"),
        ("WORKOS_API_URL", "http://api.workos.test"),
        ("WORKOS_REDIRECT_URI", "callback"),
        ("ALLOWED_EMAIL_DOMAINS", "acme.test;other.test"),
        ("ACTIVITY_DAYS", "0"),
        ("METRICS_LISTEN", "9090"),
        ("BRAND_NAME", "Acme\nConsole"),
        ("BRAND_ACCENT", "blue"),
        ("LOG_FORMAT", "xml"),
    ];
    let place = wrong
        .into_iter()
        .fold(Workplace::empty(), |place, (variable, value)| {
            place.with(variable, value)
        });
    let refused = place.run(&[]).await;
    let named = wrong.map(|(variable, _)| format!("\n  {variable}: "));
    assert_misused(&place, &refused, &named.each_ref().map(String::as_str));
    let lines = 1 + wrong.len();
    assert_eq!(refused.stderr.lines().count(), lines, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .starts_with("Vestibule did not start: 26 settings need attention.")
    );
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
}

#[actix_web::test]
async fn admins_who_get_no_codes_need_a_provider() {
    let place = Workplace::empty().with("ADMIN_SIGN_IN", "workos");
    let refused = place.run(&[]).await;
    let words = ["ADMIN_SIGN_IN: is workos, and no provider is set up"];
    assert_misused(&place, &refused, &words);
}

// SECURITY rule 4.
#[actix_web::test]
async fn no_message_repeats_a_secret_from_any_source() {
    let key = "--secret-key=hunter2";
    let older = "--secret-key-previous=hunter2";
    for url in [
        "hunter2",
        "smtps://console:hunter2@",
        "smtps://hunter2@mail.acme.test",
        "smtps://console:hunter2@mail.acme.test:port",
        "smtps://console:hunter2@mail.acme.test?tls=never",
    ] {
        let place = Workplace::empty();
        let refused = place.run(&[key, older, "--smtp-url", url]).await;
        assert_misused(
            &place,
            &refused,
            &["SECRET_KEY:", "SECRET_KEY_PREVIOUS:", "SMTP_URL:"],
        );
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
}

#[actix_web::test]
async fn a_console_that_is_not_on_localhost_needs_a_mail_server_and_https() {
    let place = Workplace::empty().with("BASE_URL", "https://console.acme.test");
    let refused = place.run(&[]).await;
    assert_misused(
        &place,
        &refused,
        &["SMTP_URL: is missing", "shown on the terminal", "MAIL_FROM"],
    );

    let place = place
        .with("BASE_URL", "http://console.acme.test")
        .with("SMTP_URL", "smtps://mail.acme.test")
        .with("MAIL_FROM", "console@acme.test");
    let refused = place.run(&[]).await;
    assert_misused(
        &place,
        &refused,
        &["BASE_URL: http://console.acme.test is plain http", "https"],
    );
}

#[actix_web::test]
async fn incomplete_or_double_provider_settings_are_refused() {
    for (set, missing) in [
        (&["WORKOS_CLIENT_ID"][..], &["WORKOS_API_KEY"][..]),
        (&["WORKOS_API_KEY"], &["WORKOS_CLIENT_ID"]),
        (&["OIDC_CLIENT_SECRET"], &["OIDC_ISSUER", "OIDC_CLIENT_ID"]),
    ] {
        let place = set.iter().fold(Workplace::empty(), |place, variable| {
            place.with(variable, "hunter2")
        });
        let refused = place.run(&[]).await;
        let named: Vec<_> = missing
            .iter()
            .map(|name| format!("\n  {name}: is missing"))
            .collect();
        let named: Vec<_> = named.iter().map(String::as_str).collect();
        assert_misused(&place, &refused, &named);
        assert_eq!(refused.stderr.lines().count(), 1 + missing.len());
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
    let both = Workplace::empty()
        .with("WORKOS_CLIENT_ID", "client_1")
        .with("WORKOS_API_KEY", "hunter2")
        .with("OIDC_ISSUER", "https://id.acme.test")
        .with("OIDC_CLIENT_ID", "console")
        .with("OIDC_CLIENT_SECRET", "hunter2");
    let refused = both.run(&[]).await;
    assert_misused(
        &both,
        &refused,
        &["OIDC_ISSUER: is set beside WORKOS_CLIENT_ID"],
    );
}

#[actix_web::test]
async fn a_mail_server_needs_a_sender() {
    let place = Workplace::empty().with("SMTP_URL", "smtps://mail.acme.test");
    assert_misused(&place, &place.run(&[]).await, &["MAIL_FROM: is missing"]);
}

#[actix_web::test]
async fn a_file_named_dot_env_is_read_and_the_environment_goes_before_it() {
    let place = Workplace::empty();
    fs::write(place.path().join(".env"), "DATA_DIR=elsewhere\n").unwrap();
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    assert!(place.path().join("elsewhere/vestibule.db").exists());

    let place = place.with("DATA_DIR", "here");
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    assert!(place.path().join("here/vestibule.db").exists());

    assert_eq!(
        place.run(&["migrate", "--data-dir", "there"]).await.code,
        Some(0)
    );
    assert!(place.path().join("there/vestibule.db").exists());
}

// SECURITY rule 4.
#[actix_web::test]
async fn a_broken_line_of_dot_env_is_reported_without_its_content() {
    for broken in [
        "SMTP_URL=smtps://console:hunter2@mail \"oops",
        "SECRET_KEY='hunter2",
        "hunter2",
    ] {
        let place = Workplace::empty();
        let text = format!("# Ours\nDATA_DIR=data\n\n{broken}\nMAIL_FROM=console@acme.test\n");
        fs::write(place.path().join(".env"), text).unwrap();
        for arguments in [&[][..], &["migrate"], &["account", "add", "mira@acme.test"]] {
            let refused = place.run(arguments).await;
            assert_misused(&place, &refused, &["line 4 of .env"]);
            assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
        }
    }
}

#[actix_web::test]
async fn a_port_in_use_is_reported_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Workplace::empty().with("LISTEN", &address);
    let failed = place.run(&[]).await;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert_eq!(failed.stdout, "");
    let words = format!(
        "Vestibule did not start: {address} is in use. Stop the other server, or set LISTEN to another port."
    );
    assert_eq!(failed.stderr.lines().last().unwrap(), words);
    assert!(
        place.contents().is_empty(),
        "something was made all the same"
    );
}

#[actix_web::test]
async fn a_listen_address_that_tells_no_origin_needs_a_base_url() {
    for listen in ["0.0.0.0:8080", "[::]:8080", "127.0.0.1:0", "192.0.2.1:80"] {
        let place = Workplace::empty().with("LISTEN", listen);
        let refused = place.run(&[]).await;
        assert_misused(&place, &refused, &["BASE_URL: is missing"]);
    }
}

#[actix_web::test]
async fn an_invalid_database_path_is_refused_before_anything_is_touched() {
    for (variable, value) in [
        ("DATABASE_URL", ":memory:"),
        ("DATABASE_URL", "postgres://localhost/vestibule"),
        ("DATABASE_URL", "/"),
        ("DATA_DIR", "/etc/hostname"),
        ("SMTP_URL", "smtp://u%ff:p@localhost:2525"),
    ] {
        let place = Workplace::empty()
            .with("MAIL_FROM", "a@acme.test")
            .with(variable, value);
        let refused = place.run(&[]).await;
        assert_misused(&place, &refused, &[variable]);
    }
}

#[actix_web::test]
async fn without_auto_migrate_a_new_database_waits_for_the_command() {
    let place = Workplace::empty().with("AUTO_MIGRATE", "false");
    for arguments in [&[][..], &["account", "add", "mira@acme.test"]] {
        let refused = place.run(arguments).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            refused.stderr.contains("vestibule migrate"),
            "{}",
            refused.stderr
        );
    }
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'accounts'";
    assert_eq!(place.number(tables), 0);
    let migrated = place.run(&["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    assert_eq!(migrated.stdout, "data/vestibule.db is up to date.\n");
    let server = place.serve(&[]).await;
    assert_eq!(server.stopped().await.code, Some(0));
}

#[actix_web::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let place = Workplace::empty();
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    place.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')");
    for arguments in [&[][..], &["account", "add", "mira@acme.test"]] {
        let refused = place.run(arguments).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for words in ["newer Vestibule", "20990101000001", "migrate --revert"] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
    }
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 0);
}

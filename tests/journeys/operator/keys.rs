//! `vestibule key rotate`: SECURITY rule 29.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use serde_json::json;
use vestibule::domain::SecretKey;

use super::{MIRA, NOOR, assert_failed, assert_fine, assert_misused, terminal};
use crate::support::Workplace;
use crate::support::hostile::REFRESH_TOKEN;
use crate::workos::{console_and_provider, signed_in, until_nothing_is_to_be_revoked};

// SECURITY rules 23 and 29: sessions, a code under way, a known browser and a sealed refresh token,
// all over a restart with a new key.
#[actix_web::test]
async fn a_rotated_key_signs_no_one_out() {
    let (mut app, provider) = console_and_provider(|_| {}).await;
    let noor = app.signed_in(NOOR).await;
    app.add_account(MIRA, "");
    let mira = signed_in(&app).await;
    let (waiting, code) = app.asked(NOOR).await;
    let path = app.data().join("secret.key");
    let older = fs::read_to_string(&path).unwrap();

    let said = assert_fine(terminal(&app).run(&["key", "rotate"]).await);
    assert!(said.contains("start it again now"), "{said}");
    let previous = app.data().join("secret.key.previous");
    assert_eq!(fs::read_to_string(&previous).unwrap(), older);
    let newer = fs::read_to_string(&path).unwrap();
    assert_ne!(newer, older);
    SecretKey::parse(&newer).unwrap();
    for file in [&path, &previous] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for secret in [&older, &newer] {
        assert!(!said.contains(secret.trim()));
    }

    app.restart_with(|_| {}).await;
    assert!(noor.is_in().await && mira.is_in().await);
    assert_eq!(waiting.enter(&code).await.location(), "/dashboard");
    for _ in 0..10 {
        app.visitor().ask_for_code(NOOR).await;
    }
    assert_eq!(noor.ask_for_code(NOOR).await.location(), "/sign-in/code");

    app.later(Duration::from_mins(6));
    let now = app.clock.now().0 / 1000;
    provider.script().claim("iat", json!(now));
    provider.script().expire(300);
    assert!(mira.is_in().await);
    let heard = provider.script().heard.clone();
    let renewed = |line: &&String| line.contains("refresh_token") && line.contains(REFRESH_TOKEN);
    assert_eq!(heard.iter().filter(renewed).count(), 1, "{heard:?}");
}

// SECURITY rule 29: the key before the present one may still read sessions.
#[actix_web::test]
async fn a_second_rotation_waits_until_no_session_needs_the_first_key() {
    let place = Workplace::empty();
    assert_failed(&place.run(&["key", "rotate"]).await, &["no key to rotate"]);
    assert!(place.contents().is_empty());
    let server = place.serve(&[]).await;
    server.stopped().await;
    let key = || fs::read_to_string(place.path().join("data/secret.key")).unwrap();
    let previous = place.path().join("data/secret.key.previous");
    let rotated = assert_fine(place.run(&["key", "rotate"]).await);
    assert!(
        rotated.contains("keep it for 7 days (SESSION_MAX)"),
        "{rotated}"
    );
    let second = key();
    let refused = place.run(&["key", "rotate"]).await;
    assert_failed(&refused, &["Nothing was changed", "7 days", "--force"]);
    assert_eq!(key(), second);

    let age = |days| {
        let then = SystemTime::now() - Duration::from_hours(24) * days;
        let file = fs::File::options().write(true).open(&previous).unwrap();
        file.set_modified(then).unwrap();
    };
    age(6);
    assert_failed(
        &place.run(&["key", "rotate"]).await,
        &["Nothing was changed"],
    );
    age(8);
    assert_fine(place.run(&["key", "rotate"]).await);
    assert_eq!(fs::read_to_string(&previous).unwrap(), second);
    let third = key();
    assert_fine(place.run(&["key", "rotate", "--force"]).await);
    assert_eq!(fs::read_to_string(&previous).unwrap(), third);
    assert_eq!(
        fs::read_dir(place.path().join("data"))
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .contains("secret.key")
            })
            .count(),
        2
    );

    // As if the first half of a rotation had been all of it.
    fs::write(&previous, key()).unwrap();
    assert_fine(place.run(&["key", "rotate"]).await);
}

#[actix_web::test]
async fn a_key_that_is_no_file_is_not_changed() {
    let key = SecretKey::generate(&mut rand::rng()).expose();
    let place = Workplace::empty().with("SECRET_KEY", &key);
    let refused = place.run(&["key", "rotate"]).await;
    assert_misused(
        &refused,
        &["SECRET_KEY is set", "SECRET_KEY_PREVIOUS", "openssl"],
    );
    assert!(!refused.stderr.contains(&key));
    let place = Workplace::empty().with("SECRET_KEY_PREVIOUS", &key);
    let refused = place.run(&["key", "rotate"]).await;
    assert_misused(&refused, &["Unset it first"]);
    assert!(place.contents().is_empty());
}

// SECURITY rules 33 and 41: nothing that the stolen key signed or encrypted is accepted any more.
#[actix_web::test]
async fn a_compromised_key_is_revoked_with_all_that_it_signed() {
    let (mut app, _provider) = console_and_provider(|_| {}).await;
    let noor = app.signed_in(NOOR).await;
    app.add_account(MIRA, "");
    let mira = signed_in(&app).await;
    let (waiting, code) = app.asked(NOOR).await;
    signed_in(&app).await.post("/sign-out", &[]).await;
    until_nothing_is_to_be_revoked(&app).await;
    let ways_out = "SELECT count(*) FROM provider_logouts";
    assert_eq!(app.number(ways_out), 1);
    let path = app.data().join("secret.key");
    let stolen = fs::read_to_string(&path).unwrap();
    assert_fine(terminal(&app).run(&["key", "rotate"]).await);
    let refused = terminal(&app)
        .run(&["key", "rotate", "--compromised"])
        .await;
    assert_failed(&refused, &["a server runs on the folder"]);

    app.stop().await;
    let said = assert_fine(
        terminal(&app)
            .run(&["key", "rotate", "--compromised"])
            .await,
    );
    assert!(said.contains("2 sessions have ended"), "{said}");
    assert!(!app.data().join("secret.key.previous").exists());
    assert_ne!(fs::read_to_string(&path).unwrap(), stolen);
    let queued = "SELECT count(*) FROM pending_revocations WHERE refresh_token IS NOT NULL";
    assert_eq!(app.number(queued), 1);
    assert_eq!(app.number(ways_out), 0);

    app.start_again().await;
    until_nothing_is_to_be_revoked(&app).await;
    assert!(!noor.is_in().await && !mira.is_in().await);
    assert_eq!(waiting.enter(&code).await.status, 422);
    // A known browser would still get a code.
    for _ in 0..10 {
        app.visitor().ask_for_code(NOOR).await;
    }
    assert_eq!(noor.ask_for_code(NOOR).await.status, 429);
}

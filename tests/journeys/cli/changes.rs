//! Accounts changed from the command line, beside a running server.

use super::{MIRA, NOOR, fails, noted, place, succeeds};

// SECURITY rule 11.
#[actix_web::test]
async fn a_suspended_account_is_refused_on_its_next_request_until_restored() {
    let place = place().await;
    let mut console = place.serve(&[]).await;
    let noor = place.visitor();
    console.let_in(&noor, NOOR).await;
    assert!(noor.is_in().await);

    assert_eq!(
        succeeds(&place, &["account", "suspend", NOOR]).await,
        "noor@acme.test is suspended, and signed out everywhere.\n"
    );
    assert!(!noor.is_in().await);
    assert_eq!(noted(&place, "account_suspended", NOOR), 1);
    assert_eq!(
        fails(&place, &["account", "suspend", NOOR]).await,
        "noor@acme.test: No change: the account is already in that state."
    );
    assert_eq!(noted(&place, "account_suspended", NOOR), 1);

    assert_eq!(
        succeeds(&place, &["account", "restore", NOOR]).await,
        "noor@acme.test may sign in again.\n"
    );
    assert!(!noor.is_in().await, "an ended session came back");
    // SECURITY rule 33.
    assert_eq!(place.number("SELECT count(*) FROM known_browsers"), 0);
    console.let_in(&place.visitor(), NOOR).await;
    assert_eq!(noted(&place, "account_restored", NOOR), 1);
}

// SECURITY rule 11.
#[actix_web::test]
async fn a_deleted_account_is_refused_on_its_next_request() {
    let place = place().await;
    let mut console = place.serve(&[]).await;
    let noor = place.visitor();
    console.let_in(&noor, NOOR).await;
    assert_eq!(
        succeeds(&place, &["account", "delete", NOOR, "--yes"]).await,
        "noor@acme.test is deleted.\n"
    );
    assert!(!noor.is_in().await);
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
    assert_eq!(noted(&place, "account_deleted", NOOR), 1);
    // SECURITY rule 33.
    assert_eq!(place.number("SELECT count(*) FROM known_browsers"), 0);
}

#[actix_web::test]
async fn an_account_that_waits_is_confirmed_once() {
    let place = place().await;
    place.sql(
        "UPDATE accounts SET confirmed_at = NULL, suspended_at = 1 WHERE email = 'noor@acme.test'",
    );
    assert_eq!(
        succeeds(&place, &["account", "confirm", NOOR]).await,
        "noor@acme.test is confirmed. It is still suspended.\n"
    );
    assert_eq!(
        fails(&place, &["account", "confirm", NOOR]).await,
        "noor@acme.test: No change: the account is already in that state."
    );
    assert_eq!(noted(&place, "account_confirmed", NOOR), 1);
    place.sql("UPDATE accounts SET confirmed_at = NULL WHERE email = 'noor@acme.test'");
    assert_eq!(
        succeeds(&place, &["account", "restore", NOOR]).await,
        "noor@acme.test is no longer suspended, and not confirmed yet.\n"
    );
}

#[actix_web::test]
async fn the_last_admin_stays_until_there_is_another_one() {
    let place = place().await;
    for arguments in [
        &["account", "suspend", MIRA][..],
        &["account", "delete", MIRA, "--yes"],
        &["account", "role", MIRA, "member"],
    ] {
        assert_eq!(
            fails(&place, arguments).await,
            "mira@acme.test: This is the last admin. Make someone else an admin first."
        );
    }
    let unchanged = "SELECT count(*) FROM accounts
                     WHERE email = 'mira@acme.test' AND role = 'admin' AND suspended_at IS NULL";
    assert_eq!(place.number(unchanged), 1);

    assert_eq!(
        succeeds(&place, &["account", "role", NOOR, "admin"]).await,
        "noor@acme.test is an admin now.\n"
    );
    assert_eq!(
        succeeds(&place, &["account", "role", MIRA, "member"]).await,
        "mira@acme.test is a member now.\n"
    );
    for email in [MIRA, NOOR] {
        assert_eq!(noted(&place, "role_changed", email), 1);
    }
}

#[actix_web::test]
async fn without_an_admin_a_member_can_still_be_changed() {
    let place = place().await;
    place.sql("UPDATE accounts SET role = 'member'");
    succeeds(&place, &["account", "suspend", NOOR]).await;
    succeeds(&place, &["account", "delete", MIRA, "--yes"]).await;
    let left = "SELECT count(*) FROM accounts WHERE email = 'noor@acme.test' AND suspended_at > 0";
    assert_eq!(place.number(left), 1);
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
}

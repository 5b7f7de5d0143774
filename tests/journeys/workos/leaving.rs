//! People who have left the organization, the domain or the provider while they are signed in here.

use std::time::Duration;

use super::{signed_in, with_mira};
use crate::support::{TestApp, Visitor};

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

/// How many sessions the page of a person's sessions lists.
async fn listed(visitor: &Visitor) -> usize {
    let page = visitor.get("/account/sessions").await;
    page.attributes(".row button", "aria-describedby").len()
}

async fn counted_by_health(admin: &Visitor, app: &TestApp) -> (bool, i64) {
    let page = admin.get("/admin/health").await;
    let is_one = page.body.contains(" 1 session in force");
    (is_one, app.number("SELECT count(*) FROM sessions"))
}

// SECURITY rule 39: where the provider cannot be asked again, it cannot say that a person has left.
#[actix_web::test]
async fn a_session_without_a_refresh_token_ends_after_the_idle_timeout_however_much_it_is_used() {
    let (app, provider) = with_mira().await;
    app.sql("UPDATE accounts SET role = 'admin'");
    let refreshed = signed_in(&app).await;
    provider.script().answer.remove("refresh_token").unwrap();
    let unchecked = signed_in(&app).await;
    for later in [HOUR * 6, HOUR * 6 - SECOND * 10] {
        app.later(later);
        assert!(unchecked.is_in().await && refreshed.is_in().await);
    }
    assert_eq!(listed(&refreshed).await, 2);
    // Writes down when the sessions were used.
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(counted_by_health(&refreshed, &app).await, (false, 2));

    app.later(SECOND * 9);
    assert!(unchecked.is_in().await && refreshed.is_in().await);
    app.later(SECOND);
    assert!(!unchecked.is_in().await);
    assert_eq!(listed(&refreshed).await, 1);
    assert_eq!(counted_by_health(&refreshed, &app).await, (true, 2));
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(counted_by_health(&refreshed, &app).await, (true, 1));
    assert!(refreshed.is_in().await);
}

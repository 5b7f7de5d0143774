//! Accounts from a CSV file: seen before they are added.

use reqwest::{Method, StatusCode};

use super::{ADMIN, NOOR, app_with_admin};
use crate::support::{Answer, Visitor};

const IMPORT: &str = "/admin/accounts/import";
const CONFIRM: &str = "/admin/accounts/import/confirm";

/// Sends a form with a file, as a browser does.
async fn send(visitor: &Visitor, path: &str, fields: &[(&str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        let file = if *name == "file" {
            "; filename=\"people.csv\""
        } else {
            ""
        };
        let head =
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    let request = visitor
        .request(Method::POST, path)
        .header("content-type", "multipart/form-data; boundary=edge");
    Answer::of(request.body(body).send().await.unwrap()).await
}

#[actix_web::test]
async fn a_file_is_previewed_and_then_imported_as_previewed() {
    let (app, admin) = app_with_admin().await;
    let file = "email,name,role\r\nnoor@acme.test,\"Noor \"\"N\"\" Haddad, <b>\",admin\r\n\
                nobody,,\r\nADMIN@acme.test,,\r\nada@acme.test,Ada,king\r\n";
    let seen = send(&admin, IMPORT, &[("file", file.as_bytes()), ("text", b"")]).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert_eq!(seen.text("h1"), "Add 1 account?");
    assert_eq!(
        seen.text(".lead"),
        "1 address already has an account and is skipped. 2 lines can’t be read and are skipped."
    );
    let bad = seen.text("section ul");
    assert!(bad.contains("Line 3") && bad.contains("Line 5"), "{bad}");
    assert!(bad.contains("king"), "{bad}");
    assert_eq!(
        app.number("SELECT count(*) FROM accounts"),
        1,
        "looking adds"
    );

    // What the page holds is what was sent, and a browser sends it once more.
    let held = seen.attribute("input[name=text]", "value");
    assert_eq!(held.replace("\r\n", "\n"), file.replace("\r\n", "\n"));
    let action = seen.attribute("form.confirming", "action");
    assert_eq!(action, CONFIRM);
    let added = send(&admin, &action, &[("text", held.as_bytes())]).await;
    assert_eq!(added.location(), "/admin/accounts?done=imported&count=1");
    let page = admin.get(added.location()).await;
    assert_eq!(page.text(".notice"), "1 account was added.");
    assert_eq!(
        app.text("SELECT name || '/' || role FROM accounts WHERE email = 'noor@acme.test'"),
        "Noor \"N\" Haddad, <b>/admin"
    );
    assert_eq!(super::noted(&app, "account_imported", NOOR), 1);
    let invitations = "SELECT count(*) FROM sqlite_sequence WHERE name = 'outgoing_mails'";
    assert_eq!(app.number(invitations), 0);

    let again = send(&admin, CONFIRM, &[("text", held.as_bytes())]).await;
    assert_eq!(again.location(), "/admin/accounts?done=imported&count=0");
}

#[actix_web::test]
async fn a_stray_quotation_mark_leaves_out_its_own_line_and_says_so() {
    let (app, admin) = app_with_admin().await;
    for end in ["\n", "\r\n", "\r"] {
        let file = [
            "email,name",
            "b1@acme.test,\"open",
            "b2@acme.test,B",
            "b3@acme.test,\"C\"",
            "b4@acme.test,\"D",
        ];
        let file = file.join(end);
        let seen = send(&admin, IMPORT, &[("file", file.as_bytes())]).await;
        assert_eq!(seen.text("h1"), "Add 2 accounts?", "{end:?}");
        assert!(seen.text(".lead").contains(" 2 lines can’t be read"));
        let bad = seen.text("section:has(.bad-line)");
        assert_eq!(bad.matches("Line ").count(), 2, "{bad}");
        assert!(bad.contains("Line 2 ") && bad.contains("Line 5 "), "{bad}");
        let held = seen.attribute("input[name=text]", "value");
        let added = send(&admin, CONFIRM, &[("text", held.as_bytes())]).await;
        assert_eq!(added.location(), "/admin/accounts?done=imported&count=2");
        let there =
            "SELECT group_concat(email || name ORDER BY email) FROM accounts WHERE email LIKE 'b%'";
        assert_eq!(app.text(there), "b2@acme.testB,b3@acme.testC", "{end:?}");
        app.sql("DELETE FROM accounts WHERE email LIKE 'b%'");
    }
}

#[actix_web::test]
async fn imported_people_are_invited_only_if_asked_for_and_confirmed() {
    let (app, admin) = app_with_admin().await;
    let text = "email;confirmed\nnoor@acme.test;yes\nada@acme.test;no\nadmin@acme.test;\n";
    let fields: [(&str, &[u8]); 2] = [("text", text.as_bytes()), ("invite", b"yes")];
    let added = send(&admin, CONFIRM, &fields).await;
    assert_eq!(added.location(), "/admin/accounts?done=imported&count=2");
    let ever_queued = "SELECT seq FROM sqlite_sequence WHERE name = 'outgoing_mails'";
    assert_eq!(app.number(ever_queued), 1);
    let pending = "SELECT confirmed_at IS NULL FROM accounts WHERE email = 'ada@acme.test'";
    assert_eq!(app.number(pending), 1);
}

#[actix_web::test]
async fn thousands_of_accounts_are_imported_at_once() {
    let (app, admin) = app_with_admin().await;
    let rows: String = (0..3_000).map(|n| format!("p{n}@acme.test\n")).collect();
    let text = format!("email\n{rows}");
    let seen = send(&admin, IMPORT, &[("text", text.as_bytes())]).await;
    assert_eq!(seen.text("h1"), "Add 3000 accounts?");
    assert!(seen.text("section").contains("and 2900 more"));
    let added = send(&admin, CONFIRM, &[("text", text.as_bytes())]).await;
    assert_eq!(added.location(), "/admin/accounts?done=imported&count=3000");
    assert_eq!(app.number("SELECT count(*) FROM accounts"), 3_001);
}

#[actix_web::test]
async fn a_bad_file_is_reported_and_nothing_is_imported() {
    let (app, admin) = app_with_admin().await;
    for (bytes, why) in [
        (&b""[..], "The file is empty."),
        (b"email", "no rows"),
        (b"name\nNoor", "must name the columns"),
        (b"email\n\xff\xfe", "UTF-8"),
    ] {
        for path in [IMPORT, CONFIRM] {
            let refused = send(&admin, path, &[("file", bytes)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.text("[role=alert]").contains(why), "{why}");
            assert!(refused.has("#file"));
        }
    }
    let no_form = admin
        .post(IMPORT, &[("text", "email\nnoor@acme.test")])
        .await;
    assert_eq!(no_form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(app.number("SELECT count(*) FROM accounts"), 1);
}

#[actix_web::test]
async fn a_file_over_a_megabyte_is_refused_and_a_slightly_smaller_one_is_read() {
    let (app, admin) = app_with_admin().await;
    let mut text = "email\nnoor@acme.test\n".to_owned();
    text.push_str(&"\n".repeat(1_000_000 - text.len()));
    let fits = send(&admin, IMPORT, &[("file", text.as_bytes())]).await;
    assert_eq!(fits.text("h1"), "Add 1 account?");
    // A browser sends a field's line ends back as two bytes each (HTML, 4.10.22.4).
    let held = fits.attribute("input[name=text]", "value");
    let back = held.replace('\n', "\r\n");
    assert_eq!(back.len(), 2_000_000 - "emailnoor@acme.test".len());
    let added = send(&admin, CONFIRM, &[("text", back.as_bytes())]).await;
    assert_eq!(added.location(), "/admin/accounts?done=imported&count=1");
    app.sql("DELETE FROM accounts WHERE email = 'noor@acme.test'");
    for more in [1, 100_000, 5_000_000] {
        let large = format!("{text}{}", "\n".repeat(more));
        let refused = send(&admin, IMPORT, &[("file", large.as_bytes())]).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(refused.text("[role=alert]").contains("larger than 1 MB"));
    }
    assert!(admin.is_in().await);
    assert_eq!(app.text("SELECT email FROM accounts"), ADMIN);
}

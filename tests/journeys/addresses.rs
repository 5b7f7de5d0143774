//! Addresses: mail goes to the one that is stored, look-alikes stay apart, and what is no address
//! reaches nothing.

use reqwest::StatusCode;

use crate::support::TestApp;

// SECURITY rule 6: mail goes to the stored address; the case of ASCII letters is folded.
#[actix_web::test]
async fn mail_goes_to_the_stored_spelling_and_not_to_the_typed_one() {
    let app = TestApp::spawn().await;
    app.add_account("Mira.Bell@Acme.test", "");
    let mira = app.visitor();
    mira.ask_for_code(" mira.BELL@acme.TEST ").await;
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "Mira.Bell@Acme.test");
    assert!(!mails[0].raw.contains("mira.BELL"));
    assert_eq!(mira.enter(&mails[0].code()).await.location(), "/dashboard");
}

// SECURITY rule 6: no Unicode folding, no dot and no plus sign makes one account of two addresses.
#[actix_web::test]
async fn an_address_that_looks_alike_gets_no_mail_of_another_account() {
    let app = TestApp::spawn().await;
    app.add_account("mike@acme.test", "");
    let look_alikes = [
        "mıke@acme.test",
        "mİke@acme.test",
        "mi\u{212a}e@acme.test",
        "ｍike@acme.test",
        "m.ike@acme.test",
        "mike+1@acme.test",
        "mike@acme.test.",
        "mike@ácme.test",
        "mike@acme。test",
    ];
    for typed in look_alikes {
        app.visitor().ask_for_code(typed).await;
    }
    assert!(app.mails().await.is_empty());
    let none = "SELECT count(*) FROM challenges WHERE account_id IS NOT NULL";
    assert_eq!(app.number(none), 0);
}

// SECURITY rule 6: two accounts that look alike are two.
#[actix_web::test]
async fn accounts_that_look_alike_get_their_own_codes() {
    let app = TestApp::spawn().await;
    app.add_account("mike@acme.test", "The dotted one");
    app.add_account("mıke@acme.test", "The dotless one");
    let (dotless, code) = app.asked("mıke@acme.test").await;
    assert_eq!(app.mails().await.len(), 1);
    assert_eq!(dotless.enter(&code).await.location(), "/dashboard");
    let page = dotless.get("/dashboard").await;
    assert_eq!(page.text(".menu .who"), "The dotless one");
}

// SECURITY rule 7: one `@`, no control characters, no line breaks; nothing of it becomes mail.
#[actix_web::test]
async fn a_malformed_address_is_refused_and_no_mail_is_sent() {
    let app = TestApp::spawn().await;
    app.add_account("mira@acme.test", "");
    let long_local_part = format!("{}@acme.test", "m".repeat(65));
    let long_domain = format!("mira@{}test", "a.".repeat(130));
    let huge = "m".repeat(3_500);
    let payloads = [
        "",
        " \t ",
        "mira",
        "mira@",
        "@acme.test",
        "mira@@acme.test",
        "mira@acme@test",
        "mira@acme.test\r\nBcc: eve@evil.test",
        "mira@acme.test\nBcc: eve@evil.test",
        "mira@acme.test%0d%0aBcc: eve@evil.test",
        "mira@acme.test\r\n\r\nanother body",
        "mira@acme.test,eve@evil.test",
        "mira@acme.test;eve@evil.test",
        "mira@acme.test eve@evil.test",
        "Mira <mira@acme.test>",
        "<mira@acme.test>",
        "\"mira@acme.test\"@evil.test",
        "mira\0@acme.test",
        "mira\u{202e}@acme.test",
        "mira\u{2028}@acme.test",
        "mira@[127.0.0.1]",
        "mailto:mira@acme.test",
        &long_local_part,
        &long_domain,
        &huge,
    ];
    for typed in payloads {
        let refused = app.visitor().ask_for_code(typed).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{typed:?}"
        );
        assert!(!refused.text("#email-error").is_empty());
        assert_eq!(refused.set_cookie("challenge"), "");
    }
    assert!(app.mails().await.is_empty());
    assert_eq!(app.number("SELECT count(*) FROM challenges"), 0);
}

// SECURITY rule 7: a mail has the headers we wrote, and nothing that the browser said is one.
#[actix_web::test]
async fn a_browser_cannot_write_into_the_headers_of_a_mail() {
    let app = TestApp::spawn().await;
    app.add_account("mira@acme.test", "");
    let request = app
        .visitor()
        .request(reqwest::Method::POST, "/sign-in/email")
        .header(
            "user-agent",
            "X\tFirefox/1 =?utf-8?q?=0ABcc:_eve@evil.test?=",
        )
        .form(&[("email", "mira@acme.test")]);
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::SEE_OTHER
    );
    let mails = app.mails().await;
    let (headers, _) = mails[0].raw.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = headers
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name))
        .collect();
    for name in [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Date",
        "Auto-Submitted",
    ] {
        assert_eq!(
            names.iter().filter(|found| **found == name).count(),
            1,
            "{name}"
        );
    }
    assert!(!mails[0].raw.contains("evil.test"));
}

#[actix_web::test]
async fn typed_text_is_shown_again_as_text_and_never_as_markup() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    let typed = "\"><script>alert(1)</script>";
    let refused = visitor.ask_for_code(typed).await;
    assert_eq!(refused.attribute("#email", "value"), typed);
    assert!(!refused.body.contains("<script>alert"));

    let address = "<b>'x'&y@acme.test";
    assert_eq!(
        visitor.ask_for_code(address).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    visitor.ask_for_code("o'neill&co@acme.test").await;
    let page = visitor.get("/sign-in/code").await;
    assert_eq!(page.text(".lead b"), "o'neill&co@acme.test");
    let refused = visitor.enter(typed).await;
    assert_eq!(refused.attribute("#code", "value"), typed);
    assert!(!refused.body.contains("<script>alert"));
}

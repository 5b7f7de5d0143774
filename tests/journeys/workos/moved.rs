//! Email codes for those who sign in with `WorkOS` already (`EMAIL_CODES=fallback`).

use std::time::{Duration, Instant};

use super::{
    assert_landed, assert_turned_back, bring_back, bring_up, come_back, console_and_provider,
    is_down, set_out, take_down, until,
};
use crate::support::hostile::{Hostile, Instead};
use crate::support::{Answer, TestApp, Visitor};
use crate::uniform_answers::{ADDRESSES, add_every_kind, portrait, the_only};

const MOVED: &str = "moved@acme.test";

async fn with_every_kind() -> (TestApp, Hostile) {
    let (app, provider) = console_and_provider(|_| {}).await;
    add_every_kind(&app);
    (app, provider)
}

/// The whole way through the email code with every kind of address; each answer is the same for all.
pub(super) async fn assert_all_look_the_same(app: &TestApp, addresses: &[&'static str]) {
    type Step = fn(&'static str) -> (&'static str, Vec<(&'static str, &'static str)>);
    let steps: [Step; 4] = [
        |email| ("/sign-in/email", vec![("email", email)]),
        |_| ("/sign-in/code", vec![("code", "123456")]),
        |_| ("/sign-in/code/resend", vec![]),
        |_| ("/sign-in/code", vec![("code", "123456")]),
    ];
    let visitors: Vec<Visitor> = addresses.iter().map(|_| app.visitor()).collect();
    for step in steps {
        let (mut answers, mut pages) = (Vec::new(), Vec::new());
        for (visitor, email) in visitors.iter().zip(addresses.iter().copied()) {
            let (path, form) = step(email);
            let answer: Answer = visitor.post(path, &form).await;
            answers.push(portrait(&answer, email));
            pages.push(portrait(&visitor.get("/sign-in/code").await, email));
        }
        the_only(answers);
        assert!(the_only(pages).starts_with("200 OK"));
    }
}

/// The subjects of the mails to the account that has moved, once there are so many.
async fn subjects(app: &TestApp, count: usize) -> Vec<String> {
    let theirs = async || {
        let mails = app.mails().await.into_iter();
        mails
            .filter(|mail| mail.to == MOVED)
            .map(|mail| mail.subject)
    };
    until("the mail is there", async || {
        theirs().await.count() >= count
    })
    .await;
    let subjects: Vec<_> = theirs().await.collect();
    assert_eq!(subjects.len(), count, "{subjects:?}");
    subjects
}

// SECURITY rule 5.
#[actix_web::test]
async fn the_answer_is_the_same_for_moved_accounts_with_the_provider_up_or_down() {
    let (app, provider) = with_every_kind().await;
    assert_all_look_the_same(&app, &ADDRESSES).await;
    take_down(&app, &provider).await;
    app.later(Duration::from_mins(2));
    assert_all_look_the_same(&app, &ADDRESSES).await;
}

#[actix_web::test]
async fn a_moved_account_gets_a_mail_that_says_so_instead_of_a_code() {
    let (app, _provider) = with_every_kind().await;
    app.visitor().ask_for_code(MOVED).await;
    subjects(&app, 1).await;
    let mails = app.mails().await;
    let mail = &mails[0];
    assert_eq!(mail.to, MOVED);
    assert!(mail.subject.ends_with("with WorkOS"), "{}", mail.subject);
    let text = mail.part("text/plain");
    assert!(text.contains("so no code was sent"), "{text}");
    assert!(text.contains(&format!("{}/sign-in", app.url())), "{text}");

    // At most one mail an hour, for any number of requests.
    app.visitor().ask_for_code(MOVED).await;
    app.later(Duration::from_mins(59));
    app.visitor().ask_for_code(MOVED).await;
    app.later(Duration::from_mins(2));
    app.visitor().ask_for_code(MOVED).await;
    let subjects = subjects(&app, 2).await;
    assert!(
        subjects
            .iter()
            .all(|subject| subject.ends_with("with WorkOS"))
    );
}

// SECURITY rule 32.
#[actix_web::test]
async fn made_up_codes_switch_on_no_outage_whatever_the_provider_answers() {
    let (app, provider) = with_every_kind().await;
    let began = Instant::now();
    for status in [500, 503] {
        let instead = Instead::ToPosts(status);
        let tokens = "/user_management/authenticate";
        provider.script().instead.insert(tokens, instead);
        for code in ["%00", "%00", "made_up", "made_up"] {
            let visitor = app.visitor();
            let state = set_out(&visitor, "/auth/workos").await;
            let path = format!("/auth/workos/callback?code={code}&state={state}");
            bring_back(&visitor, &path).await;
            assert!(!is_down(&app).await, "{status}");
        }
    }
    app.visitor().ask_for_code(MOVED).await;
    let subjects = subjects(&app, 1).await;
    assert!(subjects[0].ends_with("with WorkOS"), "{subjects:?}");

    // However many fail, there is at most one probe a second. It finds the provider up.
    let probes = provider.script().keys_fetched;
    let at_most = began.elapsed().as_secs() + 2;
    assert!(u64::try_from(probes).unwrap() <= at_most, "{probes}");
    until("another probe", async || {
        provider.script().keys_fetched > probes
    })
    .await;
    assert!(!is_down(&app).await);
}

// SECURITY rule 2: a visitor can see to it that the provider is asked too often.
#[actix_web::test]
async fn a_provider_that_is_asked_too_often_is_no_outage() {
    let (app, provider) = with_every_kind().await;
    let tokens = "/user_management/authenticate";
    provider.script().refuse(tokens, 429, "");
    for _ in 0..2 {
        let visitor = app.visitor();
        let answer = come_back(&visitor).await;
        let words = assert_turned_back(&visitor, &answer, "unreachable").await;
        assert!(words.contains("can’t be reached right now"), "{words}");
    }
    app.visitor().ask_for_code(MOVED).await;
    let subjects = subjects(&app, 1).await;
    assert!(subjects[0].ends_with("with WorkOS"), "{subjects:?}");
}

#[actix_web::test]
async fn a_moved_account_gets_codes_only_during_an_outage() {
    let (app, provider) = with_every_kind().await;
    take_down(&app, &provider).await;
    let moved = app.visitor();
    moved.sign_in(&app, MOVED).await;
    assert!(moved.is_in().await);

    bring_up(&app, &provider).await;
    app.add_account(super::MIRA, "");
    assert_landed(&come_back(&app.visitor()).await, "/dashboard");
    app.visitor().ask_for_code(MOVED).await;
    let subjects = subjects(&app, 2).await;
    assert!(
        subjects
            .iter()
            .any(|subject| subject.ends_with("with WorkOS"))
    );
}

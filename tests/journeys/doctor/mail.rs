use super::{Findings, Mark, ask};
use crate::support::smtp::{Behaviour, Reply, SmtpServer};

const SECRET: &str = "hunter2";

/// Fine, failed or open: connection, TLS, login.
fn marks(findings: &Findings) -> [Mark; 3] {
    ["mail server", "mail TLS", "mail login"].map(|check| findings.mark(check))
}

async fn asked_of(behaviour: Behaviour) -> (Findings, SmtpServer) {
    let server = SmtpServer::start(behaviour).await;
    let findings = ask(&server.workplace()).await;
    let said = format!("{:?}", findings.finished);
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(server.accepted(), 0, "a mail was sent");
    (findings, server)
}

#[actix_web::test]
async fn every_mail_check_passes_for_either_kind_of_tls() {
    for behaviour in [Behaviour::starttls(), Behaviour::implicit_tls()] {
        let (findings, _) = asked_of(behaviour.with_login("console", SECRET)).await;
        assert_eq!(marks(&findings), [Mark::Fine; 3], "{:#?}", findings.checks);
        assert_eq!(findings.failed(), Vec::<&str>::new());
    }
}

#[actix_web::test]
async fn plain_smtp_is_accepted_on_localhost_and_login_needs_a_user() {
    let (findings, _) = asked_of(Behaviour::plain()).await;
    assert_eq!(marks(&findings), [Mark::Fine, Mark::Fine, Mark::Open]);
    // The sender's domain is one that the DNS cannot know.
    for check in ["SPF", "DKIM", "DMARC"] {
        assert_eq!(findings.mark(check), Mark::Open);
    }
    assert!(findings.words("SPF").contains("acme.test"));
}

#[actix_web::test]
async fn a_refused_login_is_distinguished_from_a_mail_server_that_is_down() {
    let server = SmtpServer::start(Behaviour::starttls().with_login("console", "another")).await;
    let wrong = server.url().replace("another", SECRET);
    let findings = ask(&server.workplace().with("SMTP_URL", wrong)).await;
    assert_eq!(marks(&findings), [Mark::Fine, Mark::Fine, Mark::Failed]);
    assert_eq!(findings.failed(), ["mail login"]);
    assert!(!findings.finished.stdout.contains(SECRET));

    let place = server.workplace();
    drop(server);
    let findings = ask(&place).await;
    assert_eq!(marks(&findings), [Mark::Failed, Mark::Open, Mark::Open]);
    assert_eq!(findings.failed(), ["mail server"]);
}

#[actix_web::test]
async fn missing_broken_or_untrusted_tls_is_reported() {
    let server = SmtpServer::start(Behaviour::plain()).await;
    let insisting = format!("{}?tls=required", server.url());
    let findings = ask(&server.workplace().with("SMTP_URL", insisting)).await;
    assert_eq!(marks(&findings), [Mark::Fine, Mark::Failed, Mark::Open]);
    assert_eq!(findings.failed(), ["mail TLS"]);

    let (findings, _) = asked_of(Behaviour::starttls().replying(Reply::BrokenTls)).await;
    assert_eq!(findings.failed(), ["mail TLS"], "{:#?}", findings.checks);

    let server = SmtpServer::start(Behaviour::implicit_tls()).await;
    let other = SmtpServer::start(Behaviour::implicit_tls()).await;
    let findings = ask(&other.workplace().with("SMTP_URL", server.url())).await;
    assert_eq!(findings.failed(), ["mail TLS"], "{:#?}", findings.checks);
    assert!(findings.words("mail TLS").contains("certificate"));
}

#[actix_web::test]
async fn a_silent_mail_server_times_out() {
    let (findings, _) = asked_of(Behaviour::plain().replying(Reply::Drip)).await;
    assert_eq!(findings.failed(), ["mail server"]);
    assert!(findings.words("mail server").contains("no answer in 10 s"));
}

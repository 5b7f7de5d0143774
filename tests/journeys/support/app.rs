//! The real application on a free port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestibule::clock::Clock;
use vestibule::config::{Config, Settings};
use vestibule::domain::Timestamp;
use vestibule::server::Server;

use super::outbox::{Mail, read_outbox};
use super::smtp::{Behaviour, SmtpServer};
use super::visitor::Visitor;

/// 23 November 2026, 12:00 UTC: where every test's clock stands at first.
pub const START: Timestamp = Timestamp(1_795_435_200_000);

/// A server with its own database, clock and outbox.
pub struct TestApp {
    pub server: Option<Server>,
    pub clock: Clock,
    pub settings: Settings,
    folder: TempDir,
}

impl TestApp {
    /// Starts it with everything at its default.
    pub async fn spawn() -> Self {
        Self::spawn_with(|_| {}).await
    }

    /// Starts it with some settings changed.
    pub async fn spawn_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::spawn_at(START, change).await
    }

    /// The same, with the clock at another time.
    pub async fn spawn_at(start_at: Timestamp, change: impl FnOnce(&mut Settings)) -> Self {
        super::use_ring();
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let mut settings = Settings {
            listen: Some(address),
            data_dir: Some(folder.path().join("data").to_string_lossy().into_owned()),
            ..Settings::default()
        };
        change(&mut settings);
        let clock = Clock::manual(start_at);
        let server = start(&settings, &clock).await;
        Self {
            server: Some(server),
            clock,
            settings,
            folder,
        }
    }

    /// Starts it behind a proxy on this machine that says where requests come from.
    pub async fn spawn_behind_a_proxy() -> Self {
        Self::spawn_with(|settings| settings.trusted_proxies = Some("127.0.0.1/32".to_owned()))
            .await
    }

    /// Starts it with a private mail server and changed settings.
    pub async fn spawn_with_smtp(change: impl FnOnce(&mut Settings)) -> (Self, SmtpServer) {
        let smtp = SmtpServer::start(Behaviour::plain()).await;
        let app = Self::spawn_with(|settings| {
            settings.smtp_url = Some(smtp.url());
            settings.mail_from = Some("Console <console@acme.test>".to_owned());
            change(settings);
        })
        .await;
        (app, smtp)
    }

    /// Starts it as it stands behind `https://console.acme.test`.
    pub async fn spawn_on_https() -> (Self, SmtpServer) {
        let origin = "https://console.acme.test".to_owned();
        Self::spawn_with_smtp(|settings| settings.base_url = Some(origin)).await
    }

    /// Stops the server and starts another one on the same data, with some settings changed.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        self.stop().await;
        change(&mut self.settings);
        self.start_again().await;
    }

    /// Stops the server. Later requests are refused.
    pub async fn stop(&mut self) {
        self.server.take().unwrap().stop().await.unwrap();
    }

    /// Starts another server where one was stopped, on the same data.
    pub async fn start_again(&mut self) {
        self.server = Some(start(&self.settings, &self.clock).await);
    }

    /// The running server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Where the server listens, as a URL without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.server().address().port())
    }

    /// A person with a browser that has never been here.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.url())
    }

    /// The same, at an address that the proxy in front vouches for.
    pub fn visitor_at(&self, ip: &str) -> Visitor {
        self.visitor().at(ip)
    }

    /// A new browser that has asked for a code, and the code.
    pub async fn asked(&self, email: &str) -> (Visitor, String) {
        let visitor = self.visitor();
        assert_eq!(
            visitor.ask_for_code(email).await.location(),
            "/sign-in/code"
        );
        (visitor, self.newest_code(email).await)
    }

    /// Adds a confirmed account, as an admin would.
    pub fn add_account(&self, email: &str, name: &str) {
        let now = self.clock.now().0;
        self.sql(&format!(
            "INSERT INTO accounts (email, name, confirmed_at, created_at) VALUES ('{email}', '{name}', {now}, {now})"
        ));
    }

    /// A visitor who has signed in to a new account with this address.
    pub async fn signed_in(&self, email: &str) -> Visitor {
        self.add_account(email, "");
        let visitor = self.visitor();
        visitor.sign_in(self, email).await;
        visitor
    }

    /// Every mail sent so far, the oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let left = self.server().mail().drain(Duration::from_secs(20)).await;
        assert_eq!(left, 0, "mail is still in the queue");
        read_outbox(&self.data().join("outbox"))
    }

    /// Waits for the mail from the table of waiting mail that has this subject.
    pub async fn mail_about(&self, subject: &str) -> Mail {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let found = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                ticks.tick().await;
                let mut mails = self.mails().await;
                if let Some(at) = mails.iter().rposition(|m| m.subject.starts_with(subject)) {
                    return mails.swap_remove(at);
                }
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("no mail about {subject}"))
    }

    /// Waits until so many mails have been sent whose subject begins with this.
    pub async fn mails_until(&self, subject: &str, count: usize) {
        super::until(&format!("{count} mails about {subject}"), async || {
            let mails = self.mails().await;
            let found = mails.iter().filter(|m| m.subject.starts_with(subject));
            found.count() >= count
        })
        .await;
    }

    /// The path of the link “This wasn’t me” in the newest mail with a code.
    pub async fn not_me_link(&self) -> String {
        let mails = self.mails().await;
        let mail = mails.iter().rfind(|mail| mail.has_code()).unwrap();
        let text = mail.part("text/plain");
        let (_, link) = text.split_once(&self.url()).unwrap();
        link.lines().next().unwrap().to_owned()
    }

    /// The code in the newest mail to this address.
    pub async fn newest_code(&self, email: &str) -> String {
        let mails = self.mails().await;
        let newest = mails
            .iter()
            .filter(|mail| mail.has_code())
            .rfind(|mail| mail.to.eq_ignore_ascii_case(email));
        newest
            .unwrap_or_else(|| panic!("no mail to {email}"))
            .code()
    }

    /// The folder of the database, the key and the outbox.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.data().join("vestibule.db")
    }

    /// Changes the database from outside, as another process would.
    pub fn sql(&self, statement: &str) {
        execute(&self.database(), statement);
    }

    /// A number from the database, as another process would read it.
    pub fn number(&self, query: &str) -> i64 {
        number(&self.database(), query)
    }

    /// A text from the database, as another process would read it.
    pub fn text(&self, query: &str) -> String {
        let row: Words = diesel::sql_query(format!("SELECT ({query}) AS words"))
            .get_result(&mut connect(&self.database()))
            .unwrap();
        row.words
    }

    /// How many rows each table of ours has.
    pub fn rows(&self) -> Vec<(String, i64)> {
        let tables = self.text(
            "SELECT group_concat(name) FROM sqlite_master
             WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        );
        tables
            .split(',')
            .map(|table| {
                let count = self.number(&format!("SELECT count(*) FROM {table}"));
                (table.to_owned(), count)
            })
            .collect()
    }

    /// The raw response to a request target that URL libraries would normalise.
    pub async fn get_as_written(&self, target: &str) -> String {
        let mut stream = TcpStream::connect(self.server().address()).await.unwrap();
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Moves the clock on.
    pub fn later(&self, span: Duration) {
        self.clock.advance(span);
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    words: String,
}

async fn start(settings: &Settings, clock: &Clock) -> Server {
    let config = Config::from_settings(settings).unwrap_or_else(|problems| panic!("{problems}"));
    Server::start(config, clock.clone()).await.unwrap()
}

/// Changes a database.
pub fn execute(path: &Path, statement: &str) {
    diesel::sql_query(statement)
        .execute(&mut connect(path))
        .unwrap();
}

/// Reads a number from a database.
pub fn number(path: &Path, query: &str) -> i64 {
    let row: Number = diesel::sql_query(format!("SELECT ({query}) AS number"))
        .get_result(&mut connect(path))
        .unwrap();
    row.number
}

/// A connection of one's own to a database file.
pub fn connect(path: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 10000")
        .execute(&mut connection)
        .unwrap();
    diesel::sql_query("PRAGMA foreign_keys = ON")
        .execute(&mut connection)
        .unwrap();
    // The console alone writes the WAL into the database, as it does for a team.
    diesel::sql_query("PRAGMA wal_autocheckpoint = 0")
        .execute(&mut connection)
        .unwrap();
    connection
}

/// An address that nothing listens on. Its port lies below the kernel's ephemeral ports, so no other
/// process gets it before it is used.
pub fn free_address() -> String {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + std::process::id() % 100 * 200;
    loop {
        let offset = TAKEN.fetch_add(1, Ordering::Relaxed) % 200;
        let address = format!("127.0.0.1:{}", first + u32::from(offset));
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

//! The optimised binary, started as an operator starts it. Codes are read from its standard output.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use tempfile::TempDir;

use crate::client::{ask, evenly, fetch, form, free_address, request, wait_until_open};
use crate::population;

/// People who sign in at the same time, each from a different address: enough to keep every core hashing while each
/// waits for a mail.
const PEOPLE: usize = 700;
/// Codes that each person enters in one measurement.
const VERIFIED_EACH: usize = 6;
/// Accounts for one round of codes and for one round of sign-ins. Every account is used once, because of the limits on
/// codes for one address.
const ACCOUNTS_FOR_CODES: usize = 12_000;
const ACCOUNTS_FOR_SIGN_INS: usize = 6_000;
/// The time that the mails of a round need to leave the queue.
const MAILS: Duration = Duration::from_secs(2);
/// Codes whose waits are measured in one turn.
const WATCHED: usize = 1_250;
/// The people start spread over this time. Otherwise all would request codes in one second and enter them in the next.
const ARRIVING: Duration = Duration::from_secs(2);
/// After this time as many sign-ins end as begin.
const WARM_UP: Duration = Duration::from_secs(5);

/// A running console.
pub(crate) struct Console {
    address: SocketAddr,
    child: Child,
    codes: Arc<Codes>,
    folder: TempDir,
    batches: AtomicUsize,
    _mail: TempDir,
}

/// Codes by email address. A code wakes only the thread that waits for it; waking all threads would take processor time
/// from the server.
#[derive(Default)]
struct Codes(Mutex<HashMap<String, Code>>);

enum Code {
    AwaitedBy(Thread),
    Arrived(String),
}

impl Console {
    /// Starts a console on a new folder, with one account.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mail = mail_in_memory(&folder);
        Self::start_in(folder, mail, &[])
    }

    /// Starts a console on a new folder, with many accounts that are all signed in.
    pub(crate) fn start_settled(accounts: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mail = mail_in_memory(&folder);
        let (_, mut first) = spawn(&folder, &[]);
        first.kill().unwrap();
        first.wait().unwrap();
        population::settle(&mut connect(&folder), accounts);
        Self::start_in(folder, mail, &[])
    }

    /// Starts another console on a copy of this database, with more settings.
    pub(crate) fn copy_with(&self, settings: &[(&str, &str)]) -> Self {
        let folder = self.copy();
        let mail = mail_in_memory(&folder);
        Self::start_in(folder, mail, settings)
    }

    fn start_in(folder: TempDir, mail: TempDir, settings: &[(&str, &str)]) -> Self {
        let (address, mut child) = spawn(&folder, settings);
        let codes = Arc::<Codes>::default();
        let (reader, terminal) = (Arc::clone(&codes), child.stdout.take().unwrap());
        thread::spawn(move || reader.read_from(BufReader::new(terminal)));
        add_accounts(&mut connect(&folder), &["bench@localhost".to_owned()]);
        Self {
            address,
            child,
            codes,
            folder,
            batches: AtomicUsize::new(0),
            _mail: mail,
        }
    }

    /// The folder of the database and the secret key.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The time from the start of a second server to its first sign-in page, on a copy of the database: the median of
    /// ten starts, in milliseconds.
    pub(crate) fn start_up_ms(&self) -> f64 {
        let copy = self.copy();
        let mut spans: Vec<f64> = (0..10)
            .map(|_| {
                let begun = Instant::now();
                let (address, mut child) = spawn(&copy, &[]);
                assert_eq!(fetch(address, &request("/sign-in", "")).status, 200);
                let span = begun.elapsed().as_secs_f64() * 1000.0;
                child.kill().unwrap();
                child.wait().unwrap();
                span
            })
            .collect();
        spans.sort_by(f64::total_cmp);
        spans[spans.len() / 2]
    }

    /// A new folder with a copy of the database and the secret key.
    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("data")).unwrap();
        let into = copy.path().join("data/vestibule.db");
        let statement = format!("VACUUM INTO '{}'", into.display());
        diesel::sql_query(statement)
            .execute(&mut self.connect())
            .unwrap();
        fs::copy(
            self.folder.path().join("data/secret.key"),
            copy.path().join("data/secret.key"),
        )
        .unwrap();
        copy
    }

    pub(crate) fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<f64>()
            .unwrap()
            * 1024.0
            / 1e6
    }

    pub(crate) fn binary_mb(&self) -> f64 {
        fs::metadata(env!("CARGO_BIN_EXE_vestibule")).unwrap().len() as f64 / 1e6
    }

    /// The path of the sign-in page's style sheet.
    pub(crate) fn style_sheet(&self) -> String {
        let page = fetch(self.address, &request("/sign-in", "")).body;
        let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Signs in. Returns the session's cookie.
    pub(crate) fn sign_in(&self, email: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        self.sign_in_over(&mut stream, "10.0.0.1", email)
    }

    /// Codes made and sent per second.
    pub(crate) fn codes_per_second(&self, span: Duration) -> f64 {
        let sent = self.people_per_second(PEOPLE, ACCOUNTS_FOR_CODES, span, |stream, ip, email| {
            self.ask_for_code(stream, ip, email);
        });
        // Mails that still leave would disturb the next measurement.
        thread::sleep(MAILS);
        sent
    }

    /// Codes verified per second; they have been sent before.
    pub(crate) fn verifications_per_second(&self) -> f64 {
        let emails = self.fresh_accounts(PEOPLE * VERIFIED_EACH);
        let ready = Barrier::new(PEOPLE);
        let spans: Vec<Duration> = thread::scope(|scope| {
            let threads: Vec<_> = emails
                .chunks(VERIFIED_EACH)
                .enumerate()
                .map(|(person, mine)| {
                    let ready = &ready;
                    scope.spawn(move || self.verify(&ip(person), mine, ready))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let longest = spans.into_iter().max().unwrap();
        emails.len() as f64 / longest.as_secs_f64()
    }

    /// Requests codes, waits until every person has theirs, and enters them. Returns how long entering took.
    fn verify(&self, ip: &str, emails: &[String], ready: &Barrier) -> Duration {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let codes: Vec<(String, String)> = emails
            .iter()
            .map(|email| {
                let cookies = self.ask_for_code(&mut stream, ip, email);
                (cookies, self.codes.take(email))
            })
            .collect();
        ready.wait();
        let begun = Instant::now();
        for (cookies, code) in &codes {
            enter(&mut stream, ip, cookies, code);
        }
        begun.elapsed()
    }

    /// Whole sign-ins per second.
    pub(crate) fn sign_ins_per_second(&self, span: Duration) -> f64 {
        self.people_per_second(PEOPLE, ACCOUNTS_FOR_SIGN_INS, span, |stream, ip, email| {
            self.sign_in_over(stream, ip, email);
        })
    }

    /// Whole sign-ins per second of eight people who each sign in again and again: each waits for the mail.
    pub(crate) fn sign_ins_of_eight_per_second(&self, span: Duration) -> f64 {
        self.people_per_second(8, ACCOUNTS_FOR_SIGN_INS, span, |stream, ip, email| {
            self.sign_in_over(stream, ip, email);
        })
    }

    fn people_per_second(
        &self,
        people: usize,
        accounts: usize,
        span: Duration,
        act: impl Fn(&mut TcpStream, &str, &str) + Sync,
    ) -> f64 {
        let (act, emails) = (&act, &self.fresh_accounts(accounts));
        let begun = Instant::now();
        let counted = WARM_UP..WARM_UP + span;
        let served: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..people)
                .map(|person| {
                    let counted = &counted;
                    scope.spawn(move || {
                        thread::sleep(ARRIVING * person as u32 / people as u32);
                        let mut stream = TcpStream::connect(self.address).unwrap();
                        let ip = ip(person);
                        let mine = emails.iter().skip(person).step_by(people);
                        let in_time = mine.take_while(|_| begun.elapsed() < counted.end);
                        in_time
                            .filter(|email| {
                                act(&mut stream, &ip, email);
                                counted.contains(&begun.elapsed())
                            })
                            .count()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert!(begun.elapsed() > counted.end, "there were too few accounts");
        served as f64 / span.as_secs_f64()
    }

    /// The waits for code requests at `asked` a second, and for code entries at `entered` a second.
    pub(crate) fn waits_for_codes(&self, asked: f64, entered: f64) -> [Vec<Duration>; 2] {
        let emails = self.fresh_accounts(WATCHED);
        let asks: Vec<_> = (0_usize..)
            .zip(&emails)
            .map(|(n, email)| question(&ip(n % PEOPLE), email))
            .collect();
        let answers = redirected(self.address, &asks, asked);
        let enters: Vec<_> = (0_usize..)
            .zip(&emails)
            .zip(&answers)
            .map(|((n, email), (_, cookies))| {
                answer(&ip(n % PEOPLE), cookies, &self.codes.take(email))
            })
            .collect();
        let taken = redirected(self.address, &enters, entered);
        [answers, taken].map(|answers| answers.into_iter().map(|(wait, _)| wait).collect())
    }

    /// Adds new accounts. Returns their addresses.
    fn fresh_accounts(&self, count: usize) -> Vec<String> {
        let batch = self.batches.fetch_add(1, Ordering::Relaxed);
        let emails: Vec<_> = (0..count)
            .map(|number| format!("b{batch}n{number}@localhost"))
            .collect();
        add_accounts(&mut self.connect(), &emails);
        emails
    }

    fn sign_in_over(&self, stream: &mut TcpStream, ip: &str, email: &str) -> String {
        let cookies = self.ask_for_code(stream, ip, email);
        enter(stream, ip, &cookies, &self.codes.take(email))
    }

    fn ask_for_code(&self, stream: &mut TcpStream, ip: &str, email: &str) -> String {
        let asked = ask(stream, &question(ip, email), &mut Vec::new());
        assert_eq!(asked.status, 303, "{}", asked.body);
        asked.cookies()
    }

    /// A new connection to the database.
    pub(crate) fn connect(&self) -> SqliteConnection {
        connect(&self.folder)
    }
}

/// The request for a code.
fn question(ip: &str, email: &str) -> Vec<u8> {
    form("/sign-in/email", "", ip, &format!("email={email}"))
}

/// The entry of a code.
fn answer(ip: &str, cookies: &str, code: &str) -> Vec<u8> {
    form("/sign-in/code", cookies, ip, &format!("code={code}"))
}

/// Sends each request once, `rate` a second. Every response has to be a redirect. Returns the waits and the cookies.
fn redirected(address: SocketAddr, requests: &[Vec<u8>], rate: f64) -> Vec<(Duration, String)> {
    let answers = evenly(address, requests, rate).into_iter();
    answers
        .map(|(wait, reply)| {
            assert_eq!(reply.status, 303, "{}", reply.body);
            (wait, reply.cookies())
        })
        .collect()
}

/// Enters a code. Returns the cookies of the new session.
fn enter(stream: &mut TcpStream, ip: &str, cookies: &str, code: &str) -> String {
    let entered = ask(stream, &answer(ip, cookies, code), &mut Vec::new());
    assert_eq!(entered.status, 303, "{}", entered.body);
    entered.cookies()
}

impl Drop for Console {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Codes {
    fn read_from(&self, terminal: impl BufRead) {
        for line in terminal.lines() {
            let line = line.unwrap();
            let Some(rest) = line.trim().strip_prefix("The code for ") else {
                continue;
            };
            let (email, rest) = rest.split_once(" is ").unwrap();
            let arrived = Code::Arrived(rest[..6].to_owned());
            let before = self.0.lock().unwrap().insert(email.to_owned(), arrived);
            if let Some(Code::AwaitedBy(thread)) = before {
                thread.unpark();
            }
        }
    }

    fn take(&self, email: &str) -> String {
        let begun = Instant::now();
        loop {
            {
                let mut codes = self.0.lock().unwrap();
                if let Some(Code::Arrived(code)) = codes.remove(email) {
                    return code;
                }
                codes.insert(email.to_owned(), Code::AwaitedBy(thread::current()));
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "no code for {email} came"
            );
            thread::park_timeout(Duration::from_secs(20));
        }
    }
}

/// Puts the outbox into memory. Files stand in for a mail server here, so the disk's speed with many small files must
/// not count.
fn mail_in_memory(folder: &TempDir) -> TempDir {
    let mail = tempfile::tempdir_in("/dev/shm").unwrap();
    fs::create_dir_all(folder.path().join("data")).unwrap();
    symlink(mail.path(), folder.path().join("data/outbox")).unwrap();
    mail
}

fn spawn(folder: &TempDir, settings: &[(&str, &str)]) -> (SocketAddr, Child) {
    let address = free_address();
    let child = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .arg("serve")
        .current_dir(folder.path())
        .env_clear()
        .env("LISTEN", address.to_string())
        .env("CODE_LIMIT_IP", "10000")
        .env("TRUSTED_PROXIES", "127.0.0.1/32")
        .env("RUST_LOG", "warn")
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_open(address);
    // The port opens before the server is ready; a response shows that it is.
    assert_eq!(fetch(address, &request("/healthz", "")).status, 200);
    (address, child)
}

/// A person's address.
/// Each person has a separate IPv4 /24: 700 tries at once would reach the limit of one network.
fn ip(person: usize) -> String {
    format!("10.{}.{}.7", person / 250, person % 250)
}

fn add_accounts(connection: &mut SqliteConnection, emails: &[String]) {
    connection
        .transaction::<_, diesel::result::Error, _>(|c| {
            for email in emails {
                diesel::sql_query(format!(
                    "INSERT OR IGNORE INTO accounts (email, name, confirmed_at, created_at) VALUES ('{email}', 'Mira Bell', 0, 0)"
                ))
                .execute(c)?;
            }
            Ok(())
        })
        .unwrap();
}

fn connect(folder: &TempDir) -> SqliteConnection {
    let path = folder.path().join("data/vestibule.db");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 10000")
        .execute(&mut connection)
        .unwrap();
    connection
}

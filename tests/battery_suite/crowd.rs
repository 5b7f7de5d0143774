//! People who ask for codes, sign in, look around and sign out, all at once; and a ledger of every
//! answer that they got.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::RngExt;
use reqwest::Client;

use crate::guest::{CHALLENGE, Guest, SESSION, connections};
use crate::support::Workplace;
use crate::support::outbox::Mail;
use crate::support::smtp::{Behaviour, SmtpServer};

/// How long a code's mail may take while the server runs.
const MAIL_WITHIN: Duration = Duration::from_secs(20);
/// People at once.
pub const PEOPLE: usize = 8;
/// Accounts for each of them in a round; one is used once, so no limit is met.
const ACCOUNTS_EACH: usize = 120;

/// A place for servers, with a mail server and accounts.
pub struct Town {
    pub place: Workplace,
    smtp: SmtpServer,
    codes: RefCell<HashMap<String, String>>,
    rounds: Cell<usize>,
    sign_ins: Cell<i64>,
}

/// The last step of a sign-in that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The sign-in was answered.
    In,
    /// The sign-out was answered.
    Out,
    /// The code was sent, and no answer came.
    MaybeIn,
    /// The sign-out was sent, and no answer came.
    MaybeOut,
}

/// One sign-in.
#[derive(Debug, Clone)]
pub struct Entry {
    pub email: String,
    pub state: State,
    /// With the cookies from before the sign-out.
    pub guest: Guest,
    pub challenge: String,
    pub code: String,
}

/// Every answer that the people of one round got.
#[derive(Debug, Default)]
pub struct Ledger {
    pub round: usize,
    pub entries: Vec<Entry>,
    pub added: Vec<String>,
    /// How many of the added accounts were suspended.
    pub suspended: usize,
    /// Requests that got an answer.
    pub answers: u64,
    /// Answers that should not have been.
    pub wrong: Vec<String>,
}

impl Ledger {
    /// The sign-ins that came so far.
    pub fn with(&self, state: State) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.state == state)
    }
}

impl Entry {
    /// A new visitor with only the challenge cookie.
    pub fn at_the_code_step(&self, client: &Client) -> Guest {
        self.guest.with_only(client, CHALLENGE, &self.challenge)
    }
}

impl Town {
    /// A new place, where nothing runs yet.
    pub async fn found() -> Self {
        let smtp = SmtpServer::start(Behaviour::plain()).await;
        let place = smtp.workplace().with("TRUSTED_PROXIES", "127.0.0.1/32");
        Self {
            place,
            smtp,
            codes: RefCell::default(),
            rounds: Cell::new(0),
            sign_ins: Cell::new(0),
        }
    }

    /// Makes accounts for one more round of the crowd; a server has to have made the database.
    pub fn next_round(&self) -> usize {
        self.next_round_of(PEOPLE, ACCOUNTS_EACH)
    }

    /// Makes so many accounts for each of so many people: `r{round}-{person}-{account}@acme.test`.
    pub fn next_round_of(&self, people: usize, each: usize) -> usize {
        let round = self.rounds.replace(self.rounds.get() + 1);
        self.place.sql(&format!(
            "WITH RECURSIVE person(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM person WHERE n + 1 < {people}),
                            account(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM account WHERE n + 1 < {each})
             INSERT INTO accounts (email, name, confirmed_at, created_at)
             SELECT 'r{round}-' || person.n || '-' || account.n || '@acme.test', '', 1, 1 FROM person, account"
        ));
        round
    }

    /// How many rounds there were.
    pub fn rounds(&self) -> usize {
        self.rounds.get()
    }

    /// How many sign-ins of the crowd were answered.
    pub fn answered_sign_ins(&self) -> i64 {
        self.sign_ins.get()
    }

    /// A new visitor.
    pub fn guest(&self) -> Guest {
        Guest::new(&connections(), &self.place.url())
    }

    /// A new visitor who has asked for a code, and the code.
    pub async fn asked(&self, email: &str) -> (Guest, String) {
        let mut guest = self.guest();
        let asked = guest.ask_for_code(email).await.unwrap();
        assert!(asked.leads_to("/sign-in/code"), "{asked:?}");
        let code = self.code_for(email, &Cell::new(false)).await;
        (guest, code.unwrap())
    }

    /// A mixed load. It ends when a visitor gets no answer, or when `until` is set and all visitors are done.
    pub async fn mixed_load(&self, until: &Cell<bool>) -> Ledger {
        let round = self.next_round();
        let client = connections();
        let people = (0..PEOPLE).map(|person| self.live(&client, round, person, until));
        let (lives, (added, suspended)) = tokio::join!(join_all(people), self.admin(round, until));
        let mut whole = Ledger {
            round,
            added,
            suspended,
            ..Ledger::default()
        };
        for ledger in lives {
            whole.entries.extend(ledger.entries);
            whole.wrong.extend(ledger.wrong);
            whole.answers += ledger.answers;
        }
        whole
    }

    /// One person's life: in again and again, under another address each time.
    async fn live(
        &self,
        client: &Client,
        round: usize,
        person: usize,
        until: &Cell<bool>,
    ) -> Ledger {
        let mut ledger = Ledger::default();
        for account in 0..ACCOUNTS_EACH {
            if until.get() {
                break;
            }
            let guest = Guest::new(client, &self.place.url());
            let email = format!("r{round}-{person}-{account}@acme.test");
            if self
                .one_visit(guest, email, until, &mut ledger)
                .await
                .is_none()
            {
                until.set(true);
                break;
            }
        }
        ledger
    }

    /// `None` once an answer stays out.
    async fn one_visit(
        &self,
        mut guest: Guest,
        email: String,
        until: &Cell<bool>,
        ledger: &mut Ledger,
    ) -> Option<()> {
        let asked = guest.ask_for_code(&email).await.ok()?;
        ledger.answers += 1;
        if !asked.leads_to("/sign-in/code") {
            ledger
                .wrong
                .push(format!("a code request was answered {}", asked.status));
            return Some(());
        }
        let code = self.code_for(&email, until).await?;
        let challenge = guest.cookie(CHALLENGE).unwrap();
        let mut entry = Entry {
            email,
            state: State::MaybeIn,
            guest: guest.clone(),
            challenge,
            code,
        };
        let entered = guest.enter(&entry.code).await;
        let Ok(entered) = entered else {
            ledger.entries.push(entry);
            return None;
        };
        ledger.answers += 1;
        if !entered.lets_in() {
            ledger
                .wrong
                .push(format!("a right code was answered {}", entered.status));
            return Some(());
        }
        self.sign_ins.update(|count| count + 1);
        entry.state = State::In;
        entry.guest = guest.clone();
        let outcome = look_around(guest, &mut entry, ledger).await;
        ledger.entries.push(entry);
        outcome
    }

    /// Adds accounts by the command line, beside the running server, and suspends every second one. Returns their
    /// addresses, and how many are suspended.
    async fn admin(&self, round: usize, until: &Cell<bool>) -> (Vec<String>, usize) {
        let (mut added, mut suspended) = (Vec::new(), 0);
        while !until.get() {
            let email = format!("added-{round}-{}@acme.test", added.len());
            let finished = self.place.run(&["account", "add", &email]).await;
            assert_eq!(finished.code, Some(0), "{finished:?}");
            if added.len() % 2 == 1 {
                let finished = self.place.run(&["account", "suspend", &email]).await;
                assert_eq!(finished.code, Some(0), "{finished:?}");
                suspended += 1;
            }
            added.push(email);
        }
        (added, suspended)
    }

    /// The code that was mailed to this address, or `None` when it will not come any more.
    async fn code_for(&self, email: &str, until: &Cell<bool>) -> Option<String> {
        let began = Instant::now();
        loop {
            for mail in self.smtp.take_mails() {
                let letter = Mail::parse(mail.data);
                if letter.has_code() {
                    let to = mail.to[0].clone();
                    self.codes.borrow_mut().insert(to, letter.code());
                }
            }
            if let Some(code) = self.codes.borrow_mut().remove(email) {
                return Some(code);
            }
            if until.get() {
                return None;
            }
            assert!(began.elapsed() < MAIL_WITHIN, "no code came for {email}");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

/// Looks at the dashboard, and signs out one time in two.
async fn look_around(mut guest: Guest, entry: &mut Entry, ledger: &mut Ledger) -> Option<()> {
    let dashboard = guest.get("/dashboard").await.ok()?;
    ledger.answers += 1;
    if dashboard.status != reqwest::StatusCode::OK {
        ledger
            .wrong
            .push(format!("the dashboard answered {}", dashboard.status));
    }
    if rand::rng().random_bool(0.5) {
        return Some(());
    }
    entry.state = State::MaybeOut;
    let out = guest.post("/sign-out", &[]).await.ok()?;
    ledger.answers += 1;
    if out.leads_to("/signed-out") && guest.cookie(SESSION).is_none() {
        entry.state = State::Out;
    } else {
        ledger
            .wrong
            .push(format!("a sign-out was answered {}", out.status));
    }
    Some(())
}

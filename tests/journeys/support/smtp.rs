//! An SMTP server (RFC 5321) on a free port of 127.0.0.1, which keeps the mail it accepts and can
//! be told to misbehave.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, iter};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::app::TestApp;
use super::outbox::Mail;
use super::process::Workplace;

/// Whom mail comes from.
const SENDER: &str = "Acme Console <console@acme.test>";
/// How long `next_mail` and `attempt` wait before they fail the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where TLS begins on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Never.
    None,
    /// After the STARTTLS command, which is offered and not required.
    StartTls,
    /// With the connection itself.
    Implicit,
}

/// What the server makes of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Accepts every mail.
    Accept,
    /// Answers the first MAIL FROM commands, so many of them, with 451, and accepts from then on.
    TemporaryThenAccept(usize),
    /// Answers every RCPT TO with 550.
    Permanent,
    /// Answers every RCPT TO with 550, in words that colour a terminal and turn the text around them.
    PermanentInColour,
    /// Accepts every mail, in such words.
    AcceptInColour,
    /// Answers every message with this reply code, and repeats its subject and its recipient. 250 accepts the mail.
    Repeat(u16, Form),
    /// Takes the first connections, so many of them, and never says a word to them, not even of
    /// TLS; accepts every mail on later ones.
    HangFirst(usize),
    /// Takes the message and never answers it; the mail does not count as accepted.
    HangAfterData,
    /// Sends a greeting that never ends, a byte every quarter of a second.
    Drip,
    /// Closes every connection at once.
    DropAfterConnect,
    /// Answers the client's TLS handshake with plain text; without TLS, accepts every mail.
    BrokenTls,
}

/// The form in which [`Reply::Repeat`] repeats a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// With these characters between the digits of the code.
    Split(&'static str),
    /// As an encoded word (RFC 2047), in base64.
    EncodedWord,
    /// As an encoded word, in quoted-printable.
    QuotedWord,
    /// In base64 and nothing around it.
    Base64,
    /// In quoted-printable and nothing around it.
    QuotedPrintable,
}

impl Form {
    /// The subject of a mail with a code in this form.
    fn of(self, subject: &str) -> String {
        let (code, rest) = subject.split_at(6);
        let quoted = || -> String {
            let quoted = subject.bytes().map(|byte| format!("={byte:02X}"));
            quoted.collect()
        };
        match self {
            Self::Plain => subject.to_owned(),
            Self::Split(between) => {
                let digits: Vec<String> = code.chars().map(String::from).collect();
                digits.join(between) + rest
            }
            Self::EncodedWord => format!("=?utf-8?b?{}?=", STANDARD.encode(subject)),
            Self::QuotedWord => format!("=?utf-8?q?{}?=", quoted()),
            Self::Base64 => STANDARD.encode(subject),
            Self::QuotedPrintable => quoted(),
        }
    }
}

/// What the server offers, what it asks for and what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Where TLS begins.
    pub tls: TlsMode,
    /// The user and password a client must log in with, if it must.
    pub login: Option<(String, String)>,
    /// What clients get.
    pub reply: Reply,
}

impl Behaviour {
    /// Accepts every mail, without TLS.
    pub fn plain() -> Self {
        Self::accepting(TlsMode::None)
    }

    /// Accepts every mail, and offers STARTTLS.
    pub fn starttls() -> Self {
        Self::accepting(TlsMode::StartTls)
    }

    /// Accepts every mail, over TLS from the first byte.
    pub fn implicit_tls() -> Self {
        Self::accepting(TlsMode::Implicit)
    }

    /// The same, for clients that log in; AUTH is offered only under TLS, where there is TLS.
    pub fn with_login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// The same, with another reply.
    pub fn replying(self, reply: Reply) -> Self {
        Self { reply, ..self }
    }

    fn accepting(tls: TlsMode) -> Self {
        let (login, reply) = (None, Reply::Accept);
        Self { tls, login, reply }
    }
}

/// A mail the server accepted.
#[derive(Clone, Debug, Default)]
pub struct ReceivedMail {
    /// The address of MAIL FROM.
    pub from: String,
    /// The address of each RCPT TO.
    pub to: Vec<String>,
    /// The message, headers and body, with its dots unstuffed.
    pub data: String,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The user that had logged in, if one had.
    pub login: Option<String>,
}

/// The running server; dropping it closes its port and every connection.
pub struct SmtpServer {
    address: SocketAddr,
    ca_pem: NamedTempFile,
    behaviour: watch::Sender<Behaviour>,
    seen: watch::Sender<Seen>,
    listening: JoinHandle<()>,
}

/// What clients have done so far, and how much of it the test has been told.
#[derive(Default)]
struct Seen {
    attempts: usize,
    attempts_told: usize,
    deferred: usize,
    accepted: usize,
    mails: VecDeque<ReceivedMail>,
    repeated: VecDeque<ReceivedMail>,
}

impl SmtpServer {
    /// Binds a free port and serves it.
    pub async fn start(behaviour: Behaviour) -> Self {
        Self::start_on(0, behaviour).await
    }

    /// Binds this port and serves it.
    pub async fn start_on(port: u16, behaviour: Behaviour) -> Self {
        let address = (Ipv4Addr::LOCALHOST, port);
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, ca_pem) = certify();
        let behaviour = watch::Sender::new(behaviour);
        let seen = watch::Sender::new(Seen::default());
        let listening = listen(listener, acceptor, seen.clone(), behaviour.subscribe());
        let listening = tokio::spawn(listening);
        Self {
            address,
            ca_pem,
            behaviour,
            seen,
            listening,
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The URL that reaches it, in lettre's form; the user and password stand in it unescaped.
    pub fn url(&self) -> String {
        let behaviour = self.behaviour.borrow();
        let login = behaviour.login.as_ref();
        let login = login.map_or_else(String::new, |(user, password)| {
            format!("{user}:{password}@")
        });
        let port = self.port();
        match behaviour.tls {
            TlsMode::None => format!("smtp://{login}127.0.0.1:{port}"),
            TlsMode::StartTls => format!("smtp://{login}localhost:{port}?tls=required"),
            TlsMode::Implicit => format!("smtps://{login}localhost:{port}"),
        }
    }

    /// The next accepted mail, in order of arrival; panics when none comes in 20 seconds.
    pub async fn next_mail(&self) -> ReceivedMail {
        self.wait("mail accepted", |seen| !seen.mails.is_empty())
            .await;
        let mut mail = None;
        self.seen.send_modify(|seen| mail = seen.mails.pop_front());
        mail.unwrap()
    }

    /// The next mail that [`Reply::Repeat`] answered, accepted or not; panics when none comes in 20 seconds.
    pub async fn next_repeated(&self) -> ReceivedMail {
        self.wait("mail repeated", |seen| !seen.repeated.is_empty())
            .await;
        let mut mail = None;
        self.seen
            .send_modify(|seen| mail = seen.repeated.pop_front());
        mail.unwrap()
    }

    /// The mails accepted and not taken yet, in order of arrival; does not wait for any.
    pub fn take_mails(&self) -> Vec<ReceivedMail> {
        let mut mails = VecDeque::new();
        self.seen
            .send_modify(|seen| mails = std::mem::take(&mut seen.mails));
        mails.into()
    }

    /// How many mails it has accepted.
    pub fn accepted(&self) -> usize {
        self.seen.borrow().accepted
    }

    /// The number of accepted TCP connections, successful or not.
    pub fn attempts(&self) -> usize {
        self.seen.borrow().attempts
    }

    /// A console that sends its mail through this server.
    pub async fn console(&self) -> TestApp {
        TestApp::spawn_with(|settings| {
            settings.smtp_url = Some(self.url());
            settings.mail_from = Some(SENDER.to_owned());
            settings.code_limit_address = Some("100".to_owned());
        })
        .await
    }

    /// A place for a console that sends its mail through this server and trusts its certificate.
    pub fn workplace(&self) -> Workplace {
        Workplace::empty()
            .with("SMTP_URL", self.url())
            .with("MAIL_FROM", SENDER)
            .with("SSL_CERT_FILE", self.ca_pem.path().to_string_lossy())
    }

    /// Waits for a connection no earlier call was told of; panics when none comes in 20 seconds.
    pub async fn attempt(&self) {
        self.wait("connection", |seen| seen.attempts_told < seen.attempts)
            .await;
        self.seen.send_modify(|seen| seen.attempts_told += 1);
    }

    /// Behaves so from now on; open connections close once they wait for a command, or hang.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.seen.send_modify(|seen| seen.deferred = 0);
        self.behaviour.send_replace(behaviour);
    }

    async fn wait(&self, what: &str, ready: impl FnMut(&Seen) -> bool) {
        let mut changes = self.seen.subscribe();
        let ready = timeout(PATIENCE, changes.wait_for(ready)).await.is_ok();
        let (attempts, accepted) = (self.attempts(), self.accepted());
        assert!(
            ready,
            "no {what} in {PATIENCE:?}; {attempts} connections, {accepted} mails so far"
        );
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// TLS as localhost and 127.0.0.1, and the CA that signed the certificate.
fn certify() -> (TlsAcceptor, NamedTempFile) {
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "test CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let ca_pem = NamedTempFile::new().unwrap();
    fs::write(ca_pem.path(), ca.pem()).unwrap();

    let key = KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap();
    let certificate = certificate.signed_by(&key, &ca).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), ca_pem)
}

async fn listen(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    seen: watch::Sender<Seen>,
    mut changes: watch::Receiver<Behaviour>,
) {
    let mut sessions = JoinSet::new(); // Aborts them all when this task is aborted.
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        seen.send_modify(|seen| seen.attempts += 1);
        let behaviour = changes.borrow_and_update().clone();
        let session = Session {
            stream: BufReader::new(Box::new(tcp)),
            acceptor: acceptor.clone(),
            seen: seen.clone(),
            behaviour,
            changes: changes.clone(),
            begun: false,
            mail: ReceivedMail::default(),
        };
        sessions.spawn(session.run());
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection. Its behaviour stays what it was at the start: a change ends the session.
struct Session {
    stream: BufReader<Box<dyn Stream>>,
    acceptor: TlsAcceptor,
    seen: watch::Sender<Seen>,
    behaviour: Behaviour,
    changes: watch::Receiver<Behaviour>,
    begun: bool,
    mail: ReceivedMail,
}

impl Session {
    /// Serves the client until either side closes the connection, which may come as an error.
    async fn run(mut self) -> io::Result<()> {
        match self.behaviour.reply {
            Reply::DropAfterConnect => return Ok(()),
            Reply::HangFirst(count) if self.is_among_the_first(count) => return self.hang().await,
            _ => {}
        }
        if self.behaviour.tls == TlsMode::Implicit {
            self = self.start_tls().await?;
        }
        if self.behaviour.reply == Reply::Drip {
            return self.drip().await;
        }
        self.say("220 localhost ESMTP").await?;
        loop {
            let line = self.line().await?;
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            if verb == "STARTTLS" && self.offers_starttls() {
                self.say("220 2.0.0 go ahead").await?;
                self = self.start_tls().await?;
                continue;
            }
            let reply = self.answer(&verb, argument).await?;
            self.say(&reply).await?;
            if verb == "QUIT" {
                return self.stream.shutdown().await;
            }
        }
    }

    async fn answer(&mut self, verb: &str, argument: &str) -> io::Result<String> {
        let reply = match verb {
            "EHLO" => {
                self.reset();
                return Ok(self.extensions());
            }
            "QUIT" => "221 2.0.0 bye",
            "NOOP" => "250 2.0.0 still here",
            "AUTH" if self.offers_auth() => self.authenticate(argument),
            "MAIL" if self.begun => "503 5.5.1 one mail at a time",
            "MAIL" if self.behaviour.login.is_some() && self.mail.login.is_none() => {
                "530 5.7.0 authentication required"
            }
            "MAIL" => match path(argument, "FROM:") {
                None => "501 5.5.4 MAIL FROM:<address>",
                Some(_) if self.defers() => "451 4.3.0 try again later",
                Some(from) => {
                    self.mail.from = from;
                    self.begun = true;
                    "250 2.1.0 OK"
                }
            },
            "RCPT" if !self.begun => "503 5.5.1 MAIL first",
            "RCPT" => match path(argument, "TO:") {
                None => "501 5.5.4 RCPT TO:<address>",
                Some(_) if self.behaviour.reply == Reply::Permanent => "550 5.1.1 no such user",
                Some(_) if self.behaviour.reply == Reply::PermanentInColour => {
                    "550 5.1.1 no \u{1b}[31msuch\u{202e} user"
                }
                Some(to) => {
                    self.mail.to.push(to);
                    "250 2.1.5 OK"
                }
            },
            "DATA" if self.mail.to.is_empty() => "503 5.5.1 RCPT first",
            "DATA" => {
                self.say("354 end with a dot on a line of its own").await?;
                self.mail.data = self.data().await?;
                if self.behaviour.reply == Reply::HangAfterData {
                    self.hang().await?;
                }
                if let Reply::Repeat(code, form) = self.behaviour.reply {
                    return Ok(self.repeat(code, form));
                }
                self.accept();
                if self.behaviour.reply == Reply::AcceptInColour {
                    return Ok("250 2.0.0 \u{1b}[31maccepted\u{7}".to_owned());
                }
                "250 2.0.0 accepted"
            }
            _ => "502 5.5.1 not known here",
        };
        Ok(reply.to_owned())
    }

    fn extensions(&self) -> String {
        let starttls = self.offers_starttls().then_some("250-STARTTLS\r\n");
        let auth = self.offers_auth().then_some("250-AUTH PLAIN\r\n");
        let offers = starttls.or(auth).unwrap_or_default();
        format!("250-localhost\r\n{offers}250-8BITMIME\r\n250 SMTPUTF8")
    }

    fn offers_starttls(&self) -> bool {
        self.behaviour.tls == TlsMode::StartTls && !self.mail.tls
    }

    fn offers_auth(&self) -> bool {
        self.behaviour.login.is_some() && self.mail.login.is_none() && !self.offers_starttls()
    }

    fn defers(&self) -> bool {
        matches!(self.behaviour.reply, Reply::TemporaryThenAccept(count) if self.is_among_the_first(count))
    }

    /// Whether this is one of the first `count` since the behaviour was set.
    fn is_among_the_first(&self, count: usize) -> bool {
        self.seen.send_if_modified(|seen| {
            let among = seen.deferred < count;
            seen.deferred += usize::from(among);
            among
        })
    }

    fn authenticate(&mut self, argument: &str) -> &'static str {
        let response = argument.strip_prefix("PLAIN ").unwrap_or_default();
        let response = STANDARD.decode(response).unwrap_or_default();
        let sent = String::from_utf8_lossy(&response);
        let known = self.behaviour.login.as_ref();
        let known = known.filter(|(user, password)| sent == format!("\0{user}\0{password}"));
        self.mail.login = known.map(|(user, _)| user.clone());
        if self.mail.login.is_some() {
            "235 2.7.0 welcome"
        } else {
            "535 5.7.8 wrong user or password"
        }
    }

    /// The message up to the line that is a single dot; only CRLF ends a line.
    async fn data(&mut self) -> io::Result<String> {
        let mut message = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let starts = message.is_empty() || message.ends_with(b"\r\n");
            if starts && line == b".\r\n" {
                return Ok(String::from_utf8_lossy(&message).into_owned());
            }
            let stuffed = starts && line.starts_with(b".");
            message.extend_from_slice(&line[usize::from(stuffed)..]);
        }
    }

    fn accept(&mut self) {
        self.seen.send_modify(|seen| {
            seen.accepted += 1;
            seen.mails.push_back(self.mail.clone());
        });
        self.reset();
    }

    fn repeat(&mut self, code: u16, form: Form) -> String {
        let mail = self.mail.clone();
        let subject = form.of(&Mail::parse(mail.data.clone()).subject);
        let to = mail.to.join(", ");
        self.seen.send_modify(|seen| seen.repeated.push_back(mail));
        if code == 250 {
            self.accept();
        } else {
            self.reset();
        }
        let class = code / 100;
        format!(
            "{code}-{class}.7.1 <{to}>: the mail for {to}\r\n{code} {class}.7.1 is about \"{subject}\", id 7f3a"
        )
    }

    fn reset(&mut self) {
        self.begun = false;
        self.mail.to.clear();
    }

    /// Shakes hands, and forgets all that was said before; or makes nothing of TLS.
    async fn start_tls(mut self) -> io::Result<Self> {
        if self.behaviour.reply == Reply::BrokenTls {
            self.say("500 5.5.1 this is not TLS").await?;
            self.stream.read_to_end(&mut Vec::new()).await?;
        }
        let stream = self.acceptor.accept(self.stream.into_inner()).await?;
        let stream = BufReader::new(Box::new(stream) as Box<dyn Stream>);
        let mail = ReceivedMail {
            tls: true,
            ..ReceivedMail::default()
        };
        Ok(Self {
            stream,
            begun: false,
            mail,
            ..self
        })
    }

    /// Does nothing until the behaviour is changed, which ends the session.
    async fn hang(&mut self) -> io::Result<()> {
        let _ = self.changes.changed().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    async fn drip(mut self) -> io::Result<()> {
        let mut clock = interval(Duration::from_millis(250));
        for byte in b"220-localhost ".iter().chain(iter::repeat(&b'.')) {
            tokio::select! {
                _ = clock.tick() => self.stream.write_u8(*byte).await?,
                _ = self.changes.changed() => break,
            }
            self.stream.flush().await?;
        }
        Ok(())
    }

    /// The client's next line, without its CRLF; an error when the session is over instead.
    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        tokio::select! {
            read = self.stream.read_until(b'\n', &mut line) => read?,
            _ = self.changes.changed() => return Err(io::ErrorKind::ConnectionAborted.into()),
        };
        let line = line
            .strip_suffix(b"\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream
            .write_all(format!("{reply}\r\n").as_bytes())
            .await?;
        self.stream.flush().await
    }
}

/// The address in `FROM:<address>` or `TO:<address>`; parameters may follow it.
fn path(argument: &str, keyword: &str) -> Option<String> {
    let (found, rest) = argument.split_at_checked(keyword.len())?;
    let (address, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    found
        .eq_ignore_ascii_case(keyword)
        .then(|| address.to_owned())
}

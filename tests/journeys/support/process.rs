//! The real binary as a child process, in a private working directory and with only the environment
//! that the test sets.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::app::{execute, free_address, number};
use super::visitor::Visitor;

/// How long a test waits for the process to say something, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A working directory, and the environment of every process started in it.
pub struct Workplace {
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
}

impl Workplace {
    /// An empty folder, and a free port in `LISTEN`.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = BTreeMap::from([("LISTEN", free_address())]);
        Self { folder, variables }
    }

    /// The same, with a variable set.
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.insert(variable, value.into());
        self
    }

    /// The working directory.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The database that a server makes here by itself.
    pub fn database(&self) -> PathBuf {
        self.path().join("data/vestibule.db")
    }

    /// The names of what is in the working directory.
    pub fn contents(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Where a server of this place listens.
    pub fn url(&self) -> String {
        let (_, port) = self.variables["LISTEN"].rsplit_once(':').unwrap();
        format!("http://localhost:{port}")
    }

    /// A person with a browser that has never been at this place.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.url())
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).ended().await
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self, arguments: &[&str]) -> Process {
        let mut server = self.start(arguments);
        server.stdout.line_with("Vestibule is ready").await;
        server
    }

    /// Changes the database as another process would.
    pub fn sql(&self, statement: &str) {
        execute(&self.database(), statement);
    }

    /// A number from the database.
    pub fn number(&self, query: &str) -> i64 {
        number(&self.database(), query)
    }

    /// Starts a process, ready or not.
    pub fn start(&self, arguments: &[&str]) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process {
            stdout: Lines::of(child.stdout.take().unwrap()),
            stderr: Lines::of(child.stderr.take().unwrap()),
            child,
        }
    }
}

/// A running process; dropping it kills it.
pub struct Process {
    pub stdout: Lines,
    pub stderr: Lines,
    child: Child,
}

impl Process {
    /// Its number, by which `/proc` knows it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "{name} was not sent");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Finished {
        self.stdout.read_to_end().await;
        self.stderr.read_to_end().await;
        let status = self.child.wait().unwrap();
        Finished {
            code: status.code(),
            stdout: std::mem::take(&mut self.stdout.read),
            stderr: std::mem::take(&mut self.stderr.read),
        }
    }

    /// Asks it to stop, waits until it has, and gives its exit code and all that it said.
    pub async fn stopped(self) -> Finished {
        self.signal("TERM");
        self.ended().await
    }

    /// The code that the terminal shows next for this address.
    pub async fn code_on_terminal(&mut self, email: &str) -> String {
        let line = self
            .stdout
            .line_with(&format!("The code for {email} is "))
            .await;
        line.split_once(" is ").unwrap().1[..6].to_owned()
    }

    /// The way in by email code, with the code read off the terminal.
    pub async fn let_in(&mut self, visitor: &Visitor, email: &str) {
        assert_eq!(
            visitor.ask_for_code(email).await.location(),
            "/sign-in/code"
        );
        let code = self.code_on_terminal(email).await;
        assert_eq!(visitor.enter(&code).await.location(), "/dashboard");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// How a process ended, and all that it said.
#[derive(Debug)]
pub struct Finished {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// What a process says, line by line as it comes.
pub struct Lines {
    coming: UnboundedReceiver<String>,
    read: String,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (heard, coming) = unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if heard.send(line).is_err() {
                    return;
                }
            }
        });
        let read = String::new();
        Self { coming, read }
    }

    /// The next line with these words in it.
    pub async fn line_with(&mut self, words: &str) -> String {
        while let Some(line) = self.next().await {
            if line.contains(words) {
                return line;
            }
        }
        panic!("it ended without saying {words:?}; it said:\n{}", self.read);
    }

    async fn read_to_end(&mut self) {
        while self.next().await.is_some() {}
    }

    async fn next(&mut self) -> Option<String> {
        let Ok(line) = timeout(PATIENCE, self.coming.recv()).await else {
            panic!("it fell silent, and had said:\n{}", self.read);
        };
        let line = line?;
        self.read.push_str(&line);
        self.read.push('\n');
        Some(line)
    }
}

//! Chromium and its WebDriver server, found and started.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel};

pub const HOW_TO_INSTALL: &str =
    "The browser suite needs Debian's chromium and chromium-driver: tests/run installs them.";

/// A headless Chromium with its own profile, without network services, and with all logs.
pub fn capabilities(profile: &Path, preferences: Value) -> ChromeCapabilities {
    let mut chrome = DesiredCapabilities::chrome();
    chrome
        .set_binary(&program("chromium").to_string_lossy())
        .unwrap();
    for flag in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &format!("--user-data-dir={}", profile.display()),
    ] {
        chrome.add_arg(flag).unwrap();
    }
    chrome
        .add_experimental_option("prefs", preferences)
        .unwrap();
    chrome
        .set_browser_log_level(LoggingPrefsLogLevel::All)
        .unwrap();
    chrome
}

fn program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("there is no {name}. {HOW_TO_INSTALL}"))
}

/// WebDriver's server, on a port that was free.
pub struct Chromedriver {
    process: Child,
    pub port: u16,
    _output: BufReader<ChildStdout>,
}

impl Chromedriver {
    /// Starts it, and waits until it listens.
    pub fn start() -> Self {
        let mut process = Command::new(program("chromedriver"))
            .arg("--port=0")
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not start: {error}. {HOW_TO_INSTALL}")
            });
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let port = port_in(&mut output);
        Self {
            process,
            port,
            _output: output,
        }
    }
}

/// Reads on until chromedriver says that it listens, and where.
fn port_in(output: &mut impl BufRead) -> u16 {
    let mut said = output.lines().map_while(Result::ok);
    said.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    })
    .unwrap_or_else(|| panic!("chromedriver ended before it listened. {HOW_TO_INSTALL}"))
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // With the browsers that it has started. All may have ended by themselves, which is as good.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}

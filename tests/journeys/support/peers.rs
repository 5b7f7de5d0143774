//! The npm packages of `tests/peers` as child processes, each on a free port.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running peer; dropping it ends it.
pub struct Peer {
    /// Where it listens, without a slash at the end.
    pub url: String,
    child: Child,
}

/// `WorkOS`'s emulator. Its users are mira@acme.test, who signs in unless `login_hint` names
/// another, noor@acme.test, whose address is not verified, and seen@acme.test, who is impersonated.
pub fn emulator() -> Peer {
    start("emulator.mjs", &[])
}

/// The emulator's API key.
pub const EMULATOR_KEY: &str = "sk_test_default";

/// An `OpenID` Provider that knows the client `vestibule` with this callback.
pub fn openid_provider(callback: &str) -> Peer {
    start("oidc.mjs", &[callback])
}

/// The secret of the `OpenID` Provider's client.
pub const OIDC_SECRET: &str = "a secret: with/odd+characters%";

fn start(script: &str, arguments: &[&str]) -> Peer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    assert!(
        folder.join("node_modules").is_dir(),
        "the peers are not installed: npm ci --ignore-scripts --omit=optional --prefix tests/peers"
    );
    // Its input stays open as long as we live: it ends by itself even if we are killed.
    let mut child = Command::new("node")
        .arg(script)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    let Some(url) = ready else {
        let status = child.wait();
        panic!("{script} did not start: {status:?}");
    };
    Peer { url, child }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::check::Check;
use crate::config::Config;
use crate::operations::address_probe::{Found, look};

const NAME: &str = "address";

/// Whether people find the console at `BASE_URL`, as far as that can be seen from here.
pub(super) async fn check(config: &Config) -> Check {
    let origin = config.base_url.origin();
    let there = match look(&origin).await {
        Found::AppState if config.base_url.is_https() => {
            return Check::fine(NAME, format!("the console answers at {origin}, over TLS"));
        }
        Found::AppState => {
            let reason = format!("the console answers at {origin}, for this machine alone");
            return Check::fine(NAME, reason);
        }
        Found::SomethingElse(what) => format!("{origin} is not the console: {what}"),
        Found::Nobody(why) => format!("{origin} does not answer: {why}"),
    };
    let listen = reachable(config.listen);
    if look(&format!("http://{listen}")).await != Found::AppState {
        let reason = format!("the server is not running at {listen}, and {there}");
        return Check::open(NAME, reason).and_next("Start it, then ask again");
    }
    let next = if there.contains("certificate") {
        format!("Give the reverse proxy a certificate for {origin} that is trusted here")
    } else if config.base_url.is_https() {
        format!("Have the reverse proxy of {origin} pass requests on to {listen}")
    } else {
        format!("Set BASE_URL to where the console is opened, such as http://{listen}")
    };
    Check::failed(
        NAME,
        format!("the server runs at {listen}, but {there}"),
        next,
    )
}

/// `0.0.0.0` is an address to listen at, not one to ask.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::from(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    }
}

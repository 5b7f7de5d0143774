use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::check::Check;
use crate::config::Config;
use crate::operations::address_probe::{Found, probe};

const NAME: &str = "address";

/// Whether the console answers at `BASE_URL`, as seen from this machine.
pub(super) async fn check(config: &Config) -> Check {
    let origin = config.base_url.origin();
    let at_base_url = match probe(&origin).await {
        Found::Console if config.base_url.is_https() => {
            return Check::fine(NAME, format!("the console answers at {origin}, over TLS"));
        }
        Found::Console => {
            let reason = format!("the console answers at {origin}, for this machine only");
            return Check::fine(NAME, reason);
        }
        Found::SomethingElse(what) => format!("{origin} is not the console: {what}"),
        Found::Nothing(why) => format!("{origin} does not answer: {why}"),
    };
    let listen = reachable(config.listen);
    if probe(&format!("http://{listen}")).await != Found::Console {
        let reason = format!("the server is not running at {listen}, and {at_base_url}");
        return Check::open(NAME, reason).and_next("Start it, then run doctor again");
    }
    let next = if at_base_url.contains("certificate") {
        format!("Give the reverse proxy a certificate for {origin} that is trusted here")
    } else if config.base_url.is_https() {
        format!("Have the reverse proxy of {origin} pass requests on to {listen}")
    } else {
        format!("Set BASE_URL to where the console is opened, such as http://{listen}")
    };
    Check::failed(
        NAME,
        format!("the server runs at {listen}, but {at_base_url}"),
        next,
    )
}

/// Replaces 0.0.0.0, which can be listened on but not connected to, by 127.0.0.1.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::from(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    }
}

//! The client of a request: its address behind trusted proxies, its browser, its known-browser cookie.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::Payload;
use actix_web::http::header::{USER_AGENT, X_FORWARDED_FOR};
use actix_web::{FromRequest, HttpRequest};

use super::state;
use crate::domain::BrowserName;
use crate::domain::ClientIp;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::web::http::state::AppState;

impl FromRequest for Client {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(state(request).map(|state| client_of(request, state)))
    }
}

pub fn client_of(request: &HttpRequest, state: &AppState) -> Client {
    let user_agent = request.headers().get(USER_AGENT);
    let user_agent = user_agent
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    Client {
        ip: ClientIp::new(ip_of(request, state)),
        browser: BrowserName::from_user_agent(user_agent),
        browser_token: state.cookies.browser_token(request),
    }
}

fn ip_of(request: &HttpRequest, state: &AppState) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let lines: Vec<&[u8]> = request
        .headers()
        .get_all(X_FORWARDED_FOR)
        .map(|line| line.as_bytes())
        .collect();
    behind(peer, &lines, |ip| state.trusted_proxies.trusts(ip))
}

/// The peer; or, behind trusted proxies, the rightmost address in the `X-Forwarded-For` lines that is not a
/// trusted proxy. The client can write anything to the left of that address (SECURITY rule 16).
pub fn behind(peer: IpAddr, lines: &[&[u8]], trusts: impl Fn(IpAddr) -> bool) -> IpAddr {
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in hops {
        if !trusts(nearest) {
            break;
        }
        match parse_hop(hop) {
            Some(ip) => nearest = ip,
            None => break,
        }
    }
    nearest
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
        .unwrap_or(hop);
    bare.parse().ok().or_else(|| {
        hop.parse::<std::net::SocketAddr>()
            .ok()
            .map(|address| address.ip())
    })
}

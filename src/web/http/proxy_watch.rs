//! Notices a proxy in front of a server that trusts none (SECURITY rule 36).

use std::net::IpAddr;
use std::sync::OnceLock;

use actix_web::dev::RequestHead;
use actix_web::http::header::{FORWARDED, X_FORWARDED_FOR};
use log::warn;

use crate::config::{ProxyProblem, TrustedProxies};

/// The first untrusted proxy since the start.
#[derive(Debug, Default)]
pub struct ProxyWatch(OnceLock<IpAddr>);

impl ProxyWatch {
    /// Looks at a request, and logs the first one that came through a proxy though none is trusted. A peer on the
    /// internet is not taken for a proxy: it may send any header.
    pub fn look(&self, head: &RequestHead, trusted: &TrustedProxies) {
        if !trusted.is_empty() || self.0.get().is_some() {
            return;
        }
        let Some(peer) = head.peer_addr.map(|peer| peer.ip().to_canonical()) else {
            return;
        };
        let headers = head.headers();
        let is_forwarded = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
        if is_forwarded && is_nearby(peer) && self.0.set(peer).is_ok() {
            let problem = ProxyProblem::Missing(peer);
            warn!("{problem} {}", ProxyProblem::NEXT);
        }
    }

    pub fn problem(&self) -> Option<ProxyProblem> {
        self.0.get().copied().map(ProxyProblem::Missing)
    }
}

/// Loopback, private and link-local addresses.
fn is_nearby(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    // SECURITY rule 36.
    #[test]
    fn only_a_nearby_peer_with_a_forwarding_header_is_a_proxy() {
        for (peer, header, is_proxy) in [
            ("127.0.0.1", "X-Forwarded-For", true),
            ("172.17.0.1", "Forwarded", true),
            ("::ffff:10.0.0.1", "X-Forwarded-For", true),
            ("fd00::1", "X-Forwarded-For", true),
            ("fe80::1", "X-Forwarded-For", true),
            ("::1", "X-Forwarded-For", true),
            ("127.0.0.1", "X-Forwarded-Host", false),
            ("203.0.113.7", "X-Forwarded-For", false),
            ("2001:db8::1", "Forwarded", false),
        ] {
            let request = TestRequest::default()
                .peer_addr((peer.parse::<IpAddr>().unwrap(), 4711).into())
                .insert_header((header, "203.0.113.9"))
                .to_http_request();
            let watch = ProxyWatch::default();
            watch.look(request.head(), &TrustedProxies::default());
            assert_eq!(watch.problem().is_some(), is_proxy, "{peer} {header}");
        }
    }
}

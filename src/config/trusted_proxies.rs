use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

use super::values::InvalidValue;

/// A wider network has visitors in it, besides proxies.
const SHORTEST_IPV4_PREFIX: u8 = 8;
const SHORTEST_IPV6_PREFIX: u8 = 16;

/// The networks whose `X-Forwarded-For` is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A missing or wrong value of `TRUSTED_PROXIES` (SECURITY rule 36).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProxyProblem {
    /// A request came through a proxy.
    #[error(
        "Requests come through a proxy at {0}, and TRUSTED_PROXIES isn’t set. All visitors share the proxy’s limits."
    )]
    Missing(IpAddr),
    /// The server itself speaks no TLS.
    #[error(
        "BASE_URL is https, so there is a proxy in front, and TRUSTED_PROXIES isn’t set. All visitors share the proxy’s \
         limits."
    )]
    MissingForHttps,
    #[error(
        "TRUSTED_PROXIES trusts {0}. A visitor in so wide a network can choose the address that the limits count."
    )]
    TooWide(IpNet),
}

impl ProxyProblem {
    pub const NEXT: &str =
        "Set TRUSTED_PROXIES to the address of the proxy, as this server sees it, and restart.";
}

impl TrustedProxies {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let networks = text.split([',', ' ']).filter(|part| !part.is_empty());
        let networks = networks.map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    InvalidValue::new(format!(
                        "“{part}” is not a network, such as 10.0.0.0/8 or ::1"
                    ))
                })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this peer's `X-Forwarded-For` counts.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }

    /// A network that is too wide, if there is one.
    pub fn too_wide(&self) -> Option<ProxyProblem> {
        let too_wide = |network: &&IpNet| match network {
            IpNet::V4(network) => network.prefix_len() < SHORTEST_IPV4_PREFIX,
            IpNet::V6(network) => network.prefix_len() < SHORTEST_IPV6_PREFIX,
        };
        let found = self.0.iter().find(too_wide);
        found.map(|network| ProxyProblem::TooWide(*network))
    }

    /// A problem that shows in the settings alone. `is_https`: whether `BASE_URL` is https.
    pub fn problem(&self, is_https: bool) -> Option<ProxyProblem> {
        if self.is_empty() && is_https {
            return Some(ProxyProblem::MissingForHttps);
        }
        self.too_wide()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 36.
    #[test]
    fn a_network_is_too_wide_below_eight_bits_of_ipv4_and_sixteen_of_ipv6() {
        for (text, is_too_wide) in [
            ("", false),
            ("10.0.0.0/8, 127.0.0.1, fd00::/16", false),
            ("0.0.0.0/0", true),
            ("10.0.0.0/8,10.0.0.0/7", true),
            ("::/0", true),
            ("fd00::/15", true),
            ("::ffff:10.0.0.0/104", false),
        ] {
            let proxies = TrustedProxies::parse(text).unwrap();
            assert_eq!(proxies.too_wide().is_some(), is_too_wide, "{text}");
        }
    }
}

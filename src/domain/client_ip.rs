use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// A client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(IpAddr);

impl ClientIp {
    /// An address as the socket, or a trusted proxy, gave it.
    pub fn new(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }

    /// The networks that the limits count, narrowest first, each as its size and its first address.
    pub fn networks(self) -> impl Iterator<Item = (NetworkSize, IpAddr)> {
        NetworkSize::ALL.into_iter().filter_map(move |size| {
            let prefix = match self.0 {
                IpAddr::V4(_) => size.ipv4_prefix()?,
                IpAddr::V6(_) => size.ipv6_prefix(),
            };
            let network = IpNet::new(self.0, prefix).ok()?.network();
            Some((size, network))
        })
    }
}

/// The size of a network. One subscriber has at least an IPv6 /64, often a /56 and sometimes a /48.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkSize {
    /// An IPv6 /64, or one IPv4 address.
    Narrow,
    /// An IPv6 /56.
    Middle,
    /// An IPv6 /48, or an IPv4 /24.
    Wide,
}

impl NetworkSize {
    pub const ALL: [Self; 3] = [Self::Narrow, Self::Middle, Self::Wide];

    const fn ipv4_prefix(self) -> Option<u8> {
        match self {
            Self::Narrow => Some(32),
            Self::Middle => None,
            Self::Wide => Some(24),
        }
    }

    const fn ipv6_prefix(self) -> u8 {
        match self {
            Self::Narrow => 64,
            Self::Middle => 56,
            Self::Wide => 48,
        }
    }
}

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(ip: &str) -> Vec<String> {
        let ip = ClientIp::new(ip.parse().unwrap());
        ip.networks()
            .map(|(_, network)| network.to_string())
            .collect()
    }

    // SECURITY rule 36.
    #[test]
    fn an_ipv6_address_counts_for_its_64_its_56_and_its_48() {
        assert_eq!(
            networks("2001:db8:1:2345:aaaa::1"),
            ["2001:db8:1:2345::", "2001:db8:1:2300::", "2001:db8:1::"]
        );
    }

    #[test]
    fn an_ipv4_address_counts_for_itself_and_its_24() {
        assert_eq!(networks("203.0.113.7"), ["203.0.113.7", "203.0.113.0"]);
        assert_eq!(networks("::ffff:203.0.113.7"), networks("203.0.113.7"));
    }
}

//! `X-Forwarded-For`: whose word counts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use vestibule::web::http::extract::behind;

use crate::corpus::{bytes, holds_for};

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// As behind two layers of proxies in `10.0.0.0/8`.
fn trusts(ip: IpAddr) -> bool {
    matches!(ip.to_canonical(), IpAddr::V4(ip) if ip.octets()[0] == 10)
}

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<[u8; 3]>().prop_map(|[b, c, d]| IpAddr::V4(Ipv4Addr::new(10, b, c, d))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

fn a_stranger() -> impl Strategy<Value = IpAddr> {
    any_ip().prop_filter("a proxy is no stranger", |ip| !trusts(*ip))
}

/// Any of the ways to write one.
fn written(ip: IpAddr, way: u8) -> String {
    match (ip, way % 4) {
        (IpAddr::V6(ip), 0) => format!("[{ip}]"),
        (IpAddr::V6(ip), 1) => format!("[{ip}]:4711"),
        (IpAddr::V4(ip), 0) => format!("{ip}:4711"),
        (ip, 2) => format!(" {ip} "),
        (ip, _) => ip.to_string(),
    }
}

// SECURITY rule 16: from a peer that is no proxy, nothing of the header is believed.
#[test]
fn an_untrusted_peer_speaks_only_for_itself() {
    let drawn = (a_stranger(), vec(any::<u8>(), 0..60));
    let kept = bytes("forwarded").into_iter();
    let kept = kept.map(|line| (IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)), line));
    holds_for(kept, drawn, |(peer, line)| {
        assert_eq!(behind(*peer, &[line], trusts), *peer);
    });
}

// SECURITY rule 16: read from the right, so that text from the client changes nothing.
#[test]
fn forwarded_addresses_left_of_the_client_change_nothing() {
    let chain = (
        a_stranger(),
        any::<u8>(),
        vec((any::<[u8; 3]>(), any::<u8>()), 0..3),
    );
    let left = prop_oneof![
        vec(any::<u8>(), 0..60),
        proptest::sample::select(bytes("forwarded"))
    ];
    let kept = bytes("forwarded").into_iter().map(|left| {
        let client = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
        ((client, 3, vec![([0, 0, 2], 3)]), left, true)
    });
    holds_for(
        kept,
        (chain, left, any::<bool>()),
        |((client, way, proxies), left, in_one_line)| {
            let mut hops = vec![written(*client, *way)];
            hops.extend(
                proxies.iter().map(|([b, c, d], way)| {
                    written(IpAddr::V4(Ipv4Addr::new(10, *b, *c, *d)), *way)
                }),
            );
            let ours = hops.join(",");
            let joined = [left.as_slice(), b",", ours.as_bytes()].concat();
            let lines: Vec<&[u8]> = if *in_one_line {
                vec![&joined]
            } else {
                vec![left, ours.as_bytes()]
            };
            assert_eq!(behind(PROXY, &lines, trusts), *client);
        },
    );
}

// SECURITY rule 16: what cannot be read ends the search at the last hop that could.
#[test]
fn the_client_address_is_the_peer_or_appears_in_the_header() {
    holds_for(bytes("forwarded"), vec(any::<u8>(), 0..80), |line| {
        let found = behind(PROXY, &[line], trusts);
        let text = String::from_utf8_lossy(line);
        let stood_there = text.split(',').any(|hop| {
            let hop = hop.trim();
            let bare = hop.trim_start_matches('[').split(']').next().unwrap_or(hop);
            bare.parse().is_ok_and(|ip: IpAddr| ip == found)
                || hop
                    .parse()
                    .is_ok_and(|at: std::net::SocketAddr| at.ip() == found)
        });
        assert!(found == PROXY || stood_there, "{found} from {text:?}");
    });
}

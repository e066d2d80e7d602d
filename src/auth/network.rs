//! Networks as the throttle and the list of known networks see them.

use std::net::IpAddr;

use crate::crypto::fingerprint;
use crate::model::IpNetwork;
use crate::store::Fingerprint;

/// The key of a network in a table, for one purpose.
pub(super) fn network_key(network: IpNetwork, purpose: &[u8]) -> Fingerprint {
    fingerprint(&[purpose, network.to_string().as_bytes()])
}

/// The networks in which `ip` is limited, narrowest first, each with how many times the limit
/// it may use: an IPv4 address; a /64 of IPv6, which one host has whole, and the /48 around it.
pub(super) fn limiter_networks(ip: IpAddr) -> Vec<(IpNetwork, u32)> {
    let narrow = (IpNetwork::prefix(ip, 32, 64), 1);
    match ip.to_canonical() {
        IpAddr::V4(_) => vec![narrow],
        IpAddr::V6(_) => vec![narrow, (IpNetwork::prefix(ip, 32, 48), 4)],
    }
}

/// The network by which an account remembers a place.
pub(super) fn known_network(ip: IpAddr) -> String {
    IpNetwork::prefix(ip, 24, 48).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// THR-07.
    #[test]
    fn ipv6_is_limited_by_its_64_and_48_and_mapped_ipv4_is_ipv4() {
        let texts = |a: &str| {
            limiter_networks(ip(a)).iter().map(|(n, _)| n.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(texts("192.0.2.7"), ["192.0.2.7/32"]);
        assert_eq!(texts("::ffff:192.0.2.7"), ["192.0.2.7/32"]);
        assert_eq!(texts("2001:db8:1:2:3::4"), ["2001:db8:1:2::/64", "2001:db8:1::/48"]);
    }

    #[test]
    fn a_place_is_a_24_or_a_48() {
        assert_eq!(known_network(ip("192.0.2.7")), "192.0.2.0/24");
        assert_eq!(known_network(ip("2001:db8:1:2::4")), "2001:db8:1::/48");
    }
}

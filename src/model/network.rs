//! Networks of addresses: whom to trust as a proxy, and what counts as one neighbourhood.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A network in CIDR form (RFC 4632, RFC 4291). An IPv4 address inside IPv6 (`::ffff:0:0/96`)
/// is always taken as the IPv4 address it carries, in networks and in what is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IpNetwork {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network: not an address, a prefix that is too long, or an address with
/// bits behind its prefix (`10.0.0.1/8`), where the writer may have meant something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANetwork;

impl fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a network is an address or a prefix such as 10.0.0.0/8 or 2001:db8::/32")
    }
}

impl std::error::Error for NotANetwork {}

impl IpNetwork {
    /// The network around `ip`: its first `v4_bits` (of 32) or `v6_bits` (of 128); more bits
    /// than the address has mean all of them.
    #[must_use]
    pub fn prefix(ip: IpAddr, v4_bits: u8, v6_bits: u8) -> Self {
        let address = ip.to_canonical();
        let bits = match address {
            IpAddr::V4(_) => v4_bits.min(32),
            IpAddr::V6(_) => v6_bits.min(128),
        };
        Self { address: masked(address, bits), bits }
    }

    /// Whether `ip` lies inside. A network of one family holds no address of the other.
    #[must_use]
    pub fn contains(self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_ipv4() == self.address.is_ipv4() && masked(ip, self.bits) == self.address
    }

    /// Whether every address of `other` lies inside.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.bits <= other.bits && self.contains(other.address)
    }

    /// Whether this is a whole family (`/0`).
    #[must_use]
    pub const fn is_everyone(self) -> bool {
        self.bits == 0
    }
}

/// `address` with all behind its first `bits` set to zero; `bits` fits the family.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

/// The length of a prefix: digits only, because `u8` would also read `+8`.
fn parse_bits(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl FromStr for IpNetwork {
    type Err = NotANetwork;
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(parse_bits(bits).ok_or(NotANetwork)?)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let width = if written.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        let carried = written.is_ipv6() && written.to_canonical().is_ipv4() && bits >= 96;
        let (address, bits, width) =
            if carried { (written.to_canonical(), bits - 96, 32) } else { (written, bits, width) };
        if bits > width || masked(address, bits) != address {
            return Err(NotANetwork);
        }
        Ok(Self { address, bits })
    }
}

impl TryFrom<String> for IpNetwork {
    type Error = NotANetwork;
    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

impl From<IpNetwork> for String {
    fn from(network: IpNetwork) -> Self {
        network.to_string()
    }
}

/// `10.0.0.0/8`; the prefix is written even when it is the whole address.
impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_read_and_written_in_cidr_form() {
        for (text, written) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::/0", "::/0"),
        ] {
            let network: IpNetwork = text.parse().unwrap();
            assert_eq!(network.to_string(), written);
            assert_eq!(written.parse(), Ok(network), "{written}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.1/8",
            "10.0.0/8",
            "010.0.0.0/8",
            "::/129",
            "2001:db8::1/32",
            "fe80::1%eth0",
            "example.org",
            " 10.0.0.1",
            "10.0.0.0/8/8",
            "::ffff:10.0.0.1/104",
        ] {
            assert_eq!(text.parse::<IpNetwork>(), Err(NotANetwork), "{text:?}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_also_when_ipv6_carries_them() {
        let net: IpNetwork = "10.1.0.0/16".parse().unwrap();
        for (address, inside) in [
            ("10.1.0.0", true),
            ("10.1.255.255", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.0", false),
            ("::ffff:10.2.0.0", false),
            ("::a01:203", false),
        ] {
            assert_eq!(net.contains(ip(address)), inside, "{address}");
        }
        let all6: IpNetwork = "::/0".parse().unwrap();
        assert!(all6.contains(ip("2001:db8::1")) && all6.is_everyone());
        assert!(!all6.contains(ip("::ffff:10.1.2.3")));
    }

    #[test]
    fn a_network_covers_what_lies_wholly_inside() {
        let covers = |own: &str, other: &str| {
            own.parse::<IpNetwork>().unwrap().covers(other.parse().unwrap())
        };
        assert!(covers("10.0.0.0/8", "10.1.0.0/16") && covers("10.0.0.0/8", "10.0.0.0/8"));
        assert!(!covers("10.1.0.0/16", "10.0.0.0/8") && !covers("10.0.0.0/8", "11.0.0.0/16"));
        assert!(!covers("::/0", "10.0.0.0/8") && covers("::/0", "2001:db8::/32"));
    }

    #[test]
    fn the_neighbourhood_of_an_address_is_its_prefix() {
        for (address, written) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(IpNetwork::prefix(ip(address), 24, 64).to_string(), written);
        }
        assert_eq!(IpNetwork::prefix(ip("192.0.2.77"), 200, 64).to_string(), "192.0.2.77/32");
        assert_eq!(IpNetwork::prefix(ip("::1"), 0, 0).to_string(), "::/0");
    }
}

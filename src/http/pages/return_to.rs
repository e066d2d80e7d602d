//! Where a login may lead to.

/// The pages here that a login may lead to.
const OWN: [&str; 5] =
    ["/account", "/console", "/console/keys", "/console/events", "/console/status"];

/// Where it leads to when nobody says.
pub(super) const HOME: &str = OWN[0];

/// The addresses that a `rd` may name, besides those of apps: a closed list, compared byte for byte, so that there is
/// nothing to read in two ways.
#[derive(Debug, Clone)]
pub(super) struct ReturnTo {
    listed: Vec<String>,
}

impl ReturnTo {
    /// The pages here, and `listed` elsewhere.
    pub(super) const fn new(listed: Vec<String>) -> Self {
        Self { listed }
    }

    /// Whether `wanted` is on the list.
    pub(super) fn permits(&self, wanted: &str) -> bool {
        OWN.contains(&wanted) || self.listed.iter().any(|address| *address == wanted)
    }
}

/// The origin of an address of the list; `None` for a page here.
pub(super) fn origin(address: &str) -> Option<&str> {
    let authority = address.find("://")? + "://".len();
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    Some(&address[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// INP-09.
    #[test]
    fn only_what_is_listed_to_the_letter_is_permitted() {
        let listed = "https://app.example.org/in?x=1".to_owned();
        let all = ReturnTo::new(vec![listed.clone()]);
        for good in ["/account", "/console", &listed] {
            assert!(all.permits(good));
        }
        for bad in ["", "/", "/account/", "/Account", "https://app.example.org/in", "/login"] {
            assert!(!all.permits(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_origin_of_an_address_is_its_beginning() {
        assert_eq!(origin("https://app.example.org/in?x=1"), Some("https://app.example.org"));
        assert_eq!(origin("http://[::1]:3000/"), Some("http://[::1]:3000"));
        assert_eq!(origin("/account"), None);
    }
}

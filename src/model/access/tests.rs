//! Which texts are canonical, which rules fit and which hide others.

use super::*;

fn path(text: &str) -> Result<CanonicalPath, NotCanonical> {
    CanonicalPath::parse(text)
}

/// FWD-02.
#[test]
fn a_path_in_its_one_form_is_kept() {
    for good in ["/", "/a", "/a/", "/a.b/..c/.d", "/~x/a+b=c,d&e!$'()*:@|[]", "/%C3%A4/%20/%3B%25"]
    {
        assert_eq!(path(good).unwrap().as_str(), good);
    }
    assert_eq!(path("/%c3%a4").unwrap().as_str(), "/%C3%A4");
}

/// FWD-02. Apps decode both to one path, so rules do as well.
#[test]
fn a_rule_fits_a_path_however_it_is_escaped() {
    for (rule, fits) in [
        ("/wiki/Special:Rights", &["/wiki/Special:Rights", "/wiki/Special%3ARights"][..]),
        ("/wiki/Special%3aRights", &["/wiki/Special:Rights", "/wiki/Special%3ARights"]),
        ("/@fs/*", &["/@fs/x", "/%40fs/x", "/%40fs"]),
        ("/%24meta/*", &["/$meta", "/$meta/a", "/%24meta/a%26b"]),
    ] {
        let rule = PathPattern::try_from(rule).unwrap();
        for text in fits {
            assert!(rule.fits(&path(text).unwrap()), "{rule} {text}");
            assert!(rule.covers(&PathPattern::try_from(*text).unwrap()), "{rule} {text}");
        }
        assert!(!rule.fits(&path("/%2540fs/x").or(path("/x")).unwrap()));
    }
}

/// FWD-02.
#[test]
fn a_path_that_somebody_could_read_otherwise_is_none() {
    for bad in [
        "",
        "a",
        "*",
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/.",
        "/..",
        "/./a",
        "/a/.",
        "/a/../b",
        "/a/..",
        "/%2e",
        "/%2E%2e/a",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a%5Cb",
        "/a\\b",
        "/%00",
        "/a%0a",
        "/%7f",
        "/a\tb",
        "/a b",
        "/a\n",
        "/\u{e4}",
        "/a;b",
        "/\"",
        "/<x>",
        "/{x}",
        "/`",
        "/..;/a",
        "/a?b",
        "/a#b",
        "/%",
        "/%2",
        "/%zz",
        "/%+1",
        "/%41",
        "/%7E",
        "/%2D",
        "/%ff",
        "/%c0%af",
        "/%252e",
        "/%25%32%65",
        "http://a/b",
    ] {
        assert!(path(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_host_is_one_name_with_one_port() {
    for (text, written) in [
        ("Wiki.Example.org", "wiki.example.org"),
        ("wiki.example.org:8443", "wiki.example.org:8443"),
        ("localhost:1", "localhost:1"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("[::1]:80", "[::1]:80"),
    ] {
        assert_eq!(Host::parse(text).unwrap().to_string(), written);
    }
    for bad in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a:",
        "a:0",
        "a:080",
        "a:65536",
        "a:1:2",
        "a, b",
        "u@a",
        "a/b",
        "a_b",
        "-a",
        "1.2.3",
        "01.2.3.4",
        "[::1",
        "[::01]",
        "\u{e4}.org",
        "a b",
        "*.a.org",
    ] {
        assert!(Host::parse(bad).is_err(), "{bad:?}");
    }
    let below = |host: &str| Host::parse(host).unwrap().is_within("example.org");
    assert!(below("example.org") && below("a.b.example.org:1"));
    assert!(!below("notexample.org") && !below("example.org.evil.net") && !below("org"));
}

#[test]
fn an_address_is_a_whole_url() {
    let odd = "https://a.org/x?q=\"<>\u{e4}'&y=%20";
    for (text, written) in [
        ("https://A.org", "https://a.org/"),
        ("http://a.org:81/b/?c=//../", "http://a.org:81/b/?c=//../"),
        ("wss://a.org/x", "https://a.org/x"),
        (odd, "https://a.org/x?q=%22%3C%3E%C3%A4%27&y=%20"),
    ] {
        assert_eq!(Address::parse(text).unwrap().to_string(), written);
    }
    for bad in [
        "a.org/",
        "//a.org/",
        "ftp://a.org/",
        "HTTPS://a.org/",
        "https://u@a.org/",
        "https:///a",
        "https://a.org#x",
        "https://a.org/#x",
        "https://a.org\\@b.org/",
        "https://a.org//",
    ] {
        assert!(Address::parse(bad).is_err(), "{bad}");
    }
}

fn rule(host: &str, path: &str, methods: &[&str], networks: &[&str]) -> AccessRule {
    AccessRule {
        host: host.try_into().unwrap(),
        path: path.try_into().unwrap(),
        methods: methods.iter().map(|word| (*word).try_into().unwrap()).collect(),
        networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        effect: Effect::Deny,
    }
}

fn request(method: &str, url: &str, from: &str) -> AppRequest {
    AppRequest {
        method: method.try_into().unwrap(),
        address: Address::parse(url).unwrap(),
        from: from.parse().ok(),
    }
}

#[test]
fn a_rule_fits_by_host_path_method_and_network() {
    let any = rule("a.org", "/*", &[], &[]);
    let folder = rule("*.a.org", "/x/*", &["GET"], &["10.0.0.0/8"]);
    let one = rule("a.org", "/x", &[], &[]);
    for (url, fits) in [
        ("https://a.org/", [true, false, false]),
        ("http://a.org:81/x?y", [true, false, true]),
        ("https://b.a.org/x", [false, true, false]),
        ("https://c.b.a.org/x/", [false, true, false]),
        ("https://b.a.org/xy", [false, false, false]),
        ("https://ba.org/x", [false, false, false]),
        ("https://a.org/x/", [true, false, false]),
    ] {
        let asked = request("GET", url, "10.1.2.3");
        assert_eq!([&any, &folder, &one].map(|rule| rule.fits(&asked)), fits, "{url}");
    }
    for (method, from, fits) in [
        ("HEAD", "10.0.0.1", true),
        ("POST", "10.0.0.1", false),
        ("GET", "11.0.0.1", false),
        ("GET", "unknown", false),
    ] {
        assert_eq!(
            folder.fits(&request(method, "https://b.a.org/x", from)),
            fits,
            "{method} {from}"
        );
    }
}

#[test]
fn patterns_are_anchored_and_have_one_star() {
    for bad in ["", "*", "a", "/a*", "/*/b", "/a/*/*", "//*", "/a//*", "/../*", "/%2e/*", "/a?*"] {
        assert!(PathPattern::try_from(bad).is_err(), "{bad}");
    }
    for bad in [
        "",
        "*",
        "*.",
        "*a.org",
        "*.*.org",
        "A.org",
        "a.org:80",
        "https://a.org",
        "a.org/",
        "*.1.2.3.4",
        "*.[::1]",
    ] {
        assert!(HostPattern::try_from(bad).is_err(), "{bad}");
    }
    for good in ["/*", "/", "/a/*", "/a/"] {
        assert_eq!(PathPattern::try_from(good).unwrap().to_string(), good);
    }
}

#[test]
fn a_rule_behind_a_wider_one_is_found() {
    let table = [
        (rule("a.org", "/*", &[], &[]), rule("a.org", "/x", &["GET"], &["::1"]), true),
        (rule("*.a.org", "/x/*", &[], &[]), rule("b.a.org", "/x", &[], &[]), true),
        (rule("*.a.org", "/x/*", &[], &[]), rule("*.b.a.org", "/x/y/*", &[], &[]), true),
        (rule("*.a.org", "/*", &[], &[]), rule("a.org", "/*", &[], &[]), false),
        (rule("a.org", "/x/*", &[], &[]), rule("a.org", "/*", &[], &[]), false),
        (rule("a.org", "/x/*", &[], &[]), rule("a.org", "/xy", &[], &[]), false),
        (rule("a.org", "/*", &["GET"], &[]), rule("a.org", "/*", &["HEAD"], &[]), true),
        (rule("a.org", "/*", &["GET"], &[]), rule("a.org", "/*", &[], &[]), false),
        (
            rule("a.org", "/*", &[], &["10.0.0.0/8"]),
            rule("a.org", "/*", &[], &["10.1.0.0/16"]),
            true,
        ),
        (rule("a.org", "/*", &[], &["10.0.0.0/8"]), rule("a.org", "/*", &[], &[]), false),
    ];
    for (earlier, later, hidden) in table {
        let text = format!("{earlier} before {later}");
        let found = AccessRules::new(vec![earlier, later]).never_reached();
        assert_eq!(found, hidden.then_some((1, 0)), "{text}");
    }
}

#[test]
fn a_rule_is_written_in_one_line() {
    let mut rule = rule("*.a.org", "/x/*", &["GET", "POST"], &["10.0.0.0/8"]);
    assert_eq!(rule.to_string(), "*.a.org/x/* GET,POST from 10.0.0.0/8: deny");
    rule.effect = Effect::Allow(Roles::from([Role::admin(), Role::user()]));
    assert!(rule.to_string().ends_with(": allow admin,user"));
}

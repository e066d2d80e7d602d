//! Which sites may send our cookies, and which may read our answers.

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::reply::Response;

use super::headers::method_list;
use crate::model::{Denial, Rule};

/// The exact origins (`https://app.example`, a port only where it is not the scheme's own)
/// this server knows: its own, and those of other sites it lets in. Compared byte for byte.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    own: Vec<String>,
    cors: Vec<String>,
}

/// A request with a cookie that a page of a stranger may have sent, and by what it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignOrigin(pub Denial);

impl From<Rule> for ForeignOrigin {
    fn from(rule: Rule) -> Self {
        Self(rule.into())
    }
}

impl Origins {
    /// `own` are the server's origins; `cors` those that may also read answers from afar.
    #[must_use]
    pub const fn new(own: Vec<String>, cors: Vec<String>) -> Self {
        Self { own, cors }
    }

    /// Whether a request to a route that acts by cookie comes from a page of ours. A request
    /// that names no origin at all is no browser's; `strict` refuses it too.
    ///
    /// # Errors
    /// [`ForeignOrigin`] for an origin not listed, `null`, several, and a fetch that the
    /// browser itself calls foreign.
    pub fn check_cookie_route(
        &self,
        headers: &HeaderMap,
        strict: bool,
    ) -> Result<(), ForeignOrigin> {
        check(headers, strict, |origin| contains(&self.own, origin) || contains(&self.cors, origin))
    }

    /// The same for the forms of our pages, which no other site sends, listed or not. A page that
    /// tells no referrer has its origin hidden from us, too (Fetch, "append a request `Origin`
    /// header"): there the browser's own word counts that it is this one.
    ///
    /// # Errors
    /// [`ForeignOrigin`].
    pub fn check_own_page(&self, headers: &HeaderMap, strict: bool) -> Result<(), ForeignOrigin> {
        let is_hidden = only(headers, ORIGIN.as_str()) == Some("null");
        if is_hidden && only(headers, FETCH_SITE) == Some("same-origin") {
            return Ok(());
        }
        check(headers, strict, |origin| contains(&self.own, origin))
    }

    /// Adds to an answer what lets a listed site read it, and that the answer depends on the
    /// asker. Without listed sites, which is the default, nothing is added, nor to an answer
    /// that its route gives to any site: it is the same for all, and never with credentials.
    pub fn allow_reading(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if self.cors.is_empty() || response.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        response.append(VARY, HeaderValue::from_name(ORIGIN));
        if let Some(origin) = self.reader(request) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            let exposed = HeaderValue::from_static("retry-after, www-authenticate, x-request-id");
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }

    /// The answer to a CORS preflight of a listed site for a path with these `methods`; `None`
    /// when it is none, and then OPTIONS is a method like any other.
    #[must_use]
    pub fn preflight<'a>(
        &self,
        method: &Method,
        request: &HeaderMap,
        methods: impl IntoIterator<Item = &'a Method>,
    ) -> Option<Response> {
        if *method != Method::OPTIONS || !request.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        self.reader(request)?;
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        self.allow_reading(request, headers);
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method_list(methods));
        let allowed = HeaderValue::from_static("authorization, content-type");
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(response)
    }

    /// The origin of the request when it is a listed site.
    fn reader(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = only(request, ORIGIN.as_str())?;
        contains(&self.cors, origin).then(|| request.get(ORIGIN).cloned()).flatten()
    }
}

/// What kind of page the browser says it sends for (Fetch Metadata).
const FETCH_SITE: &str = "sec-fetch-site";

/// Whether the request says that it comes from an origin that is `known`, or from no other site.
fn check(
    headers: &HeaderMap,
    strict: bool,
    known: impl Fn(&str) -> bool,
) -> Result<(), ForeignOrigin> {
    if headers.contains_key(ORIGIN) {
        let origin = only(headers, ORIGIN.as_str()).ok_or(Rule::OriginUnclear)?;
        let foreign = || told(Rule::OriginForeign, "Origin", origin);
        return if known(origin) { Ok(()) } else { Err(foreign()) };
    }
    if headers.contains_key(FETCH_SITE) {
        let site = only(headers, FETCH_SITE).ok_or(Rule::FetchSiteForeign)?;
        let good = site == "same-origin" || site == "none";
        let foreign = || told(Rule::FetchSiteForeign, "Sec-Fetch-Site", site);
        return if good { Ok(()) } else { Err(foreign()) };
    }
    if strict { Err(Rule::OriginMissing.into()) } else { Ok(()) }
}

/// With the header that told it.
fn told(rule: Rule, header: &str, value: &str) -> ForeignOrigin {
    ForeignOrigin(Denial::from(rule).with_detail(format_args!("{header}: {value}")))
}

fn contains(origins: &[String], origin: &str) -> bool {
    // "null" is what any sandboxed page says of itself; no list can make it one of ours.
    origin != "null" && origins.iter().any(|known| known == origin)
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?.to_str().ok()?;
    if lines.next().is_some() { None } else { Some(line) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client_ip::tests::headers;

    const OWN: &str = "https://auth.example";
    const APP: &str = "https://app.example";

    const STRANGERS: [&str; 17] = [
        "https://app.example.evil.com",
        "https://evilapp.example",
        "https://auth.example.",
        "https://auth.example:443",
        "https://auth.example:8443",
        "https://auth.example/",
        "https://AUTH.example",
        "http://auth.example",
        "http://app.example",
        "https://localhost.evil.com",
        "https://sub.auth.example",
        "https://auth.example https://evil.example",
        "auth.example",
        "null",
        "*",
        "",
        "\u{e4}",
    ];

    fn origins() -> Origins {
        // The "null" in the list must not help anyone.
        Origins::new(vec![OWN.to_owned()], vec![APP.to_owned(), "null".to_owned()])
    }

    fn is_let_in(lines: &[(&'static str, &str)], strict: bool) -> bool {
        origins().check_cookie_route(&headers(lines), strict).is_ok()
    }

    /// CSRF-02, CSRF-03.
    #[test]
    fn a_listed_origin_may_use_the_cookie_wherever_it_stands() {
        for origin in [OWN, APP] {
            assert!(is_let_in(&[("origin", origin)], true));
            for site in ["same-origin", "same-site", "cross-site", "none"] {
                assert!(is_let_in(&[("origin", origin), ("sec-fetch-site", site)], true));
            }
        }
    }

    /// CSRF-02.
    #[test]
    fn an_origin_that_is_not_listed_may_not() {
        for stranger in STRANGERS {
            assert!(!is_let_in(&[("origin", stranger)], false), "{stranger:?}");
            assert!(!is_let_in(&[("origin", stranger), ("sec-fetch-site", "same-origin")], false));
        }
        for (one, other) in [(OWN, OWN), (OWN, "https://evil.example"), ("null", OWN)] {
            assert!(!is_let_in(&[("origin", one), ("origin", other)], false));
        }
    }

    /// CSRF-02.
    #[test]
    fn a_form_of_a_page_comes_from_our_origin_even_where_the_browser_hides_it() {
        let comes = |lines: &[(&'static str, &str)]| {
            origins().check_own_page(&headers(lines), false).is_ok()
        };
        assert!(comes(&[("origin", OWN)]) && !comes(&[("origin", APP)]));
        assert!(comes(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none", "", "Same-Origin"] {
            assert!(!comes(&[("origin", "null"), ("sec-fetch-site", site)]), "{site}");
        }
        let same = ("sec-fetch-site", "same-origin");
        for other in [APP, "", "null null", "https://evil.example"] {
            assert!(!comes(&[("origin", other), same]), "{other}");
        }
        assert!(!comes(&[("origin", "null")]));
        assert!(!comes(&[("origin", "null"), ("origin", "null"), same]));
        assert!(!comes(&[("origin", "null"), same, ("sec-fetch-site", "cross-site")]));
    }

    /// CSRF-03, CSRF-04.
    #[test]
    fn without_an_origin_the_fetch_metadata_decide() {
        for (site, expected) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("Same-Origin", false),
            ("", false),
        ] {
            assert_eq!(is_let_in(&[("sec-fetch-site", site)], true), expected, "{site:?}");
            assert_eq!(is_let_in(&[("sec-fetch-site", site)], false), expected, "{site:?}");
        }
        assert!(!is_let_in(&[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], false));
    }

    /// CSRF-04.
    #[test]
    fn a_client_that_is_no_browser_passes_unless_the_check_is_strict() {
        assert!(is_let_in(&[], false));
        assert!(!is_let_in(&[], true));
    }

    fn answer(origins: &Origins, lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut response = HeaderMap::new();
        origins.allow_reading(&headers(lines), &mut response);
        response
    }

    /// CORS-01.
    #[test]
    fn only_a_listed_site_may_read_and_is_named_exactly() {
        let given = answer(&origins(), &[("origin", APP)]);
        assert_eq!(given["access-control-allow-origin"], APP);
        assert_eq!(given["access-control-allow-credentials"], "true");
        assert_eq!(given["vary"], "origin");
        for stranger in STRANGERS.into_iter().chain([OWN]) {
            let given = answer(&origins(), &[("origin", stranger)]);
            assert_eq!(given.len(), 1, "{stranger:?}: {given:?}");
            assert_eq!(given["vary"], "origin");
        }
        assert_eq!(answer(&origins(), &[("origin", APP), ("origin", APP)]).len(), 1);
    }

    /// CORS-02.
    #[test]
    fn without_listed_sites_there_is_no_cors_header_at_all() {
        let closed = Origins::new(vec![OWN.to_owned()], Vec::new());
        for origin in [OWN, APP, "null", "*"] {
            assert!(answer(&closed, &[("origin", origin)]).is_empty());
            let asked = headers(&[("origin", origin), ("access-control-request-method", "POST")]);
            assert!(closed.preflight(&Method::OPTIONS, &asked, &[Method::POST]).is_none());
        }
    }

    /// CORS-01.
    #[test]
    fn a_preflight_of_a_listed_site_is_answered_with_the_methods_of_the_path() {
        let asked = headers(&[("origin", APP), ("access-control-request-method", "DELETE")]);
        let methods = [Method::GET, Method::DELETE];
        let response = origins().preflight(&Method::OPTIONS, &asked, &methods).unwrap();
        assert_eq!(response.status(), 204);
        let given = response.headers();
        assert_eq!(given["access-control-allow-origin"], APP);
        assert_eq!(given["access-control-allow-credentials"], "true");
        assert_eq!(given["access-control-allow-methods"], "GET, DELETE");
        assert_eq!(given["access-control-allow-headers"], "authorization, content-type");
        assert_eq!(given["access-control-max-age"], "600");
        assert_eq!(given["vary"], "origin");
        assert_eq!(given.len(), 6);
        assert!(origins().preflight(&Method::POST, &asked, &methods).is_none());
        for lines in [
            &[("origin", APP)][..],
            &[("access-control-request-method", "GET")],
            &[("origin", "https://evil.example"), ("access-control-request-method", "GET")],
        ] {
            assert!(origins().preflight(&Method::OPTIONS, &headers(lines), &methods).is_none());
        }
    }
}

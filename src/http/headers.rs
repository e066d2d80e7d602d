//! What every answer says to the browser, whatever the route.

use std::time::Duration;

use warp::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{HeaderMap, HeaderValue, Method};

/// The header that names a request in the answer and in the log.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Every header an answer of this server may have, those of forward-auth by their default names; tests hold all answers against it.
pub const RESPONSE_HEADERS: &[&str] = &[
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "location",
    "referrer-policy",
    "retry-after",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "www-authenticate",
    "x-auth-email",
    "x-auth-id",
    "x-auth-roles",
    "x-auth-user",
    "x-content-type-options",
    "x-request-id",
];

/// A value made of our own words, numbers and method names.
fn printable(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("our own words are printable ASCII")
}

/// The methods as `Allow` and its CORS brother list them.
pub(super) fn method_list<'a>(methods: impl IntoIterator<Item = &'a Method>) -> HeaderValue {
    let names: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
    printable(&names.join(", "))
}

/// The security headers, made once at the start.
#[derive(Debug, Clone, Default)]
pub struct SecurityHeaders {
    hsts: Option<HeaderValue>,
}

impl SecurityHeaders {
    /// With `hsts`, browsers are told to use TLS only, for that long, for subdomains too; for
    /// servers that are reached over TLS. `None` says nothing.
    #[must_use]
    pub fn new(hsts: Option<Duration>) -> Self {
        let text = |age: Duration| format!("max-age={}; includeSubDomains", age.as_secs());
        Self { hsts: hsts.map(|age| printable(&text(age))) }
    }

    /// Completes an answer. `Cache-Control`, the content policy and the resource policy stay
    /// as the route set them; the rest is the same for all.
    pub fn apply(&self, headers: &mut HeaderMap, request_id: HeaderValue) {
        headers.insert(X_REQUEST_ID, request_id);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        for (name, value) in [
            (CACHE_CONTROL, "no-store"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
            ),
            (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        ] {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if let Some(hsts) = &self.hsts {
            headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(security: &SecurityHeaders, mut headers: HeaderMap) -> HeaderMap {
        security.apply(&mut headers, HeaderValue::from_static("r-1"));
        headers
    }

    /// BRW-01.
    #[test]
    fn every_answer_is_locked_down() {
        let headers = applied(&SecurityHeaders::default(), HeaderMap::new());
        let expected = [
            ("x-request-id", "r-1"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
            ),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in expected {
            assert_eq!(headers[name], value);
        }
        assert_eq!(headers.len(), expected.len());
    }

    #[test]
    fn a_route_may_be_cached_when_it_says_so_but_never_sniffed() {
        let mut own = HeaderMap::new();
        own.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        own.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("off"));
        let headers = applied(&SecurityHeaders::default(), own);
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=300");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers.get_all(CACHE_CONTROL).iter().count(), 1);
    }

    /// BRW-02.
    #[test]
    fn hsts_is_said_only_when_it_is_configured() {
        let year = SecurityHeaders::new(Some(Duration::from_hours(8760)));
        let headers = applied(&year, HeaderMap::new());
        assert_eq!(headers[STRICT_TRANSPORT_SECURITY], "max-age=31536000; includeSubDomains");
        let without = applied(&SecurityHeaders::new(None), HeaderMap::new());
        assert!(!without.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    /// HTTP-08.
    #[test]
    fn the_list_of_answer_headers_is_sorted_and_names_no_server() {
        assert!(RESPONSE_HEADERS.is_sorted());
        assert!(!RESPONSE_HEADERS.contains(&"server"));
        let security = SecurityHeaders::new(Some(Duration::from_secs(1)));
        for name in applied(&security, HeaderMap::new()).keys() {
            assert!(RESPONSE_HEADERS.contains(&name.as_str()), "{name}");
        }
    }
}

//! The outside for the benchmarks that ask it without a socket.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::sync::Arc;
use std::time::Duration;

use doorkey::http::client_ip::ForwardedHeader;
use doorkey::http::cookie::CookieRule;
use doorkey::http::{
    Forward, ForwardMode, ForwardProxy, IdentityHeaders, Language, Look, Settings,
};
use doorkey::model::Colour;

/// What a deployment at `origin` behind no proxy decides.
pub fn settings(origin: &str) -> Settings {
    Settings {
        trusted_proxies: Vec::new(),
        forwarded_header: ForwardedHeader::XForwardedFor,
        own_origins: vec![origin.to_owned()],
        cors_origins: Vec::new(),
        strict_origin: false,
        cookie: CookieRule::HOST,
        hsts: Some(Duration::from_hours(1)),
        max_body: 16 * 1024,
        body_timeout: Duration::from_secs(5),
        issuer: origin.to_owned(),
        pages: Look {
            name: "Example".to_owned(),
            logo: None,
            accent: Colour::rgb(0x2f, 0x5d, 0x8a),
            languages: Language::ALL.to_vec(),
            return_to: Vec::new(),
        },
        metrics: false,
        demo: false,
        forward: Forward {
            site: None,
            proxy: ForwardProxy::Forwarded,
            mode: ForwardMode::Redirect,
            headers: IdentityHeaders::named([
                "x-auth-user",
                "x-auth-id",
                "x-auth-roles",
                "x-auth-email",
            ]),
            access: Arc::default(),
        },
    }
}

//! `GET /client/doorkey.js`: the client for browsers, which the npm package in `client/` holds
//! too. It is public code, so that pages of listed sites may import it from here.

use super::assets::{File, Reach, SCRIPT};
use super::route::{Context, Endpoint};

const CLIENT: File = File {
    path: "/client/doorkey.js",
    about: "The client for browsers, an ES module",
    media: SCRIPT,
    bytes: include_bytes!("../../client/doorkey.js"),
    reach: Reach::Everyone,
    policy: None,
};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    CLIENT.endpoint(context)
}

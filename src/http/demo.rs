//! `/demo/`: the app of `examples/spa/`, which shows the flow as it happens. For development
//! only: without `serve --dev` these rows do not exist.

use super::assets::{File, Reach, SCRIPT};
use super::route::{Context, Endpoint};

/// What the page may do: its own files, and requests to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'";

const PAGE: File = File {
    path: "/demo/",
    about: "The demonstration; with --dev only",
    media: "text/html; charset=utf-8",
    bytes: include_bytes!("../../examples/spa/index.html"),
    reach: Reach::Own,
    policy: Some(POLICY),
};

const STYLE: File = File {
    path: "/demo/style.css",
    about: "What the demonstration looks like; with --dev only",
    media: "text/css; charset=utf-8",
    bytes: include_bytes!("../../examples/spa/style.css"),
    reach: Reach::Own,
    policy: None,
};

const APP: File = File {
    path: "/demo/app.js",
    about: "What the demonstration does; with --dev only",
    media: SCRIPT,
    bytes: include_bytes!("../../examples/spa/app.js"),
    reach: Reach::Own,
    policy: None,
};

const ICON: File = File {
    path: "/demo/icon.svg",
    about: "The sign of the demonstration; with --dev only",
    media: "image/svg+xml",
    bytes: include_bytes!("../../examples/spa/icon.svg"),
    reach: Reach::Own,
    policy: None,
};

/// The rows, where the deployment has them.
pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let files: &[File] = if context.settings.demo { &[PAGE, STYLE, APP, ICON] } else { &[] };
    files.iter().map(|file| file.endpoint(context)).collect()
}

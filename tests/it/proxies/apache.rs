//! Apache, which verifies access tokens itself by the JWK Set.

use std::path::Path;

use serde_json::json;

use super::app::sha256;
use super::stage::{Proxy, Stage, is_here, is_root};
use super::{APP, FORGED, LARGE, LOGIN, large, nothing_forged};
use crate::cli::harness::Place;

/// Where Debian puts the modules.
const MODULES: &str = "/usr/lib/apache2/modules";
/// Those that the shipped file needs, and what Debian's own configuration loads.
const LOADED: [&str; 11] = [
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_host",
    "env",
    "headers",
    "proxy",
    "proxy_http",
    "rewrite",
    "ssl",
    "oauth2",
];

/// The file around the shipped one, with everything it writes in the place.
fn start(stage: &Stage) -> Proxy {
    let shipped = stage.configured(
        "apache.conf",
        &[("<VirtualHost *:443>", format!("<VirtualHost {}>", stage.address))],
    );
    let here = stage.place.path("");
    let user = if is_root() { "User www-data\nGroup www-data\n" } else { "" };
    let modules = LOADED.map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"));
    let around = format!(
        "ServerName localhost\nListen {}\n{}{user}DefaultRuntimeDir {3}\nPidFile {3}apache.pid\n\
         ErrorLog /dev/stderr\nInclude {2}\n",
        stage.address,
        modules.concat(),
        shipped.display(),
        here.display(),
    );
    let around = stage.put("around.conf", &around);
    stage.run("apache2", &["-D", "FOREGROUND", "-f", around.to_str().unwrap()])
}

fn is_apache_here() -> bool {
    let module = Path::new(MODULES).join("mod_oauth2.so").exists();
    if !module {
        eprintln!("SKIPPED: mod_oauth2 of Apache is not installed; tests/tools.sh installs it");
    }
    module && is_here("apache2")
}

async fn stage() -> Stage {
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    Stage::start(place.env("DOORKEY_HTTP__TRUSTED_PROXIES", "127.0.0.1")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_verifies_tokens_and_lets_nothing_forged_through() {
    if !is_apache_here() {
        return;
    }
    let stage = stage().await;
    let _proxy = start(&stage);
    let nobody = stage.visitor();
    let refused = nobody.get("/page").send().await.status(401);
    assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    assert!(nobody.websocket("/live", "hello").await.is_err());
    nobody.ask(LOGIN, "GET", "/forward-auth").send().await.status(403);
    assert_eq!(stage.app.seen(), [""; 0]);

    let token = nobody.token("ann").await;
    let ann = nobody.with_bearer(&token);
    let told = ann.get("/page?x=1").send().await.status(200);
    let me = ann.ask(LOGIN, "GET", "/auth/me").send().await.status(200).json();
    assert_eq!(told.told("x-auth-id"), [me["id"].as_str().unwrap()]);
    assert_eq!(told.told("x-auth-roles"), ["user"]);
    assert_eq!(told.told("authorization"), [""; 0], "the key stays here");
    let eve = nobody.with_bearer(&nobody.token("eve").await);
    eve.get("/editors/page").send().await.status(200);
    stage.app.seen();
    for path in ["/editors", "/editors/page"] {
        let status = ann.get(path).send().await.status;
        assert!(matches!(status, 401 | 403), "{status}");
    }
    for path in ["//editors/page", "/a/../editors/page", "/%65ditors/page", "/a;/../editors/x"] {
        ann.get(path).send().await.status(400);
    }
    for bad in ["eyJhbGciOiJub25lIn0.e30.", &token[..token.len() - 4], "dk_pat_nothing"] {
        nobody.with_bearer(bad).get("/page").send().await.status(401);
    }
    assert_eq!(stage.app.seen(), [""; 0]);
    for (name, value) in FORGED {
        nobody.get("/page").header(name, value).send().await.status(401);
        nothing_forged(&ann.get("/page").header(name, value).send().await.status(200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_passes_websockets_and_large_uploads() {
    if !is_apache_here() {
        return;
    }
    let stage = stage().await;
    let _proxy = start(&stage);
    let nobody = stage.visitor();
    let ann = nobody.with_bearer(&nobody.token("ann").await);
    assert_eq!(ann.websocket("/live", "hello").await.unwrap(), "hello");
    let body = large(LARGE);
    let told = ann.ask(APP, "PUT", "/files/large").body(body.clone()).send().await;
    let told = told.status(200).json();
    assert_eq!((&told["length"], &told["sha256"]), (&json!(LARGE), &json!(sha256(&body))));
}

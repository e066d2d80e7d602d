//! Caddy, which asks by `forward_auth`.

use super::stage::{Proxy, Stage, is_here};
use super::walk::{walk, without_doorkey};

/// The shipped file behind the options that a test needs: no port but its own.
fn start(stage: &Stage) -> Proxy {
    let port = stage.address.port();
    let shipped = stage.configured(
        "Caddyfile",
        &[
            ("https://login.example.org {", format!("https://login.example.org:{port} {{")),
            ("https://app.example.org {", format!("https://app.example.org:{port} {{")),
        ],
    );
    let options = format!(
        "{{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind {}\n}}\nimport {}\n",
        stage.address.ip(),
        shipped.display()
    );
    let options = stage.put("options", &options);
    stage.run("caddy", &["run", "--adapter", "caddyfile", "--config", options.to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_is_walked() {
    if !is_here("caddy") {
        return;
    }
    let stage = Stage::with_shipped_rules(&[]).await;
    let _proxy = start(&stage);
    walk(&stage).await;
    without_doorkey(stage).await;
}

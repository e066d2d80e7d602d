//! nginx, which asks by `auth_request`.

use super::stage::{Proxy, Stage, is_here, is_root};
use super::walk::{walk, without_doorkey};

/// The file around the shipped one, as Debian has it, with everything it writes in the place.
fn start(stage: &Stage) -> Proxy {
    let listen = format!("listen {} ssl", stage.address);
    let shipped = stage.configured("nginx.conf", &[("listen 443 ssl", listen)]);
    let here = stage.place.path("");
    let user = if is_root() { "user root;" } else { "" };
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders = folders.map(|name| format!("{name}_temp_path {}{name};", here.display()));
    let around = format!(
        "{user} daemon off; worker_processes 1; pid {0}nginx.pid; error_log stderr;\n\
         events {{}}\nhttp {{ access_log off; {1} include {2}; }}\n",
        here.display(),
        folders.concat(),
        shipped.display(),
    );
    let around = stage.put("around.conf", &around);
    stage.run("nginx", &["-e", "stderr", "-c", around.to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_is_walked() {
    if !is_here("nginx") {
        return;
    }
    let stage = Stage::with_shipped_rules(&[
        ("FORWARD__PROXY", "nginx"),
        ("FORWARD__REDIRECT", "location"),
    ])
    .await;
    let _proxy = start(&stage);
    walk(&stage).await;
    without_doorkey(stage).await;
}

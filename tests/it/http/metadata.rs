//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use serde_json::{Value, json};

use crate::harness::{ORIGIN, TestServer};

#[tokio::test]
async fn the_metadata_say_what_of_oauth_exists() {
    let server = TestServer::start().await;
    let path = "/.well-known/oauth-authorization-server";
    let body: Value = server.anonymous().get(path).send().await.status(200).json();
    let basic = json!(["client_secret_basic"]);
    assert_eq!(
        body,
        json!({
            "issuer": ORIGIN,
            "jwks_uri": format!("{ORIGIN}/.well-known/jwks.json"),
            "response_types_supported": [],
            "grant_types_supported": [],
            "introspection_endpoint": format!("{ORIGIN}/oauth/introspect"),
            "introspection_endpoint_auth_methods_supported": basic,
            "revocation_endpoint": format!("{ORIGIN}/oauth/revoke"),
            "revocation_endpoint_auth_methods_supported": basic,
        })
    );
}

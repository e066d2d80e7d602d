use warp::Filter as _;
use warp::http::Method;

use super::*;

const STRANGER: Peer =
    Peer::Tcp(std::net::SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000));
const OPERATOR: Peer = Peer::Unix { uid: 0 };

fn methods(routes: impl IntoIterator<Item = Route>) -> Methods {
    let filter = warp::any().map(Response::default).boxed();
    let endpoint = |route: Route| Arc::new(Endpoint { route, filter: filter.clone(), row: None });
    Methods(routes.into_iter().map(endpoint).collect())
}

/// `visible_to` says 404 before preflight, method, token and body are looked at.
#[test]
fn a_path_that_is_only_the_operators_is_not_there_for_anyone_else() {
    let methods = methods([
        Route::get("/x", Guard::Operator),
        Route::json(Method::POST, "/x", Guard::Operator),
    ]);
    assert!(methods.visible_to(STRANGER).is_none());
    let seen = methods.visible_to(OPERATOR).unwrap().allowed();
    assert_eq!(seen, [Method::GET, Method::HEAD, Method::POST]);
}

#[test]
fn a_method_that_is_the_operators_is_no_method_of_the_path_for_anyone_else() {
    let methods =
        methods([Route::get("/x", Guard::Admin), Route::json(Method::POST, "/x", Guard::Operator)]);
    let seen = methods.visible_to(STRANGER).unwrap();
    assert!(seen.endpoint(&Method::POST).is_none());
    assert_eq!(seen.allowed(), [Method::GET, Method::HEAD]);
    assert!(methods.visible_to(OPERATOR).unwrap().endpoint(&Method::POST).is_some());
}

//! The paths of the route table, and the methods of each.

use std::collections::HashMap;
use std::sync::Arc;

use warp::http::Method;

use crate::http::listen::Peer;
use crate::http::route::{Endpoint, Guard};

/// The methods of one path.
#[derive(Clone, Default)]
pub(super) struct Methods(pub(super) HashMap<Method, Arc<Endpoint>>);

impl Methods {
    /// What of this path is there for `peer`: all of it for the operator, and for everyone else
    /// nothing that is the operator's. `None` when no method is left.
    pub(super) fn visible_to(&self, peer: Peer) -> Option<Self> {
        let mut seen = self.clone();
        if !matches!(peer, Peer::Unix { .. }) {
            seen.0.retain(|_, endpoint| endpoint.route.guard != Guard::Operator);
        }
        (!seen.0.is_empty()).then_some(seen)
    }

    /// The row for this method; HEAD goes where GET does, and every one where the row takes any.
    pub(super) fn endpoint(&self, method: &Method) -> Option<&Endpoint> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let any = || self.0.values().find(|endpoint| endpoint.route.any_method);
        self.0.get(method).or_else(any).map(|endpoint| &**endpoint)
    }

    /// Whether it is a page for people.
    pub(super) fn is_page(&self) -> bool {
        self.0.values().any(|endpoint| endpoint.route.guard == Guard::Page)
    }

    /// Whether scripts of other sites may have to do with it: neither with pages, nor with what
    /// proxies ask, where such a request is an app's.
    pub(super) fn is_shared(&self) -> bool {
        let is_closed = |guard| matches!(guard, Guard::Page | Guard::Forward);
        !self.0.values().any(|endpoint| is_closed(endpoint.route.guard))
    }

    /// Whether it is for services, who read the errors of OAuth.
    pub(super) fn is_for_services(&self) -> bool {
        self.0.values().any(|endpoint| endpoint.route.guard == Guard::Service)
    }

    /// The path, as the table writes it.
    pub(super) fn path(&self) -> Option<&'static str> {
        self.0.values().next().map(|endpoint| endpoint.route.path)
    }

    /// What `Allow` says, in a fixed order.
    pub(super) fn allowed(&self) -> Vec<Method> {
        let all = [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE];
        all.into_iter().filter(|method| self.endpoint(method).is_some()).collect()
    }
}

/// The paths of the table.
pub(super) fn router(endpoints: Vec<Endpoint>) -> matchit::Router<Methods> {
    let mut paths: HashMap<&'static str, Methods> = HashMap::new();
    for endpoint in endpoints {
        let methods = paths.entry(endpoint.route.path).or_default();
        methods.0.insert(endpoint.route.method.clone(), Arc::new(endpoint));
    }
    let mut router = matchit::Router::new();
    for (path, methods) in paths {
        router.insert(path, methods).expect("the paths of the table do not collide");
    }
    router
}

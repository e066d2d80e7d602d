//! The paths of the route table, and the methods of each.

use std::collections::HashMap;
use std::sync::Arc;

use warp::http::Method;

use crate::http::listen::Peer;
use crate::http::route::{Endpoint, Guard};

/// The methods of one path.
#[derive(Clone, Default)]
pub(super) struct Methods(pub(super) Vec<Arc<Endpoint>>);

/// What of a path is there for somebody.
#[derive(Clone, Copy)]
pub(super) struct Visible<'a> {
    all: &'a Methods,
    is_operator: bool,
}

impl Methods {
    /// What of this path is there for `peer`: all of it for the operator, and for everyone else
    /// nothing that is the operator's. `None` when no method is left.
    pub(super) fn visible_to(&self, peer: Peer) -> Option<Visible<'_>> {
        let seen = Visible { all: self, is_operator: matches!(peer, Peer::Unix { .. }) };
        self.0.iter().any(|endpoint| seen.has(endpoint)).then_some(seen)
    }

    /// The row for this method; HEAD goes where GET does, and every one where the row takes any.
    pub(super) fn endpoint(&self, method: &Method) -> Option<&Endpoint> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let any = || self.0.iter().find(|endpoint| endpoint.route.any_method);
        let exact = self.0.iter().find(|endpoint| endpoint.route.method == *method);
        exact.or_else(any).map(|found| &**found)
    }

    /// Whether it is a page for people.
    pub(super) fn is_page(&self) -> bool {
        self.0.iter().any(|endpoint| endpoint.route.guard == Guard::Page)
    }

    /// Whether scripts of other sites may have to do with it: neither with pages, nor with what
    /// proxies ask, where such a request is an app's.
    pub(super) fn is_shared(&self) -> bool {
        let is_closed = |guard| matches!(guard, Guard::Page | Guard::Forward);
        !self.0.iter().any(|endpoint| is_closed(endpoint.route.guard))
    }

    /// Whether it is for services, who read the errors of OAuth.
    pub(super) fn is_for_services(&self) -> bool {
        self.0.iter().any(|endpoint| endpoint.route.guard == Guard::Service)
    }

    /// The path, as the table writes it.
    pub(super) fn path(&self) -> Option<&'static str> {
        self.0.first().map(|endpoint| endpoint.route.path)
    }
}

impl<'a> Visible<'a> {
    fn has(self, endpoint: &Endpoint) -> bool {
        self.is_operator || endpoint.route.guard != Guard::Operator
    }

    /// As [`Methods::endpoint`].
    pub(super) fn endpoint(self, method: &Method) -> Option<&'a Endpoint> {
        self.all.endpoint(method).filter(|endpoint| self.has(endpoint))
    }

    /// As [`Methods::is_shared`].
    pub(super) fn is_shared(self) -> bool {
        self.all.is_shared()
    }

    /// What `Allow` says, in a fixed order.
    pub(super) fn allowed(self) -> Vec<Method> {
        let all = [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE];
        all.into_iter().filter(|method| self.endpoint(method).is_some()).collect()
    }
}

/// The paths of the table.
pub(super) fn router(endpoints: Vec<Endpoint>) -> matchit::Router<Methods> {
    let mut paths: HashMap<&'static str, Methods> = HashMap::new();
    for endpoint in endpoints {
        let methods = paths.entry(endpoint.route.path).or_default();
        methods.0.push(Arc::new(endpoint));
    }
    let mut router = matchit::Router::new();
    for (path, methods) in paths {
        router.insert(path, methods).expect("the paths of the table do not collide");
    }
    router
}

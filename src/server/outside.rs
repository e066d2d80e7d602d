//! The API behind the listeners, with the rule who may be an operator.

use hyper::body::Incoming;
use warp::http::Request;
use warp::reply::Response;

use crate::http::Api;
use crate::http::kind::Kind;
use crate::http::listen::{Handler, Peer, Unanswered};
use crate::http::problem::Problem;
use crate::model::Rule;

/// The API behind the listeners. Only the owner of the data folder, and root, are operators.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    api: Api,
    owner: u32,
}

impl Outside {
    /// The API for everyone, and its operators: the user this process acts as.
    pub(super) fn new(api: Api) -> Self {
        Self { api, owner: rustix::process::geteuid().as_raw() }
    }
}

impl Handler for Outside {
    async fn call(&self, request: Request<Incoming>, peer: Peer) -> Response {
        match peer {
            Peer::Unix { uid } if uid != self.owner && uid != 0 => {
                let why = Rule::NotTheOwner;
                self.api.refuse(Problem::new(Kind::InsufficientScope, why), peer)
            }
            Peer::Unix { .. } | Peer::Tcp(_) => self.api.handle(request, peer).await,
        }
    }

    fn refuse(&self, unanswered: Unanswered, peer: Peer) -> Response {
        self.api.refuse(unanswered.into(), peer)
    }

    fn turned_away(&self, peer: Peer) {
        self.api.turned_away(peer);
    }
}

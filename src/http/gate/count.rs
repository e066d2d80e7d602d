//! The gate counts requests, where somebody wants to know: on the row of the table that each
//! belongs to, whatever becomes of it there.

use std::time::Duration;

use warp::http::{Method, StatusCode};

use super::{Api, Auth, Kind, Methods};
use crate::http::metrics::{Metrics, Row};

/// A request under way. It is counted when this is dropped, so one that is given up is too.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    auth: &'a Auth,
    row: &'a Row,
    begun: Duration,
    status: Option<StatusCode>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let took = self.auth.monotonic().saturating_sub(self.begun);
        self.row.ended(self.status, took);
    }
}

/// Counts a request that was watched with its answer.
pub(super) fn answered(watch: Option<Watch<'_>>, status: StatusCode) {
    if let Some(mut watch) = watch {
        watch.status = Some(status);
    }
}

impl Api {
    /// The numbers for who scrapes; `None` where nothing is counted.
    #[must_use]
    pub fn metrics(&self) -> Option<Metrics> {
        let traffic = self.0.context.traffic.clone()?;
        Some(Metrics::new(self.0.context.auth.clone(), traffic))
    }

    /// Begins to watch a request; `None` where nothing is counted.
    pub(super) fn watch<'a>(
        &'a self,
        methods: Option<&'a Methods>,
        method: &Method,
    ) -> Option<Watch<'a>> {
        let (traffic, auth) = (self.0.context.traffic.as_deref()?, &*self.0.context.auth);
        let row = methods.and_then(|methods| methods.endpoint(method)?.row.as_deref());
        let row = row.unwrap_or(traffic.unmatched());
        Some(Watch { auth, row, begun: auth.monotonic(), status: None })
    }

    /// Counts a refusal or a failure that the gate itself answers.
    pub(super) fn count_problem(&self, kind: Kind) {
        if let Some(traffic) = &self.0.context.traffic {
            traffic.refused(kind);
        }
    }
}

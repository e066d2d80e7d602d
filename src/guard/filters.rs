//! The filters.

use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::{Filter as _, Rejection, reject};

use super::{Caller, Guard, Why};
use crate::model::Role;

impl Guard {
    /// Lets through who brings a good token, and passes on who that is.
    #[must_use]
    pub fn authenticated(&self) -> BoxedFilter<(Caller,)> {
        self.filter(None)
    }

    /// Lets through who has this role. A word that is no role is one that nobody has.
    #[must_use]
    pub fn role(&self, role: &str) -> BoxedFilter<(Caller,)> {
        self.filter(Some(role))
    }

    fn filter(&self, role: Option<&str>) -> BoxedFilter<(Caller,)> {
        let (guard, role) = (self.clone(), role.map(str::to_owned));
        let query = warp::query::raw().or(warp::any().map(String::new)).unify();
        warp::header::headers_cloned()
            .and(query)
            .and_then(move |headers: HeaderMap, query: String| {
                let (guard, role) = (guard.clone(), role.clone());
                async move { guard.admit(&headers, &query, role.as_deref()).await }
            })
            .boxed()
    }

    async fn admit(
        &self,
        headers: &HeaderMap,
        query: &str,
        role: Option<&str>,
    ) -> Result<Caller, Rejection> {
        let caller = self.check(headers, query).await.map_err(reject::custom)?;
        let may = role.is_none_or(|role| caller.roles.iter().map(Role::as_str).any(|r| r == role));
        if may { Ok(caller) } else { Err(reject::custom(self.refused(Why::Role))) }
    }
}

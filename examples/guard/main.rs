//! A warp program behind doorkey: a public route, one for whoever is signed in, one for editors.
//!
//! `cargo run --example guard -- http://127.0.0.1:8080 8090`, with the address of a doorkey. With
//! the name and secret of a service (`doorkey service add`) in `GUARD_SERVICE` and `GUARD_SECRET` it
//! takes API tokens too.

use std::error::Error;
use std::net::Ipv4Addr;

use doorkey::guard::{self, Caller, Guard, Introspection, Options};
use doorkey::model::{Clock, Secret};
use serde_json::json;
use tokio::net::TcpListener;
use warp::filters::BoxedFilter;
use warp::reply::{Json, Reply};
use warp::{Filter, reply};

/// How this program verifies: everything but the issuer is left as it is.
fn options(issuer: String) -> Options {
    let mut options = Options::new(issuer);
    let [service, secret] = ["GUARD_SERVICE", "GUARD_SECRET"].map(variable);
    options.introspection = service
        .zip(secret)
        .map(|(service, secret)| Introspection::new(service, Secret::new(secret)));
    options
}

#[expect(clippy::disallowed_methods, reason = "a program of its own reads its own environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The routes. Each says for whom it is beside its path.
fn routes(guard: &Guard) -> BoxedFilter<(impl Reply + use<>,)> {
    let home = warp::path::end().map(|| reply::json(&json!({"hello": "everybody"})));
    let notes = warp::path!("notes").and(guard.authenticated()).map(|caller| notes(&caller));
    let drafts = warp::path!("drafts").and(guard.role("editor")).map(|caller| drafts(&caller));
    let routes = home.or(notes).unify().or(drafts).unify();
    warp::get().and(routes).recover(guard::recover).boxed()
}

fn notes(caller: &Caller) -> Json {
    reply::json(&json!({"notes": [], "owner": caller.user, "until": caller.expires_at.seconds()}))
}

fn drafts(caller: &Caller) -> Json {
    reply::json(&json!({"drafts": [], "editor": caller.user}))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let issuer = args.next().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let port: u16 = args.next().unwrap_or_else(|| "8090".to_owned()).parse()?;
    let guard = Guard::new(options(issuer), Clock::system())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    announce(&listener)?;
    warp::serve(routes(&guard)).incoming(listener).run().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program of its own says where it listens")]
fn announce(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}

//! One way to send a request of the admin API: to the server that runs on the data folder, or
//! to the same use cases in this process when none does.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_body_util::Full;
use serde::Deserialize;
use serde_json::Value;
use warp::http::{Method, Request};
use warp::reply::Response;

use super::args::{Place, Serve};
use super::{Error, harden, print};
use crate::config::{Config, EngineKind, Flags, Loaded, LogFormat, Sources};
use crate::crypto::AuditKey;
use crate::http::listen::Peer;
use crate::http::{self, Reply};
use crate::server::{self, Server};

/// The data folder when nobody names one.
const DEFAULT_DATA: &str = "data";
/// What is in a data folder with a store in it: the index, which can be lost; the journals, from
/// which it is made again; or a restored store that the next start puts in their place.
const STORE: [&str; 3] = ["store", "journal", "restored"];

/// The configuration of a command; `serve` has flags of its own.
pub(super) fn load(place: Place, serve: Option<&Serve>) -> Result<Loaded, Error> {
    let mut flags = Flags { data: place.data, ..Flags::default() };
    if let Some(serve) = serve {
        (flags.listen, flags.dev, flags.tls) = (serve.listen, serve.dev, serve.tls);
    }
    Ok(Config::load(Sources::from_process(place.config, flags)?)?)
}

/// The data folder, as an absolute path, so that what is printed says where it is.
pub(super) fn data_folder(loaded: &Loaded) -> Result<PathBuf, Error> {
    let named = loaded.data.as_deref().unwrap_or(Path::new(DEFAULT_DATA));
    std::path::absolute(named).map_err(Error::io("find the data folder"))
}

/// What of a store is in a data folder; `None` when there is none.
///
/// # Errors
/// When the folder cannot be looked into.
pub(super) fn store_in(data: &Path) -> Result<Option<Metadata>, Error> {
    for part in STORE {
        match fs::metadata(data.join(part)) {
            Ok(found) => return Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Io("look into the data folder", error)),
        }
    }
    Ok(None)
}

/// The operator's connection to one data folder.
#[derive(Debug)]
pub(super) struct Control {
    loaded: Loaded,
    data: PathBuf,
    may_create: bool,
    /// The store in this process, once no server was there to ask.
    local: Option<Server>,
}

impl Control {
    /// For the data folder that flags, variables and defaults name. Opens nothing yet.
    pub(super) fn new(place: Place) -> Result<Self, Error> {
        let loaded = load(place, None)?;
        let data = data_folder(&loaded)?;
        Ok(Self { loaded, data, may_create: false, local: None })
    }

    /// Where it acts.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The configured form of log lines.
    pub(super) fn log_format(&self) -> LogFormat {
        self.loaded.config.log.format
    }

    /// What proves the end of the audit trail of this folder; `None` where there is no master key.
    pub(super) fn audit_key(&self) -> Result<Option<AuditKey>, Error> {
        harden::process();
        Ok(server::audit_key(&self.loaded, &self.data)?)
    }

    /// Says which folder is about to be changed.
    pub(super) fn announce(&self) {
        print::note(&format!("data folder: {}", self.data.display()));
    }

    /// Refuses where nothing is kept on a disk.
    #[cfg(feature = "sled")]
    pub(super) fn refuse_memory(&self) -> Result<(), Error> {
        match self.loaded.config.store.engine {
            EngineKind::Sled => Ok(()),
            EngineKind::Memory => Err(Error::Refused(
                "store.engine = \"memory\" keeps nothing that could be backed up".to_owned(),
            )),
        }
    }

    /// Lets the store be made if there is none.
    pub(super) fn may_create(&mut self) {
        self.may_create = true;
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Value, Error> {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn post(&mut self, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        self.send(Method::POST, path, body).await
    }

    pub(super) async fn patch(&mut self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&mut self, path: &str) -> Result<(), Error> {
        self.send(Method::DELETE, path, None).await.map(|_| ())
    }

    /// Hands out the body of a success piece by piece; a problem becomes a sentence.
    #[cfg(feature = "sled")]
    pub(super) async fn download(
        &mut self,
        path: &str,
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let request = http::request(Method::GET, path, None)?;
        let reply = match http::download(&self.data, request.clone(), &mut each).await? {
            Some(reply) => reply,
            None => http::pieces(self.handle(request).await?, each).await?,
        };
        if reply.status < 400 { Ok(()) } else { Err(Error::Refused(sentence(&reply))) }
    }

    /// Saves what a store in this process keeps in memory.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        match self.local.take() {
            Some(server) => Ok(server.close().await?),
            None => Ok(()),
        }
    }

    /// As [`Control::get`], and `None` where there is nothing.
    pub(super) async fn find(&mut self, path: &str) -> Result<Option<Value>, Error> {
        let reply = self.exchange(http::request(Method::GET, path, None)?).await?;
        if reply.status == 404 { Ok(None) } else { json(&reply).map(Some) }
    }

    /// Whether a running server has answered, and not this process.
    pub(super) fn is_live(&self) -> bool {
        self.local.is_none()
    }

    /// The JSON of a success, null if it has none; a problem becomes a sentence.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let body = body.map(|body| body.to_string().into_bytes());
        let reply = self.exchange(http::request(method, path, body)?).await?;
        json(&reply)
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Reply, Error> {
        if self.local.is_none()
            && let Some(reply) = http::ask(&self.data, request.clone()).await?
        {
            return Ok(reply);
        }
        Ok(http::read(self.handle(request).await?).await?)
    }

    /// Has the request handled in this process.
    async fn handle(&mut self, request: Request<Full<Bytes>>) -> Result<Response, Error> {
        let server = match self.local.take() {
            Some(server) => server,
            None => Box::pin(self.open()).await?,
        };
        let uid = rustix::process::geteuid().as_raw();
        let answer = server.api().handle(request, Peer::Unix { uid }).await;
        self.local = Some(server);
        Ok(answer)
    }

    async fn open(&self) -> Result<Server, Error> {
        self.check()?;
        harden::process();
        let listen = self.loaded.config.http.listen;
        Ok(Server::open(self.loaded.clone(), &self.data, listen).await?)
    }

    /// Nothing is made by a question, and nothing is written as another user than the server's,
    /// who could not read it afterwards.
    fn check(&self) -> Result<(), Error> {
        let data = self.data.display();
        if self.loaded.config.store.engine == EngineKind::Memory {
            return Err(Error::Refused(format!(
                "no server runs on {data}, and with store.engine = \"memory\" there is nothing \
                 without one"
            )));
        }
        match store_in(&self.data)? {
            Some(store) if store.uid() == rustix::process::geteuid().as_raw() => Ok(()),
            Some(store) => Err(Error::Refused(format!(
                "the store in {data} belongs to the user with the id {}: run the command as that \
                 user",
                store.uid()
            ))),
            None if self.may_create => Ok(()),
            None => Err(Error::Refused(format!(
                "there is no store in {data}; start with `doorkey serve` or `doorkey user add`"
            ))),
        }
    }
}

fn json(reply: &Reply) -> Result<Value, Error> {
    let unreadable = |_| Error::Refused("the server's answer is no JSON".to_owned());
    if reply.status >= 400 {
        return Err(Error::Refused(sentence(reply)));
    }
    if reply.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&reply.body).map_err(unreadable)
}

/// The parts of an RFC 9457 problem that help at a terminal.
#[derive(Deserialize)]
struct Problem {
    title: String,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    field: String,
    message: String,
}

/// A problem as one sentence, with a line for each refused field.
fn sentence(reply: &Reply) -> String {
    let Ok(problem) = serde_json::from_slice::<Problem>(&reply.body) else {
        return format!("the server answered with the status {}", reply.status);
    };
    let Problem { title, detail, errors } = problem;
    let mut text = title;
    if let Some(detail) = detail {
        text = format!("{text} {detail}");
    }
    for FieldError { field, message } in errors {
        text = format!("{text}\n  {field}: {message}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &'static str) -> String {
        sentence(&Reply { status: 422, body: Bytes::from_static(body.as_bytes()) })
    }

    #[test]
    fn a_store_is_there_while_any_part_of_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(store_in(folder.path()).unwrap().is_none());
        for part in ["store", "journal", "restored"] {
            fs::create_dir(folder.path().join(part)).unwrap();
            assert!(store_in(folder.path()).unwrap().is_some(), "{part}");
            fs::remove_dir(folder.path().join(part)).unwrap();
        }
        assert!(store_in(&folder.path().join("no/such")).unwrap().is_none());
    }

    #[test]
    fn a_problem_becomes_a_sentence_with_its_fields() {
        assert_eq!(said(r#"{"title":"No.","code":"x"}"#), "No.");
        let with_fields = r#"{"title":"No.","detail":"Why.",
            "errors":[{"field":"a","message":"must b"},{"field":"c","message":"must d"}]}"#;
        assert_eq!(said(with_fields), "No. Why.\n  a: must b\n  c: must d");
        assert_eq!(said("<html>"), "the server answered with the status 422");
    }
}

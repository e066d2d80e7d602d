//! `doorkey serve`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::{Place, Serve};
use super::control::{data_folder, load};
use super::dev::{self, Curl, TemporaryFolder};
use super::healthcheck::reachable;
use super::notify::Notify;
use super::{Error, harden, log, print};
use crate::config::{Config, Loaded, ServiceManager};
use crate::crypto::Random;
use crate::model::Secret;
use crate::server::{self, Listeners, Server, check_tls, seed};

/// Where the data is; a temporary folder is removed when this is dropped.
enum Folder {
    Named(PathBuf),
    Temporary(TemporaryFolder),
}

impl Folder {
    fn of(loaded: &Loaded, random: &Random) -> Result<Self, Error> {
        if loaded.dev && loaded.data.is_none() {
            return TemporaryFolder::new(random).map(Self::Temporary);
        }
        data_folder(loaded).map(Self::Named)
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

pub(super) fn run(place: Place, serve: &Serve) -> Result<(), Error> {
    let loaded = load(place, Some(serve))?;
    log::start(loaded.config.log.format, loaded.config.log.level);
    harden::process();
    let random = Random::system();
    // Before the runtime, so that it goes after all that works in it.
    let folder = Folder::of(&loaded, &random)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(Error::io("start"))?;
    runtime.block_on(Box::pin(listen(loaded, folder.path(), &random)))
}

async fn listen(loaded: Loaded, data: &Path, random: &Random) -> Result<(), Error> {
    let stop = Stop::new()?;
    let notify = Notify::new(&ServiceManager::from_process())?;
    // Before anything is made or bound.
    check_tls(&loaded.config.tls).map_err(server::Error::Tls)?;
    let wanted = loaded.config.http.listen;
    let api = TcpListener::bind(wanted).await;
    let api = api.map_err(|error| server::Error::Listen(wanted, error))?;
    let bound = api.local_addr().map_err(Error::io("see the own address"))?;
    let metrics = listen_metrics(loaded.config.metrics.listen).await?;
    let (is_dev, config) = (loaded.dev, loaded.config.clone());
    tracing::info!(data = %data.display(), file = ?loaded.file, "starting");
    let server = Server::open(loaded, data, bound).await?;
    let tls = server.tls().map_err(server::Error::Tls)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut lines = vec![format!("doorkey is listening on {scheme}://{bound}")];
    if is_dev {
        let curl = Curl {
            origin: format!("{scheme}://{bound}"),
            trusted: tls.as_ref().map(|tls| tls.files().certificate.clone()),
        };
        let seeded = seed(&server, random).await?;
        lines.push(dev::welcome((&curl, data), &seeded, random));
    }
    if let Some(secret) = server.setup_secret().await? {
        lines.push(setup(&curl_of(&config, bound), data, &secret));
        lines.push(format!("or open {}/setup in a browser", config.public_url(bound)));
    }
    let is_plain = tls.is_none();
    let until_stopped = async {
        for line in lines {
            if let Err(error) = print::line(&line) {
                tracing::warn!(error = error.chain(), "the first lines could not be printed");
            }
        }
        if is_plain {
            warn_of_plain_http(bound);
        }
        notify.ready();
        tokio::select! {
            () = stop.wait() => notify.stopping(),
            () = notify.live() => {}
        }
    };
    Ok(server.run(Listeners { api, metrics, tls }, until_stopped).await?)
}

/// How an operator on this machine reaches the server: under the name in its certificate, where
/// there is one.
fn curl_of(config: &Config, bound: SocketAddr) -> Curl {
    let origin = if config.tls.is_on() {
        config.public_url(reachable(bound))
    } else {
        format!("http://{}", reachable(bound))
    };
    Curl { origin, trusted: None }
}

/// The listener of the metrics, where they are on.
async fn listen_metrics(wanted: Option<SocketAddr>) -> Result<Option<TcpListener>, Error> {
    let Some(wanted) = wanted else { return Ok(None) };
    let listener = TcpListener::bind(wanted).await;
    let listener = listener.map_err(|error| server::Error::ListenMetrics(wanted, error))?;
    let bound = listener.local_addr().map_err(Error::io("see the own address"))?;
    tracing::info!("metrics are at http://{bound}/metrics");
    Ok(Some(listener))
}

/// The one-time secret and what to do with it.
fn setup(curl: &Curl, data: &Path, secret: &Secret) -> String {
    let secret = secret.expose();
    let form =
        format!(r#"{{"secret":"{secret}","username":"YOUR-NAME","password":"YOUR-PASSWORD"}}"#);
    format!(
        "no administrator yet; the one-time setup secret is {secret} (also in {})\ncurl {}",
        data.join("setup-secret").display(),
        curl.post("/auth/setup", &form)
    )
}

fn warn_of_plain_http(bound: SocketAddr) {
    if !bound.ip().is_loopback() {
        tracing::warn!(
            %bound,
            "listening on plain HTTP beyond this machine: only a TLS proxy should reach it"
        );
    }
}

/// What ends the server in order.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From now on the signals wait to be seen instead of killing the process.
    fn new() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::io("listen to signals"));
        let terminate = listen(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

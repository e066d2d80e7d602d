//! Opens a rebuilt disk as a start would, and holds what is in it against what was answered.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use doorkey::auth::{Expected, Line};
use doorkey::config::{Config, Sources};
use doorkey::crypto::{Argon2Params, Passwords, PoolSettings, Random, Verdict};
use doorkey::http;
use doorkey::http::listen::Peer;
use doorkey::model::{Clock, LoginName, Password, PasswordHash, Secret, SessionId};
use doorkey::server::Server;
use doorkey::store::{Sled, SledOptions, Store};
use serde_json::Value;
use warp::http::Method;

use super::people::{Effect, Known, Person, password};
use super::server::ENV;

/// Opening and reading takes well under a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// What was answered to one person before the power went, and what may have happened.
#[derive(Debug, Clone)]
pub struct Promise {
    name: String,
    /// How many changes were acknowledged.
    pub acknowledged: usize,
    /// All that was acknowledged; and with what was under way, which may be there or not.
    possible: Vec<Known>,
    /// Whether that was a restore, which is whole for everybody or has not happened for anybody.
    is_restoring: bool,
}

impl Promise {
    /// `is_sent` says of a request id whether its answer had left.
    pub fn of(person: &Person, is_sent: impl Fn(&str) -> bool) -> Self {
        let acknowledged = person.changes.iter().take_while(|(id, _)| is_sent(id)).count();
        let sure = fold(&person.changes[..acknowledged]);
        let mut possible = vec![sure.clone()];
        let under_way = person.changes.get(acknowledged).map(|(_, effect)| effect);
        let is_restoring = under_way == Some(&Effect::Restored);
        possible.extend(under_way.map(|effect| sure.after(effect)));
        Self { name: person.name.clone(), acknowledged, possible, is_restoring }
    }
}

fn fold(changes: &[(String, Effect)]) -> Known {
    changes.iter().fold(Known::default(), |known, (_, effect)| known.after(effect))
}

/// Compares passwords with hashes, each pair once: a hash is slow on purpose.
#[derive(Clone)]
pub struct Verifier {
    passwords: Passwords,
    seen: Arc<Mutex<HashMap<(String, String), bool>>>,
}

impl Verifier {
    pub fn new() -> Self {
        let params = Argon2Params { memory_kib: 12 * 1024, iterations: 3, parallelism: 1 };
        let max_wait = Duration::from_secs(30);
        let settings = PoolSettings { params, memory_bytes: 24 << 20, queue: 64, max_wait };
        Self {
            passwords: Passwords::start(settings, Random::seeded(1)).unwrap(),
            seen: Arc::default(),
        }
    }

    async fn matches(&self, text: String, hash: &PasswordHash) -> bool {
        let pair = (text.clone(), hash.as_phc().to_owned());
        if let Some(known) = self.seen.lock().unwrap().get(&pair) {
            return *known;
        }
        let password = Password::try_from(Secret::new(text)).unwrap();
        let verdict = self.passwords.verify(&password, Some(hash)).await.unwrap();
        let matches = matches!(verdict, Verdict::Match { .. });
        self.seen.lock().unwrap().insert(pair, matches);
        matches
    }
}

/// What is wrong with the disk below `root`; nothing, if all is well. What hangs or panics is
/// wrong too.
pub fn check(root: &Path, promises: Vec<Promise>, verifier: &Verifier) -> Vec<String> {
    let (data, verifier) = (root.join("data"), verifier.clone());
    let (sender, receiver) = channel();
    let checking = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        drop(sender.send(runtime.block_on(examine(data, promises, verifier))));
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(wrong) => wrong,
        Err(_) if checking.is_finished() => vec!["does not open: it panics".to_owned()],
        Err(_) => vec!["does not open: it hangs".to_owned()],
    }
}

/// The one place that knows how a store is opened.
fn open(data: &Path) -> Result<Store, String> {
    let engine = Sled::open(data, SledOptions::new(Clock::system()))
        .map_err(|error| format!("does not open: {error}"))?;
    Ok(Store::new(Arc::new(engine)))
}

async fn examine(data: PathBuf, promises: Vec<Promise>, verifier: Verifier) -> Vec<String> {
    let store = match open(&data) {
        Ok(store) => store,
        Err(why) => return vec![why],
    };
    let mut wrong = Vec::new();
    let mut states = BTreeSet::new();
    for promise in &promises {
        match found(&store, promise, &verifier).await {
            Ok(at) if promise.is_restoring => drop(states.insert(at)),
            Ok(_) => {}
            Err(why) => wrong.push(why),
        }
    }
    if states.len() > 1 {
        wrong.push("a part of the store was restored".to_owned());
    }
    wrong.extend(inconsistent(&store).await);
    drop(store);
    wrong.extend(start(&data).await.err());
    wrong
}

/// As `doorkey serve` does: with the master key, the signing keys and the setup secret.
async fn start(data: &Path) -> Result<(), String> {
    let env = ENV.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let loaded = Config::load(Sources { env, ..Sources::default() }).unwrap();
    let bound = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    let failed = |error| format!("does not start: {error}");
    let server = Server::open(loaded, data, bound).await.map_err(failed)?;
    server.setup_secret().await.map_err(failed)?;
    trail(&server).await
}

/// As `doorkey audit verify` does: an event, its mark and its seal come and go together.
async fn trail(server: &Server) -> Result<(), String> {
    let mut verifier = doorkey::auth::Verifier::new(None, Expected::default());
    let mut query = String::new();
    loop {
        let request = http::request(Method::GET, &format!("/admin/audit{query}"), None).unwrap();
        let answer = server.api().handle(request, Peer::Unix { uid: 0 }).await;
        let mut page: Value = serde_json::from_slice(&http::read(answer).await.unwrap().body)
            .map_err(|error| format!("the audit trail: {error}"))?;
        let lines: Vec<Line> = serde_json::from_value(page["lines"].take()).unwrap();
        for line in lines {
            verifier.take(line);
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("?cursor={next}");
    }
    match verifier.finish(false).findings.first() {
        None => Ok(()),
        Some(finding) => Err(format!("the audit trail: {finding}")),
    }
}

/// Which of all that may be stored of a person is; why it is none of them.
async fn found(store: &Store, promise: &Promise, verifier: &Verifier) -> Result<usize, String> {
    let mut found = Known::default();
    for (at, known) in promise.possible.iter().enumerate() {
        match stored(store, (&promise.name, known), verifier).await {
            Ok(stored) if stored == *known => return Ok(at),
            Ok(stored) => found = stored,
            Err(why) => return Err(format!("{}: {why}", promise.name)),
        }
    }
    Err(format!("{} is {found:?}, answered was {:?}", promise.name, promise.possible))
}

/// What the store knows of a person, of the sessions in `expected` only.
async fn stored(
    store: &Store,
    (name, expected): (&str, &Known),
    verifier: &Verifier,
) -> Result<Known, String> {
    let text = |error: doorkey::store::Error| error.to_string();
    let found = store.users().by_name(&LoginName::try_from(name).unwrap()).await.map_err(text)?;
    let Some(user) = found.map(|user| user.value) else { return Ok(Known::default()) };
    let mut known =
        Known { exists: true, epoch: user.epoch, disabled: user.disabled, ..Known::default() };
    known.display_name = user.display_name.map(String::from);
    let hash = user.password.ok_or("has no password")?;
    let right = verifier.matches(password(name, expected.password), &hash).await;
    known.password = if right { expected.password } else { usize::MAX };
    let now = Clock::system().now();
    for id in expected.sessions.keys() {
        let session = store.sessions().get(SessionId::try_from(id.as_str()).unwrap()).await;
        let live = session.map_err(text)?.is_some_and(|s| s.value.is_live(now, user.epoch));
        known.sessions.insert(id.clone(), live && !user.disabled);
    }
    Ok(known)
}

/// Records that do not fit to each other.
async fn inconsistent(store: &Store) -> Vec<String> {
    let page = match store.users().list_by_name("", None, 1000).await {
        Ok(page) => page.users,
        Err(error) => return vec![format!("the users cannot be listed: {error}")],
    };
    let mut wrong = Vec::new();
    for user in page.iter().map(|user| &user.value) {
        let listed = store.sessions().of_user(user.id).await.unwrap().value.sessions;
        for session in listed {
            if store.sessions().get(session.id).await.unwrap().is_none() {
                wrong.push(format!("a session of {} is listed and not there", user.username));
            }
        }
    }
    let admins = page.iter().filter(|user| user.value.is_enabled_admin()).count();
    let counted = store.users().admins().await.unwrap().value;
    if usize::try_from(counted).unwrap() != admins {
        wrong.push(format!("{counted} administrators are counted, there are {admins}"));
    }
    wrong
}

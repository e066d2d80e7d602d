//! One account on a store of its own, signed in.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::path::Path;

use doorkey::auth::{Access, Auth, Client, Credentials, NewUser};
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Clock, RefreshToken, Secret};
use doorkey::store::Store;

use crate::common::{HOUR, Scale, open_store, start};

const SCALE: Scale = Scale { failures: 0, waiting: 8, keep_events: HOUR };

pub struct SignedIn {
    pub auth: Auth,
    pub store: Store,
    pub refresh: RefreshToken,
    pub access: String,
}

impl SignedIn {
    /// On a new store in the folder `data`.
    pub async fn begin(data: &Path, clock: Clock) -> Self {
        let store = open_store(data, clock.clone());
        let master = MasterKey::generate(&Random::system());
        let auth = start(master, (store.clone(), clock), SCALE).await;
        let client = Client { user_agent: "bench".to_owned(), ..Client::operator() };
        let password = || Secret::new("correct horse battery staple".to_owned());
        let ann = NewUser {
            username: "ann".to_owned(),
            password: Some(password()),
            email: None,
            roles: None,
        };
        auth.create_user(&Access::operator(), ann, &client).await.expect("an account");
        let credentials = Credentials { username: "ann".to_owned(), password: password() };
        let login = auth.login(credentials, None, &client).await.expect("a login");
        let access = login.access.text.expose().to_owned();
        Self { auth, store, refresh: login.refresh, access }
    }
}

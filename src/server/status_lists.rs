//! The status lists of earlier runs, read once behind a start.

use std::time::Duration;

use crate::auth::Auth;

/// A store that did not answer is asked again after this.
const RETRY: Duration = Duration::from_secs(5);

/// Reads them, unless the end comes first.
pub(super) async fn rebuild(auth: &Auth, ended: impl Future<Output = ()>) {
    let read = async {
        while let Err(error) = auth.rebuild_status_lists().await {
            tracing::error!(%error, "the status lists of earlier runs could not be read");
            tokio::time::sleep(RETRY).await;
        }
    };
    tokio::select! {
        () = ended => {}
        () = read => {}
    }
}

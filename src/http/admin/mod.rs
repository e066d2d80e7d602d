//! `/admin/…`: for callers with the role `admin`, and for the operator on the control
//! socket, who alone may do some of it.

mod access;
mod audit;
mod backup;
mod clients;
mod clock;
mod events;
mod keys;
mod sessions;
mod status;
mod tokens;
mod transfer;
mod users;

use super::route::{Context, Endpoint};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    [
        users::endpoints(context),
        sessions::endpoints(context),
        keys::endpoints(context),
        clients::endpoints(context),
        events::endpoints(context),
        audit::endpoints(context),
        clock::endpoints(context),
        transfer::endpoints(context),
        vec![
            access::endpoint(context),
            backup::endpoint(context),
            status::endpoint(context),
            tokens::endpoint(context),
        ],
    ]
    .concat()
}

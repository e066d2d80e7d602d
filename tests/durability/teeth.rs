//! The checks themselves: each kind of loss is made up, and must be found.

use crate::chance::Chance;
use crate::check::Depth;
use crate::client::Client;
use crate::kill::start;
use crate::load::Worker;
use crate::model::{Change, Model};
use crate::server::Place;

/// A claim that a change was acknowledged, and the words of the finding that it was lost.
type Claim = (fn(&mut Model), &'static str);

const CLAIMS: [Claim; 9] = [
    (|m| m.session_ended((0, 0), "logout"), "cookie of a session ended by logout: 200"),
    (|m| m.session_ended((0, 0), "logout"), "access token of a session ended by logout: 200"),
    (|m| m.password_changed(0, "quiet place of nobody".to_owned(), None), "password of client0-1"),
    (|m| m.password_changed(0, "quiet place of nobody".to_owned(), None), "former password of"),
    (|m| m.disabled(0, true), "account: "),
    (|m| m.roles_changed(0, true), "account: "),
    (|m| m.user_deleted(0), "deleted user client0-1"),
    (forget_a_login, "sessions of client0-1"),
    (|m| _ = m.keys.insert("a key that was made".to_owned()), "signing keys: "),
];

/// As if a session that the server has were not there; the other way round is seen alike.
fn forget_a_login(model: &mut Model) {
    model.accounts[0].sessions.clear();
}

fn with_one_user_logged_in(worker: &mut Worker, client: &mut Client) {
    let register = worker.new_account();
    worker.make(register, client).unwrap();
    worker.make(Change::Login { user: 0 }, client).unwrap();
}

#[test]
fn a_change_that_was_acknowledged_and_is_not_there_is_found() {
    let place = Place::new();
    let (server, mut workers) = start(&place, &mut Chance::new(1), 1);
    let (mut client, worker) = (Client::new(server.address), &mut workers[0]);
    with_one_user_logged_in(worker, &mut client);
    worker.check(Depth::All, &mut client).unwrap();
    assert_eq!(worker.findings, Vec::<String>::new());
    let truth = worker.model.clone();
    for (claim, said) in CLAIMS {
        claim(&mut worker.model);
        worker.check(Depth::All, &mut client).unwrap();
        let findings = std::mem::take(&mut worker.findings);
        assert!(findings.iter().any(|finding| finding.contains(said)), "{said}: {findings:#?}");
        worker.model = truth.clone();
    }
}

/// A registration of which a half is there is one that was neither done nor not done.
#[test]
fn a_name_that_is_taken_by_an_account_nobody_can_use_is_found() {
    let place = Place::new();
    let (server, mut workers) = start(&place, &mut Chance::new(1), 1);
    let (mut client, worker) = (Client::new(server.address), &mut workers[0]);
    with_one_user_logged_in(worker, &mut client);
    let name = worker.model.accounts[0].name.clone();
    worker.pending = Some(Change::Register { name, password: "of somebody else".to_owned() });
    worker.check(Depth::All, &mut client).unwrap();
    assert!(worker.findings[0].contains("half of client0-1 is there"), "{:?}", worker.findings);
}

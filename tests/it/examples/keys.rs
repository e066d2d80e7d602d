//! An issuer whose keys cannot be had, and tokens by keys that it does not have: neither makes a
//! resource server ask for the keys each time, or wait where it has what it needs.

use std::process::Command;
use std::time::{Duration, Instant};

use super::Resource;
use super::lists::{Mood, publisher};

/// After a failure nobody asks for so long.
const PAUSE: Duration = Duration::from_secs(5);
/// How often a key that is not known makes a server ask.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(30);

/// How many pauses are over since then, on however slow a machine.
fn pauses(start: Instant) -> usize {
    usize::try_from(start.elapsed().as_secs() / PAUSE.as_secs()).unwrap()
}

/// As a server that has no keys yet.
pub(super) fn leaves_an_issuer_that_fails_alone(command: Command) {
    let publisher = publisher();
    publisher.set_mood(Mood::Broken);
    let resource = Resource::start(command, &publisher.url);
    let (start, good) = (Instant::now(), publisher.good_token());
    for _ in 0..20 {
        resource.get("/notes", Some(&good)).status(503);
        resource.get("/notes", Some(&publisher.forged_token())).status(503);
    }
    assert!(publisher.asked() <= 1 + pauses(start));
    publisher.set_mood(Mood::Good);
    while resource.get("/notes", Some(&good)).code() == 503 {
        assert!(start.elapsed() < PAUSE * 3, "the issuer is back");
        std::thread::sleep(Duration::from_millis(100));
    }
    resource.get("/notes", Some(&good)).status(200);
    assert!(publisher.asked() <= 1 + pauses(start));
}

/// As a server that has them: tokens by keys that nobody has are no reason to ask each time, and
/// while one of them makes it ask, the others go on.
pub(super) fn goes_on_with_the_keys_that_it_has(command: Command) {
    let publisher = publisher();
    let resource = Resource::start(command, &publisher.url);
    let good = publisher.good_token();
    resource.get("/notes", Some(&good)).status(200);
    for _ in 0..20 {
        resource.get("/notes", Some(&publisher.forged_token())).status(401);
    }
    assert_eq!(publisher.asked(), 1);
    std::thread::sleep(UNKNOWN_PAUSE);
    publisher.set_mood(Mood::Silent);
    std::thread::scope(|scope| {
        let forged = || resource.get("/notes", Some(&publisher.forged_token())).code();
        let waiting = [(); 3].map(|()| scope.spawn(forged));
        while publisher.asked() == 1 {
            assert!(!waiting[0].is_finished(), "it asks");
            std::thread::sleep(Duration::from_millis(10));
        }
        resource.get("/notes", Some(&good)).status(200);
        assert!(waiting.iter().any(|request| !request.is_finished()), "nobody waited for them");
        for request in waiting {
            assert_eq!(request.join().unwrap(), 503);
        }
    });
    let failed = Instant::now();
    for _ in 0..20 {
        resource.get("/notes", Some(&publisher.forged_token())).status(503);
        resource.get("/notes", Some(&good)).status(200);
    }
    assert!(publisher.asked() <= 2 + pauses(failed));
}

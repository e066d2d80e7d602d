//! Power cuts, simulated. The real binary runs under strace; from what it wrote, synced and
//! renamed the disk is rebuilt as it may look at many moments, with what was not synced lost,
//! kept, reordered and torn; each disk is opened, and every change that was acknowledged by then
//! must be there.
//!
//! ```text
//! cargo test --test powercut                                       a short form
//! DOORKEY_POWERCUT_STATES=200 cargo test --test powercut           so many of each load (a first
//!                                                                  start has about 150 in it)
//! DOORKEY_POWERCUT_SEED=7                                          other choices
//! DOORKEY_POWERCUT_IGNORE_SYNC=journal                             as if these syncs did nothing
//! ```

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, their helpers too")]
#![expect(unreachable_pub, reason = "the modules are the API of the tests")]

mod check;
mod cut;
mod disk;
mod history;
mod model_tests;
mod people;
mod server;
mod states;
mod trace;
mod workload;

use std::io::Write as _;

use states::{Settings, Tally};
use workload::Recording;

/// Below the data folder, whose syncs make commits durable.
const DURABLE_BY: &str = "journal";

fn recorded(settings: &Settings) -> Vec<Recording> {
    let loads =
        [workload::first_start, workload::mixed_load, workload::restarts, workload::restore];
    loads.into_iter().map(|load| load(settings.seed)).collect()
}

/// Past the capture of the test harness: figures, and a test that did not run, must be seen.
fn say(text: &str) {
    writeln!(std::io::stderr().lock(), "{text}").unwrap();
}

fn can_run() -> bool {
    if !trace::is_installed() {
        say("\n*** powercut: skipped: strace is not installed ***\n");
    }
    trace::is_installed()
}

#[test]
fn no_acknowledged_change_is_lost_when_the_power_goes() {
    if !can_run() {
        return;
    }
    let settings = Settings::read();
    let tallies: Vec<Tally> =
        recorded(&settings).iter().flat_map(|load| states::run(load, &settings)).collect();
    say(&states::table(&tallies, &settings));
    let losses: Vec<&String> = tallies.iter().flat_map(|tally| &tally.losses).collect();
    assert!(losses.is_empty(), "{losses:#?}");
}

#[test]
fn a_first_start_that_was_cut_off_at_any_moment_can_be_done_again() {
    if !can_run() {
        return;
    }
    let settings = Settings { states: 0, ..Settings::read() };
    let tally = states::run_every_moment(&workload::first_start(settings.seed));
    say(&states::table(std::slice::from_ref(&tally), &settings));
    assert!(tally.losses.is_empty(), "{:#?}", tally.losses);
}

/// Everybody has what was there before, or everybody what was restored.
#[test]
fn a_restore_that_was_cut_off_at_any_moment_is_whole_or_has_not_happened() {
    if !can_run() {
        return;
    }
    let settings = Settings { states: 0, ..Settings::read() };
    let tally = states::run_every_moment(&workload::restore(settings.seed));
    say(&states::table(std::slice::from_ref(&tally), &settings));
    assert!(tally.losses.is_empty(), "{:#?}", tally.losses);
}

/// The first test above can fail: it does when the disk does not sync what makes commits durable.
#[test]
fn without_the_sync_of_the_commits_changes_are_lost() {
    if !can_run() {
        return;
    }
    let settings =
        Settings { states: 24, ignored: Some(DURABLE_BY.to_owned()), ..Settings::read() };
    let tallies = states::run(&workload::mixed_load(settings.seed), &settings);
    say(&states::table(&tallies, &settings));
    assert!(tallies.iter().all(|tally| !tally.losses.is_empty()), "no loss without a sync");
}

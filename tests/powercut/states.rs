//! Many disks of one recording: built, opened, counted.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::hash::{Hash as _, Hasher as _};

use serde_json::json;

use super::check::{Promise, Verifier, check};
use super::cut::{self, Choice, Dice, Style};
use super::disk::{Disk, Rules};
use super::people::RESTORE;
use super::workload::Recording;

/// What the environment asks for.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Different disks of each load.
    pub states: usize,
    pub seed: u64,
    /// Syncs of files whose path holds this do nothing.
    pub ignored: Option<String>,
}

impl Settings {
    pub fn read() -> Self {
        let find =
            |wanted: &str| std::env::vars().find(|(name, _)| name == wanted).map(|(_, text)| text);
        let number =
            |name: &str, otherwise| find(name).map_or(otherwise, |text| text.parse().unwrap());
        let states = number("DOORKEY_POWERCUT_STATES", 20);
        Self {
            states: usize::try_from(states).unwrap(),
            seed: number("DOORKEY_POWERCUT_SEED", 1),
            ignored: find("DOORKEY_POWERCUT_IGNORE_SYNC").filter(|text| !text.is_empty()),
        }
    }
}

/// What came of one load under one set of rules.
#[derive(Debug)]
pub struct Tally {
    load: &'static str,
    rules: Rules,
    /// Disks that differ from each other, or in what was acknowledged before.
    states: HashSet<u64>,
    opened: usize,
    acknowledged: usize,
    /// One for each disk that is not as it must be.
    pub losses: Vec<String>,
}

impl Tally {
    fn new(recording: &Recording, rules: Rules) -> Self {
        let (load, states, losses) = (recording.name, HashSet::new(), Vec::new());
        Self { load, rules, states, opened: 0, acknowledged: 0, losses }
    }
}

/// Chosen disks, half of them by each set of rules.
pub fn run(recording: &Recording, settings: &Settings) -> [Tally; 2] {
    let (sent, verifier) = (sent(recording), Verifier::new());
    let mut tallies = [Rules::Ext4, Rules::Posix].map(|rules| Tally::new(recording, rules));
    // The same disk twice is not counted; a short recording may not have so many.
    for attempt in 0..settings.states * 10 {
        if tallies[0].states.len() + tallies[1].states.len() >= settings.states {
            break;
        }
        let seed = settings.seed * 1_000_000 + u64::try_from(attempt).unwrap();
        let mut dice = Dice::new(seed);
        let cut = cut::moment(&recording.history, recording.from, &mut dice);
        let choice = Choice::new(&mut dice, cut);
        let disk = (cut, choice, settings.ignored.as_deref());
        one(recording, (&sent, &verifier), (&mut tallies[attempt % 2], disk));
    }
    tallies
}

/// Every moment until the first answer after the recording's own, with all names on the disk and
/// nothing in the files: what a file system that writes names first leaves of a start.
pub fn run_every_moment(recording: &Recording) -> Tally {
    let (sent, verifier) = (sent(recording), Verifier::new());
    let mut tally = Tally::new(recording, Rules::Ext4);
    let from = recording.from;
    let first = sent.values().copied().filter(|sent| *sent >= from).min().unwrap();
    let ops = recording.history.ops.iter().filter(|op| op.start >= from && op.end < first);
    let moments: BTreeSet<usize> = ops.flat_map(|op| [op.start, op.end]).collect();
    for cut in moments {
        let names = Choice::of(Style::Everything, 4096);
        let choice = Choice { data: Style::Nothing, ..names };
        one(recording, (&sent, &verifier), (&mut tally, (cut, choice, None)));
    }
    tally
}

/// When the answer with a request id may have arrived.
fn sent(recording: &Recording) -> HashMap<String, usize> {
    let mut moments = HashMap::new();
    for (moment, bytes) in &recording.history.sent {
        let text = String::from_utf8_lossy(bytes);
        let id = text.split("x-request-id: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let id = id.or_else(|| text.contains("restored the state of").then_some(RESTORE));
        moments.extend(id.map(|id| (id.to_owned(), *moment)));
    }
    for (id, effect) in recording.people.iter().flat_map(|person| &person.changes) {
        assert!(moments.contains_key(id), "the answer to {effect:?} is not in the trace");
    }
    moments
}

fn one(
    recording: &Recording,
    (sent, verifier): (&HashMap<String, usize>, &Verifier),
    (tally, (cut, choice, ignored)): (&mut Tally, (usize, Choice, Option<&str>)),
) {
    let disk = Disk::at(&recording.history, cut, (tally.rules, ignored));
    let image = disk.image(&mut choice.clone());
    let is_sent = |id: &str| sent[id] <= cut;
    let promises: Vec<Promise> =
        recording.people.iter().map(|person| Promise::of(person, is_sent)).collect();
    let acknowledged: Vec<usize> = promises.iter().map(|promise| promise.acknowledged).collect();
    let mut hasher = DefaultHasher::new();
    (image.files(), &acknowledged).hash(&mut hasher);
    if !tally.states.insert(hasher.finish()) {
        return;
    }
    tally.acknowledged += acknowledged.iter().sum::<usize>();
    let folder = tempfile::tempdir().unwrap();
    image.build(folder.path());
    let wrong = check(folder.path(), promises, verifier);
    tally.opened += usize::from(!wrong.iter().any(|why| why.starts_with("does not ")));
    if wrong.is_empty() {
        return;
    }
    let mut place = "not kept".to_owned();
    if ignored.is_none() {
        // As it was before it was opened.
        let kept = tempfile::tempdir().unwrap().keep();
        image.build(&kept);
        place = format!("kept in {}", kept.display());
        let life = recording.history.ends.iter().filter(|end| **end <= cut).count();
        let (name, trace) = (format!("trace-{life}"), recording.folder.path());
        fs::copy(trace.join(&name), kept.join(&name)).unwrap();
    }
    tally.losses.push(format!(
        "{}, {:?}, power cut at {cut}, {choice:?}, {place}: {}",
        tally.load,
        tally.rules,
        wrong.join("; ")
    ));
}

/// For people, and in the last line for machines.
pub fn table(tallies: &[Tally], settings: &Settings) -> String {
    let title =
        settings.ignored.as_ref().map_or(String::new(), |part| format!(", no sync of {part}"));
    let mut text = format!(
        "\npower cuts, seed {}{title}\n{:<12} {:<6} {:>6} {:>6} {:>12} {:>6}\n",
        settings.seed, "workload", "rules", "states", "opened", "acknowledged", "losses"
    );
    let mut rows = Vec::new();
    for tally in tallies {
        let rules = format!("{:?}", tally.rules).to_lowercase();
        let (states, losses) = (tally.states.len(), tally.losses.len());
        let Tally { load, opened, acknowledged, .. } = tally;
        let row = format!(
            "{load:<12} {rules:<6} {states:>6} {opened:>6} {acknowledged:>12} {losses:>6}\n"
        );
        text += &row;
        rows.push(json!({"workload": load, "rules": rules, "states": states,
            "opened": opened, "acknowledged": acknowledged, "losses": losses}));
    }
    let ignored = &settings.ignored;
    text + &json!({"powercut": rows, "seed": settings.seed, "ignored_sync": ignored}).to_string()
}

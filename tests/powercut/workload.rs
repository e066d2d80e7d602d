//! Loads on the real binary, recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::process::Signal;
use tempfile::TempDir;

use super::cut::{Choice, Dice, Style};
use super::disk::{Disk, Rules};
use super::history::History;
use super::people::Person;
use super::server::{Server, command, last_commit};

/// What was done, and what was answered.
pub struct Recording {
    pub name: &'static str,
    pub history: History,
    pub people: Vec<Person>,
    /// The power goes after this moment.
    pub from: usize,
    /// With the traces, until the test is over.
    pub folder: TempDir,
}

impl Recording {
    fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { name, history: History::default(), people: Vec::new(), from: 0, folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// One life of a server.
    fn life(&mut self, signal: Signal, load: impl FnOnce(&mut Server, &mut Vec<Person>)) {
        let (root, number) = (self.root(), self.history.ends.len());
        let trace = self.folder.path().join(format!("trace-{number}"));
        fs::create_dir_all(&root).unwrap();
        let mut server = Server::start(&root, &trace);
        load(&mut server, &mut self.people);
        self.history.add(&root, server.end(signal, &trace));
        self.compare(&root);
    }

    /// The model with everything kept is the folder as it is: the trace missed nothing.
    fn compare(&self, root: &Path) {
        let disk = Disk::at(&self.history, self.history.end(), (Rules::Posix, None));
        let image = disk.image(&mut Choice::of(Style::Everything, 4096));
        let mut real = Vec::new();
        files(&root.join("data"), &mut real);
        let modelled = image.files();
        assert_eq!(modelled.len(), real.len(), "{:?}\n{real:?}", modelled.keys());
        for path in real {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let same = modelled.get(name).is_some_and(|bytes| **bytes == fs::read(&path).unwrap());
            assert!(same, "the model of the disk has another {name}");
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// The first start of all, and the first accounts.
pub fn first_start(_: u64) -> Recording {
    let mut recording = Recording::new("first start");
    recording.life(Signal::TERM, |server, people| {
        set_up(server, people);
        let mut ann = Person::new("ann".to_owned());
        ann.register(server.client());
        ann.log_in(server.client());
        ann.log_out(server.client());
        people.push(ann);
    });
    recording
}

/// Several clients at a time, and everything that changes an account.
pub fn mixed_load(seed: u64) -> Recording {
    let mut recording = Recording::new("mixed load");
    recording.life(Signal::KILL, |server, people| {
        set_up(server, people);
        crowd(server, people, (8, 6, seed));
    });
    recording.from = first_answer(&recording.history);
    recording
}

/// Starts on what a killed and what a stopped server left, and more is written each time.
pub fn restarts(seed: u64) -> Recording {
    let mut recording = Recording::new("restarts");
    recording.life(Signal::KILL, |server, people| {
        set_up(server, people);
        crowd(server, people, (4, 4, seed));
    });
    recording.from = recording.history.end();
    for (life, signal) in [Signal::TERM, Signal::KILL, Signal::TERM].into_iter().enumerate() {
        let seed = seed + u64::try_from(life).unwrap() + 1;
        recording.life(signal, |server, people| crowd(server, people, (4, 8, seed)));
    }
    recording
}

/// All but the latest changes of a stopped server, restored from its own past.
pub fn restore(seed: u64) -> Recording {
    let mut recording = Recording::new("restore");
    recording.life(Signal::TERM, |server, people| {
        set_up(server, people);
        crowd(server, people, (4, 4, seed));
    });
    recording.from = recording.history.end();
    let (root, trace) = (recording.root(), recording.folder.path().join("trace-1"));
    let calls = command(&root, &trace, &["restore", "--commit", &last_commit(&root), "--replace"]);
    recording.history.add(&root, calls);
    recording.compare(&root);
    recording.people.iter_mut().for_each(Person::restored);
    recording
}

fn first_answer(history: &History) -> usize {
    let answer = history.sent.iter().find(|(_, bytes)| bytes.starts_with(b"HTTP/1.1 "));
    answer.unwrap().0
}

fn set_up(server: &mut Server, people: &mut Vec<Person>) {
    let secret = server.setup_secret();
    let mut admin = Person::new("root-admin".to_owned());
    admin.set_up(server.client(), &secret);
    admin.log_in(server.client());
    people.push(admin);
}

/// So many people at a time, each so many rounds. The first of all is the administrator.
fn crowd(server: &Server, people: &mut Vec<Person>, (count, rounds, seed): (usize, u64, u64)) {
    while people.len() <= count {
        people.push(Person::new(format!("ann-{}", people.len())));
    }
    let (client, admin) = (server.client(), people[0].bearer());
    thread::scope(|scope| {
        for (number, person) in people.iter_mut().enumerate().skip(1) {
            let mut dice = Dice::new(seed * 1000 + u64::try_from(number).unwrap());
            let admin = admin.as_str();
            scope.spawn(move || (0..rounds).for_each(|_| person.round(client, (admin, &mut dice))));
        }
    });
}

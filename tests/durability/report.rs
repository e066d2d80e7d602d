//! The figures, for people and for programs.

use serde_json::{Value, json};

use crate::model::{Count, Counts};

pub struct Report {
    pub seed: u64,
    pub rounds: usize,
    pub kills_while_opening: usize,
    pub counts: Counts,
    pub losses: Vec<String>,
}

impl Report {
    pub fn add(&mut self, counts: &Counts) {
        for (kind, count) in counts {
            let sum = self.counts.entry(kind).or_default();
            sum.acknowledged += count.acknowledged;
            sum.cut_off_done += count.cut_off_done;
            sum.cut_off_not_done += count.cut_off_not_done;
        }
    }

    fn total(&self) -> Count {
        self.counts.values().fold(Count::default(), |sum, count| Count {
            acknowledged: sum.acknowledged + count.acknowledged,
            cut_off_done: sum.cut_off_done + count.cut_off_done,
            cut_off_not_done: sum.cut_off_not_done + count.cut_off_not_done,
        })
    }

    /// One table and one JSON line. `eprintln` is what `--nocapture` shows.
    pub fn print(&self) {
        let row = |name: &str, count: &Count| {
            eprintln!(
                "{name:<18}{:>14}{:>14}{:>18}",
                count.acknowledged, count.cut_off_done, count.cut_off_not_done
            );
        };
        eprintln!(
            "\n{:<18}{:>14}{:>14}{:>18}",
            "change", "acknowledged", "cut off: done", "not done"
        );
        self.counts.iter().for_each(|(kind, count)| row(kind, count));
        row("all", &self.total());
        eprintln!(
            "{} rounds of kill -9, {} more while it opened, {} losses (seed {})",
            self.rounds,
            self.kills_while_opening,
            self.losses.len(),
            self.seed
        );
        eprintln!("{}", self.json());
    }

    fn json(&self) -> Value {
        let kinds =
            self.counts.iter().map(|(kind, count)| ((*kind).to_owned(), json!(count.acknowledged)));
        json!({
            "test": "kill",
            "seed": self.seed,
            "rounds": self.rounds,
            "kills_while_opening": self.kills_while_opening,
            "acknowledged": self.total().acknowledged,
            "by_kind": kinds.collect::<serde_json::Map<_, _>>(),
            "cut_off_done": self.total().cut_off_done,
            "cut_off_not_done": self.total().cut_off_not_done,
            "losses": self.losses.len(),
        })
    }
}

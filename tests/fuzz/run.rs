//! How long a target is tried, with which seed, and what is said of it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::mutate::Stock;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Taken,
    Refused,
}

impl Verdict {
    /// Taken when there is something.
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Taken } else { Self::Refused }
    }
}

/// When to stop.
enum Budget {
    Cases(u64),
    Time(Duration),
}

/// One parser with what it is fed.
pub struct Target {
    pub name: &'static str,
    pub stock: Stock,
    /// How many cases a plain `cargo test` runs.
    pub smoke: u64,
}

impl Target {
    /// Runs the seeds, each of which must be taken, and then what is made of them. `check` fails
    /// with a panic; that input is kept in a file, which `DOORKEY_FUZZ_INPUT` runs again.
    pub fn run(&self, mut check: impl FnMut(&[u8]) -> Verdict) {
        if let Some(path) = setting("DOORKEY_FUZZ_INPUT") {
            check(&fs::read(path).unwrap());
            return;
        }
        for seed in &self.stock.seeds {
            let verdict = self.one(seed, (0, 0), &mut check);
            assert_eq!(verdict, Verdict::Taken, "a seed: {}", seed.escape_ascii());
        }
        let (seed, budget, start) = (number("DOORKEY_FUZZ_SEED", 1), self.budget(), Instant::now());
        let (mut cases, mut taken) = (0_u64, 0_u64);
        while !is_over(&budget, cases, start) {
            let mut chance = Chance::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(cases));
            // Neighbouring seeds of this generator begin alike.
            chance = Chance::new(chance.next());
            let input = self.stock.next(&mut chance);
            taken += u64::from(self.one(&input, (seed, cases), &mut check) == Verdict::Taken);
            cases += 1;
        }
        eprintln!(
            "fuzz {}: {cases} cases in {:.1} s, {taken} taken, {} refused, seed {seed}",
            self.name,
            start.elapsed().as_secs_f32(),
            cases - taken
        );
    }

    fn budget(&self) -> Budget {
        match setting("DOORKEY_FUZZ_SECONDS") {
            Some(seconds) => Budget::Time(Duration::from_secs(seconds.parse().unwrap())),
            None => Budget::Cases(number("DOORKEY_FUZZ_CASES", self.smoke)),
        }
    }

    fn one(
        &self,
        input: &[u8],
        (seed, case): (u64, u64),
        check: &mut impl FnMut(&[u8]) -> Verdict,
    ) -> Verdict {
        catch_unwind(AssertUnwindSafe(|| check(input))).unwrap_or_else(|panic| {
            let file =
                std::env::temp_dir().join(format!("doorkey-fuzz-{}-{seed}-{case}", self.name));
            fs::write(&file, input).unwrap();
            eprintln!(
                "fuzz {}: case {case} of seed {seed} fails: {}\nonce more: DOORKEY_FUZZ_INPUT={} \
                 cargo test --test fuzz {}",
                self.name,
                input.escape_ascii(),
                file.display(),
                self.name
            );
            resume_unwind(panic)
        })
    }
}

fn is_over(budget: &Budget, cases: u64, start: Instant) -> bool {
    match budget {
        Budget::Cases(most) => cases >= *most,
        Budget::Time(most) => start.elapsed() >= *most,
    }
}

fn number(name: &str, default: u64) -> u64 {
    setting(name).map_or(default, |text| text.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is not the program's setting")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

//! Where the power goes, and what of the unsynced happens to be on the disk: seeded, so that
//! the same recording and seed give the same disk.

use super::history::{Act, History};

/// The generator `SplitMix64`: enough for choices.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`; 0 for 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// What of the unsynced survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Nothing,
    Everything,
    /// Everything before a moment, nothing after it; what began at the moment is torn.
    Before(usize),
    /// Reordered: nothing of what changed last before the moment, everything after it.
    After(usize),
    /// Each by itself, so many of a hundred.
    Percent(usize),
}

/// One disk of the many that are possible.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is written whole: a page or a sector.
    pub unit: usize,
    pub data: Style,
    pub names: Style,
    pub dice: Dice,
}

impl Choice {
    /// A choice over what happened up to `cut`.
    pub fn new(dice: &mut Dice, cut: usize) -> Self {
        let mut style = || {
            // Most of what is not synced is recent.
            let back = dice.pick(&[20, 200, 2000, cut]).min(cut);
            let moment = cut - dice.below(back);
            let percent = dice.pick(&[3, 20, 50, 80, 97]);
            let styles = [
                Style::Nothing,
                Style::Everything,
                Style::Before(moment),
                Style::After(moment),
                Style::Percent(percent),
                Style::Percent(percent),
            ];
            dice.pick(&styles)
        };
        let (data, names) = (style(), style());
        Self { unit: dice.pick(&[512, 4096]), data, names, dice: Dice::new(dice.next()) }
    }

    /// One style for all.
    pub fn of(style: Style, unit: usize) -> Self {
        Self { unit, data: style, names: style, dice: Dice::new(1) }
    }

    /// How many of the first of `count` acts on names survive, when they keep their order.
    pub fn prefix(&mut self, count: usize) -> usize {
        match self.names {
            Style::Nothing => 0,
            Style::Everything => count,
            Style::Before(_) | Style::After(_) | Style::Percent(_) => self.dice.below(count + 1),
        }
    }

    /// Whether a name survives by itself; `moment` is when it was made.
    pub fn keeps(&mut self, moment: usize) -> bool {
        self.decide(self.names, moment)
    }

    /// How many of the first of some acts on one page or sector survive, by their moments.
    pub fn version(&mut self, pending: &[usize]) -> usize {
        let count = pending.len();
        match self.data {
            Style::Nothing => 0,
            Style::Everything => count,
            Style::Before(moment) => {
                let sure = pending.partition_point(|at| *at < moment);
                let torn = pending.get(sure) == Some(&moment) && self.dice.below(2) == 1;
                sure + usize::from(torn)
            }
            Style::After(moment) => {
                let kept = pending.last().is_some_and(|at| *at >= moment);
                if kept { count } else { 0 }
            }
            Style::Percent(percent) => {
                if self.dice.below(100) < percent {
                    count
                } else {
                    self.dice.below(count + 1)
                }
            }
        }
    }

    fn decide(&mut self, style: Style, moment: usize) -> bool {
        match style {
            Style::Nothing => false,
            Style::Everything => true,
            Style::Before(end) => moment < end || moment == end && self.dice.below(2) == 1,
            Style::After(start) => moment >= start,
            Style::Percent(percent) => self.dice.below(100) < percent,
        }
    }
}

/// A moment after `from`: just when an answer left, in the middle of a sync or at its start, or
/// any at which something was under way.
pub fn moment(history: &History, from: usize, dice: &mut Dice) -> usize {
    let answers = history.sent.iter().filter(|(_, bytes)| bytes.starts_with(b"HTTP/1.1 "));
    let answers: Vec<usize> = answers.map(|(at, _)| *at).filter(|at| *at >= from).collect();
    let ops = history.ops.iter().filter(|op| op.start >= from);
    let syncs = ops.clone().filter(|op| matches!(op.act, Act::Sync { .. }));
    let syncs: Vec<usize> = syncs.flat_map(|op| [op.start, op.end]).collect();
    let others: Vec<usize> = ops.map(|op| op.start).collect();
    let groups = [&answers, &syncs, &others, &others];
    let groups: Vec<&Vec<usize>> = groups.into_iter().filter(|group| !group.is_empty()).collect();
    let group = groups[dice.below(groups.len())];
    group[dice.below(group.len())]
}

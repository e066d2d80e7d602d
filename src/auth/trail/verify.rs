//! Verifies a trail line by line, from the store or from an export, in constant memory.

use super::line::{EventLine, Line, hash_of, is_proven};
use super::report::{TrailFinding, TrailFlaw, TrailReport};
use crate::crypto::AuditKey;
use crate::model::{Chain, ChainPlace, Digest, EventKind, Seal, SealContent, SealedEvent};

/// More events than any seal covers need not be kept until the next one.
const MOST_KEPT: usize = 1_000;

/// What the one who verifies knows from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// A place in the chain that was noted earlier: it must still be there.
    pub place: Option<(u64, Digest)>,
    /// Only findings about this seal and later ones count.
    pub from: u64,
}

/// Takes the lines one by one.
#[derive(Debug)]
pub struct Verifier {
    key: Option<AuditKey>,
    expected: Expected,
    report: TrailReport,
    /// Behind the last seal that stood in its place.
    last: ChainPlace,
    /// The last place where a chain is said to begin.
    start: ChainPlace,
    /// Events since the last seal.
    events: Vec<EventLine>,
    is_ended: bool,
    is_whole: bool,
    lines: u64,
}

impl Verifier {
    /// Without the key, only what hashes show is seen.
    #[must_use]
    pub fn new(key: Option<AuditKey>, expected: Expected) -> Self {
        Self {
            key,
            expected,
            report: TrailReport::default(),
            last: ChainPlace::default(),
            start: ChainPlace::default(),
            events: Vec::new(),
            is_ended: false,
            is_whole: false,
            lines: 0,
        }
    }

    /// The next line.
    pub fn take(&mut self, line: Line) {
        match line {
            Line::Start(place) => self.begin(place),
            Line::Event(event) => self.event(event),
            Line::Seal(seal) => self.seal(&seal),
            Line::Chain(chain) => self.end(&chain),
            Line::Unsealed(event) => self.unsealed(&event),
            Line::Stray(event) => self.about_event(None, &event, TrailFlaw::EventStray),
            Line::Damaged(what) => self.find(None, TrailFlaw::Damaged(what)),
            Line::End(lines) => self.is_whole = lines == self.lines,
        }
        self.lines += 1;
    }

    /// A line of an export that cannot be read, by its number.
    pub fn unreadable(&mut self, number: u64) {
        self.find(None, TrailFlaw::Unreadable(number));
        self.lines += 1;
    }

    /// Everything was taken. An export also has to say where its chain and where it itself ends;
    /// a store may be one that nothing was sealed in yet.
    #[must_use]
    pub fn finish(mut self, is_export: bool) -> TrailReport {
        self.inserted(None);
        if !self.is_ended && (is_export || self.report.seals > 0) {
            self.find(None, TrailFlaw::NoEnd);
        }
        if is_export && !self.is_whole {
            self.find(None, TrailFlaw::CutOff);
        }
        if !self.is_ended && self.expected.place.is_some() {
            self.find(self.expected.place.map(|(number, _)| number), TrailFlaw::Shorter);
        }
        self.report
    }

    /// How many events were seen, for whoever waits.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.report.events
    }

    fn begin(&mut self, place: ChainPlace) {
        self.inserted(None);
        if place.number < self.last.number {
            self.find(Some(place.number), TrailFlaw::StartForged);
            return;
        }
        self.start = place;
        self.last = place;
    }

    fn event(&mut self, event: EventLine) {
        if self.is_ended || self.events.len() == MOST_KEPT {
            self.about_event(None, &event, TrailFlaw::EventInserted);
        } else {
            self.events.push(event);
        }
    }

    fn seal(&mut self, seal: &Seal) {
        let content = &seal.content;
        let number = Some(content.number);
        self.report.seals += 1;
        if self.is_ended {
            self.find(number, TrailFlaw::AfterEnd);
        }
        if hash_of(content) != seal.hash {
            self.find(number, TrailFlaw::SealAltered);
        }
        if content.number <= self.last.number {
            self.find(number, TrailFlaw::SealMisplaced);
        } else {
            self.follow(content);
            self.last = seal.place();
        }
        if content.unproven && content.number > self.expected.from {
            self.find(number, TrailFlaw::Unproven);
        }
        if self.expected.place.is_some_and(|(n, hash)| Some(n) == number && hash != seal.hash) {
            self.find(number, TrailFlaw::OtherHash);
        }
        self.cover(content);
    }

    /// Whether a seal goes on where the last one ended.
    fn follow(&mut self, content: &SealContent) {
        let wanted = self.last.number.saturating_add(1);
        if content.number > wanted {
            self.find(Some(content.number - 1), TrailFlaw::SealsMissing(wanted));
        } else if content.previous != self.last.hash && content.number > self.expected.from {
            self.find(Some(content.number), TrailFlaw::SealBroken);
        }
    }

    /// Holds the events since the last seal against what a seal covers.
    fn cover(&mut self, content: &SealContent) {
        let number = content.number;
        let mut events = std::mem::take(&mut self.events);
        let mut behind = 0;
        for sealed in &content.events {
            let is_it = |event: &EventLine| (event.time, event.id) == (sealed.time, sealed.id);
            let Some(at) = events.iter().position(is_it) else {
                self.absent(number, sealed);
                continue;
            };
            let event = events.remove(at);
            // Everything before the last one that was found is left over, or was moved.
            if at < behind {
                behind -= 1;
                self.about_event(Some(number), &event, TrailFlaw::EventMoved);
            } else {
                behind = at;
            }
            self.compare(number, sealed, &event);
        }
        self.events = events;
        self.inserted(Some(number));
    }

    fn compare(&mut self, number: u64, sealed: &SealedEvent, event: &EventLine) {
        self.report.events += 1;
        match sealed.hash {
            Some(hash) if hash == event.hash() => {}
            Some(_) => self.about_event(Some(number), event, TrailFlaw::EventAltered),
            None => self.about_event(Some(number), event, TrailFlaw::EventLost),
        }
        if event.kind == EventKind::Restored {
            let state = event.detail.as_deref().unwrap_or_default();
            self.report.note(format!(
                "seal {number} holds a restore of {}: {state}; what was written between is not in \
                 this trail",
                event.time
            ));
        }
    }

    fn absent(&mut self, number: u64, sealed: &SealedEvent) {
        let what = match sealed.hash {
            Some(_) => TrailFlaw::EventRemoved,
            None => TrailFlaw::EventLost,
        };
        self.note(TrailFinding { seal: Some(number), event: Some(sealed.into()), what });
    }

    /// What is left of the events since the last seal.
    fn inserted(&mut self, number: Option<u64>) {
        for event in std::mem::take(&mut self.events) {
            self.about_event(number, &event, TrailFlaw::EventInserted);
        }
    }

    fn end(&mut self, chain: &Chain) {
        self.inserted(None);
        if self.is_ended {
            self.find(Some(chain.span.end.number), TrailFlaw::AfterEnd);
            return;
        }
        self.is_ended = true;
        let end = chain.span.end;
        if end.number > self.last.number {
            let first = self.last.number.saturating_add(1);
            self.find(Some(end.number), TrailFlaw::SealsMissing(first));
        } else if end.number < self.last.number {
            self.find(Some(self.last.number), TrailFlaw::AfterEnd);
        } else if end.hash != self.last.hash {
            self.find(Some(end.number), TrailFlaw::SealBroken);
        }
        self.begun(chain.span.start);
        self.report.end = Some(end);
        self.report.proven = self.key.as_ref().map(|key| is_proven(chain, key));
        if self.report.proven == Some(false) {
            self.find(Some(end.number), TrailFlaw::EndForged);
        }
        self.reached(chain);
    }

    /// Whether retention has removed what is said to be removed, and not more. While the trail
    /// was read it may have gone on.
    fn begun(&mut self, said: ChainPlace) {
        self.report.start = self.start;
        let is_beyond = self.start.number > said.number;
        let is_other = self.start.number == said.number && self.start.hash != said.hash;
        if is_beyond || is_other {
            self.find(Some(self.start.number), TrailFlaw::StartForged);
        }
    }

    fn reached(&mut self, chain: &Chain) {
        let Some((number, hash)) = self.expected.place else { return };
        let start = chain.span.start;
        if number > chain.span.end.number {
            self.find(Some(number), TrailFlaw::Shorter);
        } else if number == start.number && Some(hash) != start.hash {
            self.find(Some(number), TrailFlaw::OtherHash);
        } else if number < start.number {
            let kept = format!("seal {number}, which was expected, is older than what is kept");
            self.report.note(kept);
        }
    }

    fn unsealed(&mut self, event: &EventLine) {
        self.report.unsealed += 1;
        if event.kind == EventKind::Restored {
            let state = event.detail.as_deref().unwrap_or_default();
            self.report.note(format!("a restore of {} is not sealed yet: {state}", event.time));
        }
    }

    fn about_event(&mut self, seal: Option<u64>, event: &EventLine, what: TrailFlaw) {
        self.note(TrailFinding { seal, event: Some(event.place()), what });
    }

    fn find(&mut self, seal: Option<u64>, what: TrailFlaw) {
        self.note(TrailFinding { seal, event: None, what });
    }

    fn note(&mut self, finding: TrailFinding) {
        if finding.seal.is_none_or(|seal| seal >= self.expected.from) {
            self.report.find(finding);
        }
    }
}

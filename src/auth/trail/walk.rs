//! The trail in pages, as lines: first each seal behind the events it covers, then what waits,
//! then a look at every event for those that no seal covers. The server works on meanwhile.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::line::{EventLine, Line};
use crate::auth::{Access, Auth, Error};
use crate::model::{Chain, Event, EventId, Seal, Timestamp};
use crate::store::{EventPlace, Events, Found, Store, seal_name};

/// Seals on one page, each with its events.
const SEALS: usize = 20;
/// Events that wait, on one page.
const UNSEALED: usize = 500;
/// Events that one page looks at.
const LOOKED_AT: usize = 500;
/// How many seals are remembered while events are looked at: neighbours mostly share one.
const REMEMBERED: usize = 64;

/// Some lines of the trail.
#[derive(Debug)]
pub struct TrailPage {
    /// In the order of an export.
    pub lines: Vec<Line>,
    /// For the next page; `None` at the end.
    pub next_cursor: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Behind the seal with this number.
    Seals(Option<u64>),
    /// Behind this event that waits.
    Unsealed(Option<EventPlace>),
    /// Behind the event at this place.
    Events(Option<Vec<u8>>),
}

impl Stage {
    fn cursor(&self) -> String {
        let text = match self {
            Self::Seals(None) => b"s".to_vec(),
            Self::Seals(Some(number)) => format!("s{number}").into_bytes(),
            Self::Unsealed(None) => b"u".to_vec(),
            Self::Unsealed(Some(at)) => format!("u{}/{}", at.time.seconds(), at.id).into_bytes(),
            Self::Events(None) => b"e".to_vec(),
            Self::Events(Some(place)) => [b"e", place.as_slice()].concat(),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// `None` for what no page gave.
    fn parse(cursor: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (stage, place) = bytes.split_first()?;
        let text = std::str::from_utf8(place).ok()?;
        match (stage, text.is_empty()) {
            (b's', true) => Some(Self::Seals(None)),
            (b's', false) => Some(Self::Seals(Some(text.parse().ok()?))),
            (b'u', true) => Some(Self::Unsealed(None)),
            (b'u', false) => {
                let (time, id) = text.split_once('/')?;
                let time = Timestamp::from_seconds(time.parse().ok()?);
                Some(Self::Unsealed(Some(EventPlace { time, id: EventId::try_from(id).ok()? })))
            }
            (b'e', true) => Some(Self::Events(None)),
            (b'e', false) => Events::is_place(place).then(|| Self::Events(Some(place.to_vec()))),
            (_, _) => None,
        }
    }
}

impl Auth {
    /// A page of the whole trail, for an export or to verify it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone but the operator; [`Error::Invalid`] for a cursor that
    /// no page gave.
    pub async fn trail(&self, access: &Access, cursor: Option<&str>) -> Result<TrailPage, Error> {
        access.require_operator()?;
        let bad = || Error::invalid("cursor", "must be the next_cursor of an earlier page");
        let stage = match cursor {
            Some(cursor) => Stage::parse(cursor).ok_or_else(bad)?,
            None => Stage::Seals(None),
        };
        let (lines, next) = match stage {
            Stage::Seals(after) => self.sealed(after).await?,
            Stage::Unsealed(after) => self.unsealed(after).await?,
            Stage::Events(after) => self.strays(after).await?,
        };
        Ok(TrailPage { lines, next_cursor: next.map(|stage| stage.cursor()) })
    }

    async fn sealed(&self, after: Option<u64>) -> Result<(Vec<Line>, Option<Stage>), Error> {
        let before = self.chain().await?;
        let was_gone = before.map_or(0, |chain| chain.span.start.number);
        let page = self.store.seals().page(after, SEALS).await?;
        let mut covered = Vec::with_capacity(page.len());
        for (number, found) in page {
            covered.push((number, self.with_events(number, found).await?));
        }
        let Some((last, _)) = covered.last() else {
            let start = start(after, before);
            let end = before.map(Line::Chain);
            return Ok((start.into_iter().chain(end).collect(), Some(Stage::Unsealed(None))));
        };
        let next = Stage::Seals(Some(*last));
        let chain = self.chain().await?;
        let is_gone = chain.map_or(0, |chain| chain.span.start.number);
        // Retention may have taken some of them while they were read.
        covered.retain(|(number, _)| *number <= was_gone || *number > is_gone);
        let lines = covered.into_iter().flat_map(|(_, lines)| lines);
        Ok((start(after, chain).into_iter().chain(lines).collect(), Some(next)))
    }

    async fn chain(&self) -> Result<Option<Chain>, Error> {
        Ok(self.store.seals().chain().await?.map(|stored| stored.value))
    }

    /// A seal behind those of its events that are there.
    async fn with_events(&self, number: u64, found: Found<Seal>) -> Result<Vec<Line>, Error> {
        let seal = match found {
            Found::There(seal) => seal.value,
            Found::Absent | Found::Damaged => {
                return Ok(vec![Line::Damaged(seal_name(number))]);
            }
        };
        let mut lines = Vec::with_capacity(seal.content.events.len() + 1);
        for event in &seal.content.events {
            if let Found::There(event) = self.store.seals().event(event.into()).await? {
                lines.push(Line::Event(event.value.into()));
            }
        }
        lines.push(Line::Seal(seal));
        Ok(lines)
    }

    async fn unsealed(
        &self,
        after: Option<EventPlace>,
    ) -> Result<(Vec<Line>, Option<Stage>), Error> {
        let seals = self.store.seals();
        let page = seals.waiting(after, UNSEALED).await?;
        let next = match page.last() {
            Some(last) if page.len() == UNSEALED => Stage::Unsealed(Some(*last)),
            Some(_) | None => Stage::Events(None),
        };
        let mut lines = Vec::with_capacity(page.len());
        for place in page {
            match seals.event(place).await? {
                Found::There(event) => lines.push(Line::Unsealed(event.value.into())),
                // It may have been sealed, and swept, since.
                Found::Absent | Found::Damaged if !seals.is_waiting(place).await? => {}
                Found::Absent | Found::Damaged => {
                    lines.push(Line::Damaged(format!("event {} of {}", place.id, place.time)));
                }
            }
        }
        Ok((lines, Some(next)))
    }

    async fn strays(&self, after: Option<Vec<u8>>) -> Result<(Vec<Line>, Option<Stage>), Error> {
        let page = self.store.events().look(after.as_deref(), LOOKED_AT).await?;
        let last = page.last().filter(|_| page.len() == LOOKED_AT).map(|(key, _)| key.clone());
        // Nothing was slipped in where nothing was sealed yet.
        let is_begun = self.chain().await?.is_some();
        let (mut known, mut lines) = (Known::new(&self.store), Vec::new());
        for (key, found) in page {
            match found {
                Found::There(event) => {
                    if known.is_stray(event.value.clone()).await? {
                        let line = EventLine::from(event.value);
                        lines.push(if is_begun { Line::Stray(line) } else { Line::Unsealed(line) });
                    }
                }
                Found::Absent | Found::Damaged => {
                    lines.push(Line::Damaged(String::from_utf8_lossy(&key).into_owned()));
                }
            }
        }
        Ok((lines, last.map(|key| Stage::Events(Some(key)))))
    }
}

/// Where the chain begins, where it does not go on from the last page.
fn start(after: Option<u64>, chain: Option<Chain>) -> Option<Line> {
    let start = chain.map(|chain| chain.span.start).unwrap_or_default();
    let goes_on = after.is_some_and(|after| after >= start.number);
    (!goes_on).then_some(Line::Start(start))
}

/// What some seals cover.
struct Known<'a> {
    store: &'a Store,
    seals: HashMap<u64, HashSet<EventPlace>>,
}

impl<'a> Known<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, seals: HashMap::new() }
    }

    /// Whether an event neither waits nor is covered by the seal that it names. It is looked at
    /// twice, because the sealer or retention may have come between.
    async fn is_stray(&mut self, mut event: Event) -> Result<bool, Error> {
        let place = EventPlace::from(&event);
        for _ in 0..2 {
            let is_known = match event.seal {
                Some(number) => self.covers(number, place).await?,
                None => self.store.seals().is_waiting(place).await?,
            };
            if is_known {
                return Ok(false);
            }
            match self.store.seals().event(place).await? {
                Found::There(again) => event = again.value,
                Found::Absent | Found::Damaged => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn covers(&mut self, number: u64, place: EventPlace) -> Result<bool, Error> {
        if !self.seals.contains_key(&number) {
            let Found::There(seal) = self.store.seals().get(number).await? else {
                return Ok(false);
            };
            if self.seals.len() == REMEMBERED {
                self.seals.clear();
            }
            let covered = seal.value.content.events.iter().map(EventPlace::from).collect();
            self.seals.insert(number, covered);
        }
        Ok(self.seals.get(&number).is_some_and(|covered| covered.contains(&place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let at = EventPlace { time: Timestamp::from_seconds(7), id: EventId::from_bytes([7; 16]) };
        for stage in [
            Stage::Seals(None),
            Stage::Seals(Some(u64::MAX)),
            Stage::Unsealed(None),
            Stage::Unsealed(Some(at)),
            Stage::Events(None),
            Stage::Events(Some(b"event/0/x".to_vec())),
        ] {
            assert_eq!(Stage::parse(&stage.cursor()), Some(stage));
        }
        for text in ["", "x", "s-1", "s1x", "u1", "u1/x", "euser/1", "\u{e9}"] {
            assert_eq!(Stage::parse(&URL_SAFE_NO_PAD.encode(text)), None, "{text}");
        }
        assert_eq!(Stage::parse("%"), None);
    }
}

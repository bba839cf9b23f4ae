//! Walking a driver in its own order, a chunk at a time, from any position.

use super::context::Context;
use super::past::Ghost;
use crate::Outcome;
use crate::keys::{Cover, index_rows, of_param};
use crate::source::{Candidate, Moments, Row};
use fhir::ParamId;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};

/// First chunk, and the largest.
const CHUNK: (usize, usize) = (64, 2048);

/// A place in a walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Position {
    /// Index key and row id.
    Key(Vec<u8>, i64),
    /// Row id.
    Rid(i64),
    /// Logical id.
    Id(String),
    /// Moment and place in the change feed.
    Updated(i64, i64),
}

/// What is walked.
#[derive(Debug)]
pub(super) enum Driver {
    /// Ranges of a parameter's keys, in key order or against it.
    Index {
        param: ParamId,
        cover: Cover,
        descending: bool,
    },
    /// A patient's compartment, by row id.
    Patient(String),
    /// `[from, until)` by moment.
    Updated { from: i64, until: i64, descending: bool },
    /// All of the type, by id.
    Type { descending: bool },
    /// These, by row id.
    Rids(Vec<i64>),
}

impl Driver {
    /// Whether a candidate met at this position is to be taken here: a resource with several index rows in the ranges
    /// is taken at the first of them only.
    pub fn first_here(&self, position: &Position, candidate: &Candidate) -> bool {
        let (Self::Index { .. }, Position::Key(here, _)) = (self, position) else {
            return true;
        };
        self.first_key(candidate).as_deref() == Some(here.as_slice())
    }

    /// The first of a candidate's index rows that an index walk meets.
    fn first_key<'a>(&self, candidate: &'a Candidate) -> Option<Cow<'a, [u8]>> {
        let Self::Index {
            param,
            cover,
            descending,
        } = self
        else {
            return None;
        };
        let mut first: Option<Cow<'_, [u8]>> = None;
        for row in of_param(&candidate.keys, *param).flat_map(index_rows) {
            let better = first
                .as_deref()
                .is_none_or(|first| if *descending { *row > *first } else { *row < *first });
            if better && cover.ranges.iter().any(|range| range.holds(&row)) {
                first = Some(row);
            }
        }
        first
    }

    /// Where the walk would have met a version that is no longer current.
    fn place(&self, ghost: &Ghost) -> Option<Position> {
        let Ghost { candidate, seq } = ghost;
        match self {
            Self::Index { .. } => Some(Position::Key(self.first_key(candidate)?.into_owned(), candidate.rid)),
            Self::Patient(patient) => {
                (candidate.patient.as_ref() == Some(patient)).then_some(Position::Rid(candidate.rid))
            }
            Self::Updated { from, until, .. } => (*from..*until)
                .contains(&candidate.last_updated)
                .then_some(Position::Updated(candidate.last_updated, *seq)),
            Self::Type { .. } => Some(Position::Id(candidate.id.clone())),
            // They were gathered in the state of the searched moment already.
            Self::Rids(_) => None,
        }
    }

    /// Which of two positions the walk meets first.
    fn order(&self, a: &Position, b: &Position) -> Ordering {
        let order = match (a, b) {
            (Position::Key(a, r), Position::Key(b, s)) => (a, r).cmp(&(b, s)),
            (Position::Rid(a), Position::Rid(b)) => a.cmp(b),
            (Position::Id(a), Position::Id(b)) => a.cmp(b),
            (Position::Updated(a, r), Position::Updated(b, s)) => (a, r).cmp(&(b, s)),
            // Positions of one walk are of one kind.
            _ => Ordering::Equal,
        };
        match self {
            Self::Index { descending: true, .. }
            | Self::Updated { descending: true, .. }
            | Self::Type { descending: true } => order.reverse(),
            _ => order,
        }
    }
}

/// A walk under way.
#[derive(Debug)]
pub(super) struct Walk {
    code: i64,
    /// What is walked.
    pub driver: Driver,
    at: Option<Position>,
    buffer: VecDeque<(Position, i64)>,
    /// Versions of the searched moment that are no longer current, in the walk's order; `None`: not gathered yet.
    ghosts: Option<VecDeque<(Position, i64)>>,
    chunk: usize,
    ended: bool,
    /// Row ids beyond which none can match.
    among: Option<HashSet<i64>>,
}

impl Walk {
    /// Starts after a position, or at the beginning.
    pub fn new(code: i64, driver: Driver, after: Option<Position>) -> Self {
        Self {
            code,
            driver,
            at: after,
            buffer: VecDeque::new(),
            ghosts: None,
            chunk: CHUNK.0,
            ended: false,
            among: None,
        }
    }

    /// Passes over every row id that is not among these.
    pub fn among(mut self, rids: Option<HashSet<i64>>) -> Self {
        self.among = rids;
        self
    }

    /// The next place and row id.
    pub fn next(&mut self, context: &Context<'_>) -> Outcome<Option<(Position, i64)>> {
        if self.ghosts.is_none() {
            self.ghosts = Some(self.gather(context)?);
        }
        while self.buffer.is_empty() && !self.ended {
            self.fill(context)?;
        }
        let ghosts = self.ghosts.get_or_insert_default();
        Ok(match (self.buffer.front(), ghosts.front()) {
            (Some((next, _)), Some((ghost, _))) if self.driver.order(ghost, next) == Ordering::Less => {
                ghosts.pop_front()
            }
            (None, Some(_)) => ghosts.pop_front(),
            _ => self.buffer.pop_front(),
        })
    }

    /// The ghosts that this walk meets after its start.
    fn gather(&self, context: &Context<'_>) -> Outcome<VecDeque<(Position, i64)>> {
        let Some(ghosts) = context.ghosts(self.code)? else {
            return Ok(VecDeque::new());
        };
        let place = |ghost: &Ghost| Some((self.driver.place(ghost)?, ghost.candidate.rid));
        let mut met: Vec<(Position, i64)> = ghosts.values().filter_map(place).collect();
        if let Some(at) = &self.at {
            met.retain(|(position, _)| self.driver.order(position, at) == Ordering::Greater);
        }
        met.sort_unstable_by(|(a, _), (b, _)| self.driver.order(a, b));
        Ok(met.into())
    }

    fn fill(&mut self, context: &Context<'_>) -> Outcome<()> {
        let found = match &self.driver {
            Driver::Index {
                param,
                cover,
                descending: false,
            } => self.index_up(context, *param, cover)?,
            Driver::Index {
                param,
                cover,
                descending: true,
            } => self.index_down(context, *param, cover)?,
            Driver::Patient(patient) => {
                let after = if let Some(Position::Rid(rid)) = &self.at {
                    *rid
                } else {
                    0
                };
                let rids = context.source.of_patient(patient, self.code, after, self.chunk)?;
                rids.into_iter().map(|rid| (Position::Rid(rid), rid)).collect()
            }
            Driver::Updated {
                from,
                until,
                descending,
            } => self.updated(context, *from, *until, *descending)?,
            Driver::Type { descending } => self.by_id(context, *descending)?,
            Driver::Rids(rids) => {
                let after = if let Some(Position::Rid(rid)) = &self.at {
                    *rid
                } else {
                    0
                };
                let start = rids.partition_point(|rid| *rid <= after);
                rids[start..]
                    .iter()
                    .take(self.chunk)
                    .map(|rid| (Position::Rid(*rid), *rid))
                    .collect()
            }
        };
        self.ended = found.len() < self.chunk;
        self.at = found.last().map(|(position, _)| position.clone()).or(self.at.take());
        self.chunk = (self.chunk * 2).min(CHUNK.1);
        self.buffer = found.into();
        if context.in_the_past() && !matches!(self.driver, Driver::Rids(_)) {
            self.buffer.retain(|(_, rid)| !context.hides(*rid));
        }
        if let Some(among) = &self.among {
            self.buffer.retain(|(_, rid)| among.contains(rid));
        }
        let rids: Vec<i64> = self.buffer.iter().map(|(_, rid)| *rid).collect();
        context.source.expect(&rids)
    }

    fn index_up(&self, context: &Context<'_>, param: ParamId, cover: &Cover) -> Outcome<Vec<(Position, i64)>> {
        let mut found = Vec::new();
        for range in &cover.ranges {
            let (key, rid) = match &self.at {
                Some(Position::Key(key, _)) if *key >= range.hi => continue,
                Some(Position::Key(key, rid)) if *key >= range.lo => (key, *rid),
                _ => (&range.lo, 0),
            };
            let rows = context.source.up(param, (key, rid), range, self.chunk - found.len())?;
            found.extend(rows.into_iter().map(keyed));
            if found.len() >= self.chunk {
                break;
            }
        }
        Ok(found)
    }

    fn index_down(&self, context: &Context<'_>, param: ParamId, cover: &Cover) -> Outcome<Vec<(Position, i64)>> {
        let mut found = Vec::new();
        for range in cover.ranges.iter().rev() {
            let (key, rid) = match &self.at {
                Some(Position::Key(key, _)) if *key < range.lo => continue,
                Some(Position::Key(key, rid)) if *key < range.hi => (key, *rid),
                _ => (&range.hi, 0),
            };
            let rows = context
                .source
                .down(param, (key, rid), range, self.chunk - found.len())?;
            found.extend(rows.into_iter().map(keyed));
            if found.len() >= self.chunk {
                break;
            }
        }
        Ok(found)
    }

    fn updated(&self, context: &Context<'_>, from: i64, until: i64, descending: bool) -> Outcome<Vec<(Position, i64)>> {
        let after = if let Some(Position::Updated(moment, seq)) = &self.at {
            Some((*moment, *seq))
        } else {
            None
        };
        let moments = Moments {
            code: self.code,
            from,
            until,
            after,
            descending,
        };
        let found = context.source.moments(&moments, self.chunk)?;
        let place = |(rid, moment, seq)| (Position::Updated(moment, seq), rid);
        Ok(found.into_iter().map(place).collect())
    }

    fn by_id(&self, context: &Context<'_>, descending: bool) -> Outcome<Vec<(Position, i64)>> {
        let after = if let Some(Position::Id(id)) = &self.at {
            Some(id.as_str())
        } else {
            None
        };
        let found = context.source.by_id(self.code, after, descending, self.chunk)?;
        Ok(found.into_iter().map(|(rid, id)| (Position::Id(id), rid)).collect())
    }
}

fn keyed((key, rid): Row) -> (Position, i64) {
    (Position::Key(key, rid), rid)
}

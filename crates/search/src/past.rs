//! The store as it was at an earlier moment, for the later pages of a search.
//!
//! A moment is a position of the change feed and the last row id given out by then. What was created since has a
//! greater row id and is left out. What was changed or deleted since is a *ghost*: its version of that moment is taken
//! from the history and its search values are extracted again. Everything else is as the index says. So an answer costs
//! what has changed since, not what is stored; memory and disk hold nothing between two pages. When more has changed
//! than the limits below, or the history of that moment was pruned, the mark has expired.

use super::mark::{Place, invalid};
use crate::keys::pack;
use crate::source::{Candidate, Source, Superseded};
use crate::{Outcome, Rules};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use store::StoreError;

/// Positions of the change feed between a first page and a later one at most.
const POSITIONS: i64 = 5_000_000;
/// Rows changed or deleted since the first page at most.
const CHANGED: usize = 50_000;
/// Versions whose search values one page extracts again at most.
const REBUILT: usize = 10_000;

/// A version that was current at the searched moment.
#[derive(Debug)]
pub(super) struct Ghost {
    /// What is tested.
    pub candidate: Candidate,
    /// Its place in the change feed.
    pub seq: i64,
}

/// Ghosts of one type by row id.
pub(super) type Ghosts = BTreeMap<i64, Ghost>;

/// An earlier moment.
#[derive(Debug)]
pub(super) struct Past {
    seq: i64,
    rid: i64,
    /// Rows that were there and have changed since, with their types.
    changed: HashMap<i64, i64>,
    built: RefCell<HashMap<i64, Rc<Ghosts>>>,
    left: Cell<usize>,
}

impl Past {
    /// The moment of a mark; `None` when nothing was written since.
    pub fn open(source: &dyn Source, place: &Place) -> Outcome<Option<Self>> {
        let (now, _) = source.last()?;
        if place.seq == now {
            return Ok(None);
        }
        if place.seq > now || place.seq < 0 {
            return Err(invalid());
        }
        if now - place.seq > POSITIONS {
            return Err(expired("too much was written since"));
        }
        let changed = source.changed(place.seq, place.rid, CHANGED + 1)?;
        if changed.len() > CHANGED {
            return Err(expired("too many resources were changed since"));
        }
        Ok(Some(Self {
            seq: place.seq,
            rid: place.rid,
            changed: changed.into_iter().collect(),
            built: RefCell::default(),
            left: Cell::new(REBUILT),
        }))
    }

    /// Whether the row as it stands now was not there.
    pub fn hides(&self, rid: i64) -> bool {
        rid > self.rid || self.changed.contains_key(&rid)
    }

    /// The type of a row that was there and has changed since.
    pub fn changed_type(&self, rid: i64) -> Option<i64> {
        self.changed.get(&rid).copied()
    }

    /// The ghosts of a type, made at their first use.
    pub fn ghosts(&self, source: &dyn Source, rules: &Rules, code: i64, name: &str) -> Outcome<Rc<Ghosts>> {
        if let Some(built) = self.built.borrow().get(&code) {
            return Ok(built.clone());
        }
        let mut ghosts = Ghosts::new();
        for (rid, _) in self.changed.iter().filter(|(_, this)| **this == code) {
            let left = self.left.get().checked_sub(1);
            self.left
                .set(left.ok_or_else(|| expired("too many resources were changed since"))?);
            if let Some(ghost) = self.rebuild(source, rules, *rid, (code, name))? {
                ghosts.insert(*rid, ghost);
            }
        }
        let ghosts = Rc::new(ghosts);
        self.built.borrow_mut().insert(code, ghosts.clone());
        Ok(ghosts)
    }

    /// The version of the moment; `None` when that was a deletion.
    fn rebuild(
        &self,
        source: &dyn Source,
        rules: &Rules,
        rid: i64,
        (code, name): (i64, &str),
    ) -> Outcome<Option<Ghost>> {
        let Some(found) = source.version_of(rid, code, self.seq)? else {
            return Err(expired("versions of that moment were removed by the history policy"));
        };
        let Superseded {
            mut candidate,
            seq,
            body: Some(body),
        } = found
        else {
            return Ok(None);
        };
        // A body that yields no values has no index rows either.
        let entries = rules.entries(&rules.definitions.custom(), name, &body);
        candidate.keys = entries.map_or_else(|_| Vec::new(), |entries| pack(&entries));
        Ok(Some(Ghost { candidate, seq }))
    }
}

/// The mark can no longer be answered.
fn expired(why: &str) -> StoreError {
    StoreError::Expired(format!(
        "this page belongs to the store as it was at the first page, which can no longer be shown: {why}; start again \
         from the first page"
    ))
}

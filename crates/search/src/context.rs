//! What one search works with: the source, its budget, and reading candidates.

use super::gate::Gate;
use super::past::{Ghosts, Past};
use crate::source::{Candidate, Source};
use crate::{Limits, Outcome, Rules};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use store::{Seen, StoreError, StoredResource};

/// Answers of chain tests already made: (chain number, target id).
type Memo = HashMap<(usize, String), bool>;

/// Remembered chain answers at most.
const MEMO_LIMIT: usize = 100_000;

/// One search at work.
pub(super) struct Context<'a> {
    /// Where the rows are.
    pub source: &'a dyn Source,
    left: Cell<u64>,
    limits: Limits,
    rules: &'a Rules,
    past: Option<Past>,
    chains: Cell<usize>,
    memo: RefCell<Memo>,
    sight: Option<Gate>,
    /// Resources of the page that were read with their candidates.
    kept: RefCell<HashMap<i64, StoredResource>>,
}

impl<'a> Context<'a> {
    /// A search by these rules; in the state of an earlier moment, if one is given.
    pub fn new(source: &'a dyn Source, rules: &'a Rules, scan: u64, past: Option<Past>, sight: Option<&Seen>) -> Self {
        let limits = Limits { scan, ..rules.limits };
        Self {
            rules,
            past,
            source,
            left: Cell::new(limits.scan),
            limits,
            chains: Cell::new(0),
            memo: RefCell::default(),
            sight: sight.map(Gate::new),
            kept: RefCell::default(),
        }
    }

    /// The code of a type, if any resource of it was ever stored.
    pub fn code(&self, name: &str) -> Outcome<Option<i64>> {
        self.source.code(name)
    }

    /// The name of a type.
    pub fn name(&self, code: i64) -> Outcome<std::sync::Arc<str>> {
        self.source.name(code)
    }

    /// How many live resources of a type there are.
    pub fn live(&self, code: i64) -> Outcome<u64> {
        self.source.live(code)
    }

    /// Candidates up to which a condition counts as selective.
    pub fn probe(&self) -> u64 {
        self.limits.probe
    }

    /// Steps of probing when only a page is wanted: beyond the last, every driver fills a page soon.
    pub fn page_caps(&self) -> [u64; 2] {
        [self.limits.probe.min(64), self.limits.probe]
    }

    /// Steps of probing when every match will be visited.
    pub fn all_caps(&self) -> [u64; 3] {
        [
            self.limits.probe.min(64),
            self.limits.probe,
            self.limits.probe.saturating_mul(16),
        ]
    }

    /// A number for a chain condition, as the key of its remembered answers.
    pub fn next_chain(&self) -> usize {
        self.chains.replace(self.chains.get() + 1)
    }

    /// Takes `count` from what the search may look at.
    pub fn spend(&self, count: u64) -> Outcome<()> {
        match self.left.get().checked_sub(count) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(StoreError::Limit(format!(
                "the search would look at more than {} candidates; add a more selective condition",
                self.limits.scan
            ))),
        }
    }

    /// The answer of `test` for a chain and a target, asked once.
    pub fn remembered(&self, chain: usize, id: &str, test: impl FnOnce() -> Outcome<bool>) -> Outcome<bool> {
        let key = (chain, id.to_owned());
        if let Some(answer) = self.memo.borrow().get(&key) {
            return Ok(*answer);
        }
        let answer = test()?;
        let mut memo = self.memo.borrow_mut();
        if memo.len() >= MEMO_LIMIT {
            memo.clear();
        }
        memo.insert(key, answer);
        Ok(answer)
    }

    /// Whether the state of an earlier moment is searched.
    pub fn in_the_past(&self) -> bool {
        self.past.is_some()
    }

    /// Whether a row as it stands now is not what the searched moment had there.
    pub fn hides(&self, rid: i64) -> bool {
        self.past.as_ref().is_some_and(|past| past.hides(rid))
    }

    /// Resources of a type in the versions that the searched moment had and now has no more; `None` when now is searched.
    pub fn ghosts(&self, code: i64) -> Outcome<Option<Rc<Ghosts>>> {
        let Some(past) = &self.past else { return Ok(None) };
        let name = self.name(code)?;
        past.ghosts(self.source, self.rules, code, &name).map(Some)
    }

    /// Whether some things may not be seen. Index rows and counters then say nothing of what is to be answered.
    pub fn is_gated(&self) -> bool {
        self.sight.is_some()
    }

    /// The gate, if some things may not be seen.
    pub fn gate(&self) -> Option<&Gate> {
        self.sight.as_ref()
    }

    /// Lets a candidate through that may be seen: the one place where all that a search looks at passes.
    fn seen(&self, candidate: Option<Candidate>) -> Outcome<Option<Candidate>> {
        match (&self.sight, candidate) {
            (Some(gate), Some(candidate)) => {
                let seen = gate.sees(candidate.code, || self.name(candidate.code), &candidate)?;
                Ok(seen.then_some(candidate))
            }
            (_, candidate) => Ok(candidate),
        }
    }

    /// A live candidate by row id.
    pub fn candidate(&self, rid: i64) -> Outcome<Option<Candidate>> {
        self.spend(1)?;
        if self.hides(rid) {
            let ghost = self.ghost(rid, |ghost| ghost.candidate.clone())?;
            return self.seen(ghost);
        }
        self.seen(self.source.candidate(rid)?)
    }

    /// As [`Context::candidate`], for a walk that fills a page: the resource, if it came along, is for [`Context::keep`].
    pub fn whole(&self, rid: i64) -> Outcome<Option<(Candidate, Option<StoredResource>)>> {
        if self.in_the_past() {
            return Ok(self.candidate(rid)?.map(|candidate| (candidate, None)));
        }
        self.spend(1)?;
        let Some((candidate, stored)) = self.source.whole(rid)? else {
            return Ok(None);
        };
        Ok(self.seen(Some(candidate))?.map(|candidate| (candidate, stored)))
    }

    /// The resource is one of the page: [`Context::stored`] does not read it again.
    pub fn keep(&self, rid: i64, stored: Option<StoredResource>) {
        if let Some(stored) = stored {
            self.kept.borrow_mut().insert(rid, stored);
        }
    }

    /// A live candidate by type and id.
    pub fn candidate_by_id(&self, code: i64, id: &str) -> Outcome<Option<Candidate>> {
        if self.in_the_past() {
            let rid = self.source.rid(code, id)?;
            return rid.map_or(Ok(None), |rid| self.candidate(rid));
        }
        self.spend(1)?;
        self.seen(self.source.candidate_by_id(code, id)?)
    }

    /// Resources with their bodies, in the order asked for.
    pub fn stored(&self, rids: &[i64]) -> Outcome<Vec<StoredResource>> {
        if !self.in_the_past() {
            let mut kept = self.kept.borrow_mut();
            if rids.iter().all(|rid| kept.contains_key(rid)) {
                return Ok(rids.iter().filter_map(|rid| kept.remove(rid)).collect());
            }
            return self.source.stored(rids);
        }
        let mut found = Vec::with_capacity(rids.len());
        for rid in rids {
            if !self.hides(*rid) {
                found.extend(self.source.stored(&[*rid])?);
            } else if let Some(seq) = self.ghost(*rid, |ghost| ghost.seq)? {
                found.extend(self.source.superseded(seq)?);
            }
        }
        Ok(found)
    }

    /// Something of the version that the searched moment had of a changed row.
    fn ghost<T>(&self, rid: i64, of: impl FnOnce(&super::past::Ghost) -> T) -> Outcome<Option<T>> {
        let Some(code) = self.past.as_ref().and_then(|past| past.changed_type(rid)) else {
            return Ok(None);
        };
        Ok(self.ghosts(code)?.and_then(|ghosts| ghosts.get(&rid).map(of)))
    }
}

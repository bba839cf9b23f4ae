//! Answering a [`Query`] on any backend that keeps resources and one index of keys in their order ([`Source`]).
//!
//! Everything that decides what an answer is lives here, once: how values become keys ([`keys`]), which condition is walked,
//! what a candidate must pass, what may be seen, what a page mark means. A backend only reads rows.
//!
//! 1. *Compile* the clauses into conditions on packed keys ([`cond`]).
//! 2. *Plan*: probe how many index rows each condition would walk, up to a cap, and drive by the cheapest ([`plan`]).
//! 3. *Walk* the driver in its own order ([`walk`]), test every condition on each candidate ([`eval`]), stop when the
//!    page is full. With `_sort`, either the sort key's index is walked or all matches are ordered in memory ([`sort`]).
//! 4. *Include* what the page points to or what points to it ([`include`]).
//!
//! A page mark names the driver and the position in it, so that the next page goes on in the same order whatever the
//! plan would be by then. It also says up to where the change feed had come at the first page: later pages are answered
//! as the store was then ([`past`]), so no row of that moment repeats or is lost, whatever is written meanwhile.

pub mod accesses;
mod cond;
mod context;
mod cover;
pub mod custom;
mod error;
mod eval;
mod gate;
pub mod history;
mod include;
pub mod keys;
mod mark;
mod named;
mod page;
mod past;
mod plan;
mod resolve;
pub mod row;
mod rules;
mod sort;
mod source;
mod walk;
mod words;

pub use error::{Outcome, corrupt};
pub use rules::{Extractor, Limits, Progress, Rules};
pub use source::{Candidate, Moments, Row, Source, Superseded};

use cond::Scope;
use context::Context;
use mark::Place;
use store::{Query, SearchPage, StoreError};

/// Matches of one page at most.
const PAGE_LIMIT: usize = 10_000;

/// Answers a search.
///
/// `scan`: candidates that may be looked at.
///
/// # Errors
/// [`StoreError::Limit`] when a stated maximum is reached, [`StoreError::Invalid`] and [`StoreError::Expired`] for page
/// marks, [`StoreError::NotReady`] for a parameter whose index is being built, and what the source refuses.
pub fn search(source: &dyn Source, query: &Query, rules: &Rules, scan: u64) -> Outcome<SearchPage> {
    if query.page.count > PAGE_LIMIT {
        return Err(StoreError::Limit(format!(
            "a page may hold {PAGE_LIMIT} matches, {} were asked for; ask for smaller pages",
            query.page.count
        )));
    }
    let from = query.page.after.as_deref().map(Place::from_text).transpose()?;
    let past = match &from {
        Some(place) => past::Past::open(source, place)?,
        None => None,
    };
    for id in named::custom(query) {
        source.check_ready(id)?;
    }
    let context = Context::new(source, rules, scan, past, query.sight.as_ref());
    let Some(code) = context.code(&query.rtype)? else {
        return Ok(SearchPage {
            total: query.total.then_some(0),
            ..SearchPage::default()
        });
    };
    let mut conds = cond::compile(&context, &query.clauses)?;
    conds.extend(cond::of_sight(&context, &query.rtype));
    let scope = Scope {
        rtype: &query.rtype,
        code,
        conds: &conds,
    };
    let known = from.as_ref().and_then(|place| place.total);
    let found = page::page(
        &context,
        &scope,
        query,
        from.as_ref().and_then(|place| place.mark.as_ref()),
        known,
    )?;
    let mut page = SearchPage {
        total: found.total,
        ..SearchPage::default()
    };
    if let Some(mark) = found.next {
        let (seq, rid) = match &from {
            Some(place) => (place.seq, place.rid),
            None => source.last()?,
        };
        let (total, mark) = (found.total.or(known), Some(mark));
        page.next = Some(Place { seq, rid, total, mark }.to_text());
    }
    page.matches = context.stored(&found.rids)?;
    if !query.includes.is_empty() {
        page.included = include::included(&context, query, &found.rids, rules.limits.include)?;
    }
    Ok(page)
}

/// The mark of the first page of any search, as the store is now.
///
/// # Errors
/// What the source refuses.
pub fn mark_here(source: &dyn Source) -> Outcome<String> {
    let (seq, rid) = source.last()?;
    let place = Place {
        seq,
        rid,
        total: None,
        mark: None,
    };
    Ok(place.to_text())
}

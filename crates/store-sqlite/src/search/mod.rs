//! Answering a [`Query`].
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

mod cond;
mod context;
mod cover;
mod eval;
mod gate;
mod include;
mod index;
mod mark;
mod named;
mod page;
mod past;
mod plan;
mod resolve;
mod sort;
mod walk;
mod words;

pub(crate) use context::{raw, stored};
pub(crate) use past::last as last_position;

use crate::codes::Types;
use crate::custom;
use crate::error::Outcome;
use crate::recent::View;
use crate::sqlite_store::Rules;
use cond::Scope;
use context::Context;
use mark::Place;
use rusqlite::Connection;
use store::{Query, SearchPage, StoreError};

/// Matches of one page at most.
const PAGE_LIMIT: usize = 10_000;

/// Answers a search.
///
/// `view`: the index rows that are not in the file. `scan`: candidates that may be looked at.
pub(crate) fn search(
    connection: &Connection,
    view: &View,
    types: &mut Types,
    query: &Query,
    rules: &Rules,
    scan: u64,
) -> Outcome<SearchPage> {
    if query.page.count > PAGE_LIMIT {
        return Err(StoreError::Limit(format!(
            "a page may hold {PAGE_LIMIT} matches, {} were asked for; ask for smaller pages",
            query.page.count
        )));
    }
    let from = query.page.after.as_deref().map(Place::from_text).transpose()?;
    let past = match &from {
        Some(place) => past::Past::open(connection, place)?,
        None => None,
    };
    for id in named::custom(query) {
        custom::check_ready(connection, id)?;
    }
    let context = Context::new(connection, view, types, rules, scan, past, query.sight.as_ref());
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
            None => past::last(connection)?,
        };
        let (total, mark) = (found.total.or(known), Some(mark));
        page.next = Some(Place { seq, rid, total, mark }.to_text());
    }
    for rid in &found.rids {
        page.matches.extend(context.stored(*rid)?);
    }
    if !query.includes.is_empty() {
        page.included = include::included(&context, query, &found.rids, rules.limits.include)?;
    }
    Ok(page)
}

/// The mark of the first page of any search, as the store is now.
pub(crate) fn mark_here(connection: &Connection) -> Outcome<String> {
    let (seq, rid) = past::last(connection)?;
    let place = Place {
        seq,
        rid,
        total: None,
        mark: None,
    };
    Ok(place.to_text())
}

//! Answering a [`Query`].
//!
//! 1. *Compile* the clauses into conditions on packed keys ([`cond`]).
//! 2. *Plan*: probe how many index rows each condition would walk, up to a cap, and drive by the cheapest ([`plan`]).
//! 3. *Walk* the driver in its own order ([`walk`]), test every condition on each candidate ([`eval`]), stop when the
//!    page is full. With `_sort`, either the sort key's index is walked or all matches are ordered in memory ([`sort`]).
//! 4. *Include* what the page points to or what points to it ([`include`]).
//!
//! A page mark names the driver and the position in it, so that the next page goes on in the same order whatever the
//! plan would be by then. Positions are row ids, ids and keys: while nothing is written, no row repeats or is lost; a
//! resource whose *sort or driving value* changes between two pages may move across the mark.

mod cond;
mod context;
mod cover;
mod eval;
mod include;
mod mark;
mod page;
mod plan;
mod resolve;
mod sort;
mod walk;
mod words;

pub(crate) use context::{raw, stored};

use crate::codes::Types;
use crate::error::Outcome;
use crate::sqlite_store::Limits;
use cond::Scope;
use context::Context;
use rusqlite::Connection;
use store::{Query, SearchPage, StoreError};

/// Matches of one page at most.
const PAGE_LIMIT: usize = 10_000;

/// Answers a search.
pub(crate) fn search(connection: &Connection, types: &mut Types, query: &Query, limits: Limits) -> Outcome<SearchPage> {
    if query.page.count > PAGE_LIMIT {
        return Err(StoreError::Limit(format!(
            "a page may hold {PAGE_LIMIT} matches, {} were asked for; ask for smaller pages",
            query.page.count
        )));
    }
    let context = Context::new(connection, types, limits);
    let Some(code) = context.code(&query.rtype)? else {
        return Ok(SearchPage {
            total: query.total.then_some(0),
            ..SearchPage::default()
        });
    };
    let conds = cond::compile(&context, &query.clauses)?;
    let scope = Scope {
        rtype: &query.rtype,
        code,
        conds: &conds,
    };
    let found = page::page(&context, &scope, query)?;
    let mut page = SearchPage {
        next: found.next,
        total: found.total,
        ..SearchPage::default()
    };
    for rid in &found.rids {
        page.matches.extend(context.stored(*rid)?);
    }
    if !query.includes.is_empty() {
        page.included = include::included(&context, query, &found.rids, limits.include)?;
    }
    Ok(page)
}

//! One page of matches.

use super::cond::{Cond, Scope};
use super::context::Context;
use super::mark::{self, Mark};
use super::plan::{self, Choice};
use super::walk::Walk;
use super::{cover, eval, sort};
use crate::error::Outcome;
use store::Query;

/// Row ids of a page.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In order.
    pub rids: Vec<i64>,
    /// The next page's mark.
    pub next: Option<Mark>,
    /// All matches, if asked for.
    pub total: Option<u64>,
}

/// Finds a page.
///
/// `known`: how many matches there are, where an earlier page counted them.
pub(super) fn page(
    context: &Context<'_>,
    scope: &Scope<'_>,
    query: &Query,
    mark: Option<&Mark>,
    known: Option<u64>,
) -> Outcome<Found> {
    let count = query.page.count;
    let mut found = if !query.sort.is_empty() {
        sort::page(context, scope, query, mark)?
    } else if count == 0 {
        Found::default()
    } else {
        driven(context, scope, count, mark)?
    };
    if query.total && (found.total.is_none() || known.is_some()) {
        found.total = Some(match known {
            Some(known) => known,
            None => total(context, scope)?,
        });
    }
    Ok(found)
}

/// A page in the driver's order.
fn driven(context: &Context<'_>, scope: &Scope<'_>, count: usize, mark: Option<&Mark>) -> Outcome<Found> {
    let (cond, after) = match mark {
        None => (first_choice(context, scope)?, None),
        Some(Mark::Driven(cond, position)) if cond.is_none_or(|index| index < scope.conds.len()) => {
            (*cond, Some(position.clone()))
        }
        Some(_) => return Err(mark::invalid()),
    };
    let among = plan::narrowing(context, scope, cond)?;
    let walk = Walk::new(scope.code, plan::driver(context, scope, cond)?, after).among(among);
    let (rids, last) = take(context, scope, walk, count)?;
    Ok(Found {
        rids,
        next: last.map(|position| Mark::Driven(cond, position)),
        total: None,
    })
}

/// The driving condition of a first page; with a single one there is nothing to probe.
fn first_choice(context: &Context<'_>, scope: &Scope<'_>) -> Outcome<Option<usize>> {
    if let [Cond::Param { positive: true, .. } | Cond::Patient(_) | Cond::Id(_) | Cond::Never] = scope.conds {
        return Ok(Some(0));
    }
    let Choice { cond, .. } = plan::choose(context, scope, &context.page_caps())?;
    Ok(cond)
}

/// Takes `count` matches of a walk; the position is that of the last one taken, when another follows.
pub(super) fn take(
    context: &Context<'_>,
    scope: &Scope<'_>,
    mut walk: Walk,
    count: usize,
) -> Outcome<(Vec<i64>, Option<super::walk::Position>)> {
    let (mut rids, mut last) = (Vec::new(), None);
    while let Some((position, rid)) = walk.next(context)? {
        let Some((candidate, stored)) = context.whole(rid)? else {
            continue;
        };
        if walk.driver.first_here(&position, &candidate) && eval::matches(context, scope, &candidate)? {
            if rids.len() == count {
                return Ok((rids, last));
            }
            context.keep(rid, stored);
            rids.push(rid);
            last = Some(position);
        }
    }
    Ok((rids, None))
}

/// How many matches there are.
fn total(context: &Context<'_>, scope: &Scope<'_>) -> Outcome<u64> {
    match scope.conds {
        // Counts and index rows are those of now.
        _ if context.in_the_past() || context.is_gated() => {}
        [] => return context.live(scope.code),
        [
            Cond::Param {
                tests, positive: true, ..
            },
        ] if tests.iter().all(crate::keys::Test::exact) => {
            if let Some((param, cover)) = cover::of_cond(context, scope, &scope.conds[0])?
                && let [range] = cover.ranges.as_slice()
            {
                // Keys short enough to be whole in the index: its rows are the answer.
                return context.source.resources(param, range);
            }
        }
        _ => {}
    }
    let mut count = 0;
    plan::each_match(context, scope, |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

//! Pages in the order of `_sort`.
//!
//! When the conditions leave few candidates, or there are several sort keys, all matches are visited and the best are
//! kept (memory: one page; candidates: the search's limit). Otherwise the one sort key's index is walked and the
//! conditions are tested on the way; resources without the key come last, by id.

use super::cond::{Cond, Scope};
use super::context::Context;
use super::mark::{self, Mark};
use super::page::{Found, take};
use super::plan;
use super::walk::{Driver, Walk};
use super::{cover, eval};
use crate::error::Outcome;
use crate::keys::{index_row, of_param, sortable_i64};
use crate::source::Candidate;
use std::borrow::Cow;
use std::cmp::Ordering;
use store::{Query, Sort, SortKey, StoreError};

/// Sort keys at most.
const KEYS: usize = 8;

/// A page in the asked order.
pub(super) fn page(context: &Context<'_>, scope: &Scope<'_>, query: &Query, mark: Option<&Mark>) -> Outcome<Found> {
    if query.sort.len() > KEYS {
        return Err(StoreError::Limit(format!(
            "a search may have {KEYS} sort keys; this one has {}",
            query.sort.len()
        )));
    }
    let count = query.page.count;
    match mark {
        Some(Mark::Ordered(keys, rid)) if keys.len() == query.sort.len() => {
            let (keys, rid) = (keys.clone(), *rid);
            ordered(context, scope, query, Some(Entry { keys, rid }))
        }
        Some(Mark::Sorted(..)) if query.sort.len() == 1 => walked(context, scope, &query.sort[0], count, mark),
        Some(_) => Err(mark::invalid()),
        None if query.sort.len() == 1
            && !plan::choose(context, scope, &context.page_caps())?.selective
            && count > 0 =>
        {
            walked(context, scope, &query.sort[0], count, None)
        }
        None => ordered(context, scope, query, None),
    }
}

/// Walks the sort key's index.
fn walked(context: &Context<'_>, scope: &Scope<'_>, sort: &Sort, count: usize, mark: Option<&Mark>) -> Outcome<Found> {
    let (mut with_key, mut after) = match mark {
        Some(Mark::Sorted(with_key, position)) => (*with_key, position.clone()),
        _ => (true, None),
    };
    let mut found = Found::default();
    loop {
        let descending = sort.descending;
        let (driver, missing) = match (&sort.key, with_key) {
            (SortKey::Id, true) => (Driver::Type { descending }, None),
            (SortKey::LastUpdated, true) => (
                Driver::Updated {
                    from: i64::MIN,
                    until: i64::MAX,
                    descending,
                },
                None,
            ),
            (SortKey::Param(param), true) => (
                Driver::Index {
                    param: *param,
                    cover: cover::every_key(),
                    descending,
                },
                None,
            ),
            (SortKey::Param(param), false) => (
                Driver::Type { descending: false },
                Some([Cond::Missing {
                    param: *param,
                    missing: true,
                }]),
            ),
            (_, false) => return Ok(found),
        };
        let walk = Walk::new(scope.code, driver, after.take());
        let left = count - found.rids.len();
        let (rids, last) = match &missing {
            None => take(context, scope, walk, left)?,
            Some(missing) => take_without(
                context,
                scope,
                &Scope {
                    conds: missing,
                    ..*scope
                },
                walk,
                left,
            )?,
        };
        let full = last.is_some() || rids.len() == left;
        found.rids.extend(rids);
        if let Some(last) = last {
            found.next = Some(Mark::Sorted(with_key, Some(last)));
        } else if full && with_key && matches!(sort.key, SortKey::Param(_)) {
            // The page ended with the last that has the key: those without are the next page, if there are any.
            found.next = Some(Mark::Sorted(false, None));
        }
        if full || !with_key {
            return Ok(found);
        }
        with_key = false;
    }
}

/// As [`take`], for two scopes at once.
fn take_without(
    context: &Context<'_>,
    scope: &Scope<'_>,
    missing: &Scope<'_>,
    mut walk: Walk,
    count: usize,
) -> Outcome<(Vec<i64>, Option<super::walk::Position>)> {
    let (mut rids, mut last) = (Vec::new(), None);
    while let Some((position, rid)) = walk.next(context)? {
        let Some(candidate) = context.candidate(rid)? else {
            continue;
        };
        if eval::matches(context, missing, &candidate)? && eval::matches(context, scope, &candidate)? {
            if rids.len() == count {
                return Ok((rids, last));
            }
            rids.push(rid);
            last = Some(position);
        }
    }
    Ok((rids, None))
}

/// A match with its sort keys.
#[derive(Debug)]
struct Entry {
    keys: Vec<Option<Vec<u8>>>,
    rid: i64,
}

/// Visits every match and keeps the best page after the mark.
fn ordered(context: &Context<'_>, scope: &Scope<'_>, query: &Query, after: Option<Entry>) -> Outcome<Found> {
    let count = query.page.count;
    let compare = |a: &Entry, b: &Entry| order(&query.sort, a, b);
    let (mut best, mut total): (Vec<Entry>, u64) = (Vec::new(), 0);
    plan::each_match(context, scope, |candidate| {
        total += 1;
        let entry = entry(&query.sort, &candidate);
        if after
            .as_ref()
            .is_none_or(|after| compare(&entry, after) == Ordering::Greater)
        {
            best.push(entry);
            if best.len() > 4 * (count + 64) {
                best.select_nth_unstable_by(count, compare);
                best.truncate(count + 1);
            }
        }
        Ok(())
    })?;
    best.sort_unstable_by(compare);
    let more = best.len() > count;
    best.truncate(count);
    let next = best
        .last()
        .filter(|_| more)
        .map(|last| Mark::Ordered(last.keys.clone(), last.rid));
    Ok(Found {
        rids: best.iter().map(|entry| entry.rid).collect(),
        next,
        total: query.total.then_some(total),
    })
}

fn entry(sort: &[Sort], candidate: &Candidate) -> Entry {
    let key = |sort: &Sort| match &sort.key {
        SortKey::Id => Some(candidate.id.as_bytes().to_vec()),
        SortKey::LastUpdated => Some(sortable_i64(candidate.last_updated).to_vec()),
        SortKey::Param(param) => {
            let rows = of_param(&candidate.keys, *param).filter_map(index_row);
            if sort.descending { rows.max() } else { rows.min() }.map(Cow::into_owned)
        }
    };
    Entry {
        keys: sort.iter().map(key).collect(),
        rid: candidate.rid,
    }
}

/// Missing keys come last in both directions; ties are broken by row id, in the direction of the first key.
fn order(sort: &[Sort], a: &Entry, b: &Entry) -> Ordering {
    for (sort, (a, b)) in sort.iter().zip(a.keys.iter().zip(&b.keys)) {
        let order = match (a, b) {
            (Some(a), Some(b)) if sort.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    let ties = a.rid.cmp(&b.rid);
    if sort.first().is_some_and(|first| first.descending) {
        ties.reverse()
    } else {
        ties
    }
}

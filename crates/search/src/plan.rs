//! Choosing what to walk.

use super::cond::{Cond, Scope};
use super::context::Context;
use super::walk::{Driver, Walk};
use super::{cover, eval};
use crate::error::Outcome;
use crate::source::Candidate;
use std::collections::HashSet;

/// What drives a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Position of the driving condition; `None`: all of the type.
    pub cond: Option<usize>,
    /// Whether it meets fewer candidates than the last probe's cap.
    pub selective: bool,
}

/// Picks the condition that meets the fewest candidates.
pub(super) fn choose(context: &Context<'_>, scope: &Scope<'_>, caps: &[u64]) -> Outcome<Choice> {
    let live = context.live(scope.code)?;
    let mut broad = None;
    for cap in caps {
        let mut best: Option<(u64, usize)> = None;
        for (index, cond) in scope.conds.iter().enumerate() {
            let Some(count) = cover::estimate(context, scope, cond, *cap)? else {
                continue;
            };
            if count < *cap && best.is_none_or(|(least, _)| count < least) {
                best = Some((count, index));
            }
            if broad.is_none() && !matches!(cond, Cond::Chain(_) | Cond::Has(_) | Cond::Or(_) | Cond::Patients(_)) {
                broad = Some(index);
            }
        }
        if let Some((_, index)) = best {
            return Ok(Choice {
                cond: Some(index),
                selective: true,
            });
        }
        if live < *cap {
            return Ok(Choice {
                cond: None,
                selective: true,
            });
        }
    }
    Ok(Choice {
        cond: broad,
        selective: false,
    })
}

/// Index rows that are read in the time of one candidate: a row lies beside its neighbours, a candidate anywhere in the store.
const ROWS_OF_A_CANDIDATE: u64 = 16;

/// A driver that meets fewer candidates than this part of what counts as selective (32 of 4,096) is walked without asking
/// whether another condition rules some of them out.
const FEW: u64 = 128;

/// Row ids outside of which nothing can match: those that the index has for the shortest of the other conditions, where reading
/// them is less work than looking at the driver's candidates. `None`: it is not.
pub(super) fn narrowing(
    context: &Context<'_>,
    scope: &Scope<'_>,
    driver: Option<usize>,
) -> Outcome<Option<HashSet<i64>>> {
    let param = |index: &usize| matches!(scope.conds[*index], Cond::Param { positive: true, .. });
    let Some(driver) = driver.filter(param) else {
        return Ok(None);
    };
    let others: Vec<usize> = (0..scope.conds.len())
        .filter(|index| *index != driver)
        .filter(param)
        .collect();
    // Index rows are those of now.
    if others.is_empty() || context.in_the_past() {
        return Ok(None);
    }
    let most = context.probe();
    let count = |index: usize, cap| cover::estimate(context, scope, &scope.conds[index], cap);
    let met = count(driver, most)?.unwrap_or(most);
    let cap = met.saturating_mul(ROWS_OF_A_CANDIDATE).min(4 * most);
    let mut best: Option<(u64, usize)> = None;
    for index in others.into_iter().filter(|_| met > most / FEW) {
        let least = best.map_or(cap, |(least, _)| least);
        if let Some(count) = count(index, least)?.filter(|count| *count < least) {
            best = Some((count, index));
        }
    }
    let Some((_, index)) = best else { return Ok(None) };
    let Some((param, cover)) = cover::of_cond(context, scope, &scope.conds[index])? else {
        return Ok(None);
    };
    let mut rids = HashSet::new();
    for range in &cover.ranges {
        rids.extend(context.source.rids(param, range)?);
    }
    Ok(Some(rids))
}

/// The driver of a condition (`None`: all of the type).
pub(super) fn driver(context: &Context<'_>, scope: &Scope<'_>, cond: Option<usize>) -> Outcome<Driver> {
    let Some(cond) = cond.and_then(|index| scope.conds.get(index)) else {
        return Ok(Driver::Type { descending: false });
    };
    match plain_driver(context, scope, cond)? {
        Some(driver) => Ok(driver),
        None => Ok(Driver::Rids(cover::collect(context, scope, cond)?)),
    }
}

/// The driver of a condition that is an index walk by itself.
pub(super) fn plain_driver(context: &Context<'_>, scope: &Scope<'_>, cond: &Cond) -> Outcome<Option<Driver>> {
    Ok(match cond {
        Cond::Param { .. } | Cond::Missing { .. } => {
            cover::of_cond(context, scope, cond)?.map(|(param, cover)| Driver::Index {
                param,
                cover,
                descending: false,
            })
        }
        Cond::Patient(patient) => Some(Driver::Patient(patient.clone())),
        Cond::Updated { from, until } => Some(Driver::Updated {
            from: *from,
            until: *until,
            descending: false,
        }),
        Cond::Never => Some(Driver::Rids(Vec::new())),
        Cond::Id(_) | Cond::Chain(_) | Cond::Has(_) | Cond::Or(_) | Cond::Patients(_) | Cond::Words { .. } => None,
    })
}

/// Visits every match once, in the driver's order.
pub(super) fn each_match(
    context: &Context<'_>,
    scope: &Scope<'_>,
    mut visit: impl FnMut(Candidate) -> Outcome<()>,
) -> Outcome<()> {
    let choice = choose(context, scope, &context.all_caps())?;
    let among = narrowing(context, scope, choice.cond)?;
    let mut walk = Walk::new(scope.code, driver(context, scope, choice.cond)?, None).among(among);
    while let Some((position, rid)) = walk.next(context)? {
        let Some(candidate) = context.candidate(rid)? else {
            continue;
        };
        if walk.driver.first_here(&position, &candidate) && eval::matches(context, scope, &candidate)? {
            visit(candidate)?;
        }
    }
    Ok(())
}

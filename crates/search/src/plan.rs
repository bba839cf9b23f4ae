//! Choosing what to walk.

use super::cond::{Cond, Scope};
use super::context::Context;
use super::walk::{Driver, Walk};
use super::{cover, eval};
use crate::error::Outcome;
use crate::source::Candidate;

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
    let mut walk = Walk::new(scope.code, driver(context, scope, choice.cond)?, None);
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

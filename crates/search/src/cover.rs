//! Which index ranges a condition can be driven by, and how many rows they hold.

use super::cond::{Cond, Link, Scope};
use super::context::Context;
use super::{plan, resolve, walk};
use crate::Outcome;
use crate::keys::{Cover, combined_dates, every_row, of_param};
use crate::source::Moments;
use fhir::ParamId;
use std::collections::HashSet;
use std::sync::Arc;

/// Row ids that pointing resources multiply a target by, as a guess for choosing (not for correctness).
const FAN_OUT: u64 = 16;

/// Every row of a parameter but the second ones.
pub(super) fn every_key() -> Cover {
    Cover {
        ranges: vec![every_row()],
    }
}

/// The ranges to walk for a condition on a parameter, narrowed by the scope's other conditions on it where each
/// resource has one value of it at most.
pub(super) fn of_cond(context: &Context<'_>, scope: &Scope<'_>, cond: &Cond) -> Outcome<Option<(ParamId, Cover)>> {
    match cond {
        Cond::Param {
            param,
            tests,
            positive: true,
        } => {
            let same = || {
                scope.conds.iter().filter_map(|other| match other {
                    Cond::Param {
                        param: this,
                        tests,
                        positive: true,
                    } if this == param && tests.len() == 1 => tests.first(),
                    _ => None,
                })
            };
            if tests.len() == 1
                && same().count() > 1
                && !context.source.has_many(*param)?
                && let Some(cover) = combined_dates(same())
            {
                return Ok(Some((*param, cover)));
            }
            Ok(Some((*param, Cover::of(tests))))
        }
        Cond::Missing { param, missing: false } => Ok(Some((*param, every_key()))),
        _ => Ok(None),
    }
}

/// About how many candidates driving by this condition would meet, counted up to `cap`; `None`: it cannot drive.
pub(super) fn estimate(context: &Context<'_>, scope: &Scope<'_>, cond: &Cond, cap: u64) -> Outcome<Option<u64>> {
    Ok(match cond {
        Cond::Param { positive: true, .. } | Cond::Missing { missing: false, .. } => {
            let Some((param, cover)) = of_cond(context, scope, cond)? else {
                return Ok(None);
            };
            let mut sum = 0;
            for range in &cover.ranges {
                sum += context.source.count(param, range, cap - sum)?;
                if sum >= cap {
                    break;
                }
            }
            Some(sum)
        }
        Cond::Patient(patient) => Some(context.source.count_of_patient(patient, scope.code, cap)?),
        Cond::Updated { from, until } => {
            let moments = Moments {
                code: scope.code,
                from: *from,
                until: *until,
                after: None,
                descending: false,
            };
            Some(context.source.count_moments(&moments, cap)?)
        }
        Cond::Patients(sets) => Some(of_patients(context, scope, sets, cap)?),
        Cond::Id(ids) => Some((ids.len() as u64).min(cap)),
        Cond::Never => Some(0),
        Cond::Chain(link) => Some(best(context, &far(link), cap)?.saturating_mul(FAN_OUT).min(cap)),
        Cond::Has(link) => Some(best(context, &far(link), cap)?),
        Cond::Or(alternatives) => {
            let mut sum = 0;
            for alternative in alternatives {
                let Some(part) = estimate(context, &alone(scope, alternative), alternative, cap - sum)? else {
                    return Ok(None);
                };
                sum += part;
                if sum >= cap {
                    break;
                }
            }
            Some(sum)
        }
        Cond::Param { .. } | Cond::Missing { .. } | Cond::Words { .. } => None,
    })
}

/// Patients counted before the rest is guessed from them.
const SAMPLE: usize = 32;

/// About how many resources these patients have.
fn of_patients(context: &Context<'_>, scope: &Scope<'_>, sets: &[Arc<HashSet<String>>], cap: u64) -> Outcome<u64> {
    let all: usize = sets.iter().map(|set| set.len()).sum();
    let mut sum = 0;
    for patient in sets.iter().flat_map(|set| set.iter()).take(SAMPLE) {
        let cond = Cond::Patient(patient.clone());
        sum += estimate(context, scope, &cond, cap - sum)?.unwrap_or_default();
        if sum >= cap {
            return Ok(cap);
        }
    }
    let guess = sum * (all.max(1) as u64) / (all.clamp(1, SAMPLE) as u64);
    // Each patient costs a look even without resources.
    Ok(guess.max(all as u64).min(cap))
}

/// The cheapest way into a scope.
fn best(context: &Context<'_>, scope: &Scope<'_>, cap: u64) -> Outcome<u64> {
    let mut best = context.live(scope.code)?.min(cap);
    for cond in scope.conds {
        if let Some(this) = estimate(context, scope, cond, best)? {
            best = best.min(this);
        }
    }
    Ok(best)
}

fn far(link: &Link) -> Scope<'_> {
    Scope {
        rtype: &link.rtype,
        code: link.code,
        conds: &link.conds,
    }
}

fn alone<'a>(scope: &Scope<'a>, cond: &'a Cond) -> Scope<'a> {
    Scope {
        conds: std::slice::from_ref(cond),
        ..*scope
    }
}

/// Row ids of (at least) every resource for which the condition holds, sorted, each once.
pub(super) fn collect(context: &Context<'_>, scope: &Scope<'_>, cond: &Cond) -> Outcome<Vec<i64>> {
    let mut rids = Vec::new();
    match cond {
        Cond::Id(ids) => {
            for id in ids {
                rids.extend(context.candidate_by_id(scope.code, id)?.map(|found| found.rid));
            }
        }
        Cond::Chain(link) => {
            let mut targets = Vec::new();
            plan::each_match(context, &far(link), |target| {
                targets.push(target.id);
                Ok(())
            })?;
            for id in targets {
                rids.extend(resolve::pointing(context, scope.code, link.param, &link.rtype, &id)?);
            }
        }
        Cond::Has(link) => plan::each_match(context, &far(link), |source| {
            for key in of_param(&source.keys, link.param) {
                if let Some((rtype, id)) = resolve::local_reference(key)
                    && rtype == scope.rtype
                {
                    rids.extend(context.candidate_by_id(scope.code, &id)?.map(|found| found.rid));
                }
            }
            Ok(())
        })?,
        Cond::Patients(sets) => {
            for patient in sets.iter().flat_map(|set| set.iter()) {
                rids.extend(collect(context, scope, &Cond::Patient(patient.clone()))?);
            }
        }
        Cond::Or(alternatives) => {
            for alternative in alternatives {
                rids.extend(collect(context, &alone(scope, alternative), alternative)?);
            }
        }
        _ => {
            if let Some(driver) = plan::plain_driver(context, scope, cond)? {
                let mut walk = walk::Walk::new(scope.code, driver, None);
                while let Some((_, rid)) = walk.next(context)? {
                    rids.push(rid);
                }
            }
        }
    }
    rids.sort_unstable();
    rids.dedup();
    Ok(rids)
}

//! Testing a candidate in memory.

use super::cond::{Cond, Link, Scope};
use super::context::Context;
use super::{resolve, words};
use crate::error::Outcome;
use crate::keys::of_param;
use crate::source::Candidate;

/// Whether every condition of the scope holds for the candidate.
pub(super) fn matches(context: &Context<'_>, scope: &Scope<'_>, candidate: &Candidate) -> Outcome<bool> {
    if candidate.code != scope.code {
        return Ok(false);
    }
    for cond in scope.conds {
        if !holds(context, scope.rtype, cond, candidate)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds(context: &Context<'_>, rtype: &str, cond: &Cond, candidate: &Candidate) -> Outcome<bool> {
    Ok(match cond {
        Cond::Param { param, tests, positive } => {
            let found = of_param(&candidate.keys, *param).any(|key| tests.iter().any(|test| test.passes(key)));
            found == *positive
        }
        Cond::Missing { param, missing } => of_param(&candidate.keys, *param).next().is_none() == *missing,
        Cond::Chain(link) => leads_there(context, link, candidate)?,
        Cond::Has(link) => context.remembered(link.number, &candidate.id, || {
            pointed_at(context, rtype, link, &candidate.id)
        })?,
        Cond::Words { of, words } => words::hold(context, *of, words, candidate.rid)?,
        Cond::Id(ids) => ids.contains(&candidate.id),
        Cond::Updated { from, until } => *from <= candidate.last_updated && candidate.last_updated < *until,
        Cond::Patient(patient) => candidate.patient.as_deref() == Some(patient),
        Cond::Patients(sets) => {
            let patient = candidate.patient.as_deref();
            patient.is_some_and(|patient| sets.iter().any(|set| set.contains(patient)))
        }
        Cond::Or(alternatives) => {
            for alternative in alternatives {
                if holds(context, rtype, alternative, candidate)? {
                    return Ok(true);
                }
            }
            false
        }
        Cond::Never => false,
    })
}

fn leads_there(context: &Context<'_>, link: &Link, candidate: &Candidate) -> Outcome<bool> {
    let scope = Scope {
        rtype: &link.rtype,
        code: link.code,
        conds: &link.conds,
    };
    for key in of_param(&candidate.keys, link.param) {
        let Some((rtype, id)) = resolve::local_reference(key) else {
            continue;
        };
        if rtype == link.rtype {
            let test = || match context.candidate_by_id(link.code, &id)? {
                Some(target) => matches(context, &scope, &target),
                None => Ok(false),
            };
            if context.remembered(link.number, &id, test)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn pointed_at(context: &Context<'_>, rtype: &str, link: &Link, id: &str) -> Outcome<bool> {
    let scope = Scope {
        rtype: &link.rtype,
        code: link.code,
        conds: &link.conds,
    };
    for rid in resolve::pointing(context, link.code, link.param, rtype, id)? {
        if let Some(source) = context.candidate(rid)?
            && matches(context, &scope, &source)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

//! `_include` and `_revinclude`.

use super::context::Context;
use super::resolve;
use crate::error::Outcome;
use crate::keys::{iter, of_param};
use crate::source::Candidate;
use fhir::{ParamId, ParamType};
use std::collections::HashSet;
use store::{Include, Query, StoreError, StoredResource};

/// Rounds of `:iterate` at most.
const ROUNDS: usize = 16;

/// What the matches include, without repeats and without the matches themselves.
pub(super) fn included(
    context: &Context<'_>,
    query: &Query,
    matches: &[i64],
    limit: usize,
) -> Outcome<Vec<StoredResource>> {
    let mut seen: HashSet<i64> = matches.iter().copied().collect();
    let (mut out, mut fresh) = (Vec::new(), matches.to_vec());
    for round in 0..ROUNDS {
        let mut next = Vec::new();
        context.source.expect(&fresh)?;
        for rid in fresh {
            let Some(from) = context.candidate(rid)? else { continue };
            for include in query.includes.iter().filter(|include| round == 0 || include.iterate) {
                for rid in follow(context, include, &from)? {
                    if seen.insert(rid) {
                        next.push(rid);
                    }
                }
            }
        }
        if out.len() + next.len() > limit {
            return Err(StoreError::Limit(format!(
                "the page would include more than {limit} resources; ask for smaller pages or fewer includes"
            )));
        }
        out.extend(context.stored(&next)?);
        if next.is_empty() {
            return Ok(out);
        }
        fresh = next;
    }
    Err(StoreError::Limit(format!(
        "includes may be followed {ROUNDS} times; this search goes further"
    )))
}

fn follow(context: &Context<'_>, include: &Include, from: &Candidate) -> Outcome<Vec<i64>> {
    let rtype = context.name(from.code)?;
    let mut rids = Vec::new();
    if !include.reverse {
        if *rtype != *include.source {
            return Ok(rids);
        }
        let keys: Vec<&[u8]> = match include.param {
            Some(param) => of_param(&from.keys, param).collect(),
            None => iter(&from.keys).map(|(_, key)| key).collect(),
        };
        for (target, id) in keys.into_iter().filter_map(resolve::local_reference) {
            if include.target.as_ref().is_none_or(|only| *only == target)
                && let Some(code) = context.code(&target)?
            {
                rids.extend(context.candidate_by_id(code, &id)?.map(|found| found.rid));
            }
        }
        return Ok(rids);
    }
    if include.target.as_ref().is_some_and(|only| **only != *rtype) {
        return Ok(rids);
    }
    for (source, param) in reverse_params(context, include, &rtype)? {
        for rid in resolve::pointing(context, source, param, &rtype, &from.id)? {
            rids.extend(context.candidate(rid)?.map(|found| found.rid));
        }
    }
    Ok(rids)
}

/// The named parameter, or (`*`) every reference parameter of the source type (`*`: of every type that is stored) that
/// may point to `rtype`; each with the code of its type.
fn reverse_params(context: &Context<'_>, include: &Include, rtype: &str) -> Outcome<Vec<(i64, ParamId)>> {
    if let Some(param) = include.param {
        return Ok(context
            .code(&include.source)?
            .map(|code| (code, param))
            .into_iter()
            .collect());
    }
    let definitions = fhir::Definitions::r4();
    let one = [include.source.as_str()];
    let sources = if one == ["*"] {
        definitions.resource_types()
    } else {
        &one
    };
    let mut params = Vec::new();
    for source in sources {
        let Some(code) = context.code(source)? else { continue };
        let fits = |param: &&fhir::SearchParam| {
            param.kind == ParamType::Reference && (param.targets.is_empty() || param.targets.contains(&rtype))
        };
        params.extend(
            definitions
                .params_of(source)
                .iter()
                .filter(fits)
                .map(|param| (code, param.id)),
        );
    }
    Ok(params)
}

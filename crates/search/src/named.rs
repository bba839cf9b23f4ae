//! Which user-defined parameters a search names.

use fhir::{FIRST_CUSTOM, ParamId};
use store::{Clause, Query, SortKey};

/// Each of them, in conditions, sort keys and includes.
pub(super) fn custom(query: &Query) -> Vec<ParamId> {
    let mut found = Vec::new();
    clauses(&query.clauses, &mut found);
    found.extend(query.sort.iter().filter_map(|sort| match sort.key {
        SortKey::Param(param) => Some(param),
        _ => None,
    }));
    found.extend(query.includes.iter().filter_map(|include| include.param));
    found.retain(|param| param.0 >= FIRST_CUSTOM);
    found
}

fn clauses(list: &[Clause], found: &mut Vec<ParamId>) {
    for clause in list {
        match clause {
            Clause::Param { param, .. } | Clause::Not { param, .. } | Clause::Missing { param, .. } => {
                found.push(*param);
            }
            Clause::Chain {
                param, clauses: inner, ..
            }
            | Clause::Has {
                param, clauses: inner, ..
            } => {
                found.push(*param);
                clauses(inner, found);
            }
            Clause::Or(inner) => clauses(inner, found),
            Clause::Id(_) | Clause::LastUpdated { .. } | Clause::Patient(_) | Clause::Words { .. } | Clause::Never => {}
        }
    }
}

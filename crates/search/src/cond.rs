//! Clauses made ready to test.

use super::context::Context;
use crate::error::Outcome;
use crate::keys::Test;
use crate::row::micros;
use fhir::ParamId;
use std::collections::HashSet;
use std::sync::Arc;
use store::{Clause, StoreError, Texts, ValueTest, Words};

/// Chains within chains at most.
const DEPTH: usize = 8;
/// Clauses of a search at most, nested ones included.
const CLAUSES: usize = 256;
/// Alternatives of one clause at most.
const ALTERNATIVES: usize = 10_000;

/// A search over one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// Type name.
    pub rtype: &'a str,
    /// Type code.
    pub code: i64,
    /// All must hold.
    pub conds: &'a [Cond],
}

/// A clause with its tests ready and its types resolved.
#[derive(Debug)]
pub(super) enum Cond {
    /// Some value passes some test (`positive`), or none does.
    Param {
        param: ParamId,
        tests: Vec<Test>,
        positive: bool,
    },
    /// The parameter has no value (`missing`) or has one.
    Missing { param: ParamId, missing: bool },
    /// A reference leads to a matching resource.
    Chain(Link),
    /// A matching resource refers here.
    Has(Link),
    /// Words of the body's texts.
    Words { of: Texts, words: Words },
    /// One of these ids.
    Id(HashSet<String>),
    /// `from <= lastUpdated < until`.
    Updated { from: i64, until: i64 },
    /// In this compartment.
    Patient(String),
    /// In one of these compartments.
    Patients(Vec<Arc<HashSet<String>>>),
    /// One of these.
    Or(Vec<Cond>),
    /// Nothing.
    Never,
}

/// The other end of a chain or a `_has`.
#[derive(Debug)]
pub(super) struct Link {
    /// Key of remembered answers.
    pub number: usize,
    /// The reference parameter.
    pub param: ParamId,
    /// The other type.
    pub rtype: String,
    /// Its code.
    pub code: i64,
    /// What must hold there.
    pub conds: Vec<Cond>,
}

/// Patients that are walked one by one at most.
const FEW: usize = 4096;

/// The patients that may be seen, where they are few, as a condition that can be walked.
pub(super) fn of_sight(context: &Context<'_>, rtype: &str) -> Option<Cond> {
    let few = context.gate()?.sight(rtype).few(FEW)?;
    Some(Cond::Patients(few))
}

/// Makes the clauses of a search ready.
pub(super) fn compile(context: &Context<'_>, clauses: &[Clause]) -> Outcome<Vec<Cond>> {
    let mut left = CLAUSES;
    all(context, clauses, 0, &mut left)
}

fn all(context: &Context<'_>, clauses: &[Clause], depth: usize, left: &mut usize) -> Outcome<Vec<Cond>> {
    if depth > DEPTH {
        return Err(StoreError::Limit(format!(
            "conditions may be nested {DEPTH} deep; this search nests deeper"
        )));
    }
    *left = left
        .checked_sub(clauses.len())
        .ok_or_else(|| StoreError::Limit(format!("a search may have {CLAUSES} conditions; this one has more")))?;
    clauses.iter().map(|clause| one(context, clause, depth, left)).collect()
}

fn one(context: &Context<'_>, clause: &Clause, depth: usize, left: &mut usize) -> Outcome<Cond> {
    let alternatives = match clause {
        Clause::Param { any, .. } | Clause::Not { any, .. } => any.len(),
        Clause::Id(ids) => ids.len(),
        _ => 0,
    };
    if alternatives > ALTERNATIVES {
        let rule = format!("a condition may list {ALTERNATIVES} values; this one lists {alternatives}");
        return Err(StoreError::Limit(rule));
    }
    Ok(match clause {
        Clause::Param { param, any } => Cond::Param {
            param: *param,
            tests: tests(any)?,
            positive: true,
        },
        Clause::Not { param, any } => Cond::Param {
            param: *param,
            tests: tests(any)?,
            positive: false,
        },
        Clause::Missing { param, missing } => Cond::Missing {
            param: *param,
            missing: *missing,
        },
        Clause::Chain { param, target, clauses } => {
            link(context, *param, target, clauses, depth, left)?.map_or(Cond::Never, Cond::Chain)
        }
        Clause::Has { source, param, clauses } => {
            link(context, *param, source, clauses, depth, left)?.map_or(Cond::Never, Cond::Has)
        }
        Clause::Words { of, words } => Cond::Words {
            of: *of,
            words: words.clone(),
        },
        Clause::Id(ids) => Cond::Id(ids.iter().cloned().collect()),
        Clause::LastUpdated { from, until } => Cond::Updated {
            from: from.map_or(i64::MIN, micros),
            until: until.map_or(i64::MAX, micros),
        },
        Clause::Patient(patient) => Cond::Patient(patient.clone()),
        Clause::Or(alternatives) => Cond::Or(all(context, alternatives, depth + 1, left)?),
        Clause::Never => Cond::Never,
    })
}

fn tests(any: &[ValueTest]) -> Outcome<Vec<Test>> {
    let one = |test: &ValueTest| match test {
        ValueTest::CodeSet(set) => Err(StoreError::Invalid(format!(
            "the search asks for codes that a terminology must name first ({set:?}); it was not resolved"
        ))),
        test => Ok(Test::new(test)),
    };
    any.iter().map(one).collect()
}

/// `None` when nothing of the other type was ever stored.
fn link(
    context: &Context<'_>,
    param: ParamId,
    rtype: &str,
    clauses: &[Clause],
    depth: usize,
    left: &mut usize,
) -> Outcome<Option<Link>> {
    let conds = all(context, clauses, depth + 1, left)?;
    let number = context.next_chain();
    Ok(context.code(rtype)?.map(|code| Link {
        number,
        param,
        rtype: rtype.to_owned(),
        code,
        conds,
    }))
}

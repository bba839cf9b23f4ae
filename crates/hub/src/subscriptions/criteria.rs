//! Criteria of a subscription: a search, asked of one version of one resource.
//!
//! Parsed by the hub's own search parser. Conditions on the resource itself are tested in memory, on the values that
//! index it; conditions on other resources (chains, `_has`) and anything this file does not know are asked of the store,
//! narrowed to the one resource.

use crate::HubError;
use crate::parse::{self, Context, pairs};
use fhir::{IndexEntry, IndexValue, ParamId};
use store::{Clause, Page, Query, Snapshot, StoreError, StoredResource, ValueTest};

/// Longest criteria, bytes.
const MAX_BYTES: usize = 4_000;
/// Parameters that shape an answer: there is none here.
const OF_ANSWERS: &[&str] = &[
    "_count",
    "_sort",
    "_include",
    "_revinclude",
    "_total",
    "_summary",
    "_elements",
    "_page",
];

/// Parsed criteria.
#[derive(Debug, Clone, PartialEq)]
pub struct Criteria {
    /// Resource type.
    pub rtype: String,
    clauses: Vec<Clause>,
}

/// One version that may match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The version.
    pub resource: &'a StoredResource,
    /// Its search values.
    pub entries: &'a [IndexEntry],
}

impl Criteria {
    /// Reads `Type?parameter=value&…`; the error says what is wrong.
    pub(crate) fn parse(context: &Context<'_>, text: &str) -> Result<Self, HubError> {
        if text.len() > MAX_BYTES {
            return Err(HubError::bad(format!("the criteria are longer than {MAX_BYTES} bytes")));
        }
        let (rtype, query) = text.trim().split_once('?').unwrap_or((text.trim(), ""));
        if !context.definitions.is_resource(rtype) {
            return Err(HubError::bad(format!(
                "the criteria '{text}' do not begin with an R4 resource type: write Type?parameter=value"
            )));
        }
        let pairs = pairs::decode(query)?;
        if let Some((name, _)) = pairs
            .iter()
            .find(|(name, _)| OF_ANSWERS.contains(&name.split(':').next().unwrap_or(name)))
        {
            return Err(HubError::bad(format!(
                "'{name}' shapes the answer of a search: criteria only have conditions"
            )));
        }
        let parsed = parse::search(context, rtype, &pairs)?;
        if let Some(unknown) = parsed.ignored.into_iter().next() {
            return Err(unknown.into());
        }
        if let Some(set) = parsed.query.code_sets().first() {
            return Err(HubError::bad(format!(
                "the criteria '{text}' ask a terminology ({set:?}): list the codes instead"
            )));
        }
        // A moment "about now" would move on while the subscription lives.
        if pairs.iter().any(|(_, value)| value.split(',').any(about)) && query_has_dates(&parsed.query) {
            return Err(HubError::bad(format!(
                "the criteria '{text}' use the prefix 'ap' on a date, which depends on the moment of asking: use ge and le"
            )));
        }
        Ok(Self {
            rtype: rtype.to_owned(),
            clauses: parsed.query.clauses,
        })
    }

    /// Whether some condition must be asked of the store.
    pub(crate) fn searches(&self) -> bool {
        self.clauses.iter().any(reaches_out)
    }

    /// Values of which a matching version has at least one, when a condition says so: the way in to many subscriptions.
    pub(crate) fn keys(&self) -> Option<Vec<(ParamId, String)>> {
        let keys = |clause: &Clause| match clause {
            Clause::Param { param, any } => any
                .iter()
                .map(|test| match test {
                    ValueTest::Token { code: Some(code), .. } => Some((*param, code.clone())),
                    ValueTest::Reference { id, .. } => Some((*param, id.clone())),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        self.clauses.iter().find_map(keys)
    }

    /// Whether a version is known to match without asking the store.
    pub(crate) fn holds(&self, candidate: Candidate<'_>) -> bool {
        let mut clauses = self.clauses.iter();
        clauses.all(|clause| in_memory(clause, candidate) == Some(true))
    }

    /// Whether a version matches.
    pub(crate) async fn matches(
        &self,
        candidate: Candidate<'_>,
        snapshot: &mut dyn Snapshot,
    ) -> Result<bool, StoreError> {
        let mut open = Vec::new();
        for clause in &self.clauses {
            match in_memory(clause, candidate) {
                Some(true) => {}
                Some(false) => return Ok(false),
                None => open.push(clause),
            }
        }
        for clause in open {
            if !Box::pin(in_store(clause, candidate, snapshot)).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// `ap2024`, not `apollo`.
fn about(value: &str) -> bool {
    value
        .strip_prefix("ap")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn query_has_dates(query: &Query) -> bool {
    fn dated(clause: &Clause) -> bool {
        match clause {
            Clause::Param { any, .. } | Clause::Not { any, .. } => {
                any.iter().any(|test| format!("{test:?}").starts_with("Date"))
            }
            Clause::Chain { clauses, .. } | Clause::Has { clauses, .. } | Clause::Or(clauses) => {
                clauses.iter().any(dated)
            }
            Clause::LastUpdated { .. } => true,
            _ => false,
        }
    }
    query.clauses.iter().any(dated)
}

fn reaches_out(clause: &Clause) -> bool {
    match clause {
        Clause::Param { any, .. } | Clause::Not { any, .. } => !any.iter().all(known),
        Clause::Or(inner) => inner.iter().any(reaches_out),
        Clause::Missing { .. } | Clause::Id(_) | Clause::LastUpdated { .. } | Clause::Patient(_) | Clause::Never => {
            false
        }
        _ => true,
    }
}

/// `None`: only the store can tell.
fn in_memory(clause: &Clause, candidate: Candidate<'_>) -> Option<bool> {
    let values = |param: &ParamId| {
        let param = *param;
        let entries = candidate.entries.iter().filter(move |entry| entry.param == param);
        entries.map(|entry| &entry.value)
    };
    let some = |param: &ParamId, any: &[ValueTest]| {
        let passed = |value: &IndexValue| any.iter().any(|test| passes(test, value));
        any.iter().all(known).then(|| values(param).any(passed))
    };
    match clause {
        Clause::Param { param, any } => some(param, any),
        Clause::Not { param, any } => some(param, any).map(|found| !found),
        Clause::Missing { param, missing } => Some(values(param).next().is_none() == *missing),
        Clause::Id(ids) => Some(ids.contains(&candidate.resource.id)),
        Clause::LastUpdated { from, until } => {
            let at = candidate.resource.last_updated;
            Some(from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until))
        }
        Clause::Patient(patient) => Some(candidate.resource.patient.as_ref() == Some(patient)),
        Clause::Or(alternatives) => {
            let mut told = Some(false);
            for alternative in alternatives {
                match in_memory(alternative, candidate) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => told = None,
                }
            }
            told
        }
        Clause::Never => Some(false),
        _ => None,
    }
}

async fn in_store(clause: &Clause, candidate: Candidate<'_>, snapshot: &mut dyn Snapshot) -> Result<bool, StoreError> {
    let resource = candidate.resource;
    let query = match clause {
        Clause::Or(alternatives) => {
            for alternative in alternatives {
                let holds = match in_memory(alternative, candidate) {
                    Some(holds) => holds,
                    None => Box::pin(in_store(alternative, candidate, snapshot)).await?,
                };
                if holds {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        Clause::Chain { param, target, clauses } => {
            let ids: Vec<String> = candidate
                .entries
                .iter()
                .filter_map(|entry| match &entry.value {
                    IndexValue::Reference { rtype, id } if entry.param == *param && rtype == target => Some(id.clone()),
                    _ => None,
                })
                .collect();
            if ids.is_empty() {
                return Ok(false);
            }
            ask(target, clauses, Clause::Id(ids))
        }
        Clause::Has { source, param, clauses } => {
            let here = ValueTest::Reference {
                rtype: Some(resource.rtype.clone()),
                id: resource.id.clone(),
            };
            let points = Clause::Param {
                param: *param,
                any: vec![here],
            };
            ask(source, clauses, points)
        }
        other => ask(
            &resource.rtype,
            std::slice::from_ref(other),
            Clause::Id(vec![resource.id.clone()]),
        ),
    };
    Ok(!snapshot.search(&query).await?.matches.is_empty())
}

fn ask(rtype: &str, clauses: &[Clause], and: Clause) -> Query {
    let mut clauses = clauses.to_vec();
    clauses.push(and);
    Query {
        rtype: rtype.to_owned(),
        clauses,
        page: Page { count: 1, after: None },
        ..Query::default()
    }
}

/// Tests that [`passes`] knows; the store does the others.
fn known(test: &ValueTest) -> bool {
    use ValueTest as V;
    matches!(
        test,
        V::Token { .. }
            | V::StringStarts(_)
            | V::StringContains(_)
            | V::StringExact(_)
            | V::DateWithin { .. }
            | V::DateNotWithin { .. }
            | V::DateHiAbove { .. }
            | V::DateLoBelow { .. }
            | V::DateLoAbove { .. }
            | V::DateHiBelow { .. }
            | V::Number { .. }
            | V::Reference { .. }
            | V::ReferenceUrl(_)
            | V::ReferenceIdentifier { .. }
            | V::Uri(_)
            | V::UriBelow(_)
            | V::UriAbove(_)
    )
}

/// The words of [`ValueTest`], tested against a value. The integration tests hold it against the store's search.
fn passes(test: &ValueTest, value: &IndexValue) -> bool {
    use IndexValue as I;
    use ValueTest as V;
    let is = |wanted: &Option<String>, found: &String| wanted.as_ref().is_none_or(|wanted| wanted == found);
    match (test, value) {
        (V::Token { system, code }, I::Token { system: s, code: c }) => is(system, s) && is(code, c),
        (V::StringStarts(start), I::String { normalized, .. }) => normalized.starts_with(start.as_str()),
        (V::StringContains(part), I::String { normalized, .. }) => normalized.contains(part.as_str()),
        (V::StringExact(whole), I::String { exact, .. }) => exact == whole,
        (V::DateWithin { lo, hi }, I::Date { lo: l, hi: h }) => lo <= l && h <= hi,
        (V::DateNotWithin { lo, hi }, I::Date { lo: l, hi: h }) => !(lo <= l && h <= hi),
        (V::DateHiAbove { at, or_equal }, I::Date { hi, .. }) => hi > at || *or_equal && hi == at,
        (V::DateLoBelow { at, or_equal }, I::Date { lo, .. }) => lo < at || *or_equal && lo == at,
        (V::DateLoAbove { at }, I::Date { lo, .. }) => lo > at,
        (V::DateHiBelow { at }, I::Date { hi, .. }) => hi < at,
        (V::Number { .. }, _) => number(test, value),
        (V::Reference { rtype, id }, I::Reference { rtype: r, id: i }) => is(rtype, r) && id == i,
        (V::ReferenceUrl(url), I::ReferenceUrl(found)) => url == found,
        (V::ReferenceIdentifier { system, value }, I::ReferenceIdentifier { system: s, value: v }) => {
            is(system, s) && value == v
        }
        (V::Uri(uri), I::Uri(found)) => uri == found,
        (V::UriBelow(uri), I::Uri(found)) => found.starts_with(uri.as_str()),
        (V::UriAbove(uri), I::Uri(found)) => uri.starts_with(found.as_str()),
        _ => false,
    }
}

fn number(test: &ValueTest, value: &IndexValue) -> bool {
    let ValueTest::Number {
        lo,
        hi,
        lo_open,
        hi_open,
        inside,
        system,
        code,
    } = test
    else {
        return false;
    };
    let within = |value: &f64| {
        (if *lo_open { value > lo } else { value >= lo }) && (if *hi_open { value < hi } else { value <= hi })
    };
    let is = |wanted: &Option<String>, found: &String| wanted.as_ref().is_none_or(|wanted| wanted == found);
    match value {
        IndexValue::Number(number) => system.is_none() && code.is_none() && within(number) == *inside,
        IndexValue::Quantity {
            value,
            system: s,
            code: c,
            unit,
            ..
        } => is(system, s) && (is(code, c) || is(code, unit)) && within(value) == *inside,
        _ => false,
    }
}

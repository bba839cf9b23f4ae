//! Walking all matches of a search, and reading periods.

use fhir::{Definitions, ParamId};
use jiff::Timestamp;
use serde_json::Value;
use store::{Clause, Page, Query, Store, StoreError, StoredResource, ValueTest};

/// Matches read at once.
const PAGE: usize = 1000;

/// Resources of a type whose reference parameter names `who`, and whose token parameter has one of the codes.
pub(super) async fn naming(
    store: &dyn Store,
    rtype: &str,
    reference: &str,
    who: (&str, &str),
    token: Option<(&str, &[&str])>,
    visit: impl FnMut(&StoredResource, &Value) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut clauses = vec![Clause::Param {
        param: param(rtype, reference)?,
        any: vec![ValueTest::Reference {
            rtype: Some(who.0.to_owned()),
            id: who.1.to_owned(),
        }],
    }];
    if let Some((code, values)) = token {
        clauses.push(tokens(rtype, code, None, values)?);
    }
    each(store, rtype, clauses, visit).await
}

fn param(rtype: &str, code: &str) -> Result<ParamId, StoreError> {
    let found = Definitions::r4().param(rtype, code);
    found
        .map(|param| param.id)
        .ok_or_else(|| StoreError::Invalid(format!("R4 has no search parameter {rtype}.{code}")))
}

/// One of these codes.
pub(super) fn tokens(rtype: &str, code: &str, system: Option<&str>, values: &[&str]) -> Result<Clause, StoreError> {
    let test = |value: &&str| ValueTest::Token {
        system: system.map(str::to_owned),
        code: Some((*value).to_owned()),
    };
    Ok(Clause::Param {
        param: param(rtype, code)?,
        any: values.iter().map(test).collect(),
    })
}

/// Visits all matches of a search.
pub(super) async fn each(
    store: &dyn Store,
    rtype: &str,
    clauses: Vec<Clause>,
    mut visit: impl FnMut(&StoredResource, &Value) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut query = Query {
        rtype: rtype.to_owned(),
        clauses,
        page: Page {
            count: PAGE,
            after: None,
        },
        ..Query::default()
    };
    let mut snapshot = store.snapshot().await?;
    loop {
        let page = snapshot.search(&query).await?;
        for found in &page.matches {
            let Some(body) = &found.body else { continue };
            // What the store gives back was JSON when it went in.
            let value = serde_json::from_slice(body).unwrap_or(Value::Null);
            visit(found, &value)?;
        }
        match page.next {
            Some(next) => query.page.after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Begin and end of a FHIR Period; a day lasts to its end, and what cannot be read is closed: it ties nobody.
pub(super) fn period(value: &Value) -> (Option<Timestamp>, Option<Timestamp>) {
    let moment = |key: &str, end: bool| match value.get(key).and_then(Value::as_str) {
        None => None,
        Some(text) => {
            let range = fhir::date_interval(text);
            let at = |micros| Timestamp::from_microsecond(micros).ok();
            let (closed, read) = if end {
                (Timestamp::MIN, range.and_then(|(_, hi)| at(hi)))
            } else {
                (Timestamp::MAX, range.and_then(|(lo, _)| at(lo)))
            };
            Some(read.unwrap_or(closed))
        }
    };
    (moment("start", false), moment("end", true))
}

/// Whether `now` lies in a period.
pub(super) fn within((start, end): (Option<Timestamp>, Option<Timestamp>), now: Timestamp) -> bool {
    start.is_none_or(|start| start <= now) && end.is_none_or(|end| now <= end)
}

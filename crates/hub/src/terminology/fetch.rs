//! From the store: the resource of a canonical address, parsed.

use super::cache::{Found, Key, Kind};
use crate::http::blocking;
use crate::{Hub, HubError};
use bytes::Bytes;
use std::cmp::Ordering;
use std::sync::Arc;
use store::{Clause, Page, Query, Snapshot, ValueTest};
use terminology::{Canonical, CodeSystem, ConceptMap, TermError, ValueSet};

/// Versions of one resource that are looked at, and concept maps between two scopes.
const MAX_FOUND: usize = 50;

/// Looks one address up. A stored resource that cannot be read is logged and counts as absent: the rest goes on.
pub(super) async fn fetch(hub: &Hub, snapshot: &mut dyn Snapshot, (kind, address): &Key) -> Result<Found, HubError> {
    let rtype = match kind {
        Kind::CodeSystem => "CodeSystem",
        Kind::ValueSet => "ValueSet",
        Kind::ConceptMap | Kind::Maps => "ConceptMap",
    };
    let clauses = match kind {
        Kind::Maps => scopes(hub, address),
        _ => identity(hub, rtype, Canonical::parse(address)),
    };
    let Some(clauses) = clauses else {
        return Ok(Found::Absent);
    };
    let query = Query {
        rtype: rtype.to_owned(),
        clauses,
        page: Page {
            count: MAX_FOUND,
            after: None,
        },
        ..Query::default()
    };
    let page = snapshot.search(&query).await?;
    let bodies: Vec<Bytes> = page.matches.into_iter().filter_map(|resource| resource.body).collect();
    if bodies.is_empty() {
        return Ok(Found::Absent);
    }
    let (kind, address) = (*kind, address.clone());
    blocking(move || Ok(parse(kind, &address, &bodies))).await
}

fn test(hub: &Hub, rtype: &str, code: &str, test: ValueTest) -> Option<Clause> {
    let param = hub.definitions.param(rtype, code)?;
    Some(Clause::Param {
        param: param.id,
        any: vec![test],
    })
}

fn identity(hub: &Hub, rtype: &str, canonical: Canonical<'_>) -> Option<Vec<Clause>> {
    let mut clauses = vec![test(hub, rtype, "url", ValueTest::Uri(canonical.url.to_owned()))?];
    if let Some(version) = canonical.version {
        let token = ValueTest::Token {
            system: None,
            code: Some(version.to_owned()),
        };
        clauses.push(test(hub, rtype, "version", token)?);
    }
    Some(clauses)
}

/// Maps whose scope, or the code system of a group, is the one asked.
fn scopes(hub: &Hub, address: &str) -> Option<Vec<Clause>> {
    let named = |name: String, scope: &str| {
        let uri = hub.definitions.param("ConceptMap", &name)?.kind == fhir::ParamType::Uri;
        let scope = scope.to_owned();
        let value = if uri {
            ValueTest::Uri(scope)
        } else {
            ValueTest::ReferenceUrl(scope)
        };
        test(hub, "ConceptMap", &name, value)
    };
    // R4 has a parameter for each way to write the scope
    let one = |name: &str, scope: &str| {
        let all = ["", "-uri", "-system"].map(|end| named(format!("{name}{end}"), scope));
        Some(Clause::Or(all.into_iter().flatten().collect()))
    };
    match address.split_once(' ') {
        Some((from, to)) => Some(vec![one("source", from)?, one("target", to)?]),
        None => Some(vec![one("source", address)?]),
    }
}

fn parse(kind: Kind, address: &str, bodies: &[Bytes]) -> Found {
    match kind {
        Kind::CodeSystem => {
            let found = newest(address, bodies, CodeSystem::from_json, CodeSystem::version);
            found.map_or(Found::Absent, |system| Found::CodeSystem(Arc::new(system)))
        }
        Kind::ValueSet => {
            let found = newest(address, bodies, ValueSet::from_json, ValueSet::version);
            found.map_or(Found::Absent, |set| Found::ValueSet(Arc::new(set)))
        }
        Kind::ConceptMap => {
            let found = newest(address, bodies, ConceptMap::from_json, ConceptMap::version);
            found.map_or(Found::Absent, |map| Found::ConceptMap(Arc::new(map)))
        }
        Kind::Maps => Found::Maps(
            bodies
                .iter()
                .filter_map(|body| read(address, body, ConceptMap::from_json))
                .map(Arc::new)
                .collect(),
        ),
    }
}

fn read<T>(address: &str, body: &Bytes, parse: impl Fn(&[u8]) -> Result<T, TermError>) -> Option<T> {
    match parse(body) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            tracing::warn!(%error, address, "a stored terminology resource cannot be used");
            None
        }
    }
}

/// The newest version.
fn newest<T>(
    address: &str,
    bodies: &[Bytes],
    parse: impl Fn(&[u8]) -> Result<T, TermError>,
    version: impl Fn(&T) -> Option<&str>,
) -> Option<T> {
    let all = bodies.iter().filter_map(|body| read(address, body, &parse));
    all.max_by(|a, b| by_version(version(a).unwrap_or_default(), version(b).unwrap_or_default()))
}

/// `1.10` after `1.9`; parts that are no numbers by their letters.
fn by_version(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split(['.', '-']), b.split(['.', '-']));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        assert_eq!(by_version("1.10.0", "1.9.3"), Ordering::Greater);
        assert_eq!(by_version("2024-01-02", "2023-12-31"), Ordering::Greater);
        assert_eq!(by_version("", "1"), Ordering::Less);
        assert_eq!(by_version("4.0.1", "4.0.1"), Ordering::Equal);
    }
}

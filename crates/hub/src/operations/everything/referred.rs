//! What the resources about the focus refer to: people, places, medicines. What belongs to another patient stays theirs.

use super::steps::{Focus, Step};
use super::wanted::Wanted;
use crate::HubError;
use crate::scope::Scope;
use fhir::ReferenceText;
use serde_json::Value;
use std::collections::BTreeSet;
use store::{SearchPage, Snapshot, StoredResource};

/// Resources that one patient's or encounter's data may refer to.
const MAX_REFERRED: usize = 10_000;

/// Resources looked at in one step while gathering references.
const STEP: usize = 500;

/// Type and id.
type Key = (String, String);

/// What resources refer to, without themselves.
#[derive(Default)]
struct Gathered {
    members: BTreeSet<Key>,
    referred: BTreeSet<Key>,
}

impl Gathered {
    fn add(&mut self, resources: &[StoredResource]) -> Result<(), HubError> {
        for resource in resources {
            self.members.insert((resource.rtype.clone(), resource.id.clone()));
            let body = resource.body.as_deref().unwrap_or_default();
            let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
            fhir::for_each_reference(&mut value, &mut |text| {
                if let ReferenceText::Local { rtype, id, .. } = ReferenceText::parse(text) {
                    self.referred.insert((rtype.to_owned(), id.to_owned()));
                }
            });
        }
        if self.referred.len() > MAX_REFERRED {
            return Err(HubError::Limit {
                what: "resources that the answer of $everything refers to (narrow it with _type, start and end)",
                max: MAX_REFERRED,
                found: self.referred.len(),
            });
        }
        Ok(())
    }

    fn finish(self) -> Vec<Key> {
        let members = self.members;
        self.referred.into_iter().filter(|key| !members.contains(key)).collect()
    }
}

/// What the resources at hand refer to.
pub(super) fn among(resources: &[StoredResource]) -> Result<Vec<Key>, HubError> {
    let mut gathered = Gathered::default();
    gathered.add(resources)?;
    Ok(gathered.finish())
}

/// What everything that the steps find refers to.
pub(super) async fn of_all(
    snapshot: &mut dyn Snapshot,
    scope: &Scope,
    steps: &[Step],
    begin: &str,
) -> Result<Vec<Key>, HubError> {
    let mut gathered = Gathered::default();
    for step in steps {
        let mut after = Some(begin.to_owned());
        loop {
            let mut query = step.query(STEP, after);
            scope.narrow(&mut query)?;
            let page = snapshot.search(&query).await?;
            gathered.add(&page.matches)?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(gathered.finish())
}

/// Adds them to the page in the order of type and id, after the place of the mark; gives the place that the next page starts after.
pub(super) async fn add(
    snapshot: &mut dyn Snapshot,
    focus: &Focus,
    found: Vec<Key>,
    after: Option<&str>,
    wanted: &Wanted,
    scope: &Scope,
    page: &mut SearchPage,
) -> Result<Option<String>, HubError> {
    let mut last: Option<String> = after.map(str::to_owned);
    for (rtype, id) in found {
        let place = format!("{rtype}/{id}");
        if last.as_deref().is_some_and(|last| place.as_str() <= last) || !wanted.has(&rtype) {
            continue;
        }
        let is_known = page.included.iter().any(|other| other.rtype == rtype && other.id == id);
        let there = if is_known {
            None
        } else {
            snapshot.read(&rtype, &id).await?
        };
        let visible = |resource: &StoredResource| {
            let free = resource.patient.is_none() || matches!(focus, Focus::Encounter(_));
            resource.body.is_some() && free && !focus.is_member(resource) && scope.sees(resource)
        };
        if let Some(resource) = there.filter(visible) {
            if page.matches.len() + page.included.len() >= wanted.count {
                return Ok(Some(last.unwrap_or_default()));
            }
            page.included.push(resource);
        }
        last = Some(place);
    }
    Ok(None)
}

//! References inside a bundle: fullUrls, own address, and `Type?criteria`, each replaced by `Type/id`.

use super::entry::Parsed;
use crate::parse;
use crate::scope::Scope;
use crate::{Hub, HubError};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use store::Snapshot;

/// Looks up every conditional reference of the entries once; found ones join `links`, others are told by text.
pub(super) async fn conditional(
    hub: &Hub,
    by: &Scope,
    snapshot: &mut dyn Snapshot,
    entries: &mut Parsed,
    links: &mut HashMap<String, String>,
) -> Result<HashMap<String, HubError>, HubError> {
    let mut wanted: HashSet<String> = HashSet::new();
    for entry in entries.iter_mut().flatten() {
        fhir::for_each_reference(&mut entry.resource, &mut |reference| {
            if is_conditional(reference) && !links.contains_key(reference.as_str()) {
                wanted.insert(reference.clone());
            }
        });
    }
    let mut failed = HashMap::new();
    for reference in wanted {
        match look_up(hub, by, snapshot, &reference).await {
            Ok(found) => {
                links.insert(reference, found);
            }
            Err(HubError::Store(error)) => return Err(HubError::Store(error)),
            Err(error) => {
                failed.insert(reference, error);
            }
        }
    }
    Ok(failed)
}

/// `Type?criteria`, not a URL of elsewhere.
fn is_conditional(reference: &str) -> bool {
    reference
        .split_once('?')
        .is_some_and(|(head, _)| !head.is_empty() && !head.contains([':', '/', '#']))
}

async fn look_up(hub: &Hub, by: &Scope, snapshot: &mut dyn Snapshot, reference: &str) -> Result<String, HubError> {
    let (rtype, criteria) = reference.split_once('?').unwrap_or((reference, ""));
    hub.check_type(rtype)?;
    let mut query = parse::criteria(&hub.parse_context(), rtype, criteria)?;
    by.narrow(&mut query)?;
    let page = snapshot.search(&query).await?;
    match page.matches.as_slice() {
        [one] => Ok(format!("{}/{}", one.rtype, one.id)),
        [] => Err(HubError::NoMatch {
            rtype: rtype.to_owned(),
            criteria: criteria.to_owned(),
        }),
        _ => Err(HubError::MultipleMatches {
            criteria: reference.to_owned(),
            count: "several".into(),
        }),
    }
}

/// Texts and what they stand for.
pub(super) struct Links<'a> {
    /// Of this bundle.
    pub here: &'a HashMap<String, String>,
    /// Of the whole file, when the bundle is one part of it.
    pub around: &'a HashMap<String, String>,
    /// Conditional references that cannot be resolved.
    pub failed: &'a HashMap<String, HubError>,
}

impl Links<'_> {
    fn get(&self, text: &str) -> Option<&String> {
        self.here.get(text).or_else(|| self.around.get(text))
    }

    /// Rewrites every link of a resource.
    pub(super) fn rewrite(&self, full_url: Option<&str>, resource: &mut Value) -> Result<(), HubError> {
        let service = full_url.and_then(service_base);
        let mut problem = None;
        fhir::for_each_reference(resource, &mut |reference| match self.resolve(service, reference) {
            Ok(Some(found)) => *reference = found,
            Ok(None) => {}
            Err(error) => problem = Some(error),
        });
        if let Some(error) = problem {
            return Err(error);
        }
        fhir::for_each_link(resource, &mut |link| {
            if let Some(found) = self.get(link) {
                link.clone_from(found);
            }
        });
        Ok(())
    }

    fn resolve(&self, service: Option<&str>, reference: &str) -> Result<Option<String>, HubError> {
        if let Some(found) = self.get(reference) {
            return Ok(Some(found.clone()));
        }
        if reference.starts_with("urn:uuid:") || reference.starts_with("urn:oid:") {
            return Err(HubError::bad(format!(
                "the reference '{reference}' is the fullUrl of no entry of this bundle"
            )));
        }
        if let Some(error) = self.failed.get(reference) {
            return Err(error.clone());
        }
        // `Patient/1` in an entry of http://elsewhere/fhir means http://elsewhere/fhir/Patient/1.
        let absolute = match service {
            Some(service) if !reference.contains(':') && !reference.starts_with('#') => {
                format!("{service}/{reference}")
            }
            _ => return Ok(None),
        };
        Ok(self.get(&absolute).cloned())
    }
}

/// `http://elsewhere/fhir` of `http://elsewhere/fhir/Patient/1`.
fn service_base(full_url: &str) -> Option<&str> {
    if !full_url.starts_with("http") {
        return None;
    }
    let (rest, _id) = full_url.rsplit_once('/')?;
    rest.rsplit_once('/').map(|(base, _type)| base)
}

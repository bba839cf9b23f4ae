//! References to resources of this server: whether these are there.
//!
//! The look is taken before the commit: what is deleted at the same moment may still be referred to. References inside a
//! Bundle that is stored as such are the bundle's own matter.

use super::Own;
use crate::outcome::Issue;
use crate::scope::Scope;
use crate::{Hub, HubError, is_id};
use fhir::Definitions;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A reference to a resource of this server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// Path of the element.
    path: String,
    rtype: String,
    id: String,
}

/// The local references of a resource: `Type/id`, with or without a version.
pub(super) fn local(definitions: &Definitions, value: &Value) -> Vec<Local> {
    let mut found = Vec::new();
    let rtype = super::type_of(value);
    if rtype != "Bundle" {
        walk(definitions, value, &mut rtype.to_owned(), &mut found);
    }
    found
}

/// As deep as the parser lets a body be.
fn walk(definitions: &Definitions, value: &Value, path: &mut String, found: &mut Vec<Local>) {
    let length = path.len();
    match value {
        Value::Object(object) => {
            for (name, child) in object {
                if let (Value::String(text), "reference") = (child, name.as_str()) {
                    if let Some((rtype, id)) = target(definitions, text) {
                        found.push(Local {
                            path: path.clone(),
                            rtype: rtype.to_owned(),
                            id: id.to_owned(),
                        });
                    }
                } else if child.is_object() || child.is_array() {
                    path.push('.');
                    path.push_str(name);
                    walk(definitions, child, path, found);
                    path.truncate(length);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push_str(&format!("[{at}]"));
                walk(definitions, item, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn target<'t>(definitions: &Definitions, text: &'t str) -> Option<(&'t str, &'t str)> {
    let mut parts = text.split('/');
    let (rtype, id) = (parts.next()?, parts.next()?);
    let rest = (parts.next(), parts.next(), parts.next());
    let whole = matches!(rest, (None, None, None) | (Some("_history"), Some(_), None));
    (whole && definitions.is_resource(rtype) && is_id(id)).then_some((rtype, id))
}

/// Of each list, the references that lead nowhere. One look into the store for each different target.
/// What `by` may not see is not there for it.
pub(super) async fn missing(
    hub: &Hub,
    by: &Scope,
    lists: Vec<Vec<Local>>,
    own: &Own<'_>,
) -> Result<Vec<Vec<Issue>>, HubError> {
    let mut there: HashMap<(&str, &str), bool> = HashMap::new();
    for write in own.writes {
        there.insert((&write.rtype, &write.id), write.body.is_some());
    }
    let mut snapshot = hub.snapshot().await?;
    let mut around: Option<HashSet<&str>> = None;
    for one in lists.iter().flatten() {
        let key = (one.rtype.as_str(), one.id.as_str());
        if there.contains_key(&key) {
            continue;
        }
        let stored = snapshot.read(key.0, key.1).await?;
        let known = stored.is_some_and(|stored| stored.body.is_some() && by.sees(&stored)) || {
            let around = around.get_or_insert_with(|| own.around.values().map(String::as_str).collect());
            around.contains(format!("{}/{}", key.0, key.1).as_str())
        };
        there.insert(key, known);
    }
    let lost = |one: &&Local| there.get(&(one.rtype.as_str(), one.id.as_str())) == Some(&false);
    let told = |one: &Local| {
        let Local { path, rtype, id } = one;
        let message = format!(
            "{path}: refers to {rtype}/{id}, which is not stored here: store it first, or in the same transaction \
             [references]"
        );
        Issue::error("not-found", message).at(path.as_str())
    };
    Ok(lists
        .iter()
        .map(|list| list.iter().filter(lost).map(told).collect())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_references_to_this_server_count() {
        let observation = json!({"resourceType": "Observation", "subject": {"reference": "Patient/p"},
            "performer": [{"reference": "#c"}, {"reference": "Practitioner/x/_history/2"}, {"display": "y"},
                {"reference": "http://elsewhere/Patient/1"}, {"reference": "Thing/1"}, {"reference": "urn:uuid:1"}]});
        let found = local(Definitions::r4(), &observation);
        let shown: Vec<String> = found
            .iter()
            .map(|one| format!("{} {}/{}", one.path, one.rtype, one.id))
            .collect();
        assert_eq!(
            shown,
            [
                "Observation.subject Patient/p",
                "Observation.performer[1] Practitioner/x"
            ]
        );
        let bundle = json!({"resourceType": "Bundle", "entry": [{"resource": observation}]});
        assert!(local(Definitions::r4(), &bundle).is_empty());
    }
}

//! Parts of a type that policies decide on by themselves (`withheld` of `types.json`): who may not see them reads the resource
//! without them, finds nothing by them, and leaves them as they are when writing the rest.

use crate::HubError;
use crate::scope::not_oneself;
use access::View;
use bytes::Bytes;
use policy::Withheld;
use serde_json::Value;
use store::{Clause, Query, SortKey, StoredResource, Texts, ValueTest};

fn is_of(part: &Withheld, one: &Value) -> bool {
    one["system"]
        .as_str()
        .is_some_and(|system| part.systems.iter().any(|own| own == system))
}

/// Takes the members of a part out of a resource; gives them.
fn take(part: &Withheld, value: &mut Value) -> Vec<Value> {
    let Some(list) = value.get_mut(&part.element).and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let (out, rest) = std::mem::take(list).into_iter().partition(|one| is_of(part, one));
    *list = rest;
    if list.is_empty()
        && let Some(object) = value.as_object_mut()
    {
        object.remove(&part.element);
    }
    out
}

fn parsed(resource: &StoredResource) -> Option<Value> {
    serde_json::from_slice(resource.body.as_deref()?).ok()
}

/// The bytes without what is withheld.
pub(crate) fn strip(view: &View, resource: &StoredResource, body: &Bytes) -> Bytes {
    let parts = view.withheld(&resource.rtype, &resource.id);
    if parts.is_empty() {
        return body.clone();
    }
    // What cannot be read is not shown whole either.
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return Bytes::new();
    };
    for part in parts {
        take(part, &mut value);
    }
    serde_json::to_vec(&value).map(Bytes::from).unwrap_or_default()
}

/// Puts what is withheld from the writer, and stored, back into what they write.
pub(crate) fn keep(view: &View, value: &mut Value, current: Option<&StoredResource>) -> Result<(), HubError> {
    let rtype = value["resourceType"].as_str().unwrap_or_default();
    let id = current.map_or("", |current| current.id.as_str());
    let parts = view.withheld(rtype, id);
    for part in parts {
        if !take(part, value).is_empty() {
            return Err(withheld_from(part));
        }
        let kept = current
            .and_then(parsed)
            .map(|mut stored| take(part, &mut stored))
            .unwrap_or_default();
        if kept.is_empty() {
            continue;
        }
        match value.get_mut(&part.element).and_then(Value::as_array_mut) {
            Some(list) => list.extend(kept),
            None => value[part.element.as_str()] = Value::Array(kept),
        }
    }
    Ok(())
}

fn withheld_from(part: &Withheld) -> HubError {
    HubError::Forbidden(format!(
        "{}.{} of {}: you may not see or write it ({}); leave it out, and what is stored stays",
        part.rtype,
        part.element,
        part.systems.join(", "),
        part.name
    ))
}

/// A patch sees the whole resource: it could copy what is withheld to where it is shown.
pub(crate) fn may_patch(view: &View, current: &StoredResource) -> Result<(), HubError> {
    for part in view.withheld(&current.rtype, &current.id) {
        if parsed(current).is_some_and(|mut value| !take(part, &mut value).is_empty()) {
            let text = format!(
                "{} of this {} is withheld from you, and a patch would reach it: send the whole resource (PUT)",
                part.name, part.rtype
            );
            return Err(HubError::Forbidden(text));
        }
    }
    Ok(())
}

/// Whether the parts of a resource may become what they would be.
pub(crate) fn may_write(
    view: &View,
    id: &str,
    value: &Value,
    current: Option<&StoredResource>,
) -> Result<(), HubError> {
    let rtype = value["resourceType"].as_str().unwrap_or_default();
    let parts = view.policies().types().withheld().iter();
    for part in parts.filter(|part| part.rtype == rtype) {
        let before = current.and_then(parsed).unwrap_or_default();
        let element = part.element.as_str();
        let ruling = view.may_give(part, id, &before[element], &value[element]);
        match &*ruling.policy {
            _ if ruling.permit => {}
            access::NOT_ONESELF => return Err(not_oneself(rtype)),
            _ => return Err(withheld_from(part)),
        }
    }
    Ok(())
}

/// Refuses a search that would tell of what is withheld: by its parameters (unless for another system), by words of every
/// text, by order; also behind chains and `_has`.
pub(crate) fn refuse_search(view: &View, query: &Query) -> Result<(), HubError> {
    for part in view.policies().types().withheld() {
        if view
            .withheld(&part.rtype, "")
            .iter()
            .any(|other| other.name == part.name)
        {
            let by_order = query.rtype == part.rtype
                && query
                    .sort
                    .iter()
                    .any(|sort| matches!(&sort.key, SortKey::Param(id) if reads(part, *id)));
            if by_order || tells(part, &query.rtype, &query.clauses) {
                return Err(HubError::Forbidden(format!(
                    "{} may be searched by {} of other systems only (system|value): {} is withheld from you",
                    part.rtype,
                    part.search.join(", "),
                    part.name
                )));
            }
        }
    }
    Ok(())
}

fn reads(part: &Withheld, param: fhir::ParamId) -> bool {
    let definitions = fhir::Definitions::r4();
    let mut params = part
        .search
        .iter()
        .filter_map(|code| definitions.param(&part.rtype, code));
    params.any(|own| own.id == param)
}

fn tells(part: &Withheld, rtype: &str, clauses: &[Clause]) -> bool {
    let here = rtype == part.rtype;
    let elsewhere = |test: &ValueTest| match test {
        ValueTest::Token {
            system: Some(system), ..
        } => !part.systems.contains(system),
        _ => false,
    };
    clauses.iter().any(|clause| match clause {
        Clause::Param { param, any } | Clause::Not { param, any } => {
            here && reads(part, *param) && !any.iter().all(elsewhere)
        }
        Clause::Words { of, .. } => here && *of == Texts::All,
        Clause::Chain { target, clauses, .. } => tells(part, target, clauses),
        Clause::Has { source, clauses, .. } => tells(part, source, clauses),
        Clause::Or(clauses) => tells(part, rtype, clauses),
        Clause::Missing { .. } | Clause::Id(_) | Clause::LastUpdated { .. } | Clause::Patient(_) | Clause::Never => {
            false
        }
    })
}

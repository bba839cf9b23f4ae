//! Parts of a type that policies decide on by themselves (`withheld` of `types.json`): who may not see them reads the resource
//! without them, finds nothing by them, and leaves them as they are when writing the rest.

use crate::HubError;
use crate::scope::not_oneself;
use access::View;
use bytes::Bytes;
use policy::Withheld;
use serde_json::Value;
use store::{Clause, Query, SortKey, StoredResource, Texts, ValueTest};

/// What was taken out of an element: the element as it was, or those members of it.
type Taken = Vec<(String, Value)>;

/// Takes a part out of a resource; gives it.
fn take(part: &Withheld, value: &mut Value) -> Taken {
    let Some(object) = value.as_object_mut() else {
        return Taken::new();
    };
    if part.is_whole() {
        // What a primitive carries beside its value (extensions) is written under the name with a line before it.
        let names = [part.element.clone(), format!("_{}", part.element)];
        return names
            .into_iter()
            .filter_map(|name| object.remove(&name).map(|value| (name, value)))
            .collect();
    }
    let Some(list) = object.get_mut(&part.element).and_then(Value::as_array_mut) else {
        return Taken::new();
    };
    let (out, rest): (Vec<_>, Vec<_>) = std::mem::take(list).into_iter().partition(|one| part.holds(one));
    *list = rest;
    if list.is_empty() {
        object.remove(&part.element);
    }
    match out.is_empty() {
        true => Taken::new(),
        false => vec![(part.element.clone(), Value::Array(out))],
    }
}

/// Puts what was taken back.
fn put(taken: Taken, value: &mut Value) {
    for (name, kept) in taken {
        match (value.get_mut(&name).and_then(Value::as_array_mut), kept) {
            (Some(list), Value::Array(kept)) => list.extend(kept),
            (_, kept) => value[name.as_str()] = kept,
        }
    }
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
        let stored = current.and_then(parsed);
        let kept = stored.map(|mut stored| take(part, &mut stored)).unwrap_or_default();
        put(kept, value);
    }
    Ok(())
}

/// Which values of the element are meant, for who reads an error.
fn which(part: &Withheld) -> String {
    match (part.systems.is_empty(), part.open_uses.is_empty()) {
        (false, _) => format!(" of {}", part.systems.join(", ")),
        (true, false) => format!(" unless its use is {}", part.open_uses.join(", ")),
        (true, true) => String::new(),
    }
}

fn withheld_from(part: &Withheld) -> HubError {
    HubError::Forbidden(format!(
        "{}.{}{}: you may not see or write it ({}); leave it out, and what is stored stays",
        part.rtype,
        part.element,
        which(part),
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
        let ruling = view.may_give(part, id, &before, value);
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
        let by_order = query.rtype == part.rtype
            && query
                .sort
                .iter()
                .any(|sort| matches!(&sort.key, SortKey::Param(id) if reads(part, *id)));
        // Whether the search tells of it costs less to see than whether it is withheld.
        if (by_order || tells(part, &query.rtype, &query.clauses)) && view.is_withheld(part) {
            return Err(HubError::Forbidden(match part.systems.is_empty() {
                true => format!(
                    "{} may not be searched by {}, nor by every text of it: {} is withheld from you; search by name",
                    part.rtype,
                    part.search.join(", "),
                    part.name
                ),
                false => format!(
                    "{} may be searched by {} of other systems only (system|value): {} is withheld from you",
                    part.rtype,
                    part.search.join(", "),
                    part.name
                ),
            }));
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
        } => !part.systems.is_empty() && !part.systems.contains(system),
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
        // Whether there is any tells of it, where the whole element is somebody's own.
        Clause::Missing { param, .. } => here && part.systems.is_empty() && reads(part, *param),
        Clause::Id(_) | Clause::LastUpdated { .. } | Clause::Patient(_) | Clause::Never => false,
    })
}

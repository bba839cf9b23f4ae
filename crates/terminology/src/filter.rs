//! Whether a concept passes a filter.

use crate::{CodeSystem, Concept, Filter, Op, TermError};

/// Whether the filter needs nothing but the code itself, so that it can be tried without the code system.
pub(crate) fn on_code_alone(filter: &Filter) -> bool {
    matches!(&*filter.property, "code" | "concept") && matches!(filter.op, Op::Regex(_) | Op::In(_) | Op::NotIn(_))
}

/// The filter of [`on_code_alone`] on a code.
pub(crate) fn code_passes(filter: &Filter, code: &str) -> bool {
    match &filter.op {
        Op::Regex(regex) => regex.is_match(code),
        Op::In(codes) => codes.iter().any(|one| **one == *code),
        Op::NotIn(codes) => codes.iter().all(|one| **one != *code),
        _ => true,
    }
}

/// Whether a concept passes.
///
/// # Errors
/// The filter names a concept that the code system does not have.
pub(crate) fn passes(system: &CodeSystem, filter: &Filter, concept: Concept) -> Result<bool, TermError> {
    let named = || {
        system.find(&filter.value).ok_or_else(|| TermError::UnknownCode {
            system: system.url().to_owned(),
            code: filter.value.to_string(),
        })
    };
    Ok(match &filter.op {
        Op::IsA => system.subsumes(named()?, concept),
        Op::DescendentOf => named()? != concept && system.subsumes(named()?, concept),
        Op::IsNotA => !system.subsumes(named()?, concept),
        Op::Generalizes => system.subsumes(concept, named()?),
        Op::Equal => any_value(system, filter, concept, |text| *text == *filter.value),
        Op::Regex(regex) => any_value(system, filter, concept, |text| regex.is_match(text)),
        Op::In(list) => any_value(system, filter, concept, |text| list.iter().any(|one| **one == *text)),
        Op::NotIn(list) => !any_value(system, filter, concept, |text| list.iter().any(|one| **one == *text)),
        Op::Exists(wanted) => any_value(system, filter, concept, |_| true) == *wanted,
    })
}

/// Concepts that pass, in document order: by the hierarchy where the filter is about it, not by looking at each.
pub(crate) fn select(system: &CodeSystem, filters: &[Filter]) -> Result<Vec<Concept>, TermError> {
    let named = |filter: &Filter| {
        system.find(&filter.value).ok_or_else(|| TermError::UnknownCode {
            system: system.url().to_owned(),
            code: filter.value.to_string(),
        })
    };
    let starts = |filter: &Filter| {
        Ok(match filter.op {
            Op::IsA | Op::DescendentOf => Some(system.descendants_or_self(named(filter)?)),
            Op::Generalizes => Some(system.ancestors_or_self(named(filter)?)),
            _ => None,
        })
    };
    let mut chosen = None;
    for filter in filters {
        chosen = starts(filter)?;
        if chosen.is_some() {
            break;
        }
    }
    let mut chosen = chosen.unwrap_or_else(|| system.concepts().collect());
    for filter in filters {
        let mut failed = None;
        chosen.retain(|concept| {
            failed.is_none()
                && passes(system, filter, *concept).unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
        });
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(chosen)
}

/// Whether some value of the filter's property passes a test.
fn any_value(system: &CodeSystem, filter: &Filter, concept: Concept, mut test: impl FnMut(&str) -> bool) -> bool {
    match &*filter.property {
        "code" | "concept" => test(system.code(concept)),
        "display" => system.display(concept).is_some_and(test),
        "definition" => system.definition(concept).is_some_and(test),
        "inactive" => test(if system.is_inactive(concept) { "true" } else { "false" }),
        "notSelectable" | "abstract" => test(if system.is_abstract(concept) { "true" } else { "false" }),
        "parent" => system.parents(concept).iter().any(|parent| test(system.code(*parent))),
        "child" => system.children(concept).iter().any(|child| test(system.code(*child))),
        other => system
            .properties(concept)
            .filter(|property| property.code == other)
            .any(|property| test(property.value.text())),
    }
}

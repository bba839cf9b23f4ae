//! The part of FHIRPath in which search parameters are written.

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the element of this name (a choice by its stem).
    Child(&'static str),
    /// Only values of this type: `as T`, `.as(T)`, `.ofType(T)`.
    As(&'static str),
    /// `.where(resolve() is T)`: only references to this type.
    ResolveIs(&'static str),
    /// `.where(name='text')`.
    Equals(&'static str, &'static str),
}

/// The paths of a union, each without its root type; `None` if a part is written in more of FHIRPath than this.
pub(super) fn parse(expression: &'static str) -> Option<Vec<Vec<Step>>> {
    expression.split(" | ").map(parse_part).collect()
}

/// The paths of a component of a composite parameter, which start at an element (`from_resource == false`) or, with
/// `%resource.`, at the resource.
pub(super) fn parse_component(expression: &'static str) -> Option<(bool, Vec<Vec<Step>>)> {
    let from_resource = expression.starts_with("%resource.");
    let parts = expression.split(" | ").map(|part| {
        let part = part.trim();
        let path = part.strip_prefix("%resource.").unwrap_or(part);
        (part.len() > path.len()).eq(&from_resource).then_some(())?;
        parse_path(path)
    });
    Some((from_resource, parts.collect::<Option<_>>()?))
}

/// `Type`, `Type.path`, `(Type.path as T)` or `(Type.path as T).path`.
fn parse_part(part: &'static str) -> Option<Vec<Step>> {
    let part = part.trim();
    let Some(inner) = part.strip_prefix('(') else {
        return match part.split_once('.') {
            Some((_root, path)) => parse_path(path),
            None => name(part).map(|_| Vec::new()),
        };
    };
    let (inner, rest) = inner.split_once(')')?;
    let (path, cast) = inner.split_once(" as ")?;
    let mut steps = parse_path(path.split_once('.')?.1)?;
    steps.push(Step::As(name(cast)?));
    if let Some(rest) = rest.strip_prefix('.') {
        steps.extend(parse_path(rest)?);
    } else if !rest.is_empty() {
        return None;
    }
    Some(steps)
}

fn parse_path(path: &'static str) -> Option<Vec<Step>> {
    let mut steps = vec![];
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '(']).unwrap_or(rest.len());
        let head = name(&rest[..end])?;
        rest = &rest[end..];
        if let Some(call) = rest.strip_prefix('(') {
            let (argument, after) = split_call(call)?;
            steps.push(parse_call(head, argument)?);
            rest = after;
        } else {
            steps.push(Step::Child(head));
        }
        if !rest.is_empty() {
            rest = rest.strip_prefix('.')?;
        }
    }
    Some(steps)
}

/// Splits `argument)rest` at the parenthesis that closes the call.
fn split_call(text: &'static str) -> Option<(&'static str, &'static str)> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

fn parse_call(function: &str, argument: &'static str) -> Option<Step> {
    match function {
        "as" | "ofType" => Some(Step::As(name(argument)?)),
        "where" => match argument.strip_prefix("resolve() is ") {
            Some(target) => Some(Step::ResolveIs(name(target)?)),
            None => {
                let (element, text) = argument.split_once('=')?;
                let text = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Some(Step::Equals(name(element)?, text))
            }
        },
        _ => None,
    }
}

fn name(text: &'static str) -> Option<&'static str> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::Step::{As, Child, Equals, ResolveIs};
    use super::*;

    #[test]
    fn the_forms_of_r4_are_understood() {
        let one = |text| parse(text).map(|mut paths| (paths.len() == 1).then(|| paths.remove(0)).unwrap());
        assert_eq!(one("Patient.name.family"), Some(vec![Child("name"), Child("family")]));
        assert_eq!(
            one("(Observation.value as Quantity)"),
            Some(vec![Child("value"), As("Quantity")])
        );
        let text = "(Observation.value as CodeableConcept).text";
        assert_eq!(
            one(text),
            Some(vec![Child("value"), As("CodeableConcept"), Child("text")])
        );
        assert_eq!(one("Condition.onset.as(Age)"), Some(vec![Child("onset"), As("Age")]));
        let text = "Flag.subject.where(resolve() is Patient)";
        assert_eq!(one(text), Some(vec![Child("subject"), ResolveIs("Patient")]));
        let text = "Library.relatedArtifact.where(type='depends-on').resource";
        assert_eq!(
            one(text),
            Some(vec![
                Child("relatedArtifact"),
                Equals("type", "depends-on"),
                Child("resource")
            ])
        );
        assert_eq!(parse("A.b | (A.c as date)").map(|paths| paths.len()), Some(2));
    }

    #[test]
    fn components_start_at_an_element_or_at_the_resource() {
        let value = vec![Child("value"), As("Quantity")];
        let text = "value.as(Quantity) | value.as(Range)";
        let range = vec![Child("value"), As("Range")];
        assert_eq!(parse_component(text), Some((false, vec![value, range])));
        let chromosome = vec![Child("referenceSeq"), Child("chromosome")];
        let text = "%resource.referenceSeq.chromosome";
        assert_eq!(parse_component(text), Some((true, vec![chromosome])));
        assert_eq!(parse("Observation"), Some(vec![vec![]]));
    }

    #[test]
    fn more_than_paths_is_refused() {
        for text in [
            "Patient.deceased.exists() and Patient.deceased != false",
            "Bundle.entry[0].resource",
            "A.b.where(c)",
            "(A.b",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

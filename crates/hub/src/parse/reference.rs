//! References of searches: `id`, `Type/id`, absolute, canonical, `:Type`, `:identifier`.

use super::values::Shape;
use super::{Context, ParseError, escape};
use store::ValueTest;

/// Types a bare id is looked up under before it is asked for under any type.
const MAX_TARGETS: usize = 4;

/// The tests of one value of a reference parameter; `target` is the type of a `:Type` modifier.
pub fn tests(
    context: &Context<'_>,
    param: Shape<'_>,
    target: Option<&str>,
    value: &str,
) -> Result<Vec<ValueTest>, ParseError> {
    let text = escape::unescape(value);
    let expected = "an id, Type/id or an absolute URL";
    let bad = || ParseError::value(param.code, &text, expected);
    let own = text
        .strip_prefix(context.base_url)
        .and_then(|rest| rest.strip_prefix('/'));
    if own.is_none() && is_absolute(&text) {
        let url = text.split_once('|').map_or(text.as_str(), |(url, _)| url);
        return Ok(vec![ValueTest::ReferenceUrl(url.to_owned())]);
    }
    let local = own.unwrap_or(&text);
    let local = local.split_once("/_history/").map_or(local, |(reference, _)| reference);
    let Some((rtype, id)) = local.split_once('/') else {
        if !crate::is_id(local) {
            return Err(bad());
        }
        return Ok(bare(param, target, local));
    };
    if !context.definitions.is_resource(rtype) || !crate::is_id(id) || target.is_some_and(|t| t != rtype) {
        return Err(bad());
    }
    Ok(vec![ValueTest::Reference {
        rtype: Some(rtype.to_owned()),
        id: id.to_owned(),
    }])
}

/// `scheme:…`, as no relative reference can be.
fn is_absolute(text: &str) -> bool {
    text.contains("://") || text.starts_with("urn:")
}

fn bare(param: Shape<'_>, target: Option<&str>, id: &str) -> Vec<ValueTest> {
    let test = |rtype: Option<&str>| ValueTest::Reference {
        rtype: rtype.map(str::to_owned),
        id: id.to_owned(),
    };
    match (target, param.targets) {
        (Some(target), _) => vec![test(Some(target))],
        (None, targets) if !targets.is_empty() && targets.len() <= MAX_TARGETS => {
            targets.iter().map(|t| test(Some(t))).collect()
        }
        _ => vec![test(None)],
    }
}

/// The test of one value of `:identifier`.
pub fn identifier(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    let parts = escape::split(value, '|');
    let (system, value) = match parts.as_slice() {
        [value] if !value.is_empty() => (None, escape::unescape(value)),
        [system, value] if !value.is_empty() => (Some(escape::unescape(system)), escape::unescape(value)),
        _ => return Err(ParseError::value(param, value, "system|value or value")),
    };
    Ok(ValueTest::ReferenceIdentifier { system, value })
}

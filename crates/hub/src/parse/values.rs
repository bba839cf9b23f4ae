//! One value of a parameter to tests, by the parameter's type and modifier.

use super::{Context, ParseError, date, escape, number, reference};
use fhir::{ParamType, SearchParam, normalize_string};
use store::{Clause, ValueTest};

/// The clause of a plain parameter (no chain): `values` is the comma list.
pub fn clause(
    context: &Context<'_>,
    param: &'static SearchParam,
    modifier: Option<&str>,
    values: &str,
) -> Result<Clause, ParseError> {
    if modifier == Some("missing") {
        return missing(param, values);
    }
    let negated = modifier == Some("not") && param.kind == ParamType::Token;
    let modifier = if negated { None } else { modifier };
    check_modifier(context, param, modifier)?;
    let mut any = Vec::new();
    for value in escape::split(values, ',') {
        if value.is_empty() {
            return Err(ParseError::value(param.code, values, "no empty value in the list"));
        }
        any.extend(tests(context, param, modifier, value)?);
    }
    if any.len() > context.limits.values {
        return Err(ParseError::limit(param.code, "values", context.limits.values));
    }
    Ok(match (any.is_empty(), negated) {
        (true, _) => Clause::Never,
        (false, true) => Clause::Not { param: param.id, any },
        (false, false) => Clause::Param { param: param.id, any },
    })
}

fn missing(param: &SearchParam, value: &str) -> Result<Clause, ParseError> {
    let missing = match value {
        "true" => true,
        "false" => false,
        _ => {
            return Err(ParseError::value(
                &format!("{}:missing", param.code),
                value,
                "true or false",
            ));
        }
    };
    Ok(Clause::Missing {
        param: param.id,
        missing,
    })
}

fn check_modifier(context: &Context<'_>, param: &SearchParam, modifier: Option<&str>) -> Result<(), ParseError> {
    let name = |modifier: &str| format!("{}:{modifier}", param.code);
    let supported: &[&str] = match param.kind {
        ParamType::String => &["exact", "contains", "missing"],
        ParamType::Token => &["not", "missing"],
        ParamType::Reference => &["identifier", "missing", "[type]"],
        ParamType::Uri => &["above", "below", "missing"],
        ParamType::Number | ParamType::Date | ParamType::Quantity => &["missing"],
        ParamType::Composite | ParamType::Special => {
            let advice = if param.kind == ParamType::Composite {
                "; search by its components separately"
            } else {
                ""
            };
            return Err(ParseError::unsupported(
                param.code,
                format!(
                    "{} is a {:?} parameter, which this server does not support yet{advice}",
                    param.code, param.kind
                ),
            ));
        }
    };
    match modifier {
        None => Ok(()),
        Some(m) if supported.contains(&m) => Ok(()),
        Some(m) if param.kind == ParamType::Reference && context.definitions.is_resource(m) => Ok(()),
        Some(m) => Err(ParseError::unsupported(
            &name(m),
            format!(
                "the modifier :{m} is not supported on {:?} parameters; supported: {}",
                param.kind,
                supported.iter().map(|s| format!(":{s}")).collect::<Vec<_>>().join(" ")
            ),
        )),
    }
}

fn tests(
    context: &Context<'_>,
    param: &'static SearchParam,
    modifier: Option<&str>,
    value: &str,
) -> Result<Vec<ValueTest>, ParseError> {
    Ok(match param.kind {
        ParamType::String => string(modifier, value).into_iter().collect(),
        ParamType::Token => vec![token(param.code, value)?],
        ParamType::Date => vec![date::test(param.code, value, context.now)?],
        ParamType::Number => vec![number::number(param.code, value)?],
        ParamType::Quantity => vec![number::quantity(param.code, value)?],
        ParamType::Uri => vec![uri(modifier, value)],
        ParamType::Reference if modifier == Some("identifier") => vec![reference::identifier(param.code, value)?],
        ParamType::Reference => reference::tests(context, param, modifier, value)?,
        // Refused by check_modifier.
        ParamType::Composite | ParamType::Special => Vec::new(),
    })
}

/// Nothing but punctuation normalises to the empty text, which would match everything: it matches nothing.
fn string(modifier: Option<&str>, value: &str) -> Option<ValueTest> {
    let text = escape::unescape(value);
    if modifier == Some("exact") {
        return Some(ValueTest::StringExact(text));
    }
    let normalized = normalize_string(&text);
    match (normalized.is_empty(), modifier) {
        (true, _) => None,
        (false, Some("contains")) => Some(ValueTest::StringContains(normalized)),
        (false, _) => Some(ValueTest::StringStarts(normalized)),
    }
}

fn token(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    let filled = |text: &str| (!text.is_empty()).then(|| escape::unescape(text));
    match escape::split(value, '|').as_slice() {
        [code] => Ok(ValueTest::Token {
            system: None,
            code: filled(code),
        }),
        ["", ""] => Err(ParseError::value(param, value, "code, system|code, |code or system|")),
        [system, code] => Ok(ValueTest::Token {
            system: Some(escape::unescape(system)),
            code: filled(code),
        }),
        _ => Err(ParseError::value(param, value, "code, system|code, |code or system|")),
    }
}

fn uri(modifier: Option<&str>, value: &str) -> ValueTest {
    let text = escape::unescape(value);
    match modifier {
        Some("below") => ValueTest::UriBelow(text),
        Some("above") => ValueTest::UriAbove(text),
        _ => ValueTest::Uri(text),
    }
}

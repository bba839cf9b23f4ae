//! One value of a parameter to tests, by the parameter's type and modifier.

use super::{Context, ParseError, date, escape, near, number, reference, token};
use fhir::{ParamType, SearchParam, normalize_string};
use store::{Clause, ValueTest};

/// Combinations of alternatives of one composite value.
const MAX_COMBINATIONS: usize = 64;

/// What a value is of: a parameter, or a component of a composite one.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// Name, for messages.
    pub code: &'a str,
    /// Type.
    pub kind: ParamType,
    /// Reference targets; empty for any.
    pub targets: &'a [&'a str],
}

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
    check_modifier(context, param, modifier)?;
    let (negated, modifier) = match modifier {
        Some("not") => (true, None),
        Some("not-in") => (true, Some("in")),
        modifier => (false, modifier),
    };
    let mut any = Vec::new();
    for value in escape::split(values, ',') {
        if value.is_empty() {
            return Err(ParseError::value(param.code, values, "no empty value in the list"));
        }
        if let Some(key) = param.name_key() {
            any.extend(name(param, key, value)?);
        } else if param.kind == ParamType::Composite {
            any.extend(composite(context, param, value)?);
        } else {
            let shape = Shape {
                code: param.code,
                kind: param.kind,
                targets: param.targets,
            };
            any.extend(tests(context, shape, modifier, value)?);
        }
    }
    if any.len() > context.limits.values {
        return Err(ParseError::limit(
            param.code,
            "values",
            context.limits.values,
            any.len(),
        ));
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

/// The modifiers of R4 for a type of parameter (<https://hl7.org/fhir/R4/search.html#modifiers>).
fn modifiers(param: &SearchParam) -> &'static [&'static str] {
    match param.kind {
        // Keys are compared, not texts.
        ParamType::String if param.name_key().is_some() => &["missing"],
        ParamType::String => &["exact", "contains", "missing"],
        ParamType::Token if identifies(param) => {
            &["not", "text", "of-type", "in", "not-in", "above", "below", "missing"]
        }
        ParamType::Token => &["not", "text", "in", "not-in", "above", "below", "missing"],
        ParamType::Reference => &["[type]", "identifier", "text", "missing"],
        ParamType::Uri => &["above", "below", "missing"],
        ParamType::Number | ParamType::Date | ParamType::Quantity | ParamType::Composite | ParamType::Special => {
            &["missing"]
        }
    }
}

/// Whether the values are identifiers, which may have a type.
fn identifies(param: &SearchParam) -> bool {
    param.expression.to_ascii_lowercase().contains("identifier")
}

fn check_modifier(context: &Context<'_>, param: &SearchParam, modifier: Option<&str>) -> Result<(), ParseError> {
    let Some(modifier) = modifier else { return Ok(()) };
    let allowed = modifiers(param);
    let names_type = param.kind == ParamType::Reference && context.definitions.is_resource(modifier);
    if allowed.contains(&modifier) || names_type {
        return Ok(());
    }
    let allowed: Vec<String> = allowed.iter().map(|name| format!(":{name}")).collect();
    Err(ParseError::unsupported(
        &format!("{}:{modifier}", param.code),
        format!(
            "the modifier :{modifier} does not fit {}, a {} parameter; it takes {}",
            param.code,
            format!("{:?}", param.kind).to_ascii_lowercase(),
            allowed.join(" ")
        ),
    ))
}

/// `value$value`, each component read by its own type. A component with several readings (a bare id under several
/// types) makes several tests.
fn composite(context: &Context<'_>, param: &'static SearchParam, value: &str) -> Result<Vec<ValueTest>, ParseError> {
    let parts = escape::split(value, '$');
    if parts.len() != param.components.len() {
        let kinds: Vec<String> = param
            .components
            .iter()
            .map(|component| format!("{:?}", component.kind).to_ascii_lowercase())
            .collect();
        return Err(ParseError::value(param.code, value, &kinds.join("$")));
    }
    let mut combinations: Vec<Vec<ValueTest>> = vec![vec![]];
    for (component, part) in param.components.iter().zip(parts) {
        let shape = Shape {
            code: param.code,
            kind: component.kind,
            targets: &[],
        };
        let tests = tests(context, shape, None, part)?;
        combinations = combinations
            .iter()
            .flat_map(|start| {
                tests
                    .iter()
                    .map(move |test| start.iter().chain([test]).cloned().collect())
            })
            .collect();
        if combinations.len() > MAX_COMBINATIONS {
            return Err(ParseError::limit(
                param.code,
                "combinations of components",
                MAX_COMBINATIONS,
                combinations.len(),
            ));
        }
    }
    Ok(combinations.into_iter().map(ValueTest::Composite).collect())
}

fn tests(
    context: &Context<'_>,
    shape: Shape<'_>,
    modifier: Option<&str>,
    value: &str,
) -> Result<Vec<ValueTest>, ParseError> {
    Ok(match (shape.kind, modifier) {
        (ParamType::Token | ParamType::Reference, Some("text")) => text(value).into_iter().collect(),
        (ParamType::String, _) => string(modifier, value).into_iter().collect(),
        (ParamType::Token, Some("of-type")) => vec![token::of_type(shape.code, value)?],
        (ParamType::Token, Some(relation)) => vec![token::code_set(shape.code, relation, value)?],
        (ParamType::Token, None) => vec![token::plain(shape.code, value)?],
        (ParamType::Date, _) => vec![date::test(shape.code, value, context.now)?],
        (ParamType::Number, _) => vec![number::number(shape.code, value)?],
        (ParamType::Quantity, _) => vec![number::quantity(shape.code, value)?],
        (ParamType::Uri, _) => vec![uri(modifier, value)],
        (ParamType::Reference, Some("identifier")) => vec![reference::identifier(shape.code, value)?],
        (ParamType::Reference, _) => reference::tests(context, shape, modifier, value)?,
        (ParamType::Special, _) if shape.code == "near" => vec![near::test(shape.code, value)?],
        (ParamType::Special | ParamType::Composite, _) => {
            let message = "this server does not know how to search by it";
            return Err(ParseError::unsupported(shape.code, message));
        }
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

/// One or two words of a name.
fn name(param: &SearchParam, key: fhir::NameKey, value: &str) -> Result<Option<ValueTest>, ParseError> {
    let asked = key.asked(&escape::unescape(value)).map_err(|wanted| {
        let code = param.code;
        let wanted = format!("{wanted} (for more words, repeat the parameter: {code}=…&{code}=…)");
        ParseError::value(code, value, &wanted)
    })?;
    Ok(asked.map(ValueTest::StringStarts))
}

/// `:text`: as with texts, nothing but punctuation matches nothing.
fn text(value: &str) -> Option<ValueTest> {
    let normalized = normalize_string(&escape::unescape(value));
    (!normalized.is_empty()).then_some(ValueTest::Text(normalized))
}

fn uri(modifier: Option<&str>, value: &str) -> ValueTest {
    let text = escape::unescape(value);
    match modifier {
        Some("below") => ValueTest::UriBelow(text),
        Some("above") => ValueTest::UriAbove(text),
        _ => ValueTest::Uri(text),
    }
}

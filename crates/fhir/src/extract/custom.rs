//! Programs of user-defined parameters: paths are compiled like those of the standard, whatever else FHIRPath can say is
//! evaluated.

use super::{
    convert::convert,
    path,
    program::{Convert, Emit, Node, Program},
    sink::Sink,
};
use crate::definitions::keep;
use crate::fhirpath::{self, Expression, Item, Options};
use crate::{Definitions, IndexEntry, ParamId, ParamType, SearchParam};
use serde_json::Value;
use std::sync::Arc;

/// The program of the user-defined parameters of one type.
#[derive(Debug, Default)]
pub(crate) struct CustomProgram {
    paths: Program,
    expressions: Vec<(&'static SearchParam, Arc<Expression>)>,
}

impl CustomProgram {
    /// Compiles parameters of one type. One that can be neither compiled nor parsed has no values:
    /// [`CustomProgram::check`] has refused it before.
    pub fn compile(definitions: &Definitions, params: &[&'static SearchParam]) -> Self {
        let mut program = Self::default();
        for param in params {
            match path::parse(param.expression) {
                Some(paths) => program.paths.add(definitions, param, paths),
                None => {
                    let parsed = fhirpath::compiled(param.expression);
                    program
                        .expressions
                        .extend(parsed.ok().map(|expression| (*param, expression)));
                }
            }
        }
        program.paths.finish();
        program
    }

    /// Why values of this type cannot be had from the expression on this base: `(base, expression, type)`.
    pub fn check(definitions: &Definitions, (base, expression, kind): &(&str, &str, ParamType)) -> Result<(), String> {
        if expression.is_empty() {
            return Err(format!("no part of the expression starts at {base}"));
        }
        fhirpath::Expression::parse(expression)
            .and_then(|parsed| parsed.check(base))
            .map_err(|error| error.to_string())?;
        let base: &'static str = definitions
            .resource_types()
            .iter()
            .find(|name| *name == base)
            .copied()
            .unwrap_or("");
        let param = SearchParam {
            id: ParamId(crate::FIRST_CUSTOM),
            base,
            code: "",
            kind: *kind,
            url: "",
            expression: keep(expression).ok_or("too much was defined since the server started: restart it")?,
            targets: &[],
            components: &[],
        };
        let Some(paths) = path::parse(param.expression) else {
            return Ok(());
        };
        let mut program = Program::default();
        program.add(definitions, &param, paths);
        if program.root.emits_anything() {
            return Ok(());
        }
        Err(format!(
            "'{expression}' is of a type of which nothing of it can be searched as a {}",
            format!("{kind:?}").to_lowercase()
        ))
    }

    /// The values in a resource.
    pub fn run(&self, resource: &Value) -> Vec<IndexEntry> {
        let mut sink = Sink::new(&[], resource);
        self.paths.run(resource, &mut sink);
        for (param, expression) in &self.expressions {
            // It was checked when defined: what fails on this one resource leaves it without the value.
            let items = expression.evaluate(resource, Options::default()).unwrap_or_default();
            items.into_iter().for_each(|item| shape(param, item, &mut sink));
        }
        sink.finish().0
    }

    /// Of `A.x | B.y | (A.z as dateTime)`, the parts that start at `base` or at every resource, written in the forms
    /// that compile: `extension('u')` as `extension.where(url='u')`, `(x as T)` as `x.as(T)`.
    pub fn parts_of(expression: &str, base: &str) -> String {
        let parts = split_union(expression).into_iter().filter_map(|part| {
            let part = plain(part.trim());
            let root = part.trim_start_matches('(').split(['.', ' ', ')']).next().unwrap_or("");
            if root.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Some(format!("{base}.{part}"));
            }
            (root == base || root == "Resource" || root == "DomainResource").then_some(part)
        });
        parts.collect::<Vec<_>>().join(" | ")
    }
}

impl Node {
    fn emits_anything(&self) -> bool {
        !self.emits.is_empty()
            || self.children.iter().any(|(_, node)| node.emits_anything())
            || self.guarded.iter().any(|(_, node)| node.emits_anything())
    }
}

/// Splits at `|` outside parentheses and texts.
fn split_union(expression: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0i32, false);
    for (at, c) in expression.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            '|' if !quoted && depth == 0 => {
                parts.push(&expression[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&expression[start..]);
    parts
}

/// The same part in the forms that compile.
fn plain(part: &str) -> String {
    let mut text = part.to_owned();
    while let Some(at) = text.find(".extension('") {
        let Some(end) = text[at..].find("')").map(|end| at + end) else {
            break;
        };
        let url = text[at + 12..end].to_owned();
        text.replace_range(at..end + 2, &format!(".extension.where(url='{url}')"));
    }
    let inner = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    if let Some((path, cast)) = inner.and_then(|inner| inner.rsplit_once(" as ")) {
        let is_name = !cast.is_empty() && cast.chars().all(|c| c.is_ascii_alphanumeric());
        let balanced = path.matches('(').count() == path.matches(')').count();
        if is_name && balanced {
            text = format!("{path}.as({cast})");
        }
    }
    // `where(url = 'x')`
    text.replace(" = '", "='")
}

/// Puts a value into the sink by what it looks like.
fn shape(param: &SearchParam, item: Item, sink: &mut Sink<'_>) {
    let value = item.into_json();
    if let Some(convert_as) = convert_of(param.kind, &value) {
        let emit = Emit {
            param: param.id,
            convert: convert_as,
        };
        convert(emit, &value, sink);
    }
}

fn convert_of(kind: ParamType, value: &Value) -> Option<Convert> {
    let has = |names: &[&str]| names.iter().any(|name| value.get(name).is_some());
    let plain = !value.is_object();
    Some(match kind {
        ParamType::Token if value.is_boolean() => Convert::TokenBoolean,
        ParamType::Token if plain => Convert::TokenText(""),
        ParamType::Token if has(&["coding"]) => Convert::TokenConcept,
        ParamType::Token if has(&["code"]) => Convert::TokenCoding,
        ParamType::Token if is_contact(value) => Convert::TokenContact,
        ParamType::Token if has(&["value"]) => Convert::TokenIdentifier,
        ParamType::String if plain => Convert::StringText,
        ParamType::String if has(&["family", "given"]) => Convert::StringName,
        ParamType::String if has(&["coding"]) => Convert::StringConcept,
        ParamType::String => Convert::StringAddress,
        ParamType::Date if plain => Convert::Date,
        ParamType::Date if has(&["start", "end"]) => Convert::DatePeriod,
        ParamType::Date => Convert::DateTiming,
        ParamType::Reference if plain => Convert::ReferenceCanonical,
        ParamType::Reference => Convert::Reference,
        ParamType::Number if plain => Convert::Number,
        ParamType::Number => Convert::NumberRange,
        ParamType::Quantity if has(&["currency"]) => Convert::QuantityMoney,
        ParamType::Quantity if has(&["low", "high"]) => Convert::QuantityRange,
        ParamType::Quantity if has(&["origin"]) => Convert::QuantitySampled,
        ParamType::Quantity if !plain => Convert::Quantity,
        ParamType::Uri if plain => Convert::UriCanonical,
        _ => return None,
    })
}

/// The systems of a ContactPoint are words, those of an Identifier are URIs.
fn is_contact(value: &Value) -> bool {
    let system = value.get("system").and_then(Value::as_str);
    matches!(
        system,
        Some("phone" | "fax" | "email" | "pager" | "url" | "sms" | "other")
    )
}

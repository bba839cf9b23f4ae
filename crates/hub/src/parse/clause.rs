//! A parameter name with chain, `_has` and modifier, and its value, to a clause.

use super::{Context, ParseError, date, escape, values, words};
use fhir::{ParamType, SearchParam};
use store::{Clause, Texts};

/// Standard parameters this server does not answer, and what to use instead.
const UNSUPPORTED: [(&str, &str); 2] = [
    ("_query", "this server has no named queries; use search parameters"),
    (
        "_filter",
        "this server does not read filter expressions; use search parameters, chains and _has",
    ),
];

/// The clause of `name=value` on a type; `depth` counts the steps of chains so far.
pub fn clause(context: &Context<'_>, rtype: &str, name: &str, value: &str, depth: usize) -> Result<Clause, ParseError> {
    if depth > context.limits.chain_depth {
        let steps = depth + name.matches('.').count() + name.matches("_has:").count();
        let (what, max) = ("steps in a chain", context.limits.chain_depth);
        return Err(ParseError::limit(name, what, max, steps));
    }
    if let Some(rest) = name.strip_prefix("_has:") {
        return has(context, rest, value, depth);
    }
    if let Some((head, rest)) = name.split_once('.') {
        return chain(context, rtype, head, rest, value, depth);
    }
    let (code, modifier) = match name.split_once(':') {
        Some((code, modifier)) => (code, Some(modifier)),
        None => (name, None),
    };
    if let Some((_, advice)) = UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == code) {
        return Err(ParseError::unsupported(name, *advice));
    }
    match (code, modifier) {
        ("_id", None) => id(value),
        ("_lastUpdated", None) => last_updated(context, value),
        ("_text", None) => words::clause(name, Texts::Narrative, value),
        ("_content", None) => words::clause(name, Texts::All, value),
        ("_list", None) => list(context, value),
        ("_id" | "_lastUpdated" | "_text" | "_content" | "_list", Some(_)) => {
            Err(ParseError::unsupported(name, format!("{code} takes no modifier")))
        }
        _ => values::clause(context, param(context, rtype, code)?, modifier, value),
    }
}

fn param(context: &Context<'_>, rtype: &str, code: &str) -> Result<&'static SearchParam, ParseError> {
    context
        .definitions
        .param(rtype, code)
        .ok_or_else(|| ParseError::unknown(code, format!("{rtype} has no search parameter '{code}'")))
}

fn reference(context: &Context<'_>, rtype: &str, code: &str) -> Result<&'static SearchParam, ParseError> {
    let param = param(context, rtype, code)?;
    if param.kind == ParamType::Reference {
        return Ok(param);
    }
    Err(ParseError::unsupported(
        code,
        format!(
            "{rtype}.{code} is a {:?} parameter; only a reference leads on",
            param.kind
        ),
    ))
}

fn id(value: &str) -> Result<Clause, ParseError> {
    let ids: Vec<String> = escape::split(value, ',').into_iter().map(escape::unescape).collect();
    match ids.iter().find(|id| !crate::is_id(id)) {
        Some(bad) => Err(ParseError::value("_id", bad, "1 to 64 letters, digits, '-' or '.'")),
        None => Ok(Clause::Id(ids)),
    }
}

fn last_updated(context: &Context<'_>, value: &str) -> Result<Clause, ParseError> {
    let mut any: Vec<Clause> = escape::split(value, ',')
        .into_iter()
        .map(|v| date::last_updated(v, context.now))
        .collect::<Result<_, _>>()?;
    Ok(if any.len() == 1 { any.remove(0) } else { Clause::Or(any) })
}

/// `_list=42`: what the entries of that List point to.
fn list(context: &Context<'_>, value: &str) -> Result<Clause, ParseError> {
    let mut ids = Vec::new();
    for part in escape::split(value, ',') {
        let text = escape::unescape(part);
        if text.starts_with('$') {
            let message = "functional lists are not kept; give the id of a List";
            return Err(ParseError::unsupported("_list", message));
        }
        let id = text.strip_prefix("List/").unwrap_or(&text);
        if !crate::is_id(id) {
            return Err(ParseError::value("_list", &text, "the id of a List"));
        }
        ids.push(id.to_owned());
    }
    Ok(Clause::Has {
        source: "List".to_owned(),
        param: param(context, "List", "item")?.id,
        clauses: vec![Clause::Id(ids)],
    })
}

/// `_has:Observation:patient:code=…`
fn has(context: &Context<'_>, rest: &str, value: &str, depth: usize) -> Result<Clause, ParseError> {
    let mut parts = rest.splitn(3, ':');
    let (Some(source), Some(code), Some(inner)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(ParseError::value("_has", rest, "_has:Type:reference:parameter"));
    };
    if !context.definitions.is_resource(source) {
        return Err(ParseError::value("_has", source, "a FHIR R4 resource type"));
    }
    let param = reference(context, source, code)?;
    let clauses = vec![clause(context, source, inner, value, depth + 1)?];
    Ok(Clause::Has {
        source: source.to_owned(),
        param: param.id,
        clauses,
    })
}

/// `subject:Patient.name=…` or `subject.name=…`
fn chain(
    context: &Context<'_>,
    rtype: &str,
    head: &str,
    rest: &str,
    value: &str,
    depth: usize,
) -> Result<Clause, ParseError> {
    let (code, target) = match head.split_once(':') {
        Some((code, target)) => (code, Some(target)),
        None => (head, None),
    };
    let param = reference(context, rtype, code)?;
    let targets = chain_targets(context, param, target, rest)?;
    let mut any = Vec::new();
    for target in targets {
        let clauses = vec![clause(context, target, rest, value, depth + 1)?];
        any.push(Clause::Chain {
            param: param.id,
            target: target.to_owned(),
            clauses,
        });
    }
    Ok(if any.len() == 1 { any.remove(0) } else { Clause::Or(any) })
}

/// The types a chain goes on with: the one named, else every target that has the next parameter.
fn chain_targets<'a>(
    context: &Context<'a>,
    param: &'static SearchParam,
    named: Option<&'a str>,
    rest: &str,
) -> Result<Vec<&'a str>, ParseError> {
    if let Some(target) = named {
        let allowed = param.targets.is_empty() || param.targets.contains(&target);
        if !context.definitions.is_resource(target) || !allowed {
            let expected = format!("one of the targets of {}.{}", param.base, param.code);
            return Err(ParseError::value(param.code, target, &expected));
        }
        return Ok(vec![target]);
    }
    let all = if param.targets.is_empty() {
        context.definitions.resource_types()
    } else {
        param.targets
    };
    let next = rest.split(['.', ':']).next().unwrap_or(rest);
    let standard = matches!(next, "_id" | "_lastUpdated" | "_has" | "_text" | "_content" | "_list");
    let fit: Vec<&str> = all
        .iter()
        .copied()
        .filter(|t| standard || context.definitions.param(t, next).is_some())
        .collect();
    match fit.len() {
        0 => Err(ParseError::unknown(
            param.code,
            format!("no target of {} has a parameter '{next}'", param.code),
        )),
        1..=8 => Ok(fit),
        many => Err(ParseError::unsupported(
            param.code,
            format!(
                "the chain could lead to {many} types; name one, e.g. {}:{}.{rest}",
                param.code, fit[0]
            ),
        )),
    }
}

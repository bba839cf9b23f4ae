//! Result parameters: `_count`, `_sort`, `_include`, `_total`, `_summary`, `_elements`, …

use super::{Context, ParseError, Summary};
use fhir::{ParamType, SearchParam};
use store::{Include, Query, Sort, SortKey};

/// What the result parameters of one search gathered.
#[derive(Debug, Default)]
pub struct Control {
    pub summary: Summary,
    pub elements: Vec<String>,
}

/// Applies `name=value` if it is a result parameter; `false` if it is none.
pub fn apply(
    context: &Context<'_>,
    query: &mut Query,
    control: &mut Control,
    name: &str,
    value: &str,
) -> Result<bool, ParseError> {
    let (code, modifier) = name.split_once(':').map_or((name, None), |(c, m)| (c, Some(m)));
    match code {
        "_count" => query.page.count = count(context, value)?,
        "_page" => query.page.after = Some(value.to_owned()),
        "_sort" => sort(context, query, value)?,
        "_total" => query.total = total(value)?,
        "_include" | "_revinclude" => include(context, query, code, modifier, value)?,
        "_summary" => control.summary = summary(value)?,
        "_elements" => control.elements.extend(value.split(',').map(str::to_owned)),
        "_format" | "_pretty" => {}
        "_contained" if value == "false" => {}
        "_contained" | "_containedType" | "_score" => {
            return Err(ParseError::unsupported(name, "this server does not support it yet"));
        }
        _ => return Ok(false),
    }
    match modifier {
        Some(_) if !matches!(code, "_include" | "_revinclude") => {
            Err(ParseError::unsupported(name, format!("{code} takes no modifier")))
        }
        _ => Ok(true),
    }
}

/// `_count`; more than the stated maximum is that maximum, as the standard permits.
pub fn count(context: &Context<'_>, value: &str) -> Result<usize, ParseError> {
    let count: usize = value
        .parse()
        .map_err(|_| ParseError::value("_count", value, "a whole number"))?;
    Ok(count.min(context.limits.count_max))
}

fn total(value: &str) -> Result<bool, ParseError> {
    match value {
        "none" => Ok(false),
        "estimate" | "accurate" => Ok(true),
        _ => Err(ParseError::value("_total", value, "none, estimate or accurate")),
    }
}

/// The value of `_summary`.
pub fn summary(value: &str) -> Result<Summary, ParseError> {
    Ok(match value {
        "false" => Summary::False,
        "count" => Summary::Count,
        "data" => Summary::Data,
        "text" => Summary::Text,
        "true" => Summary::True,
        _ => return Err(ParseError::value("_summary", value, "true, text, data, count or false")),
    })
}

fn sort(context: &Context<'_>, query: &mut Query, value: &str) -> Result<(), ParseError> {
    for part in value.split(',').filter(|p| !p.is_empty()) {
        let (code, descending) = part.strip_prefix('-').map_or((part, false), |code| (code, true));
        let key = match code {
            "_id" => SortKey::Id,
            "_lastUpdated" => SortKey::LastUpdated,
            _ => match context.definitions.param(&query.rtype, code) {
                Some(SearchParam {
                    kind: ParamType::Composite | ParamType::Special,
                    ..
                }) => {
                    return Err(ParseError::unsupported(
                        "_sort",
                        format!("'{code}' cannot be sorted by"),
                    ));
                }
                Some(param) => SortKey::Param(param.id),
                None => {
                    let message = format!("{} has no search parameter '{code}' to sort by", query.rtype);
                    return Err(ParseError::unknown("_sort", message));
                }
            },
        };
        query.sort.push(Sort { key, descending });
    }
    if query.sort.len() > context.limits.sort_keys {
        return Err(ParseError::limit(
            "_sort",
            "sort keys",
            context.limits.sort_keys,
            query.sort.len(),
        ));
    }
    Ok(())
}

fn include(
    context: &Context<'_>,
    query: &mut Query,
    code: &str,
    modifier: Option<&str>,
    value: &str,
) -> Result<(), ParseError> {
    let reverse = code == "_revinclude";
    let iterate = match modifier {
        None => false,
        Some("iterate" | "recurse") => true,
        Some(other) => {
            return Err(ParseError::unsupported(
                code,
                format!("no modifier :{other}; supported: :iterate"),
            ));
        }
    };
    let bad = || ParseError::value(code, value, "Type:parameter, Type:parameter:Target or Type:*");
    let mut parts = value.split(':');
    let (source, name, target) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if parts.next().is_some() {
        return Err(bad());
    }
    let source = match (source, name) {
        ("*", None) if !reverse => query.rtype.as_str(),
        _ => source,
    };
    let any_source = reverse && (source, name) == ("*", None);
    if !(any_source || context.definitions.is_resource(source))
        || target.is_some_and(|t| !context.definitions.is_resource(t))
    {
        return Err(bad());
    }
    let param = match name {
        None if value == "*" => None,
        Some("*") => None,
        Some(name) => Some(reference(context, code, source, name)?),
        None => return Err(bad()),
    };
    let include = Include {
        reverse,
        source: source.to_owned(),
        param,
        target: target.map(str::to_owned),
        iterate,
    };
    query.includes.push(include);
    if query.includes.len() > context.limits.includes {
        return Err(ParseError::limit(
            code,
            "includes",
            context.limits.includes,
            query.includes.len(),
        ));
    }
    Ok(())
}

fn reference(context: &Context<'_>, code: &str, source: &str, name: &str) -> Result<fhir::ParamId, ParseError> {
    match context.definitions.param(source, name) {
        Some(param) if param.kind == ParamType::Reference => Ok(param.id),
        Some(_) => Err(ParseError::unsupported(
            code,
            format!("{source}.{name} is not a reference parameter"),
        )),
        None => Err(ParseError::unknown(
            code,
            format!("{source} has no search parameter '{name}'"),
        )),
    }
}

//! Search URLs to [`store::Query`]: pure, and total (any text gives a query or an error, never a panic).
//!
//! Grammar: <https://hl7.org/fhir/R4/search.html>.

mod clause;
mod control;
pub(crate) mod date;
mod error;
mod escape;
mod near;
mod number;
pub mod pairs;
mod prefix;
mod reference;
#[cfg(test)]
mod tests;
mod token;
mod values;
mod words;

pub use control::{count, summary};
pub use error::{ParseError, ParseErrorKind};

use crate::Limits;
use control::Control;
use fhir::Definitions;
use jiff::Timestamp;
use pairs::Pair;
use store::{Clause, Page, Query};

/// What parsing needs to know besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// R4.
    pub definitions: &'a Definitions,
    /// Own address: references that start with it are local.
    pub base_url: &'a str,
    /// Maxima.
    pub limits: &'a Limits,
    /// Now, for `ap`.
    pub now: Timestamp,
}

/// How much of each resource is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Summary {
    /// All.
    #[default]
    False,
    /// Only the elements the definitions mark as summary.
    True,
    /// Only the narrative and mandatory elements.
    Text,
    /// All but the narrative.
    Data,
    /// Only how many.
    Count,
}

/// A parsed search.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The query.
    pub query: Query,
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`.
    pub elements: Vec<String>,
    /// Parameters that were not understood and so not used.
    pub ignored: Vec<ParseError>,
    /// The pairs that were used, for the self link.
    pub used: Vec<Pair>,
}

/// Reads a search on a type. Unknown parameters are listed in [`Parsed::ignored`]; anything else that cannot be done
/// as asked is an error.
pub fn search(context: &Context<'_>, rtype: &str, pairs: &[Pair]) -> Result<Parsed, ParseError> {
    let page = Page {
        count: context.limits.count_default,
        after: None,
    };
    let query = Query {
        rtype: rtype.to_owned(),
        page,
        ..Query::default()
    };
    let mut control = Control::default();
    let mut parsed = Parsed {
        query,
        summary: Summary::False,
        elements: Vec::new(),
        ignored: Vec::new(),
        used: Vec::new(),
    };
    for (name, value) in pairs {
        match one(context, &mut parsed.query, &mut control, name, value) {
            // What was used, which is less than what was asked for where a page would be too large.
            Ok(()) if name == "_count" => parsed.used.push((name.clone(), parsed.query.page.count.to_string())),
            Ok(()) => parsed.used.push((name.clone(), value.clone())),
            Err(error) if error.kind == ParseErrorKind::Unknown => parsed.ignored.push(error),
            Err(error) => return Err(error),
        }
    }
    check_limits(context, &parsed.query)?;
    parsed.summary = control.summary;
    parsed.elements = control.elements;
    if parsed.query.page.count == 0 {
        parsed.summary = Summary::Count;
    }
    if parsed.summary == Summary::Count {
        parsed.query.total = true;
    }
    Ok(parsed)
}

/// The criteria in the text of `If-None-Exist`: clients send them bare, or as the whole URL of a search.
pub fn criteria_text<'a>(rtype: &str, text: &'a str) -> &'a str {
    match text.split_once('?') {
        Some((head, rest)) if head.is_empty() || head == rtype || head.ends_with(&format!("/{rtype}")) => rest,
        _ => text,
    }
}

/// Reads criteria (conditional create, conditional references): at least one condition, nothing else, nothing unknown.
pub fn criteria(context: &Context<'_>, rtype: &str, text: &str) -> Result<Query, ParseError> {
    let pairs = pairs::decode(text.trim_start_matches('?'))?;
    let parsed = search(context, rtype, &pairs)?;
    if let Some(ignored) = parsed.ignored.into_iter().next() {
        return Err(ignored);
    }
    let mut query = parsed.query;
    if query.clauses.is_empty() {
        return Err(ParseError::value(rtype, text, "at least one search condition"));
    }
    if !query.code_sets().is_empty() {
        let message = ":in, :not-in, :above and :below ask a terminology, which conditions of a write cannot wait for";
        return Err(ParseError::unsupported(rtype, message));
    }
    query.sort.clear();
    query.includes.clear();
    query.total = false;
    // Two are enough to know that it is not one.
    query.page = Page { count: 2, after: None };
    Ok(query)
}

fn one(
    context: &Context<'_>,
    query: &mut Query,
    control: &mut Control,
    name: &str,
    value: &str,
) -> Result<(), ParseError> {
    if value.is_empty() {
        return Err(ParseError::unknown(name, "has no value"));
    }
    if control::apply(context, query, control, name, value)? {
        return Ok(());
    }
    let clause = clause::clause(context, &query.rtype, name, value, 0)?;
    query.clauses.push(clause);
    Ok(())
}

fn check_limits(context: &Context<'_>, query: &Query) -> Result<(), ParseError> {
    let (clauses, values) = size(&query.clauses);
    if clauses > context.limits.clauses {
        return Err(ParseError::limit(
            &query.rtype,
            "conditions in one search",
            context.limits.clauses,
            clauses,
        ));
    }
    if values > context.limits.values {
        return Err(ParseError::limit(
            &query.rtype,
            "values in one search",
            context.limits.values,
            values,
        ));
    }
    Ok(())
}

/// Conditions and values of a list of clauses, inner ones included.
fn size(clauses: &[Clause]) -> (usize, usize) {
    clauses.iter().fold((0, 0), |(count, values), clause| {
        let (inner, here) = match clause {
            Clause::Param { any, .. } | Clause::Not { any, .. } => ((0, 0), any.len()),
            Clause::Id(ids) => ((0, 0), ids.len()),
            Clause::Chain { clauses, .. } | Clause::Has { clauses, .. } | Clause::Or(clauses) => (size(clauses), 0),
            _ => ((0, 0), 1),
        };
        (count + 1 + inner.0, values + here + inner.1)
    })
}

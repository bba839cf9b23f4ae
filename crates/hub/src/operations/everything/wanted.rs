//! The parameters of `$everything`.

use crate::parse::{self, pairs::Pair};
use crate::{Hub, HubError};
use jiff::Timestamp;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Types named by `_type`; empty: all.
    types: Vec<String>,
    /// `_since`.
    pub since: Option<Timestamp>,
    /// `start`: first moment of care, µs since epoch.
    pub start: Option<i64>,
    /// `end`: last moment of care, µs since epoch.
    pub end: Option<i64>,
    /// Resources of one page.
    pub count: usize,
    /// Where to go on.
    pub mark: Option<String>,
    /// For the links.
    pub used: Vec<Pair>,
}

impl Wanted {
    /// Whether resources of a type are asked for.
    pub(super) fn has(&self, rtype: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|name| name == rtype)
    }
}

/// Reads the parameters.
pub(super) fn read(hub: &Hub, pairs: Vec<Pair>) -> Result<Wanted, HubError> {
    let mut wanted = Wanted {
        types: Vec::new(),
        since: None,
        start: None,
        end: None,
        count: hub.config.limits.count_default,
        mark: None,
        used: Vec::new(),
    };
    for (name, value) in pairs {
        let bad = |what: &str| HubError::bad(format!("cannot read {name} '{value}': expected {what}"));
        match name.as_str() {
            "_type" => wanted
                .types
                .extend(value.split(',').filter(|t| !t.is_empty()).map(str::to_owned)),
            "_since" => {
                let since = parse::date::since(&value);
                wanted.since = Some(since.ok_or_else(|| bad("a FHIR instant or date"))?);
            }
            "start" => wanted.start = Some(fhir::date_interval(&value).ok_or_else(|| bad("a date"))?.0),
            "end" => wanted.end = Some(fhir::date_interval(&value).ok_or_else(|| bad("a date"))?.1),
            "_count" => wanted.count = parse::count(&hub.parse_context(), &value)?.max(1),
            "_page" => wanted.mark = Some(value.clone()),
            "_format" | "_pretty" | "_summary" | "_elements" => {}
            _ => return Err(HubError::NotSupported(format!("the $everything parameter '{name}'"))),
        }
        wanted.used.push((name, value));
    }
    wanted.types.iter().try_for_each(|name| hub.check_type(name))?;
    Ok(wanted)
}

/// Where a page goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The step.
    pub step: &'a str,
    /// The mark that every step begins with, so that all pages show the store as it was at the first; `None` there.
    pub begin: Option<&'a str>,
    /// The place inside the step; `None` at its start.
    pub inner: Option<&'a str>,
}

/// Takes a mark apart.
pub(super) fn split_mark(mark: Option<&str>) -> Result<Place<'_>, HubError> {
    let Some(mark) = mark else {
        return Ok(Place {
            step: "0",
            begin: None,
            inner: None,
        });
    };
    let mut parts = mark.splitn(3, '~');
    let (Some(step), Some(begin), Some(inner)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad_mark());
    };
    Ok(Place {
        step,
        begin: Some(begin),
        inner: Some(inner).filter(|inner| !inner.is_empty()),
    })
}

/// A mark of somewhere else.
pub(super) fn bad_mark() -> HubError {
    HubError::bad("the _page mark is not one of this server: follow the next link as it is")
}

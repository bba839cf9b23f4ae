//! Resources without a transaction around them (collections, batches, lines): committed in chunks, each with its
//! record; what cannot be stored is reported and the rest goes on.

use super::LoadError;
use super::file::{count, transact};
use super::record::{self, Stage};
use super::report::{Counts, Tally};
use crate::scope::Scope;
use crate::transaction::{Entry, Mode, Source, Target};
use crate::{Hub, HubError, is_id};
use http::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Resources of one commit.
pub(super) const CHUNK: usize = 500;

/// Where in a file something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Entry of a bundle, from 0.
    Entry(usize),
    /// Line, from 1.
    Line(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(n) => write!(f, "entry {n}"),
            Self::Line(n) => write!(f, "line {n}"),
        }
    }
}

/// A file that goes in chunk by chunk.
pub(super) struct Chunks<'a> {
    pub hub: &'a Arc<Hub>,
    pub name: &'a str,
    pub key: &'a str,
    pub tally: &'a Tally<'a>,
    pub around: Arc<HashMap<String, String>>,
    pub problems: Vec<(String, HubError)>,
    pub waits: bool,
}

impl Chunks<'_> {
    /// Commits one chunk; `until`: how many entries or lines are done with it.
    pub(super) async fn put(
        &mut self,
        chunk: Vec<(Place, Result<Entry, HubError>)>,
        until: u64,
    ) -> Result<(), LoadError> {
        let mut places = Vec::new();
        let mut entries = Vec::new();
        for (place, entry) in chunk {
            match entry {
                Ok(entry) => {
                    places.push(place);
                    entries.push(entry);
                }
                Err(error) => self.problems.push((place.to_string(), error)),
            }
        }
        let records = vec![record::write(self.key, Stage::Until(until))];
        let mode = Mode {
            by: Scope::All,
            stable: true,
            keep_going: true,
            around: self.around.clone(),
            records,
        };
        let outcomes = transact(self.hub, || Source::Entries(entries.clone()), &mode).await?;
        let counts = match outcomes {
            Ok(outcomes) => count(outcomes, |at| places[at]),
            Err(error) => {
                let problems = places.iter().map(|place| (place.to_string(), error.clone())).collect();
                Counts {
                    problems,
                    ..Counts::default()
                }
            }
        };
        self.waits |= counts.waits();
        self.tally.add(self.name, &counts);
        self.problems.extend(counts.problems);
        Ok(())
    }

    /// Closes the file: whole if there was no problem, forgotten (to be looked at again) if there was.
    pub(super) async fn finish(self, may_wait: bool) -> Result<bool, LoadError> {
        let stage = if self.problems.is_empty() {
            Stage::Whole
        } else {
            Stage::New
        };
        record::commit(self.hub, self.key, stage).await?;
        if may_wait && self.waits {
            return Ok(true);
        }
        self.tally.file_result(false);
        self.tally.problems(self.name, self.problems);
        Ok(false)
    }
}

/// The entry that stores a resource under its own id, or under one made from its content.
pub(super) fn entry(index: usize, full_url: Option<String>, resource: Value) -> Result<Entry, HubError> {
    let rtype = fhir::resource_type(&resource)?.to_owned();
    let own = resource.get("id").and_then(Value::as_str).filter(|id| is_id(id));
    let (method, path) = match own {
        Some(id) => (Method::PUT, format!("{rtype}/{id}")),
        None => (Method::POST, rtype),
    };
    let target = Target {
        path,
        query: String::new(),
    };
    Ok(Entry {
        index,
        full_url,
        method,
        target,
        resource,
        if_match: None,
        if_none_exist: None,
        if_none_match: None,
        if_modified_since: None,
    })
}

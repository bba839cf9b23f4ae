//! The file as a search sees it ([`search::Source`]).

mod index;
mod resources;

pub(crate) use resources::{raw, stored};

use crate::codes::Types;
use crate::custom;
use crate::error::{Backend, Outcome};
use crate::recent::View;
use crate::shrunk::Body;
use fhir::ParamId;
use rusqlite::{Connection, OptionalExtension};
use search::keys::Range;
use search::{Candidate, Moments, Row, Source, Superseded};
use std::cell::RefCell;
use std::sync::Arc;
use store::StoredResource;

/// A connection inside a read (or the writer's) transaction, with the index rows that are not in the file.
pub(crate) struct SqliteSource<'a> {
    connection: &'a Connection,
    view: &'a View,
    types: RefCell<&'a mut Types>,
}

impl<'a> SqliteSource<'a> {
    /// What the connection sees, with the view that belongs to it.
    pub fn new(connection: &'a Connection, view: &'a View, types: &'a mut Types) -> Self {
        Self {
            connection,
            view,
            types: RefCell::new(types),
        }
    }
}

/// The last position of the change feed and the last row id, as the connection sees them.
pub(crate) fn last(connection: &Connection) -> Outcome<(i64, i64)> {
    connection
        .prepare_cached(
            "SELECT coalesce((SELECT max(seq) FROM resource), 0), coalesce((SELECT max(rid) FROM resource), 0)",
        )
        .and_then(|mut read| read.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
        .at("reading the last position")
}

impl Source for SqliteSource<'_> {
    fn code(&self, name: &str) -> Outcome<Option<i64>> {
        self.types.borrow_mut().code(self.connection, name)
    }

    fn name(&self, code: i64) -> Outcome<Arc<str>> {
        self.types.borrow_mut().name(self.connection, code)
    }

    fn live(&self, code: i64) -> Outcome<u64> {
        self.connection
            .prepare_cached("SELECT live FROM rtype WHERE code = ?1")
            .and_then(|mut read| read.query_row([code], |row| row.get::<_, i64>(0)).optional())
            .map(|live| live.unwrap_or(0).max(0) as u64)
            .at("reading counts")
    }

    fn last(&self) -> Outcome<(i64, i64)> {
        last(self.connection)
    }

    fn has_many(&self, param: ParamId) -> Outcome<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM param_many WHERE param = ?1")
            .and_then(|mut read| read.query_row([param.0], |_| Ok(())).optional())
            .map(|found| found.is_some())
            .at("reading parameters with many values")
    }

    fn check_ready(&self, param: ParamId) -> Outcome<()> {
        custom::check_ready(self.connection, param)
    }

    fn candidate(&self, rid: i64) -> Outcome<Option<Candidate>> {
        resources::candidate(self.connection, rid)
    }

    fn whole(&self, rid: i64) -> Outcome<Option<(Candidate, Option<StoredResource>)>> {
        resources::whole(self.connection, &mut self.types.borrow_mut(), rid)
    }

    fn candidate_by_id(&self, code: i64, id: &str) -> Outcome<Option<Candidate>> {
        resources::candidate_by_id(self.connection, code, id)
    }

    fn rid(&self, code: i64, id: &str) -> Outcome<Option<i64>> {
        self.connection
            .prepare_cached("SELECT rid FROM resource WHERE rtype = ?1 AND id = ?2")
            .and_then(|mut read| read.query_row((code, id), |row| row.get(0)).optional())
            .at("reading a candidate")
    }

    fn stored(&self, rids: &[i64]) -> Outcome<Vec<StoredResource>> {
        let mut types = self.types.borrow_mut();
        let mut found = Vec::with_capacity(rids.len());
        for rid in rids {
            found.extend(resources::current(self.connection, &mut types, *rid)?);
        }
        Ok(found)
    }

    fn superseded(&self, seq: i64) -> Outcome<Option<StoredResource>> {
        resources::superseded(self.connection, &mut self.types.borrow_mut(), seq)
    }

    fn body(&self, rid: i64, look: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        self.connection
            .prepare_cached("SELECT body FROM resource WHERE rid = ?1")
            .and_then(|mut read| {
                read.query_row([rid], |row| {
                    let body: Option<Body> = row.get(0)?;
                    look(body.as_ref().map_or(&[], |body| &body.0));
                    Ok(())
                })
                .optional()
            })
            .map(drop)
            .at("reading a body")
    }

    fn count(&self, param: ParamId, range: &Range, cap: u64) -> Outcome<u64> {
        self.count_rows(param, range, cap)
    }

    fn resources(&self, param: ParamId, range: &Range) -> Outcome<u64> {
        self.count_resources(param, range)
    }

    fn rids(&self, param: ParamId, range: &Range) -> Outcome<Vec<i64>> {
        self.rids_in(param, range)
    }

    fn up(&self, param: ParamId, after: (&[u8], i64), range: &Range, limit: usize) -> Outcome<Vec<Row>> {
        self.rows_up(param, after, range, limit)
    }

    fn down(&self, param: ParamId, before: (&[u8], i64), range: &Range, limit: usize) -> Outcome<Vec<Row>> {
        self.rows_down(param, before, range, limit)
    }

    fn count_of_patient(&self, patient: &str, code: i64, cap: u64) -> Outcome<u64> {
        resources::count_of_patient(self.connection, patient, code, cap)
    }

    fn of_patient(&self, patient: &str, code: i64, after: i64, limit: usize) -> Outcome<Vec<i64>> {
        resources::of_patient(self.connection, patient, code, after, limit)
    }

    fn count_moments(&self, moments: &Moments, cap: u64) -> Outcome<u64> {
        resources::count_moments(self.connection, moments, cap)
    }

    fn moments(&self, moments: &Moments, limit: usize) -> Outcome<Vec<(i64, i64, i64)>> {
        resources::moments(self.connection, moments, limit)
    }

    fn by_id(&self, code: i64, after: Option<&str>, descending: bool, limit: usize) -> Outcome<Vec<(i64, String)>> {
        resources::by_id(self.connection, code, after, descending, limit)
    }

    fn changed(&self, seq: i64, rid: i64, limit: usize) -> Outcome<Vec<(i64, i64)>> {
        resources::changed(self.connection, seq, rid, limit)
    }

    fn version_of(&self, rid: i64, code: i64, seq: i64) -> Outcome<Option<Superseded>> {
        resources::version_of(self.connection, rid, code, seq)
    }
}

//! The rows of the index: those in the file and those that wait to be written there ([`crate::recent`]), as one.

use super::{SqliteSource, resources};
use crate::error::{Backend, Outcome};
use crate::recent::Span;
use fhir::ParamId;
use rusqlite::{OptionalExtension, Params};
use search::Row;
use search::keys::{Range, index_rows, of_param};
use std::collections::HashMap;

fn span(param: ParamId, range: &Range) -> Span<'_> {
    Span {
        param: param.0,
        from: (&range.lo, i64::MIN),
        until: (&range.hi, i64::MIN),
    }
}

impl SqliteSource<'_> {
    /// How many rows the range has, counted up to `cap`.
    pub(super) fn count_rows(&self, param: ParamId, range: &Range, cap: u64) -> Outcome<u64> {
        let waiting = self.view.rows(span(param, range), false).take(cap as usize).count() as u64;
        if waiting == cap {
            return Ok(cap);
        }
        let written = number(
            self,
            "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND key >= ?2 AND key < ?3 LIMIT ?4)",
            (param.0, &range.lo, &range.hi, (cap - waiting) as i64),
        )?;
        Ok(waiting + written)
    }

    /// How many resources have a row in the range.
    pub(super) fn count_resources(&self, param: ParamId, range: &Range) -> Outcome<u64> {
        let params = (param.0, &range.lo, &range.hi);
        if range.single() {
            let waiting = self.view.rows(span(param, range), false).count() as u64;
            let sql = "SELECT count(*) FROM idx WHERE param = ?1 AND key >= ?2 AND key < ?3";
            return Ok(waiting + number(self, sql, params)?);
        }
        let sql = "SELECT count(DISTINCT rid) FROM idx WHERE param = ?1 AND key >= ?2 AND key < ?3";
        let mut found = number(self, sql, params)?;
        let mut waiting: HashMap<i64, usize> = HashMap::new();
        for (_, rid) in self.view.rows(span(param, range), false) {
            *waiting.entry(rid).or_default() += 1;
        }
        for (rid, waiting) in waiting {
            // One that has other rows in the range has been counted by them.
            let Some(candidate) = resources::candidate(self.connection, rid)? else {
                continue;
            };
            let mut all: Vec<_> = of_param(&candidate.keys, param)
                .flat_map(index_rows)
                .filter(|row| range.holds(row))
                .collect();
            all.sort_unstable();
            all.dedup();
            found += u64::from(all.len() == waiting);
        }
        Ok(found)
    }

    /// Row ids in the range, for one key in their order.
    pub(super) fn rids_in(&self, param: ParamId, range: &Range) -> Outcome<Vec<i64>> {
        let mut rids: Vec<i64> = self
            .connection
            .prepare_cached("SELECT rid FROM idx WHERE param = ?1 AND key >= ?2 AND key < ?3")
            .and_then(|mut walk| {
                walk.query_map((param.0, &range.lo, &range.hi), |row| row.get(0))?
                    .collect()
            })
            .at("walking the index")?;
        let written = rids.len();
        rids.extend(self.view.rows(span(param, range), false).map(|(_, rid)| rid));
        if rids.len() > written {
            rids.sort_unstable();
        }
        Ok(rids)
    }

    /// The next rows of a range after a place, at most `limit`.
    pub(super) fn rows_up(
        &self,
        param: ParamId,
        (key, rid): (&[u8], i64),
        range: &Range,
        limit: usize,
    ) -> Outcome<Vec<Row>> {
        let written = walk(
            self,
            "SELECT key, rid FROM idx WHERE param = ?1 AND (key, rid) > (?2, ?3) AND key < ?4 ORDER BY key, rid LIMIT ?5",
            (param.0, key, rid, &range.hi, limit),
        )?;
        let rest = Span {
            from: (key, rid + 1),
            ..span(param, range)
        };
        let waiting = self.view.rows(rest, false).take(limit);
        Ok(merge(written, waiting, limit, |a, b| a < b))
    }

    /// The rows of a range before a place, backwards, at most `limit`.
    pub(super) fn rows_down(
        &self,
        param: ParamId,
        (key, rid): (&[u8], i64),
        range: &Range,
        limit: usize,
    ) -> Outcome<Vec<Row>> {
        let written = walk(
            self,
            "SELECT key, rid FROM idx WHERE param = ?1 AND (key, rid) < (?2, ?3) AND key >= ?4
         ORDER BY key DESC, rid DESC LIMIT ?5",
            (param.0, key, rid, &range.lo, limit),
        )?;
        let rest = Span {
            until: (key, rid),
            ..span(param, range)
        };
        let waiting = self.view.rows(rest, true).take(limit);
        Ok(merge(written, waiting, limit, |a, b| a > b))
    }
}

/// Two sorted lists as one.
fn merge<'a>(
    written: Vec<Row>,
    waiting: impl Iterator<Item = (&'a [u8], i64)>,
    limit: usize,
    before: impl Fn((&[u8], i64), (&[u8], i64)) -> bool,
) -> Vec<Row> {
    let mut waiting = waiting.peekable();
    if waiting.peek().is_none() {
        return written;
    }
    let mut merged = Vec::with_capacity(limit.min(written.len() + 64));
    let mut written = written.into_iter().peekable();
    while merged.len() < limit {
        let take_waiting = match (written.peek(), waiting.peek()) {
            (Some((key, rid)), Some(other)) => before(*other, (key, *rid)),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => break,
        };
        if take_waiting {
            merged.extend(waiting.next().map(|(key, rid)| (key.to_vec(), rid)));
        } else {
            merged.extend(written.next());
        }
    }
    merged
}

fn walk(source: &SqliteSource<'_>, sql: &'static str, params: impl Params) -> Outcome<Vec<Row>> {
    source
        .connection
        .prepare_cached(sql)
        .and_then(|mut walk| walk.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .at("walking an index")
}

fn number(source: &SqliteSource<'_>, sql: &'static str, params: impl Params) -> Outcome<u64> {
    source
        .connection
        .prepare_cached(sql)
        .and_then(|mut count| count.query_row(params, |row| row.get::<_, i64>(0)).optional())
        .map(|count| count.unwrap_or(0) as u64)
        .at("counting index rows")
}

//! The waiting rows at one moment.

use super::run::{Entry, Merge, Run};
use std::sync::Arc;

/// Rows that wait no longer for others: they go into the file in their order.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    /// Additions only.
    pub run: Arc<Run>,
    /// How many of them are in the file already.
    pub written: usize,
    /// The place of the change feed up to which the file has all rows once these are in it.
    pub upto: i64,
}

/// The rows that are not in the file at some moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// Number of the commit that made it.
    pub(super) epoch: i64,
    /// Up to this place of the change feed the file has all rows.
    pub(super) merged: i64,
    /// The oldest.
    pub(super) leaving: Option<Leaving>,
    /// Newer ones, oldest first.
    pub(super) runs: Vec<Arc<Run>>,
}

/// Rows of one parameter: keys from `lo` (inclusive) to `hi` (exclusive).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    /// Search parameter.
    pub param: u16,
    /// First place: a key and the least row id.
    pub from: (&'a [u8], i64),
    /// First place behind.
    pub until: (&'a [u8], i64),
}

impl View {
    /// Rows that wait in the span, in their order or against it.
    pub fn rows<'a>(&'a self, span: Span<'_>, descending: bool) -> impl Iterator<Item = (&'a [u8], i64)> {
        let (from, until) = (
            (span.param, span.from.0, span.from.1),
            (span.param, span.until.0, span.until.1),
        );
        let parts = self.parts().map(move |(run, skip)| {
            let mut range = run.between(from, until);
            range.start = range.start.max(skip).min(range.end);
            (run, range)
        });
        Merge::new(parts, descending)
            .filter(|entry| entry.added)
            .map(|entry| (entry.key, entry.rid))
    }

    /// Whether this row waits.
    pub fn has(&self, param: u16, key: &[u8], rid: i64) -> bool {
        self.newest(param, key, rid).is_some_and(|entry| entry.added)
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        let parts = self.parts().map(|(run, skip)| (run, skip..run.len()));
        Merge::new(parts, false).filter(|entry| entry.added).count()
    }

    /// What the newest run that knows a row says of it.
    pub(super) fn newest(&self, param: u16, key: &[u8], rid: i64) -> Option<Entry<'_>> {
        let place = (param, key, rid);
        let of_runs = self.runs.iter().rev().find_map(|run| run.find(place));
        let found = of_runs.or_else(|| {
            let leaving = self.leaving.as_ref()?;
            leaving.run.find(place).filter(|(at, _)| *at >= leaving.written)
        });
        found.map(|(_, entry)| entry)
    }

    /// Runs, oldest first, each with how many of its rows are in the file.
    fn parts(&self) -> impl Iterator<Item = (&Run, usize)> {
        let leaving = self.leaving.iter().map(|leaving| (&*leaving.run, leaving.written));
        leaving.chain(self.runs.iter().map(|run| (&**run, 0)))
    }
}

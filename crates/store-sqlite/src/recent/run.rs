//! Sorted rows that never change.

use std::cmp::Ordering;
use std::ops::Range;

/// An index row that was added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Search parameter.
    pub param: u16,
    /// Key of the row.
    pub key: &'a [u8],
    /// Resource row id.
    pub rid: i64,
    /// Whether it was added.
    pub added: bool,
}

impl<'a> Entry<'a> {
    /// The place in the tree.
    pub fn place(&self) -> (u16, &'a [u8], i64) {
        (self.param, self.key, self.rid)
    }
}

/// A row whose key lies in the run's bytes.
#[derive(Debug, Clone, Copy)]
struct Row {
    rid: i64,
    start: u32,
    length: u16,
    param: u16,
    added: bool,
}

/// Rows in the order of the tree, each place once.
#[derive(Debug, Default)]
pub(crate) struct Run {
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

impl Run {
    /// Room for so many rows with so many bytes of keys.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            rows: Vec::with_capacity(rows),
        }
    }

    /// Adds the next row in order.
    pub fn push(&mut self, entry: Entry<'_>) {
        let start = u32::try_from(self.bytes.len()).expect("runs are limited to far fewer bytes");
        self.bytes.extend_from_slice(entry.key);
        self.rows.push(Row {
            rid: entry.rid,
            start,
            length: entry.key.len() as u16,
            param: entry.param,
            added: entry.added,
        });
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of all keys.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The row at a position.
    pub fn entry(&self, at: usize) -> Entry<'_> {
        self.read(&self.rows[at])
    }

    fn read(&self, row: &Row) -> Entry<'_> {
        let start = row.start as usize;
        Entry {
            param: row.param,
            key: &self.bytes[start..start + row.length as usize],
            rid: row.rid,
            added: row.added,
        }
    }

    /// How many rows come before the first that is not less than `place`.
    fn before(&self, place: (u16, &[u8], i64)) -> usize {
        self.rows.partition_point(|row| self.read(row).place() < place)
    }

    /// Positions of the rows from `from` (inclusive) to `until` (exclusive).
    pub fn between(&self, from: (u16, &[u8], i64), until: (u16, &[u8], i64)) -> Range<usize> {
        let start = self.before(from);
        let rest = &self.rows[start..];
        start..start + rest.partition_point(|row| self.read(row).place() < until)
    }

    /// The position of a place, and what the run says of it.
    pub fn find(&self, place: (u16, &[u8], i64)) -> Option<(usize, Entry<'_>)> {
        let at = self.before(place);
        let entry = self.read(self.rows.get(at)?);
        (entry.place() == place).then_some((at, entry))
    }
}

/// Rows of several runs in order; at each place the newest run speaks.
pub(super) struct Merge<'a> {
    /// Oldest first.
    heads: Vec<(&'a Run, Range<usize>)>,
    descending: bool,
}

impl<'a> Merge<'a> {
    /// Of these parts of runs, oldest first.
    pub fn new(parts: impl Iterator<Item = (&'a Run, Range<usize>)>, descending: bool) -> Self {
        Self {
            heads: parts.filter(|(_, range)| !range.is_empty()).collect(),
            descending,
        }
    }
}

impl<'a> Iterator for Merge<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let mut next: Option<Entry<'a>> = None;
        for (run, range) in &self.heads {
            let here = run.entry(if self.descending { range.end - 1 } else { range.start });
            let order = next.map_or(Ordering::Less, |next| here.place().cmp(&next.place()));
            let order = if self.descending && next.is_some() {
                order.reverse()
            } else {
                order
            };
            // Equal: this run is newer.
            if order != Ordering::Greater {
                next = Some(here);
            }
        }
        let next = next?;
        let descending = self.descending;
        self.heads.retain_mut(|(run, range)| {
            let at = if descending { range.end - 1 } else { range.start };
            if run.entry(at).place() == next.place() {
                if descending {
                    range.end -= 1;
                } else {
                    range.start += 1;
                }
            }
            range.start < range.end
        });
        Some(next)
    }
}

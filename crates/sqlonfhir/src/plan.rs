//! What a view does, ready to run.

use crate::path::Path;

/// One select.
#[derive(Debug)]
pub(crate) struct Node {
    /// Over what it goes; `None`: the element it stands in.
    pub over: Over,
    /// Its own columns.
    pub columns: Vec<ColumnPath>,
    /// Selects inside: every combination of their rows.
    pub selects: Vec<Node>,
    /// Branches: their rows one after the other; empty where there is no union.
    pub union: Vec<Node>,
}

/// What a select goes over.
#[derive(Debug)]
pub(crate) enum Over {
    /// The element it stands in.
    Here,
    /// `forEach`, `forEachOrNull` (`or_null`).
    Each { path: Path, or_null: bool },
    /// `repeat`.
    Repeat(Vec<Path>),
}

/// A column's path.
#[derive(Debug)]
pub(crate) struct ColumnPath {
    pub name: String,
    pub path: Path,
    pub collection: bool,
}

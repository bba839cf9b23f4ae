//! Records as columns of interned values, each prepared once for comparing.

use crate::compare::Prepared;
use crate::setup::{Setup, SetupError};
use std::collections::HashMap;

/// Most records of a table.
pub const MAX_RECORDS: usize = 100_000_000;

/// Why a record cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The setup is wrong.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Another number of values.
    #[error("record {record} has {found} values, the setup has {expected} fields")]
    Values {
        /// Number of the record, from 0.
        record: usize,
        /// Values it has.
        found: usize,
        /// Values it should have.
        expected: usize,
    },
    /// Too many records.
    #[error("a table holds at most {MAX_RECORDS} records: link them by parts")]
    Full,
}

/// The values of one field.
#[derive(Debug, Default)]
pub(crate) struct Column {
    /// Distinct values; the first stands for a missing one.
    pub values: Vec<Prepared>,
    /// How many records have each.
    pub counts: Vec<u32>,
    known: HashMap<Box<[u8]>, u32>,
}

/// Records ready to be compared. Memory: four bytes a value of a record, and each distinct value once.
#[derive(Debug)]
pub struct Table {
    pub(crate) setup: Setup,
    pub(crate) columns: Vec<Column>,
    /// The values of each record, one record after the other; 0 where one is missing.
    ids: Vec<u32>,
    records: usize,
}

impl Table {
    /// An empty table.
    pub fn new(setup: Setup) -> Result<Table, TableError> {
        setup.check()?;
        let column = || Column {
            values: vec![Prepared::default()],
            counts: vec![0],
            ..Column::default()
        };
        Ok(Table {
            columns: setup.fields.iter().map(|_| column()).collect(),
            setup,
            ids: vec![],
            records: 0,
        })
    }

    /// Adds a record, a value for each field in the order of the setup; blank values are missing. Gives its number.
    pub fn add(&mut self, values: &[&str]) -> Result<u32, TableError> {
        if values.len() != self.columns.len() {
            return Err(TableError::Values {
                record: self.records,
                found: values.len(),
                expected: self.columns.len(),
            });
        }
        let number = u32::try_from(self.records).ok().filter(|_| self.records < MAX_RECORDS);
        let number = number.ok_or(TableError::Full)?;
        for ((value, column), field) in values.iter().zip(&mut self.columns).zip(&self.setup.fields) {
            let prepared = Prepared::of(field.kind, value);
            let id = if prepared.text.is_empty() {
                0
            } else {
                column.intern(prepared)
            };
            self.ids.push(id);
        }
        self.records += 1;
        Ok(number)
    }

    /// Records.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Fields and blocks.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(crate) fn value(&self, field: usize, record: u32) -> Option<&Prepared> {
        match self.row(record)[field] {
            0 => None,
            id => Some(&self.columns[field].values[id as usize]),
        }
    }

    /// The values of a record.
    pub(crate) fn row(&self, record: u32) -> &[u32] {
        let fields = self.columns.len();
        &self.ids[record as usize * fields..][..fields]
    }
}

impl Column {
    fn intern(&mut self, prepared: Prepared) -> u32 {
        if let Some(id) = self.known.get(&prepared.text) {
            self.counts[*id as usize] += 1;
            return *id;
        }
        let id = u32::try_from(self.values.len()).expect("at most as many as records");
        self.known.insert(prepared.text.clone(), id);
        self.values.push(prepared);
        self.counts.push(1);
        id
    }
}

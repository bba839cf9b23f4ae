//! Municipalities and foreign states, with the periods in which they had a name and a province.

mod find;
mod table;

pub use find::{Found, PlaceError};
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A municipality or a foreign state in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Belfiore code; `Z…` abroad.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// Letters of the province, `EE` abroad.
    pub province: &'static str,
    /// First day of the period.
    pub from: Date,
    /// Last day of the period; `None` while it lasts.
    pub to: Option<Date>,
    /// Other names, in other languages or shorter.
    pub others: Vec<&'static str>,
}

impl Place {
    /// Whether the period holds this day.
    pub fn in_force(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }

    /// Whether it is a foreign state.
    pub fn is_abroad(&self) -> bool {
        self.code.starts_with('Z')
    }

    /// `Arzano (NA)`, or the name of a state.
    pub fn label(&self) -> String {
        if self.is_abroad() {
            self.name.to_owned()
        } else {
            format!("{} ({})", self.name, self.province)
        }
    }
}

/// The table with its indexes.
#[derive(Debug)]
pub struct Places {
    /// By code, then by first day.
    rows: Vec<Place>,
    /// Rows by folded name, own and others.
    names: HashMap<String, Vec<u32>>,
    /// Rows by the words of a name in alphabetical order, without articles and prepositions.
    words: HashMap<String, Vec<u32>>,
}

static PLACES: LazyLock<Places> = LazyLock::new(table::read);

/// The table; it is read at the first use.
pub fn places() -> &'static Places {
    &PLACES
}

impl Places {
    /// Every period of every place, by code.
    pub fn rows(&self) -> &[Place] {
        &self.rows
    }

    /// The periods of a code, the earliest first; empty if there is no such code.
    pub fn of_code(&self, code: &str) -> &[Place] {
        let first = self.rows.partition_point(|place| place.code < code);
        let count = self.rows[first..].partition_point(|place| place.code == code);
        &self.rows[first..first + count]
    }

    /// The place of a code on a day: of its periods the one that holds the day, else the last before, else the first after.
    /// A code may be given for a day on which the place was not a municipality: births were recorded there all the same.
    pub fn at(&self, code: &str, day: Date) -> Option<&Place> {
        let periods = self.of_code(code);
        let holds = periods.iter().find(|place| place.in_force(day));
        holds
            .or_else(|| periods.iter().rev().find(|place| place.from <= day))
            .or_else(|| periods.first())
    }

    /// The place of a code as it is called today, or was called at last.
    pub fn latest(&self, code: &str) -> Option<&Place> {
        let periods = self.of_code(code);
        periods
            .iter()
            .find(|place| place.to.is_none())
            .or_else(|| periods.last())
    }
}

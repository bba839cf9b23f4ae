//! Layouts (`rules/layouts.json`), how a row is checked and written: pure.

use crate::rules::{Words, table};
use codicefiscale::CodiceFiscale;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A kind of file.
#[derive(Debug, Deserialize)]
pub(crate) struct Layout {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Words,
    /// Who gets it.
    pub recipient: Words,
    /// What a row is: `assignments`, `people`, `conventions`.
    pub of: String,
    /// `csv`, `fixed`, `xml`.
    pub format: String,
    #[serde(default)]
    delimiter: String,
    #[serde(default)]
    header: bool,
    #[serde(default)]
    root: String,
    #[serde(default)]
    row: String,
    /// Start of the file's name.
    pub file: String,
    /// Column that a receipt names rows by.
    pub key: String,
    /// Rows of one file, at most: what is more goes into further, numbered parts.
    #[serde(default = "most_rows")]
    pub most_rows: usize,
    /// Columns.
    pub columns: Vec<Column>,
    /// How the body answers.
    pub receipt: Receipt,
    /// Where it stands.
    pub source: String,
    /// `verified` or `unverified`.
    pub status: String,
}

fn most_rows() -> usize {
    20_000
}

/// A column.
#[derive(Debug, Deserialize)]
pub(crate) struct Column {
    /// Name.
    pub name: String,
    from: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    max: Option<usize>,
    #[serde(default)]
    width: Option<usize>,
    #[serde(default)]
    align: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    check: String,
}

/// A receipt: delimited text with a heading line.
#[derive(Debug, Deserialize)]
pub(crate) struct Receipt {
    /// Between columns.
    pub delimiter: String,
    /// Column of the key.
    pub key: String,
    /// Column of the outcome.
    pub outcome: String,
    /// Outcomes that accept.
    pub accepted: Vec<String>,
    /// Column of the message.
    pub message: String,
}

/// What a row is made of: field and value.
pub(crate) type Record = BTreeMap<&'static str, String>;

/// What is wrong with a row: message key, and column.
pub(crate) type Fault = (&'static str, String);

#[derive(Deserialize)]
struct Layouts {
    layouts: Vec<Layout>,
}

static LAYOUTS: LazyLock<Layouts> = LazyLock::new(|| table(include_str!("../../rules/layouts.json")));

/// All layouts.
pub(crate) fn layouts() -> &'static [Layout] {
    &LAYOUTS.layouts
}

/// One by code.
pub(crate) fn layout(code: &str) -> Option<&'static Layout> {
    layouts().iter().find(|one| one.code == code)
}

impl Column {
    /// The value of a row, checked.
    fn value(&self, record: &Record) -> Result<String, Fault> {
        let fault = |key| (key, self.name.clone());
        let raw = match self.from.strip_prefix('=') {
            Some(text) => text.to_owned(),
            None => record.get(self.from.as_str()).cloned().unwrap_or_default(),
        };
        let raw: String = raw.chars().filter(|c| !c.is_control()).collect();
        if raw.is_empty() {
            return if self.required {
                Err(fault("check-required"))
            } else {
                Ok(raw)
            };
        }
        let value = match (self.values.is_empty(), self.values.get(&raw)) {
            (true, _) => raw,
            (false, Some(value)) => value.clone(),
            (false, None) => return Err(fault("check-value")),
        };
        let value = match self.date.is_empty() {
            true => value,
            false => self.dated(&value).ok_or_else(|| fault("check-date"))?,
        };
        let fits = match self.check.as_str() {
            "fiscal" => CodiceFiscale::parse(&value).is_ok(),
            "digits" => value.bytes().all(|b| b.is_ascii_digit()),
            _ => true,
        };
        if !fits {
            return Err(fault("check-form"));
        }
        if self.max.or(self.width).is_some_and(|most| value.chars().count() > most) {
            return Err(fault("check-long"));
        }
        Ok(value)
    }

    fn dated(&self, value: &str) -> Option<String> {
        let day: jiff::civil::Date = value.get(..10)?.parse().ok()?;
        let (y, m, d) = (day.year(), day.month(), day.day());
        Some(
            self.date
                .replace("yyyy", &format!("{y:04}"))
                .replace("mm", &format!("{m:02}"))
                .replace("dd", &format!("{d:02}")),
        )
    }
}

impl Layout {
    /// The values of a row in order, or what is wrong with it.
    pub fn values(&self, record: &Record) -> Result<Vec<String>, Vec<Fault>> {
        let (mut values, mut faults) = (Vec::new(), Vec::new());
        for column in &self.columns {
            match column.value(record) {
                Ok(value) => values.push(value),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    /// The value of the key column.
    pub fn key_of<'a>(&self, values: &'a [String]) -> &'a str {
        let at = self.columns.iter().position(|column| column.name == self.key);
        at.and_then(|at| values.get(at)).map_or("", String::as_str)
    }

    /// The file of these rows.
    pub fn file(&self, rows: &[Vec<String>]) -> String {
        match self.format.as_str() {
            "fixed" => rows.iter().map(|row| self.fixed(row) + "\r\n").collect(),
            "xml" => self.xml(rows),
            _ => {
                let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
                let head = self.header.then_some(&names);
                head.into_iter()
                    .chain(rows)
                    .map(|row| self.delimited(row) + "\r\n")
                    .collect()
            }
        }
    }

    fn delimited(&self, row: &[String]) -> String {
        let cell = |value: &String| {
            // What a spreadsheet would compute is text.
            let value = match value.starts_with(['=', '+', '-', '@']) {
                true => format!("'{value}"),
                false => value.clone(),
            };
            match value.contains([self.delimiter.chars().next().unwrap_or(';'), '"']) {
                true => format!("\"{}\"", value.replace('"', "\"\"")),
                false => value,
            }
        };
        row.iter().map(cell).collect::<Vec<_>>().join(&self.delimiter)
    }

    fn fixed(&self, row: &[String]) -> String {
        let cell = |(column, value): (&Column, &String)| {
            let width = column.width.unwrap_or(value.chars().count());
            match column.align.as_str() {
                "right" => format!("{value:0>width$}"),
                _ => format!("{value:<width$}"),
            }
        };
        self.columns.iter().zip(row).map(cell).collect()
    }

    fn xml(&self, rows: &[Vec<String>]) -> String {
        let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{}>\n", self.root);
        for row in rows {
            out.push_str(&format!("  <{}>", self.row));
            for (column, value) in self.columns.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
                let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                out.push_str(&format!("<{0}>{value}</{0}>", column.name));
            }
            out.push_str(&format!("</{}>\n", self.row));
        }
        out.push_str(&format!("</{}>\n", self.root));
        out
    }

    /// Ending of the file's name, and its media type.
    pub fn kind(&self) -> (&'static str, &'static str) {
        match self.format.as_str() {
            "xml" => ("xml", "application/xml"),
            "fixed" => ("txt", "text/plain; charset=utf-8"),
            _ => ("csv", "text/csv; charset=utf-8"),
        }
    }
}

impl Receipt {
    /// Key, accepted, message of each line; `None` without the columns.
    pub fn read(&self, text: &str) -> Option<Vec<(String, bool, String)>> {
        let mut lines = text
            .trim_start_matches('\u{feff}')
            .lines()
            .filter(|line| !line.trim().is_empty());
        let cells = |line: &str| -> Vec<String> {
            let cells = line.split(self.delimiter.as_str());
            cells.map(|cell| cell.trim().trim_matches('"').to_owned()).collect()
        };
        let head = cells(lines.next()?);
        let at = |name: &str| head.iter().position(|cell| cell.eq_ignore_ascii_case(name));
        let (key, outcome, message) = (at(&self.key)?, at(&self.outcome)?, at(&self.message));
        let rows = lines.map(|line| {
            let row = cells(line);
            let cell = |at: usize| row.get(at).cloned().unwrap_or_default();
            let accepted = self.accepted.iter().any(|one| one.eq_ignore_ascii_case(&cell(outcome)));
            (cell(key), accepted, message.map(cell).unwrap_or_default())
        });
        Some(rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::from([
            ("fiscal", "RSSMRA80A01H501U".to_owned()),
            ("family", "Rossi; \"Bis\"".into()),
            ("given", "Mario".into()),
            ("sex", "M".into()),
            ("born", "1980-01-01".into()),
            ("contract", "dipendente".into()),
            ("role", "mmg".into()),
            ("unit", "reparto".into()),
            ("start", "2026-01-01".into()),
            ("ceiling", "1500".into()),
            ("areas", "a1".into()),
            ("register", "medico-chirurgo".into()),
            ("register_number", "1 & 2".into()),
        ])
    }

    #[test]
    fn each_layout_writes_a_row_and_tells_what_is_wrong_with_another() {
        assert!(
            layouts()
                .iter()
                .all(|one| one.columns.iter().any(|column| column.name == one.key) && !one.source.is_empty())
        );
        for layout in layouts() {
            let values = layout
                .values(&record())
                .unwrap_or_else(|faults| panic!("{}: {faults:?}", layout.code));
            assert_eq!(layout.key_of(&values), "RSSMRA80A01H501U");
            let file = layout.file(std::slice::from_ref(&values));
            match layout.format.as_str() {
                "csv" => assert!(
                    file.contains("RSSMRA80A01H501U;\"Rossi; \"\"Bis\"\"\";Mario;M;01/01/1980;;TI;"),
                    "{file}"
                ),
                "fixed" => assert!(
                    file.len() == 1 + 16 + 40 + 40 + 1 + 8 + 8 + 5 + 64 + 2
                        && file.contains("M01012026        01500a1"),
                    "{file}"
                ),
                _ => assert!(file.contains("<numero>1 &amp; 2</numero>"), "{file}"),
            }
        }
        let layout = layout("personale-conto-annuale").unwrap();
        let mut wrong = record();
        wrong.insert("fiscal", "RSSMRA80A01H501X".into());
        wrong.insert("contract", "altro".into());
        wrong.remove("born");
        let faults = layout.values(&wrong).unwrap_err();
        let keys: Vec<_> = faults.iter().map(|one| one.0).collect();
        assert_eq!(keys, ["check-form", "check-required", "check-value"]);
    }

    #[test]
    fn a_receipt_is_read_by_its_columns() {
        let receipt = &layout("personale-conto-annuale").unwrap().receipt;
        let read = receipt
            .read("\u{feff}MESSAGGIO;CODICE_FISCALE;ESITO\r\n;A;ok\r\nnon trovato;B;KO\r\n")
            .unwrap();
        assert_eq!(
            read,
            [
                ("A".to_owned(), true, String::new()),
                ("B".to_owned(), false, "non trovato".to_owned())
            ]
        );
        assert_eq!(receipt.read("x;y\n1;2"), None);
    }
}

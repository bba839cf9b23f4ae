//! Lists that people bring as files (RFC 4180 and what offices make of it): commas, semicolons or tabs, quotes, UTF-8 or
//! Windows-1252; and which column is which field.

mod columns;
mod kept;

pub use columns::{Shown, chosen, shown};
pub use kept::{keep, kept, told, uploaded};

use serde::Deserialize;

/// Rows of a file at most.
pub const MAX_ROWS: usize = 20_000;
/// Columns of a file at most.
pub const MAX_COLUMNS: usize = 100;
/// Characters of a cell at most.
pub const MAX_CELL: usize = 2_000;

/// A file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Csv {
    /// Names of the columns, as the first row has them.
    pub header: Vec<String>,
    /// The other rows, each as long as the header. Rows without any text are left out.
    pub rows: Vec<Vec<String>>,
    /// The line of the file on which each row begins, the first being 1.
    pub lines: Vec<usize>,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Nothing in it, or a header alone.
    #[error("the file has no rows: the first row names the columns, the others are data")]
    Empty,
    /// Too many rows.
    #[error("the file has more than {MAX_ROWS} rows: send it in parts")]
    Rows,
    /// Too many columns.
    #[error("line {0} has more than {MAX_COLUMNS} columns")]
    Columns(usize),
    /// A cell that is too long.
    #[error("line {0} has a cell of more than {MAX_CELL} characters: is a quote not closed?")]
    Cell(usize),
    /// A quote that does not end.
    #[error("the quote that opens on line {0} is not closed")]
    Quote(usize),
}

impl Csv {
    /// Reads a file.
    ///
    /// # Errors
    /// It is empty, too large, or a quote is not closed.
    pub fn read(bytes: &[u8]) -> Result<Self, CsvError> {
        let text = text_of(bytes);
        let separator = separator(&text);
        let mut records = records(&text, separator)?.into_iter();
        let (_, header) = records.next().ok_or(CsvError::Empty)?;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut csv = Self {
            header,
            ..Self::default()
        };
        for (line, mut cells) in records {
            cells.resize(csv.header.len(), String::new());
            csv.lines.push(line);
            csv.rows.push(cells);
        }
        match csv.rows.is_empty() {
            true => Err(CsvError::Empty),
            false => Ok(csv),
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Windows-1252: Latin-1 but for a few signs, of which the apostrophes are in use.
        Err(_) => bytes
            .iter()
            .map(|byte| match byte {
                0x80 => '€',
                0x91 | 0x92 => '\u{2019}',
                0x93 | 0x94 => '"',
                0x96 | 0x97 => '-',
                byte => char::from(*byte),
            })
            .collect(),
    }
}

/// Whichever the first line has most of.
fn separator(text: &str) -> char {
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    let mut best = ',';
    for other in [';', '\t', '|'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

type Record = (usize, Vec<String>);

fn records(text: &str, separator: char) -> Result<Vec<Record>, CsvError> {
    let mut reader = Reader::default();
    let mut chars = text.chars().peekable();
    let mut opened = None;
    while let Some(c) = chars.next() {
        if let Some(line) = opened {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    reader.push('"')?;
                }
                '"' => opened = None,
                c => reader.push(c)?,
            }
            reader.line += usize::from(c == '\n');
            if chars.peek().is_none() && opened.is_some() {
                return Err(CsvError::Quote(line));
            }
            continue;
        }
        match c {
            '"' if reader.cell.is_empty() => opened = Some(reader.line),
            '\r' => {}
            '\n' => {
                reader.end()?;
                reader.line += 1;
                reader.start = reader.line;
            }
            c if c == separator => reader.cut()?,
            c => reader.push(c)?,
        }
    }
    if opened.is_some() {
        return Err(CsvError::Quote(reader.line));
    }
    reader.end()?;
    Ok(reader.records)
}

struct Reader {
    records: Vec<Record>,
    cells: Vec<String>,
    cell: String,
    length: usize,
    line: usize,
    start: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            records: vec![],
            cells: vec![],
            cell: String::new(),
            length: 0,
            line: 1,
            start: 1,
        }
    }
}

impl Reader {
    fn push(&mut self, c: char) -> Result<(), CsvError> {
        self.length += 1;
        if self.length > MAX_CELL {
            return Err(CsvError::Cell(self.start));
        }
        self.cell.push(c);
        Ok(())
    }

    fn cut(&mut self) -> Result<(), CsvError> {
        if self.cells.len() >= MAX_COLUMNS {
            return Err(CsvError::Columns(self.start));
        }
        self.length = 0;
        self.cells.push(std::mem::take(&mut self.cell).trim().to_owned());
        Ok(())
    }

    fn end(&mut self) -> Result<(), CsvError> {
        self.cut()?;
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().any(|cell| !cell.is_empty()) {
            if self.records.len() > MAX_ROWS {
                return Err(CsvError::Rows);
            }
            self.records.push((self.start, cells));
        }
        Ok(())
    }
}

/// A field that a column can hold, and the names that such columns have.
#[derive(Debug, Clone, Deserialize)]
pub struct Column {
    /// Name of the field.
    pub field: String,
    /// Names of columns, in lower-case letters and digits only.
    pub names: Vec<String>,
}

/// The field of each column, guessed by its name; empty where none fits. Each field is given once.
pub fn guess(header: &[String], columns: &[Column]) -> Vec<String> {
    let plain = |name: &str| -> String {
        let folded = fhir::normalize_string(name);
        folded.chars().filter(|c| c.is_ascii_alphanumeric()).collect()
    };
    let mut taken: Vec<&str> = vec![];
    let guessed = header.iter().map(|name| {
        let name = plain(name);
        let fits = |column: &&Column| !taken.contains(&column.field.as_str()) && column.names.contains(&name);
        match columns.iter().find(fits) {
            Some(column) => {
                taken.push(&column.field);
                column.field.clone()
            }
            None => String::new(),
        }
    });
    guessed.collect()
}

/// A row as a line of a file. A cell that a spreadsheet would take for a formula is led by an apostrophe.
pub fn line(cells: &[String], separator: char) -> String {
    let quoted = cells.iter().map(|cell| {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t']) && cell.parse::<f64>().is_err();
        let cell = if formula { format!("'{cell}") } else { cell.clone() };
        match cell.contains([',', '"', '\n', '\r', ';', separator]) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell,
        }
    });
    let mut line = quoted.collect::<Vec<_>>().join(&separator.to_string());
    line.push_str("\r\n");
    line
}

/// A cell without the apostrophe that [`line`] leads a formula with.
pub fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_no_cell_becomes_a_formula() {
        let row = ["con \"virgolette\"", "due\nrighe", "x,y;z", "=1+1", "-3.5"].map(str::to_owned);
        let text = format!("a,b,c,d,e\r\n{}", line(&row, ','));
        assert!(text.ends_with(",'=1+1,-3.5\r\n"), "{text}");
        let read = Csv::read(text.as_bytes()).unwrap();
        let cells: Vec<&str> = read.rows[0].iter().map(|cell| plain(cell)).collect();
        assert_eq!(cells, row);
    }

    #[test]
    fn files_of_every_office_are_read() {
        let csv = Csv::read(
            b"\xef\xbb\xbfCognome;Nome;Note\r\nD'Amico;\"Nicol\xc3\xb2\";\"a;\"\"b\"\"\nc\"\r\n;;\r\nRossi;Ugo\r\n",
        )
        .unwrap();
        assert_eq!(csv.header, ["Cognome", "Nome", "Note"]);
        assert_eq!(csv.rows, [["D'Amico", "Nicolò", "a;\"b\"\nc"], ["Rossi", "Ugo", ""]]);
        assert_eq!(csv.lines, [2, 5]);
        let old = Csv::read(b"a,b\nNicol\xf2,D\x92Amico\n").unwrap();
        assert_eq!(old.rows, [["Nicolò", "D\u{2019}Amico"]]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(Csv::read(b""), Err(CsvError::Empty));
        assert_eq!(Csv::read(b"a,b\n"), Err(CsvError::Empty));
        assert_eq!(Csv::read(b"a,b\n1,\"x\n"), Err(CsvError::Quote(2)));
        assert_eq!(
            Csv::read(format!("a\n{}\n", "x".repeat(3_000)).as_bytes()),
            Err(CsvError::Cell(2))
        );
        assert_eq!(
            Csv::read(format!("a\n{}", "1\n".repeat(MAX_ROWS + 1)).as_bytes()),
            Err(CsvError::Rows)
        );
        assert_eq!(Csv::read(",".repeat(200).as_bytes()), Err(CsvError::Columns(1)));
    }

    #[test]
    fn columns_are_guessed_once() {
        let column = |field: &str, names: &[&str]| Column {
            field: field.into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let columns = [
            column("cognome", &["cognome", "surname"]),
            column("nascita", &["datadinascita"]),
        ];
        let header: Vec<String> = ["COGNOME", "Data di nascita", "Surname", "x"].map(str::to_owned).into();
        assert_eq!(guess(&header, &columns), ["cognome", "nascita", "", ""]);
    }
}

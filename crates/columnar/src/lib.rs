//! Typed rows to a Parquet file, group of rows after group of rows: what is in memory is one group.
//!
//! A leaf of the house, for the cost of building what it stands on: it knows nothing of FHIR.

mod batch;
mod schema;

use batch::Batch;
use parking_lot::Mutex;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::sync::Arc;

/// Rows of one group.
const GROUP_ROWS: usize = 10_000;

/// Values of one group, lists counted by their members: bounds memory where lists are long.
const GROUP_VALUES: usize = 1_000_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// 32 bits.
    Int32,
    /// 64 bits.
    Int64,
    /// IEEE 754, 64 bits.
    Double,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp,
    /// Days since 1970-01-01.
    Date,
    /// UTF-8.
    Text,
    /// JSON text.
    Json,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Letters, digits and `_`.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Its cells are lists of values.
    pub list: bool,
}

/// A value; it must be of its column's kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// For [`Kind::Boolean`].
    Boolean(bool),
    /// For the whole numbers, moments and days.
    Int(i64),
    /// For [`Kind::Double`].
    Double(f64),
    /// For text and JSON.
    Text(String),
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Of a column that is no list.
    One(Value),
    /// Of a list.
    List(Vec<Value>),
}

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    /// A value is not of its column's kind, or the row has another number of cells.
    #[error("column '{column}': {message}")]
    Value {
        /// Which column.
        column: String,
        /// What is wrong.
        message: String,
    },
    /// The format refuses.
    #[error("Parquet: {0}")]
    Parquet(#[from] ParquetError),
}

/// Where the library writes; what is there is taken away again and again.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file that grows row by row.
pub struct Writer {
    fields: Vec<Field>,
    batch: Batch,
    sink: Sink,
    file: SerializedFileWriter<Sink>,
}

impl Writer {
    /// Starts a file with these columns.
    pub fn new(fields: Vec<Field>) -> Result<Writer, ColumnarError> {
        let sink = Sink::default();
        let schema = schema::of(&fields)?;
        let properties = Arc::new(
            WriterProperties::builder()
                .set_created_by("sinfonia".to_owned())
                .build(),
        );
        let file = SerializedFileWriter::new(sink.clone(), schema, properties)?;
        let batch = Batch::new(&fields);
        Ok(Writer {
            fields,
            batch,
            sink,
            file,
        })
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<(), ColumnarError> {
        self.batch.push(&self.fields, row)?;
        if self.batch.rows() >= GROUP_ROWS || self.batch.values() >= GROUP_VALUES {
            self.group()?;
        }
        Ok(())
    }

    /// The bytes written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut *self.sink.0.lock())
    }

    /// Closes the file; gives its last bytes.
    pub fn finish(mut self) -> Result<Vec<u8>, ColumnarError> {
        if self.batch.rows() > 0 {
            self.group()?;
        }
        self.file.finish()?;
        drop(self.file);
        Ok(std::mem::take(&mut *self.sink.0.lock()))
    }

    fn group(&mut self) -> Result<(), ColumnarError> {
        let full = std::mem::replace(&mut self.batch, Batch::new(&self.fields));
        let mut group = self.file.next_row_group()?;
        full.write(&mut group)?;
        group.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field as Read;

    /// The bytes as something the library reads.
    fn read(bytes: Vec<u8>) -> Vec<Vec<(String, Read)>> {
        let dir = std::env::temp_dir().join(format!("columnar-{}.parquet", std::process::id()));
        std::fs::write(&dir, bytes).unwrap();
        let file = SerializedFileReader::new(std::fs::File::open(&dir).unwrap()).unwrap();
        let rows = file.get_row_iter(None).unwrap();
        let rows = rows.map(|row| row.unwrap().into_columns()).collect();
        std::fs::remove_file(&dir).unwrap();
        rows
    }

    fn field(name: &str, kind: Kind, list: bool) -> Field {
        Field {
            name: name.to_owned(),
            kind,
            list,
        }
    }

    #[test]
    fn typed_columns_are_read_back() {
        let fields = vec![
            field("id", Kind::Text, false),
            field("n", Kind::Int32, false),
            field("tags", Kind::Text, true),
        ];
        let mut writer = Writer::new(fields).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let mut bytes = Vec::new();
        for n in 0..25_000_i64 {
            let number = if n % 3 == 0 { Value::Null } else { Value::Int(n) };
            let tags = (0..n % 3).map(|tag| text(&format!("t{tag}"))).collect();
            writer
                .push(vec![
                    Cell::One(text(&n.to_string())),
                    Cell::One(number),
                    Cell::List(tags),
                ])
                .unwrap();
            bytes.extend(writer.take());
        }
        assert!(!bytes.is_empty(), "whole groups go out before the end");
        bytes.extend(writer.finish().unwrap());
        let rows = read(bytes);
        assert_eq!(rows.len(), 25_000);
        assert_eq!(rows[5][0].1, Read::Str("5".into()));
        assert_eq!(rows[5][1].1, Read::Int(5));
        assert_eq!(rows[6][1].1, Read::Null);
        assert!(format!("{}", rows[5][2].1).contains("t1"), "{}", rows[5][2].1);
    }

    #[test]
    fn a_value_of_another_kind_is_refused_by_name() {
        let mut writer = Writer::new(vec![field("n", Kind::Int32, false)]).unwrap();
        let error = writer.push(vec![Cell::One(Value::Text("x".into()))]).unwrap_err();
        assert!(error.to_string().starts_with("column 'n'"), "{error}");
        assert!(writer.push(vec![Cell::One(Value::Int(1 << 40))]).is_err());
    }
}

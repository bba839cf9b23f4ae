//! The rows of one group, column by column, with the levels that say what is null.

use crate::{Cell, ColumnarError, Field, Kind, Value};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use std::io::Write;

enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

struct Column {
    values: Values,
    defined: Vec<i16>,
    repeated: Option<Vec<i16>>,
}

/// A group in the making.
pub(crate) struct Batch {
    columns: Vec<Column>,
    rows: usize,
    values: usize,
}

impl Batch {
    pub(crate) fn new(fields: &[Field]) -> Batch {
        let column = |field: &Field| Column {
            values: match field.kind {
                Kind::Boolean => Values::Boolean(Vec::new()),
                Kind::Int32 | Kind::Date => Values::Int32(Vec::new()),
                Kind::Int64 | Kind::Timestamp => Values::Int64(Vec::new()),
                Kind::Double => Values::Double(Vec::new()),
                Kind::Text | Kind::Json => Values::Bytes(Vec::new()),
            },
            defined: Vec::new(),
            repeated: field.list.then(Vec::new),
        };
        Batch {
            columns: fields.iter().map(column).collect(),
            rows: 0,
            values: 0,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn values(&self) -> usize {
        self.values
    }

    /// Adds a row; after an error the batch must not be used again.
    pub(crate) fn push(&mut self, fields: &[Field], row: Vec<Cell>) -> Result<(), ColumnarError> {
        if row.len() != fields.len() {
            return Err(ColumnarError::Value {
                column: String::new(),
                message: format!("the row has {} cells, the file {} columns", row.len(), fields.len()),
            });
        }
        for ((column, field), cell) in self.columns.iter_mut().zip(fields).zip(row) {
            self.values += column.push(cell).map_err(|message| ColumnarError::Value {
                column: field.name.clone(),
                message,
            })?;
        }
        self.rows += 1;
        Ok(())
    }

    /// Writes the columns into a group.
    pub(crate) fn write<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        for column in self.columns {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General(
                    "the schema has fewer columns than the rows".to_owned(),
                ));
            };
            let (defined, repeated) = (Some(column.defined.as_slice()), column.repeated.as_deref());
            match (writer.untyped(), &column.values) {
                (ColumnWriter::BoolColumnWriter(to), Values::Boolean(values)) => {
                    to.write_batch(values, defined, repeated)
                }
                (ColumnWriter::Int32ColumnWriter(to), Values::Int32(values)) => {
                    to.write_batch(values, defined, repeated)
                }
                (ColumnWriter::Int64ColumnWriter(to), Values::Int64(values)) => {
                    to.write_batch(values, defined, repeated)
                }
                (ColumnWriter::DoubleColumnWriter(to), Values::Double(values)) => {
                    to.write_batch(values, defined, repeated)
                }
                (ColumnWriter::ByteArrayColumnWriter(to), Values::Bytes(values)) => {
                    to.write_batch(values, defined, repeated)
                }
                _ => Err(ParquetError::General(
                    "the schema has another type than the column".to_owned(),
                )),
            }?;
            writer.close()?;
        }
        Ok(())
    }
}

impl Column {
    /// Adds a cell; gives how many values it counts as.
    fn push(&mut self, cell: Cell) -> Result<usize, String> {
        let Some(repeated) = &mut self.repeated else {
            let Cell::One(value) = cell else {
                return Err("a list stands where one value is expected".to_owned());
            };
            let there = self.values.push(value)?;
            self.defined.push(i16::from(there));
            return Ok(1);
        };
        let Cell::List(values) = cell else {
            return Err("one value stands where a list is expected".to_owned());
        };
        // Levels of the standard list: 0 no list, 1 an empty one, 2 a null member, 3 a member.
        if values.is_empty() {
            repeated.push(0);
            self.defined.push(1);
            return Ok(1);
        }
        let count = values.len();
        for (at, value) in values.into_iter().enumerate() {
            repeated.push(i16::from(at > 0));
            let there = self.values.push(value)?;
            self.defined.push(2 + i16::from(there));
        }
        Ok(count)
    }
}

impl Values {
    /// Adds a value; `false` for null, which has none.
    fn push(&mut self, value: Value) -> Result<bool, String> {
        match (self, value) {
            (_, Value::Null) => return Ok(false),
            (Values::Boolean(values), Value::Boolean(truth)) => values.push(truth),
            (Values::Int32(values), Value::Int(number)) => {
                let narrow = i32::try_from(number);
                values.push(narrow.map_err(|_| format!("{number} does not fit into 32 bits"))?);
            }
            (Values::Int64(values), Value::Int(number)) => values.push(number),
            (Values::Double(values), Value::Double(number)) => values.push(number),
            (Values::Bytes(values), Value::Text(text)) => values.push(ByteArray::from(text.into_bytes())),
            (_, other) => return Err(format!("{other:?} is of another type")),
        }
        Ok(true)
    }
}

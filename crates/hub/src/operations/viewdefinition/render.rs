//! Rows in the format that was asked for, page after page.

use super::cells;
use crate::HubError;
use crate::outcome::Issue;
use bytes::Bytes;
use columnar::Writer;
use serde_json::Value;
use sqlonfhir::{Cell, RowError, View, write};

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON objects, one a line.
    Lines,
    /// One JSON array.
    Json,
    /// RFC 4180.
    Csv { header: bool },
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The media type.
    pub(super) fn media(self) -> &'static str {
        match self {
            Format::Lines => "application/x-ndjson",
            Format::Json => "application/json",
            Format::Csv { .. } => "text/csv; charset=utf-8",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// What turns resources into bytes.
pub(super) struct Render {
    view: View,
    format: Format,
    parquet: Option<Writer>,
    rows: u64,
    limit: u64,
}

impl Render {
    /// Begins; gives what stands before the first row.
    pub(super) fn begin(view: View, format: Format, limit: Option<u64>) -> Result<(Self, Bytes), HubError> {
        let mut first = Vec::new();
        let parquet = match format {
            Format::Parquet => Some(Writer::new(cells::fields(view.columns())).map_err(refused)?),
            _ => None,
        };
        match format {
            Format::Csv { header: true } => write::csv_header(view.columns(), &mut first),
            Format::Json => first.push(b'['),
            _ => {}
        }
        let render = Self {
            view,
            format,
            parquet,
            rows: 0,
            limit: limit.unwrap_or(u64::MAX),
        };
        Ok((render, first.into()))
    }

    /// Whether no further row is wanted.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= self.limit
    }

    /// The type of the resources.
    pub(super) fn resource(&self) -> &str {
        self.view.resource()
    }

    /// The bytes of a page of resources as stored.
    pub(super) fn page(&mut self, bodies: &[Bytes]) -> Result<Bytes, HubError> {
        let mut out = Vec::new();
        for body in bodies {
            if self.is_full() {
                break;
            }
            let resource: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
            self.resource_rows(&resource, &mut out)?;
        }
        if let Some(parquet) = &mut self.parquet {
            out = parquet.take();
        }
        Ok(out.into())
    }

    fn resource_rows(&mut self, resource: &Value, out: &mut Vec<u8>) -> Result<(), HubError> {
        let rows = self.view.rows(resource).map_err(|error| failed(&error))?;
        for row in &rows {
            if self.rows >= self.limit {
                break;
            }
            if self.format == Format::Json && self.rows > 0 {
                out.push(b',');
            }
            self.rows += 1;
            put(self.format, &self.view, self.parquet.as_mut(), row, out)?;
        }
        Ok(())
    }

    /// What stands after the last row.
    pub(super) fn end(self) -> Result<Bytes, HubError> {
        match (self.format, self.parquet) {
            (Format::Json, _) => Ok(Bytes::from_static(b"]")),
            (_, Some(parquet)) => parquet.finish().map(Bytes::from).map_err(refused),
            _ => Ok(Bytes::new()),
        }
    }
}

fn put(
    format: Format,
    view: &View,
    parquet: Option<&mut Writer>,
    row: &[Cell<'_>],
    out: &mut Vec<u8>,
) -> Result<(), HubError> {
    match format {
        Format::Csv { .. } => write::csv_row(row, out),
        Format::Json => write::json_row(view.columns(), row, out),
        Format::Lines => {
            write::json_row(view.columns(), row, out);
            out.push(b'\n');
        }
        Format::Parquet => {
            let cells = cells::row(view.columns(), row)?;
            if let Some(parquet) = parquet {
                parquet.push(cells).map_err(refused)?;
            }
        }
    }
    Ok(())
}

fn refused(error: columnar::ColumnarError) -> HubError {
    HubError::Invalid(vec![Issue::error("processing", error.to_string())])
}

fn failed(error: &RowError) -> HubError {
    HubError::Invalid(vec![Issue::error("processing", error.to_string())])
}

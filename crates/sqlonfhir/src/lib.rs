//! SQL on FHIR v2 (<https://sql-on-fhir.org/ig/2.0.0/>): tables out of resources, as a pure function.
//!
//! [`View::compile`] checks a ViewDefinition once; [`View::rows`] then makes the rows of one resource, borrowing what
//! it can. No IO, no clock: an expression that asks the time reads the clock of the machine inside the FHIRPath
//! engine underneath.
//!
//! Choices where the standard leaves them open: a key (`getResourceKey()`, `getReferenceKey()`) is `Type/id`;
//! a reference that is no local one (absolute, contained, a urn) has no key; `join()` of nothing is the empty text.

mod column;
mod compile;
mod constants;
mod error;
mod path;
mod plan;
mod run;
mod source;
pub mod write;

pub use column::{Column, Kind};
pub use error::{RowError, ViewError};
pub use run::{Cell, MAX_ROWS_OF_ONE};

use plan::Node;
use serde_json::Value;

/// A checked ViewDefinition, ready to run.
#[derive(Debug)]
pub struct View {
    name: Option<String>,
    resource: String,
    columns: Vec<Column>,
    filters: Vec<path::Path>,
    root: Node,
}

impl View {
    /// Checks a ViewDefinition (JSON) and prepares it. The first rule it breaks is the error.
    pub fn compile(definition: &Value) -> Result<View, ViewError> {
        compile::view(definition)
    }

    /// The view's own name, where it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The resource type it reads.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The columns in the order of the rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows of one resource, in order, each with one cell for every column; none when the resource is of
    /// another type or the view's conditions leave it out.
    pub fn rows<'a>(&'a self, resource: &'a Value) -> Result<Vec<Vec<Cell<'a>>>, RowError> {
        run::rows(self, resource)
    }
}

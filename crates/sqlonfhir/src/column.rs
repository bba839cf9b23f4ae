//! Columns and the types of their values.

use std::fmt;

/// One column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, unique in the view.
    pub name: String,
    /// What its values are, for whoever writes typed files.
    pub kind: Kind,
    /// The FHIR type that the definition states, or that its path has as far as it is certain.
    pub fhir_type: Option<String>,
    /// A cell holds a list.
    pub collection: bool,
    /// What the definition says about it.
    pub description: Option<String>,
}

/// What the values of a column are.
///
/// Dates and moments of FHIR may be partial (`1970-06`), so they are text unless the definition's tag `ansi/type` says
/// `DATE` or `TIMESTAMP`; an `instant` is always whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// Whole numbers of 32 bits.
    Integer,
    /// Whole numbers of 64 bits.
    Long,
    /// Numbers as IEEE 754 doubles: digits beyond the 15th are not kept.
    Double,
    /// Moments, UTC.
    Timestamp,
    /// Whole days.
    Date,
    /// Text.
    Text,
    /// JSON text of an element with children.
    Json,
}

impl Kind {
    /// By the type that a definition states: a FHIR primitive, by code or URL, or a type of FHIRPath.
    pub(crate) fn of_type(name: &str) -> Kind {
        let code = name.rsplit(['/', '.']).next().unwrap_or(name);
        match code {
            "boolean" | "Boolean" => Kind::Boolean,
            "integer" | "positiveInt" | "unsignedInt" | "Integer" => Kind::Integer,
            "integer64" | "Long" => Kind::Long,
            "decimal" | "Decimal" => Kind::Double,
            "instant" => Kind::Timestamp,
            "" => Kind::Text,
            code if is_text(code) => Kind::Text,
            _ => Kind::Json,
        }
    }

    /// By a tag `ansi/type`; unknown ones are left aside.
    pub(crate) fn of_ansi(name: &str) -> Option<Kind> {
        let upper = name.trim().to_ascii_uppercase();
        let word = upper.split('(').next().unwrap_or("").trim();
        Some(match word {
            "BOOLEAN" => Kind::Boolean,
            "INTEGER" | "INT" | "SMALLINT" => Kind::Integer,
            "BIGINT" => Kind::Long,
            "DECIMAL" | "NUMERIC" | "DOUBLE PRECISION" | "DOUBLE" | "FLOAT" | "REAL" => Kind::Double,
            "DATE" => Kind::Date,
            "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE" => Kind::Timestamp,
            "CHARACTER VARYING" | "VARCHAR" | "TEXT" | "CHARACTER" | "CHAR" => Kind::Text,
            _ => return None,
        })
    }
}

fn is_text(code: &str) -> bool {
    matches!(
        code,
        "base64Binary"
            | "canonical"
            | "code"
            | "date"
            | "dateTime"
            | "id"
            | "markdown"
            | "oid"
            | "string"
            | "time"
            | "uri"
            | "url"
            | "uuid"
            | "xhtml"
            | "String"
            | "Date"
            | "DateTime"
            | "Time"
    )
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Boolean => "boolean",
            Kind::Integer => "integer",
            Kind::Long => "long",
            Kind::Double => "double",
            Kind::Timestamp => "timestamp",
            Kind::Date => "date",
            Kind::Text => "text",
            Kind::Json => "json",
        })
    }
}

//! The file's schema.

use crate::{ColumnarError, Field, Kind};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;
use std::fmt::Write as _;
use std::sync::Arc;

/// Every column may be null; a list is the standard group of three levels.
pub(crate) fn of(fields: &[Field]) -> Result<Arc<Type>, ColumnarError> {
    let mut text = String::from("message rows {\n");
    for field in fields {
        let (physical, logical) = words(field.kind);
        let name = &field.name;
        let sound = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !sound {
            return Err(ColumnarError::Value {
                column: name.clone(),
                message: "a name is letters, digits and '_'".to_owned(),
            });
        }
        let _ = if field.list {
            writeln!(
                text,
                "optional group {name} (LIST) {{ repeated group list {{ optional {physical} element{logical}; }} }}"
            )
        } else {
            writeln!(text, "optional {physical} {name}{logical};")
        };
    }
    text.push('}');
    Ok(Arc::new(parse_message_type(&text)?))
}

fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Boolean => ("boolean", ""),
        Kind::Int32 => ("int32", ""),
        Kind::Int64 => ("int64", ""),
        Kind::Double => ("double", ""),
        Kind::Timestamp => ("int64", " (TIMESTAMP(MICROS,true))"),
        Kind::Date => ("int32", " (DATE)"),
        Kind::Text => ("byte_array", " (STRING)"),
        Kind::Json => ("byte_array", " (JSON)"),
    }
}

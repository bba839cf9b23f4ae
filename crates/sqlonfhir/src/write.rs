//! Rows as text: CSV (RFC 4180) and JSON objects.

use crate::{Cell, Column};
use serde_json::Value;
use std::borrow::Cow;

/// The line of names that starts a CSV file.
pub fn csv_header(columns: &[Column], out: &mut Vec<u8>) {
    for (at, column) in columns.iter().enumerate() {
        separate(at, out);
        out.extend_from_slice(column.name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// One row as a CSV line. No value is an empty field; lists and elements with children are JSON text.
pub fn csv_row(row: &[Cell<'_>], out: &mut Vec<u8>) {
    for (at, cell) in row.iter().enumerate() {
        separate(at, out);
        let text: Cow<'_, str> = match cell {
            Cell::One(None) => continue,
            Cell::One(Some(item)) => match item.as_text() {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(item.to_json().to_string()),
            },
            Cell::Many(items) if items.is_empty() => continue,
            Cell::Many(_) => Cow::Owned(cell.to_json().to_string()),
        };
        field(&text, out);
    }
    out.extend_from_slice(b"\r\n");
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

fn field(text: &str, out: &mut Vec<u8>) {
    // An empty text is written quoted, so that it is not taken for no value.
    if !text.is_empty() && !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

/// One row as a JSON object, keys in the order of the columns, without a line end.
pub fn json_row(columns: &[Column], row: &[Cell<'_>], out: &mut Vec<u8>) {
    let mut open = b'{';
    for (column, cell) in columns.iter().zip(row) {
        out.push(open);
        open = b',';
        // Names of columns need no escapes (rule sql-name).
        out.push(b'"');
        out.extend_from_slice(column.name.as_bytes());
        out.extend_from_slice(b"\":");
        match cell {
            Cell::One(Some(item)) => match item.as_text() {
                Some(text) => text_of(text, out),
                None => tree(&item.to_json(), out),
            },
            cell => tree(&cell.to_json(), out),
        }
    }
    if open == b'{' {
        out.push(open);
    }
    out.push(b'}');
}

/// Text and trees always can be written into memory.
fn text_of(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing into memory");
}

fn tree(value: &Value, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("writing into memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::View;
    use serde_json::json;

    #[test]
    fn rows_become_text() {
        let view = View::compile(&json!({"resource": "Patient", "select": [{"column": [
            {"name": "id", "path": "id"},
            {"name": "family", "path": "name.family.first()"},
            {"name": "given", "path": "name.given", "collection": true},
            {"name": "born", "path": "birthDate.exists()"},
        ]}]}));
        let view = view.unwrap();
        let patient = json!({"resourceType": "Patient", "id": "1",
            "name": [{"family": "De \"Rossi\", Ada", "given": ["a", "b"]}]});
        let rows = view.rows(&patient).unwrap();
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        csv_header(view.columns(), &mut csv);
        csv_row(&rows[0], &mut csv);
        json_row(view.columns(), &rows[0], &mut json);
        assert_eq!(
            String::from_utf8(csv).unwrap(),
            "id,family,given,born\r\n1,\"De \"\"Rossi\"\", Ada\",\"[\"\"a\"\",\"\"b\"\"]\",false\r\n"
        );
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"id":"1","family":"De \"Rossi\", Ada","given":["a","b"],"born":false}"#
        );
    }
}

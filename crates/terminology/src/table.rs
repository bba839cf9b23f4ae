//! Tables (`code,display` and a column for each property) as CodeSystem and ValueSet resources. Used at build time for the
//! tables that are carried, and by the loader for those that may not be.

use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// What is known of every table: file, code system, source, licence, date (`data/tables.json`).
pub const TABLES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/tables.json"));

/// The description of the table in a file of this name.
pub fn described(file: &str) -> Option<Value> {
    let all: Vec<Value> = serde_json::from_str(TABLES).expect("tables.json is JSON: a test reads it");
    all.into_iter().find(|table| table["file"] == file)
}

/// The code system of a table and the value set of all its codes.
///
/// # Errors
/// The text is not CSV with the columns `code` and `display`; the message says the line.
pub fn resources(table: &Value, csv: &str) -> Result<[Value; 2], String> {
    let mut lines = parse(csv)?.into_iter();
    let columns = lines.next().unwrap_or_default();
    if columns.first().map(String::as_str) != Some("code") || columns.get(1).map(String::as_str) != Some("display") {
        return Err("line 1: the first columns must be code and display".to_owned());
    }
    let rows: Vec<Vec<String>> = lines.collect();
    let codes: HashSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let by_prefix = table["hierarchy"] == "prefix";
    let mut concepts = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        if row.len() != columns.len() {
            return Err(format!(
                "row {}: {} columns, not {}",
                number + 2,
                row.len(),
                columns.len()
            ));
        }
        let mut concept = Map::new();
        concept.insert("code".into(), json!(row[0]));
        concept.insert("display".into(), json!(row[1]));
        let filled = columns.iter().zip(row).skip(2).filter(|(_, value)| !value.is_empty());
        let mut properties: Vec<Value> = filled
            .map(|(name, value)| json!({"code": name, "valueString": value}))
            .collect();
        let above = by_prefix.then(|| above(&row[0], &codes)).flatten();
        properties.extend(above.map(|code| json!({"code": "parent", "valueCode": code})));
        if !properties.is_empty() {
            concept.insert("property".into(), Value::Array(properties));
        }
        concepts.push(Value::Object(concept));
    }
    Ok([code_system(table, &columns[2..], by_prefix, concepts), value_set(table)])
}

/// The longest code of which this one is a continuation: `250.0` for `250.00`, `250` for `250.0`.
fn above<'a>(code: &'a str, codes: &HashSet<&str>) -> Option<&'a str> {
    let ends = code.char_indices().map(|(at, _)| at).skip(3).collect::<Vec<_>>();
    ends.into_iter()
        .rev()
        .map(|end| code[..end].trim_end_matches('.'))
        .find(|head| codes.contains(head))
}

fn header(table: &Value, rtype: &str) -> Value {
    let copyright = format!(
        "Source: {}. Licence: {}.",
        table["source"].as_str().unwrap_or_default(),
        table["licence"].as_str().unwrap_or_default()
    );
    json!({"resourceType": rtype, "version": table["version"], "title": table["title"], "status": "active",
        "date": table["date"], "publisher": table["publisher"], "copyright": copyright})
}

fn code_system(table: &Value, columns: &[String], by_prefix: bool, concepts: Vec<Value>) -> Value {
    let mut properties: Vec<Value> = columns
        .iter()
        .map(|name| json!({"code": name, "type": "string"}))
        .collect();
    if by_prefix {
        properties
            .push(json!({"code": "parent", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}));
    }
    let mut system = header(table, "CodeSystem");
    system["id"] = table["id"].clone();
    system["url"] = table["url"].clone();
    system["name"] = table["name"].clone();
    system["language"] = json!("it");
    system["caseSensitive"] = json!(true);
    system["valueSet"] = table["valueSet"].clone();
    system["content"] = table["content"].clone();
    if by_prefix {
        system["hierarchyMeaning"] = json!("is-a");
    }
    if !properties.is_empty() {
        system["property"] = Value::Array(properties);
    }
    system["concept"] = Value::Array(concepts);
    system
}

fn value_set(table: &Value) -> Value {
    let mut set = header(table, "ValueSet");
    set["id"] = json!(format!("all-{}", table["id"].as_str().unwrap_or_default()));
    set["url"] = table["valueSet"].clone();
    set["name"] = table["name"].clone();
    set["compose"] = json!({"include": [{"system": table["url"]}]});
    set
}

/// CSV (RFC 4180): rows of fields; a quoted field may hold commas, quotes and line ends.
fn parse(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut line) = (false, 1);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                if row.len() > 1 || !row[0].is_empty() {
                    rows.push(std::mem::take(&mut row));
                }
                row.clear();
            }
            other => field.push(other),
        }
    }
    if quoted {
        return Err(format!("line {line}: a quoted field does not end"));
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_becomes_a_code_system() {
        let table = json!({"id": "t", "url": "http://x/CodeSystem/t", "valueSet": "http://x/ValueSet/t", "name": "T",
            "content": "complete", "hierarchy": "prefix"});
        let csv = "code,display,colour\r\n250,\"Diabete, mellito\",\n250.0,Diabete,red\n250.00,\"\"\"tipo\"\" 2\",\n";
        let [system, set] = resources(&table, csv).unwrap();
        assert_eq!(
            system["concept"][0],
            json!({"code": "250", "display": "Diabete, mellito"})
        );
        assert_eq!(system["concept"][2]["display"], "\"tipo\" 2");
        let read = crate::CodeSystem::from_value(&system).unwrap();
        let at = |code: &str| read.find(code).unwrap();
        assert!(read.subsumes(at("250"), at("250.00")) && read.subsumes(at("250.0"), at("250.00")));
        assert_eq!(set["compose"]["include"][0]["system"], "http://x/CodeSystem/t");
        assert!(resources(&table, "a,b\n").is_err() && resources(&table, "code,display\n\"x").is_err());
        assert_eq!(
            resources(&table, "code,display\nx\n").unwrap_err(),
            "row 2: 1 columns, not 2"
        );
    }
}

//! A table of what the process knows: shown, not asked.

use super::computed::words;
use super::item::Item;
use crate::Texts;
use crate::html::escape;
use serde_json::Value;
use std::fmt::Write as _;

/// The table of an item, with its text as caption; nothing where it has no rows but a line that says so.
pub(super) fn html(item: &Item, texts: &Texts, out: &mut String) {
    let Some(table) = &item.computed.table else { return };
    if table.rows.is_empty() {
        let text = texts.get("form-table-empty", &[("label", item.text.as_str().into())]);
        let _ = writeln!(out, "<p class=\"sf-display\">{}</p>", escape(&text));
        return;
    }
    let _ = write!(
        out,
        "<table class=\"sf-table sf-stack\"><caption>{}</caption><thead><tr>",
        escape(&item.text)
    );
    for (_, label) in &table.columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(label));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (key, label) in &table.columns {
            let value = key.split('.').fold(row, |at, part| &at[part]);
            let _ = write!(
                out,
                "<td data-label=\"{}\">{}</td>",
                escape(label),
                escape(&cell(value, texts))
            );
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>\n");
}

/// Numbers, dates and yes or no as people write them.
fn cell(value: &Value, texts: &Texts) -> String {
    match value {
        Value::Bool(yes) => texts.t(if *yes { "form-yes" } else { "form-no" }),
        Value::Number(number) => crate::decimal(&number.to_string(), texts.lang()),
        Value::String(text) if text.parse::<jiff::civil::Date>().is_ok() => crate::fhir_date(text),
        other => words(other),
    }
}

//! The words of a resource, for searches over its texts.

use crate::normalize_string;
use serde_json::Value;

/// Deepest nesting that is read.
const DEPTH: usize = 128;

/// The words of the narrative, normalised, as one line with a line feed before it; empty without a narrative.
pub fn narrative_words(resource: &Value) -> String {
    let mut out = String::new();
    if let Some(Value::String(div)) = resource.pointer("/text/div") {
        line(&without_tags(div), &mut out);
    }
    out
}

/// The words of every text of the resource, normalised: a line for each text, with a line feed before it.
pub fn all_words(resource: &Value) -> String {
    let mut out = String::new();
    collect(resource, "", DEPTH, &mut out);
    out
}

fn collect(value: &Value, name: &str, depth: usize, out: &mut String) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::String(text) if name == "div" => line(&without_tags(text), out),
        // Not a text.
        Value::String(_) if name == "resourceType" || name == "data" => {}
        Value::String(text) => line(text, out),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, depth, out)),
        Value::Object(object) => object.iter().for_each(|(name, child)| collect(child, name, depth, out)),
        _ => {}
    }
}

fn line(text: &str, out: &mut String) {
    let normalized = normalize_string(text);
    if !normalized.is_empty() {
        out.push('\n');
        out.push_str(&normalized);
    }
}

/// A tag parts words; entities that stand for letters become them.
fn without_tags(xhtml: &str) -> String {
    let mut out = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        let end = if rest[at..].starts_with('<') { '>' } else { ';' };
        let Some(length) = rest[at..].find(end) else { break };
        out.push(entity(&rest[at..at + length]).unwrap_or(' '));
        rest = &rest[at + length + 1..];
    }
    out.push_str(rest);
    out
}

/// `&#232` or `&#xe8`.
fn entity(text: &str) -> Option<char> {
    let number = text.strip_prefix("&#")?;
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_narrative_is_its_words() {
        let resource = json!({"resourceType": "Patient", "text": {"div": "<div><p>Perch&#xe9;</p><b class=\"a\">no?</b></div>"},
            "name": [{"given": ["Anna", "Lia"]}], "active": true});
        assert_eq!(narrative_words(&resource), "\nperche no");
        assert_eq!(all_words(&resource), "\nperche no\nanna\nlia");
        assert_eq!(narrative_words(&json!({})), "");
    }
}

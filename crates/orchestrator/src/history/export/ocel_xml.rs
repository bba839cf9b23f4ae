//! The XML form of OCEL 2.0 (<https://www.ocel-standard.org/specification/formats/xml/>): the items of the JSON form, said
//! in elements.

use serde_json::Value;
use std::io::Write as _;

/// How a document begins.
pub(super) const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<log>\n<object-types>\n";

/// A type, an object or an event: what it is, its members say.
pub(super) fn item(item: &Value, out: &mut Vec<u8>) {
    let is_type = item.get("id").is_none();
    let tag = match (is_type, item.get("time").is_some()) {
        // Attributes of events have no type of their own here: both kinds of types look alike to readers.
        (true, _) if is_event_type(item) => "event-type",
        (true, _) => "object-type",
        (false, true) => "event",
        (false, false) => "object",
    };
    let _ = write!(out, "<{tag}");
    for name in ["name", "id", "type", "time"] {
        attribute(name, &item[name], out);
    }
    out.extend_from_slice(b"><attributes>");
    for one in list(&item["attributes"]) {
        out.extend_from_slice(b"<attribute");
        for name in ["name", "type", "time"] {
            attribute(name, &one[name], out);
        }
        out.extend_from_slice(b">");
        escape(&text(&one["value"]), out);
        out.extend_from_slice(b"</attribute>");
    }
    out.extend_from_slice(b"</attributes>");
    if !is_type {
        out.extend_from_slice(b"<objects>");
        for one in list(&item["relationships"]) {
            out.extend_from_slice(b"<relationship");
            attribute("object-id", &one["objectId"], out);
            attribute("qualifier", &one["qualifier"], out);
            out.extend_from_slice(b"/>");
        }
        out.extend_from_slice(b"</objects>");
    }
    let _ = writeln!(out, "</{tag}>");
}

/// Every event tells its lifecycle, no object does.
fn is_event_type(item: &Value) -> bool {
    list(&item["attributes"]).iter().any(|one| one["name"] == "lifecycle")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn attribute(name: &str, value: &Value, out: &mut Vec<u8>) {
    if !value.is_null() {
        let _ = write!(out, " {name}=\"");
        escape(&text(value), out);
        out.push(b'"');
    }
}

/// Text as XML 1.0 may hold it: control characters it has no way to say become spaces.
fn escape(text: &str, out: &mut Vec<u8>) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(b' '),
            _ => {
                let _ = write!(out, "{c}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_become_elements() {
        let mut out = Vec::new();
        item(
            &json!({"id": "e1", "type": "Visita <1>", "time": "2026-01-01T00:00:00.000Z",
                "attributes": [{"name": "lifecycle", "value": "start"}],
                "relationships": [{"objectId": "o&1", "qualifier": "case"}]}),
            &mut out,
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<event id=\"e1\" type=\"Visita &lt;1&gt;\" time=\"2026-01-01T00:00:00.000Z\"><attributes>\
             <attribute name=\"lifecycle\">start</attribute></attributes><objects>\
             <relationship object-id=\"o&amp;1\" qualifier=\"case\"/></objects></event>\n"
        );
    }
}

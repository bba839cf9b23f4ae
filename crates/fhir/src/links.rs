//! Walks over the links of a resource, so that a transaction can rewrite them in place.

use serde_json::Value;

/// Calls `visit` with every `Reference.reference` text of `resource`, at any depth (contained resources and entries
/// of a bundle too). No definitions are needed: in R4 only `Reference` has a text element named `reference`.
pub fn for_each_reference(resource: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match resource {
        Value::Object(object) => {
            for (name, child) in object.iter_mut() {
                match child {
                    Value::String(text) if name == "reference" => visit(text),
                    Value::Object(_) | Value::Array(_) => for_each_reference(child, visit),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| for_each_reference(item, visit)),
        _ => {}
    }
}

/// Calls `visit` with every other text that may be a link to an entry of the same transaction: elements of type uri,
/// url, canonical, oid and uuid, and the `href` and `src` attributes of narratives
/// (<https://hl7.org/fhir/R4/http.html#trules>).
///
/// Without definitions the element's type is told by its text: it must be an absolute URI (`urn:`, `http:`, `https:`).
/// `Identifier.value` and `valueString` are strings, never links, and are left out, as is `fullUrl` itself. The
/// visitor replaces a text only when it equals the `fullUrl` of an entry, so other URIs pass through untouched.
pub fn for_each_link(resource: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    walk_links("", resource, visit);
}

fn walk_links(name: &str, value: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match value {
        Value::Object(object) => {
            for (name, child) in object.iter_mut() {
                walk_links(name, child, visit);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk_links(name, item, visit)),
        Value::String(text) => match name {
            "reference" | "value" | "valueString" | "fullUrl" | "id" => {}
            "div" => rewrite_narrative(text, visit),
            _ if is_absolute(text) => visit(text),
            _ => {}
        },
        _ => {}
    }
}

fn is_absolute(text: &str) -> bool {
    text.starts_with("urn:") || text.starts_with("http://") || text.starts_with("https://")
}

/// Visits each `href="…"` and `src="…"` of an XHTML text, and rebuilds the text only if one changed.
fn rewrite_narrative(div: &mut String, visit: &mut dyn FnMut(&mut String)) {
    let mut rest = 0;
    while let Some((start, end)) = next_attribute(div, rest) {
        let mut link = div[start..end].to_owned();
        visit(&mut link);
        if link != div[start..end] {
            div.replace_range(start..end, &link);
        }
        rest = start + link.len();
    }
}

/// Byte range of the next link attribute's value at or after `from`.
fn next_attribute(div: &str, from: usize) -> Option<(usize, usize)> {
    ["href=\"", "src=\""]
        .iter()
        .filter_map(|mark| div[from..].find(mark).map(|at| from + at + mark.len()))
        .min()
        .and_then(|start| div[start..].find('"').map(|length| (start, start + length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rename(text: &mut String) {
        if text == "urn:uuid:1" {
            *text = "Patient/1".to_owned();
        }
    }

    #[test]
    fn references_are_visited_at_every_depth() {
        let mut resource = json!({
            "resourceType": "Observation",
            "subject": {"reference": "urn:uuid:1"},
            "performer": [{"reference": "urn:uuid:1"}, {"identifier": {"value": "urn:uuid:1"}}],
            "contained": [{"resourceType": "Basic", "subject": {"reference": "urn:uuid:1"}}],
        });
        let mut seen = 0;
        for_each_reference(&mut resource, &mut |text| {
            seen += 1;
            rename(text);
        });
        assert_eq!(seen, 3);
        assert_eq!(resource["subject"]["reference"], "Patient/1");
        assert_eq!(resource["contained"][0]["subject"]["reference"], "Patient/1");
        assert_eq!(resource["performer"][1]["identifier"]["value"], "urn:uuid:1");
    }

    #[test]
    fn links_are_uris_and_narrative_attributes_but_not_strings() {
        let mut resource = json!({
            "text": {"div": "<div>è <a href=\"urn:uuid:1\">x</a><img src=\"urn:uuid:1\"/><a href=\"#a\">y</a></div>"},
            "instantiatesUri": ["urn:uuid:1", "http://other"],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}],
            "subject": {"reference": "urn:uuid:1"},
            "extension": [{"url": "http://x", "valueUri": "urn:uuid:1"}],
        });
        for_each_link(&mut resource, &mut rename);
        let div = "<div>è <a href=\"Patient/1\">x</a><img src=\"Patient/1\"/><a href=\"#a\">y</a></div>";
        assert_eq!(resource["text"]["div"], div);
        assert_eq!(resource["instantiatesUri"][0], "Patient/1");
        assert_eq!(resource["instantiatesUri"][1], "http://other");
        assert_eq!(resource["identifier"][0]["value"], "urn:uuid:1");
        assert_eq!(resource["subject"]["reference"], "urn:uuid:1");
        assert_eq!(resource["extension"][0]["valueUri"], "Patient/1");
    }
}

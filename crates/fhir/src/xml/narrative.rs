//! Narratives: XHTML that passes through as text.

use super::{XHTML, is_char};
use roxmltree::{Document, Node};

/// Deepest nesting inside a narrative.
const MAX_DEPTH: usize = 200;

/// The `div` of a JSON narrative as it stands in XML: checked, so that it cannot break out of its place.
pub(super) fn checked(div: &str) -> Result<String, String> {
    let doc = Document::parse(div).map_err(|error| {
        format!("is not well-formed XHTML ({error}); use Unicode characters in place of HTML entities")
    })?;
    let root = doc.root_element();
    if root.tag_name().name() != "div" {
        return Err(format!("must be a <div>, not <{}>", root.tag_name().name()));
    }
    let text = &div[root.range()];
    match root.tag_name().namespace() {
        Some(XHTML) => Ok(text.to_owned()),
        None => match text.strip_prefix("<div") {
            Some(rest) => Ok(format!("<div xmlns=\"{XHTML}\"{rest}")),
            None => Err("must be a <div>".to_owned()),
        },
        Some(other) => Err(format!("must be in the namespace {XHTML}, not {other}")),
    }
}

/// The text of a `div` element: the very bytes where these stand for themselves, else written anew without prefixes.
pub(super) fn text(node: Node<'_, '_>) -> Result<String, String> {
    let raw = &node.document().input_text()[node.range()];
    let tag = raw.split('>').next().unwrap_or(raw);
    let alone = tag.starts_with("<div") && tag.contains(" xmlns=") && Document::parse(raw).is_ok();
    if alone {
        return Ok(raw.to_owned());
    }
    let mut out = String::with_capacity(raw.len() + 48);
    element(&mut out, node, 0)?;
    Ok(out)
}

fn element(out: &mut String, node: Node<'_, '_>, depth: usize) -> Result<(), String> {
    if depth >= MAX_DEPTH {
        return Err(format!("is nested more than {MAX_DEPTH} elements deep"));
    }
    if node.tag_name().namespace() != Some(XHTML) {
        return Err(format!("<{}> is not in the namespace {XHTML}", node.tag_name().name()));
    }
    let name = node.tag_name().name();
    out.push('<');
    out.push_str(name);
    if depth == 0 {
        attribute(out, "xmlns", XHTML)?;
    }
    for given in node.attributes() {
        match given.namespace() {
            None => attribute(out, given.name(), given.value())?,
            Some("http://www.w3.org/XML/1998/namespace") => {
                attribute(out, &format!("xml:{}", given.name()), given.value())?;
            }
            Some(_) => {}
        }
    }
    if !node.has_children() {
        out.push_str("/>");
        return Ok(());
    }
    out.push('>');
    for child in node.children() {
        if child.is_element() {
            element(out, child, depth + 1)?;
        } else if child.is_text() {
            for c in child.text().unwrap_or_default().chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    c => out.push(c),
                }
            }
        }
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
    Ok(())
}

/// Adds ` name="value"`, escaped so that a reader gets the very value back.
pub(super) fn attribute(out: &mut String, name: &str, value: &str) -> Result<(), String> {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_char(c) => out.push(c),
            c => {
                return Err(format!(
                    "holds the control character U+{:04X}, which XML cannot hold",
                    u32::from(c)
                ));
            }
        }
    }
    out.push('"');
    Ok(())
}

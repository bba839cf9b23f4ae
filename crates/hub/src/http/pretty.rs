//! `_pretty=true`: the same resource, line by line, in both formats.

use super::Format;
use bytes::Bytes;
use serde_json::Value;

/// A body in its final format, made readable.
pub(super) fn pretty(body: &Bytes, format: Format) -> Bytes {
    match format {
        Format::Json => match serde_json::from_slice::<Value>(body).and_then(|value| serde_json::to_vec_pretty(&value))
        {
            Ok(text) => Bytes::from(text),
            Err(_) => body.clone(),
        },
        Format::Xml => std::str::from_utf8(body).map_or_else(|_| body.clone(), |text| Bytes::from(lines(text))),
    }
}

/// One tag a line, two blanks a level; narratives are copied, since blanks count in them. FHIR has no text elsewhere.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let narrative = rest.starts_with("<div");
        let (tag, after) = rest.split_at(if narrative { div_length(rest) } else { tag_length(rest) });
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        }
        out.extend(std::iter::repeat_n("  ", depth));
        out.push_str(tag);
        out.push('\n');
        if !narrative && !tag.starts_with("</") && !tag.starts_with("<?") && !tag.ends_with("/>") {
            depth += 1;
        }
        rest = after;
    }
    out
}

/// Up to and with the `>` of the tag at the start; attribute values may hold that sign.
fn tag_length(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'>') => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Up to the end of the `div` at the start.
fn div_length(text: &str) -> usize {
    let (mut at, mut open) = (0, 0_usize);
    while let Some(start) = text[at..].find('<') {
        let rest = &text[at + start..];
        let tag = &rest[..tag_length(rest)];
        at += start + tag.len();
        let is_div = |name: &str| {
            name.strip_prefix("div")
                .is_some_and(|r| r.starts_with([' ', '>', '/', '\n', '\t']))
        };
        if tag.strip_prefix("</").is_some_and(is_div) {
            open = open.saturating_sub(1);
        } else if is_div(&tag[1..]) && !tag.ends_with("/>") {
            open += 1;
        }
        if open == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_indented_and_narratives_are_not() {
        let text = "<?xml version=\"1.0\"?>\n<Patient xmlns=\"x\"><id value=\"a>b\"/><text>\
                    <div xmlns=\"y\">a <b>b</b><div>c</div> </div></text><name><family value=\"R\"/></name></Patient>";
        let told = "<?xml version=\"1.0\"?>\n<Patient xmlns=\"x\">\n  <id value=\"a>b\"/>\n  <text>\n    \
                    <div xmlns=\"y\">a <b>b</b><div>c</div> </div>\n  </text>\n  <name>\n    <family value=\"R\"/>\n  \
                    </name>\n</Patient>\n";
        assert_eq!(lines(text), told);
        for odd in ["", "<", "<a", "</a></b>", "<div", "<div><div>", "è<à>"] {
            lines(odd);
        }
    }
}

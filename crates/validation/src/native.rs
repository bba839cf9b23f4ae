//! Rules of R4 that concern nearly every element, in Rust: the same meaning as their FHIRPath, without its cost. Also
//! those whose official FHIRPath does not work as written (`dom-3` casts a collection, `txt-1` calls `htmlChecks()`).

use crate::invariant::Scope;
use serde_json::Value;

/// A rule; true when it holds.
#[derive(Clone, Copy)]
pub(crate) struct Native(pub fn(&Scope<'_>) -> bool);

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Native")
    }
}

/// The rule of this key, if it is one of these.
pub(crate) fn named(key: &str) -> Option<Native> {
    Some(Native(match key {
        "dom-2" => |scope| contained(scope).all(|inner| inner.get("contained").is_none()),
        "dom-3" => every_contained_is_referenced,
        "dom-4" => |scope| {
            contained(scope).all(|c| c.pointer("/meta/versionId").is_none() && c.pointer("/meta/lastUpdated").is_none())
        },
        "dom-5" => |scope| contained(scope).all(|inner| inner.pointer("/meta/security").is_none()),
        "dom-6" => |scope| scope.focus.pointer("/text/div").is_some(),
        "ext-1" => |scope| has(scope, "extension") != value_of(scope.focus),
        "ref-1" => local_reference_leads_somewhere,
        "per-1" => starts_before_it_ends,
        "qty-3" => |scope| !has(scope, "code") || has(scope, "system"),
        "txt-1" => only_basic_html,
        "txt-2" => has_content,
        "vs-1" => |scope| scope.focus.as_str().is_none_or(|date| date.len() >= 8),
        _ => return None,
    }))
}

fn has(scope: &Scope<'_>, name: &str) -> bool {
    scope.focus.get(name).is_some()
}

fn value_of(extension: &Value) -> bool {
    let Value::Object(object) = extension else { return false };
    object
        .keys()
        .any(|name| name.starts_with("value") || name.starts_with("_value"))
}

fn contained<'a>(scope: &Scope<'a>) -> impl Iterator<Item = &'a Value> {
    scope
        .focus
        .get("contained")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A contained resource is referred to by its container, or refers to it.
fn every_contained_is_referenced(scope: &Scope<'_>) -> bool {
    contained(scope).all(|inner| {
        let Some(id) = inner.get("id").and_then(Value::as_str) else {
            return true;
        };
        let wanted = format!("#{id}");
        holds_text(scope.focus, &|text| text == wanted) || holds_text(inner, &|text| text == "#")
    })
}

fn holds_text(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        Value::Array(items) => items.iter().any(|item| holds_text(item, test)),
        Value::Object(object) => object.values().any(|item| holds_text(item, test)),
        _ => false,
    }
}

fn local_reference_leads_somewhere(scope: &Scope<'_>) -> bool {
    let Some(id) = scope
        .focus
        .get("reference")
        .and_then(Value::as_str)
        .and_then(|text| text.strip_prefix('#'))
    else {
        return true;
    };
    let inside = scope
        .root
        .get("contained")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    id.is_empty()
        || inside
            .into_iter()
            .any(|inner| inner.get("id").and_then(Value::as_str) == Some(id))
}

/// Dates that overlap are in order: `2020` may start a period that ends on `2020-03-01`.
fn starts_before_it_ends(scope: &Scope<'_>) -> bool {
    let moment = |name: &str| fhir::date_interval(scope.focus.get(name)?.as_str()?);
    match (moment("start"), moment("end")) {
        (Some((start, _)), Some((_, end))) => start <= end,
        _ => true,
    }
}

/// What the narrative must not hold (<https://hl7.org/fhir/R4/narrative.html#Narrative.div>).
fn only_basic_html(scope: &Scope<'_>) -> bool {
    const REFUSED: [&str; 16] = [
        "script", "form", "object", "embed", "iframe", "frame", "frameset", "link", "base", "head", "body", "html",
        "input", "button", "applet", "xlink",
    ];
    let Some(text) = scope.focus.as_str() else { return true };
    text.split('<').skip(1).all(|tag| {
        let tag = tag.trim_start_matches('/');
        let name = tag
            .split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
            .next()
            .unwrap_or_default();
        let inside = tag.split('>').next().unwrap_or_default();
        let handler = inside
            .split_ascii_whitespace()
            .skip(1)
            .any(|word| word.len() > 2 && word.as_bytes()[..2].eq_ignore_ascii_case(b"on") && word.contains('='));
        !REFUSED.iter().any(|refused| name.eq_ignore_ascii_case(refused)) && !handler && !inside.contains("javascript:")
    })
}

/// Text that is not blank, or an image.
fn has_content(scope: &Scope<'_>) -> bool {
    let Some(text) = scope.focus.as_str() else { return true };
    let words = text
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .any(|(_, words)| !words.trim().is_empty());
    words || text.contains("<img")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(key: &str, focus: Value) -> bool {
        let scope = Scope {
            focus: &focus,
            resource: &focus,
            root: &focus,
            resolve: &|_| None,
        };
        named(key).unwrap().0(&scope)
    }

    #[test]
    fn contained_resources_are_used_and_bare() {
        let with =
            |contained: Value, reference: &str| json!({"contained": [contained], "subject": {"reference": reference}});
        assert!(holds("dom-3", with(json!({"id": "a"}), "#a")));
        assert!(!holds("dom-3", with(json!({"id": "a"}), "#b")));
        assert!(holds("dom-3", with(json!({"id": "a", "x": {"reference": "#"}}), "#b")));
        assert!(!holds("dom-2", with(json!({"contained": []}), "#a")));
        assert!(!holds("dom-4", with(json!({"meta": {"versionId": "1"}}), "#a")));
        assert!(holds("ref-1", json!({"reference": "Patient/1"})) && !holds("ref-1", json!({"reference": "#x"})));
    }

    #[test]
    fn periods_extensions_and_narrative() {
        assert!(holds("per-1", json!({"start": "2020", "end": "2020-03-01"})));
        assert!(!holds("per-1", json!({"start": "2021-01-01", "end": "2020"})));
        assert!(holds("ext-1", json!({"url": "x", "valueCode": "a"})) && !holds("ext-1", json!({"url": "x"})));
        for bad in [
            "<div><script>x</script></div>",
            "<div><p onclick=\"x()\">a</p></div>",
            "<div><a href=\"javascript:x\">a</a></div>",
        ] {
            assert!(!holds("txt-1", json!(bad)), "{bad}");
        }
        assert!(holds("txt-1", json!("<div><b>a</b> <i>on = x</i></div>")));
        assert!(holds("txt-2", json!("<div><p>a</p></div>")) && !holds("txt-2", json!("<div><p> </p></div>")));
    }
}

//! The sensitive labels of a stored resource.

use policy::{LabelSet, Labels};
use serde_json::Value;

/// The labels in `meta.security`. A body without the word has none and is not parsed.
pub(super) fn of_body(labels: &Labels, body: &[u8]) -> LabelSet {
    const KEY: &[u8] = b"\"security\"";
    if !contains(body, KEY) {
        return LabelSet::NONE;
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return LabelSet::NONE;
    };
    of_value(labels, &value)
}

/// As [`of_body`], of a parsed resource.
pub(super) fn of_value(labels: &Labels, value: &Value) -> LabelSet {
    let codings = value
        .pointer("/meta/security")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    codings.fold(LabelSet::NONE, |set, coding| {
        let text = |key: &str| coding[key].as_str().unwrap_or_default();
        set.and(labels.of_security(text("system"), text("code")))
    })
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else {
        return true;
    };
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| byte == first) {
        at += found + 1;
        if text[at..].starts_with(rest) {
            return true;
        }
    }
    false
}

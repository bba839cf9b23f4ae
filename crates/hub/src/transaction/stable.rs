//! Ids that come out the same however often a file is imported.

use super::entry::Entry;
use crate::is_id;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The id of a resource to be created: the uuid of its fullUrl; else its own id; else a digest of fullUrl or content.
pub(crate) fn id(entry: &Entry) -> String {
    let own = entry.resource.get("id").and_then(Value::as_str).filter(|id| is_id(id));
    let Some(full_url) = entry.full_url.as_deref() else {
        return own.map_or_else(|| digest(&entry.resource.to_string()), str::to_owned);
    };
    match full_url.strip_prefix("urn:uuid:") {
        Some(uuid) if is_id(uuid) => uuid.to_ascii_lowercase(),
        _ => own.map_or_else(|| digest(full_url), str::to_owned),
    }
}

/// 40 hexadecimal digits of SHA-256.
fn digest(text: &str) -> String {
    let mut out = hex(Sha256::digest(text.as_bytes()).as_slice());
    out.truncate(40);
    out
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// Whether two resources say the same, apart from `meta.versionId` and `meta.lastUpdated`.
pub(super) fn same_meaning(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else {
        return a == b;
    };
    let others = |object: &serde_json::Map<String, Value>| object.keys().filter(|k| *k != "meta").count();
    others(a) == others(b)
        && a.iter().filter(|(k, _)| *k != "meta").all(|(k, v)| b.get(k) == Some(v))
        && meta(a.get("meta")) == meta(b.get("meta"))
}

fn meta(value: Option<&Value>) -> Vec<(&String, &Value)> {
    let object = value.and_then(Value::as_object).into_iter().flatten();
    let mut kept: Vec<_> = object
        .filter(|(k, _)| *k != "versionId" && *k != "lastUpdated")
        .collect();
    kept.sort_by_key(|(k, _)| *k);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn meaning_ignores_version_and_moment_only() {
        let a = json!({"resourceType": "Patient", "meta": {"versionId": "1", "tag": []}, "active": true});
        let b = json!({"resourceType": "Patient", "active": true, "meta": {"tag": [], "lastUpdated": "x"}});
        assert!(same_meaning(&a, &b));
        assert!(!same_meaning(&a, &json!({"resourceType": "Patient", "active": true})));
        assert!(!same_meaning(&json!({"a": 1.0}), &json!({"a": 1})));
    }
}

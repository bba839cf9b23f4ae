//! Where references lead inside what is being validated: contained resources and bundle entries.

use super::Run;
use serde_json::Value;
use std::collections::HashMap;

/// A resource under validation.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The resource.
    pub resource: &'a Value,
    /// The resource that contains it, or itself.
    pub root: &'a Value,
    /// `fullUrl` of the bundle entry it is in.
    pub full_url: Option<&'a str>,
}

/// Entries of a bundle by fullUrl and by `Type/id`.
pub(super) struct Entries<'a> {
    by_url: HashMap<&'a str, &'a Value>,
    by_id: HashMap<String, &'a Value>,
    urls: HashMap<*const Value, &'a str>,
}

impl<'a> Entries<'a> {
    pub(super) fn of(bundle: &'a Value) -> Entries<'a> {
        let mut entries = Entries {
            by_url: HashMap::new(),
            by_id: HashMap::new(),
            urls: HashMap::new(),
        };
        let list = bundle.get("entry").and_then(Value::as_array).into_iter().flatten();
        for entry in list {
            let Some(resource) = entry.get("resource") else {
                continue;
            };
            if let Some(url) = entry.get("fullUrl").and_then(Value::as_str) {
                entries.by_url.entry(url).or_insert(resource);
                entries.urls.insert(std::ptr::from_ref(resource), url);
            }
            let text = |name: &str| resource.get(name).and_then(Value::as_str);
            if let (Some(rtype), Some(id)) = (text("resourceType"), text("id")) {
                entries.by_id.entry(format!("{rtype}/{id}")).or_insert(resource);
            }
        }
        entries
    }

    /// The fullUrl of the entry that holds this very resource.
    pub(super) fn full_url(&self, resource: &Value) -> Option<&'a str> {
        self.urls.get(&std::ptr::from_ref(resource)).copied()
    }

    /// The rules of <https://hl7.org/fhir/R4/bundle.html#references>; a relative reference from an entry without a
    /// RESTful fullUrl is looked up by type and id.
    fn find(&self, reference: &str, full_url: Option<&str>) -> Option<&'a Value> {
        let reference = reference.split("/_history/").next().unwrap_or(reference);
        if let Some(found) = self.by_url.get(reference) {
            return Some(found);
        }
        let base = full_url.and_then(|url| {
            let (rest, _) = url.rsplit_once('/')?;
            rest.rsplit_once('/').map(|(base, _)| base)
        });
        if let Some(base) = base
            && let Some(found) = self.by_url.get(format!("{base}/{reference}").as_str())
        {
            return Some(found);
        }
        self.by_id.get(reference).copied()
    }
}

impl<'a> Run<'_, 'a> {
    /// The target of a reference, when it is in what was given.
    pub(super) fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let frame = self.frames.last()?;
        if let Some(id) = reference.strip_prefix('#') {
            if id.is_empty() {
                return Some(frame.root);
            }
            let mut inside = frame.root.get("contained").and_then(Value::as_array)?.iter();
            return inside.find(|inner| inner.get("id").and_then(Value::as_str) == Some(id));
        }
        self.bundle.as_ref()?.find(reference, frame.full_url)
    }
}

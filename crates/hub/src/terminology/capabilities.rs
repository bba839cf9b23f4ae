//! `GET [base]/metadata?mode=terminology`: what the terminology service can do.

use crate::Hub;
use serde_json::{Value, json};
use terminology::{Builtin, Canonical, Source as _};

/// Parameters of `$expand` that are understood.
const EXPANSION: &[&str] = &[
    "activeOnly",
    "count",
    "designation",
    "displayLanguage",
    "exclude-system",
    "excludeNested",
    "excludeNotForUI",
    "filter",
    "includeDefinition",
    "includeDesignations",
    "offset",
    "system-version",
];

/// The TerminologyCapabilities resource. Code systems are those built in; what is stored besides is found by search.
pub(crate) fn capabilities(hub: &Hub) -> Value {
    let builtin = Builtin::r4();
    let systems: Vec<Value> = builtin
        .urls("CodeSystem")
        .into_iter()
        .map(|url| {
            let found = builtin.code_system(Canonical::parse(url));
            match found.as_ref().and_then(|system| system.version()) {
                Some(version) => json!({"uri": url, "version": [{"code": version}], "subsumption": true}),
                None => json!({"uri": url, "subsumption": true}),
            }
        })
        .collect();
    let parameters: Vec<Value> = EXPANSION.iter().map(|name| json!({"name": name})).collect();
    json!({
        "resourceType": "TerminologyCapabilities",
        "status": "active",
        "date": fhir::instant(hub.clock.now()),
        "kind": "instance",
        "software": {"name": "Sinfonia", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Sinfonia hub", "url": hub.config.base_url},
        "codeSystem": systems,
        "expansion": {"hierarchical": true, "paging": true, "incomplete": false, "parameter": parameters,
            "textFilter": "The code starts with the text, or each of its words starts a word of the display."},
        "codeSearch": "all",
        "validateCode": {"translations": true},
        "translation": {"needsMap": true},
    })
}

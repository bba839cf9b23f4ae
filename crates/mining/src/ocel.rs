//! Writes OCEL 2.0 in its JSON form (<https://www.ocel-standard.org/2.0/ocel20-schema-json.json>): here every event
//! belongs to one object, its case.

use crate::EventLog;
use serde_json::{Value, json};

/// The document of a log; `case_type` names what a case is (a pathway, an instance). Events without a time are left
/// out: OCEL 2.0 requires one.
#[must_use]
pub fn document(log: &EventLog, case_type: &str) -> Value {
    let mut events = Vec::new();
    for (case, trace) in log.traces.iter().enumerate() {
        for (step, event) in trace.events.iter().enumerate() {
            let Some(moment) = event.at_ms.and_then(|at| jiff::Timestamp::from_millisecond(at).ok()) else {
                continue;
            };
            let who = event
                .resource
                .iter()
                .map(|name| json!({"name": "resource", "value": &**name}));
            events.push(json!({
                "id": format!("{case}-{step}"), "type": &*event.activity, "time": format!("{moment:.3}"),
                "attributes": who.collect::<Vec<_>>(),
                "relationships": [{"objectId": trace.case, "qualifier": "case"}],
            }));
        }
    }
    let objects = log
        .traces
        .iter()
        .map(|trace| json!({"id": trace.case, "type": case_type, "attributes": [], "relationships": []}));
    let attribute = json!([{"name": "resource", "type": "string"}]);
    let types = log
        .activities()
        .into_iter()
        .map(|name| json!({"name": &*name, "attributes": attribute}));
    json!({
        "objectTypes": [{"name": case_type, "attributes": []}],
        "eventTypes": types.collect::<Vec<_>>(),
        "objects": objects.collect::<Vec<_>>(),
        "events": events,
    })
}

#[cfg(test)]
mod tests {
    use crate::log::log_of;

    #[test]
    fn has_what_the_schema_requires() {
        let mut log = log_of(&[("ab", 2)]);
        log.traces
            .iter_mut()
            .flat_map(|trace| &mut trace.events)
            .for_each(|event| event.at_ms = Some(1_000));
        let document = super::document(&log, "case");
        assert_eq!(document["events"][0]["time"], "1970-01-01T00:00:01.000Z");
        assert_eq!(
            document["events"][3]["relationships"][0]["objectId"],
            document["objects"][1]["id"]
        );
        assert_eq!(document["eventTypes"].as_array().unwrap().len(), 2);
    }
}

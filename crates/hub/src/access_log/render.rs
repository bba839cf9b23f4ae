//! One access record as an `AuditEvent` (<https://hl7.org/fhir/R4/auditevent.html>, after the patterns of IHE BALP).

use serde_json::{Value, json};
use store::{AuditEntry, AuditRecord};

/// Where policies are named.
const POLICY: &str = "https://sinfonia.it/policies";
/// Entities named by one event at most; a record of more says how many.
const MAX_ENTITIES: usize = 1_000;

/// The event. `only`: the one patient whom the reader may know of.
pub(super) fn event(record: &AuditRecord, only: Option<&str>) -> Value {
    let entry = &record.entry;
    let (action, interaction) = action(entry);
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": format!("{}{}", super::PREFIX, record.place),
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest", "display": "RESTful Operation"},
        "action": action,
        "recorded": fhir::instant(entry.at),
        "outcome": outcome(entry),
        "outcomeDesc": format!("{} ({})", entry.outcome, entry.status),
        "agent": agents(entry),
        "source": {"observer": {"display": "Sinfonia"}},
        "entity": entities(entry, only),
    });
    if let Some(code) = interaction {
        event["subtype"] = json!([{"system": "http://hl7.org/fhir/restful-interaction", "code": code}]);
    }
    if let Some(purpose) = &entry.purpose {
        let coding = json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": purpose});
        event["purposeOfEvent"] = json!([{"coding": [coding]}]);
    }
    event
}

fn outcome(entry: &AuditEntry) -> &'static str {
    match entry.status {
        500.. => "8",
        400.. => "4",
        _ if entry.outcome.starts_with("deny") => "4",
        _ => "0",
    }
}

/// `action` and, for the FHIR API, the interaction.
fn action(entry: &AuditEntry) -> (&'static str, Option<&'static str>) {
    let below = entry.target.strip_prefix("/fhir/");
    let parts: Vec<&str> = below.unwrap_or_default().split('/').collect();
    let operation = parts.iter().any(|part| part.starts_with('$'));
    let (action, interaction) = match entry.action.as_str() {
        _ if operation => ("E", "operation"),
        "GET" | "HEAD" if parts.last() == Some(&"_search") || parts.len() == 1 => ("E", "search-type"),
        "GET" | "HEAD" if parts.get(2) == Some(&"_history") && parts.len() == 4 => ("R", "vread"),
        "GET" | "HEAD" if parts.contains(&"_history") => ("R", "history"),
        "GET" | "HEAD" => ("R", "read"),
        "POST" if parts.last() == Some(&"_search") => ("E", "search-type"),
        "POST" if entry.target == "/fhir" || entry.target == "/fhir/" => ("E", "transaction"),
        "POST" if parts.len() == 1 => ("C", "create"),
        "PUT" => ("U", "update"),
        "PATCH" => ("U", "patch"),
        "DELETE" => ("D", "delete"),
        "EXPORT" => ("R", "operation"),
        _ => ("E", "operation"),
    };
    // A page, a command to the orchestrator: no interaction of FHIR.
    match below.is_some() || entry.target == "/fhir" {
        true => (action, Some(interaction)),
        false if matches!(entry.action.as_str(), "GET" | "HEAD") => ("R", None),
        false => (if action == "C" { "E" } else { action }, None),
    }
}

/// A reference where the subject is a resource, a name otherwise.
fn who(subject: &str) -> Value {
    let resource = subject
        .split_once('/')
        .is_some_and(|(rtype, _)| fhir::Definitions::r4().is_resource(rtype));
    if resource {
        json!({"reference": subject})
    } else {
        json!({"display": subject})
    }
}

fn agents(entry: &AuditEntry) -> Value {
    let mut first = json!({"who": who(&entry.actor), "altId": entry.actor, "requestor": true});
    if !entry.policies.is_empty() {
        let set = entry.policy_set.as_deref().unwrap_or_default();
        let policies = entry.policies.iter().map(|id| json!(format!("{POLICY}/{set}#{id}")));
        first["policy"] = policies.collect();
    }
    let mut agents = vec![first];
    let role = |code: &str, subject: &str| {
        let coding = json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": code});
        json!({"type": {"coding": [coding]}, "who": who(subject), "requestor": false})
    };
    agents.extend(entry.acts_for.as_deref().map(|subject| role("BEN", subject)));
    agents.extend(
        entry
            .client
            .as_deref()
            .map(|client| role("DEV", &format!("client/{client}"))),
    );
    Value::Array(agents)
}

fn entities(entry: &AuditEntry, only: Option<&str>) -> Value {
    let entity_type =
        |code: &str| json!({"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": code});
    let role = |code: &str| json!({"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": code});
    let shown = entry
        .patients()
        .filter(|patient| only.is_none_or(|only| only == *patient));
    let mut entities: Vec<Value> = shown
        .take(MAX_ENTITIES)
        .map(|patient| match fhir::is_id(patient) {
            true => json!({"what": {"reference": format!("Patient/{patient}")}, "type": entity_type("1"), "role": role("1")}),
            // Too many to be named.
            false => json!({"description": "further patients", "type": entity_type("1"), "role": role("1")}),
        })
        .collect();
    let alone = entry.others.is_empty();
    let mut target = json!({"type": entity_type("2"), "role": role("4")});
    // The path may name what belongs to somebody else.
    if only.is_none() || alone {
        target["description"] = json!(entry.target);
        if let Some(reference) = named(&entry.target) {
            target["what"] = json!({"reference": reference});
        }
    } else {
        let kind = entry
            .target
            .strip_prefix("/fhir/")
            .and_then(|rest| rest.split('/').next());
        target["description"] = json!(kind.unwrap_or("page"));
    }
    let mut details: Vec<Value> = entry
        .steps
        .iter()
        .map(|task| json!({"type": "step", "valueString": format!("Task/{task}")}))
        .collect();
    if only.is_some() && !alone {
        // Steps of other patients are theirs.
        details.clear();
    }
    if !details.is_empty() {
        target["detail"] = Value::Array(details);
    }
    entities.push(target);
    Value::Array(entities)
}

/// `Type/id` of a path of the FHIR API.
fn named(target: &str) -> Option<String> {
    let mut parts = target.strip_prefix("/fhir/")?.split('/');
    let (rtype, id) = (parts.next()?, parts.next()?);
    (fhir::Definitions::r4().is_resource(rtype) && fhir::is_id(id)).then(|| format!("{rtype}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::AuditPlace;

    fn record(change: impl FnOnce(&mut AuditEntry)) -> AuditRecord {
        let mut entry = AuditEntry {
            actor: "Practitioner/anna".into(),
            action: "GET".into(),
            target: "/fhir/Observation".into(),
            patient: Some("one".into()),
            others: vec!["two".into()],
            outcome: "permit signed-in".into(),
            policies: vec!["care-read".into()],
            policy_set: Some("abc".into()),
            steps: vec!["t1".into()],
            status: 200,
            ..AuditEntry::default()
        };
        change(&mut entry);
        AuditRecord {
            place: AuditPlace { row: 7, place: 2 },
            entry,
        }
    }

    #[test]
    fn who_reads_by_right_of_one_patient_learns_of_no_other() {
        let text = event(&record(|_| {}), Some("two")).to_string();
        assert!(
            text.contains("Patient/two") && !text.contains("Patient/one") && !text.contains("t1"),
            "{text}"
        );
        let all = event(&record(|_| {}), None);
        assert_eq!(all["id"], "log-7-2");
        assert_eq!(
            all["agent"][0]["policy"][0],
            "https://sinfonia.it/policies/abc#care-read"
        );
        assert_eq!(all["entity"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn verbs_become_actions() {
        let of = |verb: &str, target: &str| {
            let made = event(
                &record(|entry| (entry.action, entry.target) = (verb.into(), target.into())),
                None,
            );
            let code = made.pointer("/subtype/0/code").and_then(Value::as_str).unwrap_or("-");
            format!("{} {code}", made["action"].as_str().unwrap())
        };
        for (verb, target, expected) in [
            ("GET", "/fhir/Patient/1", "R read"),
            ("GET", "/fhir/Patient", "E search-type"),
            ("POST", "/fhir/Patient/_search", "E search-type"),
            ("GET", "/fhir/Patient/1/_history/2", "R vread"),
            ("GET", "/fhir/Patient/1/$everything", "E operation"),
            ("POST", "/fhir/Observation", "C create"),
            ("PUT", "/fhir/Observation/2", "U update"),
            ("DELETE", "/fhir/Observation/2", "D delete"),
            ("POST", "/fhir", "E transaction"),
            ("GET", "/attivita", "R -"),
            ("POST", "/orchestrator/tasks/1/complete", "E -"),
        ] {
            assert_eq!(of(verb, target), expected, "{verb} {target}");
        }
    }
}

//! OCEL 2.0 in its JSON form (<https://www.ocel-standard.org/specification/formats/json/>) or its XML form. The history is
//! read twice, first for the objects, then for the events, so that neither is held in memory.

use super::{CHUNK, Case, Export, Outcome, Visit};
use crate::OrchestratorError;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A JSON document that goes out as it grows.
struct Document<'a> {
    export: &'a Export,
    bytes: Vec<u8>,
    first: bool,
    /// The XML form.
    xml: bool,
}

impl Document<'_> {
    /// Ends the list before, in the XML form or the other, and begins the next one.
    fn open(&mut self, json: &str, xml: &str) {
        self.bytes
            .extend_from_slice(if self.xml { xml } else { json }.as_bytes());
        self.first = true;
    }

    async fn item(&mut self, item: &Value) -> Result<(), OrchestratorError> {
        if self.xml {
            super::ocel_xml::item(item, &mut self.bytes);
        } else {
            if !self.first {
                self.bytes.extend_from_slice(b",\n");
            }
            serde_json::to_writer(&mut self.bytes, item).map_err(|e| OrchestratorError::Damaged(e.to_string()))?;
        }
        self.first = false;
        if self.bytes.len() >= CHUNK {
            self.export.send(std::mem::take(&mut self.bytes)).await?;
        }
        Ok(())
    }
}

pub(super) async fn write(export: &Export, xml: bool) -> Result<(), OrchestratorError> {
    let mut document = Document {
        export,
        bytes: Vec::new(),
        first: true,
        xml,
    };
    document.open("{\"objectTypes\":[\n", super::ocel_xml::BEGIN);
    let types = [
        ("instance", &["definition", "status"][..]),
        ("patient", &[]),
        ("task", &["element", "kind"]),
        ("role", &[]),
        ("resource", &[]),
    ];
    for (name, attributes) in types {
        let attributes = attributes.iter().map(|name| json!({"name": name, "type": "string"}));
        let attributes: Vec<Value> = attributes.collect();
        document.item(&json!({"name": name, "attributes": attributes})).await?;
    }
    document.open("],\n\"objects\":[\n", "</object-types>\n<objects>\n");
    let activities = objects(export, &mut document).await?;
    document.open("],\n\"eventTypes\":[\n", "</objects>\n<event-types>\n");
    for name in &activities {
        let attributes = json!([{"name": "lifecycle", "type": "string"}, {"name": "element", "type": "string"}]);
        document.item(&json!({"name": name, "attributes": attributes})).await?;
    }
    document.open("],\n\"events\":[\n", "</event-types>\n<events>\n");
    let mut cases = export.orchestrator.cases(export.filter.clone()).await?;
    while let Some(case) = cases.next().await? {
        if case.started <= export.now {
            for event in events(export, &case) {
                document.item(&event).await?;
            }
        }
    }
    document.open("]}\n", "</events>\n</log>\n");
    let rest = std::mem::take(&mut document.bytes);
    export.send(rest).await
}

/// Objects already written, by a hash of type and id.
struct Known {
    hashes: HashSet<u64>,
    maximum: usize,
}

impl Known {
    fn is_new(&mut self, kind: &str, id: &str) -> Result<bool, OrchestratorError> {
        let mut hasher = DefaultHasher::new();
        (kind, id).hash(&mut hasher);
        if self.hashes.len() >= self.maximum {
            return Err(OrchestratorError::TooLarge(format!(
                "the export would hold more than {} objects; ask for a shorter period (from, to) or one definition",
                self.maximum
            )));
        }
        Ok(self.hashes.insert(hasher.finish()))
    }
}

/// Writes the objects; gives the names of the activities.
async fn objects(export: &Export, document: &mut Document<'_>) -> Result<BTreeSet<String>, OrchestratorError> {
    let mut activities = BTreeSet::new();
    let mut known = Known {
        hashes: HashSet::new(),
        maximum: export.orchestrator.config.max_export_objects,
    };
    let mut cases = export.orchestrator.cases(export.filter.clone()).await?;
    while let Some(case) = cases.next().await? {
        if case.started > export.now {
            continue;
        }
        known.is_new("instance", &case.id)?;
        document.item(&instance(export, &case)).await?;
        for visit in export.work(&case) {
            activities.insert(visit.name.to_string());
            known.is_new("task", &visit.token)?;
            document.item(&task(export, &case, visit)).await?;
        }
        for (kind, id) in people(export, &case) {
            if known.is_new(kind, &id)? {
                let object = json!({"id": id, "type": kind, "attributes": [], "relationships": []});
                document.item(&object).await?;
            }
        }
    }
    Ok(activities)
}

/// Patient, roles and resources of a case, by type and object id.
fn people(export: &Export, case: &Case) -> BTreeSet<(&'static str, String)> {
    let mut found: BTreeSet<(&'static str, String)> = BTreeSet::new();
    found.extend(patient(export, case).map(|id| ("patient", id)));
    for visit in export.work(case) {
        found.extend(visit.roles.iter().map(|name| ("role", role(name))));
        found.extend(resource(export, visit).map(|id| ("resource", id)));
    }
    found
}

fn patient(export: &Export, case: &Case) -> Option<String> {
    let patient = case.patient.as_deref()?;
    Some(format!("patient:{}", export.names.of(&format!("Patient/{patient}"))))
}

fn role(name: &str) -> String {
    format!("role:{name}")
}

fn resource(export: &Export, visit: &Visit) -> Option<String> {
    let who = visit.actor.as_deref().or(visit.assignee.as_deref())?;
    Some(format!("resource:{}", export.names.of(who)))
}

fn case_id(export: &Export, case: &Case) -> String {
    format!("instance:{}", export.names.of(&case.id))
}

fn task_id(export: &Export, case: &Case, visit: &Visit) -> String {
    let number = visit.token.rsplit('.').next().unwrap_or_default();
    format!("task:{}.{number}", export.names.of(&case.id))
}

fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn instance(export: &Export, case: &Case) -> Value {
    let started = time(case.started);
    let mut attributes = vec![json!({"name": "definition", "time": started, "value": case.definition})];
    if let Some(ended) = case.ended.filter(|ended| *ended <= export.now) {
        attributes.push(json!({"name": "status", "time": time(ended), "value": case.status}));
    }
    let patient = patient(export, case).map(|id| json!({"objectId": id, "qualifier": "patient"}));
    json!({
        "id": case_id(export, case), "type": "instance", "attributes": attributes,
        "relationships": patient.into_iter().collect::<Vec<_>>(),
    })
}

fn task(export: &Export, case: &Case, visit: &Visit) -> Value {
    let entered = time(visit.entered);
    json!({
        "id": task_id(export, case, visit), "type": "task",
        "attributes": [
            {"name": "element", "time": entered, "value": &*visit.element},
            {"name": "kind", "time": entered, "value": visit.kind},
        ],
        "relationships": [{"objectId": case_id(export, case), "qualifier": "instance"}],
    })
}

/// The events of a case by time.
fn events(export: &Export, case: &Case) -> Vec<Value> {
    let mut moments: Vec<(Timestamp, &Visit, &'static str)> = Vec::new();
    for visit in export.work(case) {
        moments.push((visit.entered, visit, "start"));
        if let Some((left, outcome)) = export.end(visit) {
            let lifecycle = if outcome == Outcome::Done { "complete" } else { "abort" };
            moments.push((left, visit, lifecycle));
        }
    }
    moments.sort_by_key(|(at, ..)| *at);
    let case_id = case_id(export, case);
    let event = |(at, visit, lifecycle): (Timestamp, &Visit, &str)| {
        let task = task_id(export, case, visit);
        let related = |id: String, qualifier: &str| json!({"objectId": id, "qualifier": qualifier});
        let mut objects = vec![related(case_id.clone(), "case"), related(task.clone(), "task")];
        objects.extend(patient(export, case).map(|id| related(id, "patient")));
        objects.extend(visit.roles.iter().map(|name| related(role(name), "role")));
        if lifecycle != "start" {
            objects.extend(resource(export, visit).map(|id| related(id, "resource")));
        }
        json!({
            "id": format!("{task}.{lifecycle}"), "type": &*visit.name, "time": time(at),
            "attributes": [
                {"name": "lifecycle", "value": lifecycle},
                {"name": "element", "value": &*visit.element},
            ],
            "relationships": objects,
        })
    };
    moments.into_iter().map(event).collect()
}

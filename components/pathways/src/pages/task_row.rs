//! A task as a line of a list, read from the FHIR `Task` that mirrors it.

use super::people;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashMap;

/// A line.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// Task id.
    pub id: String,
    /// What is to be done.
    pub name: String,
    /// Patient id.
    pub patient: Option<String>,
    /// Patient's name.
    pub patient_name: String,
    /// FHIR status.
    pub status: String,
    /// Candidate roles.
    pub roles: Vec<String>,
    /// Due moment.
    pub due: Option<Timestamp>,
    /// When it is to be taken up again.
    pub follow_up: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// `routine`, `urgent`, `asap`, `stat`.
    pub priority: String,
}

impl TaskRow {
    /// From the resource; `names` holds patient names by id.
    pub fn read(task: &Value, names: &HashMap<String, String>) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let moment = |value: &Value| value.as_str().and_then(|t| t.parse::<Timestamp>().ok());
        let patient = people::reference_id(&task["for"], "Patient").map(str::to_owned);
        let roles = task["performerType"].as_array().into_iter().flatten();
        let roles = roles.filter(|r| r["coding"][0]["system"] == orchestrator::ROLE_SYSTEM);
        Self {
            id: text(&task["id"]).unwrap_or_default(),
            name: text(&task["code"]["text"])
                .or_else(|| text(&task["description"]))
                .unwrap_or_default(),
            patient_name: patient
                .as_ref()
                .and_then(|id| names.get(id))
                .cloned()
                .unwrap_or_default(),
            patient,
            status: text(&task["status"]).unwrap_or_default(),
            roles: roles.filter_map(|r| text(&r["coding"][0]["code"])).collect(),
            due: moment(&task["restriction"]["period"]["end"]),
            follow_up: moment(&task["restriction"]["period"]["start"]),
            ended: moment(&task["executionPeriod"]["end"]),
            priority: text(&task["priority"]).unwrap_or_else(|| "routine".into()),
        }
    }

    /// Whether it can still be done.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "ready" | "in-progress" | "on-hold")
    }
}

/// Names of the Patients in a list of resources, by id.
pub fn patient_names(resources: &[Value]) -> HashMap<String, String> {
    let patients = resources.iter().filter(|r| r["resourceType"] == "Patient");
    patients
        .filter_map(|p| Some((p["id"].as_str()?.to_owned(), people::name(p))))
        .collect()
}

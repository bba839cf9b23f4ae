//! Writing a plan: one transaction over the Patient, its assistances and choices, and the counter of each doctor concerned.
//!
//! The Patient and the counters go in the place of the versions that were read. So two desks never give one person two
//! doctors, and never pass a ceiling: the second is told of a conflict, reads again and sees what is true.

use super::counter;
use super::plan::Plan;
use component::{Fhir, PeerError};
use serde_json::{Value, json};

/// Why a plan was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// Somebody else was faster: read again.
    #[error("somebody else changed the same person or doctor meanwhile")]
    Conflict,
    /// No place is left.
    #[error("the doctor {doctor} has {count} persons: the ceiling is {ceiling}")]
    Full {
        /// Practitioner id.
        doctor: String,
        /// Persons with the new one.
        count: i64,
        /// Ceiling.
        ceiling: i64,
    },
    /// A mistake of the program, which is not written.
    #[error("the change would leave the person with {0}: it was not written; tell the installation's administrator")]
    Unsound(String),
    /// The hub refused, or did not answer.
    #[error(transparent)]
    Peer(PeerError),
}

impl From<PeerError> for CommitError {
    fn from(error: PeerError) -> Self {
        if error.is_conflict() {
            return Self::Conflict;
        }
        Self::Peer(error)
    }
}

impl From<CommitError> for PeerError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Peer(error) => error,
            other => Self::Status {
                status: http::StatusCode::CONFLICT,
                message: other.to_string(),
            },
        }
    }
}

/// A resource in the place of the version it was read as; a new one where nothing is.
pub(crate) fn entry(resource: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let url = format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]));
    let mut request = json!({"method": "PUT", "url": url});
    match resource["meta"]["versionId"].as_str() {
        Some(version) => request["ifMatch"] = json!(format!("W/\"{version}\"")),
        None => request["ifNoneMatch"] = json!("*"),
    }
    json!({"resource": resource, "request": request})
}

/// Writes plans and what goes with them, all or nothing. `most`: how many persons a doctor may have then; `None`: not asked.
///
/// # Errors
/// A conflict, a ceiling, or the hub.
pub(crate) async fn commit(
    fhir: &Fhir,
    plans: &[&Plan],
    mut entries: Vec<Value>,
    most: impl Fn(&str) -> Option<i64>,
) -> Result<(), CommitError> {
    let mut delta = std::collections::BTreeMap::<&str, i64>::new();
    for plan in plans.iter().filter(|plan| plan.changes()) {
        if let Some(wrong) = plan.breaks().into_iter().next() {
            return Err(CommitError::Unsound(wrong));
        }
        entries.extend(plan.resources().iter().map(entry));
        for (doctor, by) in &plan.delta {
            *delta.entry(doctor).or_default() += by;
        }
    }
    for (doctor, by) in delta.into_iter().filter(|(_, by)| *by != 0) {
        let mut counter = counter::read(fhir, doctor).await?;
        counter.count = (counter.count + by).max(0);
        if let Some(ceiling) = most(doctor).filter(|ceiling| by > 0 && counter.count > *ceiling) {
            return Err(CommitError::Full {
                doctor: doctor.to_owned(),
                count: counter.count,
                ceiling,
            });
        }
        entries.push(counter.entry());
    }
    if entries.is_empty() {
        return Ok(());
    }
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    fhir.transaction(&bundle).await?;
    Ok(())
}

//! Which instances are meant: the conditions that searches and batches share.

use crate::api::InstanceSelection;
use crate::eyes::Eyes;
use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use serde_json::Value;
use store::{InstanceFilter, InstanceRecord, InstanceStatus};

/// Most variables in one selection.
const MAX_VARIABLES: usize = 20;

/// Reads a status as the API names it.
pub(crate) fn status_of(text: &str) -> Result<InstanceStatus, OrchestratorError> {
    Ok(match text {
        "active" => InstanceStatus::Active,
        "completed" => InstanceStatus::Completed,
        "terminated" => InstanceStatus::Terminated,
        "incident" => InstanceStatus::Incident,
        "suspended" => InstanceStatus::Suspended,
        other => {
            let text = format!("status: '{other}' is not one of active, completed, terminated, incident, suspended");
            return Err(OrchestratorError::BadRequest(text));
        }
    })
}

/// A selection that has been understood: what the store can tell, and what only the instance itself can.
pub(crate) struct Selection {
    pub wanted: InstanceSelection,
    status: Option<InstanceStatus>,
    /// Ended instances, too.
    ended: bool,
    inside: bool,
}

impl Selection {
    /// Understands a selection; `ended`: without a status, ended instances are meant as well.
    pub(crate) fn of(wanted: InstanceSelection, ended: bool) -> Result<Self, OrchestratorError> {
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        if wanted.variables.len() > MAX_VARIABLES {
            return Err(OrchestratorError::Invalid(format!(
                "filter.variables: at most {MAX_VARIABLES}"
            )));
        }
        let status = match wanted.status.as_deref() {
            None | Some("") => None,
            Some(text) => Some(status_of(text)?),
        };
        let inside = !wanted.variables.is_empty()
            || given(&wanted.element)
            || wanted.incident.is_some()
            || given(&wanted.incident_kind)
            || given(&wanted.incident_message);
        Ok(Self {
            ended: ended || status.is_some(),
            wanted,
            status,
            inside,
        })
    }

    /// Whether it says anything at all.
    pub(crate) fn is_narrow(&self) -> bool {
        self.wanted != InstanceSelection::default()
    }

    /// Whether it asks for values: asking for one is a way to see it.
    pub(crate) fn asks_values(&self) -> bool {
        !self.wanted.variables.is_empty()
    }

    /// Whether rows must be read to know.
    pub(crate) fn looks_inside(&self) -> bool {
        self.inside
    }

    /// The question to the store.
    pub(crate) fn filter(&self, after: Option<String>, limit: usize) -> InstanceFilter {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        InstanceFilter {
            definition: text(&self.wanted.definition),
            business_key: text(&self.wanted.business_key),
            patient: text(&self.wanted.patient),
            status: self.status,
            after,
            limit,
        }
    }

    /// Whether a row that the store gave is meant; gives it back read when that took reading.
    pub(crate) fn holds(&self, record: InstanceRecord) -> Result<Option<Found>, OrchestratorError> {
        let wanted = &self.wanted;
        let early = wanted.started_after.is_some_and(|from| record.started < from);
        let late = wanted.started_before.is_some_and(|to| record.started >= to);
        if early || late || (record.ended.is_some() && !self.ended) {
            return Ok(None);
        }
        if !self.inside {
            return Ok(Some(Found::Row(Box::new(record))));
        }
        let hot = Hot::read(record)?;
        Ok(self.holds_inside(&hot).then(|| Found::Read(Box::new(hot))))
    }

    fn holds_inside(&self, hot: &Hot) -> bool {
        let wanted = &self.wanted;
        let variables = hot.state.variables();
        for (name, value) in &wanted.variables {
            if !variables.get(name).is_some_and(|found| same(found, value)) {
                return false;
            }
        }
        if let Some(element) = wanted.element.as_deref().filter(|element| !element.is_empty())
            && !hot.state.active().iter().any(|active| active.element == element)
        {
            return false;
        }
        let kind = wanted.incident_kind.as_deref().filter(|kind| !kind.is_empty());
        let message = wanted.incident_message.as_deref().filter(|text| !text.is_empty());
        let open = hot
            .state
            .incidents()
            .iter()
            .any(|incident| meant(&incident.kind, &incident.message, kind, message));
        match wanted.incident {
            Some(false) => hot.state.incidents().is_empty(),
            Some(true) => open,
            None => open || (kind.is_none() && message.is_none()),
        }
    }
}

/// Whether an incident is meant by kind and part of its message.
pub(crate) fn meant(kind: &str, message: &str, wanted: Option<&str>, part: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| wanted == kind) && part.is_none_or(|part| message.contains(part))
}

/// Whether two values are the same; numbers by what they count, not how they are written.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64()),
        _ => one == other,
    }
}

/// A selected instance.
pub(crate) enum Found {
    /// As stored.
    Row(Box<InstanceRecord>),
    /// Read.
    Read(Box<Hot>),
}

impl Found {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Row(record) => &record.id,
            Self::Read(hot) => &hot.state.id,
        }
    }

    pub(crate) fn patient(&self) -> Option<&str> {
        match self {
            Self::Row(record) => record.patient.as_deref(),
            Self::Read(hot) => hot.patient.as_deref(),
        }
    }

    pub(crate) fn read(self) -> Result<Hot, OrchestratorError> {
        match self {
            Self::Row(record) => Hot::read(*record),
            Self::Read(hot) => Ok(*hot),
        }
    }
}

/// Of whose instances an operation on many may be, by who asks for it.
pub(crate) struct MeantBy {
    eyes: Eyes,
    /// Where values are asked for.
    facts: Option<Eyes>,
}

impl MeantBy {
    pub(crate) fn holds(&self, patient: Option<&str>) -> bool {
        self.eyes.works_for(patient) && self.facts.as_ref().is_none_or(|facts| facts.knows(patient))
    }
}

/// A page of a selection.
pub(crate) struct Selected {
    pub found: Vec<Found>,
    /// Rows looked at.
    pub seen: usize,
    /// The last row looked at, when there may be more.
    pub next: Option<String>,
}

impl Orchestrator {
    /// What an actor may mean with a selection: instances of patients whom they work for, and whose values they know
    /// where it asks for values.
    pub(crate) async fn meant_by(&self, actor: &Actor, selection: &Selection) -> Result<MeantBy, OrchestratorError> {
        let facts = match selection.asks_values() {
            true => Some(self.facts(actor).await?),
            false => None,
        };
        let eyes = self.eyes(actor).await?;
        Ok(MeantBy { eyes, facts })
    }

    /// What is meant among the next `rows` rows.
    pub(crate) async fn select(
        &self,
        selection: &Selection,
        after: Option<String>,
        rows: usize,
    ) -> Result<Selected, OrchestratorError> {
        let filter = selection.filter(after, rows);
        let records = self.store.snapshot().await?.instances(&filter).await?;
        let seen = records.len();
        let next = records.last().filter(|_| seen == rows).map(|record| record.id.clone());
        let mut found = Vec::new();
        for record in records {
            found.extend(selection.holds(record)?);
        }
        Ok(Selected { found, seen, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_the_same_however_written() {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(same(&number("1.0"), &number("1")));
        assert!(!same(&number("1"), &json!("1")));
        assert!(same(&json!("x"), &json!("x")));
    }

    #[test]
    fn a_selection_that_says_nothing_is_known_as_such() {
        assert!(!Selection::of(InstanceSelection::default(), false).unwrap().is_narrow());
        let unknown = InstanceSelection {
            status: Some("rotta".into()),
            ..InstanceSelection::default()
        };
        assert!(Selection::of(unknown, false).is_err());
    }
}

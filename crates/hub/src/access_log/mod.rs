//! The record of accesses as FHIR `AuditEvent`s, made when they are asked for: `GET AuditEvent?patient=…&agent=…&date=…`
//! and `GET AuditEvent/log-ROW-PLACE`.
//!
//! A search that asks by other parameters (`_id`, `source`, `type`, …) finds the events that other systems sent, which are
//! resources like any other. Who may see which records is decided by policies on the type `AuditEvent`: whoever reads by
//! right of one patient sees of each record that patient alone.

mod render;

use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask};
use crate::parse::{self, pairs::Pair};
use crate::scope::Scope;
use crate::{Hub, HubError};
use access::View;
use policy::{Action, LabelSet};
use std::sync::Arc;
use store::{AuditFilter, AuditPlace, AuditRecord};

/// The type.
const TYPE: &str = "AuditEvent";
/// What ids of records begin with.
const PREFIX: &str = "log-";
/// Parameters that records can be asked by.
const PARAMS: &[&str] = &[
    "patient", "agent", "date", "outcome", "entity", "_sort", "_count", "_page", "_format", "_pretty",
];

/// Whether a search is one of the record.
pub(crate) fn is_asked(rtype: &str, pairs: &[Pair]) -> bool {
    rtype == TYPE && pairs.iter().all(|(name, _)| PARAMS.contains(&name.as_str()))
}

/// Whether an id is that of a record.
pub(crate) fn is_record(rtype: &str, id: &str) -> bool {
    rtype == TYPE && id.starts_with(PREFIX)
}

/// Whose share of a record may be seen.
enum Share {
    /// All of it.
    Whole,
    /// What is about this patient.
    Of(String),
}

/// What a scope may see of the accesses to `patient`, or (`None`) of all.
fn share(scope: &Scope, patient: Option<&str>) -> Option<Share> {
    let view = match scope {
        Scope::All => return Some(Share::Whole),
        Scope::Nothing => return None,
        Scope::View(view) => view,
    };
    if may(view, None) {
        return Some(Share::Whole);
    }
    let mut own = view.patients().into_iter().filter(|patient| may(view, Some(patient)));
    match patient {
        Some(patient) => may(view, Some(patient)).then(|| Share::Of(patient.to_owned())),
        // A person who acts for nobody else has one.
        None => own
            .next()
            .filter(|_| own.next().is_none())
            .map(|patient| Share::Of(patient.to_owned())),
    }
}

fn may(view: &View, patient: Option<&str>) -> bool {
    view.ruling(Action::Read, TYPE, patient, LabelSet::NONE).permit
}

/// Searches the record.
pub(crate) async fn search(hub: Arc<Hub>, ask: Ask, pairs: Vec<Pair>) -> Result<Answer, HubError> {
    let mut filter = filter(&hub, &pairs)?;
    let path = format!("{}/{TYPE}", hub.config.base_url);
    let share = share(&ask.scope, filter.patient.as_deref());
    let page = match &share {
        None => store::AuditPage::default(),
        Some(share) => {
            if let Share::Of(patient) = share {
                access::note_patient(patient);
                filter.patient = Some(patient.clone());
            }
            hub.snapshot().await?.audit(&filter).await?
        }
    };
    let page = store::AuditPage {
        next: page.next.filter(|_| filter.limit > 0),
        ..page
    };
    let as_page = store::SearchPage {
        next: page.next.map(|place| place.to_string()),
        ..store::SearchPage::default()
    };
    let used: Vec<Pair> = pairs;
    let links = crate::search::links(&path, &used, &as_page);
    let mut writer = BundleWriter::new("searchset", hub.clock.now(), None, &links);
    for record in &page.records {
        let event = render::event(record, one(share.as_ref()));
        writer.begin(
            Some(&format!("{path}/{PREFIX}{}", record.place)),
            Some(&event.to_string().into()),
        );
        writer.mode("match");
        writer.end();
    }
    Ok(Answer::made(writer.finish()))
}

fn one(share: Option<&Share>) -> Option<&str> {
    match share {
        Some(Share::Of(patient)) => Some(patient),
        _ => None,
    }
}

/// Reads one record.
pub(crate) async fn read(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let id = ask.param("id");
    let none = || HubError::not_found(TYPE, id);
    let place: AuditPlace = id.trim_start_matches(PREFIX).parse().map_err(|_| none())?;
    let record: AuditRecord = hub.snapshot().await?.audit_at(place).await?.ok_or_else(none)?;
    let mut shares = record
        .entry
        .patients()
        .filter_map(|patient| share(&ask.scope, Some(patient)));
    let share = share(&ask.scope, None)
        .filter(|share| matches!(share, Share::Whole))
        .or_else(|| shares.next())
        .ok_or_else(none)?;
    if let Share::Of(patient) = &share {
        access::note_patient(patient);
    }
    Ok(Answer::made(
        render::event(&record, one(Some(&share))).to_string().into(),
    ))
}

/// What the parameters ask for.
fn filter(hub: &Hub, pairs: &[Pair]) -> Result<AuditFilter, HubError> {
    let context = hub.parse_context();
    let mut filter = AuditFilter::newest(None, context.limits.count_default);
    let once = |place: &mut Option<String>, name: &str, value: String| {
        if place.as_ref().is_some_and(|known| *known != value) {
            return Err(HubError::bad(format!(
                "{name}: one value is expected where accesses are asked for"
            )));
        }
        *place = Some(value);
        Ok(())
    };
    for (name, value) in pairs {
        match name.as_str() {
            "patient" => {
                let id = value.strip_prefix("Patient/").unwrap_or(value);
                once(&mut filter.patient, name, id.to_owned())?;
            }
            "entity" => {
                let id = value.strip_prefix("Patient/").ok_or_else(|| {
                    HubError::bad("entity: accesses are found by the patient they concern, e.g. entity=Patient/123")
                })?;
                once(&mut filter.patient, name, id.to_owned())?;
            }
            "agent" => once(&mut filter.actor, name, value.clone())?,
            "date" => {
                let (from, until) = parse::date::moments(value).ok_or_else(|| {
                    HubError::bad(format!(
                        "date: '{value}' is not understood: expected eq, ge, gt, le or lt and a date or moment"
                    ))
                })?;
                filter.since = filter.since.max(from);
                filter.until = match (filter.until, until) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            "outcome" => {
                filter.refused = Some(match value.as_str() {
                    "0" => false,
                    "4" => true,
                    _ => return Err(HubError::bad("outcome: 0 (permitted) or 4 (refused) is expected")),
                });
            }
            "_count" => filter.limit = parse::count(&context, value)?,
            "_page" => {
                filter.before = Some(
                    value
                        .parse()
                        .map_err(|error: String| HubError::bad(format!("_page: {error}")))?,
                )
            }
            "_sort" if value != "-date" => {
                return Err(HubError::bad("_sort: accesses are given newest first (-date)"));
            }
            _ => {}
        }
    }
    Ok(filter)
}

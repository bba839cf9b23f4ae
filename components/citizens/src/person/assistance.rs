//! Assistance (iscrizione al Servizio sanitario): opened and closed with dates, never two at once.
//!
//! Each is a `Coverage`. What is written is a plan of the registry (`choice::plan`): the commit that opens or closes one also writes
//! the person's `Patient` in the place of the version that was read, and ends the choice of the doctor. Of two desks that do it at
//! once, one is told so.

use super::facts::holds;
use super::write;
use crate::choice::commit::{CommitError, commit};
use crate::choice::person::Person;
use crate::choice::plan::Plan;
use crate::choice::record::id_of;
use crate::{App, people};
use axum::Form;
use axum::extract::{Path, State};
use codicefiscale::reading;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Flash, Page};

/// Codes of assistance: `ssn`, `temporanea`, `stp`, `eni`, `team-ue`.
pub(crate) const ASSISTANCE: &str = "https://sinfonia.it/fhir/CodeSystem/assistenza";
/// Codes of exemptions.
pub(crate) const EXEMPTION: &str = "https://sinfonia.it/fhir/CodeSystem/esenzione";
/// Kinds of assistance, with the name that is kept beside the code.
pub(crate) const KINDS: [(&str, &str); 5] = [
    ("ssn", "Iscrizione al Servizio sanitario nazionale"),
    ("temporanea", "Iscrizione temporanea"),
    ("stp", "Straniero temporaneamente presente"),
    ("eni", "Europeo non iscritto"),
    ("team-ue", "Assicurato di un altro Stato dell'Unione europea"),
];
/// Why assistance can end.
pub(crate) const REASONS: [&str; 6] = [
    "trasferimento",
    "emigrazione",
    "decesso",
    "scadenza",
    "rinuncia",
    "errore",
];

/// Coverages of a person at most.
const MOST: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Opening {
    tipo: String,
    dal: String,
    al: String,
    asl: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Closing {
    al: String,
    motivo: String,
}

/// Whether a coverage counts at all.
pub(crate) fn counts(coverage: &Value) -> bool {
    !matches!(coverage["status"].as_str(), Some("entered-in-error" | "draft"))
}

/// Every coverage of a person.
pub(crate) async fn coverages(app: &App, page: &Page, id: &str) -> Result<Vec<Value>, Failure> {
    let query = [("beneficiary", format!("Patient/{id}")), ("_count", "100".to_owned())];
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(app.fhir(page).search_all("Coverage", &query, MOST).await?)
}

/// `POST /anagrafe/{id}/assistenza`.
pub(crate) async fn open(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Opening>,
) -> Answer {
    // Whoever may not see the person is told that there is none; what is written then is worked out by the registry's rules.
    app.fhir(&page).read("Patient", &id).await?;
    let wrong = |key: &str| Err(Failure::Unprocessable(page.t(key)));
    let today = web::local_date(page.now());
    let Some((kind, name)) = KINDS.iter().find(|(kind, _)| *kind == sent.tipo) else {
        return wrong("assisted-kind-missing");
    };
    let (from, to) = period(&page, &sent, today)?;
    let person = loaded(&app, &id).await?;
    if person.death().is_some() || people::is_inactive(&person.patient) {
        return wrong("assisted-nobody");
    }
    if person.birth().is_some_and(|birth| from < birth) {
        return wrong("assisted-before-birth");
    }
    if !fhir::is_id(&sent.asl) {
        return wrong("assisted-asl-missing");
    }
    let counting = person.assistances.iter().filter(|one| counts(one));
    if let Some(other) = counting.clone().find(|one| overlaps(one, from, to)) {
        let until = match other["period"]["end"].as_str() {
            Some(end) => page.fhir_date(end),
            None => page.t("still-open"),
        };
        let since = page.fhir_date(people::text(&other["period"], "start"));
        return Err(Failure::Conflict(page.t2("assisted-twice", "from", since, "to", until)));
    }
    let payer = app.fhir(&page).find("Organization", &sent.asl).await?;
    let Some(payer) = payer else {
        return wrong("assisted-asl-missing");
    };
    let nth = person.assistances.len().to_string();
    let coverage = id_of("assistenza", &[&id, kind, &from.to_string(), &nth]);
    let mut plan = Plan::new(person).signed(write::by(page.actor(), "sportello"));
    plan.close_over(today);
    match to.filter(|to| *to < today) {
        Some(to) => plan.assist_once(&coverage, kind, (from, to), &sent.asl),
        None => plan.assist(&coverage, kind, from, to, Some(&sent.asl)),
    }
    plan.name_assistance(&coverage, name, people::text(&payer, "name"));
    written(&page, commit(&app.system(), &[&plan], Vec::new(), |_| None).await)?;
    page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t("assisted-opened")))
}

/// The days that were sent.
fn period(page: &Page, sent: &Opening, today: Date) -> Result<(Date, Option<Date>), Failure> {
    let wrong = |key: &str| Failure::Unprocessable(page.t(key));
    let from = reading::date(&sent.dal).ok_or_else(|| wrong("assisted-from-missing"))?;
    let to = match sent.al.trim() {
        "" => None,
        text => Some(reading::date(text).ok_or_else(|| wrong("error-date"))?),
    };
    if to.is_some_and(|to| to < from) {
        return Err(wrong("assisted-ends-before"));
    }
    if from > today {
        return Err(wrong("assisted-from-future"));
    }
    Ok((from, to))
}

async fn loaded(app: &App, id: &str) -> Result<Person, Failure> {
    let found = Person::load(&app.system(), id).await?;
    found.ok_or_else(|| Failure::NotFound(id.to_owned()))
}

/// What a commit answered, in words: of two desks at once, one is told to look again.
fn written(page: &Page, result: Result<(), CommitError>) -> Result<(), Failure> {
    result.map_err(|error| match error {
        CommitError::Conflict => Failure::Conflict(page.t("assisted-conflict")),
        other => component::PeerError::from(other).into(),
    })
}

/// `POST /anagrafe/{id}/assistenza/{voce}`: with it ends the choice of the doctor, which nobody has without assistance. A death is told
/// as an event of the registry, so that every service hears of it.
pub(crate) async fn close(
    State(app): State<App>,
    page: Page,
    Path((id, coverage)): Path<(String, String)>,
    Form(sent): Form<Closing>,
) -> Answer {
    app.fhir(&page).read("Patient", &id).await?;
    let person = loaded(&app, &id).await?;
    let wrong = |key: &str| Err(Failure::Unprocessable(page.t(key)));
    let Some(ending) = person
        .assistances
        .iter()
        .find(|one| one["id"] == coverage.as_str() && counts(one))
    else {
        return Err(Failure::NotFound(format!("Coverage of {id}")));
    };
    if !REASONS.contains(&sent.motivo.as_str()) {
        return wrong("assisted-reason-missing");
    }
    let Some(until) = reading::date(&sent.al) else {
        return wrong("assisted-to-missing");
    };
    let start = people::text(&ending["period"], "start").to_owned();
    if start.parse::<Date>().is_ok_and(|start| until < start) {
        return wrong("assisted-ends-before");
    }
    let today = web::local_date(page.now());
    let had_doctor = person.doctor().is_some();
    if sent.motivo == "decesso" {
        if until > today {
            return wrong("assisted-death-future");
        }
        if person.death().is_some_and(|known| known != Some(until)) {
            return wrong("assisted-death-known");
        }
        let outcome = crate::events::died(&app.context, &id, until, &page.actor().subject).await?;
        if outcome.state != "applied" {
            let reason = [outcome.reason, outcome.remedy].into_iter().flatten();
            return Err(Failure::Conflict(reason.collect::<Vec<_>>().join(": ")));
        }
    } else {
        let mut plan = Plan::new(person).signed(write::by(page.actor(), "sportello"));
        plan.end_assistance(&coverage, until, &sent.motivo, today);
        written(&page, commit(&app.system(), &[&plan], Vec::new(), |_| None).await)?;
    }
    let key = match (had_doctor, until > today) {
        (true, false) => "assisted-closed-doctor",
        (true, true) => "assisted-closes-doctor",
        (false, _) => "assisted-closed",
    };
    page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t(key)))
}

/// Whether a coverage holds on some day of a period.
pub(crate) fn overlaps(coverage: &Value, from: Date, to: Option<Date>) -> bool {
    let period = &coverage["period"];
    let start = period["start"]
        .as_str()
        .and_then(|start| start.get(..10))
        .and_then(|start| start.parse::<Date>().ok());
    let starts_within = start.is_some_and(|start| start >= from && to.is_none_or(|to| start <= to));
    holds(period, &from.to_string()) || starts_within
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    #[test]
    fn periods_that_share_a_day_overlap() {
        let of = |start: &str, end: Option<&str>| {
            let mut one = json!({"period": {"start": start}});
            if let Some(end) = end {
                one["period"]["end"] = json!(end);
            }
            one
        };
        let (from, to) = (date(2026, 1, 1), Some(date(2026, 12, 31)));
        assert!(overlaps(&of("2020-01-01", None), from, to));
        assert!(overlaps(&of("2026-12-31", None), from, to));
        assert!(overlaps(&of("2020-01-01", Some("2026-01-01")), from, to));
        assert!(!overlaps(&of("2020-01-01", Some("2025-12-31")), from, to));
        assert!(!overlaps(&of("2027-01-01", None), from, to));
        assert!(overlaps(&of("2030-01-01", None), from, None));
    }
}

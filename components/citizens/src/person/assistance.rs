//! Assistance (iscrizione al Servizio sanitario): opened and closed with dates, never two at once.
//!
//! Each is a `Coverage`. The commit that opens or closes one also writes the person's `Patient` in the place of the version that
//! was read: of two desks that do it at once, one is told so.

use super::facts::holds;
use super::write;
use crate::{App, people};
use axum::Form;
use axum::extract::{Path, State};
use codicefiscale::reading;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Answer, Failure, Flash, Page};

/// Codes of assistance: `ssn`, `temporanea`, `stp`, `eni`, `team-ue`.
pub(crate) const ASSISTANCE: &str = "https://sinfonia.it/fhir/CodeSystem/assistenza";
/// Codes of exemptions.
pub(crate) const EXEMPTION: &str = "https://sinfonia.it/fhir/CodeSystem/esenzione";
/// Why assistance ended.
const REASON: &str = "https://sinfonia.it/fhir/StructureDefinition/motivo-cessazione";

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

fn is_assistance(coverage: &Value) -> bool {
    people::items(&coverage["type"], "coding").any(|coding| coding["system"] == ASSISTANCE)
}

/// `POST /anagrafe/{id}/assistenza`.
pub(crate) async fn open(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Opening>,
) -> Answer {
    let mut patient = app.fhir(&page).read("Patient", &id).await?;
    let wrong = |key: &str| Err(Failure::Unprocessable(page.t(key)));
    let Some((kind, name)) = KINDS.iter().find(|(kind, _)| *kind == sent.tipo) else {
        return wrong("assisted-kind-missing");
    };
    let Some(from) = reading::date(&sent.dal) else {
        return wrong("assisted-from-missing");
    };
    let to = match sent.al.trim() {
        "" => None,
        text => Some(reading::date(text).ok_or_else(|| Failure::Unprocessable(page.t("error-date")))?),
    };
    if to.is_some_and(|to| to < from) {
        return wrong("assisted-ends-before");
    }
    if people::is_dead(&patient) || people::is_inactive(&patient) {
        return wrong("assisted-nobody");
    }
    if !fhir::is_id(&sent.asl) {
        return wrong("assisted-asl-missing");
    }
    let all = coverages(&app, &page, &id).await?;
    if let Some(other) = all
        .iter()
        .filter(|one| is_assistance(one) && counts(one))
        .find(|one| overlaps(one, from, to))
    {
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
    let mut period = json!({"start": from.to_string()});
    if let Some(to) = to {
        period["end"] = json!(to.to_string());
    }
    let mut coverage = json!({"resourceType": "Coverage", "status": "active",
        "type": {"coding": [{"system": ASSISTANCE, "code": kind, "display": name}]},
        "beneficiary": {"reference": format!("Patient/{id}")},
        "payor": [{"reference": format!("Organization/{}", sent.asl), "display": people::text(&payer, "name")}],
        "period": period});
    write::sign(&mut coverage, page.actor(), "sportello");
    write::sign(&mut patient, page.actor(), "sportello");
    write::commit(&app.fhir(&page), &[patient, coverage]).await?;
    page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t("assisted-opened")))
}

/// `POST /anagrafe/{id}/assistenza/{voce}`.
pub(crate) async fn close(
    State(app): State<App>,
    page: Page,
    Path((id, coverage)): Path<(String, String)>,
    Form(sent): Form<Closing>,
) -> Answer {
    let mut patient = app.fhir(&page).read("Patient", &id).await?;
    let mut coverage = app.fhir(&page).read("Coverage", &coverage).await?;
    if coverage["beneficiary"]["reference"] != format!("Patient/{id}") || !is_assistance(&coverage) {
        return Err(Failure::NotFound(format!("Coverage of {id}")));
    }
    if !REASONS.contains(&sent.motivo.as_str()) {
        return Err(Failure::Unprocessable(page.t("assisted-reason-missing")));
    }
    let until = reading::date(&sent.al).ok_or_else(|| Failure::Unprocessable(page.t("assisted-to-missing")))?;
    let start = people::text(&coverage["period"], "start").to_owned();
    if start.parse::<Date>().is_ok_and(|start| until < start) {
        return Err(Failure::Unprocessable(page.t("assisted-ends-before")));
    }
    coverage["period"]["end"] = json!(until.to_string());
    coverage["status"] = json!(match sent.motivo.as_str() {
        "errore" => "entered-in-error",
        _ if until <= web::local_date(page.now()) => "cancelled",
        _ => "active",
    });
    let kept = people::items(&coverage, "extension")
        .filter(|one| one["url"] != REASON)
        .cloned();
    coverage["extension"] = kept.chain([json!({"url": REASON, "valueCode": sent.motivo})]).collect();
    write::sign(&mut coverage, page.actor(), "sportello");
    write::sign(&mut patient, page.actor(), "sportello");
    write::commit(&app.fhir(&page), &[patient, coverage]).await?;
    page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t("assisted-closed")))
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

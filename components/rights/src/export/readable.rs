//! The page of the archive that people read: what, when, how much, by type. It stands alone, in Italian.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One line of the page.
pub(super) struct Row {
    rtype: String,
    date: String,
    what: String,
    value: String,
}

/// Headings of the types that people know, in the order of the page.
const HEADINGS: &[(&str, &str)] = &[
    ("Patient", "Chi sei"),
    ("Encounter", "Visite e ricoveri"),
    ("Condition", "Diagnosi"),
    ("AllergyIntolerance", "Allergie"),
    ("Observation", "Esami e misure"),
    ("DiagnosticReport", "Referti"),
    ("DocumentReference", "Documenti"),
    ("Procedure", "Procedure"),
    ("MedicationRequest", "Terapie prescritte"),
    ("MedicationStatement", "Terapie in corso"),
    ("Immunization", "Vaccinazioni"),
    ("Appointment", "Appuntamenti"),
    ("ServiceRequest", "Impegnative"),
    ("CarePlan", "Percorsi di cura"),
    ("QuestionnaireResponse", "Risposte ai questionari"),
    ("Coverage", "Esenzioni e coperture"),
    ("Consent", "Consensi"),
];

/// The line of a resource; `None` for what is no fact about the person.
pub(super) fn row(resource: &Value) -> Option<Row> {
    let rtype = resource["resourceType"].as_str()?;
    if [
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "Basic",
        "Provenance",
    ]
    .contains(&rtype)
    {
        return None;
    }
    let (what, date) = crate::hiding::described(resource);
    Some(Row {
        rtype: rtype.to_owned(),
        date,
        what: what.unwrap_or_else(|| {
            if rtype == "Patient" {
                crate::people::name(resource)
            } else {
                "–".into()
            }
        }),
        value: value(resource),
    })
}

fn value(resource: &Value) -> String {
    let quantity = |value: &Value| {
        let number = value["value"].to_string();
        match number.as_str() {
            "null" => None,
            number => Some(format!(
                "{} {}",
                number.replace('.', ","),
                value["unit"].as_str().unwrap_or_default()
            )),
        }
    };
    let coded = |value: &Value| {
        let text = value["text"]
            .as_str()
            .or_else(|| value["coding"][0]["display"].as_str());
        text.map(str::to_owned)
    };
    let own = |resource: &Value| {
        quantity(&resource["valueQuantity"])
            .or_else(|| coded(&resource["valueCodeableConcept"]))
            .or_else(|| resource["valueString"].as_str().map(str::to_owned))
    };
    let parts = resource["component"].as_array().into_iter().flatten().filter_map(own);
    let parts: Vec<String> = own(resource).into_iter().chain(parts).collect();
    let mut others = ["status", "birthDate", "conclusion"]
        .iter()
        .filter_map(|name| resource[*name].as_str());
    match parts.is_empty() {
        false => parts.join("; "),
        true => resource["dosageInstruction"][0]["text"]
            .as_str()
            .or(others.next_back())
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The whole page.
pub(super) fn page(person: &str, part: usize, now: Timestamp, rows: &[Row]) -> String {
    let mut by_type: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_type.entry(&row.rtype).or_default().push(row);
    }
    let mut out = format!(
        "<!doctype html><html lang=\"it\"><head><meta charset=\"utf-8\"><title>I miei dati</title><style>\
         body{{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}\
         td,th{{border-bottom:1px solid #ccc;text-align:left;padding:.3rem .5rem;vertical-align:top}}</style></head><body>\
         <h1>I dati di {}</h1><p>Copia fatta il {} (parte {part}). Gli stessi dati, come li leggono altri programmi, sono nella \
         cartella «fhir»; chi li ha visti è in «fhir/AuditEvent.ndjson».</p>",
        web::Html::text(person),
        web::date_time(now)
    );
    let known = HEADINGS
        .iter()
        .filter_map(|(rtype, title)| Some((*title, by_type.get(rtype)?)));
    let others = by_type
        .iter()
        .filter(|(rtype, _)| !HEADINGS.iter().any(|(known, _)| known == *rtype));
    for (title, rows) in known.chain(others.map(|(rtype, rows)| (*rtype, rows))) {
        let _ = write!(
            out,
            "<h2>{} ({})</h2><table><tr><th>Quando</th><th>Che cosa</th><th>Valore</th></tr>",
            web::Html::text(title),
            rows.len()
        );
        let mut rows = rows.clone();
        rows.sort_by_key(|row| std::cmp::Reverse(sortable(&row.date)));
        for row in rows {
            let [date, what, value] = [&row.date, &row.what, &row.value].map(|text| web::Html::text(text));
            let _ = write!(out, "<tr><td>{date}</td><td>{what}</td><td>{value}</td></tr>");
        }
        out.push_str("</table>");
    }
    out.push_str("</body></html>");
    out
}

/// `21/11/2026` so that it sorts.
fn sortable(date: &str) -> String {
    date.split('/').rev().collect()
}

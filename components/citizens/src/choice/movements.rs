//! The movements of a doctor's list as a file: who came, who left, when and why. Its columns are data (`rules/movimenti.json`).

use super::codes::{END_REASON, extension};
use super::person::{Person, choice_kind, date};
use super::rules::{self, Layout};
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// Episodes read at most.
const MAX: usize = 20_000;

/// One movement: its fields by name.
pub(crate) type Movement = BTreeMap<&'static str, String>;

/// The movements of a doctor between two days, oldest first.
pub(crate) async fn of(fhir: &Fhir, doctor: &str, from: Date, to: Date) -> Result<Vec<Movement>, PeerError> {
    let reference = format!("Practitioner/{doctor}");
    let system = format!("{}|", super::codes::CHOICE);
    let (begins, ends) = (format!("le{to}"), format!("ge{from}"));
    let asked = [
        ("care-manager", reference.as_str()),
        ("type", system.as_str()),
        ("date", &begins),
        ("date", &ends),
        ("_include", "EpisodeOfCare:patient"),
        ("_count", "200"),
    ];
    let found = fhir.search_all("EpisodeOfCare", &asked, MAX).await?;
    let (episodes, people): (Vec<Value>, Vec<Value>) = found
        .into_iter()
        .partition(|one| one["resourceType"] == "EpisodeOfCare");
    let people: BTreeMap<String, Value> = people
        .into_iter()
        .map(|one| (format!("Patient/{}", one["id"].as_str().unwrap_or_default()), one))
        .collect();
    let within = |day: &Date| from <= *day && *day <= to;
    let mut all = Vec::new();
    for episode in &episodes {
        let person = people.get(episode["patient"]["reference"].as_str().unwrap_or_default());
        let started = date(&episode["period"]["start"]).filter(within);
        all.extend(started.map(|day| movement(episode, person, day, "INGRESSO")));
        let open = episode["status"] == "active";
        let ended = date(&episode["period"]["end"]).filter(|day| !open && within(day));
        all.extend(ended.map(|day| movement(episode, person, day, "USCITA")));
    }
    all.sort_by(|a, b| a["sort"].cmp(&b["sort"]));
    Ok(all)
}

fn movement(episode: &Value, person: Option<&Value>, day: Date, movement: &str) -> Movement {
    let reason = extension(episode, END_REASON).and_then(|one| one["valueCode"].as_str());
    let reason = reason.filter(|_| movement == "USCITA").unwrap_or_default();
    let patient = person.cloned().unwrap_or_default();
    let name = &patient["name"][0];
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let given = given.collect::<Vec<_>>().join(" ");
    let until = date(&episode["period"]["end"]).map(web::date).unwrap_or_default();
    let person = Person {
        patient: patient.clone(),
        ..Person::default()
    };
    BTreeMap::from([
        ("sort", format!("{day} {}", episode["id"])),
        ("date", web::date(day)),
        ("movement", movement.to_owned()),
        ("reason", reason.to_owned()),
        ("kind", choice_kind(episode).unwrap_or_default().to_owned()),
        ("code", person.code().to_owned()),
        ("family", name["family"].as_str().unwrap_or_default().to_owned()),
        ("given", given),
        ("birth", person.birth().map(web::date).unwrap_or_default()),
        ("until", until),
    ])
}

/// The file.
pub(crate) fn file(movements: &[Movement]) -> String {
    written(rules::movements(), movements)
}

fn written(layout: &Layout, movements: &[Movement]) -> String {
    let separator = layout.separator.to_string();
    let mut file = layout
        .columns
        .iter()
        .map(|one| one.name.clone())
        .collect::<Vec<_>>()
        .join(&separator);
    file.push_str(&layout.line_end);
    for movement in movements {
        let cells = layout
            .columns
            .iter()
            .map(|one| cell(movement.get(one.field.as_str()), layout.separator));
        file.push_str(&cells.collect::<Vec<_>>().join(&separator));
        file.push_str(&layout.line_end);
    }
    file
}

/// A cell: quoted where it must be; what a spreadsheet would run as a formula is made text.
fn cell(value: Option<&String>, separator: char) -> String {
    let value = value.map_or("", String::as_str);
    let value = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    if value.contains([separator, '"', '\n', '\r']) {
        return format!("\"{}\"", value.replace('"', "\"\""));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_the_layout_and_no_cell_is_a_formula() {
        let one = BTreeMap::from([
            ("date", "01/02/2026".to_owned()),
            ("movement", "INGRESSO".to_owned()),
            ("family", "=1+1;x".to_owned()),
        ]);
        let file = file(&[one]);
        let lines: Vec<&str> = file.lines().collect();
        assert!(lines[0].starts_with("DATA;MOVIMENTO;MOTIVO;"), "{}", lines[0]);
        assert_eq!(lines[1], "01/02/2026;INGRESSO;;;;\"'=1+1;x\";;;");
    }
}

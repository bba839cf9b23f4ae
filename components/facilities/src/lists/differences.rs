//! What a list says otherwise than the registry of one structure, field by field, and whose value is proposed.

use super::row::{CODES, Row};
use super::rules::rules;
use crate::fold::fold;
use crate::model::Facility;
use crate::places::distance_km;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

/// Positions that differ by less are the same, kilometres.
const SAME_KM: f64 = 0.1;

/// A field in which they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Field: the key of its name is `lists-field-<field>`.
    pub field: &'static str,
    /// What the registry has; empty: nothing.
    pub registry: String,
    /// What the list has.
    pub list: String,
    /// Whether the list's value is proposed.
    pub list_wins: bool,
}

/// Field of a kind of code.
pub fn code_field(kind: &str) -> &'static str {
    match kind {
        "HSP" => "codice_hsp",
        "STS" => "codice_sts",
        _ => "codice_fls",
    }
}

/// Words without what is written in many ways.
fn same(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

fn digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches("0039").trim_start_matches("39").to_owned()
}

/// The differences between a row and a structure. Nothing that the row does not say is one.
pub fn differences(row: &Row, one: &Facility, asl: Option<&Facility>, today: Date) -> Vec<Difference> {
    let mut made = Vec::new();
    let mut note = |field: &'static str, registry: &str, list: &str| {
        let proposed = rules().winner.get(field).is_none_or(|winner| winner == "elenco");
        made.push(Difference {
            field,
            registry: registry.to_owned(),
            list: list.to_owned(),
            list_wins: registry.is_empty() || (proposed && !one.by_hand),
        });
    };
    if !one.stood(today) {
        note("stato", "cessata", "attiva");
    }
    let named = std::iter::once(&one.name)
        .chain(&one.aliases)
        .any(|name| same(name, &row.name));
    if !row.name.is_empty() && !named {
        note("nome", &one.name, &row.name);
    }
    if !row.kind.is_empty() && row.kind != one.kind {
        note("tipo", &one.kind, &row.kind);
    }
    for kind in CODES {
        let known: Vec<&str> = one
            .identifiers
            .iter()
            .filter(|known| known.kind == kind && known.period.holds(today))
            .map(|known| known.value.as_str())
            .collect();
        if let Some(code) = row.code(kind).filter(|code| !known.contains(code)) {
            note(code_field(kind), known.first().copied().unwrap_or_default(), code);
        }
    }
    if !row.vat.is_empty() && row.vat != one.vat() {
        note("partita_iva", one.vat(), &row.vat);
    }
    let asl = asl.map_or("", |asl| asl.id.as_str());
    if !row.asl.is_empty() && row.asl != asl && one.kind != "asl" {
        note("asl", asl, &row.asl);
    }
    if let Some(place) = row.place.filter(|place| place.code != one.municipality) {
        note("comune", &one.city, place.name);
    }
    if !row.address.is_empty() && !same(&row.address, &one.address) {
        note("indirizzo", &one.address, &row.address);
    }
    let contact = |kind: &str| -> &str {
        let found = one.contacts.iter().find(|contact| contact.kind == kind);
        found.map_or("", |contact| contact.value.as_str())
    };
    if !row.phone.is_empty() && digits(&row.phone) != digits(contact("phone")) {
        note("telefono", contact("phone"), &row.phone);
    }
    for (field, kind, text) in [("email", "email", &row.email), ("sito", "url", &row.site)] {
        if !text.is_empty() && !text.eq_ignore_ascii_case(contact(kind)) {
            note(field, contact(kind), text);
        }
    }
    if let Some(here) = row.position {
        let exact = one.position.filter(|_| one.precision == "struttura");
        // The registry's own centre of a municipality, come back with its export, is no news.
        let centre = one.position.is_some_and(|there| distance_km(here, there) < 0.001);
        if !centre && exact.is_none_or(|there| distance_km(here, there) > SAME_KM) {
            let told = |at: (f64, f64)| format!("{:.5}, {:.5}", at.0, at.1);
            note("posizione", &exact.map(told).unwrap_or_default(), &told(here));
        }
    }
    for (field, mine, theirs) in row.facts.differences(one, today) {
        note(field, &mine, &theirs);
    }
    made
}

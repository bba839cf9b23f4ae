//! The form of a person: what was sent, and what it shows of a record.

use crate::people;
use serde::Deserialize;
use serde_json::Value;

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    pub cognome: String,
    pub nome: String,
    /// Since when the name is another; empty: the old one was wrong.
    pub nome_dal: String,
    pub sesso: String,
    pub nascita: String,
    pub luogo: String,
    pub cittadinanza: String,
    /// `cf`, `stp`, `eni` or `nessuno`.
    pub tipo_codice: String,
    pub codice: String,
    /// Why there is no code.
    pub senza_codice: String,
    pub tessera: String,
    pub tessera_scade: String,
    pub via: String,
    pub cap: String,
    pub comune: String,
    /// Since when the person lives there; empty: the old address was wrong.
    pub residenza_dal: String,
    pub senza_dimora: String,
    pub domicilio_via: String,
    pub domicilio_cap: String,
    pub domicilio_comune: String,
    pub telefono: String,
    pub cellulare: String,
    pub email: String,
    /// Version of the record that was changed.
    pub versione: String,
    /// Notices that were read: the record is written in spite of them.
    pub letto: String,
}

impl Sent {
    /// What the form shows of a record.
    pub fn of(patient: &Value) -> Self {
        let own = |text: &str| text.to_owned();
        let born = people::text(patient, "birthDate");
        let (tipo, codice) = match people::main_code(patient) {
            Some(("code-cf", code)) => ("cf", code),
            Some(("code-stp", code)) => ("stp", code),
            Some(("code-eni", code)) => ("eni", code),
            _ => ("nessuno", ""),
        };
        let home = people::address(patient, "home").unwrap_or(&Value::Null);
        let domicile = people::address(patient, "temp").unwrap_or(&Value::Null);
        let street = |address: &Value| {
            let lines: Vec<&str> = people::items(address, "line").filter_map(Value::as_str).collect();
            lines.join(", ")
        };
        let town = |address: &Value| match (people::text(address, "city"), people::text(address, "district")) {
            ("", _) => String::new(),
            (city, "") => city.to_owned(),
            (city, district) => format!("{city} ({district})"),
        };
        let contact = |system: &str, mobile: bool| {
            let found = people::items(patient, "telecom").find(|one| {
                one["system"] == system
                    && one["use"] != "old"
                    && (system != "phone" || (one["use"] == "mobile") == mobile)
            });
            found.map_or("", |one| people::text(one, "value")).to_owned()
        };
        let card =
            people::items(patient, "identifier").find(|one| one["system"] == people::TEAM && one["use"] != "old");
        Self {
            cognome: own(people::family(patient)),
            nome: people::given(patient),
            sesso: own(people::text(patient, "gender")),
            nascita: web::fhir_date(born),
            luogo: people::birth_place(patient),
            cittadinanza: people::citizenship(patient).unwrap_or_default(),
            tipo_codice: own(tipo),
            codice: own(codice),
            senza_codice: people::extension(patient, people::NO_CODE)
                .map_or("", |one| people::text(one, "valueCode"))
                .to_owned(),
            tessera: card.map_or("", |card| people::text(card, "value")).to_owned(),
            tessera_scade: card.map_or_else(String::new, |card| web::fhir_date(people::text(&card["period"], "end"))),
            via: street(home),
            cap: own(people::text(home, "postalCode")),
            comune: town(home),
            senza_dimora: if people::is_homeless(patient) { "si" } else { "" }.to_owned(),
            domicilio_via: street(domicile),
            domicilio_cap: own(people::text(domicile, "postalCode")),
            domicilio_comune: town(domicile),
            telefono: contact("phone", false),
            cellulare: contact("phone", true),
            email: contact("email", false),
            versione: own(people::text(&patient["meta"], "versionId")),
            ..Self::default()
        }
    }
}

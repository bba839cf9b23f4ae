//! A row of a file as the form of a person.

use crate::people;
use crate::person::Sent;
use crate::person::check::{Checked, check};
use codicefiscale::places::places;
use codicefiscale::{CodiceFiscale, Identifier, Sex};
use jiff::civil::Date;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;
use web::Texts;
use web::csv::Column;

/// Fields that a column can hold, with the names of such columns.
pub(super) static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/import-columns.json")).expect("the rules are well formed")
});

/// A file as it should be: people who do not exist, one with little more than a code.
pub(super) fn example() -> String {
    let code = |family: &str, given: &str, born: Date, sex: Sex| {
        let code = CodiceFiscale::compute(family, given, born, sex, "F839");
        code.map(|code| code.as_str().to_owned()).unwrap_or_default()
    };
    let mario = code("Rossi", "Mario", jiff::civil::date(1980, 5, 10), Sex::Male);
    let anna = code("Esposito", "Anna", jiff::civil::date(1990, 11, 25), Sex::Female);
    let full = [
        ("cognome", "Rossi"),
        ("nome", "Mario"),
        ("sesso", "M"),
        ("nascita", "10/05/1980"),
        ("luogo", "Napoli"),
        ("codice", &mario),
        ("via", "Via Toledo 1"),
        ("cap", "80134"),
        ("comune", "Napoli"),
        ("telefono", "0815550001"),
        ("email", "mario.rossi@esempio.it"),
    ];
    let short = [
        ("cognome", "Esposito"),
        ("nome", "Anna"),
        ("codice", &anna),
        ("comune", "Napoli"),
    ];
    let line = |cells: Vec<String>| web::csv::line(&cells, ';');
    let mut text = line(COLUMNS.iter().map(|column| column.names[0].clone()).collect());
    for row in [&full[..], &short[..]] {
        let cell = |column: &Column| {
            let found = row.iter().find(|(field, _)| *field == column.field);
            found.map_or_else(String::new, |(_, value)| (*value).to_owned())
        };
        text.push_str(&line(COLUMNS.iter().map(cell).collect()));
    }
    text
}

/// A row as a form. What its code says and no column does, is taken from the code.
pub(super) fn form(mapping: &[String], cells: &[String], today: Date) -> Sent {
    let mut fields = Map::new();
    for (field, cell) in mapping.iter().zip(cells) {
        if !field.is_empty() && !cell.is_empty() {
            fields.insert(field.clone(), json!(cell));
        }
    }
    let mut sent: Sent = serde_json::from_value(Value::Object(fields)).unwrap_or_default();
    let sex = match sent.sesso.trim().to_lowercase().as_str() {
        "m" | "maschio" | "uomo" | "male" | "1" => "male",
        "f" | "femmina" | "donna" | "female" | "2" => "female",
        _ => "",
    };
    sent.sesso = sex.to_owned();
    sent.tipo_codice = match Identifier::read(&sent.codice).map(|code| code.kind()) {
        Ok("stp") => "stp",
        Ok("eni") => "eni",
        _ if sent.codice.trim().is_empty() => "nessuno",
        _ => "cf",
    }
    .to_owned();
    if sent.tipo_codice == "nessuno" {
        sent.senza_codice = "in-attesa".into();
    }
    if let Ok(code) = CodiceFiscale::read(&sent.codice) {
        from_code(&mut sent, &code, today);
    }
    sent
}

fn from_code(sent: &mut Sent, code: &CodiceFiscale, today: Date) {
    if sent.sesso.is_empty() {
        sent.sesso = if code.sex() == Sex::Female { "female" } else { "male" }.into();
    }
    let born = code.birth_date(today);
    if let Some(born) = born.filter(|_| sent.nascita.is_empty()) {
        sent.nascita = web::date(born);
    }
    let place = code.place();
    let known = born
        .and_then(|born| places().at(&place, born))
        .or_else(|| places().latest(&place));
    if let Some(place) = known.filter(|_| sent.luogo.is_empty()) {
        sent.luogo = place.code.to_owned();
    }
}

/// Reads and checks a row.
pub(super) fn checked(texts: &Texts, mapping: &[String], cells: &[String], today: Date) -> (Sent, Checked) {
    let sent = form(mapping, cells, today);
    let checked = check(texts, &sent, today);
    (sent, checked)
}

/// The form of a record with what a row says over it.
pub(super) fn over(patient: &Value, row: &Sent, mapping: &[String]) -> Sent {
    let mut sent = Sent::of(patient);
    let has = |field: &str| mapping.iter().any(|one| one == field);
    let mut take = |field: &str, into: fn(&mut Sent) -> &mut String, value: &String| {
        if has(field) && !value.is_empty() {
            into(&mut sent).clone_from(value);
        }
    };
    take("cognome", |sent| &mut sent.cognome, &row.cognome);
    take("nome", |sent| &mut sent.nome, &row.nome);
    take("sesso", |sent| &mut sent.sesso, &row.sesso);
    take("nascita", |sent| &mut sent.nascita, &row.nascita);
    take("luogo", |sent| &mut sent.luogo, &row.luogo);
    take("cittadinanza", |sent| &mut sent.cittadinanza, &row.cittadinanza);
    take("tessera", |sent| &mut sent.tessera, &row.tessera);
    take("tessera_scade", |sent| &mut sent.tessera_scade, &row.tessera_scade);
    take("via", |sent| &mut sent.via, &row.via);
    take("cap", |sent| &mut sent.cap, &row.cap);
    take("comune", |sent| &mut sent.comune, &row.comune);
    take("residenza_dal", |sent| &mut sent.residenza_dal, &row.residenza_dal);
    take("domicilio_via", |sent| &mut sent.domicilio_via, &row.domicilio_via);
    take("domicilio_cap", |sent| &mut sent.domicilio_cap, &row.domicilio_cap);
    take(
        "domicilio_comune",
        |sent| &mut sent.domicilio_comune,
        &row.domicilio_comune,
    );
    take("telefono", |sent| &mut sent.telefono, &row.telefono);
    take("cellulare", |sent| &mut sent.cellulare, &row.cellulare);
    take("email", |sent| &mut sent.email, &row.email);
    sent
}

/// The id that a new record gets: always the same for the same person.
pub(super) fn id(patient: &Value) -> String {
    let who = match people::main_code(patient) {
        Some((_, code)) => code.to_owned(),
        None => {
            let name = names::words(&people::name(patient)).join(" ");
            let (born, sex) = (people::text(patient, "birthDate"), people::text(patient, "gender"));
            format!("{name}|{born}|{sex}|{}", people::birth_place(patient))
        }
    };
    let digest = Sha256::digest(who.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("imp-{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_can_be_imported_as_it_is() {
        let csv = web::csv::Csv::read(example().as_bytes()).unwrap();
        let mapping = web::csv::guess(&csv.header, &COLUMNS);
        assert_eq!(csv.rows.len(), 2);
        for cells in &csv.rows {
            let today = jiff::civil::date(2026, 11, 22);
            let (_, checked) = checked(&crate::texts(web::Lang::It), &mapping, cells, today);
            assert!(checked.errors.is_empty(), "{:?}", checked.errors);
        }
    }

    #[test]
    fn a_row_is_completed_by_its_code() {
        let mapping: Vec<String> = ["cognome", "nome", "codice", "comune"].map(str::to_owned).into();
        let cells: Vec<String> = ["De Luca", "Carmela", "dlccml46c52f839c", "Salerno"]
            .map(str::to_owned)
            .into();
        let today = jiff::civil::date(2026, 11, 22);
        let (sent, checked) = checked(&crate::texts(web::Lang::It), &mapping, &cells, today);
        assert!(checked.errors.is_empty(), "{:?}", checked.errors);
        assert_eq!((sent.sesso.as_str(), sent.nascita.as_str()), ("female", "12/03/1946"));
        let patient = crate::person::build::patient(None, &sent, &checked);
        assert_eq!(id(&patient), id(&patient.clone()));
        let later = over(
            &patient,
            &Sent {
                comune: "Napoli".into(),
                ..sent
            },
            &mapping,
        );
        assert_eq!((later.comune.as_str(), later.cognome.as_str()), ("Napoli", "De Luca"));
    }
}

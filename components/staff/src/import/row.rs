//! A row of a file as a person with an assignment: pure.

use crate::assignment::Assignment;
use crate::person::{Person, Wrong};
use crate::registry::Units;
use crate::rules;
use codicefiscale::{CodiceFiscale, Sex};
use jiff::civil::{Date, date};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use web::csv::Column;

/// Fields of a row, in the order in which they are shown, each with the names that columns of it have.
const FIELDS: &[(&str, &[&str])] = &[
    ("cognome", &["surname", "family"]),
    ("nome", &["given", "name"]),
    ("codice_fiscale", &["cf", "fiscal"]),
    ("nascita", &["datanascita", "datadinascita", "birth"]),
    ("sesso", &["sex", "genere"]),
    ("matricola", &["number"]),
    ("email", &["mail", "posta"]),
    ("telefono", &["phone", "cellulare"]),
    ("struttura", &["unita", "unit", "reparto"]),
    ("ruolo", &["role"]),
    ("disciplina", &["discipline"]),
    ("contratto", &["rapporto", "contract"]),
    ("qualifica", &["qualification"]),
    ("dal", &["inizio", "datainizio", "start"]),
    ("al", &["fine", "datafine", "end"]),
    ("ore", &["hours", "oresettimanali"]),
];

/// What a column can be.
pub(crate) static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let column = |(field, others): &(&str, &[&str])| {
        let own = field.replace('_', "");
        let names = std::iter::once(own).chain(others.iter().map(|name| (*name).to_owned()));
        Column {
            field: (*field).to_owned(),
            names: names.collect(),
        }
    };
    FIELDS.iter().map(column).collect()
});

/// The columns by name, each with whether a row needs it: `always`, `work` (with an assignment), `never`.
pub(crate) fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIELDS.iter().map(|(field, _)| {
        let need = match *field {
            "cognome" | "nome" | "codice_fiscale" => "always",
            "struttura" | "ruolo" | "contratto" | "dal" => "work",
            _ => "never",
        };
        (*field, need)
    })
}

/// A file as it should be: two people who do not exist, one with an assignment in a unit.
pub(crate) fn example(unit: &str) -> String {
    let code = |family: &str, given: &str, born: Date, sex: Sex| {
        let code = CodiceFiscale::compute(family, given, born, sex, "F839");
        code.map(|code| code.as_str().to_owned()).unwrap_or_default()
    };
    let mario = code("Rossi", "Mario", date(1980, 5, 10), Sex::Male);
    let anna = code("Esposito", "Anna", date(1990, 11, 25), Sex::Female);
    let rows: [[&str; 16]; 2] = [
        [
            "Rossi",
            "Mario",
            &mario,
            "10/05/1980",
            "M",
            "10001",
            "mario.rossi@esempio.it",
            "0815550001",
            unit,
            "medico",
            "08",
            "dipendente",
            "Dirigente medico",
            "01/01/2026",
            "",
            "38",
        ],
        [
            "Esposito",
            "Anna",
            &anna,
            "25/11/1990",
            "F",
            "10002",
            "anna.esposito@esempio.it",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ],
    ];
    let line = |cells: Vec<String>| web::csv::line(&cells, ';');
    let mut text = line(FIELDS.iter().map(|(field, _)| (*field).to_owned()).collect());
    for row in rows {
        text.push_str(&line(row.iter().map(|cell| (*cell).to_owned()).collect()));
    }
    text
}

/// The column that each field stands in, as far as the names of the columns tell.
pub(crate) fn guess(header: &[String]) -> BTreeMap<String, usize> {
    let fields = web::csv::guess(header, &COLUMNS).into_iter().enumerate();
    let found = fields.filter(|(_, field)| !field.is_empty());
    found.map(|(at, field)| (field, at)).collect()
}

/// A row as it would be recorded.
pub(crate) struct Read {
    /// The person.
    pub person: Person,
    /// The assignment, where the row has a unit or a role.
    pub assignment: Option<Assignment>,
    /// What is wrong.
    pub wrong: Vec<Wrong>,
}

/// A day as people write it.
fn day(text: &str) -> String {
    codicefiscale::reading::date(text).map_or_else(|| text.to_owned(), |day| day.to_string())
}

/// Reads a row by the columns that fields stand in.
pub(crate) fn row(cells: &[String], columns: &BTreeMap<String, usize>, units: &Units, today: Date) -> Read {
    let text = |field: &str| {
        let cell = columns.get(field).and_then(|at| cells.get(*at));
        cell.map(|cell| cell.trim().to_owned()).unwrap_or_default()
    };
    let mut person = Person::new();
    (person.family, person.given) = (text("cognome"), text("nome"));
    person.fiscal = text("codice_fiscale").to_uppercase().split_whitespace().collect();
    person.born = day(&text("nascita"));
    person.gender = match text("sesso").to_uppercase().as_str() {
        "F" | "FEMMINA" => "female".into(),
        "M" | "MASCHIO" => "male".into(),
        _ => String::new(),
    };
    (person.number, person.mail, person.phone) = (text("matricola"), text("email"), text("telefono"));
    let mut wrong = person.wrong(today);
    let assignment = match text("struttura").is_empty() && text("ruolo").is_empty() {
        true => None,
        false => Some(assignment(&text, units, &mut wrong)),
    };
    Read {
        person,
        assignment,
        wrong,
    }
}

fn assignment(text: &impl Fn(&str) -> String, units: &Units, wrong: &mut Vec<Wrong>) -> Assignment {
    let mut one = Assignment::new("", "");
    let unit = text("struttura");
    let same =
        |(id, (name, _)): &(&String, &(String, Option<String>))| **id == unit || name.eq_ignore_ascii_case(&unit);
    match units.all.iter().find(same) {
        Some((id, (name, _))) => (one.organization, one.organization_name) = (id.clone(), name.clone()),
        None => wrong.push(Wrong::new("struttura", "wrong-unknown", unit)),
    }
    (one.role, one.discipline, one.contract) = (
        text("ruolo").to_lowercase(),
        text("disciplina"),
        text("contratto").to_lowercase(),
    );
    if rules::role(&one.role).is_none() {
        wrong.push(Wrong::new("ruolo", "wrong-unknown", &one.role));
    }
    if !one.discipline.is_empty() && rules::discipline(&one.discipline).is_none() {
        wrong.push(Wrong::new("disciplina", "wrong-unknown", &one.discipline));
    }
    if rules::contracts().iter().all(|kind| kind.code != one.contract) {
        wrong.push(Wrong::new("contratto", "wrong-unknown", &one.contract));
    }
    (one.qualification, one.start, one.end) = (text("qualifica"), day(&text("dal")), day(&text("al")));
    for (field, value, needed) in [("dal", &one.start, true), ("al", &one.end, false)] {
        if (needed || !value.is_empty()) && value.parse::<Date>().is_err() {
            wrong.push(Wrong::new(field, "wrong-date", value));
        }
    }
    let hours = text("ore");
    one.hours = hours.parse().ok().filter(|n| *n <= 80);
    if !hours.is_empty() && one.hours.is_none() {
        wrong.push(Wrong::new("ore", "wrong-number", "80"));
    }
    one.main = true;
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_can_be_imported_as_it_is() {
        let csv = web::csv::Csv::read(example("Cardiologia").as_bytes()).unwrap();
        let columns = guess(&csv.header);
        assert_eq!(columns.len(), FIELDS.len());
        let mut units = Units::default();
        units.all.insert("c".into(), ("Cardiologia".into(), None));
        let today = "2026-11-22".parse().unwrap();
        let read: Vec<_> = csv
            .rows
            .iter()
            .map(|cells| row(cells, &columns, &units, today))
            .collect();
        assert!(
            read.iter().all(|one| one.wrong.is_empty()),
            "{:?}",
            read.iter().map(|one| &one.wrong).collect::<Vec<_>>()
        );
        assert!(read[0].assignment.is_some() && read[1].assignment.is_none());
    }

    #[test]
    fn the_columns_are_recognised_and_a_row_is_read() {
        let file =
            "\u{feff}Cognome;Nome;Codice Fiscale;Data di nascita\r\n\"Rossi; \"\"B\"\"\";Mario;X;01/01/1980\r\n\r\n";
        let csv = web::csv::Csv::read(file.as_bytes()).unwrap();
        let columns = guess(&csv.header);
        assert_eq!(
            (columns["cognome"], columns["codice_fiscale"], columns["nascita"]),
            (0, 2, 3)
        );
        let read = row(&csv.rows[0], &columns, &Units::default(), "2026-11-22".parse().unwrap());
        assert_eq!(
            (read.person.family.as_str(), read.person.born.as_str()),
            ("Rossi; \"B\"", "1980-01-01")
        );
        assert!(read.assignment.is_none() && read.wrong.iter().any(|one| one.field == "codice_fiscale"));
    }
}

//! Reading a CSV file, and a row of it as a person with an assignment: pure.

use crate::assignment::Assignment;
use crate::person::{Person, Wrong};
use crate::registry::Units;
use crate::rules;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Rows of one file.
pub(crate) const MAX_ROWS: usize = 2000;

/// What a column can be: field, and other names that a file may give it.
pub(crate) const FIELDS: &[(&str, &[&str])] = &[
    ("cognome", &["surname", "family"]),
    ("nome", &["given", "name"]),
    ("codice_fiscale", &["cf", "codicefiscale", "fiscal"]),
    ("nascita", &["data_nascita", "datanascita", "birth"]),
    ("sesso", &["sex", "genere"]),
    ("matricola", &["number"]),
    ("email", &["mail", "posta"]),
    ("telefono", &["phone", "cellulare"]),
    ("struttura", &["unita", "unit", "reparto"]),
    ("ruolo", &["role"]),
    ("disciplina", &["discipline"]),
    ("contratto", &["rapporto", "contract"]),
    ("qualifica", &["qualification"]),
    ("dal", &["inizio", "data_inizio", "start"]),
    ("al", &["fine", "data_fine", "end"]),
    ("ore", &["hours", "ore_settimanali"]),
];

/// Lines of a delimited text, quotes as in RFC 4180; the delimiter is the one that its first line has most.
pub(crate) fn read(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [';', ',', '\t']
        .into_iter()
        .max_by_key(|c| first.matches(*c).count())
        .unwrap_or(';');
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            (_, '"') => quoted = !quoted,
            (false, c) if c == delimiter => row.push(std::mem::take(&mut cell)),
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (false, '\r') => {}
            (_, c) => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row: &Vec<String>| row.iter().any(|cell| !cell.trim().is_empty()));
    rows
}

/// The field that each heading looks like.
pub(crate) fn guess(head: &[String]) -> BTreeMap<String, usize> {
    let plain = |text: &str| -> String {
        codicefiscale::fold(text)
            .to_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect()
    };
    let mut map = BTreeMap::new();
    for (field, others) in FIELDS {
        let names: Vec<String> = std::iter::once(field)
            .chain(others.iter())
            .map(|name| plain(name))
            .collect();
        if let Some(at) = head.iter().position(|cell| names.contains(&plain(cell))) {
            map.insert((*field).to_owned(), at);
        }
    }
    map
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
    fn a_file_is_read_however_it_is_quoted_and_its_columns_are_recognised() {
        let rows =
            read("\u{feff}Cognome;Nome;Codice Fiscale;Data nascita\r\n\"Rossi; \"\"B\"\"\";Mario;X;01/01/1980\r\n\r\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1][0], "Rossi; \"B\"");
        let columns = guess(&rows[0]);
        assert_eq!(
            (columns["cognome"], columns["codice_fiscale"], columns["nascita"]),
            (0, 2, 3)
        );
        let read = row(&rows[1], &columns, &Units::default(), "2026-11-22".parse().unwrap());
        assert_eq!(read.person.born, "1980-01-01");
        assert!(read.assignment.is_none() && read.wrong.iter().any(|one| one.field == "codice_fiscale"));
    }
}

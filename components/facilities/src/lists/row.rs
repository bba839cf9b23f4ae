//! A row of a list, read: what it says of a structure, and what in it is wrong.

use super::facts::Facts;
use super::rules::rules;
use crate::fold::fold;
use crate::model::Facility;
use crate::places::{self, Place};
use crate::rules as tables;
use std::collections::HashMap;
use web::csv::{Csv, plain};

/// Longest text of a cell that is written into the registry.
const LONGEST: usize = 300;
/// Latitudes and longitudes in which the region lies, with some room.
const NORTH: (f64, f64) = (39.9, 41.6);
const EAST: (f64, f64) = (13.6, 15.9);

/// Codes by which a structure is known to others.
pub const CODES: [&str; 3] = ["HSP", "STS", "FLS"];

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Field.
    pub field: &'static str,
    /// Rule: the key of its text is `lists-wrong-<rule>`.
    pub rule: &'static str,
    /// What stands there.
    pub value: String,
}

/// A row. What is empty is not said.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Line of the file.
    pub line: usize,
    /// Id in this registry, in a file that comes from it.
    pub id: String,
    pub name: String,
    /// Code of the kind.
    pub kind: String,
    /// Kind of code (`HSP`, `STS`, `FLS`) and code.
    pub codes: Vec<(&'static str, String)>,
    pub vat: String,
    pub place: Option<&'static Place>,
    pub address: String,
    pub phone: String,
    pub email: String,
    pub site: String,
    /// Id of the ASL.
    pub asl: String,
    pub position: Option<(f64, f64)>,
    /// What it has: beds, hours, services, equipment, accessibility.
    pub facts: Facts,
    /// Lines of other rows of the same structure, which are gathered into this one.
    pub gathered: Vec<usize>,
    /// Whether it is of another region.
    pub elsewhere: bool,
    pub wrong: Vec<Wrong>,
}

impl Row {
    fn refuse(&mut self, field: &'static str, rule: &'static str, value: &str) {
        let value = value.chars().take(80).collect();
        self.wrong.push(Wrong { field, rule, value });
    }

    /// By what rows of one structure are gathered, where they say what it has: its identity in the file; `None`: it stays alone.
    fn key(&self) -> Option<String> {
        if self.facts.is_empty() || self.elsewhere {
            return None;
        }
        let name = fold(&self.name);
        let place = self.place.map_or("", |place| place.code);
        let codes = self.codes.iter().map(|(kind, code)| format!("{kind} {code}"));
        let codes = codes.collect::<Vec<_>>().join(" ");
        match (self.id.as_str(), codes.as_str()) {
            ("", "") => Some(format!("{}|{name}|{place}|{}", self.kind, fold(&self.address))),
            (id, codes) => Some(format!("{id}|{codes}|{name}")),
        }
    }

    /// The code of a kind.
    pub fn code(&self, kind: &str) -> Option<&str> {
        let found = self.codes.iter().find(|(known, _)| *known == kind);
        found.map(|(_, code)| code.as_str())
    }
}

/// Reads every row. `kind`: of rows that say none. `asls`: those there are.
pub fn read(file: &Csv, mapping: &[String], kind: &str, asls: &[&Facility]) -> Vec<Row> {
    let mut seen: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<Row> = Vec::with_capacity(file.rows.len());
    for (cells, line) in file.rows.iter().zip(&file.lines) {
        let mut row = one(cells, *line, mapping, kind, asls);
        let key = row.key().filter(|_| row.wrong.is_empty());
        if let Some(known) = key.as_ref().and_then(|key| first.get(key)) {
            match gather(&mut rows[*known], &row) {
                Ok(()) => continue,
                Err((field, rule, value)) => row.refuse(field, rule, &value),
            }
            rows.push(row);
            continue;
        }
        first.extend(key.map(|key| (key, rows.len())));
        for code in row.codes.clone() {
            if let Some(first) = seen.get(&code) {
                row.refuse("codice", "twice", &format!("{} (riga {first})", code.1));
            } else {
                seen.insert(code, *line);
            }
        }
        rows.push(row);
    }
    rows
}

/// A row of a structure that an earlier row is of: what it has is added, and what the earlier left out.
fn gather(known: &mut Row, row: &Row) -> Result<(), super::facts::Refused> {
    known.facts.join(&row.facts)?;
    for (mine, theirs) in [
        (&mut known.address, &row.address),
        (&mut known.phone, &row.phone),
        (&mut known.email, &row.email),
        (&mut known.site, &row.site),
        (&mut known.kind, &row.kind),
        (&mut known.vat, &row.vat),
        (&mut known.asl, &row.asl),
    ] {
        if mine.is_empty() {
            mine.clone_from(theirs);
        }
    }
    known.place = known.place.or(row.place);
    known.position = known.position.or(row.position);
    known.gathered.push(row.line);
    Ok(())
}

fn one(cells: &[String], line: usize, mapping: &[String], kind: &str, asls: &[&Facility]) -> Row {
    let of = |field: &str| -> &str {
        let at = mapping.iter().position(|one| one == field);
        at.and_then(|at| cells.get(at)).map_or("", |cell| plain(cell.trim()))
    };
    let mut row = Row {
        line,
        id: of("id").to_owned(),
        name: of("nome").split_whitespace().collect::<Vec<_>>().join(" "),
        address: of("indirizzo").to_owned(),
        phone: of("telefono").to_owned(),
        ..Row::default()
    };
    let region = of("regione");
    row.elsewhere = !region.is_empty() && region != rules().region && !fold(region).contains("campania");
    if row.elsewhere {
        return row;
    }
    codes(&mut row, &of);
    row.kind = match (of("tipo"), kind) {
        ("", kind) => kind.to_owned(),
        (text, _) => kind_of(text).unwrap_or_else(|| {
            row.refuse("tipo", "kind", text);
            String::new()
        }),
    };
    place(&mut row, &of);
    contacts(&mut row, &of);
    let (facts, wrong) = Facts::read(&of);
    row.facts = facts;
    for (field, rule, value) in wrong {
        row.refuse(field, rule, &value);
    }
    asl(&mut row, of("asl"), asls);
    for (field, text) in [
        ("nome", row.name.clone()),
        ("indirizzo", row.address.clone()),
        ("telefono", row.phone.clone()),
    ] {
        if text.chars().count() > LONGEST {
            row.refuse(field, "long", &text);
        }
    }
    if row.name.is_empty() && row.codes.is_empty() && row.id.is_empty() {
        row.refuse("nome", "nameless", "");
    }
    row
}

/// A kind by our code, by its name, or by the ministry's code of inpatient structures.
fn kind_of(text: &str) -> Option<String> {
    if let Some(kind) = tables::inpatient(text) {
        return Some(kind.kind.clone());
    }
    let folded = fold(text);
    let found = tables::kinds()
        .iter()
        .find(|kind| kind.code == text || fold(&kind.it) == folded || fold(&kind.code) == folded);
    found.map(|kind| kind.code.clone())
}

/// The kind of a code by its form; `None`: it has none of ours. An HSP code begins as its region's does, as an FLS does, which has
/// digits only as well: six digits are taken for HSP.
pub fn form(code: &str) -> Option<&'static str> {
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    match code.len() {
        6 | 8 if digits => Some("HSP"),
        6 if code.bytes().all(|b| b.is_ascii_alphanumeric()) => Some("STS"),
        _ => None,
    }
}

fn codes<'a>(row: &mut Row, of: &impl Fn(&str) -> &'a str) {
    let bare = |text: &str| -> String {
        let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '.');
        kept.collect::<String>().to_uppercase()
    };
    for (field, kind) in [("codice_hsp", "HSP"), ("codice_sts", "STS"), ("codice_fls", "FLS")] {
        let code = bare(of(field));
        let right = match kind {
            "HSP" => matches!(form(&code), Some("HSP")),
            "FLS" => code.len() == 6 && matches!(form(&code), Some("HSP")),
            _ => code.len() == 6 && form(&code).is_some(),
        };
        match right {
            true => row.codes.push((kind, code)),
            false if code.is_empty() => {}
            false => row.refuse(field, kind_rule(kind), of(field)),
        }
    }
    let code = bare(of("codice"));
    match form(&code) {
        Some(kind) if row.code(kind).is_none() => row.codes.push((kind, code)),
        Some(_) => {}
        None if code.is_empty() => {}
        None => row.refuse("codice", "code", of("codice")),
    }
    let vat = bare(of("partita_iva")).trim_start_matches("IT").to_owned();
    match right_vat(&vat) {
        true => row.vat = vat,
        false if vat.is_empty() => {}
        false => row.refuse("partita_iva", "vat", of("partita_iva")),
    }
}

fn kind_rule(kind: &str) -> &'static str {
    match kind {
        "HSP" => "hsp",
        "FLS" => "fls",
        _ => "sts",
    }
}

/// Eleven digits, the last of which checks the others (DPR 633/1972 art. 35; the sum of Luhn).
fn right_vat(vat: &str) -> bool {
    let digits: Vec<u32> = vat.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 11 || vat.len() != 11 {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => *digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn place<'a>(row: &mut Row, of: &impl Fn(&str) -> &'a str) {
    for field in ["comune_istat", "comune"] {
        let text = of(field);
        if row.place.is_some() || text.is_empty() {
            continue;
        }
        // Spreadsheets eat the zeros a code begins with.
        let code = format!("{:0>6}", text);
        row.place = places::by_code(&code)
            .or_else(|| places::by_name(text))
            .or_else(|| places::by_name(text.split('(').next().unwrap_or(text)));
        if row.place.is_none() {
            let field = if field == "comune" { "comune" } else { "comune_istat" };
            row.refuse(field, "place", text);
        }
    }
    let (north, east) = (of("latitudine"), of("longitudine"));
    if north.is_empty() && east.is_empty() {
        return;
    }
    let degrees = |text: &str| text.replace(',', ".").parse::<f64>().ok();
    let inside = |at: &(f64, f64)| (NORTH.0..=NORTH.1).contains(&at.0) && (EAST.0..=EAST.1).contains(&at.1);
    row.position = degrees(north).zip(degrees(east)).filter(inside);
    if row.position.is_none() {
        row.refuse("latitudine", "position", &format!("{north}, {east}"));
    }
}

fn contacts<'a>(row: &mut Row, of: &impl Fn(&str) -> &'a str) {
    let (email, site) = (of("email"), of("sito"));
    match email.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace) => {
            row.email = email.to_lowercase();
        }
        _ if email.is_empty() => {}
        _ => row.refuse("email", "email", email),
    }
    if !site.is_empty() {
        let plain = site.trim_start_matches("https://").trim_start_matches("http://");
        if plain.contains('.') && !plain.contains(char::is_whitespace) && !plain.contains(['<', '>', '"']) {
            let scheme = if site.starts_with("http://") { "http" } else { "https" };
            row.site = format!("{scheme}://{plain}");
        } else {
            row.refuse("sito", "site", site);
        }
    }
}

fn asl(row: &mut Row, text: &str, asls: &[&Facility]) {
    if text.is_empty() {
        return;
    }
    let folded = fold(text);
    let is = |asl: &&&Facility| {
        let code = asl.identifier("FLS").unwrap_or_default();
        code == text || code.strip_prefix(&rules().region) == Some(text) || asl.id == text || fold(&asl.name) == folded
    };
    match asls.iter().find(is) {
        Some(asl) => row.asl.clone_from(&asl.id),
        None => row.refuse("asl", "asl", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::Register;
    use crate::seed::resources;

    fn rows(text: &str) -> Vec<Row> {
        let file = Csv::read(text.as_bytes()).unwrap();
        let mapping = web::csv::guess(&file.header, &rules().columns);
        let register = Register::of(&resources());
        read(&file, &mapping, "", &register.asls())
    }

    #[test]
    fn what_offices_write_is_understood() {
        let read = rows(
            "Codice;Denominazione;Tipo;ASL;Comune;Regione;PIVA;Lat;Lon\n\
             150150.01;Ospedale  di prova;Presidio ospedaliero;204;napoli;150;00743110157;40,85;14.25\n\
             ;Farmacia;FARMACIA;Asl Avellino;64008;Campania;;;\n\
             010904;Ospedale di Orbassano;2.2;010203;001171;010;;;\n",
        );
        assert_eq!(read[0].codes, [("HSP", "15015001".to_owned())]);
        assert_eq!(
            (read[0].kind.as_str(), read[0].asl.as_str()),
            ("presidio", "asl-150204")
        );
        assert_eq!(
            (read[0].place.unwrap().code, read[0].position),
            ("063049", Some((40.85, 14.25)))
        );
        assert_eq!(read[1].place.unwrap().name, "Avellino");
        assert_eq!(
            (read[1].kind.as_str(), read[1].asl.as_str()),
            ("farmacia", "asl-150201")
        );
        assert!(
            read[2].elsewhere && read.iter().all(|row| row.wrong.is_empty()),
            "{read:#?}"
        );
    }

    #[test]
    fn each_wrong_cell_is_told_with_its_field_and_rule() {
        let read = rows(
            "codice_hsp,codice_sts,codice_fls,nome,tipo,asl,comune,partita_iva,email,sito,lat,lon\n\
             15A,12,x,A,Astronave,999,Atlantide,12345678901,a@b,due parole,0,0\n\
             ,,,,,,Napoli,,,,,\n\
             150901,,,Uno,,,,,,,,\n150901,,,Due,,,,,,,,\n",
        );
        let rules: Vec<(&str, &str)> = read[0].wrong.iter().map(|one| (one.field, one.rule)).collect();
        assert_eq!(
            rules,
            [
                ("codice_hsp", "hsp"),
                ("codice_sts", "sts"),
                ("codice_fls", "fls"),
                ("partita_iva", "vat"),
                ("tipo", "kind"),
                ("comune", "place"),
                ("latitudine", "position"),
                ("email", "email"),
                ("sito", "site"),
                ("asl", "asl")
            ]
        );
        assert_eq!(read[1].wrong[0].rule, "nameless");
        assert!(read[2].wrong.is_empty());
        assert_eq!(read[3].wrong[0].rule, "twice");
    }
}

//! How right sure proposals are, on the ministry's list with the errors that offices make, and on a list of hospitals by other hands
//! (OpenStreetMap, as Synthea carries it).

use super::plan::{Fate, Plan};
use super::propose::{Verdict, propose};
use super::row::{self, Row};
use super::rules::rules;
use super::{api, page};
use crate::model::Facility;
use crate::register::Register;
use crate::seed::resources;
use jiff::civil::{Date, date};
use std::collections::BTreeMap;
use web::csv::Csv;

const TODAY: Date = date(2026, 11, 22);

fn register() -> Register {
    Register::of(&resources())
}

fn read(register: &Register, text: &str) -> Vec<Row> {
    let file = Csv::read(text.as_bytes()).unwrap();
    let mapping = web::csv::guess(&file.header, &rules().columns);
    row::read(&file, &mapping, "", &register.asls())
}

/// Structures of the ministry's list: not its buildings, which have their hospitals' names.
fn listed(register: &Register) -> Vec<&Facility> {
    let all = register.all().iter();
    all.filter(|one| one.id.starts_with("hsp-") && one.id.len() == 10)
        .collect()
}

/// A name as another office writes it, by turns: in other words, without those that all have, with a slip, in another order.
fn otherwise(name: &str, turn: usize) -> String {
    let mut text = name.to_uppercase();
    let shorter = [
        ("PRESIDIO OSPEDALIERO", "P.O."),
        ("AZIENDA OSPEDALIERA", "A.O."),
        ("CASA DI CURA", "CdC"),
        ("OSPEDALE", "OSP."),
        ("SAN ", "S."),
        ("SANTA ", "S."),
    ];
    match turn % 4 {
        0 => {
            for (long, short) in shorter {
                text = text.replace(long, short);
            }
        }
        1 => text = format!("{} S.r.l.", text.to_lowercase().replace("casa di cura", "").trim()),
        2 => {
            // Two letters of the longest word change places.
            let longest = text
                .split_whitespace()
                .max_by_key(|word| word.len())
                .unwrap_or_default()
                .to_owned();
            let letters: Vec<char> = longest.chars().collect();
            if letters.len() > 5 {
                let mut slipped = letters.clone();
                slipped.swap(3, 4);
                text = text.replace(&longest, &slipped.into_iter().collect::<String>());
            }
        }
        _ => {
            let mut words: Vec<&str> = text.split_whitespace().collect();
            words.rotate_left(1);
            text = words.join(" ");
        }
    }
    text
}

#[test]
fn with_codes_every_structure_is_found_whatever_it_is_called() {
    let register = register();
    let mut text = "codice_hsp,nome,comune_istat\n".to_owned();
    let all = listed(&register);
    for (at, one) in all.iter().enumerate() {
        let name = if at % 10 == 0 {
            "NUOVO NOME MAI VISTO".to_owned()
        } else {
            otherwise(&one.name, at)
        };
        let cells = [
            one.identifier("HSP").unwrap().to_owned(),
            name,
            one.municipality.clone(),
        ];
        text.push_str(&web::csv::line(&cells, ','));
    }
    let rows = read(&register, &text);
    let proposals = propose(&register, &rows, TODAY);
    for (proposal, one) in proposals.iter().zip(&all) {
        assert_eq!(proposal.structure(), Some(one.id.as_str()), "{proposal:#?}");
    }
}

#[test]
fn without_codes_sure_proposals_are_right_and_most_are_sure() {
    let register = register();
    let all = listed(&register);
    let (mut sure, mut seen) = (0, 0);
    for turn in 0..4 {
        let mut text = "nome,comune\n".to_owned();
        for one in &all {
            text.push_str(&web::csv::line(&[otherwise(&one.name, turn), one.city.clone()], ','));
        }
        let proposals = propose(&register, &read(&register, &text), TODAY);
        for (proposal, one) in proposals.iter().zip(&all) {
            seen += 1;
            if let Some(id) = proposal.structure() {
                // A hospital that has a building of its own name and the building itself are told apart by codes only.
                assert!(
                    id == one.id || register.under(register.get(id).unwrap(), &one.id),
                    "{} is no {id}",
                    one.name
                );
                sure += 1;
            }
            assert_ne!(proposal.verdict, Verdict::Wrong);
        }
    }
    println!("{sure} of {seen} rows without codes are surely the right one");
    assert!(f64::from(sure) >= 0.8 * f64::from(seen), "{sure} of {seen}");
}

#[test]
fn a_code_on_the_wrong_row_makes_nobody_sure() {
    let register = register();
    let all = listed(&register);
    let mut text = "codice_hsp,nome,comune\n".to_owned();
    for (at, one) in all.iter().enumerate() {
        // Each has the code of the next.
        let next = all[(at + 1) % all.len()];
        let cells = [
            next.identifier("HSP").unwrap().to_owned(),
            one.name.clone(),
            one.city.clone(),
        ];
        text.push_str(&web::csv::line(&cells, ','));
    }
    let proposals = propose(&register, &read(&register, &text), TODAY);
    let sure: Vec<_> = proposals.iter().filter(|one| one.structure().is_some()).collect();
    assert!(sure.is_empty(), "{sure:#?}");
}

#[test]
fn the_registrys_own_export_says_nothing_new() {
    let register = register();
    let all: Vec<Facility> = register.all().iter().filter(|one| one.stood(TODAY)).cloned().collect();
    let text = crate::open_data::csv_of(&all, &register, TODAY);
    let file = Csv::read(text.as_bytes()).unwrap();
    let mut job = page::begin("x".into(), &file, &[]);
    job.whole = "regione".into();
    let plan = Plan::of(&job, &file, &register, TODAY);
    for line in &plan.lines {
        assert!(matches!(&line.fate, Fate::Is(_)), "{line:#?}");
        assert!(line.differences.is_empty(), "{line:#?}");
    }
    assert!(plan.missing.is_empty());
    assert_eq!(api::csv(&plan, &register).lines().count(), all.len() + 1);
}

#[test]
fn what_a_whole_list_lacks_is_missing_and_nothing_else() {
    let register = register();
    let all = listed(&register);
    let private: Vec<&&Facility> = all.iter().filter(|one| one.kind == "casa-di-cura").collect();
    let mut text = "codice_hsp,nome\n".to_owned();
    for one in &private[2..] {
        text.push_str(&web::csv::line(
            &[one.identifier("HSP").unwrap().to_owned(), one.name.clone()],
            ',',
        ));
    }
    let file = Csv::read(text.as_bytes()).unwrap();
    let mut job = page::begin("x".into(), &file, &[]);
    assert!(
        Plan::of(&job, &file, &register, TODAY).missing.is_empty(),
        "it was not said to be whole"
    );
    job.whole = "regione".into();
    let mut missing = Plan::of(&job, &file, &register, TODAY).missing;
    missing.sort();
    let mut expected = vec![private[0].id.clone(), private[1].id.clone()];
    expected.sort();
    assert_eq!(missing, expected);
    job.whole = "asl-150207".into();
    assert!(
        Plan::of(&job, &file, &register, TODAY).missing.is_empty(),
        "those two are elsewhere"
    );
}

/// Hospitals by other hands: number of the row, HSP codes that are right; none: the registry has it not.
const OTHERS: &str = include_str!("../../tests/data/ospedali-osm.tsv");

#[test]
fn hospitals_listed_by_others_are_found_and_no_sure_proposal_is_wrong() {
    let oracles = std::env::var("SINFONIA_ORACLES").unwrap_or_else(|_| "../../../shared/oracles".into());
    let path = std::path::Path::new(&oracles).join("../reference/opendata/synthea_it/hospitals.csv");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("SKIPPED: there is no {}", path.display());
        return;
    };
    let whole = Csv::read(&bytes).unwrap();
    let at = |name: &str| whole.header.iter().position(|one| one == name).unwrap();
    let (id, state) = (at("id"), at("state"));
    let known: BTreeMap<&str, Vec<&str>> = OTHERS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (row, codes) = line.split_once('\t').unwrap_or((line, ""));
            (row, codes.split(' ').filter(|code| !code.is_empty()).collect())
        })
        .collect();
    let register = register();
    let mut file = Csv {
        header: whole.header.clone(),
        ..Csv::default()
    };
    for (cells, line) in whole.rows.iter().zip(&whole.lines) {
        if cells[state] == "Campania" {
            file.rows.push(cells.clone());
            file.lines.push(*line);
        }
    }
    let mut mapping = web::csv::guess(&file.header, &rules().columns);
    mapping[id] = String::new();
    let rows = row::read(&file, &mapping, "", &register.asls());
    let proposals = propose(&register, &rows, TODAY);
    let (mut sure, mut perhaps, mut of) = (0, 0, 0);
    for ((proposal, cells), row) in proposals.iter().zip(&file.rows).zip(&rows) {
        let right: Vec<String> = known[cells[id].as_str()]
            .iter()
            .map(|code| format!("hsp-{code}"))
            .collect();
        of += usize::from(!right.is_empty());
        let may_be = |id: &str| right.iter().any(|one| one == id);
        match proposal.structure() {
            Some(id) => {
                assert!(may_be(id), "{} is surely no {id}: {proposal:#?}", row.name);
                sure += 1;
            }
            None => perhaps += usize::from(proposal.candidates.iter().any(|one| may_be(&one.id))),
        }
    }
    println!("of {of} hospitals {sure} are surely found, {perhaps} perhaps");
    assert!(
        sure >= 25 && sure + perhaps >= 43,
        "{sure} sure, {perhaps} perhaps of {of}"
    );
}

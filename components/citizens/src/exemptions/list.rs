//! The list of who is exempt by income, as the ministry hands it out: each row gives one exemption, once.

use super::held::{self, Given, New};
use super::rules;
use crate::choice::codes::FISCAL;
use crate::events::cells;
use component::{Fhir, PeerError};
use jiff::civil::Date;

/// Rows taken at once.
const MAX_ROWS: usize = 100_000;

/// What came of a list.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub given: usize,
    pub already: usize,
    /// Row and what is wrong with it.
    pub wrong: Vec<(usize, String)>,
}

/// Takes a list.
///
/// # Errors
/// In words: it has not the columns, or too many rows.
pub(super) async fn load(fhir: &Fhir, text: &str) -> Result<Result<Loaded, String>, PeerError> {
    let layout = rules::list();
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let head = cells(lines.next().map_or("", |(_, line)| line), layout.separator);
    let at = |field: &str| {
        let name = layout.columns.get(field).map_or("", String::as_str);
        head.iter()
            .position(|cell| cell.trim() == name)
            .ok_or_else(|| format!("manca la colonna {name}"))
    };
    let at = (|| Ok([at("person")?, at("code")?, at("from")?, at("to")?]))();
    let at = match at {
        Ok(at) => at,
        Err(reason) => return Ok(Err(reason)),
    };
    let rows: Vec<(usize, &str)> = lines.collect();
    if rows.len() > MAX_ROWS {
        return Ok(Err(format!("{} righe: al massimo {MAX_ROWS} per volta", rows.len())));
    }
    let mut loaded = Loaded::default();
    for (n, row) in rows {
        let cells = cells(row, layout.separator);
        let cell = |column: usize| cells.get(column).map_or("", |cell| cell.trim());
        match one(fhir, at.map(cell)).await? {
            Ok(Given::Done) => loaded.given += 1,
            Ok(Given::Already) => loaded.already += 1,
            Err(reason) => loaded.wrong.push((n + 1, reason)),
        }
    }
    Ok(Ok(loaded))
}

async fn one(fhir: &Fhir, [person, code, from, to]: [&str; 4]) -> Result<Result<Given, String>, PeerError> {
    let day = |text: &str| codicefiscale::reading::date(text).or_else(|| text.parse::<Date>().ok());
    let code = code.to_uppercase();
    if rules::text(&code).is_none() || rules::kind(&code).kind != "reddito" {
        return Ok(Err(format!("il codice '{code}' non è un'esenzione per reddito")));
    }
    let Some(from) = day(from) else {
        return Ok(Err(format!("la data '{from}' non è valida")));
    };
    let to = match rules::last_day(&code, from, day(to)) {
        Ok(to) => to,
        Err(_) => return Ok(Err("la fine precede l'inizio".into())),
    };
    let identifier = format!("{FISCAL}|{}", person.to_uppercase());
    let found = fhir.search("Patient", &[("identifier", &identifier)]).await?;
    let Some(patient) = found.iter().find(|one| one["active"] != false) else {
        return Ok(Err(format!("nessun assistito ha il codice fiscale '{person}'")));
    };
    let new = New {
        patient,
        code: &code,
        from,
        to,
        origin: "elenco-mef",
    };
    held::give(fhir, &new, None).await.map(Ok)
}

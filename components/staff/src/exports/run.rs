//! A run: rows gathered as of a day, checked, written to a file; the receipt matched row by row; the refused sent again.

use super::layout::{Layout, Record, layout};
use crate::assignment::Assignment;
use crate::note::{Note, PRIVATE};
use crate::person::Person;
use crate::rules;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use component::{Context, Fhir, PeerError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Kind of the notes.
pub(crate) const KIND: &str = "invio";
/// Parts of one set of files.
const MAX_PARTS: usize = 20;
/// Bytes of a receipt.
pub(crate) const MAX_RECEIPT: usize = 4 << 20;

/// Why there is no run.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No layout has the code.
    #[error("there is no layout '{0}': `sinfonia staff layouts` lists them")]
    NoLayout(String),
    /// No run has the id.
    #[error("there is no run '{0}'")]
    NoRun(String),
    /// More rows than so many files hold.
    #[error(
        "there are more rows than {MAX_PARTS} files of {0} hold: none was made, so that nobody is left out unnoticed; say more rows per file"
    )]
    TooMany(usize),
    /// Not a receipt of the layout.
    #[error("the receipt has no columns '{0}' and '{1}' in its first line")]
    NoReceipt(String, String),
    /// A date that is none.
    #[error("'{0}' is no date (2026-12-31)")]
    NoDate(String),
    /// Nothing was refused.
    #[error("nothing of the run was refused: there is nothing to send again")]
    NothingRefused,
    /// The hub failed, or somebody was faster.
    #[error(transparent)]
    Peer(#[from] PeerError),
}

/// A row of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Assignment or person id.
    pub id: String,
    /// Name of the person.
    pub name: String,
    /// Key in the file; empty for a row that is not in it.
    pub key: String,
    /// What is wrong: message key and column.
    pub faults: Vec<(String, String)>,
    /// What the receipt says: empty, `accettata`, `rifiutata`.
    pub outcome: String,
    /// Its message.
    pub message: String,
}

/// What a run is made of.
pub(crate) struct Wanted<'a> {
    /// Layout code.
    pub layout: &'a str,
    /// As of this day.
    pub day: &'a str,
    /// Who asks: `Practitioner/…`, or the program.
    pub by: &'a str,
    /// The run whose refused rows are sent again.
    pub again: Option<&'a str>,
    /// Rows of one file, where fewer are wanted than the layout permits.
    pub most_rows: Option<usize>,
}

fn file_id(run: &str) -> String {
    format!("{run}-file")
}

fn rows_id(run: &str) -> String {
    format!("{run}-righe")
}

fn binary(id: &str, kind: &str, bytes: &[u8]) -> Value {
    json!({"resourceType": "Binary", "id": id, "meta": {"security": [PRIVATE.clone()]}, "contentType": kind,
        "data": STANDARD.encode(bytes)})
}

async fn bytes(fhir: &Fhir, id: &str) -> Result<Vec<u8>, ExportError> {
    let found = fhir.find("Binary", id).await?;
    let data = found.map(|one| STANDARD.decode(one["data"].as_str().unwrap_or_default()));
    data.and_then(Result::ok)
        .ok_or_else(|| ExportError::NoRun(id.to_owned()))
}

/// The file of a run.
pub(crate) async fn file(fhir: &Fhir, run: &str) -> Result<Vec<u8>, ExportError> {
    bytes(fhir, &file_id(run)).await
}

/// The rows of a run.
pub(crate) async fn rows(fhir: &Fhir, run: &str) -> Result<Vec<Row>, ExportError> {
    let bytes = bytes(fhir, &rows_id(run)).await?;
    serde_json::from_slice(&bytes).map_err(|error| PeerError::Malformed(error.to_string()).into())
}

/// A run by id.
pub(crate) async fn find(fhir: &Fhir, id: &str) -> Result<Note, ExportError> {
    let none = || ExportError::NoRun(id.to_owned());
    if !crate::systems::is_id(id) {
        return Err(none());
    }
    Note::find(fhir, KIND, id).await?.ok_or_else(none)
}

/// What was refused by the body, or left out.
async fn refused(fhir: &Fhir, run: &str) -> Result<BTreeSet<String>, ExportError> {
    let rows = rows(fhir, run).await?.into_iter();
    let refused = rows.filter(|row| row.key.is_empty() || row.outcome == "rifiutata");
    let ids: BTreeSet<String> = refused.map(|row| row.id).collect();
    if ids.is_empty() {
        return Err(ExportError::NothingRefused);
    }
    Ok(ids)
}

/// Makes a run: rows with faults are told and left out of the file. What is more than a file holds goes into further parts,
/// numbered; the first one is given. A set is there whole or not at all.
pub(crate) async fn make(context: &Context, fhir: &Fhir, wanted: &Wanted<'_>) -> Result<Note, ExportError> {
    let layout = layout(wanted.layout).ok_or_else(|| ExportError::NoLayout(wanted.layout.to_owned()))?;
    let day: Date = wanted
        .day
        .parse()
        .map_err(|_| ExportError::NoDate(wanted.day.to_owned()))?;
    let only = match wanted.again {
        Some(run) => Some(refused(fhir, run).await?),
        None => None,
    };
    let most = wanted.most_rows.unwrap_or(layout.most_rows).clamp(1, layout.most_rows);
    let records = gather(fhir, layout, day, only.as_ref(), most * MAX_PARTS).await?;
    if records.len() > most * MAX_PARTS {
        return Err(ExportError::TooMany(most));
    }
    let parts = records.len().div_ceil(most).max(1);
    let ids: Vec<String> = (0..parts).map(|_| format!("invio-{}", context.ids.next())).collect();
    let mut records = records.into_iter();
    let mut first = None;
    for part in 1..=parts {
        let own: Vec<_> = records.by_ref().take(most).collect();
        let written = write(context, fhir, (layout, wanted), own, (part, &ids)).await;
        match written {
            Ok(note) => first = first.or(Some(note)),
            Err(error) => {
                // Half a set would look like a whole one to who sends it.
                for id in &ids[..part - 1] {
                    for (rtype, id) in [("Basic", id.clone()), ("Binary", file_id(id)), ("Binary", rows_id(id))] {
                        fhir.delete(rtype, &id).await?;
                    }
                }
                return Err(error);
            }
        }
    }
    first.ok_or_else(|| ExportError::NoRun(wanted.layout.to_owned()))
}

/// Checks and writes one part of a set of files.
async fn write(
    context: &Context,
    fhir: &Fhir,
    (layout, wanted): (&Layout, &Wanted<'_>),
    records: Vec<(String, String, Record)>,
    (part, ids): (usize, &[String]),
) -> Result<Note, ExportError> {
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (id, name, record) in records {
        let (key, faults) = match layout.values(&record) {
            Ok(values) => {
                let key = layout.key_of(&values).to_owned();
                lines.push(values);
                (key, Vec::new())
            }
            Err(faults) => (
                String::new(),
                faults
                    .into_iter()
                    .map(|(key, column)| (key.to_owned(), column))
                    .collect(),
            ),
        };
        rows.push(Row {
            id,
            name,
            key,
            faults,
            outcome: String::new(),
            message: String::new(),
        });
    }
    let text = layout.file(&lines);
    let hash: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let left_out = rows.len() - lines.len();
    let id = &ids[part - 1];
    let mut note = Note::new(id, KIND, "", wanted.by, context.clock.now()).with(&[
        ("layout", &layout.code),
        ("giorno", wanted.day),
        ("righe", &lines.len().to_string()),
        ("fuori", &left_out.to_string()),
        ("sha256", &hash),
        ("precedente", wanted.again.unwrap_or_default()),
    ]);
    if ids.len() > 1 {
        note.set("parte", &part.to_string());
        note.set("parti", &ids.join(" "));
    }
    let kept = serde_json::to_vec(&rows).map_err(|error| PeerError::Malformed(error.to_string()))?;
    let files = [
        note.resource(),
        binary(&file_id(id), layout.kind().1, text.as_bytes()),
        binary(&rows_id(id), "application/json", &kept),
    ];
    fhir.write_all(&files).await?;
    Ok(note)
}

/// The part of a set that a run is, and the ids of all parts; `None`: it is alone.
pub(crate) fn part(note: &Note) -> Option<(usize, Vec<&str>)> {
    let part = note.get("parte").parse().ok()?;
    Some((part, note.get("parti").split(' ').collect()))
}

/// The receipt of a run, matched row by row; how many lines speak of no row of it.
pub(crate) async fn receive(context: &Context, fhir: &Fhir, run: &str, text: &str) -> Result<usize, ExportError> {
    let mut note = find(fhir, run).await?;
    let layout = layout(note.get("layout")).ok_or_else(|| ExportError::NoLayout(note.get("layout").to_owned()))?;
    let receipt = &layout.receipt;
    let read = receipt.read(text);
    let read = read.ok_or_else(|| ExportError::NoReceipt(receipt.key.clone(), receipt.outcome.clone()))?;
    let mut of: BTreeMap<String, (bool, String)> = BTreeMap::new();
    for (key, accepted, message) in read {
        of.insert(key.to_uppercase(), (accepted, message));
    }
    let mut rows = rows(fhir, run).await?;
    let mut known = BTreeSet::new();
    for row in rows.iter_mut().filter(|row| !row.key.is_empty()) {
        let key = row.key.to_uppercase();
        if let Some((accepted, message)) = of.get(&key) {
            row.outcome = if *accepted { "accettata" } else { "rifiutata" }.to_owned();
            row.message = message.chars().take(300).collect();
            known.insert(key);
        }
    }
    let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count().to_string();
    note.set("accettate", &count("accettata"));
    note.set("rifiutate", &count("rifiutata"));
    let strange = of.len() - known.len();
    note.set("estranee", &strange.to_string());
    note.set("ricevuta", &context.clock.now().to_string());
    let kept = serde_json::to_vec(&rows).map_err(|error| PeerError::Malformed(error.to_string()))?;
    fhir.update(&binary(&rows_id(run), "application/json", &kept)).await?;
    note.save(fhir).await?;
    Ok(strange)
}

/// What rows are made of: id, name of the person, fields. With more than `most`, some more than that.
async fn gather(
    fhir: &Fhir,
    layout: &Layout,
    day: Date,
    only: Option<&BTreeSet<String>>,
    most: usize,
) -> Result<Vec<(String, String, Record)>, ExportError> {
    let noon = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let at = noon
        .map_err(|error| ExportError::NoDate(error.to_string()))?
        .timestamp();
    let wanted = |id: &String| only.is_none_or(|only| only.contains(id));
    let mut records = Vec::new();
    let each = |person: &Person, all: &[Assignment]| {
        let name = &person.shown;
        if layout.of == "people" {
            let record = registered(person).filter(|_| wanted(&person.id));
            records.extend(record.map(|record| (person.id.clone(), name.clone(), record)));
        } else {
            for one in all.iter().filter(|one| wanted(&one.id)) {
                let convention = rules::role(&one.role).is_some_and(|role| role.convention);
                if one.substitutes.is_none() && (layout.of == "assignments" || convention) {
                    records.push((one.id.clone(), name.clone(), fields(person, one)));
                }
            }
        }
        records.len() <= most
    };
    crate::alerts::in_service(fhir, at, each).await?;
    records.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    Ok(records)
}

fn of_person(person: &Person) -> Record {
    let sex = match person.gender.as_str() {
        "female" => "F",
        "male" => "M",
        _ => "",
    };
    Record::from([
        ("fiscal", person.fiscal.clone()),
        ("family", person.family.clone()),
        ("given", person.given.clone()),
        ("sex", sex.to_owned()),
        ("born", person.born.clone()),
        ("number", person.number.clone()),
    ])
}

/// Of whom is, or should be, in a register.
fn registered(person: &Person) -> Option<Record> {
    let ecm = |code: &str| rules::registers().iter().any(|one| one.code == code && one.ecm);
    let title = person.titles.iter().find(|one| ecm(&one.code))?;
    let mut record = of_person(person);
    record.extend([
        ("register", title.code.clone()),
        ("register_number", title.number.clone()),
        ("issuer", title.issuer.clone()),
        ("register_end", title.end.clone()),
    ]);
    Some(record)
}

fn fields(person: &Person, one: &Assignment) -> Record {
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let general = rules::ceiling(&one.role).map(|rule| rule.ceiling);
    let mut record = of_person(person);
    record.extend([
        ("contract", one.contract.clone()),
        ("qualification", one.qualification.clone()),
        ("discipline", one.discipline.clone()),
        ("role", one.role.clone()),
        ("unit", one.organization.clone()),
        ("start", one.start.clone()),
        ("end", one.end.clone()),
        ("hours", number(one.hours)),
        ("ceiling", number(one.ceiling.or(general))),
        ("areas", one.areas.join(",")),
    ]);
    record
}

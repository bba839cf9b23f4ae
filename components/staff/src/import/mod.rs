//! People and assignments from a CSV file: columns recognised and corrected, a preview with what is wrong in each row, the
//! import, and its undoing as long as nobody changed what it wrote.

mod row;

use crate::app::{App, Declared};
use crate::assignment::Assignment;
use crate::note::{Note, PRIVATE};
use crate::pages::{KEEP, told};
use crate::registry::{self, NotWritten, Units};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use component::{Fhir, PeerError};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use web::csv::{Column, Csv, CsvError};
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Kind of the notes.
const KIND: &str = "importazione";
/// Rows of one file: fewer than can be read, for they are written in one request.
const MAX_ROWS: usize = 2000;
/// Bytes of a file.
const MAX_BYTES: usize = 1 << 20;
/// Rows of the preview.
const MAX_SHOWN: usize = 100;

/// Declares the pages.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get(KEEP, "/personale/importa", get(list))
        .post(KEEP, "/personale/importa", post(load))
        .get(KEEP, "/personale/importa/esempio.csv", get(example))
        .get(KEEP, "/personale/importa/{id}", get(preview))
        .post(KEEP, "/personale/importa/{id}/colonne", post(map))
        .post(KEEP, "/personale/importa/{id}/esegui", post(run))
        .post(KEEP, "/personale/importa/{id}/annulla", post(undo))
}

/// A file, how its columns are read, what was written of it.
#[derive(Default, Serialize, Deserialize)]
struct Loaded {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The line of the file that each row begins on.
    lines: Vec<usize>,
    columns: BTreeMap<String, usize>,
    /// What the import wrote: type, id, version.
    written: Vec<(String, String, String)>,
    /// Rows that were refused while importing: line of the file and why.
    refused: Vec<(usize, String)>,
}

#[derive(Template)]
#[template(path = "staff_imports.html")]
struct ImportsPage {
    page: Page,
    runs: Vec<(String, String, String)>,
    /// Columns: heading, what stands in it, whether a row needs it.
    columns: Vec<(String, String, &'static str)>,
}

/// A column that a field may stand in.
struct Choice {
    at: usize,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "staff_import.html")]
struct ImportPage {
    page: Page,
    id: String,
    state: String,
    fields: Vec<(String, String, Vec<Choice>)>,
    rows: Vec<(usize, String, String, Vec<String>)>,
    good: usize,
    bad: usize,
    refused: Vec<(usize, String)>,
    written: usize,
}

fn binary_id(id: &str) -> String {
    format!("{id}-dati")
}

fn kept(id: &str, loaded: &Loaded) -> Result<Value, Failure> {
    let bytes = serde_json::to_vec(loaded).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(
        json!({"resourceType": "Binary", "id": binary_id(id), "meta": {"security": [PRIVATE.clone()]},
        "contentType": "application/json", "data": STANDARD.encode(bytes)}),
    )
}

async fn found(fhir: &Fhir, id: &str) -> Result<(Note, Loaded), Failure> {
    let none = || Failure::NotFound("import".into());
    if !crate::systems::is_id(id) {
        return Err(none());
    }
    let note = Note::find(fhir, KIND, id).await?.ok_or_else(none)?;
    let binary = fhir.find("Binary", &binary_id(id)).await?.ok_or_else(none)?;
    let bytes = STANDARD.decode(binary["data"].as_str().unwrap_or_default());
    let loaded = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok((note, loaded.ok_or_else(none)?))
}

async fn list(State(app): State<App>, page: Page) -> Answer {
    let notes = Note::all(&app.system(), KIND, None).await?;
    let shown = notes.into_iter().map(|one| {
        let when = one
            .get("scritta")
            .parse()
            .map(|at| page.date_time(&at))
            .unwrap_or_default();
        (
            one.id.clone(),
            format!("{} · {when}", one.get("nome")),
            page.named("import", one.get("stato")),
        )
    });
    web::show(&ImportsPage {
        runs: shown.collect(),
        columns: row::columns()
            .map(|(name, need)| {
                let roles = || {
                    crate::rules::roles()
                        .iter()
                        .map(|one| one.code.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                let contracts = || {
                    crate::rules::contracts()
                        .iter()
                        .map(|one| one.code.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                let what = match name {
                    "ruolo" => page.t1("import-col-ruolo", "codes", roles()),
                    "contratto" => page.t1("import-col-contratto", "codes", contracts()),
                    other => page.named("import-col", other),
                };
                (name.to_owned(), what, need)
            })
            .collect(),
        page: page.titled("import-title").crumb("/personale", "staff-title"),
    })
}

/// A file that can be imported as it is: a unit of this installation, people who do not exist.
async fn example(State(app): State<App>, page: Page) -> Answer {
    let units = Units::read(&app.fhir(&page)).await?.choices();
    let unit = units.first().map_or("", |(_, name)| name.as_str());
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"esempio-personale.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, row::example(unit)).into_response())
}

/// Why a file cannot be read, and what to do.
fn unread(page: &Page, error: &CsvError) -> String {
    match error {
        CsvError::Empty | CsvError::Rows => page.t1("import-size", "most", MAX_ROWS),
        CsvError::Columns(line) => page.t1("import-columns-many", "line", *line),
        CsvError::Cell(line) => page.t1("import-cell-long", "line", *line),
        CsvError::Quote(line) => page.t1("import-quote-open", "line", *line),
    }
}

async fn load(State(app): State<App>, page: Page, posted: Posted) -> Answer {
    let pasted = || ("testo", posted.first("testo").unwrap_or_default().as_bytes());
    let (name, bytes) = match posted.files.first() {
        Some(file) => (file.name.as_str(), &file.bytes[..]),
        None => pasted(),
    };
    let csv = Csv::read(bytes).map_err(|error| Failure::Unprocessable(unread(&page, &error)))?;
    if csv.rows.len() > MAX_ROWS || bytes.len() > MAX_BYTES {
        return Err(Failure::Unprocessable(page.t1("import-size", "most", MAX_ROWS)));
    }
    let loaded = Loaded {
        columns: row::guess(&csv.header),
        header: csv.header,
        rows: csv.rows,
        lines: csv.lines,
        ..Loaded::default()
    };
    let id = format!("importazione-{}", app.context.ids.next());
    let name: String = name.chars().take(100).collect();
    let note = Note::new(&id, KIND, "", &page.actor().subject, page.now()).with(&[("nome", &name), ("stato", "letta")]);
    app.system().write_all(&[note.resource(), kept(&id, &loaded)?]).await?;
    page.go(&format!("/personale/importa/{id}"))
}

async fn preview(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (note, loaded) = found(&app.system(), &id).await?;
    let units = Units::read(&app.fhir(&page)).await?;
    let today = web::local_date(page.now());
    let (mut rows, mut good, mut bad) = (Vec::new(), 0, 0);
    for (cells, line) in loaded.rows.iter().zip(&loaded.lines) {
        let read = row::row(cells, &loaded.columns, &units, today);
        match read.wrong.is_empty() {
            true => good += 1,
            false => bad += 1,
        }
        if rows.len() < MAX_SHOWN {
            let work = read
                .assignment
                .map(|one| crate::pages::work(&page, &units, &one))
                .unwrap_or_default();
            let wrong = read.wrong.iter().map(|one| told(&page, one)).collect();
            rows.push((
                *line,
                format!("{} {}", read.person.family, read.person.given),
                work,
                wrong,
            ));
        }
    }
    let fields = row::COLUMNS.iter().map(|Column { field, .. }| {
        let chosen = loaded.columns.get(field).copied();
        let columns = loaded.header.iter().enumerate().map(|(at, name)| Choice {
            at,
            name: name.clone(),
            chosen: chosen == Some(at),
        });
        (field.clone(), page.named("field", field), columns.collect())
    });
    web::show(&ImportPage {
        fields: fields.collect(),
        state: note.get("stato").to_owned(),
        written: loaded.written.len(),
        refused: loaded.refused,
        rows,
        good,
        bad,
        id,
        page: page
            .titled("import-title")
            .crumb("/personale", "staff-title")
            .crumb("/personale/importa", "import-title"),
    })
}

/// Writes the new state of an import, if nobody else did meanwhile.
async fn advance(app: &App, page: &Page, mut note: Note, loaded: &Loaded, state: &str) -> Result<(), Failure> {
    let system = app.system();
    note.set("stato", state);
    note.save(&system).await.map_err(|error| App::changed(page, error))?;
    system.update(&kept(&note.id, loaded)?).await?;
    Ok(())
}

async fn map(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let (note, mut loaded) = found(&app.system(), &id).await?;
    if note.get("stato") != "letta" {
        return Err(Failure::Conflict(page.t("import-over")));
    }
    let width = loaded.header.len();
    loaded.columns.clear();
    for Column { field, .. } in row::COLUMNS.iter() {
        let at = posted.first(field).and_then(|at| at.parse::<usize>().ok());
        if let Some(at) = at.filter(|at| *at < width) {
            loaded.columns.insert(field.clone(), at);
        }
    }
    advance(&app, &page, note, &loaded, "letta").await?;
    page.go(&format!("/personale/importa/{id}"))
}

/// Imports the rows that are right; the others stay as they are and are told.
async fn run(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (note, mut loaded) = found(&app.system(), &id).await?;
    if note.get("stato") != "letta" {
        return Err(Failure::Conflict(page.t("import-over")));
    }
    // First the state: a second click imports nothing.
    advance(&app, &page, note, &loaded, "in-corso").await?;
    let fhir = app.fhir(&page);
    let units = Units::read(&fhir).await?;
    let today = web::local_date(page.now());
    for (cells, line) in loaded.rows.iter().zip(&loaded.lines) {
        let read = row::row(cells, &loaded.columns, &units, today);
        if !read.wrong.is_empty() {
            continue;
        }
        if let Err(why) = import(&page, &fhir, read, &mut loaded.written).await {
            loaded.refused.push((*line, why));
        }
    }
    let (note, _) = found(&app.system(), &id).await?;
    advance(&app, &page, note, &loaded, "fatta").await?;
    let text = page.t2(
        "import-done",
        "n",
        loaded.written.len(),
        "refused",
        loaded.refused.len(),
    );
    page.redirect(&format!("/personale/importa/{id}"), Flash::success(text))
}

/// One row; what it wrote is noted.
async fn import(
    page: &Page,
    fhir: &Fhir,
    read: row::Read,
    written: &mut Vec<(String, String, String)>,
) -> Result<(), String> {
    let failed = |error: PeerError| error.to_string();
    let (id, new) = registry::save(fhir, &read.person).await.map_err(failed)?;
    if new {
        written.push(("Practitioner".into(), id.clone(), String::new()));
    }
    let Some(mut one) = read.assignment else {
        return Ok(());
    };
    if page.actor().subject == format!("Practitioner/{id}") {
        return Err(page.t("not-oneself"));
    }
    let others = registry::assignments(fhir, &id).await.map_err(failed)?;
    one.main = !others
        .iter()
        .any(|other| other.main && other.span().and(one.span()).is_some());
    (one.person, one.person_name) = (id, format!("{} {}", read.person.given, read.person.family));
    match registry::write(fhir, &one).await {
        Ok(role) => written.push(("PractitionerRole".into(), role, "1".into())),
        Err(NotWritten::Forbidden(found)) => {
            return Err(found
                .iter()
                .map(|one| crate::pages::forbidden(page, one))
                .collect::<Vec<_>>()
                .join(" "));
        }
        Err(error) => return Err(error.to_string()),
    }
    Ok(())
}

/// Takes back what the import wrote and nobody changed since: assignments are withdrawn as if they had never begun, people without any
/// other assignment become inactive. The history keeps what was there.
async fn undo(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (note, loaded) = found(&app.system(), &id).await?;
    if note.get("stato") != "fatta" {
        return Err(Failure::Conflict(page.t("import-over")));
    }
    advance(&app, &page, note, &loaded, "annullata").await?;
    let fhir = app.fhir(&page);
    let mut left = 0;
    for (rtype, id, version) in loaded.written.iter().rev() {
        let Some(resource) = fhir.find(rtype, id).await? else {
            continue;
        };
        let undone = match rtype.as_str() {
            "PractitionerRole" => withdraw(&fhir, resource, version).await?,
            _ => retire(&fhir, resource).await?,
        };
        left += usize::from(!undone);
    }
    page.redirect(
        &format!("/personale/importa/{id}"),
        Flash::success(page.t1("import-undone", "n", left)),
    )
}

async fn withdraw(fhir: &Fhir, resource: Value, version: &str) -> Result<bool, PeerError> {
    let Some(mut one) = Assignment::of(resource).filter(|one| one.version == version) else {
        return Ok(false);
    };
    one.active = false;
    Ok(registry::write(fhir, &one).await.is_ok())
}

async fn retire(fhir: &Fhir, mut resource: Value) -> Result<bool, PeerError> {
    let id = resource["id"].as_str().unwrap_or_default();
    if registry::assignments(fhir, id).await?.iter().any(|one| one.active) {
        return Ok(false);
    }
    resource["active"] = json!(false);
    match fhir.update_if_unchanged(&resource).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

//! `/personale/invii`: files made, what is wrong with their rows, receipts.

use super::layout::{Layout, layout, layouts};
use super::run::{self, ExportError, KIND, MAX_RECEIPT, Row, Wanted};
use crate::app::App;
use crate::note::Note;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use http::{HeaderValue, header};
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Rows shown.
const MAX_SHOWN: usize = 200;

/// A run as listed.
struct Listed {
    id: String,
    name: String,
    day: String,
    made: String,
    /// `parte 1 di 3`; empty for one that is alone.
    part: String,
    note: Note,
}

#[derive(Template)]
#[template(path = "staff_exports.html")]
struct ExportsPage {
    page: Page,
    layouts: &'static [Layout],
    runs: Vec<Listed>,
    today: String,
}

#[derive(Template)]
#[template(path = "staff_export.html")]
struct ExportPage {
    page: Page,
    layout: &'static Layout,
    run: Note,
    made: String,
    /// The parts of the set: id, name, whether it is this one.
    parts: Vec<(String, String, bool)>,
    faulty: Vec<(Row, String)>,
    refused: Vec<Row>,
    again: bool,
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::NoRun(_) => Self::NotFound(error.to_string()),
            ExportError::Peer(error) => error.into(),
            other => Self::Unprocessable(other.to_string()),
        }
    }
}

/// What is told on a page of why there is no run.
fn told(page: &Page, error: ExportError) -> Failure {
    match error {
        ExportError::NoReceipt(key, outcome) => {
            Failure::Unprocessable(page.t2("export-no-receipt", "key", key, "outcome", outcome))
        }
        ExportError::NothingRefused => Failure::Unprocessable(page.t("export-nothing-refused")),
        ExportError::NoDate(day) => Failure::Unprocessable(page.t1("wrong-date", "value", day)),
        ExportError::NoLayout(_) => Failure::Unprocessable(page.t("wrong-choice")),
        ExportError::TooMany(most) => Failure::Unprocessable(page.t1("export-too-many", "most", most)),
        other => other.into(),
    }
}

/// `parte 1 di 3`; empty for a file that is alone.
fn told_part(page: &Page, note: &Note) -> String {
    run::part(note).map_or_else(String::new, |(part, all)| {
        page.t2("export-part", "part", part, "all", all.len())
    })
}

fn moment(page: &Page, note: &Note) -> String {
    note.get("scritta")
        .parse()
        .map(|at| page.date_time(&at))
        .unwrap_or_default()
}

/// `GET /personale/invii`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let mut notes = Note::all(&app.system(), KIND, None).await?;
    notes.sort_by(|a, b| b.get("scritta").cmp(a.get("scritta")));
    let runs = notes.into_iter().map(|note| Listed {
        name: layout(note.get("layout"))
            .map(|one| one.name.of(page.lang()).to_owned())
            .unwrap_or_default(),
        day: page.fhir_date(note.get("giorno")),
        made: moment(&page, &note),
        part: told_part(&page, &note),
        id: note.id.clone(),
        note,
    });
    web::show(&ExportsPage {
        runs: runs.collect(),
        layouts: layouts(),
        today: web::local_date(page.now()).to_string(),
        page: page.titled("exports-title").crumb("/personale", "staff-title"),
    })
}

/// `POST /personale/invii`.
pub(crate) async fn make(State(app): State<App>, page: Page, posted: Posted) -> Answer {
    let wanted = Wanted {
        layout: posted.first("tracciato").unwrap_or_default(),
        day: posted.first("giorno").unwrap_or_default(),
        by: &page.actor().subject,
        again: None,
        most_rows: posted.first("righe").and_then(|text| text.trim().parse().ok()),
    };
    let made = run::make(&app.context, &app.system(), &wanted).await;
    let made = made.map_err(|error| told(&page, error))?;
    page.redirect(
        &format!("/personale/invii/{}", made.id),
        Flash::success(page.t("export-made")),
    )
}

/// `GET /personale/invii/{id}`.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let system = app.system();
    let note = run::find(&system, &id).await?;
    let layout = layout(note.get("layout")).ok_or_else(|| Failure::NotFound(id.clone()))?;
    let rows = run::rows(&system, &id).await?;
    let again = rows.iter().any(|row| row.key.is_empty() || row.outcome == "rifiutata");
    let (mut faulty, mut refused) = (Vec::new(), Vec::new());
    for row in rows {
        if row.key.is_empty() && faulty.len() < MAX_SHOWN {
            let faults = row
                .faults
                .iter()
                .map(|(key, column)| page.t1(key, "column", column.as_str()));
            let text = faults.collect::<Vec<_>>().join("; ");
            faulty.push((row, text));
        } else if row.outcome == "rifiutata" && refused.len() < MAX_SHOWN {
            refused.push(row);
        }
    }
    let title = layout.name.of(page.lang()).to_owned();
    let parts = run::part(&note).map_or_else(Vec::new, |(own, all)| {
        let count = all.len();
        let one = |(at, id): (usize, &str)| {
            let name = page.t2("export-part", "part", at + 1, "all", count);
            (id.to_owned(), name, at + 1 == own)
        };
        all.into_iter().enumerate().map(one).collect()
    });
    web::show(&ExportPage {
        made: moment(&page, &note),
        parts,
        page: page
            .with_title(title)
            .crumb("/personale", "staff-title")
            .crumb("/personale/invii", "exports-title"),
        layout,
        run: note,
        faulty,
        refused,
        again,
    })
}

/// `GET /personale/invii/{id}/file`.
pub(crate) async fn download(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let system = app.system();
    let note = run::find(&system, &id).await?;
    let layout = layout(note.get("layout")).ok_or_else(|| Failure::NotFound(id.clone()))?;
    let (ending, kind) = layout.kind();
    let mut response = run::file(&system, &id).await?.into_response();
    let part = run::part(&note).map_or_else(String::new, |(part, all)| format!("-{part}di{}", all.len()));
    let name = format!(
        "attachment; filename=\"{}-{}{part}.{ending}\"",
        layout.file,
        note.get("giorno")
    );
    let name = HeaderValue::from_str(&name).map_err(|error| Failure::Internal(error.to_string()))?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// `POST /personale/invii/{id}/ricevuta`.
pub(crate) async fn receive(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let file = posted
        .files
        .first()
        .map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    let text = file
        .or_else(|| posted.first("testo").map(str::to_owned))
        .unwrap_or_default();
    if text.trim().is_empty() || text.len() > MAX_RECEIPT {
        return Err(Failure::Unprocessable(page.t1(
            "receipt-size",
            "most",
            MAX_RECEIPT >> 20,
        )));
    }
    let strange = run::receive(&app.context, &app.system(), &id, &text).await;
    let strange = strange.map_err(|error| told(&page, error))?;
    page.redirect(
        &format!("/personale/invii/{id}"),
        Flash::success(page.t1("receipt-taken", "n", strange)),
    )
}

/// `POST /personale/invii/{id}/rinvia`.
pub(crate) async fn again(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let system = app.system();
    let old = run::find(&system, &id).await?;
    let today = web::local_date(page.now()).to_string();
    let wanted = Wanted {
        layout: old.get("layout"),
        day: &today,
        by: &page.actor().subject,
        again: Some(&id),
        most_rows: None,
    };
    let made = run::make(&app.context, &system, &wanted).await;
    let made = made.map_err(|error| told(&page, error))?;
    page.redirect(
        &format!("/personale/invii/{}", made.id),
        Flash::success(page.t("export-made")),
    )
}

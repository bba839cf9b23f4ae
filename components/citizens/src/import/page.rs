//! `/anagrafe/importazioni`: the files of the desk, their columns, what becomes of them.

use super::MAX_FILE;
use super::job::{self, Job, Stage};
use super::row::{self, COLUMNS};
use super::run::run;
use super::undo;
use crate::App;
use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Path, State};
use axum::response::IntoResponse as _;
use http::header;
use jiff::{SignedDuration, Timestamp};
use web::csv;
use web::{Answer, Failure, Flash, Page};

/// Rows shown before they are written.
const PREVIEW: usize = 10;
/// Wrong rows shown.
const WRONG: usize = 50;
/// An import that wrote nothing for so long has stopped.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);

#[derive(Template)]
#[template(path = "imports.html")]
struct ListPage {
    page: Page,
    jobs: Vec<(Job, String)>,
    /// Fields that a column can hold: name of the column, what it is, what stands in it.
    columns: Vec<(String, String, String)>,
    rows: usize,
    megabytes: usize,
}

struct Wrong {
    line: usize,
    cells: String,
    texts: Vec<String>,
}

#[derive(Template)]
#[template(path = "import.html")]
struct JobPage {
    page: Page,
    job: Job,
    at: String,
    columns: Vec<csv::Shown>,
    fields: Vec<(String, String)>,
    preview: Vec<Vec<String>>,
    wrong: Vec<Wrong>,
    wrong_count: usize,
    notices: usize,
    stopped: bool,
    can_undo: bool,
    has_file: bool,
}

impl JobPage {
    fn is(&self, stage: &str) -> bool {
        let own = match self.job.stage {
            Stage::Mapping => "mapping",
            Stage::Running => "running",
            Stage::Done => "done",
            Stage::Undoing => "undoing",
            Stage::Undone => "undone",
        };
        own == stage
    }
}

/// `GET /anagrafe/importazioni`.
pub(super) async fn list(State(app): State<App>, page: Page) -> Answer {
    let jobs = job::list(&app.system()).await?;
    web::show(&ListPage {
        jobs: jobs.into_iter().map(|job| (job.clone(), when(&page, &job))).collect(),
        columns: columns_expected(&page),
        rows: csv::MAX_ROWS,
        megabytes: MAX_FILE >> 20,
        page: page.titled("import-title").crumb("/anagrafe", "citizens-title"),
    })
}

fn columns_expected(page: &Page) -> Vec<(String, String, String)> {
    let one = |column: &csv::Column| {
        let field = column.field.as_str();
        let note = page.texts().find(&format!("import-note-{field}"), &[]);
        (
            column.names[0].clone(),
            page.named("import-field", field),
            note.unwrap_or_default(),
        )
    };
    COLUMNS.iter().map(one).collect()
}

/// `GET /anagrafe/importazioni/esempio.csv`: a file that can be imported as it is, with people who do not exist.
pub(super) async fn example() -> Answer {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"esempio-assistiti.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, row::example()).into_response())
}

fn when(page: &Page, job: &Job) -> String {
    job.at.parse().map_or_else(|_| job.at.clone(), |at| page.date_time(&at))
}

/// `POST /anagrafe/importazioni`: the file is read and kept, its columns guessed: as those of an earlier file with the same
/// header, else by their names.
pub(super) async fn upload(State(app): State<App>, page: Page, form: Multipart) -> Answer {
    let (name, csv) = csv::uploaded(&page, form).await?;
    let earlier = job::list(&app.system())
        .await?
        .into_iter()
        .find(|job| job.header == csv.header);
    let job = Job {
        id: app.context.ids.next(),
        file: name,
        by: page.actor().subject.clone(),
        by_name: page.actor().name.clone(),
        at: page.now().to_string(),
        mapping: earlier.map_or_else(|| csv::guess(&csv.header, &COLUMNS), |job| job.mapping),
        header: csv.header.clone(),
        rows: csv.rows.len(),
        ..Job::default()
    };
    job::save_file(&app.system(), &job.id, &csv).await?;
    job::save(&app.system(), &job).await?;
    page.go(&format!("/anagrafe/importazioni/{}", job.id))
}

async fn found(app: &App, id: &str) -> Result<Job, Failure> {
    job::load(&app.system(), id)
        .await?
        .ok_or_else(|| Failure::NotFound(id.to_owned()))
}

/// `GET /anagrafe/importazioni/{id}`.
pub(super) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let job = found(&app, &id).await?;
    let file = job::file(&app.system(), &id).await?;
    let today = web::local_date(page.now());
    let (mut wrong, mut wrong_count, mut notices) = (vec![], 0, 0);
    // While rows are written the page is asked for every other second: it says how far, no more.
    let looked_at = file
        .as_ref()
        .filter(|_| matches!(job.stage, Stage::Mapping | Stage::Done));
    for (cells, line) in looked_at.into_iter().flat_map(|csv| csv.rows.iter().zip(&csv.lines)) {
        let (_, checked) = row::checked(page.texts(), &job.mapping, cells, today);
        notices += usize::from(!checked.notices.is_empty());
        if checked.errors.is_empty() {
            continue;
        }
        wrong_count += 1;
        if wrong.len() < WRONG {
            let label = |field: &str| page.t(&format!("import-field-{field}"));
            wrong.push(Wrong {
                line: *line,
                cells: cells
                    .iter()
                    .filter(|cell| !cell.is_empty())
                    .take(4)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(" · "),
                texts: checked
                    .errors
                    .iter()
                    .map(|one| format!("{}: {}", label(one.field), one.text))
                    .collect(),
            });
        }
    }
    let quiet = job
        .beat
        .parse::<Timestamp>()
        .is_ok_and(|beat| page.now().duration_since(beat) > SILENCE);
    web::show(&JobPage {
        at: when(&page, &job),
        fields: COLUMNS
            .iter()
            .map(|one| (one.field.clone(), page.t(&format!("import-field-{}", one.field))))
            .collect(),
        columns: csv::shown(&job.header, &job.mapping, file.as_ref()),
        preview: file
            .as_ref()
            .map(|csv| csv.rows.iter().take(PREVIEW).cloned().collect())
            .unwrap_or_default(),
        wrong,
        wrong_count,
        notices,
        stopped: matches!(job.stage, Stage::Running | Stage::Undoing) && quiet,
        can_undo: undo::can(&job),
        has_file: file.is_some(),
        page: page
            .with_title(job.file.clone())
            .crumb("/anagrafe", "citizens-title")
            .crumb("/anagrafe/importazioni", "import-title"),
        job,
    })
}

/// `POST …/colonne`: which column is which field.
pub(super) async fn columns(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Answer {
    let mut job = found(&app, &id).await?;
    if job.stage != Stage::Mapping {
        return Err(Failure::Conflict(page.t("import-begun")));
    }
    job.mapping = csv::chosen(&sent, job.header.len(), &COLUMNS).map_err(|field| {
        let field = page.t(&format!("import-field-{field}"));
        Failure::Unprocessable(page.t1("import-twice", "field", field))
    })?;
    job.update = sent.iter().any(|(name, _)| name == "aggiorna");
    job::save(&app.system(), &job).await?;
    page.redirect(
        &format!("/anagrafe/importazioni/{id}"),
        Flash::success(page.t("import-mapped")),
    )
}

/// `POST …/avvia`: begins, or goes on after it stopped.
pub(super) async fn start(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let mut job = found(&app, &id).await?;
    if !matches!(job.stage, Stage::Mapping | Stage::Running) {
        return Err(Failure::Conflict(page.t("import-begun")));
    }
    if job.by != page.actor().subject {
        return Err(Failure::Forbidden(page.t("import-not-yours")));
    }
    job.stage = Stage::Running;
    job.beat = page.now().to_string();
    job::save(&app.system(), &job).await?;
    tokio::spawn(run(app, page.actor().clone(), id.clone()));
    page.go(&format!("/anagrafe/importazioni/{id}"))
}

/// `POST …/annulla`: takes back what was written.
pub(super) async fn undo(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let mut job = found(&app, &id).await?;
    if !undo::can(&job) {
        return Err(Failure::Conflict(page.t("import-no-undo")));
    }
    job.stage = Stage::Undoing;
    job.beat = page.now().to_string();
    job::save(&app.system(), &job).await?;
    tokio::spawn(undo::undo(app, page.actor().clone(), id.clone()));
    page.go(&format!("/anagrafe/importazioni/{id}"))
}

/// `GET …/scarti`: the rows that are wrong, with the reason in a column of its own, to be corrected and sent again.
pub(super) async fn rejects(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let job = found(&app, &id).await?;
    let file = job::file(&app.system(), &id)
        .await?
        .ok_or_else(|| Failure::NotFound(id.clone()))?;
    let today = web::local_date(page.now());
    let line = |cells: &[String], last: &str| {
        let cells: Vec<String> = cells.iter().cloned().chain([last.to_owned()]).collect();
        csv::line(&cells, ';')
    };
    let mut text = line(&file.header, &page.t("import-reason"));
    for (cells, number) in file.rows.iter().zip(&file.lines) {
        let (_, checked) = row::checked(page.texts(), &job.mapping, cells, today);
        let mut reasons: Vec<String> = checked.errors.into_iter().map(|one| one.text).collect();
        if job.refused.contains(number) {
            reasons.push(page.t("import-refused"));
        }
        if !reasons.is_empty() {
            text.push_str(&line(cells, &reasons.join(" ")));
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"scarti.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}

//! `/strutture/elenchi`: the lists that were brought, their columns, writing them and taking them back.

use super::job::{self, Job, Stage};
use super::plan::Plan;
use super::rules::rules;
use super::{MAX_FILE, MAX_ROWS, run};
use crate::App;
use crate::pages::now;
use crate::rules as tables;
use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Path, State};
use sha2::{Digest as _, Sha256};
use web::csv::{self, Csv};
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "lists.html")]
struct ListsPage {
    page: Page,
    jobs: Vec<(Job, String, String)>,
    rows: usize,
    megabytes: usize,
}

/// When a list was brought.
pub(super) fn when(page: &Page, job: &Job) -> String {
    job.at.parse().map_or_else(|_| job.at.clone(), |at| page.date_time(&at))
}

/// `review`, `writing`, `done`, `undone`: keys of texts.
pub(super) fn stage(job: &Job) -> &'static str {
    match job.stage {
        Stage::Review => "review",
        Stage::Writing => "writing",
        Stage::Done => "done",
        Stage::Undone => "undone",
    }
}

/// `GET /strutture/elenchi`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let jobs = job::latest(&app.system()).await?;
    let shown = jobs.into_iter().map(|job| {
        let (at, state) = (when(&page, &job), page.named("lists-stage", stage(&job)));
        (job, at, state)
    });
    web::show(&ListsPage {
        jobs: shown.collect(),
        rows: MAX_ROWS,
        megabytes: MAX_FILE >> 20,
        page: page.titled("lists-title").crumb("/strutture", "structures-title"),
    })
}

/// What tells a file from another: its cells.
pub(super) fn digest(file: &Csv) -> String {
    let mut hasher = Sha256::new();
    for cells in std::iter::once(&file.header).chain(&file.rows) {
        for cell in cells {
            hasher.update(cell.as_bytes());
            hasher.update([0x1f]);
        }
        hasher.update([0x1e]);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of a file. What was decided of the same file before holds again; columns are as in an earlier file with the same header,
/// else guessed by their names.
pub(super) fn begin(id: String, file: &Csv, earlier: &[Job]) -> Job {
    let digest = digest(file);
    let same = earlier
        .iter()
        .find(|job| job.digest == digest && job.stage == Stage::Done);
    let alike = same.or_else(|| earlier.iter().find(|job| job.header == file.header));
    let mut job = Job {
        id,
        digest,
        header: file.header.clone(),
        rows: file.rows.len(),
        mapping: csv::guess(&file.header, &rules().columns),
        ..Job::default()
    };
    if let Some(known) = alike {
        job.mapping.clone_from(&known.mapping);
        job.kind.clone_from(&known.kind);
    }
    if let Some(known) = same {
        job.whole.clone_from(&known.whole);
        job.decisions.clone_from(&known.decisions);
        job.ceases.clone_from(&known.ceases);
        job.again.clone_from(&known.id);
    }
    job
}

/// `POST /strutture/elenchi`: the file is read and kept.
pub(crate) async fn upload(State(app): State<App>, page: Page, form: Multipart) -> Answer {
    let (name, file) = csv::uploaded(&page, form).await?;
    if file.rows.len() > MAX_ROWS {
        return Err(Failure::Unprocessable(page.t1("csv-rows", "max", MAX_ROWS)));
    }
    let earlier = job::latest(&app.system()).await?;
    let job = Job {
        file: name,
        by: page.actor().subject.clone(),
        by_name: page.actor().name.clone(),
        at: page.now().to_string(),
        ..begin(app.context.ids.next(), &file, &earlier)
    };
    job::save_file(&app.system(), &job.id, &file).await?;
    job::save(&app.system(), &job).await?;
    page.go(&format!("/strutture/elenchi/{}", job.id))
}

/// A list with its file.
pub(super) async fn found(app: &App, id: &str) -> Result<(Job, Csv), Failure> {
    let nothing = || Failure::NotFound(id.to_owned());
    let job = job::load(&app.system(), id).await?.ok_or_else(nothing)?;
    let file = job::file(&app.system(), id).await?.ok_or_else(nothing)?;
    Ok((job, file))
}

/// A list that is still looked at.
pub(super) async fn open(app: &App, page: &Page, id: &str) -> Result<(Job, Csv), Failure> {
    let (job, file) = found(app, id).await?;
    match job.stage {
        Stage::Review => Ok((job, file)),
        _ => Err(Failure::Conflict(page.t("lists-begun"))),
    }
}

/// `POST …/colonne`: which column is which field, of what kind rows are that say none, where the list is whole.
pub(crate) async fn columns(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Answer {
    let (mut job, _) = open(&app, &page, &id).await?;
    job.mapping = csv::chosen(&sent, job.header.len(), &rules().columns).map_err(|field| {
        let field = page.named("lists-field", &field);
        Failure::Unprocessable(page.t1("lists-twice", "field", field))
    })?;
    let of = |name: &str| {
        let found = sent.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    job.kind = Some(of("tipo"))
        .filter(|kind| tables::kind(kind).is_some())
        .unwrap_or_default();
    let register = app.register().await?;
    let whole = of("completo");
    let known = whole == "regione" || register.asls().iter().any(|asl| asl.id == whole);
    job.whole = Some(whole).filter(|_| known).unwrap_or_default();
    job::save(&app.system(), &job).await?;
    let told = page.t("lists-mapped");
    page.redirect(&format!("/strutture/elenchi/{id}"), Flash::success(told))
}

/// Does something to the end, also when nobody waits for it any more.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, component::PeerError>> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::spawn(work).await;
    Ok(done.map_err(|error| Failure::Internal(error.to_string()))??)
}

/// `POST …/applica`: writes what is decided; once more, what is not written yet.
pub(crate) async fn apply(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (mut job, file) = found(&app, &id).await?;
    if !matches!(job.stage, Stage::Review | Stage::Writing) {
        return Err(Failure::Conflict(page.t("lists-begun")));
    }
    app.kept.forget();
    let register = app.register().await?;
    let today = now(page.now()).date();
    let fhir = app.system();
    let written = to_the_end(async move {
        let plan = Plan::of(&job, &file, &register, today);
        run::apply(&fhir, &mut job, &plan, today).await
    });
    let written = written.await;
    app.kept.forget();
    written?;
    let told = page.t("lists-applied");
    page.redirect(&format!("/strutture/elenchi/{id}"), Flash::success(told))
}

/// `POST …/annulla`: takes back what was written.
pub(crate) async fn undo(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (mut job, _) = found(&app, &id).await?;
    if !matches!(job.stage, Stage::Done | Stage::Writing) {
        return Err(Failure::Conflict(page.t("lists-no-undo")));
    }
    let fhir = app.system();
    let undone = to_the_end(async move { run::undo(&fhir, &mut job).await }).await;
    app.kept.forget();
    undone?;
    let told = page.t("lists-undone");
    page.redirect(&format!("/strutture/elenchi/{id}"), Flash::success(told))
}

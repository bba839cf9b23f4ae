//! Starting a process by answering its start form: for a person (`/assistiti/{id}/percorsi/nuovo/{process}`), for none
//! (`/modelli/{process}/avvia`), and for programs (`POST /api/avvii/{process}`).

use super::task_form::{Sheet, refuse_lost_files};
use super::{App, people, start};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use component::PeerError;
use http::StatusCode;
use orchestrator::api::{DefinitionInfo, StartInstance};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::form::{About, Completed, Form, Posted, Prefill};
use web::{Answer, Failure, Html, Page};

#[derive(Template)]
#[template(path = "start_form.html")]
struct StartForm {
    page: Page,
    action: String,
    back: String,
    patient_name: String,
    form: Option<Html>,
    has_files: bool,
    missing: Option<String>,
}

/// What is to be started, for whom.
struct Wanted {
    definition: DefinitionInfo,
    patient: Option<Value>,
    sheet: Sheet,
}

impl Wanted {
    async fn read(app: &App, page: &Page, process: &str, patient: Option<&str>) -> Result<Self, Failure> {
        let orchestrator = app.orchestrator(page);
        let definition = orchestrator.definition(process).await?;
        let patient = match patient {
            None => None,
            Some(id) => {
                people::may_see(page, id)?;
                let patient = app.fhir(page).read("Patient", id).await?;
                if people::died(&patient).is_some() {
                    return Err(Failure::Unprocessable(page.t("start-dead")));
                }
                Some(patient)
            }
        };
        let sheet = match &definition.start_form {
            None => Sheet::None,
            Some(form) => match orchestrator.start_form(&definition.key).await {
                Ok(questionnaire) => Sheet::of(form, &questionnaire),
                Err(PeerError::Status { status, .. }) if status == StatusCode::NOT_FOUND => {
                    Sheet::Missing(form.clone())
                }
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Self {
            definition,
            patient,
            sheet,
        })
    }

    fn patient_id(&self) -> Option<&str> {
        self.patient.as_ref()?["id"].as_str()
    }

    fn prefill<'a>(&'a self, page: &Page, nothing: &'a Map<String, Value>) -> Prefill<'a> {
        Prefill {
            today: web::local_date(page.now()),
            now: page.now(),
            patient: self.patient.as_ref(),
            values: nothing,
        }
    }

    /// The start with the answers; the response and the files are written in the same commit.
    fn start(&self, page: &Page, done: Option<&Completed<'_>>) -> Result<StartInstance, Failure> {
        let subject = self.patient_id().map(|id| format!("Patient/{id}")).unwrap_or_default();
        let mut start = StartInstance {
            definition: self.definition.id.clone(),
            patient: self.patient_id().map(str::to_owned),
            only_one: self.patient.is_some(),
            ..StartInstance::default()
        };
        let Some(done) = done else { return Ok(start) };
        refuse_lost_files(page, done, &subject)?;
        start.variables = done.variables();
        if !subject.is_empty() {
            start.resources = done.resources(&About {
                subject: &subject,
                author: &page.actor().subject,
                authored: page.now(),
                task: "",
            });
        }
        Ok(start)
    }

    fn show(&self, page: Page, form: Option<Html>) -> Answer {
        let patient_name = self.patient.as_ref().map(people::name).unwrap_or_default();
        let process = &self.definition.id;
        let (action, back, page) = match self.patient_id() {
            Some(id) => {
                let person = format!("/assistiti/{id}");
                let page = page
                    .crumb("/assistiti", "patients-title")
                    .crumb_named(&person, patient_name.clone());
                (format!("{person}/percorsi/nuovo/{process}"), person, page)
            }
            None => {
                let model = format!("/modelli/{}", self.definition.key);
                let page = page
                    .crumb("/modelli", "models-title")
                    .crumb_named(&model, self.definition.name.clone());
                (format!("/modelli/{process}/avvia"), model, page)
            }
        };
        let title = page.t1("start-of", "name", self.definition.name.as_str());
        web::show(&StartForm {
            page: page.with_form().with_title(title),
            action,
            back,
            patient_name,
            form,
            has_files: self.sheet.form().is_some_and(Form::has_files),
            missing: self.sheet.missing().map(str::to_owned),
        })
    }
}

/// The form for a person.
pub async fn for_patient(State(app): State<App>, page: Page, Path((id, process)): Path<(String, String)>) -> Answer {
    ask(&app, page, &process, Some(&id)).await
}

/// Starts it for a person.
pub async fn submit_for_patient(
    State(app): State<App>,
    page: Page,
    Path((id, process)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    submit(&app, page, &process, Some(&id), &posted).await
}

/// The form of a process that is about nobody.
pub async fn for_nobody(State(app): State<App>, page: Page, Path(process): Path<String>) -> Answer {
    ask(&app, page, &process, None).await
}

/// Starts a process that is about nobody.
pub async fn submit_for_nobody(
    State(app): State<App>,
    page: Page,
    Path(process): Path<String>,
    posted: Posted,
) -> Answer {
    submit(&app, page, &process, None, &posted).await
}

async fn ask(app: &App, page: Page, process: &str, patient: Option<&str>) -> Answer {
    let (wanted, nothing) = (Wanted::read(app, &page, process, patient).await?, Map::new());
    let form = wanted.sheet.form();
    let form = form.map(|form| form.fill(&wanted.prefill(&page, &nothing)).html(page.texts()));
    wanted.show(page, form)
}

async fn submit(app: &App, page: Page, process: &str, patient: Option<&str>, posted: &Posted) -> Answer {
    let (wanted, nothing) = (Wanted::read(app, &page, process, patient).await?, Map::new());
    let prefill = wanted.prefill(&page, &nothing);
    let again = |page: Page, html: Html, status: StatusCode| {
        let mut response = wanted.show(page, Some(html))?;
        *response.status_mut() = status;
        Ok(response)
    };
    let start = match wanted.sheet.form() {
        None => wanted.start(&page, None)?,
        Some(form) => {
            if let Some(entry) = form.rows_changed(posted, &prefill) {
                let html = entry.html(page.texts());
                return again(page, html, StatusCode::OK);
            }
            match form.submit_all(posted, &prefill, page.texts()) {
                Ok(done) => wanted.start(&page, Some(&done))?,
                Err(entry) => {
                    let html = entry.html(page.texts());
                    return again(page, html, StatusCode::UNPROCESSABLE_ENTITY);
                }
            }
        }
    };
    start::begin(app, page, &start).await
}

/// Body of `POST /api/avvii/{process}`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct StartWithAnswers {
    /// Patient id, for a process about a person.
    patient: Option<String>,
    /// Business key.
    business_key: Option<String>,
    /// Answers by linkId; a group that repeats is a list of objects, a choice its code.
    answers: Map<String, Value>,
}

/// Starts an instance with the answers of its start form, checked as those of the page: 201 with the instance, 422 with
/// `errors: [{field, message}]`.
pub async fn api(
    State(app): State<App>,
    page: Page,
    Path(process): Path<String>,
    Json(asked): Json<StartWithAnswers>,
) -> Result<Response, Failure> {
    let wanted = Wanted::read(&app, &page, &process, asked.patient.as_deref()).await?;
    let (mut fields, nothing) = (Vec::new(), Map::new());
    fields_of("", &asked.answers, &mut fields);
    let mut start = match wanted.sheet.form() {
        None => wanted.start(&page, None)?,
        Some(form) => match form.submit(&fields, &wanted.prefill(&page, &nothing), page.texts()) {
            Ok(done) => wanted.start(&page, Some(&done))?,
            Err(entry) => {
                let errors = entry.errors().iter();
                let errors: Vec<Value> = errors.map(|e| json!({"field": e.link, "message": e.message})).collect();
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"errors": errors}))).into_response());
            }
        },
    };
    start.business_key = asked.business_key;
    let instance = app.orchestrator(&page).start(&start).await?;
    Ok((StatusCode::CREATED, Json(instance)).into_response())
}

/// What a browser would send for these answers.
fn fields_of(prefix: &str, answers: &Map<String, Value>, out: &mut Vec<(String, String)>) {
    for (name, value) in answers {
        let name = format!("{prefix}{name}");
        match value {
            Value::Null => {}
            Value::String(text) => out.push((name, text.clone())),
            Value::Array(rows) if rows.iter().any(Value::is_object) => {
                out.push((format!("{name}._righe"), rows.len().to_string()));
                for (n, row) in rows.iter().enumerate() {
                    if let Some(row) = row.as_object() {
                        fields_of(&format!("{name}[{n}]."), row, out);
                    }
                }
            }
            Value::Array(several) => {
                let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
                out.extend(several.iter().map(|one| (name.clone(), text(one))));
            }
            other => out.push((name, other.to_string())),
        }
    }
}

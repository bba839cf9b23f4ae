//! "Non riconosco questo accesso": a report to the data-protection officer, once for each access.

use crate::requests::{REPORT, id_of};
use crate::{App, people};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use http::StatusCode;
use orchestrator::api::StartInstance;
use serde::Deserialize;
use serde_json::{Map, json};
use web::{Answer, Failure, Flash, Page};

/// Code system of what this component keeps as Basic resources.
pub(crate) const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/diritti";
/// Prefix of its extensions.
pub(crate) const EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/diritti-";
/// Longest text of the person.
const LONGEST: usize = 2000;

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    page: Page,
    access: String,
    what: String,
    words: String,
    error: Option<String>,
}

/// Which access.
#[derive(Deserialize)]
pub(crate) struct Which {
    accesso: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    accesso: String,
    #[serde(default)]
    parole: String,
}

/// `GET /diritti/accessi/segnala?accesso=`.
pub(crate) async fn ask(State(app): State<App>, page: Page, Query(which): Query<Which>) -> Answer {
    form(&app, page, &which.accesso, String::new(), None).await
}

/// `POST /diritti/accessi/segnala`.
pub(crate) async fn report(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let patient = people::citizen(&page)?;
    if sent.parole.chars().count() > LONGEST {
        let error = page.t1("text-too-long", "max", LONGEST);
        let mut response = form(&app, page, &sent.accesso, sent.parole, Some(error)).await?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let event = own_event(&app, &page, &patient, &sent.accesso).await?;
    let id = id_of("segnalazione", &[&patient, &sent.accesso]);
    let system = app.system();
    if system.find("Basic", &id).await?.is_some() {
        return page.redirect("/diritti/accessi", Flash::warning(page.t("report-again")));
    }
    let extension = |name: &str, value: &str| json!({"url": format!("{EXTENSION}{name}"), "valueString": value});
    let mut extensions = vec![
        extension("accesso", &sent.accesso),
        extension("chi", event["agent"][0]["who"]["reference"].as_str().unwrap_or("-")),
        extension("quando", event["recorded"].as_str().unwrap_or("-")),
        extension("stato", "inviata"),
    ];
    if !sent.parole.trim().is_empty() {
        extensions.push(extension("parole", sent.parole.trim()));
    }
    let report = json!({
        "resourceType": "Basic", "id": id, "meta": {"security": [crate::requests::PRIVATE.clone()]},
        "code": {"coding": [{"system": SYSTEM, "code": REPORT}], "text": "Accesso non riconosciuto"},
        "subject": {"reference": format!("Patient/{patient}")},
        "created": web::local_date(page.now()).to_string(),
        "author": {"reference": page.actor().subject},
        "extension": extensions,
    });
    // The work of the officer names the report only: who it is about stands in the report, which staff cannot read.
    let start = StartInstance {
        // The process goes by the name of the code.
        definition: REPORT.into(),
        business_key: Some(id.clone()),
        variables: Map::from_iter([("segnalazione".to_owned(), json!(id))]),
        resources: vec![report],
        ..StartInstance::default()
    };
    app.context
        .peers
        .orchestrator(&access::Actor::system())
        .start(&start)
        .await?;
    page.redirect("/diritti/accessi", Flash::success(page.t("report-sent")))
}

async fn form(app: &App, page: Page, access: &str, words: String, error: Option<String>) -> Answer {
    let patient = people::citizen(&page)?;
    let event = own_event(app, &page, &patient, access).await?;
    let recorded = event["recorded"].as_str().and_then(|text| text.parse().ok());
    let what = recorded.map(|at| page.date_time(&at)).unwrap_or_default();
    web::show(&ReportPage {
        page: page
            .titled("report-title")
            .crumb("/diritti", "rights-title")
            .crumb("/diritti/accessi", "accesses-title"),
        access: access.to_owned(),
        what,
        words,
        error,
    })
}

/// The entry, if it is one about this person: the hub shows a citizen no other.
async fn own_event(app: &App, page: &Page, patient: &str, id: &str) -> Result<serde_json::Value, Failure> {
    let none = || Failure::NotFound("access".into());
    if !people::is_id(id) {
        return Err(none());
    }
    let event = app.fhir(page).find("AuditEvent", id).await?.ok_or_else(none)?;
    let own = format!("Patient/{patient}");
    let about = event["entity"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|entity| entity["what"]["reference"] == own.as_str());
    if about { Ok(event) } else { Err(none()) }
}

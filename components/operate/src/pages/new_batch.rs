//! `/regia/lotti/nuovo`: what is to be done with many instances; then the preview; then the start.

use super::ask::{ACTIONS, Ask};
use super::{App, told};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use component::PeerError;
use orchestrator::api::{BatchPreview, DefinitionInfo};
use web::{Answer, Failure, Flash, Page};

/// Fields that say how, not which instances.
const HOW: [&str; 12] = [
    "azione",
    "variabili",
    "tentativi",
    "messaggio",
    "versione",
    "annulla",
    "avvia",
    "motivo",
    "ritmo",
    "conferma",
    "dopo",
    "sicuro",
];

#[derive(Template)]
#[template(path = "new_batch.html")]
struct NewBatch {
    page: Page,
    ask: Ask,
    versions: Vec<DefinitionInfo>,
    chosen: Vec<String>,
    wrong: Option<String>,
}

impl NewBatch {
    fn action(&self) -> &str {
        self.ask.get("azione")
    }

    fn is(&self, actions: &[&str]) -> bool {
        actions.contains(&self.action())
    }

    fn hidden(&self) -> Vec<(String, String)> {
        let mut fields = self.ask.but(&HOW);
        fields.push(("azione".into(), self.action().to_owned()));
        fields
    }
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    page: Page,
    ask: Ask,
    preview: BatchPreview,
    back: String,
}

impl Preview {
    fn hidden(&self) -> Vec<(String, String)> {
        let mut fields = self.ask.but(&["conferma"]);
        fields.push(("conferma".into(), self.preview.confirmation.clone()));
        fields
    }
}

/// The form.
pub async fn form(State(app): State<App>, page: Page, Query(fields): Query<Vec<(String, String)>>) -> Answer {
    again(&app, page, Ask::of(fields), None).await
}

async fn again(app: &App, page: Page, ask: Ask, wrong: Option<String>) -> Answer {
    let action = ask.get("azione");
    if !ACTIONS.contains(&action) {
        return page.redirect(&ask.address("/regia", &[]), Flash::warning(page.t("wrong-action")));
    }
    if ask.ticked().is_empty() && !ask.searches() {
        return page.redirect("/regia", Flash::warning(page.t("nothing-chosen")));
    }
    let versions = match action {
        "migrate" => app.orchestrator(&page).all_definitions().await?,
        _ => Vec::new(),
    };
    let title = page.t1("batch-title", "what", page.t(&format!("action-{action}")));
    web::show(&NewBatch {
        chosen: chosen(&page, &ask),
        page: page.crumb("/regia", "operate-title").with_title(title),
        ask,
        versions,
        wrong,
    })
}

/// Which instances, in words.
fn chosen(page: &Page, ask: &Ask) -> Vec<String> {
    let ticked = ask.ticked().len();
    if ticked > 0 {
        return vec![page.t1("chosen-ticked", "n", ticked)];
    }
    let said = super::ask::SEARCH.iter().filter(|name| !ask.get(name).is_empty());
    said.map(|name| {
        let value = match *name {
            "stato" => page.t(&format!("status-{}", ask.get(name))),
            _ => ask.get(name).to_owned(),
        };
        format!("{}: {value}", page.t(&format!("field-{name}")))
    })
    .collect()
}

/// `POST /regia/lotti/anteprima`.
pub async fn preview(State(app): State<App>, page: Page, Form(fields): Form<Vec<(String, String)>>) -> Answer {
    let ask = Ask::of(fields);
    if ask.get("motivo").is_empty() {
        let wrong = page.t("reason-missing");
        return again(&app, page, ask, Some(wrong)).await;
    }
    let request = match ask.request(&page) {
        Ok(request) => request,
        Err(wrong) => return again(&app, page, ask, Some(wrong)).await,
    };
    let preview = match app.orchestrator(&page).preview_batch(&request).await {
        Ok(preview) => preview,
        Err(PeerError::Status { status, message }) if matches!(status.as_u16(), 400 | 404 | 422) => {
            return again(&app, page, ask, Some(message)).await;
        }
        Err(error) => return Err(error.into()),
    };
    let action = ask.get("azione").to_owned();
    let title = page.t1("preview-title", "what", page.t(&format!("action-{action}")));
    let back = if ask.ticked().is_empty() {
        ask.address("/regia/lotti/nuovo", &[("azione", &action)])
    } else {
        "/regia".to_owned()
    };
    web::show(&Preview {
        page: page.crumb("/regia", "operate-title").with_title(title),
        ask,
        preview,
        back,
    })
}

/// `POST /regia/lotti`.
pub async fn start(State(app): State<App>, page: Page, Form(fields): Form<Vec<(String, String)>>) -> Answer {
    let ask = Ask::of(fields);
    let request = ask.request(&page).map_err(Failure::Unprocessable)?;
    let begun = app.orchestrator(&page).start_batch(&request).await;
    let to = begun.as_ref().map_or_else(
        |_| "/regia/lotti".to_owned(),
        |batch| format!("/regia/lotti/{}", batch.id),
    );
    let flash = told(&page, begun, "batch-begun")?;
    page.redirect(&to, flash)
}

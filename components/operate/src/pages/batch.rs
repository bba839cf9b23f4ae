//! `/regia/lotti/{id}`: how far a batch is, what became of each instance; holding it, letting it go on, stopping it,
//! taking up what failed.

use super::ask::Ask;
use super::{App, is_id, told};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use http::header;
use orchestrator::api::{BatchInfo, BatchItem, BatchState};
use web::{Answer, Confirm, Failure, Flash, Page};

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    page: Page,
    batch: BatchInfo,
    items: Vec<BatchItem>,
    result: String,
    next: Option<String>,
}

impl BatchPage {
    /// It changes by itself: the page is read again now and then.
    fn moves(&self) -> bool {
        matches!(self.batch.state, BatchState::Selecting | BatchState::Running)
    }

    fn paused(&self) -> bool {
        self.batch.state == BatchState::Paused
    }

    fn ended(&self) -> bool {
        self.batch.state.ended()
    }

    fn state_key(&self) -> String {
        format!("batch-{}", self.batch.state.name())
    }

    fn results(&self) -> [&'static str; 4] {
        ["", "done", "failed", "skipped"]
    }

    /// Seconds still needed at the speed so far.
    fn seconds_left(&self) -> Option<u64> {
        let left = self.batch.total.saturating_sub(self.batch.processed());
        let speed = self.batch.speed.filter(|speed| *speed > 0.0 && self.moves())?;
        Some((left as f64 / speed).ceil() as u64)
    }
}

/// The page.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(fields): Query<Vec<(String, String)>>,
) -> Answer {
    if !is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let ask = Ask::of(fields);
    let some = |name: &str| Some(ask.get(name).to_owned()).filter(|value| !value.is_empty());
    let (result, after) = (some("esito"), some("dopo"));
    let orchestrator = app.orchestrator(&page);
    let (batch, items) = tokio::try_join!(
        orchestrator.batch(&id),
        orchestrator.batch_items(&id, result.as_deref(), after.as_deref(), PAGE)
    )?;
    let next = items.next.map(|mark| {
        let query = [("esito", result.as_deref().unwrap_or_default()), ("dopo", &mark)];
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        format!("/regia/lotti/{id}?{query}")
    });
    let title = page.t1(
        "batch-title",
        "what",
        page.t(&format!("action-{}", batch.operation.name())),
    );
    web::show(&BatchPage {
        page: page
            .crumb("/regia", "operate-title")
            .crumb("/regia/lotti", "batches-title")
            .with_title(title),
        batch,
        items: items.items,
        result: result.unwrap_or_default(),
        next,
    })
}

/// `GET /regia/lotti/{id}/esiti?formato=csv`: every outcome as a file.
pub async fn export(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(fields): Query<Vec<(String, String)>>,
) -> Answer {
    if !is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let (format, mime) = match Ask::of(fields).get("formato") {
        "json" => ("json", "application/json"),
        _ => ("csv", "text/csv; charset=utf-8"),
    };
    let bytes = app.orchestrator(&page).batch_export(&id, format).await?;
    let headers = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"lotto-{id}.{format}\""),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// `POST /regia/lotti/{id}/{azione}`.
pub async fn steer(
    State(app): State<App>,
    page: Page,
    Path((id, action)): Path<(String, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    if !is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let orchestrator = app.orchestrator(&page);
    let how = match action.as_str() {
        "pausa" => "pause",
        "riprendi" => "resume",
        "ferma" => "cancel",
        "rimuovi" => return remove(&app, page, &id, &Ask::of(fields)).await,
        "riprova" => {
            let again = orchestrator.retry_batch(&id, Ask::of(fields).get("motivo")).await;
            let to = again.as_ref().map_or_else(|_| id.clone(), |again| again.id.clone());
            let flash = told(&page, again, "batch-begun")?;
            return page.redirect(&format!("/regia/lotti/{to}"), flash);
        }
        _ => return Err(Failure::NotFound(action)),
    };
    let done = orchestrator.steer_batch(&id, how).await;
    let flash: Flash = told(&page, done, &format!("batch-told-{how}"))?;
    page.redirect(&format!("/regia/lotti/{id}"), flash)
}

/// Asks, then removes it.
async fn remove(app: &App, page: Page, id: &str, ask: &Ask) -> Answer {
    let back = format!("/regia/lotti/{id}");
    if ask.get("sicuro") != "si" {
        let confirm = Confirm {
            question: page.t("batch-remove-question"),
            consequences: vec![page.t("batch-remove-what"), page.t("batch-remove-stays")],
            action: format!("{back}/rimuovi"),
            button: page.t("batch-remove"),
            cancel: back,
            fields: vec![("sicuro".into(), "si".into())],
            ..Confirm::default()
        };
        let page = page
            .crumb("/regia", "operate-title")
            .crumb("/regia/lotti", "batches-title");
        return web::confirm(page, confirm);
    }
    let done = app.orchestrator(&page).remove_batch(id).await;
    let flash = told(&page, done, "batch-removed")?;
    page.redirect("/regia/lotti", flash)
}

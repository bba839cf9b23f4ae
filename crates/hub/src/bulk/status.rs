//! `[base]/$export-status/[id]` and `$import-status`: how far a job is, its manifest, its cancellation.

use super::job::{self, Job, Made, State, Task};
use super::{Call, run};
use crate::outcome::{self, Issue};
use crate::{Hub, HubError};
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

/// Seconds after which a client should ask again.
const RETRY_AFTER_S: u32 = 2;

/// The job, if it is there and the caller's.
pub(super) async fn find(hub: &Hub, call: &mut Call) -> Result<Job, HubError> {
    let id = call.ask.param("job");
    let missing = || HubError::NoRoute(format!("bulk job {id}"));
    let job = job::load(hub, id).await?.ok_or_else(missing)?;
    let expired = run::expiry(hub, &job).is_some_and(|expiry| expiry <= hub.clock.now());
    if expired || !call.owns(&job) {
        return Err(missing());
    }
    Ok(job)
}

/// `GET`.
pub(super) async fn show(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    let job = find(&hub, &mut call).await?;
    match job.state {
        State::Waiting | State::Running => Ok(under_way(&hub, &job)),
        State::Complete => Ok(manifest(&hub, &job)),
        State::Failed => {
            let message = job.message.unwrap_or_default();
            let issue = Issue::error("processing", format!("the job failed: {message}"));
            let body = outcome::bytes(&[issue]);
            Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, "application/fhir+json", body))
        }
    }
}

/// `DELETE`: ends a job under way, removes a finished one with its files.
pub(super) async fn cancel(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    let job = find(&hub, &mut call).await?;
    if hub.bulk.live(&job.id).is_some() {
        // Its own task removes it, after the step it is in.
        hub.bulk.cancel(&job.id);
    } else {
        run::remove(&hub, &job.id).await?;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

fn under_way(hub: &Hub, job: &Job) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    let progress = hub
        .bulk
        .live(&job.id)
        .map_or_else(|| "interrupted".to_owned(), |live| live.progress());
    if let Ok(value) = HeaderValue::from_str(&progress) {
        headers.insert("x-progress", value);
    }
    response
}

fn manifest(hub: &Hub, job: &Job) -> Response {
    let list = |made: &[Made]| -> Vec<Value> {
        let url = |made: &Made| format!("{}/$bulk-file/{}/{}", hub.config.base_url, job.id, made.name);
        let one = |made: &Made| {
            let mut entry = json!({"type": made.rtype, "url": url(made), "count": made.count});
            if let Some(input) = &made.input {
                entry["inputUrl"] = Value::from(input.as_str());
            }
            entry
        };
        made.iter().map(one).collect()
    };
    let time = job.time.unwrap_or(job.created);
    let mut body = json!({
        "transactionTime": time.to_string(),
        "request": job.request,
        "requiresAccessToken": true,
        "output": list(&job.left.output),
        "error": list(&job.left.error),
    });
    if matches!(job.task, Task::Export(_)) {
        body["deleted"] = Value::from(list(&job.left.deleted));
    }
    if let Some(message) = &job.message {
        body["extension"] = json!({"summary": message});
    }
    let mut response = answer(StatusCode::OK, "application/json", body.to_string().into());
    let expires = run::expiry(hub, job).map(crate::http::http_date);
    if let Some(value) = expires.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::EXPIRES, value);
    }
    response
}

fn answer(status: StatusCode, media: &'static str, body: bytes::Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

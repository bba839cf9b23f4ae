//! `GET /diritti/richieste/{id}/copia/{parte}`: a part of the copy, for whoever made the request only.

use super::binary_id;
use crate::App;
use crate::requests;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use web::{Answer, Failure, Page};

/// The file.
pub(crate) async fn download(State(app): State<App>, page: Page, Path((id, part)): Path<(String, usize)>) -> Answer {
    let request = requests::own(&app, &page, &id).await?;
    let none = || Failure::NotFound("copy".into());
    let parts: usize = request.get("parti").parse().unwrap_or(0);
    let over = request.moment("copia-fino").is_none_or(|until| until < page.now());
    // A parent's copy is not the child's, nor the other way: what each may see differs.
    if request.author() != page.actor().subject || over || !(1..=parts).contains(&part) {
        return Err(none());
    }
    let binary = app
        .system()
        .find("Binary", &binary_id(&request.id, part))
        .await?
        .ok_or_else(none)?;
    let data = STANDARD.decode(binary["data"].as_str().unwrap_or_default());
    let data = data.map_err(|error| Failure::Internal(format!("the copy is damaged: {error}")))?;
    let mut response = data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"i-miei-dati-{part}.zip\"");
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_str(&name).map_err(|_| none())?,
    );
    response.extensions_mut().insert(access::AuditPatient(request.patient));
    Ok(response)
}

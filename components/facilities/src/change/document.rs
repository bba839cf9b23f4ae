//! Documents of authorisations and accreditations: kept as `Binary` when they are sent with a request, public once it is approved.

use super::Request;
use crate::App;
use crate::who::may_ask;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Form, extract};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;
use serde_json::{Value, json};
use std::collections::HashMap;
use web::{Failure, Page};

/// Largest document, bytes.
pub(super) const MAX: usize = 5 << 20;
/// Characters of a file's name that are kept.
const NAME: usize = 100;

/// Where the document of a request stands, once it is in the registry.
pub(super) fn address(request: &str) -> String {
    format!("/strutture/documenti/{request}")
}

fn id(request: &str) -> String {
    format!("titolo-{request}")
}

/// What a form sends: its fields, and the file of `documento`, whose name is then the field's value.
pub(super) async fn sent(
    page: &Page,
    request: extract::Request,
) -> Result<(HashMap<String, String>, Option<Bytes>), Failure> {
    let unread = || Failure::Unprocessable(page.t("csv-unread"));
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        let Form(fields) = Form::from_request(request, &()).await.map_err(|_| unread())?;
        return Ok((fields, None));
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unread())?;
    let (mut fields, mut document) = (HashMap::new(), None);
    while let Some(field) = form.next_field().await.map_err(|_| unread())? {
        let name = field.name().unwrap_or_default().to_owned();
        let file: Option<String> = field.file_name().map(|name| name.chars().take(NAME).collect());
        let bytes = field.bytes().await.map_err(|_| unread())?;
        match file {
            Some(_) if bytes.is_empty() => {}
            Some(file) => {
                fields.insert(name, file);
                document = Some(bytes);
            }
            None => {
                fields.insert(name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    Ok((fields, document))
}

/// What is wrong with a document.
pub(super) fn wrong(page: &Page, document: &Bytes) -> Option<String> {
    match document.starts_with(b"%PDF-") {
        _ if document.len() > MAX => Some(page.t1("document-large", "mb", MAX >> 20)),
        false => Some(page.t("document-kind")),
        true => None,
    }
}

/// As it is kept.
pub(super) fn resource(request: &str, document: &Bytes) -> Value {
    json!({"resourceType": "Binary", "id": id(request), "contentType": "application/pdf", "data": STANDARD.encode(document)})
}

/// `GET /strutture/documenti/{id}`: for everybody once a structure cites it; before, for who asked and who decides.
pub(crate) async fn document(
    State(app): State<App>,
    page: Page,
    Path(request): Path<String>,
) -> Result<Response, Failure> {
    let register = app.register().await?;
    let here = address(&request);
    let mut titles = register.all().iter().flat_map(|one| &one.titles);
    if !titles.any(|title| title.document.as_deref() == Some(&here)) {
        let asked = Request::find(&app.system(), &request).await?;
        let asked = asked.filter(|asked| may_ask(page.actor(), &register, asked.get("struttura")));
        asked.ok_or_else(|| Failure::NotFound(request.clone()))?;
    }
    let found = app.system().find("Binary", &id(&request)).await?;
    let data = found
        .as_ref()
        .and_then(|binary| STANDARD.decode(binary["data"].as_str()?).ok());
    let data = data.ok_or_else(|| Failure::NotFound(request.clone()))?;
    let name: String = request
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"atto-{name}.pdf\""),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, data).into_response())
}

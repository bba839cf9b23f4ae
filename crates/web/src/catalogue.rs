//! `GET /api`: the catalogue of the API for people; `GET /api/openapi.json`: the same for programs (OpenAPI 3.1).

use crate::{Answer, Kit, Page};
use access::{Policy, Routes};
use askama::Template;
use axum::extract::{FromRef, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{Method, header};
use serde_json::Value;
use std::sync::Arc;

/// State of these pages.
#[derive(Clone, FromRef)]
struct Catalogue {
    kit: Kit,
    document: Arc<Document>,
}

struct Document {
    bytes: Bytes,
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    name: String,
    operations: Vec<Operation>,
}

#[derive(Clone)]
struct Operation {
    id: String,
    verb: String,
    path: String,
    summary: String,
    who: String,
    parameters: Vec<Parameter>,
    body: String,
    answer: String,
}

#[derive(Clone)]
struct Parameter {
    name: String,
    required: bool,
    text: String,
}

#[derive(Template)]
#[template(path = "catalogue.html")]
struct CataloguePage {
    page: Page,
    parts: Vec<Part>,
}

/// The routes; the binary merges them with all others. `document`: the catalogue in OpenAPI.
pub fn catalogue(kit: &Kit, document: &Value) -> Routes {
    let state = Catalogue {
        kit: kit.clone(),
        document: Arc::new(Document {
            bytes: Bytes::from(document.to_string()),
            parts: parts(document),
        }),
    };
    Routes::new()
        .route(
            Method::GET,
            "/api",
            Policy::SignedIn,
            get(show).with_state(state.clone()),
        )
        .route(
            Method::GET,
            "/api/openapi.json",
            Policy::SignedIn,
            get(json).with_state(state),
        )
}

async fn show(State(document): State<Arc<Document>>, page: Page) -> Answer {
    crate::show(&CataloguePage {
        page: page.titled("api-title"),
        parts: document.parts.clone(),
    })
}

async fn json(State(document): State<Arc<Document>>) -> Response {
    let media = "application/vnd.oai.openapi+json;version=3.1";
    ([(header::CONTENT_TYPE, media)], document.bytes.clone()).into_response()
}

fn parts(document: &Value) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (path, verbs) in document["paths"].as_object().into_iter().flatten() {
        for (verb, operation) in verbs.as_object().into_iter().flatten() {
            let name = operation["tags"][0].as_str().unwrap_or_default();
            let made = read(document, path, verb, operation);
            match parts.iter_mut().find(|part| part.name == name) {
                Some(part) => part.operations.push(made),
                None => parts.push(Part {
                    name: name.to_owned(),
                    operations: vec![made],
                }),
            }
        }
    }
    parts
}

fn read(document: &Value, path: &str, verb: &str, operation: &Value) -> Operation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let success = operation["responses"]
        .as_object()
        .and_then(|responses| responses.iter().find(|(status, _)| status.starts_with('2')))
        .map(|(_, response)| &response["content"]["application/json"]["schema"]);
    Operation {
        id: text(&operation["operationId"]),
        verb: verb.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        who: text(&operation["x-who"]),
        parameters: parameters
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                required: parameter["required"] == true,
                text: text(&parameter["description"]),
            })
            .collect(),
        body: shown(
            document,
            &operation["requestBody"]["content"]["application/json"]["schema"],
        ),
        answer: success.map(|schema| shown(document, schema)).unwrap_or_default(),
    }
}

/// A schema as text, with the one that it refers to in its place; empty for none.
fn shown(document: &Value, schema: &Value) -> String {
    if schema.is_null() {
        return String::new();
    }
    let found = schema["$ref"]
        .as_str()
        .and_then(|reference| document.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema);
    serde_json::to_string_pretty(found).unwrap_or_default()
}

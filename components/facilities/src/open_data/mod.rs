//! Open data: the structures as CSV, JSON and GeoJSON, described by DCAT-AP_IT; dated, with their licence.

mod catalogue;
mod files;

use crate::App;
use crate::find::{Asked, PAGE, find};
use crate::model::Facility;
use crate::open::State as Open;
use crate::pages::now;
use crate::rules;
use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, header};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::{Answer, Failure, Page};

#[cfg(test)]
pub use files::csv as csv_of;

/// Licence of what is exported: that of its sources, with attribution.
pub const LICENCE: &str = "https://creativecommons.org/licenses/by/4.0/";
/// Whom to name.
pub const ATTRIBUTION: &str = "Ministero della Salute (HL7 Italia, CC0); ISTAT tramite openpolis (CC BY 4.0); le voci con origine 'dimostrativo' sono inventate";

/// Which day.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Dated {
    /// What is true on this day, `YYYY-MM-DD`; today when it is left out.
    al: String,
}

/// Every structure of a day.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Structures {
    /// The day it holds for.
    date: Date,
    /// Licence.
    licence: &'static str,
    /// Whom to name.
    attribution: &'static str,
    /// The structures that exist on that day.
    structures: Vec<Facility>,
}

async fn of_day(app: &App, dated: &Dated) -> Result<(Date, Vec<Facility>), Failure> {
    let register = app.register().await?;
    let today = now(app.context.clock.now()).date();
    let day = match dated.al.as_str() {
        "" => today,
        text => text
            .parse()
            .map_err(|_| Failure::Unprocessable(format!("al: '{text}' is no day YYYY-MM-DD")))?,
    };
    let mut all: Vec<Facility> = register
        .all()
        .iter()
        .filter(|one| one.stood(day))
        .map(|one| one.on(day))
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok((day, all))
}

fn file(body: String, media: &'static str, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(
        HeaderName::from_static("link"),
        HeaderValue::from_static("<https://creativecommons.org/licenses/by/4.0/>; rel=\"license\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// `GET /facilities/structures`.
pub(crate) async fn json(State(app): State<App>, Query(dated): Query<Dated>) -> Result<Json<Structures>, Failure> {
    let (date, structures) = of_day(&app, &dated).await?;
    Ok(Json(Structures {
        date,
        licence: LICENCE,
        attribution: ATTRIBUTION,
        structures,
    }))
}

/// `GET /facilities/structures/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    axum::extract::Path(id): axum::extract::Path<String>,
    Query(dated): Query<Dated>,
) -> Result<Json<Facility>, Failure> {
    let found = of_day(&app, &dated).await?.1.into_iter().find(|one| one.id == id);
    found.map(Json).ok_or(Failure::NotFound(id))
}

/// A structure that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StructureHit {
    /// `open`, `closed`, `unknown`, now.
    state: &'static str,
    /// How far, where something was near.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_km: Option<f64>,
    /// The structure, as it is on the day.
    structure: Facility,
}

/// A page of what was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Hits {
    /// The day it holds for.
    date: Date,
    /// Of all pages.
    total: usize,
    /// This page, from 1.
    page: usize,
    /// Nearest first where a place is given, else the likeliest first.
    found: Vec<StructureHit>,
}

/// `GET /facilities/search`: what the page `/strutture` and the map find.
pub(crate) async fn search(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Json<Hits>, Failure> {
    let register = app.register().await?;
    let result = find(&register, &asked, now(app.context.clock.now()), PAGE);
    if result.nowhere {
        let place = if asked.qui.is_empty() {
            &asked.vicino
        } else {
            &asked.qui
        };
        return Err(Failure::Unprocessable(format!(
            "vicino, qui: '{place}' is neither a municipality of the region nor latitude,longitude"
        )));
    }
    let found = result.found.iter().map(|found| StructureHit {
        state: match found.state {
            Open::Open(_) => "open",
            Open::Closed(_) => "closed",
            Open::Unknown => "unknown",
        },
        distance_km: found.distance_km.map(|km| (km * 1000.0).round() / 1000.0),
        structure: found.one.on(result.day),
    });
    Ok(Json(Hits {
        date: result.day,
        total: result.total,
        page: result.page,
        found: found.collect(),
    }))
}

/// `GET /facilities/structures.csv`.
pub(crate) async fn csv(State(app): State<App>, Query(dated): Query<Dated>) -> Result<Response, Failure> {
    let (day, all) = of_day(&app, &dated).await?;
    let register = app.register().await?;
    Ok(file(
        files::csv(&all, &register, day),
        "text/csv; charset=utf-8",
        &format!("strutture-{day}.csv"),
    ))
}

/// `GET /facilities/structures.geojson`.
pub(crate) async fn geojson(State(app): State<App>, Query(dated): Query<Dated>) -> Result<Response, Failure> {
    let (day, all) = of_day(&app, &dated).await?;
    Ok(file(
        files::geojson(&all, day).to_string(),
        "application/geo+json",
        &format!("strutture-{day}.geojson"),
    ))
}

/// `GET /facilities/catalogue.jsonld`: DCAT-AP_IT.
pub(crate) async fn catalogue(State(app): State<App>, headers: http::HeaderMap) -> Result<Response, Failure> {
    let today = now(app.context.clock.now()).date();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    let base = format!("https://{}", if plain { host } else { "localhost" });
    Ok(file(
        catalogue::dcat(&base, today).to_string(),
        "application/ld+json",
        "catalogo.jsonld",
    ))
}

#[derive(Template)]
#[template(path = "open_data.html")]
struct OpenDataPage {
    page: Page,
    day: String,
    iso: String,
    count: usize,
    files: Vec<(String, &'static str, String)>,
    kinds: usize,
}

/// `GET /strutture/dati-aperti`.
pub(crate) async fn page(State(app): State<App>, page: Page, Query(dated): Query<Dated>) -> Answer {
    let (day, all) = of_day(&app, &dated).await?;
    let files = [
        ("structures.csv", "CSV", "csv"),
        ("structures", "JSON", "json"),
        ("structures.geojson", "GeoJSON", "geojson"),
    ];
    let mut files: Vec<_> = files
        .iter()
        .map(|(path, name, key)| {
            (
                format!("/facilities/{path}?al={day}"),
                *name,
                page.t(&format!("open-{key}")),
            )
        })
        .collect();
    files.push(("/facilities/catalogue.jsonld".into(), "DCAT-AP_IT", page.t("open-dcat")));
    web::show(&OpenDataPage {
        day: web::date(day),
        iso: day.to_string(),
        count: all.len(),
        kinds: rules::kinds().len(),
        files,
        page: page.titled("open-data").crumb("/strutture", "structures-title"),
    })
}

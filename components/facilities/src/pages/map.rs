//! `GET /mappa`: what is near, what is open, on a map and as a list.

use super::search::{Choices, Row, following, row};
use super::words;
use crate::App;
use crate::find::{Asked, PAGE, find};
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, header};
use std::io::Read as _;
use web::{Answer, Failure, Page};

/// Borders of the municipalities, GeoJSON.
const BORDERS: &[u8] = include_bytes!("../../data/comuni.geojson.gz");

#[derive(Template)]
#[template(path = "map.html")]
struct MapPage {
    page: Page,
    asked: Asked,
    total: usize,
    rows: Vec<Row>,
    choices: Choices,
    near: Option<String>,
    near_words: String,
    nowhere: bool,
    next: Option<String>,
}

/// `GET /mappa?servizio=&tipo=&vicino=&qui=&aperte=&scelta=`. `scelta`: a structure to begin with.
pub(crate) async fn map(State(app): State<App>, page: Page, Query(asked): Query<Asked>, uri: http::Uri) -> Answer {
    let register = app.register().await?;
    let now = words::now(page.now());
    let chosen = uri
        .query()
        .and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("scelta=")))
        .unwrap_or_default();
    let mut asked = asked;
    if let Some(one) = register.get(chosen).filter(|_| asked.is_empty()) {
        asked.comune = one.city.clone();
    }
    let result = find(&register, &asked, now, PAGE);
    let mut rows: Vec<Row> = result
        .found
        .iter()
        .map(|found| row(&page, &register, found, now))
        .collect();
    for row in &mut rows {
        row.chosen = row.id == chosen;
    }
    let near_words = match &result.near {
        Some(near) if near.how == "posizione" => page.t("near-position"),
        Some(near) if near.how == "comune" => page.t1("near-municipality", "name", near.name.as_str()),
        Some(near) => page.t1("near-address", "name", near.name.as_str()),
        None => String::new(),
    };
    let mut response = web::show(&MapPage {
        rows,
        choices: Choices::of(&page, &register),
        near: result
            .near
            .as_ref()
            .map(|near| format!("{},{}", near.point.0, near.point.1)),
        near_words,
        nowhere: result.nowhere,
        next: following("/mappa", &asked, result.page, result.total),
        total: result.total,
        page: page
            .titled("map-title")
            .crumb("/strutture", "structures-title")
            .with_map(),
        asked,
    })?;
    // The only page that may ask where one is; one is asked each time.
    let policy = "camera=(), microphone=(), geolocation=(self), payment=(), usb=(), serial=(), bluetooth=()";
    response
        .headers_mut()
        .insert("permissions-policy", HeaderValue::from_static(policy));
    Ok(response)
}

/// `GET /mappa/comuni.geojson`.
pub(crate) async fn borders(headers: HeaderMap) -> Result<Response, Failure> {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let packed = accepted.split(',').any(|one| one.trim() == "gzip");
    let mut response = if packed {
        let mut response = BORDERS.into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        let mut plain = Vec::new();
        let read = GzDecoder::new(BORDERS).read_to_end(&mut plain);
        read.map_err(|error| Failure::Internal(error.to_string()))?;
        plain.into_response()
    };
    let kind = HeaderValue::from_static("application/geo+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    Ok(response)
}

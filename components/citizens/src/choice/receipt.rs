//! The receipt of a request, as PDF.

use super::pdf::{self, Piece};
use super::person::Person;
use super::record::Record;
use axum::response::{IntoResponse as _, Response};
use http::header;
use jiff::Timestamp;

/// The file with its headers.
pub(crate) fn answer(request: &Record, person: &Person, now: Timestamp) -> Response {
    let bytes = pdf::letter("Ricevuta della scelta del medico", &pieces(request, person, now));
    let name = format!("attachment; filename=\"ricevuta-{}.pdf\"", request.id);
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// What it says.
fn pieces(request: &Record, person: &Person, now: Timestamp) -> Vec<(Piece, String)> {
    let what = match request.get("tipo") {
        "revoca" => "Revoca del medico",
        "ricusazione" => "Ricusazione",
        _ if request.get("a-tempo") == "si" => "Scelta del medico a tempo",
        _ => "Scelta del medico",
    };
    let outcome = match request.get("stato") {
        "registrata" => "registrata",
        "respinta" => "non accolta",
        _ => "in corso",
    };
    let mut all = vec![
        (
            Piece::Small,
            "Servizio sanitario regionale · Anagrafe degli assistiti".to_owned(),
        ),
        (Piece::Heading, format!("Ricevuta: {what}")),
        (
            Piece::Paragraph,
            format!("Assistito: {}\nCodice fiscale: {}", person.name(), person.code()),
        ),
    ];
    if !request.get("medico-nome").is_empty() {
        let kind = match request.get("tipo-medico") {
            "pls" => "Pediatra di libera scelta",
            _ => "Medico",
        };
        all.push((Piece::Paragraph, format!("{kind}: {}", request.get("medico-nome"))));
    }
    let asked = request.moment("creato").map(web::date_time).unwrap_or_default();
    all.push((
        Piece::Paragraph,
        format!(
            "Chiesta il {asked} da {} ({}).",
            request.get("da-nome"),
            request.get("canale")
        ),
    ));
    all.push((Piece::Paragraph, format!("Esito: {outcome}.")));
    if !request.get("decorre").is_empty() {
        all.push((
            Piece::Paragraph,
            format!("Decorre dal {}.", web::fhir_date(request.get("decorre"))),
        ));
    }
    if !request.get("fine").is_empty() {
        all.push((
            Piece::Paragraph,
            format!("Vale fino al {}.", web::fhir_date(request.get("fine"))),
        ));
    }
    if !request.get("motivi").is_empty() {
        all.push((Piece::Paragraph, format!("Motivi:\n{}", request.get("motivi"))));
    }
    all.push((
        Piece::Small,
        format!(
            "Numero della richiesta: {}. Ricevuta prodotta il {}.",
            request.id,
            web::date_time(now)
        ),
    ));
    all
}

//! `GET /citizens/search`: the search as JSON.

use super::{Asked, How, find};
use crate::App;
use access::Actor;
use axum::Json;
use axum::extract::{Extension, Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::Failure;

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Ask {
    /// Name in any order, begun or misspelt; date of birth (`12/3/1946`, `12 marzo 1946`, `1946`); codice fiscale in any form of
    /// omocodia, STP, ENI, number of the card; telephone. At most 200 characters.
    #[serde(default)]
    text: String,
    /// `next` of an earlier answer.
    #[serde(default)]
    after: Option<String>,
}

/// Persons found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Answer {
    /// The likeliest first, 25 at most.
    people: Vec<Hit>,
    /// Where the next page begins; none on the last one.
    next: Option<String>,
    /// Whether too many fit for the search to be done: more must be written.
    too_wide: bool,
}

/// A person.
#[derive(Debug, Serialize, JsonSchema)]
struct Hit {
    /// Id of the FHIR Patient.
    id: String,
    /// Surname and given names.
    name: String,
    /// Date of birth as the record has it.
    birth_date: Option<String>,
    /// FHIR administrative gender.
    gender: Option<String>,
    /// Codice fiscale, else STP, else ENI.
    code: Option<String>,
    /// Municipality of residence.
    municipality: Option<String>,
    /// Whether the person died.
    dead: bool,
    /// Whether the record is in use.
    active: bool,
    /// How the person was found.
    how: How,
}

/// Answers a search.
pub(crate) async fn search(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(ask): Query<Ask>,
) -> Result<Json<Answer>, Failure> {
    let asked = Asked::of(&ask.text, web::local_date(app.context.clock.now()));
    if asked.is_empty() {
        let remedy = "manca «text»: cognome e nome, data di nascita, codice fiscale, STP, ENI, tessera o telefono";
        return Err(Failure::Unprocessable(remedy.to_owned()));
    }
    let found = find(&app.fhir_as(&actor), &asked, ask.after.as_deref()).await?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let hits = found.people.into_iter().map(|(person, how)| Hit {
        id: person.id().to_owned(),
        name: person.shown_name(),
        birth_date: some(person.birth_date()),
        gender: some(person.gender()),
        code: person.main_code().map(str::to_owned),
        municipality: person.home_city().and_then(some),
        dead: person.is_dead(),
        active: !person.is_inactive(),
        how,
    });
    Ok(Json(Answer {
        people: hits.collect(),
        next: found.next,
        too_wide: found.too_wide,
    }))
}

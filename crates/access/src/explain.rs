//! Why somebody may or may not see a kind of data, for the nodes without a store: `POST /access/explain`. Internal: only
//! the program itself, by signed token, may call it.

use crate::{AccessError, Actor, Authorizer, Policy, Routes, View};
use axum::Json;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{Method, StatusCode};
use policy::{About, Action, LabelSet};
use serde::{Deserialize, Serialize};

/// What is asked: may this actor do this with such data of this patient?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explain {
    /// Who.
    pub actor: Actor,
    /// `read`, `write`, `delete` or `export`.
    pub action: String,
    /// FHIR type.
    pub rtype: String,
    /// Patient id.
    pub patient: Option<String>,
    /// Names of sensitive labels that such data would have.
    pub labels: Vec<String>,
}

/// A policy in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// Its id.
    pub id: String,
    /// Its sentence, Italian.
    pub it: String,
    /// Where the rule comes from.
    pub source: String,
    /// Whether nobody has checked the source on its text.
    pub unverified: bool,
}

/// The answer with everything that made it. It is made of ties and kinds of data, never of facts: it says nothing of what
/// there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Whether it may be done.
    pub permit: bool,
    /// Names of the ties to the patient.
    pub ties: Vec<String>,
    /// The policies that decided; none when nothing permits.
    pub because: Vec<PolicyText>,
    /// When it may not be done: ties that would permit it, each with its policy.
    pub would_permit: Vec<(String, PolicyText)>,
    /// Version of the set of policies.
    pub version: String,
}

impl From<&About> for PolicyText {
    fn from(about: &About) -> Self {
        Self {
            id: about.id.clone(),
            it: about.it.clone(),
            source: about.source.clone(),
            unverified: about.unverified,
        }
    }
}

impl Explained {
    /// The answer of a view; `None` for an action or a label that is none.
    pub fn of(view: &View, action: &str, rtype: &str, patient: Option<&str>, labels: &[String]) -> Option<Self> {
        let policies = view.policies();
        let known = labels.iter().map(|name| policies.labels().named(name));
        let labels = known
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .fold(LabelSet::NONE, LabelSet::and);
        let explained = view.explain(Action::named(action)?, rtype, patient, labels);
        let ties = patient.map(|patient| view.relations(patient)).unwrap_or_default();
        let would = explained.would_permit.iter();
        Some(Self {
            permit: explained.permit,
            ties: ties.iter().map(|tie| tie.name().to_owned()).collect(),
            because: explained.because.iter().map(PolicyText::from).collect(),
            would_permit: would
                .map(|(tie, about)| (tie.name().to_owned(), about.into()))
                .collect(),
            version: policies.version().to_owned(),
        })
    }
}

/// The route, to be merged with those of the node that has the store.
pub fn explain_routes(authorizer: &Authorizer) -> Routes {
    let authorizer = authorizer.clone();
    Routes::new().route(
        Method::POST,
        "/access/explain",
        Policy::May("internal"),
        post(move |Json(asked): Json<Explain>| {
            let authorizer = authorizer.clone();
            async move { answer(explain(&authorizer, &asked).await) }
        }),
    )
}

async fn explain(authorizer: &Authorizer, asked: &Explain) -> Result<Option<Explained>, AccessError> {
    let view = authorizer.view(&asked.actor, None).await?;
    let Explain {
        action,
        rtype,
        patient,
        labels,
        ..
    } = asked;
    Ok(Explained::of(&view, action, rtype, patient.as_deref(), labels))
}

fn answer(result: Result<Option<Explained>, AccessError>) -> Response {
    match result {
        Ok(Some(explained)) => Json(explained).into_response(),
        Ok(None) => (StatusCode::UNPROCESSABLE_ENTITY, "no such action or label").into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

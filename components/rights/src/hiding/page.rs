//! `/diritti/nascondi`: the facts one can hide, and those that are hidden.

use super::is_hidden;
use crate::{App, people, rules};
use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Page};

/// Facts of one type that are shown at most.
const SHOWN: &str = "60";

#[derive(Template)]
#[template(path = "hiding.html")]
struct HidingPage {
    page: Page,
    hidden: Vec<Fact>,
    types: Vec<(&'static str, bool)>,
    facts: Vec<Fact>,
}

/// A fact as it is shown.
pub(super) struct Fact {
    pub reference: String,
    pub what: String,
    pub date: String,
    pub hidden: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    tipo: String,
}

/// `GET /diritti/nascondi?tipo=`.
pub(crate) async fn list(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let patient = people::in_person(&page)?;
    let fhir = app.fhir(&page);
    let listed = || rules::hiding().iter().filter(|one| one.listed);
    let chosen = listed().find(|one| one.rtype == asked.tipo).or_else(|| listed().next());
    let mut hidden = Vec::new();
    for kind in listed() {
        let label = format!("{}|{}", super::SYSTEM, super::HIDDEN);
        let asked = [("patient", patient.as_str()), ("_security", &label), ("_count", SHOWN)];
        hidden.extend(
            fhir.search(&kind.rtype, &asked)
                .await?
                .iter()
                .map(|one| fact(&page, one)),
        );
    }
    let mut facts = Vec::new();
    if let Some(kind) = chosen {
        let sort = format!("-{}", kind.date);
        let asked = [("patient", patient.as_str()), ("_sort", &sort), ("_count", SHOWN)];
        facts.extend(
            fhir.search(&kind.rtype, &asked)
                .await?
                .iter()
                .map(|one| fact(&page, one)),
        );
    }
    let chosen = chosen.map(|one| one.rtype.clone()).unwrap_or_default();
    web::show(&HidingPage {
        types: listed().map(|one| (one.rtype.as_str(), one.rtype == chosen)).collect(),
        page: page.titled("hiding-title").crumb("/diritti", "rights-title"),
        hidden,
        facts,
    })
}

/// A fact with its name and day.
pub(super) fn fact(page: &Page, resource: &Value) -> Fact {
    let rtype = resource["resourceType"].as_str().unwrap_or_default();
    let (title, date) = described(resource);
    let kind = page.named("fact", rtype);
    Fact {
        reference: format!("{rtype}/{}", resource["id"].as_str().unwrap_or_default()),
        what: title.map_or(kind.clone(), |title| format!("{kind}: {title}")),
        date,
        hidden: is_hidden(resource),
    }
}

/// What a fact is about, and its day.
pub(crate) fn described(resource: &Value) -> (Option<String>, String) {
    let coded = |value: &Value| {
        let coding = &value["coding"][0];
        let text = value["text"].as_str().or_else(|| coding["display"].as_str());
        text.or_else(|| coding["code"].as_str()).map(str::to_owned)
    };
    let places = [
        "code",
        "type",
        "vaccineCode",
        "medicationCodeableConcept",
        "class",
        "category",
    ];
    let named = places.iter().find_map(|place| match &resource[*place] {
        Value::Array(list) => list.first().and_then(coded),
        Value::Object(object) if object.contains_key("display") => object["display"].as_str().map(str::to_owned),
        other => coded(other),
    });
    let title = resource["description"].as_str().or_else(|| resource["title"].as_str());
    let moments = [
        "effectiveDateTime",
        "date",
        "recordedDate",
        "onsetDateTime",
        "performedDateTime",
        "authoredOn",
        "authored",
        "occurrenceDateTime",
        "dateTime",
        "start",
        "issued",
    ];
    let date = moments.iter().find_map(|name| resource[*name].as_str());
    let periods = ["period", "performedPeriod", "effectivePeriod"];
    let date = date.or_else(|| periods.iter().find_map(|name| resource[*name]["start"].as_str()));
    (
        title.map(str::to_owned).or(named),
        date.map(web::fhir_date).unwrap_or_default(),
    )
}

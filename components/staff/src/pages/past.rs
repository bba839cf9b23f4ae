//! `GET /personale/persone/{id}/storia?vero=&saputo=`: what was true on a day, as it was known at another; and every version.

use crate::app::App;
use crate::assignment::{Assignment, Span};
use crate::person::Person;
use crate::registry::{self, Units};
use askama::Template;
use axum::extract::{Path, Query, State};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Page};

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    vero: String,
    #[serde(default)]
    saputo: String,
}

struct Version {
    when: String,
    at: String,
    what: String,
    told: String,
}

#[derive(Template)]
#[template(path = "staff_past.html")]
struct PastPage {
    page: Page,
    person: Person,
    truth: String,
    known: String,
    then: Vec<super::show::Shown>,
    versions: Vec<Version>,
}

fn written(version: &Value) -> &str {
    version["meta"]["lastUpdated"].as_str().unwrap_or_default()
}

/// The page.
pub(crate) async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let fhir = app.fhir(&page);
    let person = registry::person(&fhir, &id).await?;
    let person = person.ok_or_else(|| Failure::NotFound(id.clone()))?;
    let today = web::local_date(page.now());
    let day = |text: &str| text.parse::<Date>().unwrap_or(today);
    let (truth, known) = (day(&asked.vero), day(&asked.saputo));
    // Known on a day: whatever was written up to its end.
    let until = Span::day(known).to;
    let units = Units::read(&fhir).await?;
    let mut then = Vec::new();
    let mut versions = Vec::new();
    let noon = truth.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let noon = noon
        .map_err(|error| Failure::Unprocessable(error.to_string()))?
        .timestamp();
    for one in registry::assignments(&fhir, &id).await? {
        let all = registry::versions(&app.context, page.actor(), "PractitionerRole", &one.id).await?;
        let of_then = all
            .iter()
            .find(|version| fhir::date_interval(written(version)).is_some_and(|(at, _)| at <= until));
        if let Some(found) = of_then.cloned().and_then(Assignment::of)
            && found.holds(noon)
        {
            then.push(super::show::shown(&page, &units, &found));
        }
        versions.extend(all.into_iter().map(|version| told(&page, &units, version)));
    }
    for version in registry::versions(&app.context, page.actor(), "Practitioner", &id).await? {
        let at = written(&version).to_owned();
        let read = Person::of(version);
        let titles: Vec<String> = read.titles.iter().map(|title| title.name(page.lang())).collect();
        versions.push(Version {
            when: page.fhir_date(&at),
            at,
            what: page.t("past-person"),
            told: [vec![read.shown, read.fiscal, read.born], titles]
                .concat()
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
        });
    }
    versions.sort_by(|a, b| b.at.cmp(&a.at));
    // An assignment writes the person's record too, unchanged: shown once.
    versions.dedup_by(|later, earlier| later.what == earlier.what && later.told == earlier.told);
    let path = format!("/personale/persone/{id}");
    web::show(&PastPage {
        page: page
            .titled("past-title")
            .crumb("/personale", "staff-title")
            .crumb_named(&path, person.shown.clone()),
        person,
        truth: truth.to_string(),
        known: known.to_string(),
        then,
        versions,
    })
}

fn told(page: &Page, units: &Units, version: Value) -> Version {
    let at = written(&version).to_owned();
    let told = Assignment::of(version).map(|one| {
        let shown = super::show::shown(page, units, &one);
        let parts = [shown.role, shown.discipline, shown.unit, shown.contract, shown.period];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ")
    });
    Version {
        when: page.fhir_date(&at),
        at,
        what: page.t("past-assignment"),
        told: told.unwrap_or_default(),
    }
}

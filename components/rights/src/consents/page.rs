//! `/diritti/consensi`: few choices, each on its own page, with what yes and no mean.

use super::record::{self, By, Choice, New};
use super::state::{self, Known};
use crate::rules::{self, ConsentKind, LegalText};
use crate::{App, people};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use web::{Answer, Failure, Flash, Page};

/// Organizations offered at most.
const OFFERED: usize = 40;

#[derive(Template)]
#[template(path = "consents.html")]
struct ConsentsPage {
    page: Page,
    kinds: Vec<Offer>,
    history: Vec<Known>,
}

struct Offer {
    kind: &'static ConsentKind,
    /// What holds now, in words.
    now: Vec<String>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage {
    page: Page,
    kind: &'static ConsentKind,
    text: &'static LegalText,
    /// The answer in force, for a kind that names nobody.
    now: Option<Known>,
    places: Vec<Place>,
    search: String,
}

/// An organization with the answer in force.
pub(super) struct Place {
    pub id: String,
    pub name: String,
    pub now: Option<Known>,
}

/// `GET /diritti/consensi`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let patient = people::citizen(&page)?;
    let history = state::all(&app.fhir(&page), &patient).await?;
    let kinds = rules::consents()
        .iter()
        .map(|kind| Offer {
            kind,
            now: in_words(&page, kind, &history),
        })
        .collect();
    web::show(&ConsentsPage {
        page: page.titled("consents-title").crumb("/diritti", "rights-title"),
        kinds,
        history,
    })
}

/// What holds now of one kind.
pub(super) fn in_words(page: &Page, kind: &ConsentKind, all: &[Known]) -> Vec<String> {
    let active: Vec<&Known> = all.iter().filter(|one| one.active && one.kind == kind.code).collect();
    if active.is_empty() {
        let key = if kind.unless_said == "permit" {
            "unsaid-permit"
        } else {
            "unsaid-deny"
        };
        return vec![page.t(key)];
    }
    let told = |one: &&Known| match &one.name {
        Some(name) => page.t2("said-to", "answer", one.answer(page), "name", name),
        None => page.t1("said", "answer", one.answer(page)),
    };
    active.iter().map(told).collect()
}

#[derive(Default, Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    cerca: String,
}

/// `GET /diritti/consensi/{tipo}`.
pub(crate) async fn choice(
    State(app): State<App>,
    page: Page,
    Path(code): Path<String>,
    Query(search): Query<Search>,
) -> Answer {
    let patient = people::citizen(&page)?;
    let kind = rules::consent(&code).ok_or(Failure::NotFound(code))?;
    let all = state::all(&app.fhir(&page), &patient).await?;
    let active: Vec<Known> = all
        .into_iter()
        .filter(|one| one.active && one.kind == kind.code)
        .collect();
    let places = match kind.by_organization {
        true => places(&app, Some((&page, &patient)), &active, &search.cerca).await?,
        false => Vec::new(),
    };
    let name = kind.name.of(page.lang());
    let today = web::local_date(page.now()).to_string();
    let titled = page.with_title(name);
    web::show(&ConsentPage {
        text: kind.text(&today),
        now: active.into_iter().find(|one| one.organization.is_none()),
        search: search.cerca,
        places,
        page: titled
            .crumb("/diritti", "rights-title")
            .crumb("/diritti/consensi", "consents-title"),
        kind,
    })
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    scelta: String,
    #[serde(default)]
    organizzazione: String,
}

/// `POST /diritti/consensi/{tipo}`: it holds with this answer.
pub(crate) async fn choose(
    State(app): State<App>,
    page: Page,
    Path(code): Path<String>,
    Form(sent): Form<Sent>,
) -> Answer {
    let patient = people::may_decide(&app, &page).await?;
    let kind = rules::consent(&code).ok_or_else(|| Failure::NotFound(code.clone()))?;
    let choice = Choice::of(&sent.scelta).ok_or_else(|| Failure::Unprocessable(page.t("choice-missing")))?;
    let place = organization(&app, &page, kind, &sent.organizzazione).await?;
    let new = New {
        patient: &patient,
        kind: &kind.code,
        purposes: &kind.purposes,
        text: &kind.text(&web::local_date(page.now()).to_string()).version,
        organization: place.as_ref().map(|(id, name)| (id.as_str(), name.as_str())),
        choice,
        paper: None,
        by: By {
            subject: &page.actor().subject,
            name: &page.actor().name,
            for_other: page.actor().acts_for.is_some(),
        },
    };
    record::write(&app.context, &new).await?;
    let back = if kind.by_organization {
        format!("/diritti/consensi/{code}")
    } else {
        "/diritti/consensi".to_owned()
    };
    page.redirect(&back, Flash::success(page.t(done_key(choice))))
}

pub(super) fn done_key(choice: Choice) -> &'static str {
    match choice {
        Choice::Permit => "consent-given",
        Choice::Deny => "consent-refused",
        Choice::Revoke => "consent-revoked",
    }
}

/// The organization that a choice names: one that exists, for a kind that names one.
pub(super) async fn organization(
    app: &App,
    page: &Page,
    kind: &ConsentKind,
    id: &str,
) -> Result<Option<(String, String)>, Failure> {
    if !kind.by_organization {
        return Ok(None);
    }
    let missing = || Failure::Unprocessable(page.t("organization-missing"));
    if !people::is_id(id) {
        return Err(missing());
    }
    let found = app.system().find("Organization", id).await?.ok_or_else(missing)?;
    Ok(Some((id.to_owned(), found["name"].as_str().unwrap_or(id).to_owned())))
}

/// Organizations already answered, those found by name, and those that treat the person as far as whoever asks sees it:
/// where somebody goes is told to nobody from whom the visit is hidden. At a desk (`treating`: `None`) it is not told.
pub(super) async fn places(
    app: &App,
    treating: Option<(&Page, &str)>,
    active: &[Known],
    search: &str,
) -> Result<Vec<Place>, Failure> {
    let system = app.system();
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    for one in active {
        if let Some(id) = &one.organization {
            names.insert(id.clone(), one.name.clone());
        }
    }
    if let Some((page, patient)) = treating {
        let fhir = app.fhir(page);
        for rtype in ["CareTeam", "EpisodeOfCare", "Encounter"] {
            let found = fhir.search(rtype, &[("patient", patient), ("_count", "100")]).await?;
            found.iter().flat_map(organizations).for_each(|id| {
                names.entry(id).or_default();
            });
        }
    }
    let found = match search.trim() {
        "" => Vec::new(),
        text => {
            system
                .search("Organization", &[("name:contains", text), ("_count", "20")])
                .await?
        }
    };
    let unnamed: Vec<&str> = names
        .iter()
        .filter(|(_, name)| name.is_none())
        .map(|(id, _)| id.as_str())
        .collect();
    let known = match unnamed.is_empty() {
        true => Vec::new(),
        false => {
            system
                .search("Organization", &[("_id", &unnamed.join(",")), ("_count", "100")])
                .await?
        }
    };
    for organization in found.iter().chain(&known) {
        let id = organization["id"].as_str().unwrap_or_default().to_owned();
        names.insert(id, organization["name"].as_str().map(str::to_owned));
    }
    let place = |(id, name): (String, Option<String>)| Place {
        now: active
            .iter()
            .find(|one| one.organization.as_deref() == Some(&id))
            .cloned(),
        name: name.unwrap_or_else(|| id.clone()),
        id,
    };
    let mut places: Vec<Place> = names.into_iter().map(place).collect();
    places.sort_by(|a, b| (a.now.is_none(), &a.name).cmp(&(b.now.is_none(), &b.name)));
    places.truncate(OFFERED);
    Ok(places)
}

fn organizations(resource: &Value) -> Vec<String> {
    let participants = resource["participant"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["member"]);
    let named = participants.chain([&resource["managingOrganization"], &resource["serviceProvider"]]);
    let ids = named.filter_map(|one| one["reference"].as_str()?.strip_prefix("Organization/"));
    ids.filter(|id| people::is_id(id)).map(str::to_owned).collect()
}

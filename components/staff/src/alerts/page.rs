//! `GET /personale/scadenze`: what ends, what has ended, what roles lack; the office's open checks.

use super::{NOTICE, PROCESS};
use crate::app::App;
use crate::assignment::Assignment;
use crate::note::Note;
use crate::person::Person;
use crate::registry::MAX_ASSIGNMENTS;
use crate::rules;
use askama::Template;
use axum::extract::{Path, State};
use component::{Fhir, PeerError, TaskQuery};
use jiff::Timestamp;
use orchestrator::api::CompleteTask;
use std::collections::BTreeMap;
use web::{Answer, Failure, Flash, Page};

/// Days ahead that the page looks.
const AHEAD_DAYS: i64 = 180;
/// Tasks shown.
const MAX_TASKS: usize = 100;

/// Something that ends, or is missing.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    /// Practitioner id.
    pub person: String,
    /// Name.
    pub name: String,
    /// The register or title.
    pub what: String,
    /// Last day; empty where nothing is recorded.
    pub end: String,
    /// Over.
    pub over: bool,
}

struct Open {
    id: String,
    person: String,
    name: String,
    what: String,
    due: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "staff_alerts.html")]
struct AlertsPage {
    page: Page,
    open: Vec<Open>,
    ended: Vec<Alert>,
    ending: Vec<Alert>,
    missing: Vec<Alert>,
}

impl AlertsPage {
    /// The lists: id, message key, what is in it.
    fn parts(&self) -> [(&'static str, &'static str, &[Alert]); 3] {
        [
            ("scaduti", "alerts-ended", &self.ended),
            ("in-scadenza", "alerts-ending", &self.ending),
            ("mancanti", "alerts-missing", &self.missing),
        ]
    }
}

/// Everybody who has an assignment now, with their assignments.
pub(crate) async fn in_service(fhir: &Fhir, now: Timestamp) -> Result<Vec<(Person, Vec<Assignment>)>, PeerError> {
    let asked = [("_include", "PractitionerRole:practitioner"), ("_count", "500")];
    let mut people: BTreeMap<String, Person> = BTreeMap::new();
    let mut of: BTreeMap<String, Vec<Assignment>> = BTreeMap::new();
    for resource in fhir.search_all("PractitionerRole", &asked, MAX_ASSIGNMENTS).await? {
        if resource["resourceType"] == "Practitioner" {
            let person = Person::of(resource);
            people.insert(person.id.clone(), person);
        } else if let Some(one) = Assignment::of(resource).filter(|one| one.holds(now)) {
            of.entry(one.person.clone()).or_default().push(one);
        }
    }
    let found = of.into_iter().filter_map(|(id, all)| Some((people.remove(&id)?, all)));
    Ok(found.collect())
}

/// What ends within the days, has ended, or is missing; of those in service.
pub(crate) fn alerts(people: &[(Person, Vec<Assignment>)], today: &str, until: &str, lang: web::Lang) -> Vec<Alert> {
    let mut found = Vec::new();
    for (person, all) in people {
        let alert = |what: String, end: &str| Alert {
            person: person.id.clone(),
            name: person.shown.clone(),
            what,
            end: end.to_owned(),
            over: !end.is_empty() && end < today,
        };
        let ends = person.titles.iter().filter(|one| one.is_over(until));
        found.extend(ends.map(|one| alert(one.name(lang), &one.end)));
        let mut needed: Vec<_> = all
            .iter()
            .filter_map(|one| rules::role(&one.role)?.register.as_deref())
            .collect();
        needed.sort_unstable();
        needed.dedup();
        for register in needed {
            let known = person.titles.iter().any(|one| one.code == register);
            let named = rules::registers().iter().find(|one| one.code == register);
            if let Some(named) = named.filter(|_| !known) {
                found.push(alert(named.name.of(lang).to_owned(), ""));
            }
        }
    }
    found.sort_by(|a, b| (&a.end, &a.name).cmp(&(&b.end, &b.name)));
    found
}

/// The page.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let people = in_service(&app.fhir(&page), page.now()).await?;
    let today = web::local_date(page.now());
    let until = today + jiff::Span::new().days(AHEAD_DAYS);
    let all = alerts(&people, &today.to_string(), &until.to_string(), page.lang());
    let (missing, dated): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.end.is_empty());
    let (ended, ending): (Vec<_>, Vec<_>) = dated.into_iter().partition(|one| one.over);
    web::show(&AlertsPage {
        open: open(&app, &page).await?,
        ended,
        ending,
        missing,
        page: page.titled("alerts-title").crumb("/personale", "staff-title"),
    })
}

/// The office's open checks, soonest first.
async fn open(app: &App, page: &Page) -> Result<Vec<Open>, Failure> {
    let orchestrator = app.context.peers.orchestrator(page.actor());
    let mut query = TaskQuery::for_role(crate::app::OFFICE);
    query.limit = Some(MAX_TASKS);
    let mut found = Vec::new();
    for task in orchestrator.tasks(&query).await?.items {
        if task.definition.split(':').next() != Some(PROCESS) {
            continue;
        }
        let task = orchestrator.task(&task.id).await?;
        let text = |name: &str| {
            task.variables
                .get(name)
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let person = text("persona");
        let shown = crate::registry::person(&app.fhir(page), &person).await?;
        let title = crate::person::Title {
            code: text("titolo"),
            ..Default::default()
        };
        found.push(Open {
            what: title.name(page.lang()),
            name: shown.map(|one| one.shown).unwrap_or_default(),
            person,
            due: task.due,
            id: task.id,
        });
    }
    found.sort_by_key(|one| one.due);
    Ok(found)
}

/// `POST /personale/scadenze/{id}`: the office has looked; the process reads the registry.
pub(crate) async fn done(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let orchestrator = app.context.peers.orchestrator(page.actor());
    let task = orchestrator.task(&id).await?;
    if task.definition.split(':').next() != Some(PROCESS) {
        return Err(Failure::NotFound(id));
    }
    orchestrator.complete(&id, &CompleteTask::default()).await?;
    page.redirect("/personale/scadenze", Flash::success(page.t("alert-checked")))
}

/// `POST /personale/avvisi/{id}/letto`: the person has read the notice.
pub(crate) async fn read(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let none = || Failure::NotFound("notice".into());
    if !crate::systems::is_id(&id) {
        return Err(none());
    }
    let system = app.system();
    let mut note = Note::find(&system, NOTICE, &id).await?.ok_or_else(none)?;
    if note.subject != page.actor().subject {
        return Err(none());
    }
    note.set("letto", &page.now().to_string());
    note.save(&system).await.map_err(|error| App::changed(&page, error))?;
    page.redirect("/personale/mia-scheda", Flash::success(page.t("notice-read")))
}

//! `GET /personale/scadenze`: what ends, what has ended, what roles lack; the office's open checks.

use super::{NOTICE, PROCESS};
use crate::app::App;
use crate::assignment::Assignment;
use crate::note::Note;
use crate::person::Person;
use crate::rules;
use askama::Template;
use axum::extract::{Path, State};
use component::{Fhir, PeerError, TaskQuery};
use jiff::Timestamp;
use orchestrator::api::CompleteTask;
use serde_json::Value;
use std::collections::BTreeMap;
use web::{Answer, Failure, Flash, Page};

/// Days ahead that the page looks.
const AHEAD_DAYS: i64 = 180;
/// Tasks shown.
const MAX_TASKS: usize = 100;
/// Names shown in one list; how many there are besides is told.
const MAX_SHOWN: usize = 500;

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
    ended: First,
    ending: First,
    missing: First,
}

impl AlertsPage {
    /// The lists: id, message key, what is in it.
    fn parts(&self) -> [(&'static str, &'static str, &First); 3] {
        [
            ("scaduti", "alerts-ended", &self.ended),
            ("in-scadenza", "alerts-ending", &self.ending),
            ("mancanti", "alerts-missing", &self.missing),
        ]
    }
}

/// Hands everybody who has an assignment at a moment, with those assignments, to `each`, until it says `false`. However many
/// there are, no more than a page of them is held.
pub(crate) async fn in_service(
    fhir: &Fhir,
    at: Timestamp,
    mut each: impl FnMut(&Person, &[Assignment]) -> bool + Send,
) -> Result<(), PeerError> {
    let asked = [("_revinclude", "PractitionerRole:practitioner"), ("_count", "200")];
    let page = |resources: Vec<Value>| {
        let mut people = Vec::new();
        let mut of: BTreeMap<String, Vec<Assignment>> = BTreeMap::new();
        for resource in resources {
            if resource["resourceType"] == "Practitioner" {
                people.push(Person::of(resource));
            } else if let Some(one) = Assignment::of(resource).filter(|one| one.holds(at)) {
                of.entry(one.person.clone()).or_default().push(one);
            }
        }
        people
            .iter()
            .all(|person| of.get(&person.id).is_none_or(|all| each(person, all)))
    };
    fhir.walk("Practitioner", &asked, page).await
}

/// The first of many, in order, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct First {
    list: Vec<Alert>,
    count: usize,
}

impl First {
    fn add(&mut self, alert: Alert) {
        self.count += 1;
        self.list.push(alert);
        if self.list.len() >= 2 * MAX_SHOWN {
            self.sort();
        }
    }

    /// How many are not shown.
    fn beyond(&self) -> usize {
        self.count - self.list.len()
    }

    fn sort(&mut self) {
        self.list.sort_by(|a, b| (&a.end, &a.name).cmp(&(&b.end, &b.name)));
        self.list.truncate(MAX_SHOWN);
    }
}

/// What of one person ends until a day, has ended, or is missing.
pub(crate) fn alerts(person: &Person, all: &[Assignment], today: &str, until: &str, lang: web::Lang) -> Vec<Alert> {
    let alert = |what: String, end: &str| Alert {
        person: person.id.clone(),
        name: person.shown.clone(),
        what,
        end: end.to_owned(),
        over: !end.is_empty() && end < today,
    };
    let ends = person.titles.iter().filter(|one| one.is_over(until));
    let mut found: Vec<_> = ends.map(|one| alert(one.name(lang), &one.end)).collect();
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
    found
}

/// The page.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let today = web::local_date(page.now());
    let until = today + jiff::Span::new().days(AHEAD_DAYS);
    let (today, until, lang) = (today.to_string(), until.to_string(), page.lang());
    let [mut ended, mut ending, mut missing] = [First::default(), First::default(), First::default()];
    let each = |person: &Person, all: &[Assignment]| {
        for one in alerts(person, all, &today, &until, lang) {
            match (one.end.is_empty(), one.over) {
                (true, _) => missing.add(one),
                (_, true) => ended.add(one),
                (_, false) => ending.add(one),
            }
        }
        true
    };
    in_service(&app.fhir(&page), page.now(), each).await?;
    [&mut ended, &mut ending, &mut missing]
        .into_iter()
        .for_each(First::sort);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_the_first_are_kept_and_all_are_counted() {
        let mut first = First::default();
        for n in (0..3000).rev() {
            first.add(Alert {
                person: n.to_string(),
                name: String::new(),
                what: String::new(),
                end: format!("{n:05}"),
                over: false,
            });
        }
        first.sort();
        assert_eq!((first.list.len(), first.count), (MAX_SHOWN, 3000));
        assert_eq!(
            (first.list[0].end.as_str(), first.list[499].end.as_str()),
            ("00000", "00499")
        );
        assert_eq!(first.beyond(), 2500);
    }
}

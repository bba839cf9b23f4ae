//! The page: a month at a time, by day and person; refused attempts apart.

use super::event::{self, Access, Outcome};
use super::group::{self, Day, Group};
use super::who::{self, Person};
use crate::{App, people};
use access::View;
use askama::Template;
use axum::extract::{Query, State};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use web::{Answer, Arg, Failure, Lang, Page};

/// Entries of one month that are read at most; a month with more says so.
const MAX: usize = 4000;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// `2026-11`; without it the present month.
    #[serde(default)]
    mese: String,
    /// Only this person, `Practitioner/1`.
    #[serde(default)]
    chi: String,
    /// Also one's own accesses and those of the program.
    #[serde(default)]
    tutti: String,
}

#[derive(Template)]
#[template(path = "accesses.html")]
struct AccessesPage {
    page: Page,
    month: String,
    month_name: String,
    before: String,
    after: Option<String>,
    chosen: String,
    all: bool,
    people: Vec<(String, String)>,
    days: Vec<ShownDay>,
    refused: Vec<ShownDay>,
    more: bool,
}

struct ShownDay {
    name: String,
    lines: Vec<Line>,
}

/// One line of the page.
struct Line {
    sentence: String,
    count: usize,
    whys: Vec<String>,
    steps: Vec<String>,
    /// The entry that is reported; empty: nothing to report (one's own, the program).
    report: String,
    who: String,
}

/// `GET /diritti/accessi`.
pub(crate) async fn show(State(app): State<App>, page: Page, view: View, Query(asked): Query<Asked>) -> Answer {
    let patient = people::citizen(&page)?;
    let today = web::local_date(page.now());
    let first = format!("{}-01", asked.mese)
        .parse::<Date>()
        .unwrap_or_else(|_| today.first_of_month());
    let first = first.min(today.first_of_month());
    let next = first
        .checked_add(1.month())
        .map_err(|error| Failure::Unprocessable(error.to_string()))?;
    let (accesses, more) = read(&app, &page, &patient, (first, next), &asked.chi).await?;
    let all = !asked.tutti.is_empty();
    let shown = accesses
        .into_iter()
        .filter(|one| all || !(one.is_program() || one.is_own(&patient)));
    let (done, refused): (Vec<Access>, Vec<Access>) = shown.partition(|one| one.outcome == Outcome::Done);
    let (done, refused) = (group::by_day(done), group::by_day(refused));
    let names = Names::read(&app, &page, &patient, done.iter().chain(&refused)).await?;
    let mut people: Vec<(String, String)> = names
        .people
        .iter()
        .map(|(who, person)| (who.clone(), person.name.clone()))
        .collect();
    people.sort_by(|a, b| a.1.cmp(&b.1));
    let days = |days: Vec<Day>, refused| {
        days.into_iter()
            .map(|day| names.day(&page, &view, day, refused))
            .collect()
    };
    let month = |day: Date| day.strftime("%Y-%m").to_string();
    web::show(&AccessesPage {
        month: month(first),
        month_name: month_name(&page, first),
        before: month(first.checked_sub(1.month()).unwrap_or(first)),
        after: (next <= today).then(|| month(next)),
        chosen: asked.chi,
        all,
        people,
        days: days(done, false),
        refused: days(refused, true),
        more,
        page: page.titled("accesses-title").crumb("/diritti", "rights-title"),
    })
}

async fn read(
    app: &App,
    page: &Page,
    patient: &str,
    (first, next): (Date, Date),
    who: &str,
) -> Result<(Vec<Access>, bool), Failure> {
    let moment = |day: Date| web::local_start(day).map(|at| at.to_string()).unwrap_or_default();
    let (from, until) = (format!("ge{}", moment(first)), format!("lt{}", moment(next)));
    let mut params = vec![
        ("patient", patient),
        ("date", &from),
        ("date", &until),
        ("_count", "200"),
    ];
    if people::reference(who).is_some() {
        params.push(("agent", who));
    }
    let events = app.fhir(page).search_all("AuditEvent", &params, MAX).await?;
    let more = events.len() >= MAX;
    let mut accesses: Vec<Access> = events.iter().filter_map(event::read).collect();
    // The log stands in the order of its rows: what was recorded together may have happened in another.
    accesses.sort_by_key(|access| std::cmp::Reverse(access.at));
    Ok((accesses, more))
}

/// What is known of those who looked.
struct Names {
    people: BTreeMap<String, Person>,
    steps: BTreeMap<String, String>,
    doctors: Vec<String>,
    patient: String,
}

impl Names {
    async fn read(app: &App, page: &Page, patient: &str, days: impl Iterator<Item = &Day>) -> Result<Self, Failure> {
        let groups: Vec<&Group> = days.flat_map(|day| &day.groups).collect();
        let own = format!("Patient/{patient}");
        let named = groups
            .iter()
            .flat_map(|group| group.on_behalf.iter().chain([&group.who]));
        let people: BTreeSet<String> = named.filter(|who| **who != own).cloned().collect();
        let steps: BTreeSet<String> = groups.iter().flat_map(|group| group.steps.iter().cloned()).collect();
        let system = app.system();
        let record = app.fhir(page).find("Patient", patient).await?.unwrap_or(Value::Null);
        let doctors = record["generalPractitioner"].as_array().into_iter().flatten();
        Ok(Self {
            people: who::read(&system, &people).await?,
            steps: who::steps(&system, &steps).await?,
            doctors: doctors
                .filter_map(|one| one["reference"].as_str().map(str::to_owned))
                .collect(),
            patient: own,
        })
    }

    fn day(&self, page: &Page, view: &View, day: Day, refused: bool) -> ShownDay {
        ShownDay {
            name: day_name(page, day.date),
            lines: day
                .groups
                .iter()
                .map(|group| self.line(page, view, group, refused))
                .collect(),
        }
    }

    fn line(&self, page: &Page, view: &View, group: &Group, refused: bool) -> Line {
        let whys = group
            .policies
            .iter()
            .filter_map(|id| view.policies().about(id))
            .map(|about| about.it.clone());
        let steps = group.steps.iter().filter_map(|step| self.steps.get(step)).cloned();
        let stranger = group.who.contains('/') && group.who != self.patient;
        Line {
            sentence: self.sentence(page, group, refused),
            count: group.count,
            whys: if refused { Vec::new() } else { whys.collect() },
            steps: steps.collect::<BTreeSet<_>>().into_iter().collect(),
            report: if stranger { group.id.clone() } else { String::new() },
            who: self.name(page, group),
        }
    }

    fn name(&self, page: &Page, group: &Group) -> String {
        if group.who == self.patient {
            return page.t("who-you");
        }
        if !group.who.contains('/') {
            return page.t("who-program");
        }
        let known = self.people.get(&group.who).map(|person| person.name.clone());
        known
            .or_else(|| group.display.clone())
            .unwrap_or_else(|| match group.who.split('/').next() {
                Some("Practitioner") => page.t("who-staff"),
                Some("Patient" | "RelatedPerson") => page.t("who-person"),
                _ => page.t("who-application"),
            })
    }

    /// `Alle 10:20 la Dott.ssa Anna Rossi, il tuo medico di famiglia, ha letto: esami e misure.`
    fn sentence(&self, page: &Page, group: &Group, refused: bool) -> String {
        let said = |key: &str, args: &[(&'static str, Arg)]| page.texts().get(key, args);
        let time = |at| page.date_time(at).rsplit(' ').next().unwrap_or_default().to_owned();
        let (first, last) = (time(&group.first), time(&group.last));
        let when = if first == last {
            page.t1("at-time", "time", first)
        } else {
            page.t2("between-times", "first", first, "last", last)
        };
        let done: Vec<String> = group
            .done
            .iter()
            .map(|(verb, things)| {
                let things: Vec<String> = things.iter().map(|thing| page.named("thing", thing)).collect();
                let key = if refused { "verb-tried" } else { verb.key() };
                page.t1(key, "things", list(page, &things))
            })
            .collect();
        let who = match self.people.get(&group.who).filter(|_| group.who != self.patient) {
            None => self.name(page, group),
            Some(person) => {
                let shown = format!("{}{}", article(page.lang(), person), person.name);
                let role = match (&person.role, &person.place) {
                    _ if self.doctors.contains(&group.who) => Some(page.t("your-doctor")),
                    (Some(role), Some(place)) => Some(format!("{}, {place}", role.to_lowercase())),
                    (Some(role), None) => Some(role.to_lowercase()),
                    _ => None,
                };
                role.map_or(shown.clone(), |role| format!("{shown} ({role})"))
            }
        };
        let others = group.on_behalf.iter().filter(|other| **other != self.patient);
        let others: Vec<String> = others
            .filter_map(|other| self.people.get(other))
            .map(|one| one.name.clone())
            .collect();
        let who = if others.is_empty() {
            who
        } else {
            page.t2("on-behalf", "who", who, "other", others.join(", "))
        };
        said(
            "access-sentence",
            &[
                ("when", when.into()),
                ("who", who.into()),
                ("done", list(page, &done).into()),
            ],
        )
    }
}

/// `a, b e c`.
fn list(page: &Page, items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => page.t2("list-and", "most", most.join(", "), "last", last.as_str()),
    }
}

/// The Italian article before a name with a title.
fn article(lang: Lang, person: &Person) -> &'static str {
    let vowel = person.name.starts_with(['A', 'E', 'I', 'O', 'U']);
    match (lang, person.name.split(' ').next().unwrap_or_default()) {
        (Lang::En, _) => "",
        (_, title) if !title.ends_with('.') && !title.starts_with("Dott") => "",
        _ if vowel => "l'",
        _ if person.gender == "female" => "la ",
        _ => "il ",
    }
}

pub(super) fn month_name(page: &Page, day: Date) -> String {
    format!("{} {}", page.t(&format!("month-{}", day.month())), day.year())
}

fn day_name(page: &Page, day: Date) -> String {
    let weekday = page.t(&format!("weekday-{}", day.weekday().to_monday_one_offset()));
    let month = page.t(&format!("month-{}", day.month()));
    page.texts().get(
        "day-name",
        &[
            ("weekday", weekday.into()),
            ("day", i64::from(day.day()).to_string().into()),
            ("month", month.into()),
            ("year", day.year().to_string().into()),
        ],
    )
}

//! `GET /strutture/{id}`: one structure: what holds today, what held on a day, what was known on a day.

use super::words;
use crate::App;
use crate::model::{Facility, Parts, site_of};
use crate::open::State as Open;
use crate::period::Period;
use crate::register::Register;
use crate::rules;
use askama::Template;
use axum::extract::{Path, Query, State};
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Page};

/// Versions of a resource read at most.
const VERSIONS: &str = "200";

/// Which day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct When {
    /// What was true on this day.
    al: String,
    /// What was known on this day.
    noto: String,
}

/// A line of a list: what, when, whether it is a fact.
struct Line {
    what: String,
    detail: String,
    when: String,
    href: Option<String>,
    verified: bool,
}

#[derive(Template)]
#[template(path = "structure.html")]
struct Shown {
    page: Page,
    when: When,
    dated: Option<String>,
    known: Option<String>,
    one: Facility,
    kind: String,
    address: String,
    existed: bool,
    validity: String,
    above: Vec<(String, String)>,
    below: Vec<(String, String, String)>,
    affiliations: Vec<Line>,
    codes: Vec<(String, String)>,
    titles: Vec<Line>,
    beds: Vec<Line>,
    total_beds: u32,
    equipment: Vec<Line>,
    accessibility: Vec<String>,
    hours: Vec<(String, String, String)>,
    exceptions: Vec<Line>,
    state: String,
    colour: &'static str,
    services: Vec<Line>,
    origin: String,
    may_ask: bool,
}

/// `GET /strutture/{id}?al=&noto=`.
pub(crate) async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(when): Query<When>,
) -> Answer {
    let register = app.register().await?;
    let now = words::now(page.now());
    let known: Option<Date> = when.noto.parse().ok();
    let whole = match known {
        Some(day) => known_on(&app.system(), &register, &id, day).await?,
        None => register.get(&id).cloned(),
    };
    let whole = whole.ok_or_else(|| Failure::NotFound(id.clone()))?;
    let day: Option<Date> = when.al.parse().ok();
    let on = day.or(known).unwrap_or(now.date());
    let one = whole.on(on);
    let state = if day.is_none() && known.is_none() {
        register.timetables.state(&whole, now)
    } else {
        Open::Unknown
    };
    let parent_now = one.part_of.clone();
    let above = parent_now.and_then(|id| register.get(&id).cloned());
    let mut line = above.as_ref().map(|one| register.above(one)).unwrap_or_default();
    if let Some(above) = &above {
        line.insert(0, above);
    }
    let may_ask = crate::who::may_ask(page.actor(), &register, &id);
    web::show(&Shown {
        kind: words::kind(&page, &one.kind),
        address: words::address(&one),
        existed: one.active,
        validity: one.period.told(&page),
        above: line
            .iter()
            .rev()
            .map(|one| (one.id.clone(), one.name.clone()))
            .collect(),
        below: below(&page, &register, &id, on),
        affiliations: affiliations(&page, &register, &whole, day.or(known)),
        codes: one
            .identifiers
            .iter()
            .map(|code| (page.named("code", &code.kind), code.value.clone()))
            .collect(),
        titles: titles(&page, &one),
        total_beds: one.beds.iter().map(|beds| beds.count).sum(),
        beds: beds(&page, &one),
        equipment: equipment(&page, &one),
        accessibility: accessibility(&page, &one),
        hours: one
            .hours
            .iter()
            .map(|hours| {
                let (days, time) = words::hours(&page, hours);
                (days, time, hours.period.told(&page))
            })
            .collect(),
        exceptions: exceptions(&page, &one, on),
        state: words::state(&page, state, now),
        colour: words::colour(state),
        services: services(&page, &one),
        origin: page.named("origin", if one.origin.is_empty() { "ignota" } else { &one.origin }),
        dated: day.map(web::date),
        known: known.map(web::date),
        may_ask,
        page: page
            .with_title(one.name.clone())
            .crumb("/strutture", "structures-title"),
        when,
        one,
    })
}

/// What is part of it: id, name, kind.
fn below(page: &Page, register: &Register, id: &str, on: Date) -> Vec<(String, String, String)> {
    let parts = register.children(id).into_iter().filter(|child| child.stood(on));
    parts
        .map(|child| (child.id.clone(), child.name.clone(), words::kind(page, &child.kind)))
        .collect()
}

/// A structure as it stood in the hub at the end of a day.
async fn known_on(fhir: &Fhir, register: &Register, id: &str, day: Date) -> Result<Option<Facility>, PeerError> {
    let Some(present) = register.get(id) else {
        return Ok(None);
    };
    let Some(organization) = version_on(fhir, "Organization", id, day).await? else {
        return Ok(None);
    };
    let site = version_on(fhir, "Location", &site_of(id), day).await?;
    let mut services = Vec::new();
    for service in &present.services {
        services.extend(version_on(fhir, "HealthcareService", &service.id, day).await?);
    }
    let owner = format!("Organization/{id}");
    let asked = [("participating-organization", owner.as_str()), ("_count", "100")];
    let mut affiliations = Vec::new();
    for one in fhir.search("OrganizationAffiliation", &asked).await? {
        let id = one["id"].as_str().unwrap_or_default();
        affiliations.extend(version_on(fhir, "OrganizationAffiliation", id, day).await?);
    }
    let parts = Parts {
        site: site.as_ref(),
        services: services.iter().collect(),
        affiliations: affiliations.iter().collect(),
    };
    Ok(Facility::of(&organization, &parts))
}

/// The version of a resource at the end of a day; `None` when it was not there, or deleted.
async fn version_on(fhir: &Fhir, rtype: &str, id: &str, day: Date) -> Result<Option<Value>, PeerError> {
    let path = format!("{rtype}/{id}/_history");
    let bundle = match fhir.bundle(&path, &[("_count", VERSIONS)]).await {
        Err(error) if error.is_not_found() => return Ok(None),
        other => other?,
    };
    let entries = bundle["entry"].as_array().into_iter().flatten();
    for entry in entries {
        let at = entry["response"]["lastModified"]
            .as_str()
            .or_else(|| entry["resource"]["meta"]["lastUpdated"].as_str());
        let at: Option<jiff::Timestamp> = at.and_then(|at| at.parse().ok());
        if at.is_some_and(|at| web::local_date(at) <= day) {
            return Ok(Some(entry["resource"].clone()).filter(Value::is_object));
        }
    }
    Ok(None)
}

/// With a day, those of that day; without, all of them, the newest first.
fn affiliations(page: &Page, register: &Register, one: &Facility, day: Option<Date>) -> Vec<Line> {
    let kept = one
        .affiliations
        .iter()
        .filter(|one| day.is_none_or(|day| one.period.holds(day)));
    kept.map(|one| Line {
        what: register.name(&one.to),
        detail: page.named("affiliation", &one.kind),
        when: one.period.told(page),
        href: register.get(&one.to).map(|one| format!("/strutture/{}", one.id)),
        verified: true,
    })
    .collect()
}

fn line(page: &Page, what: String, detail: String, period: &Period, verified: bool) -> Line {
    let (when, href) = (period.told(page), None);
    Line {
        what,
        detail,
        when,
        href,
        verified,
    }
}

fn titles(page: &Page, one: &Facility) -> Vec<Line> {
    let titles = one.titles.iter().map(|title| Line {
        href: title.document.clone(),
        ..line(
            page,
            page.named("title", &title.kind),
            [title.act.clone(), title.authority.clone()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            &title.period,
            title.verified,
        )
    });
    titles.collect()
}

fn beds(page: &Page, one: &Facility) -> Vec<Line> {
    let beds = one.beds.iter().map(|beds| {
        let what = format!("{} {}", beds.discipline, beds.name);
        let detail = page.t2("beds-of", "n", beds.count, "regime", page.named("regime", &beds.regime));
        line(page, what, detail, &beds.period, beds.verified)
    });
    beds.collect()
}

fn equipment(page: &Page, one: &Facility) -> Vec<Line> {
    let all = one.equipment.iter();
    all.map(|one| line(page, one.name.clone(), one.count.to_string(), &one.period, one.verified))
        .collect()
}

fn accessibility(page: &Page, one: &Facility) -> Vec<String> {
    let codes = one.accessibility.iter().map(|code| {
        let known = rules::accessibility().iter().find(|item| item.code == *code);
        known.map_or_else(|| code.clone(), |item| item.of(page.lang()).to_owned())
    });
    codes.collect()
}

/// Those that are not over.
fn exceptions(page: &Page, one: &Facility, day: Date) -> Vec<Line> {
    let coming = one
        .exceptions
        .iter()
        .filter(|one| one.period.end.is_none_or(|end| day <= end));
    coming
        .map(|one| {
            let detail = match &one.open {
                Some((from, to)) => format!("{from}–{to}"),
                None => page.t("closed-all-day"),
            };
            line(page, one.reason.clone(), detail, &one.period, true)
        })
        .collect()
}

fn services(page: &Page, one: &Facility) -> Vec<Line> {
    let services = one.services.iter().map(|service| {
        let hours: Vec<String> = service
            .hours
            .iter()
            .map(|hours| {
                let (days, time) = words::hours(page, hours);
                format!("{days} {time}")
            })
            .collect();
        let detail = [service.code.clone(), hours.join("; ")];
        let detail = detail
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        line(page, service.name.clone(), detail, &service.period, service.verified)
    });
    services.collect()
}

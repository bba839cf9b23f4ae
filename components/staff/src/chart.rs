//! `GET /personale/organigramma?data=&radice=&tutte=`: who worked where on a day, unit under unit as they stood then; made to be
//! printed. Of the whole region only units where somebody works are shown, unless all are asked for.

use crate::app::{App, Declared};
use crate::assignment::Assignment;
use crate::pages::READ;
use crate::registry::Units;
use crate::systems::is_id;
use askama::Template;
use axum::extract::{Query, State};
use axum::routing::get;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use web::{Answer, Failure, Html, Page};

/// Levels under the root that are shown.
const LEVELS: usize = 4;
/// Units shown.
const MAX_SHOWN: usize = 300;
/// Units in one question.
const AT_ONCE: usize = 80;

/// Declares the page.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared.get(READ, "/personale/organigramma", get(show))
}

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    data: String,
    #[serde(default)]
    radice: String,
    /// Not empty: units where nobody works, too.
    #[serde(default)]
    tutte: String,
}

/// A unit of the tree.
pub(crate) struct Row {
    /// Marks that open and close lists before it.
    pub before: Html,
    /// Organization id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Who works there: id, name, role.
    pub people: Vec<(String, String, String)>,
    /// There are units under it that are not shown.
    pub more: bool,
}

#[derive(Template)]
#[template(path = "staff_chart.html")]
struct ChartPage {
    page: Page,
    day: String,
    root: String,
    rows: Vec<Row>,
    after: Html,
    units: Vec<(String, String)>,
    cut: bool,
    count: usize,
    /// Units that are not shown because nobody works there.
    left_out: usize,
}

/// Units to be shown, top first: id, level, whether there are more under it.
pub(crate) fn walk(units: &Units, root: Option<&str>) -> (Vec<(String, usize, bool)>, bool) {
    let mut shown: Vec<(String, usize, bool)> = Vec::new();
    let first = match root {
        Some(root) => vec![root.to_owned()],
        None => units.under(None).to_vec(),
    };
    let mut waiting: Vec<(String, usize)> = first.into_iter().rev().map(|id| (id, 0)).collect();
    let mut cut = false;
    while let Some((id, level)) = waiting.pop() {
        if shown.len() == MAX_SHOWN {
            cut = true;
            break;
        }
        // A circle of units is walked once.
        if shown.iter().any(|(seen, ..)| *seen == id) {
            continue;
        }
        let below = units.under(Some(&id));
        let deeper = level < LEVELS;
        if deeper {
            waiting.extend(below.iter().rev().map(|id| (id.clone(), level + 1)));
        }
        shown.push((id.clone(), level, !deeper && !below.is_empty()));
    }
    (shown, cut)
}

/// Leaves out the units where nobody works, neither there nor below.
pub(crate) fn staffed(shown: Vec<(String, usize, bool)>, works: impl Fn(&str) -> bool) -> Vec<(String, usize, bool)> {
    let mut kept = Vec::new();
    // The level of what was kept last, whose parents come before it: the nearest of a lower level is one.
    let mut below = 0;
    for unit in shown.into_iter().rev() {
        if unit.2 || unit.1 < below || works(&unit.0) {
            below = unit.1;
            kept.push(unit);
        }
    }
    kept.reverse();
    kept
}

async fn working(fhir: &Fhir, ids: &[String], at: Timestamp) -> Result<BTreeMap<String, Vec<Assignment>>, PeerError> {
    let mut of: BTreeMap<String, Vec<Assignment>> = BTreeMap::new();
    for part in ids.chunks(AT_ONCE) {
        let joined = part.join(",");
        let asked = [("organization", joined.as_str()), ("_count", "500")];
        let each = |page: Vec<Value>| {
            for one in page.into_iter().filter_map(Assignment::of).filter(|one| one.holds(at)) {
                of.entry(one.organization.clone()).or_default().push(one);
            }
            true
        };
        fhir.walk("PractitionerRole", &asked, each).await?;
    }
    Ok(of)
}

/// The page.
async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let day = asked
        .data
        .parse::<Date>()
        .unwrap_or_else(|_| web::local_date(page.now()));
    let noon = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let at = noon
        .map_err(|error| Failure::Unprocessable(error.to_string()))?
        .timestamp();
    let fhir = app.fhir(&page);
    let units = Units::on(&fhir, day).await?;
    let root = Some(asked.radice.as_str()).filter(|id| is_id(id) && units.all.contains_key(*id));
    let (shown, cut) = walk(&units, root);
    let ids: Vec<String> = shown.iter().map(|(id, ..)| id.clone()).collect();
    let mut of = working(&fhir, &ids, at).await?;
    let count = of.values().map(Vec::len).sum();
    let all = shown.len();
    let shown = match root.is_none() && asked.tutte.is_empty() {
        true => staffed(shown, |id| of.contains_key(id)),
        false => shown,
    };
    let left_out = all - shown.len();
    let (mut rows, mut level) = (Vec::new(), 0);
    for (place, (id, depth, more)) in shown.into_iter().enumerate() {
        let before = match (place, depth > level) {
            (0, _) => String::new(),
            (_, true) => "<ul>".into(),
            (_, false) => format!("</li>{}", "</ul></li>".repeat(level - depth)),
        };
        level = depth;
        let mut people = of.remove(&id).unwrap_or_default();
        people.sort_by(|a, b| (!a.main, &a.person_name).cmp(&(!b.main, &b.person_name)));
        rows.push(Row {
            before: Html(before),
            name: units.name(&id).to_owned(),
            people: people
                .into_iter()
                .map(|one| (one.person, one.person_name, page.role_name(&one.role)))
                .collect(),
            id,
            more,
        });
    }
    let after = match rows.is_empty() {
        true => String::new(),
        false => format!("</li>{}", "</ul></li>".repeat(level)),
    };
    web::show(&ChartPage {
        day: day.to_string(),
        root: root.unwrap_or_default().to_owned(),
        rows,
        after: Html(after),
        units: units.choices(),
        cut,
        count,
        left_out,
        page: page.titled("chart-title").crumb("/personale", "staff-title"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_somewhere_is_shown_with_all_that_is_above() {
        let tree = [
            ("empty", 0, false),
            ("below empty", 1, false),
            ("region", 0, false),
            ("far", 1, false),
            ("ward", 2, false),
            ("no one", 2, false),
            ("near", 1, false),
            ("deep", 1, true),
            ("last", 0, false),
        ];
        let shown = tree.iter().map(|(id, level, more)| ((*id).to_owned(), *level, *more));
        let works = |id: &str| ["ward", "near", "last"].contains(&id);
        let kept: Vec<String> = staffed(shown.collect(), works).into_iter().map(|unit| unit.0).collect();
        assert_eq!(kept, ["region", "far", "ward", "near", "deep", "last"]);
    }
}

//! Two simulations beside each other.

use super::{number, share, time, with};
use crate::pages::App;
use askama::Template;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use simulation::{Comparison, Difference};
use web::{Answer, Page};

/// With which one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct With {
    con: String,
}

struct Line {
    name: String,
    before: String,
    after: String,
    difference: String,
    significant: bool,
}

#[derive(Template)]
#[template(path = "simulation_compare.html")]
struct Compared {
    page: Page,
    found: Comparison,
    lines: Vec<Line>,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>, Query(with): Query<With>) -> Answer {
    let found = app.orchestrator(&page).compare_simulations(&id, &with.con).await?;
    let lines = found.differences.iter().map(|one| line(&page, one)).collect();
    let page = page
        .crumb("/simulazioni", "sim-title")
        .crumb_named(&format!("/simulazioni/{id}"), found.before.clone());
    web::show(&Compared {
        page: page.titled("sim-compare-title"),
        found,
        lines,
    })
}

fn line(page: &Page, one: &Difference) -> Line {
    let show = |value: f64| match one.what.as_str() {
        "utilisation" => share(page, value),
        "completed" | "cost" | "alive" => number(page, value),
        _ => time(page, value),
    };
    let name = page.t(&format!("sim-what-{}", one.what));
    Line {
        name: if one.name.is_empty() {
            name
        } else {
            format!("{name}: {}", one.name)
        },
        before: with(&one.before, show),
        after: with(&one.after, show),
        difference: with(&one.difference, show),
        significant: one.significant,
    }
}

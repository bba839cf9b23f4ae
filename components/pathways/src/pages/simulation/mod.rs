//! `/simulazioni`: what would happen with other arrivals, hours or people. A planner picks a deployed process, starts
//! from what its history says, changes what should be tried, plays it and compares.

mod chart;
mod compare;
mod form;
mod list;
mod result;
mod table;

pub use compare::show as compare;
pub use form::{edit, submit};
pub use list::list;
pub use result::{cancel, show};
pub use table::csv;

use web::Page;

/// Who plans. The orchestrator asks for the same.
pub const PLANNERS: &[&str] = &["case-manager", "planner", "programmatore", "admin"];

/// A duration of so many seconds as people say it.
fn time(page: &Page, seconds: f64) -> String {
    let size = seconds.abs();
    let (value, unit) = if size < 0.5 {
        return "0".into();
    } else if size < 90.0 {
        (seconds, "s")
    } else if size < 5_400.0 {
        (seconds / 60.0, "min")
    } else if size < 172_800.0 {
        (seconds / 3_600.0, "h")
    } else {
        (seconds / 86_400.0, "d")
    };
    let number = page.decimal(&format!("{value:.1}"));
    format!("{number} {}", page.t(&format!("sim-unit-{unit}")))
}

/// A number with as many decimals as it is worth.
fn number(page: &Page, value: f64) -> String {
    let text = if value.abs() >= 100.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    };
    page.decimal(&text)
}

/// A share from 0 to 1 in per cent.
fn share(page: &Page, value: f64) -> String {
    format!("{} %", page.decimal(&format!("{:.1}", value * 100.0)))
}

/// An estimate with half its interval.
fn with(estimate: &simulation::Estimate, show: impl Fn(f64) -> String) -> String {
    match estimate.high {
        Some(high) if high > estimate.mean => format!("{} ± {}", show(estimate.mean), show(high - estimate.mean)),
        _ => show(estimate.mean),
    }
}

/// A note in the language of the page.
fn told(page: &web::Page, note: &orchestrator::api::Note) -> String {
    const NAMES: [&str; 8] = [
        "resource", "element", "other", "process", "n", "day", "percent", "error",
    ];
    let given = NAMES
        .into_iter()
        .filter_map(|name| Some((name, note.args.get(name)?.as_str().into())));
    let args: Vec<(&'static str, web::Arg)> = given.collect();
    let found = page.texts().find(&format!("sim-note-{}", note.key), &args);
    found.unwrap_or_else(|| note.text.clone())
}

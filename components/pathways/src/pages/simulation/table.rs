//! The result as a file for a spreadsheet: plain numbers, seconds.

use crate::pages::App;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::header;
use simulation::{Estimate, Report};
use web::{Answer, Failure, Page};

/// `GET /simulazioni/{id}/tabella.csv`.
pub async fn csv(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let simulation = app.orchestrator(&page).simulation(&id).await?;
    let Some(report) = simulation.report else {
        return Err(Failure::Unprocessable(page.t("sim-no-result")));
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"simulazione.csv\""),
    ];
    Ok((headers, written(&report)).into_response())
}

fn cell(text: &str) -> String {
    // a spreadsheet takes these for formulas
    let text = if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn written(report: &Report) -> String {
    let mut out = String::from("\u{feff}kind;id;name;measure;mean;low;high\r\n");
    let mut line = |kind: &str, id: &str, name: &str, measure: &str, value: &Estimate| {
        let bound = |bound: Option<f64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
        let (low, high) = (bound(value.low), bound(value.high));
        let (id, name) = (cell(id), cell(name));
        out.push_str(&format!("{kind};{id};{name};{measure};{};{low};{high}\r\n", value.mean));
    };
    for (measure, metric) in [
        ("throughput", &report.throughput),
        ("waiting", &report.waiting),
        ("service", &report.service),
        ("cost", &report.cost),
    ] {
        line("process", "", "", measure, &metric.mean);
        line("process", "", "", &format!("{measure}-p90"), &metric.p90);
    }
    for (measure, value) in [
        ("started", &report.started),
        ("completed", &report.completed),
        ("live", &report.live),
    ] {
        line("process", "", "", measure, value);
    }
    for one in &report.resources {
        line("resource", &one.resource, &one.name, "utilisation", &one.utilisation);
        line("resource", &one.resource, &one.name, "waiting", &one.waiting.mean);
        line("resource", &one.resource, &one.name, "queue", &one.queue);
        line("resource", &one.resource, &one.name, "cost", &one.cost);
    }
    for one in report.elements.iter().filter(|one| one.entered.mean > 0.0) {
        line("element", &one.element, &one.name, "entered", &one.entered);
        line("element", &one.element, &one.name, "time", &one.time.mean);
        line("element", &one.element, &one.name, "waiting", &one.waiting.mean);
        line("element", &one.element, &one.name, "service", &one.service.mean);
        line("element", &one.element, &one.name, "queue", &one.queue);
    }
    for one in &report.flows {
        line("flow", &one.flow, &one.name, "percent", &one.percent);
    }
    out
}

//! One simulation: how far it has come, then what came out.

use super::chart::{Bar, bars};
use super::{number, share, time, with};
use crate::pages::App;
use askama::Template;
use axum::extract::{Path, State};
use http::{HeaderValue, header};
use orchestrator::api::SimulationInfo;
use simulation::{Metric, Report};
use web::{Answer, Flash, Html, Page};

/// How often a page about something that runs is loaded again, seconds.
const REFRESH: &str = "2";

/// A row of a table: a heading and cells in words.
struct Row {
    head: String,
    cells: Vec<String>,
}

/// A table; the first heading is that of its rows.
struct Table {
    caption: String,
    heads: Vec<String>,
    rows: Vec<Row>,
}

impl Row {
    /// Cells with the heading of their column.
    fn labelled<'a>(&'a self, heads: &'a [String]) -> Vec<(&'a str, &'a str)> {
        let heads = heads.iter().skip(1).map(String::as_str);
        heads.zip(self.cells.iter().map(String::as_str)).collect()
    }
}

#[derive(Template)]
#[template(path = "simulation.html")]
struct Shown {
    page: Page,
    simulation: SimulationInfo,
    status: String,
    running: bool,
    percent: String,
    played: String,
    others: Vec<SimulationInfo>,
    tables: Vec<Table>,
    bottlenecks: Vec<String>,
    warnings: Vec<String>,
    done: bool,
    utilisation: Html,
    waiting: Html,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let orchestrator = app.orchestrator(&page);
    let simulation = orchestrator.simulation(&id).await?;
    let others = orchestrator.simulations().await?.into_iter();
    let others = others
        .filter(|other| other.id != id && other.status == "done")
        .collect();
    let running = matches!(simulation.status.as_str(), "waiting" | "running");
    let empty = Report::default();
    let report = simulation.report.as_deref().unwrap_or(&empty);
    let played = [
        ("n", report.replications as usize),
        ("instances", report.instances_simulated as usize),
    ];
    let shown = Shown {
        status: page.t(&format!("sim-status-{}", simulation.status)),
        running,
        percent: format!("{:.0}", simulation.progress * 100.0),
        played: page.t2("sim-played", played[0].0, played[0].1, played[1].0, played[1].1),
        others,
        tables: tables(&page, report),
        bottlenecks: bottlenecks(&page, report),
        warnings: report.warnings.iter().map(|note| super::told(&page, note)).collect(),
        done: simulation.report.is_some(),
        utilisation: utilisation(&page, report),
        waiting: waiting(&page, report),
        page: page
            .crumb("/simulazioni", "sim-title")
            .with_title(simulation.name.clone()),
        simulation,
    };
    let mut response = web::show(&shown)?;
    if running {
        let headers = response.headers_mut();
        headers.insert(header::REFRESH, HeaderValue::from_static(REFRESH));
    }
    Ok(response)
}

/// `POST /simulazioni/{id}/annulla`.
pub async fn cancel(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    app.orchestrator(&page).cancel_simulation(&id).await?;
    page.redirect(&format!("/simulazioni/{id}"), Flash::success(page.t("sim-cancelled")))
}

fn tables(page: &Page, report: &Report) -> Vec<Table> {
    let table = |caption: &str, heads: &[&str], rows: Vec<Row>| Table {
        caption: page.t(caption),
        heads: heads.iter().map(|key| page.t(key)).collect(),
        rows,
    };
    let times_heads = ["sim-measure", "sim-mean", "sim-sd", "sim-p50", "sim-p90", "sim-p95"];
    let resource_heads = [
        "sim-resource",
        "sim-units",
        "sim-utilisation",
        "sim-waiting",
        "sim-queue",
        "sim-queue-max",
        "sim-cost",
    ];
    let task_heads = [
        "sim-task",
        "sim-entered",
        "sim-broken",
        "sim-throughput",
        "sim-waiting",
        "sim-waiting-p90",
        "sim-service",
        "sim-queue",
    ];
    let mut all = vec![
        table("sim-instances", &["sim-measure", "sim-mean"], counts(page, report)),
        table("sim-times", &times_heads, times(page, report)),
        table("sim-resources", &resource_heads, resources(page, report)),
        table("sim-tasks", &task_heads, elements(page, report)),
        table(
            "sim-paths",
            &["sim-path", "sim-taken", "sim-percent"],
            paths(page, report),
        ),
    ];
    all.retain(|table| !table.rows.is_empty());
    all
}

fn row(head: impl Into<String>, cells: impl IntoIterator<Item = String>) -> Row {
    Row {
        head: head.into(),
        cells: cells.into_iter().collect(),
    }
}

fn counts(page: &Page, report: &Report) -> Vec<Row> {
    let all = [
        ("sim-started", &report.started),
        ("sim-completed", &report.completed),
        ("sim-terminated", &report.terminated),
        ("sim-failed", &report.failed),
        ("sim-live", &report.live),
        ("sim-alive", &report.alive),
    ];
    all.map(|(key, value)| row(page.t(key), [with(value, |n| number(page, n))]))
        .into()
}

fn metric(head: String, metric: &Metric, show: impl Fn(f64) -> String) -> Row {
    let cells = [
        with(&metric.mean, &show),
        show(metric.sd),
        with(&metric.p50, &show),
        with(&metric.p90, &show),
        with(&metric.p95, &show),
    ];
    row(head, cells)
}

fn times(page: &Page, report: &Report) -> Vec<Row> {
    let money = |value: f64| format!("{} {}", number(page, value), report.currency);
    vec![
        metric(page.t("sim-throughput"), &report.throughput, |s| time(page, s)),
        metric(page.t("sim-waiting"), &report.waiting, |s| time(page, s)),
        metric(page.t("sim-service"), &report.service, |s| time(page, s)),
        metric(page.t("sim-cost"), &report.cost, money),
    ]
}

fn resources(page: &Page, report: &Report) -> Vec<Row> {
    let one = |resource: &simulation::ResourceReport| {
        let cells = [
            resource.capacity.to_string(),
            with(&resource.utilisation, |s| share(page, s)),
            with(&resource.waiting.mean, |s| time(page, s)),
            number(page, resource.queue.mean),
            resource.queue_max.to_string(),
            format!("{} {}", number(page, resource.cost.mean), report.currency),
        ];
        row(resource.name.clone(), cells)
    };
    report.resources.iter().map(one).collect()
}

fn elements(page: &Page, report: &Report) -> Vec<Row> {
    let worth = report
        .elements
        .iter()
        .filter(|one| one.time.max > 0.0 || one.cancelled.mean > 0.0);
    let one = |element: &simulation::ElementReport| {
        let cells = [
            number(page, element.entered.mean),
            number(page, element.cancelled.mean),
            with(&element.time.mean, |s| time(page, s)),
            with(&element.waiting.mean, |s| time(page, s)),
            time(page, element.waiting.p90.mean),
            time(page, element.service.mean.mean),
            number(page, element.queue.mean),
        ];
        row(element.name.clone(), cells)
    };
    worth.map(one).collect()
}

fn paths(page: &Page, report: &Report) -> Vec<Row> {
    let name = |id: &str| {
        let found = report.elements.iter().find(|element| element.element == id);
        found.map_or(id, |element| element.name.as_str()).to_owned()
    };
    let cells = |flow: &simulation::FlowReport| {
        let percent = with(&flow.percent, |n| page.decimal(&format!("{n:.1}")));
        [number(page, flow.taken.mean), format!("{percent} %")]
    };
    let ends = report.ends.iter().map(|end| row(end.name.clone(), cells(end)));
    let chosen = report.flows.iter().filter(|flow| {
        flow.percent.mean < 99.999 && report.flows.iter().filter(|other| other.source == flow.source).count() > 1
    });
    let branches = chosen.map(|flow| row(format!("{} → {}", name(&flow.source), name(&flow.target)), cells(flow)));
    ends.chain(branches).collect()
}

fn bottlenecks(page: &Page, report: &Report) -> Vec<String> {
    let told = report.bottlenecks.iter().take(5).map(|one| {
        let share = share(page, one.share);
        format!("{}: {share} ({})", one.name, one.resources.join(", "))
    });
    told.collect()
}

fn utilisation(page: &Page, report: &Report) -> Html {
    let all = report.resources.iter().map(|one| Bar {
        name: one.name.clone(),
        value: one.utilisation,
        text: with(&one.utilisation, |s| share(page, s)),
    });
    bars(&page.t("sim-chart-utilisation"), &all.collect::<Vec<_>>(), Some(1.0))
}

fn waiting(page: &Page, report: &Report) -> Html {
    let all = report.bottlenecks.iter().filter_map(|one| {
        let element = report.elements.iter().find(|element| element.element == one.element)?;
        Some(Bar {
            name: element.name.clone(),
            value: element.waiting.mean,
            text: with(&element.waiting.mean, |s| time(page, s)),
        })
    });
    bars(&page.t("sim-chart-waiting"), &all.collect::<Vec<_>>(), None)
}

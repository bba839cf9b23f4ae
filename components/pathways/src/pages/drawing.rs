//! Charts and diagrams of this component, drawn by the page kit.

use super::patient::values::{Point, Series};
use super::sources::Source;
use std::collections::{BTreeMap, BTreeSet};
use web::{Chart, ChartPoint, DiagramView, Html, Page};

/// A process diagram with live and done elements.
pub fn draw(page: &Page, source: &Source, tokens: BTreeMap<String, u32>, done: BTreeSet<String>) -> Html {
    let address = format!("/orchestrator/definitions/{}/xml", source.definition.key);
    let view = DiagramView {
        title: &source.definition.name,
        tokens,
        done,
        heat: BTreeMap::new(),
        source: Some(&address),
    };
    view.html(&source.model.diagram, page.texts())
}

/// A process diagram with hot elements; it stays as the server drew it.
pub fn draw_heat(page: &Page, source: &Source, heat: BTreeMap<String, web::Heat>) -> Html {
    let view = DiagramView {
        title: &source.definition.name,
        heat,
        ..DiagramView::default()
    };
    view.html(&source.model.diagram, page.texts())
}

/// A chart of a value over time; `target` is the highest value wished for.
pub fn chart(page: &Page, series: &Series, points: &[Point], target: Option<f64>) -> Html {
    let points = points.iter().filter_map(|point| {
        Some(ChartPoint {
            at: super::patient::values::day(&point.at)?,
            value: point.value.parse().ok()?,
            text: point.value.clone(),
        })
    });
    let chart = Chart {
        title: page.t(&format!("value-{}", series.key)),
        unit: series.unit.into(),
        points: points.collect(),
        band: None,
        target: target.map(|value| (value, page.t("chart-target"))),
    };
    chart.html(page.texts())
}

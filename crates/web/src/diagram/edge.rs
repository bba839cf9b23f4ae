//! Flows and associations.

use super::text;
use bpmn::{Edge, Point};
use std::fmt::Write as _;

/// Arrow heads. One page shows one drawing, so fixed ids do.
pub(super) const MARKERS: &str = "<defs>\
<marker id=\"sf-arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"#22242a\"></path></marker>\
<marker id=\"sf-arrow-done\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"#007a52\"></path></marker>\
<marker id=\"sf-arrow-open\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"10\" markerHeight=\"10\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M1 1 9 5 1 9\" fill=\"#fff\" stroke=\"#22242a\"></path></marker>\
</defs>";

/// Draws a line with its head and its label.
pub(super) fn draw(edge: &Edge, done: bool, out: &mut String) {
    if edge.points.len() < 2 {
        return;
    }
    let points: Vec<String> = edge.points.iter().map(|p| format!("{:.1},{:.1}", p.x, p.y)).collect();
    let (dash, marker) = match edge.tag.as_str() {
        "messageFlow" => (" stroke-dasharray=\"6 4\"", " marker-end=\"url(#sf-arrow-open)\""),
        "association" | "dataInputAssociation" | "dataOutputAssociation" => (" stroke-dasharray=\"1 4\"", ""),
        _ if done => ("", " marker-end=\"url(#sf-arrow-done)\""),
        _ => ("", " marker-end=\"url(#sf-arrow)\""),
    };
    let (colour, width) = if done { ("#007a52", 2.2) } else { ("#22242a", 1.4) };
    let _ = write!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}{marker}>\
         </polyline>",
        points.join(" ")
    );
    if edge.default {
        slash(&edge.points, colour, out);
    }
    label(edge, out);
}

/// The short stroke across a default flow.
fn slash(points: &[Point], colour: &str, out: &mut String) {
    let (a, b) = (points[0], points[1]);
    let length = (b.x - a.x).hypot(b.y - a.y).max(1.0);
    let (x, y) = (a.x + (b.x - a.x) / length * 12.0, a.y + (b.y - a.y) / length * 12.0);
    let _ = write!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"1.4\"></line>",
        x - 4.0,
        y + 5.0,
        x + 4.0,
        y - 5.0
    );
}

fn label(edge: &Edge, out: &mut String) {
    let Some(name) = edge.name.as_deref().filter(|n| !n.is_empty()) else {
        return;
    };
    if let Some(place) = edge.label {
        // A modeler's label box is as narrow as its own font needs; ours may be a little wider.
        text::below(
            name,
            place.x + place.width / 2.0,
            place.y - 2.0,
            place.width.max(70.0) + 8.0,
            out,
        );
        return;
    }
    let middle = (edge.points.len() - 1) / 2;
    let (a, b) = (edge.points[middle], edge.points[middle + 1]);
    text::below(
        name,
        f64::midpoint(a.x, b.x),
        f64::midpoint(a.y, b.y) - 18.0,
        110.0,
        out,
    );
}

//! Nodes, pools and lanes.

use super::{State, icon, text};
use crate::html::escape;
use bpmn::{Bounds, Shape};
use std::fmt::Write as _;

/// Drawn under the flows: pools, lanes, groups and open sub-processes.
pub(super) fn is_background(shape: &Shape) -> bool {
    match shape.tag.as_str() {
        "participant" | "lane" | "group" => true,
        "subProcess" | "transaction" | "adHocSubProcess" => shape.expanded,
        _ => false,
    }
}

/// Draws a shape; its BPMN id stays findable in `data-element`.
pub(super) fn draw(shape: &Shape, state: State, out: &mut String) {
    let _ = write!(out, "<g data-element=\"{}\">", escape(&shape.element));
    match shape.tag.as_str() {
        "participant" | "lane" => pool(shape, out),
        "group" => rectangle(
            shape.bounds,
            "none",
            "#5c6f82",
            1.0,
            " rx=\"8\" stroke-dasharray=\"8 4 2 4\"",
            out,
        ),
        "textAnnotation" => annotation(shape, out),
        "dataObjectReference" | "dataObject" | "dataInput" | "dataOutput" => document(shape, out),
        "dataStoreReference" => store(shape, out),
        tag if tag.ends_with("Gateway") => gateway(shape, state, out),
        tag if tag.ends_with("Event") => event(shape, state, out),
        _ => activity(shape, state, out),
    }
    out.push_str("</g>");
}

fn rectangle(b: Bounds, fill: &str, line: &str, width: f64, extra: &str, out: &mut String) {
    let _ = write!(
        out,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"{width}\"{extra}></rect>",
        b.x, b.y, b.width, b.height
    );
}

fn pool(shape: &Shape, out: &mut String) {
    let b = shape.bounds;
    let fill = if shape.tag == "lane" { "none" } else { "#fbfdff" };
    rectangle(b, fill, "#5c6f82", 1.0, "", out);
    let Some(name) = shape.name.as_deref().filter(|n| !n.is_empty()) else {
        return;
    };
    if shape.horizontal {
        let (x, y) = (b.x + 19.0, b.y + b.height / 2.0);
        let _ = write!(
            out,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1:.1}\" y2=\"{2:.1}\" stroke=\"#5c6f82\"></line>\
             <text transform=\"translate({x:.1} {y:.1}) rotate(-90)\" text-anchor=\"middle\" font-weight=\"600\" fill=\"#17324d\">{3}</text>",
            b.x + 30.0,
            b.y,
            b.y + b.height,
            escape(&text::wrap(name, b.height - 8.0, 1).join(" "))
        );
    } else {
        text::centred(name, Bounds { height: 30.0, ..b }, 6.0, out);
    }
}

fn activity(shape: &Shape, state: State, out: &mut String) {
    let (fill, line, factor) = state.colours();
    let b = shape.bounds;
    // A call activity has a thick line, an event sub-process would be dotted; a transaction is double.
    let width = if shape.tag == "callActivity" { 4.0 } else { 1.6 };
    rectangle(b, fill, line, width * factor, " rx=\"10\"", out);
    if shape.tag == "transaction" {
        let inner = Bounds {
            x: b.x + 3.0,
            y: b.y + 3.0,
            width: b.width - 6.0,
            height: b.height - 6.0,
        };
        rectangle(inner, "none", line, 1.0, " rx=\"8\"", out);
    }
    icon::task(&shape.tag, b.x + 6.0, b.y + 6.0, line, out);
    icon::markers(shape, line, out);
    let Some(name) = shape.name.as_deref() else { return };
    if shape.expanded {
        text::below(name, b.x + b.width / 2.0, b.y + 4.0, b.width - 16.0, out);
    } else {
        let typed = !matches!(shape.tag.as_str(), "task" | "callActivity");
        let top = if typed { 16.0 } else { 0.0 };
        text::centred(
            name,
            Bounds {
                y: b.y + top,
                height: b.height - top,
                ..b
            },
            5.0,
            out,
        );
    }
}

fn gateway(shape: &Shape, state: State, out: &mut String) {
    let (fill, line, factor) = state.colours();
    let b = shape.bounds;
    let (x, y) = (b.x + b.width / 2.0, b.y + b.height / 2.0);
    let _ = write!(
        out,
        "<path d=\"M{x:.1} {:.1} {:.1} {y:.1} {x:.1} {:.1} {:.1} {y:.1}z\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"{}\"></path>",
        b.y,
        b.x + b.width,
        b.y + b.height,
        b.x,
        1.6 * factor
    );
    icon::gateway(&shape.tag, x, y, b.width / 2.0, line, out);
    outside_label(shape, out);
}

fn event(shape: &Shape, state: State, out: &mut String) {
    let (fill, line, factor) = state.colours();
    let b = shape.bounds;
    let (x, y, r) = (b.x + b.width / 2.0, b.y + b.height / 2.0, b.width / 2.0);
    let dash = if shape.non_interrupting {
        " stroke-dasharray=\"4 3\""
    } else {
        ""
    };
    let width = if shape.tag == "endEvent" { 3.2 } else { 1.6 };
    let mut ring = |r: f64, fill: &str, width: f64| {
        let _ = write!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"{width}\"{dash}></circle>"
        );
    };
    ring(r, fill, width * factor);
    if matches!(
        shape.tag.as_str(),
        "boundaryEvent" | "intermediateCatchEvent" | "intermediateThrowEvent"
    ) {
        ring(r - 3.0, "none", 1.2);
    }
    let throws = matches!(shape.tag.as_str(), "endEvent" | "intermediateThrowEvent");
    match shape.events.as_slice() {
        [] => {}
        [one] => icon::event(one, x, y, r * 0.55, throws, line, out),
        _ => icon::event("multiple", x, y, r * 0.55, throws, line, out),
    }
    outside_label(shape, out);
}

fn outside_label(shape: &Shape, out: &mut String) {
    let Some(name) = shape.name.as_deref().filter(|n| !n.is_empty()) else {
        return;
    };
    let b = shape.bounds;
    match shape.label {
        Some(l) => text::below(name, l.x + l.width / 2.0, l.y - 1.0, l.width.max(70.0) + 8.0, out),
        None => text::below(name, b.x + b.width / 2.0, b.y + b.height + 3.0, 100.0, out),
    }
}

fn annotation(shape: &Shape, out: &mut String) {
    let b = shape.bounds;
    let _ = write!(
        out,
        "<path d=\"M{0:.1} {1:.1}h-10v{2:.1}h10\" fill=\"none\" stroke=\"#5c6f82\"></path>",
        b.x + 10.0,
        b.y,
        b.height
    );
    text::centred(shape.name.as_deref().unwrap_or(""), b, 4.0, out);
}

fn document(shape: &Shape, out: &mut String) {
    let b = shape.bounds;
    let _ = write!(
        out,
        "<path d=\"M{:.1} {:.1}h{:.1}l10 10v{:.1}h-{:.1}z\" fill=\"#fff\" stroke=\"#5c6f82\"></path>",
        b.x,
        b.y,
        b.width - 10.0,
        b.height - 10.0,
        b.width
    );
    outside_label(shape, out);
}

fn store(shape: &Shape, out: &mut String) {
    let b = shape.bounds;
    let _ = write!(
        out,
        "<path d=\"M{x:.1} {y:.1}v{h:.1}a{r:.1} 7 0 0 0 {w:.1} 0v-{h:.1}\" fill=\"#fff\" stroke=\"#5c6f82\"></path>\
         <ellipse cx=\"{cx:.1}\" cy=\"{y:.1}\" rx=\"{r:.1}\" ry=\"7\" fill=\"#fff\" stroke=\"#5c6f82\"></ellipse>",
        x = b.x,
        y = b.y + 7.0,
        h = b.height - 14.0,
        r = b.width / 2.0,
        w = b.width,
        cx = b.x + b.width / 2.0
    );
    outside_label(shape, out);
}

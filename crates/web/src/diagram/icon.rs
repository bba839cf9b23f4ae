//! The small signs inside tasks, events and gateways.

use bpmn::Shape;
use std::fmt::Write as _;

/// The sign of a task's type, 14 units wide, upper left corner at (x, y).
pub(super) fn task(tag: &str, x: f64, y: f64, line: &str, out: &mut String) {
    let path = match tag {
        "userTask" => "M7 7a3 3 0 1 0-.01 0zM1 14c0-4 2-6 6-6s6 2 6 6z",
        "manualTask" => "M1 12V6l5-3 1 2-2 1h8v1.500H8m5 0v2H8m4 0v2H8m3 0v1.500H4z",
        "serviceTask" => {
            "M7 1v2M7 11v2M1 7h2M11 7h2M2.800 2.800l1.400 1.400M9.800 9.800l1.400 1.400M2.800 11.200l1.400-1.400M9.800 4.200l1.400-1.400M7 10a3 3 0 1 0-.01 0z"
        }
        "scriptTask" => "M4 1h9c-3 3 3 9 0 12H2c3-3-3-9 2-12zM4 4h5M4 7h6M5 10h6",
        "businessRuleTask" => "M1 2h12v10H1zM1 5h12M1 8.500h12M5 5v7",
        "sendTask" | "receiveTask" => "M1 2h12v9H1zM1 2l6 5 6-5",
        _ => return,
    };
    let fill = if tag == "sendTask" { "#c9d6e3" } else { "none" };
    let _ = write!(
        out,
        "<path transform=\"translate({x:.1} {y:.1})\" d=\"{path}\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"1.1\"></path>"
    );
}

/// Marks at the lower edge: collapsed sub-process, repetition, compensation is not drawn.
pub(super) fn markers(shape: &Shape, line: &str, out: &mut String) {
    let b = shape.bounds;
    let mut x = b.x + b.width / 2.0 - 6.0;
    let y = b.y + b.height - 15.0;
    let mut put = |path: &str| {
        let _ = write!(
            out,
            "<path transform=\"translate({x:.1} {y:.1})\" d=\"{path}\" fill=\"none\" stroke=\"{line}\" stroke-width=\"1.6\"></path>"
        );
        x += 16.0;
    };
    if matches!(
        shape.tag.as_str(),
        "subProcess" | "transaction" | "adHocSubProcess" | "callActivity"
    ) && !shape.expanded
    {
        put("M0 0h12v12H0zM6 2v8M2 6h8");
    }
    match shape.marker {
        Some("parallel") => put("M2 0v12M6 0v12M10 0v12"),
        Some("sequential") => put("M0 2h12M0 6h12M0 10h12"),
        Some("loop") => put("M4 11a5 5 0 1 1 4 0M4 7v4H0"),
        _ => {}
    }
}

/// The sign inside a gateway; `half` is half its diagonal.
pub(super) fn gateway(tag: &str, x: f64, y: f64, half: f64, line: &str, out: &mut String) {
    let r = half * 0.4;
    let cross = format!(
        "M{0:.1} {1:.1}v{2:.1}M{3:.1} {4:.1}h{2:.1}",
        x,
        y - r,
        2.0 * r,
        x - r,
        y
    );
    let d = r * 0.75;
    let times = format!(
        "M{:.1} {:.1}l{2:.1} {2:.1}m0-{2:.1}l-{2:.1} {2:.1}",
        x - d,
        y - d,
        2.0 * d
    );
    let circle = |r: f64| {
        format!(
            "M{:.1} {y:.1}a{r:.1} {r:.1} 0 1 0 {:.1} 0a{r:.1} {r:.1} 0 1 0-{:.1} 0",
            x - r,
            2.0 * r,
            2.0 * r
        )
    };
    let path = match tag {
        "exclusiveGateway" => times,
        "parallelGateway" => cross,
        "inclusiveGateway" => circle(r),
        "complexGateway" => format!("{cross}{times}"),
        "eventBasedGateway" => format!(
            "{}{}M{x:.1} {:.1}l{:.1} {:.1}-{:.1} {:.1}h-{:.1}l-{:.1}-{:.1}z",
            circle(r * 1.25),
            circle(r),
            y - r * 0.7,
            r * 0.7,
            r * 0.5,
            r * 0.27,
            r * 0.8,
            r * 0.86,
            r * 0.27,
            r * 0.8
        ),
        _ => return,
    };
    let width = if matches!(tag, "exclusiveGateway" | "parallelGateway") {
        3.0
    } else {
        1.8
    };
    let _ = write!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{line}\" stroke-width=\"{width}\"></path>"
    );
}

/// The sign inside an event of radius about `r`; thrown events are filled.
pub(super) fn event(kind: &str, x: f64, y: f64, r: f64, throws: bool, line: &str, out: &mut String) {
    let d = |path: &str| path.to_owned();
    // Drawn in a box from -10 to 10, then scaled.
    let path = match kind {
        "timer" => d("M0-10a10 10 0 1 0 .01 0zM0-6V0l5 3"),
        "message" => d("M-10-7h20V7h-20zM-10-7 0 1 10-7"),
        "signal" => d("M0-9 10 8h-20z"),
        "error" => d("M-9 8-4-8 2 3 9-8 4 9-2-2z"),
        "escalation" => d("M0-10 8 9 0 1-8 9z"),
        "conditional" => d("M-8-9H8V9H-8zM-5-5H5M-5 0H5M-5 5H5"),
        "link" => d("M-9-4H2v-5L10 0 2 9V4H-9z"),
        "compensate" | "compensation" => d("M-1 0 8-8V8zM-10 0l9-8V8z"),
        "cancel" => d("M-8-8 8 8M8-8-8 8"),
        "terminate" => d("M0-9a9 9 0 1 0 .01 0z"),
        "multiple" => d("M0-10 10-2 6 9H-6L-10-2z"),
        _ => return,
    };
    let fill = if throws || kind == "terminate" { line } else { "none" };
    // A filled envelope would lose its flap: it is drawn in white.
    let stroke = if throws && kind == "message" { "#fff" } else { line };
    let scale = r / 10.0;
    let _ = write!(
        out,
        "<path transform=\"translate({x:.1} {y:.1}) scale({scale:.2})\" d=\"{path}\" fill=\"{fill}\" stroke=\"{stroke}\" \
         stroke-width=\"1.800\" stroke-linejoin=\"round\"></path>"
    );
}

//! The processes parse without an issue and are drawn whole.

use pathways::deployments::DEPLOYMENTS;

fn models() -> Vec<(&'static str, bpmn::Model)> {
    let files = DEPLOYMENTS.iter().filter(|f| f.name.ends_with(".bpmn"));
    files
        .map(|f| {
            (
                f.name,
                bpmn::parse(f.content).unwrap_or_else(|issues| panic!("{}: {issues:#?}", f.name)),
            )
        })
        .collect()
}

#[test]
fn processes_parse_without_a_warning() {
    for (name, model) in models() {
        assert!(model.warnings.is_empty(), "{name}: {:#?}", model.warnings);
    }
}

/// Nothing lies on anything else: two shapes overlap only if one is a pool, a lane, or a boundary event on its host.
#[test]
fn shapes_do_not_overlap() {
    for file in DEPLOYMENTS.iter().filter(|f| f.name.ends_with(".bpmn")) {
        let boxes = boxes(file.content);
        assert!(boxes.len() > 10, "{}", file.name);
        for (n, a) in boxes.iter().enumerate() {
            for b in &boxes[..n] {
                let apart = a.1 + a.3 <= b.1 || b.1 + b.3 <= a.1 || a.2 + a.4 <= b.2 || b.2 + b.4 <= a.2;
                assert!(apart, "{}: {} lies on {}", file.name, a.0, b.0);
            }
        }
    }
}

/// Id, x, y, width, height of every drawn flow node except boundary events.
fn boxes(xml: &str) -> Vec<(&str, f64, f64, f64, f64)> {
    let text = |part: &'static str, of: &'static str| -> f64 {
        let at = part.find(of).unwrap_or_else(|| panic!("{of} in {part}")) + of.len();
        part[at..].split('"').next().unwrap().parse().unwrap()
    };
    let xml: &'static str = Box::leak(xml.to_owned().into_boxed_str());
    let shapes = xml.split("<bpmndi:BPMNShape ").skip(1).filter_map(|part| {
        let part = part.split("</bpmndi:BPMNShape>").next()?;
        let id = part.split("bpmnElement=\"").nth(1)?.split('"').next()?;
        let container = part.contains("isHorizontal");
        let boundary = xml.contains(&format!("<bpmn:boundaryEvent id=\"{id}\""));
        (!container && !boundary).then(|| {
            (
                id,
                text(part, " x=\""),
                text(part, " y=\""),
                text(part, "width=\""),
                text(part, "height=\""),
            )
        })
    });
    shapes.collect()
}

//! BPMN DI: bounds and waypoints of the first plane of each diagram.

use super::reader::{Reader, flag};
use crate::{Bounds, Diagram, Edge, Point, Shape};
use roxmltree::Node;

const DI: &str = "http://www.omg.org/spec/BPMN/20100524/DI";
const DC: &str = "http://www.omg.org/spec/DD/20100524/DC";
const DD: &str = "http://www.omg.org/spec/DD/20100524/DI";

/// The drawing; shapes and edges of elements that are not in the file are left out.
pub fn read(reader: &Reader<'_>) -> Diagram {
    let mut diagram = Diagram::default();
    let Some(first) = reader
        .root()
        .children()
        .find(|node| node.has_tag_name((DI, "BPMNDiagram")))
    else {
        return diagram;
    };
    for plane in first.children().filter(|node| node.has_tag_name((DI, "BPMNPlane"))) {
        for item in plane.children().filter(Node::is_element) {
            let Some(element) = item
                .attribute("bpmnElement")
                .and_then(|reference| reader.by_ref(reference))
            else {
                continue;
            };
            match item.tag_name().name() {
                "BPMNShape" => diagram.shapes.extend(shape(item, element)),
                "BPMNEdge" => diagram.edges.push(edge(reader, item, element)),
                _ => {}
            }
        }
    }
    diagram
}

fn shape(item: Node<'_, '_>, element: Node<'_, '_>) -> Option<Shape> {
    let events = element
        .children()
        .filter_map(|child| child.tag_name().name().strip_suffix("EventDefinition"));
    let marker = element.children().find_map(|child| match child.tag_name().name() {
        "standardLoopCharacteristics" => Some("loop"),
        "multiInstanceLoopCharacteristics" if flag(child, "isSequential", false) => Some("sequential"),
        "multiInstanceLoopCharacteristics" => Some("parallel"),
        _ => None,
    });
    Some(Shape {
        element: element.attribute("id")?.to_owned(),
        tag: element.tag_name().name().to_owned(),
        name: element
            .attribute("name")
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        bounds: bounds(item)?,
        label: label(item),
        expanded: flag(item, "isExpanded", false),
        horizontal: flag(item, "isHorizontal", true),
        events: events.map(str::to_owned).collect(),
        non_interrupting: !flag(element, "cancelActivity", true) || !flag(element, "isInterrupting", true),
        marker,
    })
}

fn edge(reader: &Reader<'_>, item: Node<'_, '_>, element: Node<'_, '_>) -> Edge {
    let id = element.attribute("id").unwrap_or_default();
    let points = item
        .children()
        .filter(|child| child.has_tag_name((DD, "waypoint")))
        .filter_map(|point| {
            Some(Point {
                x: number(point, "x")?,
                y: number(point, "y")?,
            })
        });
    let source = element
        .attribute("sourceRef")
        .and_then(|reference| reader.by_ref(reference));
    Edge {
        element: id.to_owned(),
        tag: element.tag_name().name().to_owned(),
        name: element
            .attribute("name")
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        points: points.collect(),
        label: label(item),
        default: source.and_then(|node| node.attribute("default")) == Some(id),
    }
}

fn label(item: Node<'_, '_>) -> Option<Bounds> {
    bounds(item.children().find(|child| child.has_tag_name((DI, "BPMNLabel")))?)
}

fn bounds(item: Node<'_, '_>) -> Option<Bounds> {
    let bounds = item.children().find(|child| child.has_tag_name((DC, "Bounds")))?;
    Some(Bounds {
        x: number(bounds, "x")?,
        y: number(bounds, "y")?,
        width: number(bounds, "width")?,
        height: number(bounds, "height")?,
    })
}

/// A finite number; the drawing is not worth refusing a model for.
fn number(node: Node<'_, '_>, name: &str) -> Option<f64> {
    node.attribute(name)?
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
}

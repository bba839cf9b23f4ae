//! The drawing (BPMN DI), for drawing it again with live tokens.

/// Shapes and edges of the first plane.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Diagram {
    /// Nodes, lanes, pools, labels.
    pub shapes: Vec<Shape>,
    /// Flows and associations.
    pub edges: Vec<Edge>,
}

/// A rectangle in diagram units (pixels at 100 %).
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Bounds {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A point in diagram units.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// The place of an element.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Shape {
    /// BPMN id of what is drawn.
    pub element: String,
    /// BPMN local name of what is drawn (`userTask`, `lane`, `participant`…).
    pub tag: String,
    /// Name of what is drawn.
    pub name: Option<String>,
    /// Where.
    pub bounds: Bounds,
    /// Where its label is, when outside.
    pub label: Option<Bounds>,
    /// Sub-processes: drawn open.
    pub expanded: bool,
    /// Pools and lanes: drawn left to right.
    pub horizontal: bool,
    /// Kinds of the event definitions inside, e.g. `timer`.
    pub events: Vec<String>,
    /// Boundary events and start events: drawn dashed.
    pub non_interrupting: bool,
    /// `parallel`, `sequential`, `loop`, when the activity repeats.
    pub marker: Option<&'static str>,
}

/// The line of a flow.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Edge {
    /// BPMN id of what is drawn.
    pub element: String,
    /// BPMN local name of what is drawn (`sequenceFlow`, `messageFlow`, `association`…).
    pub tag: String,
    /// Name of what is drawn.
    pub name: Option<String>,
    /// The line.
    pub points: Vec<Point>,
    /// Where its label is.
    pub label: Option<Bounds>,
    /// Sequence flows: the default of their source.
    pub default: bool,
}

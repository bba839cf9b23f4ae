//! A BPMN model drawn on the server: every element where its modeler put it, live tokens on top. It needs no script; the
//! island `diagram.js` puts the same model into a viewer that pans and zooms.

mod edge;
mod icon;
mod shape;
mod text;

use crate::html::escape;
use crate::{Html, Texts};
use bpmn::{Diagram, Shape};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// White space around the drawing, diagram units.
const MARGIN: f64 = 12.0;
/// Most shapes drawn.
pub const MAX_SHAPES: usize = 5000;

/// A model's drawing with the state of an instance.
#[derive(Debug, Clone, Default)]
pub struct DiagramView<'a> {
    /// Name of the process, for screen readers.
    pub title: &'a str,
    /// Live tokens by element id.
    pub tokens: BTreeMap<String, u32>,
    /// Elements that were passed.
    pub done: BTreeSet<String>,
    /// How hot elements are: shown by colour, with a text below each.
    pub heat: BTreeMap<String, Heat>,
    /// Address of the BPMN source (same origin), for the island; without it the drawing stays as it is.
    pub source: Option<&'a str>,
}

/// How hot an element is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heat {
    /// 0 to 1.
    pub share: f64,
    /// What it means, in few words.
    pub text: String,
}

impl DiagramView<'_> {
    /// The figure. A page that shows it is made with [`crate::Page::with_diagram`].
    pub fn html(&self, diagram: &Diagram, texts: &Texts) -> Html {
        if diagram.shapes.is_empty() || diagram.shapes.len() > MAX_SHAPES {
            return Html(format!("<p>{}</p>", escape(&texts.t("diagram-none"))));
        }
        let mut out = String::from("<figure class=\"sf-diagram-figure\">");
        self.open(&mut out);
        self.svg(diagram, texts, &mut out);
        out.push_str("</div>");
        self.caption(diagram, texts, &mut out);
        out.push_str("</figure>");
        Html(out)
    }

    /// The frame, with what the island needs as data. It scrolls, so it must be reachable by keyboard.
    fn open(&self, out: &mut String) {
        let _ = write!(
            out,
            "<div class=\"sf-diagram\" tabindex=\"0\" role=\"group\" aria-label=\"{}\"",
            escape(self.title)
        );
        if let Some(source) = self.source {
            let (tokens, done) = (json!(self.tokens).to_string(), json!(self.done).to_string());
            let _ = write!(
                out,
                " data-bpmn=\"{}\" data-tokens=\"{}\" data-done=\"{}\"",
                escape(source),
                escape(&tokens),
                escape(&done)
            );
        }
        out.push('>');
    }

    fn svg(&self, diagram: &Diagram, texts: &Texts, out: &mut String) {
        let (x, y, width, height) = frame(diagram);
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{x:.0} {y:.0} {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" font-size=\"12\"><title>{}</title>{}",
            escape(&self.summary(diagram, texts)),
            edge::MARKERS
        );
        let (backs, fronts): (Vec<&Shape>, Vec<&Shape>) = diagram.shapes.iter().partition(|s| shape::is_background(s));
        for back in backs {
            shape::draw(back, self.state(back), out);
        }
        for line in &diagram.edges {
            edge::draw(line, self.done.contains(&line.element), out);
        }
        for front in fronts {
            shape::draw(front, self.state(front), out);
        }
        for shape in &diagram.shapes {
            if let Some(count) = self.tokens.get(&shape.element).filter(|n| **n > 0) {
                token(shape, *count, out);
            }
        }
        for shape in &diagram.shapes {
            if let Some(heat) = self.heat.get(&shape.element) {
                warm(shape, heat, out);
            }
        }
        out.push_str("</svg>");
    }

    fn state(&self, shape: &Shape) -> State {
        if self.tokens.get(&shape.element).is_some_and(|n| *n > 0) {
            State::Active
        } else if self.done.contains(&shape.element) {
            State::Done
        } else {
            State::Plain
        }
    }

    fn active<'d>(&self, diagram: &'d Diagram) -> Vec<(&'d str, u32)> {
        let shown = diagram.shapes.iter().filter_map(|shape| {
            let count = self.tokens.get(&shape.element).filter(|n| **n > 0)?;
            // A gateway without a name says nothing to people: the drawing shows its token.
            Some((shape.name.as_deref().filter(|name| !name.is_empty())?, *count))
        });
        shown.collect()
    }

    fn summary(&self, diagram: &Diagram, texts: &Texts) -> String {
        let names: Vec<&str> = self.active(diagram).into_iter().map(|(name, _)| name).collect();
        let key = if names.is_empty() {
            "diagram-summary-none"
        } else {
            "diagram-summary"
        };
        texts.get(
            key,
            &[("title", self.title.into()), ("active", names.join(", ").into())],
        )
    }

    fn caption(&self, diagram: &Diagram, texts: &Texts, out: &mut String) {
        let active = self.active(diagram);
        let live = self.tokens.values().any(|count| *count > 0);
        if active.is_empty() && (live || self.done.is_empty()) {
            return;
        }
        let _ = write!(
            out,
            "<figcaption><strong>{}</strong><ul class=\"sf-legend\">",
            escape(&texts.t("diagram-active"))
        );
        for (name, count) in &active {
            let _ = write!(out, "<li><span class=\"sf-token\">{count}</span> {}</li>", escape(name));
        }
        if active.is_empty() {
            let _ = write!(out, "<li>{}</li>", escape(&texts.t("diagram-ended")));
        }
        out.push_str("</ul></figcaption>");
    }
}

/// How an element stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Done,
    Active,
}

impl State {
    /// Fill, line colour, line width factor.
    fn colours(self) -> (&'static str, &'static str, f64) {
        match self {
            Self::Plain => ("#ffffff", "#22242a", 1.0),
            Self::Done => ("#e3f4ec", "#007a52", 1.0),
            Self::Active => ("#e0f0ff", "#0066cc", 2.0),
        }
    }
}

/// How many tokens stand on an element: a round mark at its upper right corner.
fn token(shape: &Shape, count: u32, out: &mut String) {
    let (x, y) = (shape.bounds.x + shape.bounds.width, shape.bounds.y);
    let _ = write!(
        out,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"11\" fill=\"#0066cc\" stroke=\"#fff\" stroke-width=\"2\"></circle>\
         <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#fff\" font-weight=\"700\">{count}</text>",
        y + 4.2
    );
}

/// A veil over a hot element (the hotter, the denser) and what it means below.
fn warm(shape: &Shape, heat: &Heat, out: &mut String) {
    let bounds = &shape.bounds;
    let _ = write!(
        out,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"10\" fill=\"#d1344c\" fill-opacity=\"{:.2}\" \
         stroke=\"#8a1f31\" stroke-width=\"{:.1}\"></rect>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#7a1526\" font-weight=\"700\" font-size=\"11\">{}</text>",
        bounds.x,
        bounds.y,
        bounds.width,
        bounds.height,
        0.05 + 0.4 * heat.share.clamp(0.0, 1.0),
        1.0 + 2.0 * heat.share.clamp(0.0, 1.0),
        bounds.x + bounds.width / 2.0,
        bounds.y + bounds.height + 12.0,
        escape(&heat.text)
    );
}

/// The rectangle that holds everything.
fn frame(diagram: &Diagram) -> (f64, f64, f64, f64) {
    let (mut left, mut top, mut right, mut bottom) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    let mut take = |x: f64, y: f64| {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x), bottom.max(y));
    };
    for shape in &diagram.shapes {
        let label = shape.label.iter();
        for bounds in label.chain(std::iter::once(&shape.bounds)) {
            take(bounds.x, bounds.y);
            take(bounds.x + bounds.width, bounds.y + bounds.height);
        }
    }
    for point in diagram.edges.iter().flat_map(|e| &e.points) {
        take(point.x, point.y);
    }
    (
        left - MARGIN,
        top - MARGIN,
        right - left + 2.0 * MARGIN,
        bottom - top + 2.0 * MARGIN,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="d" targetNamespace="t">
 <process id="p" isExecutable="true">
  <startEvent id="s" name="Inizio"/><sequenceFlow id="f1" sourceRef="s" targetRef="a"/>
  <userTask id="a" name="Valutazione del &lt;rischio&gt; cardiovascolare e metabolico"/>
  <sequenceFlow id="f2" name="sempre" sourceRef="a" targetRef="e"/><endEvent id="e"/>
 </process>
 <bpmndi:BPMNDiagram id="bd"><bpmndi:BPMNPlane id="bp" bpmnElement="p">
  <bpmndi:BPMNShape id="s_di" bpmnElement="s"><dc:Bounds x="100" y="100" width="36" height="36"/></bpmndi:BPMNShape>
  <bpmndi:BPMNShape id="a_di" bpmnElement="a"><dc:Bounds x="200" y="78" width="100" height="80"/></bpmndi:BPMNShape>
  <bpmndi:BPMNShape id="e_di" bpmnElement="e"><dc:Bounds x="380" y="100" width="36" height="36"/></bpmndi:BPMNShape>
  <bpmndi:BPMNEdge id="f1_di" bpmnElement="f1"><di:waypoint x="136" y="118"/><di:waypoint x="200" y="118"/></bpmndi:BPMNEdge>
  <bpmndi:BPMNEdge id="f2_di" bpmnElement="f2"><di:waypoint x="300" y="118"/><di:waypoint x="380" y="118"/></bpmndi:BPMNEdge>
 </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</definitions>"#;

    #[test]
    fn a_model_with_a_live_token() {
        let model = bpmn::parse(MODEL).expect("the model is valid");
        let view = DiagramView {
            title: "Percorso",
            heat: BTreeMap::new(),
            tokens: BTreeMap::from([("a".to_owned(), 2)]),
            done: BTreeSet::from(["s".to_owned(), "f1".to_owned()]),
            source: Some("/percorsi/p/bpmn"),
        };
        let html = view.html(&model.diagram, &Texts::base()).0;
        insta::assert_snapshot!(html);
        assert!(!html.contains("<rischio>"), "names are escaped");
    }

    #[test]
    fn a_model_without_drawing_says_so() {
        let html = DiagramView::default().html(&Diagram::default(), &Texts::base()).0;
        assert!(html.contains("non contiene il disegno"), "{html}");
    }
}

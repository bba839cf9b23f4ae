//! BPMN DI.

use bpmn::Bounds;

#[test]
fn shapes_and_edges_are_read() {
    let xml = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
      xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI">
      <process id="p"><startEvent id="s" name="Inizio"><timerEventDefinition><timeDate>2026-01-01</timeDate></timerEventDefinition></startEvent>
      <task id="t" default="g"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>
      <sequenceFlow id="f" sourceRef="s" targetRef="t"/><sequenceFlow id="g" sourceRef="t" targetRef="e"/><endEvent id="e"/></process>
      <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="p">
        <bpmndi:BPMNShape bpmnElement="s"><dc:Bounds x="10" y="20.5" width="36" height="36"/><bpmndi:BPMNLabel><dc:Bounds x="0" y="60" width="50" height="14"/></bpmndi:BPMNLabel></bpmndi:BPMNShape>
        <bpmndi:BPMNShape bpmnElement="t"><dc:Bounds x="100" y="0" width="100" height="80"/></bpmndi:BPMNShape>
        <bpmndi:BPMNShape bpmnElement="ghost"><dc:Bounds x="1" y="1" width="1" height="1"/></bpmndi:BPMNShape>
        <bpmndi:BPMNShape bpmnElement="e"><dc:Bounds x="NaN" y="1" width="1" height="1"/></bpmndi:BPMNShape>
        <bpmndi:BPMNEdge bpmnElement="g"><di:waypoint x="46" y="38"/><di:waypoint x="100" y="38"/></bpmndi:BPMNEdge>
      </bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>"#;
    let diagram = bpmn::parse(xml).unwrap().diagram;
    assert_eq!(diagram.shapes.len(), 2);
    let start = &diagram.shapes[0];
    assert_eq!(
        (start.element.as_str(), start.tag.as_str(), start.name.as_deref()),
        ("s", "startEvent", Some("Inizio"))
    );
    assert_eq!(
        start.bounds,
        Bounds {
            x: 10.0,
            y: 20.5,
            width: 36.0,
            height: 36.0
        }
    );
    assert_eq!(start.events, ["timer"]);
    assert!(start.label.is_some());
    assert_eq!(diagram.shapes[1].marker, Some("parallel"));
    assert_eq!(diagram.edges[0].points.len(), 2);
    assert!(diagram.edges[0].default);
}

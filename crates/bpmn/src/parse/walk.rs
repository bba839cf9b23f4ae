//! The first walk: every flow node gets its number in document order.

use super::reader::{Reader, local};
use crate::{NodeId, Scope, ScopeId};
use roxmltree::Node;
use std::collections::HashMap;

/// Flow nodes by id, for references inside a process.
#[derive(Default)]
pub struct Ids<'d> {
    by_id: HashMap<&'d str, NodeId>,
}

impl Ids<'_> {
    /// The node a reference names (with or without namespace prefix).
    pub fn get(&self, reference: &str) -> Option<NodeId> {
        let reference = reference.trim();
        self.by_id
            .get(reference)
            .or_else(|| self.by_id.get(local(reference)))
            .copied()
    }
}

/// What the first walk collects.
#[derive(Default)]
pub struct Raw<'d> {
    /// Flow node, the scope that holds it, the scope it opens.
    pub nodes: Vec<(Node<'d, 'd>, ScopeId, Option<ScopeId>)>,
    pub flows: Vec<(Node<'d, 'd>, ScopeId)>,
    pub associations: Vec<Node<'d, 'd>>,
    pub lane_sets: Vec<Node<'d, 'd>>,
    pub data: Vec<(Node<'d, 'd>, ScopeId)>,
    pub scopes: Vec<Scope>,
    pub ids: Ids<'d>,
}

/// Flow nodes, by the names of their elements.
pub(super) const NODES: [&str; 24] = [
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
    "task",
    "userTask",
    "manualTask",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "scriptTask",
    "businessRuleTask",
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "complexGateway",
    "eventBasedGateway",
    "subProcess",
    "transaction",
    "adHocSubProcess",
    "callActivity",
    "implicitThrowEvent",
    "event",
];

/// Elements without effect on execution, or read elsewhere.
const SILENT: [&str; 33] = [
    "documentation",
    "extensionElements",
    "incoming",
    "outgoing",
    "textAnnotation",
    "group",
    "category",
    "auditing",
    "monitoring",
    "supports",
    "supportedInterfaceRef",
    "ioSpecification",
    "ioBinding",
    "performer",
    "humanPerformer",
    "potentialOwner",
    "resourceRole",
    "correlationSubscription",
    "standardLoopCharacteristics",
    "multiInstanceLoopCharacteristics",
    "completionCondition",
    "dataInputAssociation",
    "dataOutputAssociation",
    "script",
    "rendering",
    "messageEventDefinition",
    "timerEventDefinition",
    "signalEventDefinition",
    "conditionalEventDefinition",
    "eventDefinitionRef",
    "artifact",
    "partitionElement",
    "implementation",
];

impl<'d> Raw<'d> {
    /// Walks one level. Recursion is bounded by [`super::MAX_DEPTH`].
    pub fn walk(&mut self, reader: &mut Reader<'d>, container: Node<'d, 'd>, scope: ScopeId) {
        for element in reader.bpmn_children(container) {
            match element.tag_name().name() {
                "sequenceFlow" => self.flows.push((element, scope)),
                "association" => self.associations.push(element),
                "laneSet" => self.lane_sets.push(element),
                "dataObject" | "dataObjectReference" | "property" | "dataStoreReference" => {
                    self.data.push((element, scope));
                }
                tag if NODES.contains(&tag) => self.node(reader, element, scope),
                tag if SILENT.contains(&tag) => {}
                tag => {
                    let message = format!("'{tag}' cannot be executed");
                    reader.error(
                        element,
                        "element-unsupported",
                        message,
                        "replace it by another element, or remove it",
                    );
                }
            }
        }
    }

    fn node(&mut self, reader: &mut Reader<'d>, element: Node<'d, 'd>, scope: ScopeId) {
        let Some(id) = element.attribute("id").filter(|id| !id.is_empty()) else {
            let message = format!("a '{}' has no id", element.tag_name().name());
            reader.error(
                element,
                "id-missing",
                message,
                "give it an id: tasks, history and incidents need it",
            );
            return;
        };
        let number = self.nodes.len() as NodeId;
        self.ids.by_id.insert(id, number);
        let opens = matches!(
            element.tag_name().name(),
            "subProcess" | "transaction" | "adHocSubProcess"
        );
        let inner = opens.then(|| {
            self.scopes.push(Scope {
                node: Some(number),
                parent: Some(scope),
                ..Scope::default()
            });
            (self.scopes.len() - 1) as ScopeId
        });
        self.nodes.push((element, scope, inner));
        if let Some(inner) = inner {
            self.walk(reader, element, inner);
        }
    }
}

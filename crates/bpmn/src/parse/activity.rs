//! Sub-processes, call activities and compensation handlers.

use super::dialect::{attribute, camunda, extensions, zeebe};
use super::event::catch;
use super::node::Context;
use super::reader::{Reader, flag, local};
use crate::{AdHoc, Binding, Catch, EventDefinition, NodeId, NodeKind, Process, SubProcessKind};
use roxmltree::Node;

/// The kind of a sub-process.
pub fn sub_process<'d>(
    reader: &mut Reader<'d>,
    context: &mut Context<'_, 'd>,
    element: Node<'d, 'd>,
) -> SubProcessKind {
    match element.tag_name().name() {
        "transaction" => SubProcessKind::Transaction,
        "adHocSubProcess" => SubProcessKind::AdHoc(ad_hoc(reader, element)),
        _ if flag(element, "triggeredByEvent", false) => SubProcessKind::Event(trigger(reader, context, element)),
        _ => SubProcessKind::Embedded,
    }
}

/// The start event of an event sub-process.
fn trigger<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Node<'d, 'd>) -> Catch {
    let starts: Vec<_> = reader.children_named(element, "startEvent").collect();
    let [start] = starts.as_slice() else {
        let message = format!(
            "the event sub-process has {} start events; it needs exactly one",
            starts.len()
        );
        reader.error(
            element,
            "event-sub-process-start",
            message,
            "keep one start event with a trigger",
        );
        return Catch::default();
    };
    // what is wrong with its definitions is told once, when the start event itself is read
    let before = reader.issue_count();
    let mut catch = catch(
        reader,
        context.shared,
        context.ids,
        *start,
        flag(*start, "isInterrupting", true),
    );
    let failed = reader.issue_count() > before;
    reader.forget_issues_after(before);
    if catch.definitions.is_empty() && !failed {
        let remedy = "give its start event a trigger, or make it an embedded sub-process";
        reader.error(
            *start,
            "event-sub-process-start",
            "the event sub-process has no trigger",
            remedy,
        );
    }
    if catch
        .definitions
        .iter()
        .any(|one| matches!(one, EventDefinition::Error { .. }))
    {
        catch.interrupting = true;
    }
    catch
}

fn ad_hoc<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> AdHoc {
    let completion = reader.child_text(element, "completionCondition");
    let active = attribute(zeebe(element, "adHoc"), "activeElementsCollection");
    AdHoc {
        sequential: element.attribute("ordering") == Some("Sequential"),
        completion: completion.and_then(|text| reader.expression(element, &text)),
        cancel_remaining: flag(element, "cancelRemainingInstances", true),
        active: active.and_then(|text| reader.expression(element, text)),
    }
}

/// A call activity.
pub fn call<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    let called = zeebe(element, "calledElement");
    let plain = attribute(Some(element), "calledElement");
    let process = match (attribute(called, "processId"), plain) {
        (Some(process), _) => reader.text_or_expression(element, process),
        (None, Some(process)) if process.contains('{') => reader.text_or_expression(element, process),
        // a QName: the prefix only tells the file it comes from
        (None, Some(process)) => reader.text_or_expression(element, local(process)),
        (None, None) => {
            let case = camunda(element, "caseRef").map_or("", |_| " (CMMN cases are not executed)");
            let message = format!("the call activity names no process{case}");
            reader.error(
                element,
                "called-process-missing",
                message,
                "choose the process it calls",
            );
            None
        }
    };
    let listed = |name: &str, attribute: &str| {
        extensions(element).any(|child| child.tag_name().name() == name && child.has_attribute(attribute))
    };
    let all = |name: &str| {
        extensions(element).any(|child| child.tag_name().name() == name && child.attribute("variables") == Some("all"))
    };
    // Camunda 7 passes only what camunda:in and camunda:out name; Camunda 8 and plain BPMN pass everything unless told
    // otherwise.
    let inherits = camunda(element, "inheritVariables") == Some("true");
    let plain = called.is_none() && !reader.camunda7();
    let flagged = |name: &str| called.is_some_and(|called| flag(called, name, true));
    let all_in = flagged("propagateAllParentVariables") && !listed("in", "target")
        || plain && !listed("in", "target")
        || all("in")
        || inherits;
    let all_out = flagged("propagateAllChildVariables") || plain || all("out");
    let binding = binding(reader, element);
    match process {
        Some(process) => NodeKind::Call {
            process,
            binding,
            all_in,
            all_out,
        },
        None => NodeKind::AbstractTask,
    }
}

/// `zeebe:calledElement/@bindingType`, `camunda:calledElementBinding`.
fn binding<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Binding {
    let called = zeebe(element, "calledElement");
    let kind = attribute(called, "bindingType").or_else(|| camunda(element, "calledElementBinding"));
    let tag = attribute(called, "versionTag").or_else(|| camunda(element, "calledElementVersionTag"));
    let version = camunda(element, "calledElementVersion");
    let mut read = |text: Option<&str>| text.and_then(|text| reader.text_or_expression(element, text));
    let same = camunda(element, "sameDeployment") == Some("true");
    match kind {
        Some("deployment") => Binding::Deployment,
        Some("version") => read(version).map_or(Binding::Latest, Binding::Version),
        Some("versionTag") => read(tag).map_or(Binding::Latest, Binding::Tag),
        None if same => Binding::Deployment,
        _ => Binding::Latest,
    }
}

/// Association from a compensation boundary event to its handler.
pub fn attach_handler<'d>(
    reader: &mut Reader<'d>,
    element: Node<'d, 'd>,
    process: &mut Process,
    source: NodeId,
    target: NodeId,
) {
    let NodeKind::Boundary { host, catch } = &process.nodes[source as usize].kind else {
        return;
    };
    let compensates = catch
        .definitions
        .iter()
        .any(|one| matches!(one, EventDefinition::Compensation { .. }));
    let host = *host;
    if !compensates || host == NodeId::MAX {
        return;
    }
    if !process.nodes[target as usize].is_activity() {
        let message = format!(
            "the compensation handler '{}' is not an activity",
            process.nodes[target as usize].id
        );
        reader.error(
            element,
            "compensation-handler",
            message,
            "connect the event to a task or sub-process",
        );
        return;
    }
    process.nodes[target as usize].for_compensation = true;
    process.nodes[host as usize].compensation_handler = Some(target);
}

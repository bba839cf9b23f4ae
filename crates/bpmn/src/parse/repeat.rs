//! Standard loop and multi-instance.

use super::dialect::{attribute, camunda, zeebe};
use super::event::{Role, definition};
use super::node::Context;
use super::reader::{Reader, flag, local};
use crate::{Behavior, EventDefinition, Expression, Loop, MultiInstance, StandardLoop};
use roxmltree::Node;

/// The loop of an activity.
pub fn read<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Node<'d, 'd>) -> Option<Loop> {
    if let Some(standard) = reader.child(element, "standardLoopCharacteristics") {
        return Some(Loop::Standard(standard_loop(reader, standard)));
    }
    let multi = reader.child(element, "multiInstanceLoopCharacteristics")?;
    Some(Loop::Multi(Box::new(multi_instance(reader, context, element, multi))))
}

fn standard_loop<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> StandardLoop {
    let maximum = element
        .attribute("loopMaximum")
        .and_then(|text| match text.trim().parse::<u32>() {
            Ok(maximum) => Some(maximum),
            Err(_) => {
                let message = format!("loopMaximum is '{text}'; it must be a whole number, not negative");
                reader.error(
                    element,
                    "loop-maximum",
                    message,
                    "write how many rounds there may be at most",
                );
                None
            }
        });
    let condition = reader
        .child_text(element, "loopCondition")
        .and_then(|text| reader.expression(element, &text));
    if maximum.is_none() && condition.is_none() && !element.has_attribute("loopMaximum") {
        let remedy = "write a loopCondition, a loopMaximum, or both";
        reader.error(
            element,
            "loop-endless",
            "the loop has neither condition nor maximum",
            remedy,
        );
    }
    StandardLoop {
        test_before: flag(element, "testBefore", false),
        maximum,
        condition,
    }
}

fn multi_instance<'d>(
    reader: &mut Reader<'d>,
    context: &mut Context<'_, 'd>,
    activity: Node<'d, 'd>,
    element: Node<'d, 'd>,
) -> MultiInstance {
    let dialect = zeebe(element, "loopCharacteristics");
    let cardinality = reader
        .child_text(element, "loopCardinality")
        .and_then(|text| reader.expression(element, &text));
    if let Some(Ok(count @ ..0)) = cardinality.as_ref().map(|text| text.as_str().parse::<i64>()) {
        let message = format!("loopCardinality is {count}; it must not be negative");
        reader.error(
            element,
            "loop-cardinality",
            message,
            "write how many instances there are",
        );
    }
    let collection = attribute(dialect, "inputCollection").or_else(|| camunda(element, "collection"));
    let collection = match collection {
        Some(text) => reader.expression(element, text),
        None => variable(reader, context, activity, element, "loopDataInputRef").map(Expression),
    };
    if cardinality.is_none() && collection.is_none() {
        let remedy = "write a loopCardinality or an input collection";
        reader.error(
            element,
            "loop-without-count",
            "the multi-instance activity does not say how many",
            remedy,
        );
    }
    let item = |reader: &Reader<'d>, name: &str| {
        let item = reader.child(element, name)?;
        item.attribute("name")
            .or_else(|| item.attribute("id"))
            .map(str::to_owned)
    };
    let output_item = item(reader, "outputDataItem").map(Expression);
    let element_name = attribute(dialect, "inputElement").or_else(|| camunda(element, "elementVariable"));
    MultiInstance {
        sequential: flag(element, "isSequential", false),
        cardinality,
        collection,
        element: element_name
            .map(str::to_owned)
            .or_else(|| item(reader, "inputDataItem")),
        output_collection: attribute(dialect, "outputCollection")
            .map(str::to_owned)
            .or_else(|| variable(reader, context, activity, element, "loopDataOutputRef")),
        output_element: attribute(dialect, "outputElement")
            .and_then(|text| reader.expression(element, text))
            .or(output_item),
        completion: reader
            .child_text(element, "completionCondition")
            .and_then(|text| reader.expression(element, &text)),
        behavior: behavior(reader, context, element),
    }
}

/// The variable that a data reference of the loop names: a data object, or a data input of the activity.
fn variable<'d>(
    reader: &Reader<'d>,
    context: &Context<'_, 'd>,
    activity: Node<'d, 'd>,
    element: Node<'d, 'd>,
    name: &str,
) -> Option<String> {
    let reference = reader.child_text(element, name)?;
    let object = context
        .data
        .iter()
        .find(|object| object.id == reference || object.id == local(&reference));
    if let Some(object) = object {
        return Some(object.name.clone());
    }
    super::data::source_of_input(reader, context.data, activity, &reference)
        .or_else(|| {
            let target = reader.by_ref(&reference)?;
            target
                .attribute("name")
                .or_else(|| target.attribute("id"))
                .map(str::to_owned)
        })
        // SpiffWorkflow names a variable that no data object stands for
        .or_else(|| Some(reference).filter(|_| reader.python()))
}

/// BPMN 2.0, table 10.29: `behavior`, `oneBehaviorEventRef`, `noneBehaviorEventRef`, `complexBehaviorDefinition`.
fn behavior<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Node<'d, 'd>) -> Behavior {
    let mut referred = |name: &str| -> Option<EventDefinition> {
        let reference = element.attribute(name)?;
        let target = reader.by_ref(reference);
        let Some(target) = target else {
            let message = format!("{name} '{reference}' is not in this file");
            reader.error(
                element,
                "event-definition-unknown",
                message,
                "define it, or choose another one",
            );
            return None;
        };
        definition(reader, context.shared, context.ids, target, element, Role::Throw)
    };
    match element.attribute("behavior").unwrap_or("All") {
        "One" => Behavior::One(referred("oneBehaviorEventRef")),
        "None" => Behavior::Each(referred("noneBehaviorEventRef")),
        "Complex" => {
            let mut cases = Vec::new();
            for case in reader
                .children_named(element, "complexBehaviorDefinition")
                .collect::<Vec<_>>()
            {
                let condition = reader
                    .child_text(case, "condition")
                    .and_then(|text| reader.expression(element, &text));
                let event = reader.child(case, "event").and_then(|holder| {
                    super::event::definitions(reader, context.shared, context.ids, holder, Role::Throw)
                        .into_iter()
                        .next()
                });
                cases.extend(condition.map(|condition| (condition, event)));
            }
            Behavior::Complex(cases)
        }
        _ => Behavior::All,
    }
}

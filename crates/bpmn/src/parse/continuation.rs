//! `asyncBefore`, `asyncAfter` and the tries of what follows them.

use super::dialect::camunda;
use super::reader::Reader;
use super::worker;
use crate::{CONTINUE, Continuation, Text};
use roxmltree::Node;

/// The continuations of a flow node; `None` when it runs in the step that leads to it, as nearly all do.
///
/// `async` is the older name of `asyncBefore` (and Flowable's); `exclusive` needs nothing: one step at a time is
/// carried out for an instance.
pub fn read<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Option<Box<Continuation>> {
    let says = |node: Node<'d, 'd>, names: &[&str]| names.iter().any(|name| camunda(node, name) == Some("true"));
    let (first, last) = (["asyncBefore", "async"], ["asyncAfter", "asyncLeave"]);
    let rounds = reader.child(element, "multiInstanceLoopCharacteristics");
    let of_round = |names: &[&str]| rounds.is_some_and(|rounds| says(rounds, names));
    let (before, after) = (says(element, &first), says(element, &last));
    let (round_before, round_after) = (of_round(&first), of_round(&last));
    if !(before || after || round_before || round_after) {
        return None;
    }
    let told = rounds.filter(|rounds| worker::retries_told(*rounds) && !worker::retries_told(element));
    let mut job = worker::job(reader, told.unwrap_or(element), Text::Literal(CONTINUE.to_owned()));
    job.headers.clear();
    // of Camunda 7's two priorities, `taskPriority` is that of external tasks
    let levels = element.ancestors().filter(Node::is_element);
    let priority = levels.filter_map(|level| camunda(level, "jobPriority")).next();
    job.priority = priority.and_then(|priority| reader.text_or_expression(element, priority));
    Some(Box::new(Continuation {
        before,
        after,
        round_before,
        round_after,
        job,
    }))
}

//! The loop cut: a body that starts and ends every case, and what leads from its end back to its start.

use super::sublog::{Act, Graph, Group, Sequences, components};

/// The body and the redo part.
pub(super) fn cut(graph: &Graph) -> Option<Vec<Group>> {
    if graph.edges.is_empty() {
        return None;
    }
    let starts = |act: &Act| graph.starts.contains_key(act);
    let ends = |act: &Act| graph.ends.contains_key(act);
    let border = |act: &Act| starts(act) || ends(act);
    let (mut body, rest): (Group, Group) = graph.vertices().into_iter().partition(border);
    let inside = graph
        .edges
        .keys()
        .copied()
        .filter(|(from, to)| !border(from) && !border(to));
    let mut parts = components(&rest, inside);
    // What follows a start that is no end, or leads to an end that is no start, is inside the body.
    let in_body = |part: &Group| {
        graph.edges.keys().any(|(from, to)| {
            (starts(from) && !ends(from) && part.contains(to)) || (ends(to) && !starts(to) && part.contains(from))
        })
    };
    let leads_in = |act: &Act| graph.starts.keys().filter(|start| graph.has(*act, **start)).count();
    let led_out = |act: &Act| graph.ends.keys().filter(|end| graph.has(**end, *act)).count();
    // What leads to one start must lead to all, what follows one end must follow all.
    let partial = |part: &Group| {
        part.iter().any(|act| {
            !matches!(leads_in(act), n if n == 0 || n == graph.starts.len())
                || !matches!(led_out(act), n if n == 0 || n == graph.ends.len())
        })
    };
    parts.retain(|part| {
        let joins = in_body(part) || partial(part);
        if joins {
            body.extend(part);
        }
        !joins
    });
    let redo: Group = parts.into_iter().flatten().collect();
    (!redo.is_empty() && !body.is_empty()).then(|| vec![body, redo])
}

/// Each sequence is split wherever it passes from the body to the redo part or back.
pub(super) fn split(sequences: &Sequences, groups: &[Group]) -> Vec<Sequences> {
    let mut parts = vec![Sequences::default(); 2];
    for (sequence, cases) in sequences.iter() {
        let mut runs: [Vec<Act>; 2] = Default::default();
        for act in sequence {
            let side = groups.iter().position(|group| group.contains(act));
            for (other, run) in runs.iter_mut().enumerate() {
                if side != Some(other) && !run.is_empty() {
                    parts[other].add(std::mem::take(run), cases);
                }
            }
            if let Some(side) = side {
                runs[side].push(*act);
            }
        }
        let [body, redo] = runs;
        if !redo.is_empty() {
            parts[1].add(redo, cases);
        }
        // A case ends with the body, be it empty.
        parts[0].add(body, cases);
    }
    parts
}

//! Simplifies a tree without changing what it can do.

use super::tree::{Operator, ProcessTree};

/// The tree with nested equal operators joined and superfluous silent parts left out.
pub(super) fn folded(mut tree: ProcessTree) -> ProcessTree {
    loop {
        let once = fold(tree.clone());
        if once == tree {
            return tree;
        }
        tree = once;
    }
}

fn fold(tree: ProcessTree) -> ProcessTree {
    let ProcessTree::Node(operator, children) = tree else {
        return tree;
    };
    let mut parts = Vec::with_capacity(children.len());
    for child in children.into_iter().map(fold) {
        match child {
            ProcessTree::Node(inner, grandchildren) if inner == operator && operator != Operator::Loop => {
                parts.extend(grandchildren);
            }
            other => parts.push(other),
        }
    }
    let silent = |part: &ProcessTree| *part == ProcessTree::Silent;
    match operator {
        Operator::Sequence | Operator::Parallel => parts.retain(|part| !silent(part)),
        Operator::Choice => {
            let mut seen = false;
            parts.retain(|part| !silent(part) || !std::mem::replace(&mut seen, true));
        }
        Operator::Loop if parts.iter().all(silent) => parts.clear(),
        Operator::Loop => {}
    }
    match parts.len() {
        0 => ProcessTree::Silent,
        1 => parts.remove(0),
        _ => ProcessTree::Node(operator, parts),
    }
}

//! Arbitrary graphs of tasks and gateways: loops, joins that nothing fills, branches that multiply.

use proptest::prelude::*;

/// A graph; node 0 is entered, nodes without a way on lead out.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Its nodes.
    pub nodes: Vec<Kind>,
    /// Its flows, in document order.
    pub edges: Vec<Edge>,
}

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user task.
    Task,
    /// A task that does nothing.
    Pass,
    /// Exclusive gateway.
    Exclusive,
    /// Parallel gateway.
    Parallel,
    /// Inclusive gateway.
    Inclusive,
}

/// A flow. Those that leave an exclusive or inclusive gateway have a condition, but for the first, its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// From node.
    pub from: usize,
    /// To node.
    pub to: usize,
    /// The variable `c<n>` that its condition looks at.
    pub condition: u8,
}

impl Graph {
    /// The flows out of a node.
    pub fn out(&self, node: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == node)
    }

    /// Whether a flow carries its condition.
    #[must_use]
    pub fn conditional(&self, edge: &Edge) -> bool {
        let decides = matches!(self.nodes[edge.from], Kind::Exclusive | Kind::Inclusive);
        decides && self.out(edge.from).next() != Some(edge)
    }
}

/// A graph of at most `most` nodes.
pub fn graph(most: usize) -> impl Strategy<Value = Graph> {
    let kind = prop_oneof![
        3 => Just(Kind::Task),
        1 => Just(Kind::Pass),
        2 => Just(Kind::Exclusive),
        2 => Just(Kind::Parallel),
        4 => Just(Kind::Inclusive),
    ];
    prop::collection::vec(kind, 2..=most).prop_flat_map(|nodes| {
        let count = nodes.len();
        // mostly forwards, so that most nodes are reached
        let edge = (0..count, 0..count, 0u8..4, prop::bool::weighted(0.75)).prop_map(|(a, b, condition, forwards)| {
            let (from, to) = if forwards { (a.min(b), a.max(b)) } else { (a, b) };
            Edge { from, to, condition }
        });
        let chain: Vec<Edge> = (1..count)
            .map(|to| Edge {
                from: (to - 1) / 2,
                to,
                condition: (to % 4) as u8,
            })
            .collect();
        prop::collection::vec(edge, 0..count * 2).prop_map(move |more| {
            let mut edges: Vec<Edge> = Vec::new();
            for edge in chain.iter().copied().chain(more) {
                let again = edges.iter().any(|known| known.from == edge.from && known.to == edge.to);
                if edge.from != edge.to && edge.to != 0 && !again {
                    edges.push(edge);
                }
            }
            Graph {
                nodes: nodes.clone(),
                edges,
            }
        })
    })
}

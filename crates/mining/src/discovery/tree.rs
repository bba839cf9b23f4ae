//! Process trees.

use std::fmt;
use std::sync::Arc;

/// How the parts of a tree relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// One after the other.
    Sequence,
    /// Exactly one.
    Choice,
    /// All, interleaved in any way.
    Parallel,
    /// The first, then any number of times one of the others and the first again.
    Loop,
}

/// A process tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessTree {
    /// Nothing happens.
    Silent,
    /// An activity.
    Activity(Arc<str>),
    /// Parts under an operator; never empty.
    Node(Operator, Vec<ProcessTree>),
}

impl ProcessTree {
    /// The operator, of a node.
    #[must_use]
    pub fn operator(&self) -> Option<Operator> {
        match self {
            Self::Node(operator, _) => Some(*operator),
            _ => None,
        }
    }

    /// The parts, of a node.
    #[must_use]
    pub fn children(&self) -> &[ProcessTree] {
        match self {
            Self::Node(_, children) => children,
            _ => &[],
        }
    }
}

impl fmt::Display for ProcessTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, children) = match self {
            Self::Silent => return f.write_str("tau"),
            Self::Activity(name) => return write!(f, "'{name}'"),
            Self::Node(operator, children) => (operator, children),
        };
        f.write_str(match operator {
            Operator::Sequence => "->( ",
            Operator::Choice => "X( ",
            Operator::Parallel => "+( ",
            Operator::Loop => "*( ",
        })?;
        for (index, child) in children.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{child}")?;
        }
        f.write_str(" )")
    }
}

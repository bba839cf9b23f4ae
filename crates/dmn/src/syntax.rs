//! What is checked on a parsed expression before it may run.

use crate::calendar;
use crate::prepare::MAX_DEPTH;
use crate::recursion::TOO_DEEP;
use dsntk_feel::bif::Bif;
use dsntk_feel_parser::AstNode;
use std::collections::HashSet;
use std::str::FromStr;

/// Most subtractions within one another. Where one fails, the library works out both sides a second time for its message, so that
/// the work doubles with each: a chain of forty over a variable without a value would never end.
const MAX_SUBTRACTIONS: usize = 12;

/// The subtractions down to a node, or why they are too many.
fn subtractions(node: &AstNode, above: usize) -> Result<usize, String> {
    let here = above + usize::from(matches!(node, AstNode::Sub(..)));
    if here > MAX_SUBTRACTIONS {
        return Err(format!(
            "more than {MAX_SUBTRACTIONS} subtractions within one another: subtract the sum of what is to go"
        ));
    }
    Ok(here)
}

/// Refuses trees that are too deep, external functions and calls of functions that do not exist.
pub(crate) fn check(root: &AstNode) -> Result<(), String> {
    let mut declared = HashSet::from([TOO_DEEP]);
    let mut called: Vec<&str> = vec![];
    let mut pending = vec![(root, 1, 0)];
    while let Some((node, depth, above)) = pending.pop() {
        let below = subtractions(node, above)?;
        if depth > MAX_DEPTH {
            return Err(format!(
                "it nests more than {MAX_DEPTH} levels: split it into smaller expressions"
            ));
        }
        match node {
            AstNode::FunctionBody(_, true) => {
                return Err("external Java and PMML functions are not allowed: write the function in FEEL".into());
            }
            AstNode::FunctionInvocation(function, _) => {
                if let AstNode::Name(name) = function.as_ref() {
                    called.push(name.as_str());
                }
            }
            AstNode::ContextEntry(key, _) => {
                if let AstNode::ContextEntryKey(name) = key.as_ref() {
                    declared.insert(name.as_str());
                }
            }
            AstNode::ParameterName(name) => {
                declared.insert(name.as_str());
            }
            _ => {}
        }
        pending.extend(children(node).into_iter().map(|child| (child, depth + 1, below)));
    }
    match called
        .into_iter()
        .find(|name| !declared.contains(name) && !calendar::NAMES.contains(name) && Bif::from_str(name).is_err())
    {
        Some(name) => Err(format!("there is no function '{name}': use a FEEL built-in function")),
        None => Ok(()),
    }
}

/// Refuses trees that are too deep.
pub(crate) fn check_shape(root: &AstNode) -> Result<(), String> {
    let mut pending = vec![(root, 1, 0)];
    while let Some((node, depth, above)) = pending.pop() {
        let below = subtractions(node, above)?;
        if depth > MAX_DEPTH {
            return Err(format!("it nests more than {MAX_DEPTH} levels"));
        }
        pending.extend(children(node).into_iter().map(|child| (child, depth + 1, below)));
    }
    Ok(())
}

/// The nodes directly below a node.
fn children(node: &AstNode) -> Vec<&AstNode> {
    use AstNode::*;
    match node {
        Between(a, b, c) | If(a, b, c) | IterationContextInterval(a, b, c) => vec![a, b, c],
        CommaList(items)
        | Context(items)
        | ContextType(items)
        | ExpressionList(items)
        | FormalParameters(items)
        | IterationContexts(items)
        | List(items)
        | NamedParameters(items)
        | NegatedList(items)
        | ParameterTypes(items)
        | PositionalParameters(items)
        | QualifiedName(items)
        | QuantifiedContexts(items) => items.iter().collect(),
        node => pair(node).map_or_else(|| single(node).into_iter().collect(), Vec::from),
    }
}

/// The nodes below a node that has two.
fn pair(node: &AstNode) -> Option<[&AstNode; 2]> {
    use AstNode::*;
    match node {
        Add(a, b)
        | And(a, b)
        | ContextEntry(a, b)
        | ContextTypeEntry(a, b)
        | Div(a, b)
        | Eq(a, b)
        | Every(a, b)
        | Exp(a, b)
        | Filter(a, b)
        | For(a, b)
        | FormalParameter(a, b)
        | FunctionDefinition(a, b)
        | FunctionInvocation(a, b)
        | FunctionType(a, b)
        | Ge(a, b)
        | Gt(a, b)
        | In(a, b)
        | InstanceOf(a, b)
        | IterationContextSingle(a, b)
        | Le(a, b)
        | Lt(a, b)
        | Mul(a, b)
        | NamedParameter(a, b)
        | Nq(a, b)
        | Or(a, b)
        | Out(a, b)
        | Path(a, b)
        | QuantifiedContext(a, b)
        | Range(a, b)
        | Some(a, b)
        | Sub(a, b) => Option::Some([a, b]),
        _ => None,
    }
}

/// The node below a node that has one; what is left has none.
fn single(node: &AstNode) -> Option<&AstNode> {
    use AstNode::*;
    match node {
        EvaluatedExpression(a)
        | FunctionBody(a, _)
        | IntervalEnd(a, _)
        | IntervalStart(a, _)
        | ListType(a)
        | Neg(a)
        | RangeType(a)
        | Satisfies(a)
        | UnaryGe(a)
        | UnaryGt(a)
        | UnaryLe(a)
        | UnaryLt(a)
        | UnaryEq(a)
        | UnaryNe(a) => Option::Some(a),
        _ => None,
    }
}

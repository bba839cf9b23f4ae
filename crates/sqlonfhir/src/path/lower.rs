//! From the parsed tree to what is evaluated here.

use super::expr::{Expr, Function, Op};
use super::item::{Data, Item};
use super::{Constant, Scope};
use rh_fhirpath::ast::{OrOperator, TypeOperator};
use rh_fhirpath::{
    AdditiveOperator, EqualityOperator, Expression, InequalityOperator, Invocation, Literal, MembershipOperator,
    MultiplicativeOperator, PolarityOperator, Term,
};
use std::borrow::Cow;

/// Why a tree is not evaluated here.
pub(super) enum Refusal {
    /// The engine underneath can.
    Engine,
    /// It is wrong, in words.
    Wrong(String),
}

type Lowered<T> = Result<T, Refusal>;

/// Names of FHIRPath's and FHIR's own environment; their values never change.
pub(super) fn environment(name: &str) -> Option<&'static str> {
    Some(match name {
        "ucum" => "http://unitsofmeasure.org",
        "sct" => "http://snomed.info/sct",
        "loinc" => "http://loinc.org",
        _ => return None,
    })
}

/// A constant of the view or of the environment.
pub(super) fn constant(name: &str, scope: &Scope<'_>) -> Result<Constant, String> {
    let bare = name.trim_matches(['`', '\'']);
    if let Some(constant) = scope.constants.get(bare) {
        return Ok(constant.clone());
    }
    environment(bare)
        .map(|text| Constant::Text(text.to_owned()))
        .ok_or_else(|| format!("%{bare} is not defined: add it to ViewDefinition.constant"))
}

/// Lowers a tree.
pub(super) fn expression(tree: &Expression, scope: &Scope<'_>) -> Lowered<Expr> {
    let lower = |inner: &Expression| expression(inner, scope).map(Box::new);
    let binary = |op: Op, left: &Expression, right: &Expression| Ok(Expr::Binary(op, lower(left)?, lower(right)?));
    match tree {
        Expression::Term(term) => self::term(term, scope),
        Expression::Invocation { left, invocation } => self::invocation(Some(left), invocation, scope),
        Expression::Indexer { left, index } => Ok(Expr::At(lower(left)?, lower(index)?)),
        Expression::Polarity { operator, operand } => match operator {
            PolarityOperator::Plus => expression(operand, scope),
            PolarityOperator::Minus => Ok(Expr::Negative(lower(operand)?)),
        },
        Expression::Multiplicative { left, operator, right } => {
            let op = match operator {
                MultiplicativeOperator::Multiply => Op::Multiply,
                MultiplicativeOperator::Divide => Op::Divide,
                MultiplicativeOperator::Div => Op::Div,
                MultiplicativeOperator::Mod => Op::Mod,
            };
            binary(op, left, right)
        }
        Expression::Additive { left, operator, right } => {
            let op = match operator {
                AdditiveOperator::Add => Op::Add,
                AdditiveOperator::Subtract => Op::Subtract,
                AdditiveOperator::Concatenate => Op::Concatenate,
            };
            binary(op, left, right)
        }
        Expression::Type {
            left,
            operator,
            type_specifier,
        } => {
            let (name, system) = qualified(&type_specifier.qualified_name);
            match operator {
                TypeOperator::Is => Ok(Expr::Is(lower(left)?, name, system)),
                TypeOperator::As => Ok(Expr::OfType(lower(left)?, name)),
            }
        }
        Expression::Union { left, right } => binary(Op::Union, left, right),
        Expression::Inequality { left, operator, right } => {
            let op = match operator {
                InequalityOperator::LessThan => Op::Less,
                InequalityOperator::LessThanOrEqual => Op::LessOrEqual,
                InequalityOperator::GreaterThan => Op::Greater,
                InequalityOperator::GreaterThanOrEqual => Op::GreaterOrEqual,
            };
            binary(op, left, right)
        }
        Expression::Equality { left, operator, right } => match operator {
            EqualityOperator::Equal => binary(Op::Equal, left, right),
            EqualityOperator::NotEqual => binary(Op::NotEqual, left, right),
            EqualityOperator::Equivalent | EqualityOperator::NotEquivalent => Err(Refusal::Engine),
        },
        Expression::Membership { left, operator, right } => match operator {
            MembershipOperator::In => binary(Op::In, left, right),
            MembershipOperator::Contains => binary(Op::Contains, left, right),
        },
        Expression::And { left, right } => binary(Op::And, left, right),
        Expression::Or { left, operator, right } => match operator {
            OrOperator::Or => binary(Op::Or, left, right),
            OrOperator::Xor => binary(Op::Xor, left, right),
        },
        Expression::Implies { left, right } => binary(Op::Implies, left, right),
    }
}

fn term(term: &Term, scope: &Scope<'_>) -> Lowered<Expr> {
    match term {
        Term::Invocation(invocation) => self::invocation(None, invocation, scope),
        Term::Parenthesized(inner) => expression(inner, scope),
        Term::Literal(literal) => self::literal(literal),
        Term::ExternalConstant(name) => match name.as_str() {
            "rowIndex" => Ok(Expr::RowIndex),
            "resource" | "rootResource" => Ok(Expr::Resource),
            "context" => Ok(Expr::This),
            name => {
                let constant = constant(name, scope).map_err(Refusal::Wrong)?;
                Ok(Expr::Literal(Item::new(constant.data())))
            }
        },
    }
}

fn literal(literal: &Literal) -> Lowered<Expr> {
    let owned = |text: &str| Cow::Owned(text.trim_start_matches(['@', 'T']).to_owned());
    let data = match literal {
        Literal::Null => return Ok(Expr::Nothing),
        Literal::Boolean(truth) => Data::Boolean(*truth),
        Literal::String(text) => Data::Text(Cow::Owned(text.clone())),
        Literal::Number(number) => Data::Decimal(*number),
        Literal::Integer(number) | Literal::LongNumber(number) => Data::Integer(*number),
        Literal::Date(text) => Data::Date(owned(text)),
        Literal::DateTime(text) => Data::DateTime(owned(text)),
        Literal::Time(text) => Data::Time(owned(text)),
        Literal::Quantity { .. } | Literal::DateTimePrecision(_) => return Err(Refusal::Engine),
    };
    Ok(Expr::Literal(Item::new(data)))
}

fn invocation(left: Option<&Expression>, invocation: &Invocation, scope: &Scope<'_>) -> Lowered<Expr> {
    let input = || match left {
        Some(left) => expression(left, scope).map(Box::new),
        None => Ok(Box::new(Expr::This)),
    };
    match invocation {
        Invocation::Member(name) => Ok(Expr::Member(input()?, name.clone())),
        Invocation::This => Ok(Expr::This),
        Invocation::Index => Ok(Expr::Index),
        Invocation::Total => Err(Refusal::Engine),
        Invocation::Function { name, parameters } => {
            let input = input()?;
            match (name.as_str(), parameters.as_slice()) {
                ("ofType" | "as", [of]) => Ok(Expr::OfType(input, type_name(of)?.0)),
                ("is", [of]) => {
                    let (name, system) = type_name(of)?;
                    Ok(Expr::Is(input, name, system))
                }
                _ => Ok(Expr::Call(input, function(name, parameters, scope)?)),
            }
        }
    }
}

fn function(name: &str, parameters: &[Expression], scope: &Scope<'_>) -> Lowered<Function> {
    let lower = |inner: &Expression| expression(inner, scope).map(Box::new);
    Ok(match (name, parameters) {
        ("where", [inner]) => Function::Where(lower(inner)?),
        ("select", [inner]) => Function::Select(lower(inner)?),
        ("all", [inner]) => Function::All(lower(inner)?),
        ("exists", []) => Function::Exists(None),
        ("exists", [inner]) => Function::Exists(Some(lower(inner)?)),
        ("empty", []) => Function::Empty,
        ("not", []) => Function::Not,
        ("first", []) => Function::First,
        ("last", []) => Function::Last,
        ("tail", []) => Function::Tail,
        ("skip", [inner]) => Function::Skip(lower(inner)?),
        ("take", [inner]) => Function::Take(lower(inner)?),
        ("single", []) => Function::Single,
        ("count", []) => Function::Count,
        ("distinct", []) => Function::Distinct,
        ("iif", [test, yes]) => Function::Iif(lower(test)?, lower(yes)?, None),
        ("iif", [test, yes, no]) => Function::Iif(lower(test)?, lower(yes)?, Some(lower(no)?)),
        ("extension", [inner]) => Function::Extension(lower(inner)?),
        ("hasValue", []) => Function::HasValue,
        ("getValue", []) => Function::GetValue,
        ("join", []) => Function::Join(None),
        ("join", [inner]) => Function::Join(Some(lower(inner)?)),
        ("lowBoundary", []) => Function::LowBoundary,
        ("highBoundary", []) => Function::HighBoundary,
        ("getResourceKey", []) => Function::ResourceKey,
        ("getReferenceKey", []) => Function::ReferenceKey(None),
        ("getReferenceKey", [of]) => Function::ReferenceKey(Some(type_name(of)?.0)),
        ("startsWith", [inner]) => Function::StartsWith(lower(inner)?),
        ("endsWith", [inner]) => Function::EndsWith(lower(inner)?),
        ("contains", [inner]) => Function::Contains(lower(inner)?),
        ("indexOf", [inner]) => Function::IndexOf(lower(inner)?),
        ("substring", [start]) => Function::Substring(lower(start)?, None),
        ("substring", [start, length]) => Function::Substring(lower(start)?, Some(lower(length)?)),
        ("replace", [what, with]) => Function::Replace(lower(what)?, lower(with)?),
        ("upper", []) => Function::Upper,
        ("lower", []) => Function::Lower,
        ("trim", []) => Function::Trim,
        ("length", []) => Function::Length,
        ("toString", []) => Function::ToText,
        _ => return Err(Refusal::Engine),
    })
}

/// The type that an argument names, without its model; `true`: a type of FHIRPath itself.
fn type_name(argument: &Expression) -> Lowered<(String, bool)> {
    let mut names = Vec::new();
    let mut left = argument;
    loop {
        match left {
            Expression::Invocation {
                left: before,
                invocation: Invocation::Member(name),
            } => {
                names.insert(0, name.clone());
                left = before;
            }
            Expression::Term(Term::Invocation(Invocation::Member(name))) => {
                names.insert(0, name.clone());
                return Ok(qualified(&names));
            }
            Expression::Term(Term::Literal(Literal::String(name))) if names.is_empty() => {
                return Ok((name.clone(), false));
            }
            other => return Err(Refusal::Wrong(format!("'{other}' is no name of a type"))),
        }
    }
}

fn qualified(names: &[String]) -> (String, bool) {
    let last = names.last().map_or("", String::as_str).trim_matches('`').to_owned();
    (last, names.first().is_some_and(|model| model == "System"))
}

//! Operators.

use super::eval::{Env, Outcome, eval, truth};
use super::expr::{Expr, Op};
use super::item::{Data, Item, Items};
use super::temporal;
use rust_decimal::Decimal;
use smallvec::smallvec;
use std::borrow::Cow;
use std::cmp::Ordering;

/// `and`, `or`, `xor`, `implies` with three values; the right side only where it matters.
pub(super) fn logic<'e>(expr: &'e Expr, this: &Item<'e>, env: Env<'e>) -> Outcome<'e> {
    let Expr::Binary(op, left, right) = expr else {
        return Ok(Items::new());
    };
    let left = single_truth(&eval(left, this, env)?)?;
    match (op, left) {
        (Op::And, Some(false)) => return Ok(truth(false)),
        (Op::Or, Some(true)) | (Op::Implies, Some(false)) => return Ok(truth(true)),
        _ => {}
    }
    let right = single_truth(&eval(right, this, env)?)?;
    let result = match op {
        Op::And => match (left, right) {
            (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Op::Or => match (left, right) {
            (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Op::Implies => match (left, right) {
            (_, Some(true)) => Some(true),
            (Some(true), right) => right,
            _ => None,
        },
        _ => left.zip(right).map(|(left, right)| left != right),
    };
    Ok(result.map(truth).unwrap_or_default())
}

/// A collection where a boolean is expected: nothing is unknown, one value that is no boolean is true.
pub(super) fn single_truth(items: &Items<'_>) -> Result<Option<bool>, String> {
    match items.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.truth().unwrap_or(true))),
        more => Err(format!(
            "true or false is expected, and there are {} values",
            more.len()
        )),
    }
}

/// `-x`.
pub(super) fn negative<'e>(items: &Items<'e>) -> Outcome<'e> {
    match items.as_slice() {
        [] => Ok(Items::new()),
        [
            Item {
                data: Data::Integer(number),
                ..
            },
        ] => Ok(smallvec![Item::new(Data::Integer(-number))]),
        [
            Item {
                data: Data::Decimal(number),
                ..
            },
        ] => Ok(smallvec![Item::new(Data::Decimal(-number))]),
        _ => Err("'-' stands before one number".to_owned()),
    }
}

/// The other operators.
pub(super) fn binary<'e>(op: Op, left: Items<'e>, right: Items<'e>) -> Outcome<'e> {
    match op {
        Op::Union => Ok(distinct(left.into_iter().chain(right))),
        Op::Equal => Ok(equal(&left, &right).map(truth).unwrap_or_default()),
        Op::NotEqual => Ok(equal(&left, &right).map(|same| truth(!same)).unwrap_or_default()),
        Op::In => member(&left, &right),
        Op::Contains => member(&right, &left),
        Op::Concatenate => {
            let text = |items: &Items<'e>| match items.as_slice() {
                [] => Ok(String::new()),
                [one] => Ok(one.as_text().unwrap_or_default().to_owned()),
                _ => Err("'&' joins single texts".to_owned()),
            };
            Ok(smallvec![Item::text(text(&left)? + &text(&right)?)])
        }
        op => {
            let (left, right) = match (left.as_slice(), right.as_slice()) {
                ([], _) | (_, []) => return Ok(Items::new()),
                ([left], [right]) => (left, right),
                _ => return Err(format!("{op:?} works on single values: choose one with first()")),
            };
            match op {
                Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => ordered(op, left, right),
                op => arithmetic(op, left, right),
            }
        }
    }
}

fn ordered<'e>(op: Op, left: &Item<'e>, right: &Item<'e>) -> Outcome<'e> {
    let Some(order) = compare(left, right)? else {
        return Ok(Items::new());
    };
    Ok(truth(match op {
        Op::Less => order == Ordering::Less,
        Op::LessOrEqual => order != Ordering::Greater,
        Op::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

fn number(item: &Item<'_>) -> Option<Decimal> {
    match item.data {
        Data::Integer(number) => Some(Decimal::from(number)),
        Data::Decimal(number) => Some(number),
        _ => None,
    }
}

/// Which comes first; `None` where their precision does not tell.
fn compare(left: &Item<'_>, right: &Item<'_>) -> Result<Option<Ordering>, String> {
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return Ok(Some(left.cmp(&right)));
    }
    if matches!(left.data, Data::Absent) || matches!(right.data, Data::Absent) {
        return Ok(None);
    }
    let is_text = |item: &Item<'_>| matches!(item.data, Data::Text(_));
    match (left.as_text(), right.as_text()) {
        (Some(a), Some(b)) if is_text(left) && is_text(right) => Ok(Some(a.cmp(b))),
        (Some(a), Some(b)) => Ok(temporal::compare(a, b)),
        _ => Err(format!(
            "{} and {} cannot be put in order",
            left.to_json(),
            right.to_json()
        )),
    }
}

/// Whether two values are the same; `None` where their precision does not tell.
fn same(left: &Item<'_>, right: &Item<'_>) -> Option<bool> {
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return Some(left == right);
    }
    match (&left.data, &right.data) {
        (Data::Boolean(left), Data::Boolean(right)) => Some(left == right),
        (Data::Absent, _) | (_, Data::Absent) => None,
        (Data::Text(left), Data::Text(right)) => Some(left == right),
        _ => match (left.as_text(), right.as_text()) {
            (Some(left), Some(right)) if left == right => Some(true),
            (Some(left), Some(right)) => match temporal::compare(left, right) {
                Some(order) => Some(order == Ordering::Equal),
                None if temporal::is(left) && temporal::is(right) => None,
                None => Some(false),
            },
            (None, None) => Some(left.to_json() == right.to_json()),
            _ => Some(false),
        },
    }
}

/// `=` of collections: same count, same values in order; unknown where one side is empty.
fn equal(left: &Items<'_>, right: &Items<'_>) -> Option<bool> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left.len() != right.len() {
        return Some(false);
    }
    left.iter()
        .zip(right)
        .try_fold(true, |all, (left, right)| Some(all & same(left, right)?))
}

fn member<'e>(one: &Items<'e>, many: &Items<'e>) -> Outcome<'e> {
    match one.as_slice() {
        [] => Ok(Items::new()),
        [one] => Ok(truth(many.iter().any(|item| same(one, item) == Some(true)))),
        _ => Err("'in' and 'contains' look for one value".to_owned()),
    }
}

/// Each value once, in the order of their first appearance.
pub(super) fn distinct<'e>(items: impl Iterator<Item = Item<'e>>) -> Items<'e> {
    let mut kept = Items::new();
    for item in items {
        if !kept.iter().any(|known| same(known, &item) == Some(true)) {
            kept.push(item);
        }
    }
    kept
}

fn arithmetic<'e>(op: Op, left: &Item<'e>, right: &Item<'e>) -> Outcome<'e> {
    if let (Op::Add, Data::Text(left), Data::Text(right)) = (op, &left.data, &right.data) {
        return Ok(smallvec![Item::text(format!("{left}{right}"))]);
    }
    if let (Data::Integer(left), Data::Integer(right)) = (&left.data, &right.data)
        && op != Op::Divide
    {
        let result = match op {
            Op::Add => left.checked_add(*right),
            Op::Subtract => left.checked_sub(*right),
            Op::Multiply => left.checked_mul(*right),
            Op::Div => left.checked_div(*right),
            _ => left.checked_rem(*right),
        };
        // Too large, or divided by zero: no value, as the standard says.
        return Ok(result
            .map(|number| Item::new(Data::Integer(number)))
            .into_iter()
            .collect());
    }
    let (Some(a), Some(b)) = (number(left), number(right)) else {
        return Err(format!(
            "{op:?} cannot be done with {} and {}",
            left.to_json(),
            right.to_json()
        ));
    };
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Subtract => a.checked_sub(b),
        Op::Multiply => a.checked_mul(b),
        Op::Divide => a.checked_div(b),
        Op::Div => a.checked_div(b).map(|number| number.trunc()),
        _ => a.checked_rem(b),
    };
    let item = result.map(|number| Item::new(Data::Decimal(number.normalize())));
    Ok(item.into_iter().collect())
}

/// A value as text, the way `join()` and `toString()` write it.
pub(super) fn written<'e>(item: &Item<'e>) -> Option<Cow<'e, str>> {
    match &item.data {
        Data::Text(text) | Data::Date(text) | Data::DateTime(text) | Data::Time(text) => Some(text.clone()),
        Data::Boolean(truth) => Some(Cow::Owned(truth.to_string())),
        Data::Integer(number) => Some(Cow::Owned(number.to_string())),
        Data::Decimal(number) => Some(Cow::Owned(number.to_string())),
        Data::Node(_) | Data::Made(_) | Data::Absent => None,
    }
}

//! Evaluation.

use super::expr::{Expr, Op};
use super::item::{Data, Item, Items};
use super::{Place, functions, operators, types};
use serde_json::Value;
use smallvec::smallvec;

/// What evaluation knows besides the focus.
#[derive(Clone, Copy)]
pub(super) struct Env<'e> {
    pub resource: &'e Value,
    pub row_index: usize,
    pub index: Option<usize>,
}

/// The result of an evaluation.
pub(super) type Outcome<'e> = Result<Items<'e>, String>;

/// The values of an expression at a place.
pub(super) fn evaluate<'e>(expr: &'e Expr, place: &Place<'e>) -> Outcome<'e> {
    let env = Env {
        resource: place.resource,
        row_index: place.row_index,
        index: None,
    };
    eval(expr, &place.focus, env)
}

/// The values of an expression on a focus.
pub(super) fn eval<'e>(expr: &'e Expr, this: &Item<'e>, env: Env<'e>) -> Outcome<'e> {
    match expr {
        Expr::This => Ok(focus(this)),
        Expr::Resource => Ok(smallvec![Item::resource(env.resource)]),
        Expr::RowIndex => Ok(smallvec![whole(env.row_index)]),
        Expr::Index => Ok(env.index.map(whole).into_iter().collect()),
        Expr::Literal(item) => Ok(smallvec![item.reborrow()]),
        Expr::Nothing => Ok(Items::new()),
        Expr::Member(input, name) => member(input, name, this, env),
        Expr::At(input, index) => {
            let items = eval(input, this, env)?;
            let index = functions::whole(index, this, env, "an index")?;
            let chosen = index.and_then(|index| usize::try_from(index).ok());
            Ok(chosen.and_then(|at| items.into_iter().nth(at)).into_iter().collect())
        }
        Expr::Negative(input) => operators::negative(&eval(input, this, env)?),
        Expr::Binary(Op::And | Op::Or | Op::Implies | Op::Xor, ..) => operators::logic(expr, this, env),
        Expr::Binary(op, left, right) => operators::binary(*op, eval(left, this, env)?, eval(right, this, env)?),
        Expr::Is(input, name, system) => {
            let items = eval(input, this, env)?;
            match items.as_slice() {
                [] => Ok(Items::new()),
                [one] => Ok(truth(types::is(one, name, *system))),
                more => Err(format!("'is' is asked of one value, and there are {}", more.len())),
            }
        }
        Expr::OfType(input, name) => {
            let mut items = eval(input, this, env)?;
            items.retain(|item| types::is(item, name, false));
            Ok(items)
        }
        Expr::Call(input, function) => functions::call(function, eval(input, this, env)?, this, env),
    }
}

fn focus<'e>(this: &Item<'e>) -> Items<'e> {
    smallvec![this.clone()]
}

fn member<'e>(input: &'e Expr, name: &str, this: &Item<'e>, env: Env<'e>) -> Outcome<'e> {
    let mut found = Items::new();
    if let Expr::This = input {
        // A path may start with the type of what it starts at.
        if let Data::Node(value) = this.data
            && name.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
            && is_named(value, name)
        {
            return Ok(focus(this));
        }
        this.children(name, &mut found);
        return Ok(found);
    }
    for item in &eval(input, this, env)? {
        item.children(name, &mut found);
    }
    Ok(found)
}

fn is_named(value: &Value, name: &str) -> bool {
    let rtype = value.get("resourceType").and_then(Value::as_str);
    rtype.is_some_and(|rtype| rtype == name || matches!(name, "Resource" | "DomainResource"))
}

/// A collection of one boolean.
pub(super) fn truth<'e>(truth: bool) -> Items<'e> {
    smallvec![Item::new(Data::Boolean(truth))]
}

/// A count as a value.
pub(super) fn whole<'e>(number: usize) -> Item<'e> {
    Item::new(Data::Integer(i64::try_from(number).unwrap_or(i64::MAX)))
}

//! Functions.

use super::eval::{Env, Outcome, eval, truth, whole as count};
use super::expr::{Expr, Function};
use super::item::{Data, Item, Items};
use super::operators::{distinct, single_truth, written};
use super::temporal;
use fhir::ReferenceText;
use rust_decimal::Decimal;
use serde_json::Value;
use smallvec::smallvec;

/// Runs a function on its input.
pub(super) fn call<'e>(function: &'e Function, mut input: Items<'e>, this: &Item<'e>, env: Env<'e>) -> Outcome<'e> {
    match function {
        Function::Where(test) => filter(test, input, env),
        Function::Select(inner) => each(inner, &input, env),
        Function::All(test) => {
            let all = input.len();
            Ok(truth(filter(test, input, env)?.len() == all))
        }
        Function::Exists(None) => Ok(truth(!input.is_empty())),
        Function::Exists(Some(test)) => Ok(truth(!filter(test, input, env)?.is_empty())),
        Function::Empty => Ok(truth(input.is_empty())),
        Function::Not => Ok(single_truth(&input)?.map(|yes| truth(!yes)).unwrap_or_default()),
        Function::First => {
            input.truncate(1);
            Ok(input)
        }
        Function::Last => Ok(input.pop().into_iter().collect()),
        Function::Tail => Ok(input.into_iter().skip(1).collect()),
        Function::Skip(number) => {
            let skip = usize_of(number, this, env, "skip()")?;
            Ok(input.into_iter().skip(skip).collect())
        }
        Function::Take(number) => {
            input.truncate(usize_of(number, this, env, "take()")?);
            Ok(input)
        }
        Function::Single if input.len() > 1 => Err(format!("single() finds {} values", input.len())),
        Function::Single => Ok(input),
        Function::Count => Ok(smallvec![count(input.len())]),
        Function::Distinct => Ok(distinct(input.into_iter())),
        Function::Iif(test, yes, no) => match (single_truth(&eval(test, this, env)?)?, no) {
            (Some(true), _) => eval(yes, this, env),
            (_, Some(no)) => eval(no, this, env),
            _ => Ok(Items::new()),
        },
        Function::Extension(url) => extension(url, &input, this, env),
        Function::HasValue => Ok(truth(matches!(input.as_slice(), [one] if written(one).is_some()))),
        Function::GetValue => {
            input.retain(|item| written(item).is_some());
            Ok(input)
        }
        Function::LowBoundary => boundary(&input, false),
        Function::HighBoundary => boundary(&input, true),
        Function::ResourceKey => Ok(resource_key(&input)),
        Function::ReferenceKey(of) => Ok(reference_key(&input, of.as_deref())),
        text => on_text(text, &input, this, env),
    }
}

fn filter<'e>(test: &'e Expr, input: Items<'e>, env: Env<'e>) -> Outcome<'e> {
    let mut kept = Items::new();
    for (at, item) in input.into_iter().enumerate() {
        let env = Env { index: Some(at), ..env };
        if single_truth(&eval(test, &item, env)?)? == Some(true) {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn each<'e>(inner: &'e Expr, input: &Items<'e>, env: Env<'e>) -> Outcome<'e> {
    let mut found = Items::new();
    for (at, item) in input.iter().enumerate() {
        let env = Env { index: Some(at), ..env };
        found.extend(eval(inner, item, env)?);
    }
    Ok(found)
}

/// An argument that is a whole number.
pub(super) fn whole<'e>(number: &'e Expr, this: &Item<'e>, env: Env<'e>, what: &str) -> Result<Option<i64>, String> {
    match eval(number, this, env)?.as_slice() {
        [] => Ok(None),
        [
            Item {
                data: Data::Integer(number),
                ..
            },
        ] => Ok(Some(*number)),
        _ => Err(format!("{what} needs one whole number")),
    }
}

fn usize_of<'e>(number: &'e Expr, this: &Item<'e>, env: Env<'e>, what: &str) -> Result<usize, String> {
    let number = whole(number, this, env, what)?.unwrap_or(0);
    Ok(usize::try_from(number.max(0)).unwrap_or(usize::MAX))
}

fn argument<'e>(text: &'e Expr, this: &Item<'e>, env: Env<'e>) -> Result<Option<String>, String> {
    match eval(text, this, env)?.as_slice() {
        [] => Ok(None),
        [one] => match one.as_text() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(format!("text is expected, not {}", one.to_json())),
        },
        more => Err(format!("one text is expected, not {}", more.len())),
    }
}

fn extension<'e>(url: &'e Expr, input: &Items<'e>, this: &Item<'e>, env: Env<'e>) -> Outcome<'e> {
    let Some(url) = argument(url, this, env)? else {
        return Ok(Items::new());
    };
    let mut found = Items::new();
    for item in input {
        item.children("extension", &mut found);
    }
    found.retain(|item| match &item.data {
        Data::Node(value) => value.get("url").and_then(Value::as_str) == Some(&url),
        _ => false,
    });
    Ok(found)
}

/// The least or greatest value that the written precision allows.
fn boundary<'e>(input: &Items<'e>, high: bool) -> Outcome<'e> {
    let one = match input.as_slice() {
        [] => return Ok(Items::new()),
        [one] => one,
        more => return Err(format!("a boundary has one value, and there are {}", more.len())),
    };
    let around = |number: Decimal| {
        let half = Decimal::new(5, number.scale() + 1);
        let bound = if high { number + half } else { number - half };
        Data::Decimal(bound.normalize())
    };
    let data = match &one.data {
        Data::Absent => return Ok(Items::new()),
        Data::Decimal(number) if number.scale() < 27 => around(*number),
        Data::Integer(number) => around(Decimal::from(*number)),
        Data::Date(text) => Data::Date(temporal::date_boundary(text, high).into()),
        Data::DateTime(text) => Data::DateTime(temporal::date_time_boundary(text, high).into()),
        Data::Time(text) => Data::Time(temporal::time_boundary(text, high).into()),
        Data::Text(text) if temporal::is(text) => Data::DateTime(temporal::date_time_boundary(text, high).into()),
        _ => return Err(format!("{} has no boundaries", one.to_json())),
    };
    let mut item = Item::new(data);
    item.kind = one.kind;
    Ok(smallvec![item])
}

fn resource_key<'e>(input: &Items<'e>) -> Items<'e> {
    let key = |item: &Item<'e>| match item.data {
        Data::Node(value) => {
            let text = |name: &str| value.get(name).and_then(Value::as_str);
            Some(Item::text(format!("{}/{}", text("resourceType")?, text("id")?)))
        }
        _ => None,
    };
    input.iter().filter_map(key).collect()
}

fn reference_key<'e>(input: &Items<'e>, of: Option<&str>) -> Items<'e> {
    let key = |item: &Item<'e>| {
        let text = match &item.data {
            Data::Node(value) => value.get("reference")?.as_str()?,
            _ => return None,
        };
        match ReferenceText::parse(text) {
            ReferenceText::Local { rtype, id, .. } if of.is_none_or(|of| of == rtype) => {
                Some(Item::text(format!("{rtype}/{id}")))
            }
            _ => None,
        }
    };
    input.iter().filter_map(key).collect()
}

fn on_text<'e>(function: &'e Function, input: &Items<'e>, this: &Item<'e>, env: Env<'e>) -> Outcome<'e> {
    if let Function::Join(separator) = function {
        let separator = match separator {
            Some(separator) => argument(separator, this, env)?.unwrap_or_default(),
            None => String::new(),
        };
        let parts: Vec<_> = input.iter().filter_map(written).collect();
        return Ok(smallvec![Item::text(parts.join(&separator))]);
    }
    let one = match input.as_slice() {
        [] => return Ok(Items::new()),
        [one] => one,
        more => {
            return Err(format!(
                "text functions work on one value, and there are {}",
                more.len()
            ));
        }
    };
    let Some(text) = written(one) else {
        return Ok(Items::new());
    };
    let given = |argument: &'e Expr| self::argument(argument, this, env);
    let found = |part: &'e Expr, test: fn(&str, &str) -> bool| {
        Ok(given(part)?.map(|part| truth(test(&text, &part))).unwrap_or_default())
    };
    let made = |text: String| Ok(smallvec![Item::text(text)]);
    match function {
        Function::StartsWith(part) => found(part, |text, part| text.starts_with(part)),
        Function::EndsWith(part) => found(part, |text, part| text.ends_with(part)),
        Function::Contains(part) => found(part, |text, part| text.contains(part)),
        Function::IndexOf(part) => {
            let at = given(part)?.map(|part| text.find(&part).map(|at| text[..at].chars().count()));
            let number = |at: Option<usize>| at.map_or_else(|| Item::new(Data::Integer(-1)), count);
            Ok(at.map(number).into_iter().collect())
        }
        Function::Substring(start, length) => {
            let start = whole(start, this, env, "substring()")?;
            let length = match length {
                Some(length) => whole(length, this, env, "substring()")?.unwrap_or(0),
                None => i64::MAX,
            };
            let start = start.and_then(|start| usize::try_from(start).ok());
            let Some(start) = start.filter(|start| *start < text.chars().count()) else {
                return Ok(Items::new());
            };
            let length = usize::try_from(length.max(0)).unwrap_or(usize::MAX);
            made(text.chars().skip(start).take(length).collect())
        }
        Function::Replace(what, with) => match (given(what)?, given(with)?) {
            (Some(what), Some(with)) => made(text.replace(&what, &with)),
            _ => Ok(Items::new()),
        },
        Function::Upper => made(text.to_uppercase()),
        Function::Lower => made(text.to_lowercase()),
        Function::Trim => made(text.trim().to_owned()),
        Function::Length => Ok(smallvec![count(text.chars().count())]),
        _ => Ok(smallvec![Item::text(text)]),
    }
}

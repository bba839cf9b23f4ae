//! The tests of codice-fiscale-js: every `expect(…)` about a code, a part of one or a place.

use super::{literal::expression, ours};
use crate::Report;
use codicefiscale::CodiceFiscale;
use codicefiscale::places::places;
use serde_json::{Value, json};

/// Most names that lead to one another.
const MAX_STEPS: usize = 16;

/// Every case of one file.
pub fn run(file: &str, text: &str, report: &mut Report) {
    for (at, _) in text.match_indices("expect(") {
        let Some((call, _)) = expression(&text[at..]) else {
            continue;
        };
        let line = text[at..].lines().next().unwrap_or_default();
        if let Some(outcome) = expectation(&call, &text[..at]) {
            match outcome {
                Err(message) if message == SETS => report.skip(format!("{file}/{line}"), SETS),
                outcome => report.record(format!("{file}/{line}"), outcome),
            }
        }
    }
}

const SETS: &str = "changes a property of an object: codes of ours do not change";

/// Whether an expectation holds; `None` if it is about something else than codes and places.
fn expectation(call: &Value, before: &str) -> Option<Result<(), String>> {
    let actual = call["of"]["args"].get(0)?;
    let expected = call["args"].get(0);
    if let Some(each) = loop_over(actual, before) {
        return each
            .into_iter()
            .map(|actual| judge(&call["call"], &actual, expected, before))
            .reduce(|a, b| a.and_then(|a| b.map(|b| a.and(b))))?;
    }
    judge(&call["call"], actual, expected, before)
}

fn judge(matcher: &Value, actual: &Value, expected: Option<&Value>, before: &str) -> Option<Result<(), String>> {
    let made = eval(actual, before, 0)?;
    Some(match (matcher.as_str()?, made) {
        ("toThrowError" | "toThrow", made) => {
            made.map_or(Ok(()), |made| Err(format!("an error is expected, got {made}")))
        }
        ("toBeDefined", made) => made.map(|_| ()),
        ("toBe" | "toEqual", made) => {
            let expected = expected?;
            let own = eval(expected, before, 0).and_then(Result::ok);
            let expected = own.as_ref().unwrap_or(expected);
            if !is_literal(expected) && expected["call"] != "arrayContaining" {
                return None;
            }
            let parts = (expected["call"] == "arrayContaining").then(|| expected["args"][0].clone());
            made.and_then(|made| match (&parts, expected) {
                (Some(Value::Array(parts)), _) => {
                    let all = made.as_array().cloned().unwrap_or_default();
                    let missing: Vec<_> = parts.iter().filter(|part| !all.contains(part)).collect();
                    if missing.is_empty() {
                        Ok(())
                    } else {
                        Err(format!("missing: {missing:?}"))
                    }
                }
                (_, expected) if *expected == made => Ok(()),
                _ => Err(format!("expected {expected}, got {made}")),
            })
        }
        _ => return None,
    })
}

/// The expression for each value of the loop in which it stands.
fn loop_over(actual: &Value, before: &str) -> Option<Vec<Value>> {
    let scope = &before[before.rfind("test(").unwrap_or(0)..];
    let rest = &scope[scope.rfind("for (const ")? + 11..];
    let (variable, list) = rest.split_once(" of ")?;
    let (list, _) = expression(list)?;
    let values = eval(&list, before, 0)?.ok()?;
    let name = json!({"name": variable});
    let with = |value: &Value| {
        let mut actual = actual.clone();
        for arg in actual["args"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter(|arg| **arg == name)
        {
            *arg = value.clone();
        }
        actual
    };
    Some(values.as_array()?.iter().map(with).collect())
}

fn eval(value: &Value, before: &str, steps: usize) -> Option<Result<Value, String>> {
    if steps > MAX_STEPS {
        return None;
    }
    let inner = |value: &Value| eval(value, before, steps + 1);
    if value.is_string() || value.is_number() || value.is_null() {
        return Some(Ok(value.clone()));
    }
    if let Some(lambda) = value.get("lambda") {
        return inner(lambda);
    }
    if let Some(name) = value.get("name").and_then(Value::as_str) {
        return bound(name, before, steps);
    }
    if let Some(member) = value.get("member").and_then(Value::as_str) {
        let of = inner(&value["of"])?;
        return Some(of.and_then(|of| match (member, &of) {
            ("length", Value::String(text)) => Ok(json!(text.len())),
            ("length", Value::Array(all)) => Ok(json!(all.len())),
            _ => of.get(member).cloned().ok_or_else(|| format!("no {member}")),
        }));
    }
    let call = value.get("call")?.as_str()?;
    let arg = |arg: &Value| {
        if is_literal(arg) {
            Some(arg.clone())
        } else {
            inner(arg)?.ok()
        }
    };
    let args: Vec<Value> = value["args"].as_array()?.iter().map(arg).collect::<Option<_>>()?;
    let arg = |at: usize| args.get(at).unwrap_or(&Value::Null);
    if let Some(of) = value
        .get("of")
        .filter(|of| of["name"] != "CodiceFiscale" && of["name"] != "Comune")
    {
        let of = inner(of)?;
        return Some(of.and_then(|of| match call {
            "substr" => {
                let (from, count) = (arg(0).as_u64().unwrap_or(0), arg(1).as_u64().unwrap_or(0));
                let chars = of.as_str().unwrap_or_default().chars();
                Ok(chars
                    .skip(usize::try_from(from).unwrap_or(0))
                    .take(usize::try_from(count).unwrap_or(0))
                    .collect::<String>()
                    .into())
            }
            "toString" => Ok(of["cf"].clone()),
            "toJSON" => Ok(of),
            "toLowerCase" => Ok(of.as_str().unwrap_or_default().to_lowercase().into()),
            _ => Err(format!("no {call}")),
        }));
    }
    function(call, &args)
}

/// Whether an expression is a value as it stands. (`name` is also a field of a person.)
fn is_literal(value: &Value) -> bool {
    let leads = ["name", "member", "call", "lambda", "element"];
    value.get("birthplace").is_some() || leads.iter().all(|word| value.get(word).is_none())
}

fn function(call: &str, args: &[Value]) -> Option<Result<Value, String>> {
    let arg = |at: usize| args.get(at).unwrap_or(&Value::Null);
    let text = |made: Result<String, String>| made.map(Value::String);
    let parse =
        |value: &Value| CodiceFiscale::parse(value.as_str().unwrap_or_default()).map_err(|error| error.to_string());
    let here = |name: &Value, province: &Value| {
        let name = format!(
            "{} ({})",
            name.as_str().unwrap_or_default(),
            province.as_str().unwrap_or_default()
        );
        ours::place_code(&name.into(), None)
    };
    Some(match call {
        "compute" => text(compute(arg(0))),
        "CodiceFiscale" if arg(0).is_object() => compute(arg(0)).and_then(|code| ours::inverse(&code.into())),
        "CodiceFiscale" | "computeInverse" | "reverse" => ours::inverse(arg(0)),
        "check" => Ok(ours::is_valid(arg(0)).into()),
        "surnameCode" => text(ours::letters(arg(0), false)),
        "nameCode" => text(ours::letters(arg(0), true)),
        "getCheckCode" => text(ours::check_character(arg(0))),
        "dateCode" => text(ours::birth_part(
            &format!("{}/{}/{}", arg(0), arg(1), arg(2)).into(),
            arg(3),
        )),
        "findLocationCode" => text(here(arg(0), arg(1))),
        // they call a place as it was asked for
        "Comune" => here(arg(0), arg(1)).and_then(|code| {
            let mut place = places().latest(&code).map(ours::comune).ok_or_else(|| code.clone())?;
            place["nome"] = arg(0).as_str().unwrap_or_default().to_uppercase().into();
            Ok(place)
        }),
        "GetByCC" => {
            let place = places().latest(arg(0).as_str().unwrap_or_default());
            place.map(ours::comune).ok_or_else(|| "no such code".into())
        }
        "getOmocodie" => parse(arg(0)).map(|code| {
            code.forms()[1..]
                .iter()
                .map(CodiceFiscale::as_str)
                .collect::<Vec<_>>()
                .into()
        }),
        "isOmocodia" => parse(arg(0)).map(|code| code.is_omocode().into()),
        "fromOmocodiaToOriginal" => parse(arg(0)).map(|code| code.base().to_string().into()),
        _ => return None,
    })
}

fn compute(data: &Value) -> Result<String, String> {
    let birth = match data.get("birthday") {
        Some(birthday) => birthday.clone(),
        None => format!("{}/{}/{}", data["day"], data["month"], data["year"]).into(),
    };
    let place = data["birthplace"].as_str().unwrap_or_default();
    let place = match data["birthplaceProvincia"].as_str() {
        Some(province) => format!("{place} ({province})"),
        None => place.to_owned(),
    };
    ours::encode(&data["surname"], &data["name"], &data["gender"], &birth, &place.into())
}

/// What a name stands for: the last `const` before, or the only expression of a function.
fn bound(name: &str, before: &str, steps: usize) -> Option<Result<Value, String>> {
    let marker = format!("const {name} = ");
    let at = before.rfind(&marker)? + marker.len();
    let rest = &before[at..];
    if rest.contains(&format!("{name}.day = ")) {
        return Some(Err(SETS.into()));
    }
    let body = rest.strip_prefix("function () {").unwrap_or(rest).trim_start();
    let (value, _) = expression(body)?;
    eval(&value, &before[..at], steps + 1)
}

//! Values that are drawn: first variables of an instance, results of a task.

use crate::distribution::{Distribution, Kind};
use crate::random::Random;
use crate::read::{At, Problems, short};
use dmn::{EvalError, Evaluator, Variables};
use jiff::Timestamp;
use serde_json::{Map, Number, Value};

/// Deepest nesting.
const MAX_DEPTH: usize = 20;
/// Decimals of a drawn number when nothing is said.
const DECIMALS: u64 = 3;

/// How a value comes about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Draw {
    Constant(Value),
    /// One of these, by cumulative share.
    Choice(Vec<(f64, Draw)>),
    Number {
        of: Distribution,
        decimals: u32,
    },
    /// FEEL over the instance's variables; `random` is uniform from 0 to 1.
    Feel(String),
    /// The first whose FEEL condition is true (or is absent).
    Case(Vec<(Option<String>, Draw)>),
    Object(Vec<(String, Draw)>),
    List(Vec<Draw>),
}

/// Variables by name, each with its draw, in the order of the document: later ones see earlier ones.
pub(crate) type Draws = Vec<(String, Draw)>;

/// Reads `{"name": draw, …}`.
pub(crate) fn read_all(at: &At<'_>, problems: &mut Problems) -> Draws {
    let members = at.members(problems);
    let read = members
        .into_iter()
        .filter_map(|(name, at)| Some((name.to_owned(), Draw::read(&at, 0, problems)?)));
    read.collect()
}

impl Draw {
    fn read(at: &At<'_>, depth: usize, problems: &mut Problems) -> Option<Self> {
        if depth > MAX_DEPTH {
            problems.add(at, format!("nested more than {MAX_DEPTH} deep"), "make it simpler");
            return None;
        }
        let Some(members) = at.value.as_object() else {
            return Some(Self::Constant(at.value.clone()));
        };
        let mut names = members.iter().filter(|(name, _)| *name != "decimals");
        let (Some((name, value)), None) = (names.next(), names.next()) else {
            let remedy = "use one of value, choice, feel, case, object, list or a distribution; \
                          a constant object is {\"value\": {…}}";
            problems.add(at, format!("{} does not say how it is drawn", short(at.value)), remedy);
            return None;
        };
        let inner = at.inside(name, value);
        match name.as_str() {
            "value" => Some(Self::Constant(value.clone())),
            "choice" => choice(&inner, depth, problems),
            "feel" => {
                let text = inner.text(problems)?;
                let text = text.strip_prefix('=').unwrap_or(text).trim();
                if let Err(error) = dmn::Feel::new().validate_expression(text) {
                    problems.add(&inner, error.to_string(), "correct the FEEL expression");
                    return None;
                }
                Some(Self::Feel(text.to_owned()))
            }
            "case" => case(&inner, depth, problems),
            "object" => {
                let members = inner.members(problems).into_iter();
                let read: Vec<_> = members
                    .filter_map(|(name, at)| Some((name.to_owned(), Self::read(&at, depth + 1, problems)?)))
                    .collect();
                Some(Self::Object(read))
            }
            "list" => {
                let items = inner.items(problems);
                Some(Self::List(
                    items
                        .iter()
                        .filter_map(|item| Self::read(item, depth + 1, problems))
                        .collect(),
                ))
            }
            _ => {
                let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
                let of = Distribution::read(
                    &At {
                        path: at.path.clone(),
                        value: &alone,
                    },
                    Kind::Number,
                    problems,
                )?;
                let decimals = match at.get("decimals") {
                    None => DECIMALS,
                    Some(at) => at.whole(0, 9, problems)?,
                };
                let decimals = decimals as u32;
                Some(Self::Number { of, decimals })
            }
        }
    }

    /// Whether variables are needed.
    pub fn looks_at_variables(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Number { .. } => false,
            Self::Feel(_) => true,
            Self::Choice(list) => list.iter().any(|(_, draw)| draw.looks_at_variables()),
            Self::Case(list) => list
                .iter()
                .any(|(when, draw)| when.is_some() || draw.looks_at_variables()),
            Self::Object(list) => list.iter().any(|(_, draw)| draw.looks_at_variables()),
            Self::List(list) => list.iter().any(Self::looks_at_variables),
        }
    }

    fn value(&self, seen: &Seen<'_>, context: &mut Variables, random: &mut Random) -> Result<Value, EvalError> {
        let mut feel = |text: &str, random: &mut Random| {
            context.insert("random".into(), number(random.uniform(), 9));
            seen.evaluator.evaluate(text, context, seen.now)
        };
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Number { of, decimals } => Ok(number(of.sample(random), *decimals)),
            Self::Feel(text) => feel(text, random),
            Self::Choice(list) => {
                let u = random.uniform();
                let place = list.partition_point(|(share, _)| *share < u).min(list.len() - 1);
                list[place].1.value(seen, context, random)
            }
            Self::Case(list) => {
                for (when, draw) in list {
                    let holds = match when {
                        None => true,
                        Some(when) => feel(when, random)?.as_bool() == Some(true),
                    };
                    if holds {
                        return draw.value(seen, context, random);
                    }
                }
                Ok(Value::Null)
            }
            Self::Object(list) => {
                let mut members = Map::new();
                for (name, draw) in list {
                    members.insert(name.clone(), draw.value(seen, context, random)?);
                }
                Ok(Value::Object(members))
            }
            Self::List(list) => list.iter().map(|draw| draw.value(seen, context, random)).collect(),
        }
    }
}

/// What a draw may look at.
pub(crate) struct Seen<'a> {
    pub evaluator: &'a dyn Evaluator,
    pub now: Timestamp,
}

/// Draws them all; each sees the given variables and those drawn before it.
pub(crate) fn draw_all(
    draws: &Draws,
    seen: &Seen<'_>,
    mut context: Variables,
    random: &mut Random,
) -> Result<Variables, EvalError> {
    let mut found = Variables::new();
    for (name, draw) in draws {
        let value = draw.value(seen, &mut context, random)?;
        context.insert(name.clone(), value.clone());
        found.insert(name.clone(), value);
    }
    Ok(found)
}

fn choice(at: &At<'_>, depth: usize, problems: &mut Problems) -> Option<Draw> {
    let mut list = Vec::new();
    let mut total = 0.0;
    for item in at.items(problems) {
        item.object(&["value", "draw", "weight"], problems)?;
        let draw = match (item.get("draw"), item.value.get("value")) {
            (Some(draw), None) => Draw::read(&draw, depth + 1, problems)?,
            (None, Some(value)) => Draw::Constant(value.clone()),
            _ => {
                problems.add(&item, "exactly one of value and draw", "give one of them");
                return None;
            }
        };
        let weight = match item.get("weight") {
            None => 1.0,
            Some(weight) => weight.number(0.0, 1e12, problems)?,
        };
        total += weight;
        list.push((total, draw));
    }
    if list.is_empty() || total <= 0.0 {
        problems.add(at, "one choice at least has a weight above 0", "add it");
        return None;
    }
    for (share, _) in &mut list {
        *share /= total;
    }
    Some(Draw::Choice(list))
}

fn case(at: &At<'_>, depth: usize, problems: &mut Problems) -> Option<Draw> {
    let mut list = Vec::new();
    for item in at.items(problems) {
        item.object(&["when", "then"], problems)?;
        let when = match item.get("when") {
            None => None,
            Some(when) => {
                let text = when.text(problems)?.trim_start_matches('=').trim();
                if let Err(error) = dmn::Feel::new().validate_expression(text) {
                    problems.add(&when, error.to_string(), "correct the FEEL expression");
                    return None;
                }
                Some(text.to_owned())
            }
        };
        let Some(then) = item.value.get("then") else {
            problems.add(&item, "'then' is missing", "say what is drawn in this case");
            return None;
        };
        list.push((when, Draw::read(&item.inside("then", then), depth + 1, problems)?));
    }
    Some(Draw::Case(list))
}

/// A JSON number with so many decimals.
fn number(value: f64, decimals: u32) -> Value {
    if decimals == 0 && value.abs() < 9e15 {
        return Value::from(value.round() as i64);
    }
    let scale = 10_f64.powi(decimals as i32);
    let rounded = (value * scale).round() / scale;
    Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn draw(value: &Value, variables: &Value) -> Result<Variables, String> {
        let mut problems = Problems::default();
        let at = At {
            path: "variables".into(),
            value,
        };
        let draws = read_all(&at, &mut problems);
        if let Some(first) = problems.list.first() {
            return Err(first.to_string());
        }
        let feel = dmn::Feel::new();
        let seen = Seen {
            evaluator: &feel,
            now: Timestamp::UNIX_EPOCH,
        };
        let context = variables.as_object().cloned().unwrap_or_default();
        draw_all(&draws, &seen, context, &mut Random::new(3, 4)).map_err(|error| error.to_string())
    }

    #[test]
    fn values_depend_on_the_variables_and_on_what_was_drawn_before() {
        let drawn = draw(
            &json!({
                "classe": {"choice": [{"value": 4, "weight": 1}]},
                "eta": {"uniform": {"min": 60, "max": 60}, "decimals": 0},
                "somma": {"feel": "classe + eta + base"},
                "esito": {"case": [{"when": "somma > 100", "then": "alto"}, {"then": "basso"}]},
                "caso": {"feel": "random >= 0 and random < 1"},
                "dati": {"object": {"a": {"list": [1, {"feel": "eta"}]}}}
            }),
            &json!({"base": 1}),
        );
        let expected =
            json!({"classe": 4, "eta": 60, "somma": 65, "esito": "basso", "caso": true, "dati": {"a": [1, 60]}});
        assert_eq!(Value::Object(drawn.unwrap()), expected);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (value, part) in [
            (json!({"x": {"a": 1, "b": 2}}), "variables.x"),
            (json!({"x": {"choice": []}}), "variables.x.choice"),
            (json!({"x": {"feel": "1 +"}}), "variables.x.feel"),
            (json!({"x": {"normale": {"mean": 1}}}), "no such distribution"),
            (json!({"x": {"case": [{"when": "true"}]}}), "'then'"),
        ] {
            let error = draw(&value, &Value::Null).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}

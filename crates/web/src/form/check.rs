//! From what a field holds to an answer, or the message that says what is wrong.

use super::item::{Bound, Item, Kind};
use super::{Answer, Coding};
use crate::{Arg, Lang, Texts, date, decimal, format};
use jiff::civil::{Date, DateTime, Time};
use serde_json::Number;

/// A message key with its values.
pub(super) struct Problem(&'static str, Vec<(&'static str, Arg)>);

impl Problem {
    pub(super) fn say(&self, item: &Item, texts: &Texts) -> String {
        let mut args = self.1.clone();
        args.push(("label", Arg::from(item.text.as_str())));
        texts.get(self.0, &args)
    }

    pub(super) fn required() -> Self {
        Self("form-error-required", vec![])
    }

    pub(super) fn new(key: &'static str, args: Vec<(&'static str, Arg)>) -> Self {
        Self(key, args)
    }
}

/// The answers in a field: `values` are what the browser sent under the linkId, `other` the free text of an open
/// choice, `unit` the chosen unit.
pub(super) fn read(
    item: &Item,
    values: &[String],
    other: Option<&str>,
    unit: Option<&str>,
    lang: Lang,
) -> Result<Vec<Answer>, Problem> {
    let given: Vec<&str> = values.iter().map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
    let mut answers = Vec::new();
    for value in if item.repeats {
        &given[..]
    } else {
        &given[..given.len().min(1)]
    } {
        let answer = one(item, value, unit, lang)?;
        if !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    if let Some(text) = other
        .map(str::trim)
        .filter(|t| !t.is_empty() && item.kind == Kind::OpenChoice)
    {
        length(item, text)?;
        if !item.repeats {
            answers.clear();
        }
        answers.push(Answer::Text(text.to_owned()));
    }
    Ok(answers)
}

fn one(item: &Item, value: &str, unit: Option<&str>, lang: Lang) -> Result<Answer, Problem> {
    Ok(match item.kind {
        Kind::Boolean => match value {
            "true" => Answer::Boolean(true),
            "false" => Answer::Boolean(false),
            _ => return Err(Problem("form-error-choice", vec![])),
        },
        Kind::Integer => {
            let digits = value.replace('\u{a0}', "");
            let number = digits
                .parse::<i32>()
                .map_err(|_| Problem("form-error-integer", vec![]))?;
            bounds(item, f64::from(number), lang)?;
            Answer::Integer(i64::from(number))
        }
        Kind::Decimal => Answer::Decimal(number(item, value, lang)?),
        Kind::Quantity => Answer::Quantity {
            value: number(item, value, lang)?,
            unit: pick_unit(item, unit),
        },
        Kind::Date => Answer::Date(day(item, value)?),
        Kind::DateTime => Answer::DateTime(moment(value)?),
        Kind::Time => {
            let time: Time = value.parse().map_err(|_| Problem("form-error-time", vec![]))?;
            Answer::Time(time.strftime("%H:%M:%S").to_string())
        }
        Kind::Url => {
            length(item, value)?;
            let uri: Result<http::Uri, _> = value.parse();
            if !uri.is_ok_and(|u| u.scheme().is_some() && u.host().is_some()) {
                return Err(Problem("form-error-url", vec![]));
            }
            Answer::Url(value.to_owned())
        }
        Kind::Choice | Kind::OpenChoice => {
            let option = item.options.iter().find(|o| o.key == value);
            option
                .ok_or_else(|| Problem("form-error-choice", vec![]))?
                .value
                .clone()
        }
        Kind::String | Kind::Text | Kind::Group | Kind::Display | Kind::Attachment => {
            length(item, value)?;
            pattern(item, value)?;
            Answer::Text(value.replace("\r\n", "\n"))
        }
    })
}

fn length(item: &Item, text: &str) -> Result<(), Problem> {
    let long = text.chars().count();
    if long > item.max_length {
        return Err(Problem("form-error-length", vec![("max", item.max_length.into())]));
    }
    if long < item.min_length {
        return Err(Problem("form-error-short", vec![("min", item.min_length.into())]));
    }
    Ok(())
}

/// A pattern matches anywhere in the text, as `RegExp.test` does; who means the whole text writes `^…$`.
fn pattern(item: &Item, text: &str) -> Result<(), Problem> {
    let Some(pattern) = &item.pattern else {
        return Ok(());
    };
    // Bounded in size and, by the crate's construction, in time; a form with another pattern is not read at all.
    let matches = super::parse::pattern(pattern).is_some_and(|p| p.is_match(text));
    match (matches, &item.format) {
        (true, _) => Ok(()),
        (false, Some(format)) => Err(Problem("form-error-format", vec![("format", format.as_str().into())])),
        (false, None) => Err(Problem("form-error-pattern", vec![])),
    }
}

/// A decimal with comma or point, as many digits as typed.
fn number(item: &Item, value: &str, lang: Lang) -> Result<Number, Problem> {
    let bad = || Problem("form-error-number", vec![]);
    let text = value.replace(',', ".");
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |s: &str| !s.is_empty() && s.len() <= 18 && s.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        return Err(bad());
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    // JSON allows no leading zeros.
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = digits.split_once('.').map_or(String::new(), |(_, f)| format!(".{f}"));
    let number: Number = serde_json::from_str(&format!("{sign}{whole}{fraction}")).map_err(|_| bad())?;
    bounds(item, number.as_f64().ok_or_else(bad)?, lang)?;
    Ok(number)
}

fn bounds(item: &Item, value: f64, lang: Lang) -> Result<(), Problem> {
    let say = |n: &Number| Arg::Text(decimal(&n.to_string(), lang));
    let unit = || {
        Arg::Text(
            item.units
                .first()
                .map(|u| format!(" {}", u.label()))
                .unwrap_or_default(),
        )
    };
    match (&item.min, &item.max) {
        (Some(Bound::Number(min)), _) if min.as_f64().is_some_and(|m| value < m) => {
            Err(Problem("form-error-min", vec![("min", say(min)), ("unit", unit())]))
        }
        (_, Some(Bound::Number(max))) if max.as_f64().is_some_and(|m| value > m) => {
            Err(Problem("form-error-max", vec![("max", say(max)), ("unit", unit())]))
        }
        _ => Ok(()),
    }
}

/// `2026-11-21` (what date fields send) or `21/11/2026` (what people type where there is no date field).
fn day(item: &Item, value: &str) -> Result<Date, Problem> {
    let parts: Vec<&str> = value.split(['/', '.']).collect();
    let iso = match parts.as_slice() {
        [d, m, y] => format!("{y:0>4}-{m:0>2}-{d:0>2}"),
        _ => value.to_owned(),
    };
    let day: Date = iso.parse().map_err(|_| Problem("form-error-date", vec![]))?;
    if !(1850..=2150).contains(&day.year()) {
        return Err(Problem("form-error-date", vec![]));
    }
    match (&item.min, &item.max) {
        (Some(Bound::Date(min)), _) if day < *min => {
            Err(Problem("form-error-date-min", vec![("min", Arg::Text(date(*min)))]))
        }
        (_, Some(Bound::Date(max))) if day > *max => {
            Err(Problem("form-error-date-max", vec![("max", Arg::Text(date(*max)))]))
        }
        _ => Ok(day),
    }
}

/// What a datetime-local field sends is Italian time; FHIR wants the offset.
fn moment(value: &str) -> Result<String, Problem> {
    if value.parse::<jiff::Timestamp>().is_ok() {
        return Ok(value.to_owned());
    }
    let local: DateTime = value.parse().map_err(|_| Problem("form-error-date-time", vec![]))?;
    format::italian_moment(local).ok_or_else(|| Problem("form-error-date-time", vec![]))
}

fn pick_unit(item: &Item, given: Option<&str>) -> Coding {
    let chosen = given.and_then(|g| item.units.iter().find(|u| u.code.as_deref() == Some(g)));
    chosen.or(item.units.first()).cloned().unwrap_or_default()
}

//! What one value of a resource says to one value of a search, by the words of the standard.

use jiff::civil::{Date, DateTime};
use serde_json::Value;

/// Lower case, without accents, words with one space between.
pub fn plain(text: &str) -> String {
    let simple = |c: char| match c {
        'à' => 'a',
        'è' | 'é' => 'e',
        'ì' => 'i',
        'ò' => 'o',
        'ù' => 'u',
        c if c.is_alphanumeric() => c,
        _ => ' ',
    };
    let letters: String = text.to_lowercase().chars().map(simple).collect();
    letters
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether some word of the text, and what follows it, starts with these words.
pub fn has_words(text: &str, words: &str) -> bool {
    let (text, words) = (plain(text), plain(words));
    let parts: Vec<&str> = text.split(' ').collect();
    (0..parts.len()).any(|at| parts[at..].join(" ").starts_with(&words))
}

/// `system|code`, `|code`, `system|`, `code` against what a resource has.
pub fn token(wanted: &str, system: &str, code: &str) -> bool {
    match wanted.split_once('|') {
        None => wanted == code,
        Some((s, "")) => s == system,
        Some((s, c)) => s == system && c == code,
    }
}

/// Whether a coding of the concept, or the value itself where it is a Coding, is wanted.
pub fn concept(wanted: &str, value: &Value) -> bool {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or("").to_owned();
    let one = |coding: &Value| token(wanted, &text(coding, "system"), &text(coding, "code"));
    match value["coding"].as_array() {
        Some(codings) => codings.iter().any(one),
        None => value.get("code").is_some() && one(value),
    }
}

/// First and last microsecond.
pub fn interval(text: &str) -> (i64, i64) {
    let start = |text: &str| {
        let whole: DateTime = text.trim_end_matches('Z').parse().unwrap();
        whole
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
            .as_microsecond()
    };
    let day = |date: Date| start(&format!("{date}T00:00:00"));
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [year] => {
            let year: i16 = year.parse().unwrap();
            (day(Date::constant(year, 1, 1)), day(Date::constant(year + 1, 1, 1)) - 1)
        }
        [year, month] => {
            let (year, month): (i16, i8) = (year.parse().unwrap(), month.parse().unwrap());
            let after = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            (
                day(Date::constant(year, month, 1)),
                day(Date::constant(after.0, after.1, 1)) - 1,
            )
        }
        _ if text.contains('T') => (start(text), start(text) + 999_999),
        _ => (
            start(&format!("{text}T00:00:00")),
            start(&format!("{text}T00:00:00")) + 86_400_000_000 - 1,
        ),
    }
}

/// Splits the prefix off.
pub fn prefix(text: &str) -> (&str, &str) {
    if text.starts_with(|c: char| c.is_ascii_lowercase()) {
        text.split_at(2)
    } else {
        ("eq", text)
    }
}

/// A date parameter: the resource's interval against the search's.
pub fn date(wanted: &str, (lo, hi): (i64, i64)) -> bool {
    let (prefix, text) = prefix(wanted);
    let (from, to) = interval(text);
    match prefix {
        "eq" => from <= lo && hi <= to,
        "ne" => !(from <= lo && hi <= to),
        "gt" => hi > to,
        "lt" => lo < from,
        "ge" => hi >= from,
        "le" => lo <= to,
        "sa" => lo > to,
        "eb" => hi < from,
        other => panic!("prefix {other}"),
    }
}

/// A number with at most three decimals, in ten-thousandths, and half of its last written digit.
fn number(text: &str) -> (i128, i128) {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{decimals:0<4}");
    (digits.parse().unwrap(), 5 * 10_i128.pow(3 - decimals.len() as u32))
}

/// How many of the smallest unit of its kind a unit is.
fn scale(unit: &str) -> Option<(&'static str, i128)> {
    Some(match unit {
        "mg" => ("mass", 1),
        "g" => ("mass", 1_000),
        "kg" => ("mass", 1_000_000),
        "mm[Hg]" => ("pressure", 1),
        _ => return None,
    })
}

/// A quantity parameter.
pub fn quantity(wanted: &str, value: &Value) -> bool {
    let text = |name: &str| value[name].as_str().unwrap_or("");
    let parts: Vec<&str> = wanted.split('|').collect();
    let (prefix, digits) = prefix(parts[0]);
    let (mut sought, mut half) = number(digits);
    let mut own = number(&value["value"].to_string()).0;
    match parts.as_slice() {
        [_] => {}
        [_, "", unit] => {
            if *unit != text("code") && *unit != text("unit") {
                return false;
            }
        }
        [_, system, unit] => {
            let (Some(here), Some(there)) = (scale(text("code")), scale(unit)) else {
                return false;
            };
            if text("system") != *system || here.0 != there.0 {
                return false;
            }
            (sought, half, own) = (sought * there.1, half * there.1, own * here.1);
        }
        _ => panic!("{wanted}"),
    }
    let inside = sought - half <= own && own < sought + half;
    match prefix {
        "eq" => inside,
        "ne" => !inside,
        "gt" | "sa" => own > sought,
        "lt" | "eb" => own < sought,
        "ge" => own >= sought,
        "le" => own <= sought,
        "ap" => (own - sought).abs() * 10 <= sought.abs().max(half * 10),
        other => panic!("prefix {other}"),
    }
}

/// `near`, by the angle seen from the earth's centre.
pub fn near(wanted: &str, position: &Value) -> bool {
    let parts: Vec<&str> = wanted.split('|').collect();
    let degrees = |text: &str| text.parse::<f64>().unwrap().to_radians();
    let unit = match parts.get(3) {
        Some(&"m") => 1.0,
        Some(&"[mi_i]") => 1_609.344,
        _ => 1_000.0,
    };
    let distance = match parts.get(2) {
        None | Some(&"") => 10_000.0,
        Some(text) => text.parse::<f64>().unwrap() * unit,
    };
    let here = (
        position["latitude"].as_f64().unwrap().to_radians(),
        position["longitude"].as_f64().unwrap().to_radians(),
    );
    let there = (degrees(parts[0]), degrees(parts[1]));
    let cosine = here.0.sin() * there.0.sin() + here.0.cos() * there.0.cos() * (here.1 - there.1).cos();
    // A metre of slack: the cosine of a small angle has few digits.
    6_371_008.8 * cosine.clamp(-1.0, 1.0).acos() <= distance + 1.0
}

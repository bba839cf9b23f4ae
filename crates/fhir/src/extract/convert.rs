//! Datatypes to search values (<https://hl7.org/fhir/R4/search.html>, sections on each type of parameter).

use super::{
    program::{Convert, Emit},
    sink::Sink,
};
use crate::{IndexValue, ParamId, date_interval, ucum};
use serde_json::Value;

/// System of currency codes in a Money.
const CURRENCY: &str = "urn:iso:std:iso:4217";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Puts what `value` is found by into `sink`; a value of an unexpected JSON type has nothing.
pub(super) fn convert(emit: Emit, value: &Value, sink: &mut Sink<'_>) {
    let param = emit.param;
    match emit.convert {
        Convert::TokenCoding => {
            let coded = sink.token(param, text(value, "system"), text(value, "code"));
            sink.text(param, text(value, "display"), !coded);
        }
        Convert::TokenConcept => concept(param, value, sink),
        Convert::TokenIdentifier => identifier(param, value, sink),
        Convert::TokenContact => {
            sink.token(param, "", text(value, "value"));
        }
        Convert::TokenPhone => phone(param, text(value, "value"), sink),
        Convert::TokenBoolean => {
            if let Value::Bool(truth) = value {
                sink.token(param, "", if *truth { "true" } else { "false" });
            }
        }
        Convert::TokenText(system) => {
            let code = match value {
                Value::String(code) => code,
                Value::Number(number) => number.as_str(),
                _ => return,
            };
            sink.token(param, system, code);
        }
        Convert::StringText => sink.string(param, value.as_str().unwrap_or("")),
        Convert::StringName => parts(param, value, &["text", "family"], &["given", "prefix", "suffix"], sink),
        Convert::NameKeys(key) => name_keys(param, key, value, sink),
        Convert::TextKeys(key) => keys(param, key.of_name("", value.as_str().unwrap_or("")), sink),
        Convert::StringAddress => {
            let single = ["text", "city", "district", "state", "postalCode", "country"];
            parts(param, value, &single, &["line"], sink);
        }
        Convert::StringConcept => {
            sink.string(param, text(value, "text"));
            for coding in items(value, "coding") {
                sink.string(param, text(coding, "display"));
            }
        }
        Convert::Date => date(param, value.as_str().and_then(date_interval), sink),
        Convert::DatePeriod => date(param, period(value), sink),
        Convert::DateTiming => date(param, timing(value), sink),
        Convert::Reference => reference(param, value, sink),
        Convert::ReferenceCanonical => {
            sink.reference(param, value.as_str().unwrap_or(""));
        }
        Convert::Uri | Convert::UriCanonical => uri(emit, value, sink),
        Convert::Number => number(param, value, sink),
        Convert::NumberRange => {
            for end in ["low", "high"] {
                number(
                    param,
                    value.get(end).and_then(|end| end.get("value")).unwrap_or(&Value::Null),
                    sink,
                );
            }
        }
        Convert::Quantity => quantity(param, value, text(value, "system"), text(value, "code"), sink),
        Convert::QuantityMoney => quantity(param, value, CURRENCY, text(value, "currency"), sink),
        Convert::QuantityRange => ends(param, value, &["low", "high"], sink),
        Convert::QuantitySampled => ends(param, value, &["origin"], sink),
        Convert::Position => position(param, value, sink),
    }
}

/// Codes, and the texts that `:text` searches.
fn concept(param: ParamId, value: &Value, sink: &mut Sink<'_>) {
    let codings = items(value, "coding");
    let mut coded = false;
    for coding in codings {
        coded |= sink.token(param, text(coding, "system"), text(coding, "code"));
    }
    let whole = text(value, "text");
    sink.text(param, whole, !coded);
    for coding in codings {
        let display = text(coding, "display");
        if display != whole {
            sink.text(param, display, !coded);
        }
    }
}

/// Its value, and what `:of-type` and `:text` (the text of its type) search.
fn identifier(param: ParamId, value: &Value, sink: &mut Sink<'_>) {
    let own = text(value, "value");
    if !sink.token(param, text(value, "system"), own) {
        return;
    }
    let Some(kind) = value.get("type") else { return };
    sink.text(param, text(kind, "text"), false);
    for coding in items(kind, "coding") {
        sink.of_type(param, text(coding, "system"), text(coding, "code"), own);
    }
}

/// A place outside the globe is none.
fn position(param: ParamId, value: &Value, sink: &mut Sink<'_>) {
    let side = |name: &str, most: f64| value.get(name).and_then(finite).filter(|degrees| degrees.abs() <= most);
    if let (Some(latitude), Some(longitude)) = (side("latitude", 90.0), side("longitude", 180.0)) {
        sink.push(param, IndexValue::Position { latitude, longitude });
    }
}

/// Each part of a name or address on its own: a search matches the start of any of them.
fn parts(param: ParamId, value: &Value, single: &[&str], repeated: &[&str], sink: &mut Sink<'_>) {
    for name in single {
        sink.string(param, text(value, name));
    }
    for part in repeated.iter().flat_map(|name| items(value, name)) {
        sink.string(param, part.as_str().unwrap_or(""));
    }
}

fn name_keys(param: ParamId, key: names::Key, value: &Value, sink: &mut Sink<'_>) {
    let (family, given) = sides(value);
    keys(param, key.of_name(family, &given), sink);
}

/// Each name of a patient, within the year of birth.
pub(super) fn born(param: ParamId, key: names::Key, patient: &Value, sink: &mut Sink<'_>) {
    for name in items(patient, "name") {
        let (family, given) = sides(name);
        keys(param, key.of_born(text(patient, "birthDate"), family, &given), sink);
    }
}

/// A name with parts has those; one that is only a text is read as it stands.
fn sides(name: &Value) -> (&str, String) {
    let family = text(name, "family");
    let given: Vec<&str> = items(name, "given").iter().filter_map(Value::as_str).collect();
    match family.is_empty() && given.is_empty() {
        true => (family, text(name, "text").to_owned()),
        false => (family, given.join(" ")),
    }
}

fn keys(param: ParamId, keys: Vec<String>, sink: &mut Sink<'_>) {
    keys.into_iter().for_each(|key| sink.key(param, key));
}

/// As it is written, and as it is dialled.
fn phone(param: ParamId, number: &str, sink: &mut Sink<'_>) {
    sink.token(param, "", number);
    let digits = crate::phone_digits(number);
    if digits != number {
        sink.token(param, "", &digits);
    }
}

fn date(param: ParamId, interval: Option<(i64, i64)>, sink: &mut Sink<'_>) {
    if let Some((lo, hi)) = interval {
        sink.push(param, IndexValue::Date { lo, hi });
    }
}

/// A side that is not given is open.
fn period(value: &Value) -> Option<(i64, i64)> {
    let side = |name: &str| value.get(name).and_then(Value::as_str).and_then(date_interval);
    match (side("start"), side("end")) {
        (None, None) => None,
        (start, end) => Some((
            start.map_or(i64::MIN, |start| start.0),
            end.map_or(i64::MAX, |end| end.1),
        )),
    }
}

/// From the first to the last event, or the bounds of the repetition.
fn timing(value: &Value) -> Option<(i64, i64)> {
    let events = items(value, "event")
        .iter()
        .filter_map(|event| event.as_str().and_then(date_interval));
    let bounds = value
        .get("repeat")
        .and_then(|repeat| repeat.get("boundsPeriod"))
        .and_then(period);
    events.chain(bounds).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

fn reference(param: ParamId, value: &Value, sink: &mut Sink<'_>) {
    let mut found = sink.reference(param, text(value, "reference"));
    if let Some(identifier) = value.get("identifier") {
        found |= sink.reference_identifier(param, text(identifier, "system"), text(identifier, "value"));
    }
    sink.text(param, text(value, "display"), !found);
}

/// A canonical with a version is found with and without it.
fn uri(emit: Emit, value: &Value, sink: &mut Sink<'_>) {
    let uri = value.as_str().unwrap_or("");
    if emit.convert == Convert::UriCanonical
        && let Some((base, _version)) = uri.split_once('|')
    {
        sink.uri(emit.param, base);
    }
    sink.uri(emit.param, uri);
}

fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

fn number(param: ParamId, value: &Value, sink: &mut Sink<'_>) {
    if let Some(number) = finite(value) {
        sink.push(param, IndexValue::Number(number));
    }
}

fn quantity(param: ParamId, value: &Value, system: &str, code: &str, sink: &mut Sink<'_>) {
    if let Some(number) = value.get("value").and_then(finite) {
        let unit = text(value, "unit").to_owned();
        let canonical = ucum::canonical(number, system, code);
        let (system, code) = (system.to_owned(), code.to_owned());
        sink.push(
            param,
            IndexValue::Quantity {
                value: number,
                system,
                code,
                unit,
                canonical,
            },
        );
    }
}

fn ends(param: ParamId, value: &Value, names: &[&str], sink: &mut Sink<'_>) {
    for side in names.iter().filter_map(|name| value.get(name)) {
        quantity(param, side, text(side, "system"), text(side, "code"), sink);
    }
}

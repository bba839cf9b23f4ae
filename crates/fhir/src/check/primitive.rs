//! Formats of the primitive types (<https://hl7.org/fhir/R4/datatypes.html#primitive>).

use super::json_kind;
use crate::{Primitive, date_interval, is_id};
use serde_json::Value;

/// Longest string, in bytes: the standard's 1 MB. Attachments (`base64Binary`) are not bound by it.
const MAX_STRING: usize = 1024 * 1024;

/// The rule that `value` breaks.
pub(super) fn check(primitive: Primitive, value: &Value) -> Result<(), String> {
    match primitive {
        Primitive::Boolean => match value {
            Value::Bool(_) => Ok(()),
            other => Err(format!(
                "must be true or false without quotes, not {}",
                json_kind(other)
            )),
        },
        Primitive::Decimal | Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => {
            number(primitive, value)
        }
        _ => match value {
            Value::String(text) => string(primitive, text),
            other => Err(format!("must be a JSON string, not {}", json_kind(other))),
        },
    }
}

fn number(primitive: Primitive, value: &Value) -> Result<(), String> {
    let Value::Number(number) = value else {
        return Err(format!(
            "must be a JSON number without quotes, not {}",
            json_kind(value)
        ));
    };
    let least = match primitive {
        Primitive::Decimal => return Ok(()),
        Primitive::PositiveInt => 1,
        Primitive::UnsignedInt => 0,
        _ => i64::from(i32::MIN),
    };
    match number.as_str().parse::<i64>() {
        Ok(number) if number >= least && number <= i64::from(i32::MAX) => Ok(()),
        _ => Err(format!(
            "must be a whole number from {least} to {}, not {number}",
            i32::MAX
        )),
    }
}

fn string(primitive: Primitive, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is an empty string; leave the element out or give it a value".to_owned());
    }
    if primitive != Primitive::Base64Binary && primitive != Primitive::Xhtml && text.len() > MAX_STRING {
        return Err(format!(
            "is longer than {MAX_STRING} bytes; put long content into an Attachment or Binary"
        ));
    }
    if let Some(control) = text.chars().find(|c| *c < ' ' && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(format!(
            "holds the control character U+{:04X}, which FHIR does not allow",
            control as u32
        ));
    }
    let (sound, rule) = match primitive {
        Primitive::Id => (is_id(text), "1 to 64 of letters, digits, '-' and '.'"),
        Primitive::Code => (
            is_code(text),
            "words separated by single spaces, without spaces at either end",
        ),
        Primitive::Uri | Primitive::Url | Primitive::Canonical => {
            (!text.contains(is_space), "a URI, so without spaces")
        }
        Primitive::Oid => (is_oid(text), "an OID such as urn:oid:1.2.3"),
        Primitive::Uuid => (
            is_uuid(text),
            "a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        ),
        Primitive::Date => (is_date(text), "a date of the calendar as YYYY, YYYY-MM or YYYY-MM-DD"),
        Primitive::DateTime => (
            is_date(text) || is_moment(text),
            "a date as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone (Z or +02:00)",
        ),
        Primitive::Instant => (
            is_moment(text),
            "a moment as YYYY-MM-DDThh:mm:ss with a zone (Z or +02:00)",
        ),
        Primitive::Time => (is_time(text), "a time as hh:mm:ss without a zone"),
        Primitive::Base64Binary => (is_base64(text), "base64"),
        _ => (true, ""),
    };
    if sound {
        Ok(())
    } else {
        Err(format!("must be {rule}, not '{}'", shortened(text)))
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// White space as the standard's expressions (`\s` of XML Schema) have it; a no-break space is none.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_code(text: &str) -> bool {
    let mut before = ' ';
    for c in text.chars() {
        if is_space(c) && is_space(before) {
            return false;
        }
        before = c;
    }
    !is_space(before)
}

fn is_oid(text: &str) -> bool {
    text.strip_prefix("urn:oid:").is_some_and(|oid| {
        matches!(oid.as_bytes().first(), Some(b'0'..=b'2'))
            && oid.contains('.')
            && oid
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn is_uuid(text: &str) -> bool {
    text.strip_prefix("urn:uuid:").is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.bytes().enumerate().all(|(at, b)| match at {
                8 | 13 | 18 | 23 => b == b'-',
                _ => b.is_ascii_hexdigit(),
            })
    })
}

fn is_date(text: &str) -> bool {
    text.len() <= 10 && date_interval(text).is_some()
}

/// Seconds and a zone are required.
fn is_moment(text: &str) -> bool {
    text.len() > 19
        && text.as_bytes()[16] == b':'
        && date_interval(text).is_some()
        && (text.ends_with('Z') || matches!(text.as_bytes()[text.len() - 6], b'+' | b'-'))
}

fn is_time(text: &str) -> bool {
    text.len() >= 8
        && text.as_bytes()[5] == b':'
        && !text.contains(['Z', '+', '-'])
        && date_interval(&format!("2000-01-01T{text}")).is_some()
}

/// Groups of four, white space between them.
fn is_base64(text: &str) -> bool {
    let mut count = 0;
    let mut padding = 0;
    for b in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        count += 1;
        match b {
            b'=' => padding += 1,
            b'+' | b'/' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' if padding == 0 => {}
            _ => return false,
        }
    }
    count % 4 == 0 && padding <= 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sound(primitive: Primitive, values: &[Value]) {
        for value in values {
            assert_eq!(check(primitive, value), Ok(()), "{primitive:?}");
        }
    }

    fn broken(primitive: Primitive, values: &[Value]) {
        for value in values {
            assert!(check(primitive, value).is_err(), "{primitive:?} {value}");
        }
    }

    #[test]
    fn numbers() {
        sound(Primitive::Integer, &[json!(0), json!(-5), json!(i32::MAX)]);
        broken(Primitive::Integer, &[json!("1"), json!(1.5), json!(3_000_000_000_u64)]);
        sound(Primitive::PositiveInt, &[json!(1)]);
        broken(Primitive::PositiveInt, &[json!(0)]);
        broken(Primitive::UnsignedInt, &[json!(-1)]);
        sound(Primitive::Decimal, &[json!(1.5), json!(-3)]);
        broken(Primitive::Decimal, &[json!("1.5"), json!(true)]);
        broken(Primitive::Boolean, &[json!("true"), json!(1)]);
    }

    #[test]
    fn dates_and_times() {
        sound(Primitive::Date, &[json!("2024"), json!("2024-02"), json!("2024-02-29")]);
        broken(
            Primitive::Date,
            &[
                json!("2023-02-29"),
                json!("2024-1-1"),
                json!("2024-01-01T00:00:00Z"),
                json!("01/02/2024"),
            ],
        );
        sound(
            Primitive::DateTime,
            &[
                json!("2024"),
                json!("2024-01-01T10:00:00+01:00"),
                json!("2024-01-01T10:00:00.123Z"),
            ],
        );
        broken(
            Primitive::DateTime,
            &[
                json!("2024-01-01T10:00:00"),
                json!("2024-01-01T10:00Z"),
                json!("2024-01-01T10:00:00.1234567"),
            ],
        );
        sound(Primitive::Instant, &[json!("2024-01-01T10:00:00Z")]);
        broken(Primitive::Instant, &[json!("2024-01-01"), json!("2024-01-01T10:00:00")]);
        sound(Primitive::Time, &[json!("10:00:00"), json!("23:59:59.5")]);
        broken(
            Primitive::Time,
            &[
                json!("10:00"),
                json!("24:00:00"),
                json!("10:00:00Z"),
                json!("è:00:00:0"),
            ],
        );
    }

    #[test]
    fn texts() {
        broken(
            Primitive::String,
            &[json!(""), json!("a\u{0}b"), json!(1), json!("x".repeat(MAX_STRING + 1))],
        );
        sound(Primitive::Code, &[json!("a"), json!("a b")]);
        broken(Primitive::Code, &[json!(" a"), json!("a "), json!("a  b")]);
        broken(Primitive::Uri, &[json!("a b")]);
        broken(Primitive::Id, &[json!("a_b"), json!("x".repeat(65))]);
        sound(Primitive::Oid, &[json!("urn:oid:2.16.840.1")]);
        broken(
            Primitive::Oid,
            &[json!("2.16"), json!("urn:oid:3.1"), json!("urn:oid:1..2")],
        );
        sound(
            Primitive::Uuid,
            &[json!("urn:uuid:c757873d-ec9a-4326-a141-556f43239520")],
        );
        broken(Primitive::Uuid, &[json!("c757873d-ec9a-4326-a141-556f43239520")]);
        sound(Primitive::Base64Binary, &[json!("YQ=="), json!("YWJj\nYWJj")]);
        broken(Primitive::Base64Binary, &[json!("YQ="), json!("Y===="), json!("Y*==")]);
    }
}

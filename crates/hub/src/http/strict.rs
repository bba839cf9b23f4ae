//! JSON as RFC 8259 wants it to interoperate: UTF-8, no name twice in one object. A parser that keeps the last of two
//! equal names would store something else than what another reader of the same bytes sees.

use crate::HubError;
use serde_json::Value;
use std::collections::HashSet;

/// Names of one object that are compared one by one; more go into a set.
const FEW: usize = 32;

/// Parses strictly.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, HubError> {
    let bytes = without_mark(bytes);
    let value = serde_json::from_slice(bytes).map_err(|error| HubError::json(&error))?;
    match repeated_name(bytes) {
        None => Ok(value),
        Some(at) => Err(twice(bytes, at)),
    }
}

/// Without the byte order mark that some editors put before UTF-8.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn twice(bytes: &[u8], at: usize) -> HubError {
    let before = &bytes[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let name = String::from_utf8_lossy(string_at(bytes, at)).into_owned();
    HubError::MalformedJson {
        line,
        column,
        message: format!("the name \"{name}\" stands twice in one object; give it once"),
    }
}

/// The text between the quote at `at` and the one that closes it.
fn string_at(bytes: &[u8], at: usize) -> &[u8] {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    &bytes[at + 1..end.min(bytes.len())]
}

/// An object or array that is open.
struct Open<'a> {
    object: bool,
    /// Where its names start in the list of names.
    names: usize,
    many: Option<HashSet<&'a [u8]>>,
}

/// Where a name is met for the second time in its object. `bytes` must be well-formed JSON.
fn repeated_name(bytes: &[u8]) -> Option<usize> {
    let mut names: Vec<&[u8]> = Vec::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    let (mut at, mut name_next) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => {
                name_next = bytes[at] == b'{';
                open.push(Open {
                    object: name_next,
                    names: names.len(),
                    many: None,
                });
            }
            b'}' | b']' => {
                name_next = false;
                names.truncate(open.pop()?.names);
            }
            b',' => name_next = open.last().is_some_and(|frame| frame.object),
            b'"' => {
                let text = string_at(bytes, at);
                if name_next && !is_new(open.last_mut()?, &mut names, text) {
                    return Some(at);
                }
                name_next = false;
                at += text.len() + 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn is_new<'a>(frame: &mut Open<'a>, names: &mut Vec<&'a [u8]>, name: &'a [u8]) -> bool {
    if let Some(many) = &mut frame.many {
        return many.insert(name);
    }
    let here = &names[frame.names..];
    if here.contains(&name) {
        return false;
    }
    if here.len() == FEW {
        frame.many = Some(here.iter().copied().chain([name]).collect());
    }
    names.push(name);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stand_once() {
        for sound in [
            r#"{"a":{"a":1},"b":[{"a":2},{"a":3}],"c":"a","d":["a","a"]}"#,
            r#"{"a\"":1,"a":"\\"}"#,
            "\u{feff}[]",
        ] {
            assert!(parse(sound.as_bytes()).is_ok(), "{sound}");
        }
        let message = parse(b"{\"x\":{\"a\":1},\n \"b\":[{\"c\":[{}],\"c\":2}]}")
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            "the body is not valid JSON: line 2, column 17: the name \"c\" stands twice in one object; give it once"
        );
        let mut many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
        assert!(parse(format!("{{{}}}", many.join(",")).as_bytes()).is_ok());
        many.push("\"k7\":0".into());
        assert!(parse(format!("{{{}}}", many.join(",")).as_bytes()).is_err());
        assert!(parse(b"{\"a\":\"\xff\"}").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&bytes);
        }
    }
}

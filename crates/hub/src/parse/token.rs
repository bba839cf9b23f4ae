//! Tokens of searches: `code`, `system|code`, `|code`, `system|`; `:of-type`; codes that a terminology names.

use super::{ParseError, escape};
use store::{CodeSet, ValueTest};

const EXPECTED: &str = "code, system|code, |code or system|";

/// The test of one value without modifier.
pub fn plain(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    let (system, code) = split(param, value)?;
    Ok(ValueTest::Token { system, code })
}

fn split(param: &str, value: &str) -> Result<(Option<String>, Option<String>), ParseError> {
    let filled = |text: &str| (!text.is_empty()).then(|| escape::unescape(text));
    match escape::split(value, '|').as_slice() {
        [code] => Ok((None, filled(code))),
        [system, code] if !(system.is_empty() && code.is_empty()) => Ok((Some(escape::unescape(system)), filled(code))),
        _ => Err(ParseError::value(param, value, EXPECTED)),
    }
}

/// The test of one value of `:of-type`: an identifier with its type.
pub fn of_type(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    match escape::split(value, '|').as_slice() {
        [system, code, value] if !code.is_empty() && !value.is_empty() => Ok(ValueTest::OfType {
            system: escape::unescape(system),
            code: escape::unescape(code),
            value: escape::unescape(value),
        }),
        _ => Err(ParseError::value(
            &format!("{param}:of-type"),
            value,
            "system|code|value: the identifier's type, then the identifier",
        )),
    }
}

/// The codes of one value of `:in`, `:above` or `:below`, for the terminology to name.
pub fn code_set(param: &str, relation: &str, value: &str) -> Result<ValueTest, ParseError> {
    let name = format!("{param}:{relation}");
    if relation == "in" {
        return Ok(ValueTest::CodeSet(CodeSet::In(escape::unescape(value))));
    }
    let (system, Some(code)) = split(&name, value)? else {
        return Err(ParseError::value(&name, value, "code or system|code"));
    };
    Ok(ValueTest::CodeSet(match relation {
        "above" => CodeSet::Above { system, code },
        _ => CodeSet::Below { system, code },
    }))
}

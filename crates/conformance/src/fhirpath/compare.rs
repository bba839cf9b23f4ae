//! Expected values of the FHIRPath tests.

use fhir::fhirpath::Item;

/// An `output` element.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Type, empty where the text tells it.
    pub kind: String,
    /// The value as a literal.
    pub text: String,
}

impl Expected {
    pub(super) fn matches(&self, item: &Item) -> bool {
        let text = self.text.as_str();
        let kind = if self.kind.is_empty() {
            told_by(text)
        } else {
            self.kind.as_str()
        };
        match (kind, item) {
            ("boolean", Item::Boolean(truth)) => text.parse() == Ok(*truth),
            ("integer", Item::Integer(number)) => text.parse() == Ok(*number),
            ("integer" | "decimal", Item::Decimal(number)) => same_number(number, text),
            ("decimal", Item::Integer(number)) => same_number(&number.to_string(), text),
            ("string" | "code" | "id" | "uri", Item::String(found)) => found == text,
            ("date", Item::Date(found)) | ("dateTime", Item::DateTime(found)) | ("time", Item::Time(found)) => {
                found == text.trim_start_matches('@').trim_start_matches('T')
            }
            // dates of the input are texts until an operator needs their type
            ("date" | "dateTime" | "time", Item::String(found)) => found == text.trim_start_matches('@'),
            ("Quantity", Item::Quantity { value, unit }) => {
                let (number, expected_unit) = text.split_once(' ').unwrap_or((text, "1"));
                same_number(value, number) && unit.as_deref().unwrap_or("1") == expected_unit.trim_matches('\'')
            }
            _ => false,
        }
    }
}

fn told_by(text: &str) -> &'static str {
    match text {
        "true" | "false" => "boolean",
        _ if text.starts_with("@T") => "time",
        _ if text.starts_with('@') && text.contains('T') => "dateTime",
        _ if text.starts_with('@') => "date",
        _ if text.contains('\'') => "Quantity",
        _ if text.parse::<f64>().is_ok() => "decimal",
        _ => "string",
    }
}

/// Equal as decimals, whatever zeros end them.
fn same_number(a: &str, b: &str) -> bool {
    fn plain(number: &str) -> (bool, String, String) {
        let (negative, digits) = number
            .strip_prefix('-')
            .map_or((false, number), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        (negative && !zero, whole.to_owned(), fraction.to_owned())
    }
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_decimals() {
        assert!(same_number("1.50", "1.5") && same_number("-0.0", "0") && same_number("010", "10"));
        assert!(!same_number("1.5", "1.51") && !same_number("-1", "1"));
    }
}

//! The names of an expression, as a reader sees them.
//!
//! FEEL names may hold spaces and operators (`età del paziente`, `hba1c-media`), so what a text means depends on which
//! names are known: `a-b` is a subtraction when `a` is a name and one long name when it is not. A variable that has no
//! value yet must not change the meaning of an expression, so the parser is told every word of the text as a name.

/// Words that the grammar owns, or that begin a literal, and so are not told to the parser as names.
const RESERVED: &[&str] = &[
    "Any",
    "Null",
    "and",
    "between",
    "boolean",
    "context",
    "date",
    "days",
    "duration",
    "else",
    "every",
    "external",
    "false",
    "for",
    "function",
    "if",
    "in",
    "instance",
    "item",
    "list",
    "months",
    "not",
    "null",
    "number",
    "of",
    "or",
    "partial",
    "range",
    "return",
    "satisfies",
    "some",
    "string",
    "then",
    "time",
    "true",
    "years",
];

/// Built-in functions whose names hold spaces; told to the parser so that a variable called `list` or `string` does
/// not cut them in two. The date and time constructors are literals of the grammar and not among them.
pub(crate) const LONG_FUNCTIONS: &[&str] = &[
    "business days after",
    "business days until",
    "business time after",
    "context merge",
    "context put",
    "day of week",
    "day of year",
    "distinct values",
    "ends with",
    "finished by",
    "get entries",
    "get value",
    "index of",
    "is business day",
    "insert before",
    "list contains",
    "list replace",
    "lower case",
    "met by",
    "month of year",
    "overlaps after",
    "overlaps before",
    "round down",
    "round half down",
    "round half up",
    "round up",
    "started by",
    "starts with",
    "string join",
    "string length",
    "substring after",
    "substring before",
    "upper case",
    "week of year",
];

/// Every word of the text outside string literals and comments that may be a variable's name.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut found = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = after_string(rest);
        } else if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if rest.starts_with("/*") {
            rest = rest[2..].split_once("*/").map_or("", |(_, after)| after);
        } else if is_start(first) {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            found.push(&rest[..end]);
            rest = &rest[end..];
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    found.retain(|word| !RESERVED.contains(word));
    found
}

/// The text after the string literal that it begins with.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// Whether a variable's name is one that the parser must be told as it is, because it holds more than one word.
pub(crate) fn is_long(name: &str) -> bool {
    !name.chars().all(is_part)
}

/// The first word of a variable's name: a text that speaks of the variable holds it.
pub(crate) fn first_word(name: &str) -> &str {
    name.split(|c| !is_part(c))
        .find(|word| !word.is_empty())
        .unwrap_or(name)
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_may_be_a_variable() {
        let text = r#"if età > 65.5 and "no, \" questo" != nome // commento
            then glicemia_1 else /* mai */ @"2020-01-01""#;
        assert_eq!(words(text), ["età", "nome", "glicemia_1"]);
        assert_eq!(words("\"aperta"), Vec::<&str>::new());
    }

    #[test]
    fn names_of_several_words_are_long() {
        assert!(is_long("età del paziente") && is_long("hba1c-media"));
        assert!(!is_long("pressione_massima") && !is_long("è"));
    }
}

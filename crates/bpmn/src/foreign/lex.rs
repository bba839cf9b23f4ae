//! Words, numbers, strings and signs.

/// One piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A name or keyword.
    Word(String),
    /// A number as written.
    Number(String),
    /// The text of a string literal.
    Text(String),
    /// A text with places between braces to be filled: a JavaScript template or a Python f-string.
    Template(String, &'static str),
    /// An operator or bracket.
    Sign(String),
}

/// Longest expression, in characters.
const MAX_CHARS: usize = 20_000;
const LONG_SIGNS: [&str; 12] = [
    "===", "!==", "**=", "==", "!=", "&&", "||", "<=", ">=", "=>", "**", "//",
];

/// Reads all tokens.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > MAX_CHARS {
        return Err(format!(
            "it has {} characters; at most {MAX_CHARS} are read",
            chars.len()
        ));
    }
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
        } else if c == '\'' || c == '"' || c == '`' {
            let (inner, end) = string(&chars, at)?;
            let template = match out.last() {
                _ if c == '`' => Some("${"),
                Some(Token::Word(f)) if f == "f" && chars[at - 1] == 'f' => {
                    out.pop();
                    Some("{")
                }
                _ => None,
            };
            out.push(template.map_or(Token::Text(inner.clone()), |open| Token::Template(inner, open)));
            at = end;
        } else if c.is_ascii_digit() {
            let end = number(&chars, at);
            out.push(Token::Number(chars[at..end].iter().collect()));
            // the suffixes of Java and Groovy
            at = end + usize::from(chars.get(end).is_some_and(|c| "LlGgDdFf".contains(*c)));
        } else if c.is_alphanumeric() || c == '_' || c == '$' {
            let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let end = (at..chars.len()).find(|&i| !inside(chars[i])).unwrap_or(chars.len());
            out.push(Token::Word(chars[at..end].iter().collect()));
            at = end;
        } else {
            let long = LONG_SIGNS.iter().find(|sign| {
                sign.chars()
                    .enumerate()
                    .all(|(offset, s)| chars.get(at + offset) == Some(&s))
            });
            let sign = long.map_or_else(|| c.to_string(), |sign| (*sign).to_owned());
            at += sign.chars().count();
            out.push(Token::Sign(sign));
        }
    }
    Ok(out)
}

fn number(chars: &[char], start: usize) -> usize {
    let mut at = start;
    while chars.get(at).is_some_and(char::is_ascii_digit) {
        at += 1;
    }
    if chars.get(at) == Some(&'.') && chars.get(at + 1).is_some_and(char::is_ascii_digit) {
        at += 1;
        while chars.get(at).is_some_and(char::is_ascii_digit) {
            at += 1;
        }
    }
    at
}

/// The text of the literal that opens at `at`, and the place after it.
fn string(chars: &[char], at: usize) -> Result<(String, usize), String> {
    let quote = chars[at];
    let triple = chars.get(at + 1) == Some(&quote) && chars.get(at + 2) == Some(&quote) && quote != '`';
    let mut place = at + if triple { 3 } else { 1 };
    let mut inner = String::new();
    while let Some(&c) = chars.get(place) {
        if c == quote && !triple {
            return Ok((inner, place + 1));
        }
        if triple && chars[place..].starts_with(&[quote; 3]) {
            return Ok((inner, place + 3));
        }
        if c == '\\' {
            place += 1;
            match chars.get(place) {
                Some('n') => inner.push('\n'),
                Some('t') => inner.push('\t'),
                Some('r' | '\n') => {}
                Some(other) => inner.push(*other),
                None => break,
            }
        } else {
            inner.push(c);
        }
        place += 1;
    }
    Err("a string is not closed".into())
}

/// See [`super::looks_foreign`].
pub fn looks_foreign(text: &str) -> bool {
    let mut previous = ' ';
    let mut chars = text.chars().peekable();
    let mut bare = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        if c == '"' {
            let mut escaped = false;
            for inner in chars.by_ref() {
                match inner {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => break,
                    _ => {}
                }
            }
            bare.push('"');
        } else if c == '\'' && !previous.is_alphanumeric() && chars.clone().any(|c| c == '\'') {
            return true;
        } else {
            bare.push(c);
        }
        previous = c;
    }
    if ["==", "&&", "||"].iter().any(|sign| bare.contains(sign)) {
        return true;
    }
    let not = bare.match_indices('!').any(|(at, _)| !bare[at + 1..].starts_with('='));
    not || method_call(&bare) || words(&bare).any(|word| ["None", "True", "False", "len"].contains(&word))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// A name after a dot that is called.
fn method_call(text: &str) -> bool {
    text.match_indices('.').any(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let begins = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        begins && rest[end..].starts_with('(')
    })
}

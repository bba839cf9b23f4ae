//! `_text` and `_content`: words, `AND` (also unwritten), `OR`, `NOT`, brackets, `"a phrase"`. The standard leaves the
//! language to the server and gives `(bone OR liver) and metastases` as an example
//! (<https://hl7.org/fhir/R4/search.html#content>).

use super::{ParseError, escape};
use fhir::normalize_string;
use store::{Clause, Texts, Words};

/// Words of one value at most.
const MAX_WORDS: usize = 32;
/// Brackets within brackets.
const MAX_DEPTH: usize = 8;

/// The clause of `_text` or `_content`: the comma list holds alternatives.
pub fn clause(name: &str, of: Texts, values: &str) -> Result<Clause, ParseError> {
    let mut any = Vec::new();
    for value in escape::split(values, ',') {
        let text = escape::unescape(value);
        let tokens = tokens(&text);
        if tokens.len() > MAX_WORDS {
            return Err(ParseError::limit(name, "words", MAX_WORDS, tokens.len()));
        }
        let mut reader = Reader {
            tokens: &tokens,
            depth: 0,
        };
        let words = reader.any().filter(|_| reader.tokens.is_empty());
        any.push(words.ok_or_else(|| {
            ParseError::value(
                name,
                &text,
                "words, with AND, OR, NOT, brackets or \"a phrase\", e.g. (fegato OR rene) AND metastasi",
            )
        })?);
    }
    let words = one_or(any, Words::Or);
    Ok(Clause::Words { of, words })
}

fn one_or(mut list: Vec<Words>, many: impl Fn(Vec<Words>) -> Words) -> Words {
    if list.len() == 1 { list.remove(0) } else { many(list) }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Word(String),
}

/// Brackets and quotes part words; what normalises to nothing is passed over.
fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    for (number, part) in text.split('"').enumerate() {
        if number % 2 == 1 {
            out.extend(word(part));
            continue;
        }
        for piece in part.split_inclusive(['(', ')', ' ', '\t', '\n']) {
            let bare = piece.trim_end_matches(['(', ')', ' ', '\t', '\n']);
            match bare {
                "AND" | "and" => out.push(Token::And),
                "OR" | "or" => out.push(Token::Or),
                "NOT" | "not" => out.push(Token::Not),
                _ => out.extend(word(bare)),
            }
            match piece.chars().next_back() {
                Some('(') => out.push(Token::Open),
                Some(')') => out.push(Token::Close),
                _ => {}
            }
        }
    }
    out
}

fn word(text: &str) -> Option<Token> {
    let normalized = normalize_string(text);
    (!normalized.is_empty()).then_some(Token::Word(normalized))
}

struct Reader<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: &Token) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == wanted => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self) -> Option<Words> {
        let mut list = vec![self.all()?];
        while self.take(&Token::Or) {
            list.push(self.all()?);
        }
        Some(one_or(list, Words::Or))
    }

    fn all(&mut self) -> Option<Words> {
        let mut list = vec![self.one()?];
        while self.take(&Token::And) || matches!(self.tokens.first(), Some(Token::Word(_) | Token::Open | Token::Not)) {
            list.push(self.one()?);
        }
        Some(one_or(list, Words::And))
    }

    fn one(&mut self) -> Option<Words> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        match first {
            Token::Word(word) => Some(Words::Word(word.clone())),
            Token::Not => {
                self.deeper()?;
                let inner = self.one()?;
                self.depth -= 1;
                Some(Words::Not(Box::new(inner)))
            }
            Token::Open => {
                self.deeper()?;
                let inner = self.any()?;
                self.depth -= 1;
                self.take(&Token::Close).then_some(inner)
            }
            Token::Close | Token::And | Token::Or => None,
        }
    }

    fn deeper(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        match clause("_content", Texts::All, text) {
            Ok(Clause::Words { words, .. }) => Some(show(&words)),
            _ => None,
        }
    }

    fn show(words: &Words) -> String {
        let list = |list: &[Words], between| list.iter().map(show).collect::<Vec<_>>().join(between);
        match words {
            Words::Word(word) => word.clone(),
            Words::And(all) => format!("({})", list(all, " & ")),
            Words::Or(any) => format!("({})", list(any, " | ")),
            Words::Not(words) => format!("!{}", show(words)),
        }
    }

    #[test]
    fn words_and_brackets() {
        for (text, expected) in [
            ("Perché", Some("perche")),
            ("(bone OR liver) and metastases", Some("((bone | liver) & metastases)")),
            ("a b NOT c", Some("(a & b & !c)")),
            ("\"mal di testa\" OR x", Some("(mal di testa | x)")),
            ("a,b", Some("(a | b)")),
            ("(a", None),
            ("a)", None),
            ("OR", None),
            ("-", None),
            ("((((((((((a))))))))))", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}

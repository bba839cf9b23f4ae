//! The grammar: precedence from the ternary down to names, written out as FEEL.

use super::lex::{Token, tokens};
use super::{Language, method, quoted};

/// Deepest nesting of brackets and operators.
const MAX_DEPTH: usize = 60;

/// A part of the expression in FEEL.
#[derive(Debug, Clone)]
pub struct Feel {
    /// The text.
    pub text: String,
    /// It is surely a string: what is added to it is joined.
    pub string: bool,
    /// It needs brackets before something is done to it.
    pub loose: bool,
}

impl Feel {
    pub fn tight(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            string: false,
            loose: false,
        }
    }

    fn loose(text: String) -> Self {
        Self {
            loose: true,
            ..Self::tight(text)
        }
    }

    /// The text, in brackets when it needs them.
    pub fn closed(&self) -> String {
        if self.loose {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }
}

/// Reads one expression that fills the whole text.
pub fn expression(text: &str, language: Language) -> Result<String, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        language,
    };
    if parser.tokens.is_empty() {
        return Err("there is nothing between the braces".into());
    }
    let found = parser.ternary()?;
    match parser.tokens.get(parser.at) {
        None => Ok(found.text),
        Some(token) => Err(format!("'{}' is not expected there", show(token))),
    }
}

fn show(token: &Token) -> &str {
    match token {
        Token::Word(text) | Token::Number(text) | Token::Text(text) | Token::Template(text, _) | Token::Sign(text) => {
            text
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    language: Language,
}

type Part = Result<Feel, String>;

impl Parser {
    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(other)) if other == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(other)) if other == word);
        self.at += usize::from(found);
        found
    }

    fn peek_sign(&self, offset: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.at + offset), Some(Token::Sign(other)) if other == sign)
    }

    fn close(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(format!("a bracket is not closed: '{sign}' is missing"))
        }
    }

    /// `c ? a : b`, and Python's `a if c else b`.
    fn ternary(&mut self) -> Part {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let first = self.or()?;
        let found = if self.sign("?") {
            if self.sign(":") {
                let other = self.ternary()?;
                format!("(if {0} != null then {0} else {1})", first.closed(), other.text)
            } else {
                let then = self.ternary()?;
                self.close(":")?;
                let other = self.ternary()?;
                format!("(if {} then {} else {})", first.text, then.text, other.text)
            }
        } else if self.language == Language::Python && self.word("if") {
            let condition = self.or()?;
            if !self.word("else") {
                return Err("the 'if' has no 'else'".into());
            }
            let other = self.ternary()?;
            format!("(if {} then {} else {})", condition.text, first.text, other.text)
        } else {
            self.depth -= 1;
            return Ok(first);
        };
        self.depth -= 1;
        Ok(Feel::tight(found))
    }

    fn or(&mut self) -> Part {
        let mut left = self.and()?;
        while self.sign("||") || self.word("or") {
            let right = self.and()?;
            left = Feel::loose(format!("{} or {}", left.text, right.text));
        }
        Ok(left)
    }

    fn and(&mut self) -> Part {
        let mut left = self.not()?;
        while self.sign("&&") || self.word("and") {
            let right = self.not()?;
            left = Feel::loose(format!("{} and {}", left.text, right.text));
        }
        Ok(left)
    }

    fn not(&mut self) -> Part {
        if self.word("not") {
            let inner = self.nested(Self::not)?;
            return Ok(Feel::tight(format!("not({})", inner.text)));
        }
        self.comparison()
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Part) -> Part {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn comparison(&mut self) -> Part {
        let left = self.sum()?;
        let Some(operator) = self.comparator() else {
            return Ok(left);
        };
        let right = self.sum()?;
        let text = match operator {
            "in" => member(&left, &right),
            "not in" => format!("not({})", member(&left, &right)),
            sign => format!("{} {sign} {}", left.closed(), right.closed()),
        };
        if self.comparator().is_some() {
            return Err("comparisons are chained: join them with 'and'".into());
        }
        Ok(Feel::loose(text))
    }

    fn comparator(&mut self) -> Option<&'static str> {
        const SIGNS: [(&str, &str); 9] = [
            ("==", "="),
            ("===", "="),
            ("!=", "!="),
            ("!==", "!="),
            ("<=", "<="),
            (">=", ">="),
            ("<", "<"),
            (">", ">"),
            ("=", "="),
        ];
        const WORDS: [(&str, &str); 7] = [
            ("eq", "="),
            ("ne", "!="),
            ("lt", "<"),
            ("gt", ">"),
            ("le", "<="),
            ("ge", ">="),
            ("in", "in"),
        ];
        if let Some((_, feel)) = SIGNS.iter().find(|(sign, _)| self.sign(sign)) {
            return Some(feel);
        }
        if let Some((_, feel)) = WORDS.iter().find(|(word, _)| self.word(word)) {
            return Some(feel);
        }
        if self.language == Language::Python {
            if self.word("is") {
                return Some(if self.word("not") { "!=" } else { "=" });
            }
            if matches!(self.tokens.get(self.at + 1), Some(Token::Word(next)) if next == "in") && self.word("not") {
                self.at += 1;
                return Some("not in");
            }
        }
        None
    }

    fn sum(&mut self) -> Part {
        let mut left = self.product()?;
        loop {
            if self.sign("+") {
                let right = self.product()?;
                let string = left.string || right.string;
                let side = |part: &Feel| {
                    if string && !part.string {
                        format!("string({})", part.text)
                    } else {
                        part.closed()
                    }
                };
                let first = if left.string { left.text.clone() } else { side(&left) };
                left = Feel {
                    string,
                    ..Feel::loose(format!("{first} + {}", side(&right)))
                };
            } else if self.sign("-") {
                let right = self.product()?;
                left = Feel::loose(format!("{} - {}", left.text, right.closed()));
            } else {
                return Ok(left);
            }
        }
    }

    fn product(&mut self) -> Part {
        let mut left = self.unary()?;
        loop {
            if self.sign("*") {
                left = Feel::loose(format!("{} * {}", left.closed(), self.unary()?.closed()));
            } else if self.sign("/") || self.word("div") {
                left = Feel::loose(format!("{} / {}", left.closed(), self.unary()?.closed()));
            } else if self.sign("%") || self.word("mod") {
                left = Feel::tight(format!("modulo({}, {})", left.text, self.unary()?.text));
            } else if self.sign("//") {
                left = Feel::tight(format!("floor({} / {})", left.closed(), self.unary()?.closed()));
            } else if self.sign("**") {
                left = Feel::loose(format!("{} ** {}", left.closed(), self.unary()?.closed()));
            } else {
                return Ok(left);
            }
        }
    }

    fn unary(&mut self) -> Part {
        if self.sign("!") {
            let inner = self.nested(Self::unary)?;
            return Ok(Feel::tight(format!("not({})", inner.text)));
        }
        if self.sign("-") {
            let inner = self.nested(Self::unary)?;
            return Ok(Feel::tight(format!("-{}", inner.closed())));
        }
        if self.language == Language::Juel && self.word("empty") {
            let inner = self.nested(Self::unary)?.closed();
            return Ok(Feel::tight(format!(
                "({inner} = null or {inner} = \"\" or {inner} = [])"
            )));
        }
        let mut found = self.primary()?;
        loop {
            if self.sign(".") || self.optional_dot() {
                found = self.member(found)?;
            } else if self.sign("[") {
                let index = self.ternary()?;
                self.close("]")?;
                found = method::index(&found, &index)?;
            } else {
                return Ok(found);
            }
        }
    }

    /// `a?.b`, of JavaScript and Groovy.
    fn optional_dot(&mut self) -> bool {
        let found = self.peek_sign(0, "?") && self.peek_sign(1, ".");
        self.at += if found { 2 } else { 0 };
        found
    }

    fn member(&mut self, receiver: Feel) -> Part {
        let Some(Token::Word(name)) = self.tokens.get(self.at).cloned() else {
            return Err("a name is missing after the dot".into());
        };
        self.at += 1;
        if !self.sign("(") {
            return Ok(method::property(&receiver, &name, self.language));
        }
        let arguments = self.list(")")?;
        method::call(&receiver, &name, &arguments)
    }

    fn list(&mut self, end: &str) -> Result<Vec<Feel>, String> {
        let mut found = Vec::new();
        while !self.sign(end) {
            found.push(self.ternary()?);
            if !self.sign(",") {
                self.close(end)?;
                break;
            }
        }
        Ok(found)
    }

    fn primary(&mut self) -> Part {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            return Err("an operand is missing at the end".into());
        };
        self.at += 1;
        match token {
            Token::Number(text) => Ok(Feel::tight(text)),
            Token::Text(text) => Ok(Feel {
                string: true,
                ..Feel::tight(quoted(&text))
            }),
            Token::Template(text, open) => Ok(Feel {
                string: true,
                ..Feel::loose(super::parts(&text, &[open], self.language)?)
            }),
            Token::Sign(sign) if sign == "(" => {
                let inner = self.ternary()?;
                self.close(")")?;
                let string = inner.string;
                Ok(Feel {
                    string,
                    ..Feel::tight(inner.closed())
                })
            }
            Token::Sign(sign) if sign == "[" => {
                let items: Vec<String> = self.list("]")?.into_iter().map(|item| item.text).collect();
                Ok(Feel::tight(format!("[{}]", items.join(", "))))
            }
            Token::Sign(sign) if sign == "{" => self.map(),
            Token::Sign(sign) => Err(format!("'{sign}' is not expected there")),
            Token::Word(word) => self.name(&word),
        }
    }

    fn map(&mut self) -> Part {
        let mut entries = Vec::new();
        while !self.sign("}") {
            let key = match self.tokens.get(self.at) {
                Some(Token::Text(key) | Token::Word(key)) => quoted(key),
                _ => return Err("a key of the map is neither a name nor a string".into()),
            };
            self.at += 1;
            self.close(":")?;
            entries.push(format!("{key}: {}", self.ternary()?.text));
            if !self.sign(",") {
                self.close("}")?;
                break;
            }
        }
        Ok(Feel::tight(format!("{{{}}}", entries.join(", "))))
    }

    fn name(&mut self, word: &str) -> Part {
        match word {
            "true" | "True" => return Ok(Feel::tight("true")),
            "false" | "False" => return Ok(Feel::tight("false")),
            "null" | "None" | "undefined" => return Ok(Feel::tight("null")),
            "new" | "function" | "lambda" | "def" | "await" => {
                return Err(format!(
                    "'{word}' is code that is not run here: compute it in a worker or in FEEL"
                ));
            }
            "loopCounter" if self.language == Language::Juel => return Ok(Feel::tight("(loopCounter - 1)")),
            _ => {}
        }
        // Flowable: variables:equals(x, 1)
        if ["variables", "vars", "var"].contains(&word) && self.peek_sign(0, ":") && self.peek_sign(2, "(") {
            self.at += 1;
            if let Some(Token::Word(name)) = self.tokens.get(self.at).cloned() {
                self.at += 2;
                let arguments = self.list(")")?;
                return method::variable_function(&name, &arguments);
            }
        }
        if self.sign("(") {
            let arguments = self.list(")")?;
            return method::function(word, &arguments);
        }
        Ok(Feel::tight(word))
    }
}

fn member(item: &Feel, list: &Feel) -> String {
    if list.string {
        return format!("contains({}, {})", list.text, item.text);
    }
    if list.text.starts_with('[') {
        return format!("list contains({}, {})", list.text, item.text);
    }
    method::contains(list, item)
}

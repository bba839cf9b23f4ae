//! Reads expressions of test files in Python and JavaScript: literals, calls, members. Nothing is run.

use serde_json::{Map, Value, json};

/// Deepest nesting of an expression.
const MAX_DEPTH: usize = 32;

/// Reads one expression at the start of a text; gives it and the number of bytes read. Calls are
/// `{"call", "of"?, "args", "named"}`, names `{"name"}`, members `{"member", "of"}`, elements `{"element", "of"}`, functions
/// without parameters `{"lambda"}`.
pub fn expression(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.expression(MAX_DEPTH)?;
    Some((value, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips blanks and comments, then takes `sign` if it stands there.
    fn take(&mut self, sign: &str) -> bool {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            self.at += blanks;
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if blanks == 0 {
                break;
            }
        }
        let there = self.rest().starts_with(sign);
        if there {
            self.at += sign.len();
        }
        there
    }

    fn expression(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        if self.take("() =>") {
            return Some(json!({"lambda": self.expression(depth)?}));
        }
        self.take("new ");
        let mut value = self.primary(depth)?;
        loop {
            let before = self.at;
            if self.take("(") {
                let (args, named) = self.arguments(depth)?;
                value = match value {
                    Value::Object(of) if of.contains_key("member") => {
                        json!({"call": of["member"], "of": of["of"], "args": args, "named": named})
                    }
                    other => json!({"call": other["name"], "args": args, "named": named}),
                };
            } else if self.take(".") {
                value = json!({"member": self.word()?, "of": value});
            } else if self.rest().starts_with('[') && self.at == before {
                self.at += 1;
                let element = self.expression(depth)?;
                if !self.take("]") {
                    return None;
                }
                value = json!({"element": element, "of": value});
            } else {
                // blanks after an expression are not part of it: an end of line may follow
                self.at = before;
                return Some(value);
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Option<Value> {
        self.take("");
        let first = self.rest().chars().next()?;
        match first {
            '"' | '\'' => self.string(),
            '[' | '(' => {
                self.at += 1;
                self.list(if first == '[' { "]" } else { ")" }, depth)
            }
            '{' => {
                self.at += 1;
                self.object(depth)
            }
            '0'..='9' => {
                let digits = self
                    .rest()
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(self.rest().len());
                let number = self.rest()[..digits].parse::<u64>().ok()?;
                self.at += digits;
                Some(json!(number))
            }
            _ => Some(match self.word()? {
                "True" | "true" => json!(true),
                "False" | "false" => json!(false),
                "None" | "null" | "undefined" => Value::Null,
                name => json!({"name": name}),
            }),
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end]).filter(|word| !word.is_empty())
    }

    /// A string; strings side by side are one, as in Python.
    fn string(&mut self) -> Option<Value> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let quote = ["\"\"\"", "\"", "'"]
                .into_iter()
                .find(|quote| rest.starts_with(quote))?;
            let inside = &rest[quote.len()..];
            let end = (0..inside.len()).find(|at| {
                inside.is_char_boundary(*at) && inside[*at..].starts_with(quote) && !inside[..*at].ends_with('\\')
            })?;
            text.push_str(&inside[..end].replace("\\'", "'").replace("\\\"", "\""));
            self.at += quote.len() + end + quote.len();
            let after = self.at;
            self.take("");
            if !self.rest().starts_with(['"', '\'']) {
                self.at = after;
                return Some(Value::String(text));
            }
        }
    }

    /// The values up to `close`; one value in round brackets is itself.
    fn list(&mut self, close: &str, depth: usize) -> Option<Value> {
        let (mut values, mut comma) = (vec![], false);
        while !self.take(close) {
            values.push(self.expression(depth)?);
            comma = self.take(",");
            if !comma && !self.take("") {
                return None;
            }
            if !comma {
                return match (self.take(close), close, values.len()) {
                    (true, ")", 1) => values.pop(),
                    (true, ..) => Some(Value::Array(values)),
                    _ => None,
                };
            }
        }
        let _ = comma;
        Some(Value::Array(values))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut fields = Map::new();
        while !self.take("}") {
            self.take("");
            let key = if self.rest().starts_with(['"', '\'']) {
                self.string()?.as_str()?.to_owned()
            } else {
                self.word()?.to_owned()
            };
            if !self.take(":") {
                return None;
            }
            fields.insert(key, self.expression(depth)?);
            if !self.take(",") {
                return self.take("}").then_some(Value::Object(fields));
            }
        }
        Some(Value::Object(fields))
    }

    fn arguments(&mut self, depth: usize) -> Option<(Vec<Value>, Map<String, Value>)> {
        let (mut args, mut named) = (vec![], Map::new());
        while !self.take(")") {
            if self.take("**") {
                named.insert("**".into(), self.expression(depth)?);
                if !self.take(",") {
                    return self.take(")").then_some((args, named));
                }
                continue;
            }
            let before = self.at;
            match self.word().map(str::to_owned) {
                Some(name) if self.take("=") && !self.rest().starts_with('=') => {
                    named.insert(name, self.expression(depth)?);
                }
                _ => {
                    self.at = before;
                    args.push(self.expression(depth)?);
                }
            }
            if !self.take(",") {
                return self.take(")").then_some((args, named));
            }
        }
        Some((args, named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_languages() {
        let (value, read) = expression("codicefiscale.encode(\"A\", b='x') rest").unwrap();
        assert_eq!(value["call"], "encode");
        assert_eq!((&value["args"][0], &value["named"]["b"]), (&json!("A"), &json!("x")));
        assert_eq!(read, 32);
        let (value, _) = expression("expect(C.compute({ day: 1, // one\n name: 'L' }).cf).toBe('M')").unwrap();
        assert_eq!((&value["call"], &value["args"][0]), (&json!("toBe"), &json!("M")));
        assert_eq!(value["of"]["args"][0]["of"]["args"][0], json!({"day": 1, "name": "L"}));
        assert_eq!(
            expression("[(\"a\", True,), (\"b\")]").unwrap().0,
            json!([["a", true], "b"])
        );
        assert_eq!(expression("a >= 1)").unwrap().1, 1);
    }
}

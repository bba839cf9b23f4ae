//! Scripts that only set variables: each statement is an assignment with an expression that FEEL can say.

use super::{Language, to_feel};

/// Most statements of one script.
const MAX_STATEMENTS: usize = 200;

/// One variable (or member of one) that gets a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// `a` or `a.b.c`.
    pub target: String,
    /// FEEL.
    pub value: String,
}

/// What a script does, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    /// Variables set.
    pub assignments: Vec<Assignment>,
    /// The value of the script: its last expression, if it ends with one.
    pub value: Option<String>,
}

/// Reads a script.
///
/// # Errors
/// The first statement that is more than an assignment, and why.
pub fn statements(script: &str, language: Language) -> Result<Statements, String> {
    let mut found = Statements::default();
    let lines = split(script, language);
    if lines.len() > MAX_STATEMENTS {
        return Err(format!("the script has more than {MAX_STATEMENTS} statements"));
    }
    let last = lines.len().saturating_sub(1);
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim();
        if silent(line) {
            continue;
        }
        if let Some((name, value)) = set_variable(line) {
            let value = to_feel(&value, language)?;
            found.assignments.push(Assignment { target: name, value });
        } else if let Some((target, operator, value)) = assigned(line) {
            let mut value = to_feel(value, language)?;
            if let Some(sign) = operator {
                value = format!("{target} {sign} ({value})");
            }
            found.assignments.push(Assignment {
                target: target.to_owned(),
                value,
            });
        } else if number == last {
            let text = line.strip_prefix("return ").unwrap_or(line);
            found.value = Some(to_feel(text, language)?);
        } else {
            return Err(format!("'{}' is more than an assignment", shortened(line)));
        }
    }
    Ok(found)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Statements without effect on variables.
fn silent(line: &str) -> bool {
    const OUTPUT: [&str; 6] = [
        "print(",
        "println(",
        "println ",
        "console.log(",
        "System.out.println(",
        "logger.info(",
    ];
    line.is_empty()
        || line == "pass"
        || line == "next()"
        || line.starts_with("import ")
        || OUTPUT.iter().any(|start| line.starts_with(start))
}

/// `execution.setVariable("x", value)`.
fn set_variable(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("execution.").unwrap_or(line);
    let rest = rest
        .strip_prefix("setVariableLocal")
        .or_else(|| rest.strip_prefix("setVariable"))?;
    let inner = rest.trim().strip_prefix('(')?.strip_suffix(')')?.trim();
    let quote = inner.chars().next().filter(|c| *c == '\'' || *c == '"')?;
    let (name, value) = inner[1..].split_once(quote)?;
    let value = value.trim().strip_prefix(',')?.trim();
    is_path(name).then(|| (name.to_owned(), value.to_owned()))
}

/// `x = value`, `var x = value`, `x.y = value`, `x += value`.
fn assigned(line: &str) -> Option<(&str, Option<char>, &str)> {
    let line = [
        "var ", "let ", "const ", "def ", "String ", "int ", "boolean ", "double ",
    ]
    .iter()
    .find_map(|word| line.strip_prefix(word))
    .unwrap_or(line);
    let at = line.find('=')?;
    let (left, value) = (line[..at].trim_end(), line[at + 1..].trim());
    if value.starts_with('=') {
        return None;
    }
    let (target, operator) = match left.chars().last()? {
        sign @ ('+' | '-' | '*' | '/') => (left[..left.len() - 1].trim_end(), Some(sign)),
        _ => (left, None),
    };
    let target = target.strip_prefix("this.data.").unwrap_or(target);
    let target = target.strip_prefix("environment.variables.").unwrap_or(target);
    is_path(target).then_some((target, operator, value))
}

fn is_path(text: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    !text.is_empty() && text.split('.').all(name)
}

/// Statements, at semicolons and at line ends outside brackets and strings; comments are dropped.
fn split(script: &str, language: Language) -> Vec<String> {
    let chars: Vec<char> = script.chars().collect();
    let (mut out, mut line) = (Vec::new(), String::new());
    let (mut depth, mut quote, mut at) = (0_i32, None, 0);
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        if let Some(open) = quote {
            line.push(c);
            if c == '\\' {
                line.extend(next);
                at += 1;
            } else if c == open {
                quote = None;
            }
        } else if (language == Language::Python && c == '#')
            || (language != Language::Python && c == '/' && next == Some('/'))
        {
            while at + 1 < chars.len() && chars[at + 1] != '\n' {
                at += 1;
            }
        } else if language != Language::Python && c == '/' && next == Some('*') {
            while at + 1 < chars.len() && !(chars[at] == '*' && chars[at + 1] == '/') {
                at += 1;
            }
            at += 1;
        } else {
            match c {
                '\'' | '"' | '`' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            if (c == ';' || c == '\n') && depth <= 0 {
                out.push(std::mem::take(&mut line));
            } else {
                line.push(if c == '\n' { ' ' } else { c });
            }
        }
        at += 1;
    }
    out.push(line);
    while out.last().is_some_and(|line| line.trim().is_empty()) {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(script: &str, language: Language) -> Vec<(String, String)> {
        let found = statements(script, language).unwrap();
        found
            .assignments
            .into_iter()
            .map(|one| (one.target, one.value))
            .collect()
    }

    #[test]
    fn assignments_of_the_three_languages() {
        let one = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            pairs(
                "# start\nx = 1\ny = x + 2 # more\nitems = [\n 'a',\n 'b']",
                Language::Python
            ),
            [one("x", "1"), one("y", "x + 2"), one("items", "[\"a\", \"b\"]")]
        );
        assert_eq!(
            pairs(
                "var x = a && b; /* c */ execution.setVariable('y', x);\nprintln 'z'",
                Language::Script
            ),
            [one("x", "a and b"), one("y", "x")]
        );
        assert_eq!(pairs("count += 1", Language::Python), [one("count", "count + (1)")]);
    }

    #[test]
    fn the_last_expression_is_the_value() {
        let found = statements("a = 2; a * 3", Language::Script).unwrap();
        assert_eq!(found.value.as_deref(), Some("a * 3"));
    }

    #[test]
    fn loops_and_calls_are_refused() {
        assert!(statements("for (i in list) { x = i }", Language::Script).is_err());
        assert!(statements("if a:\n  x = 1", Language::Python).is_err());
        assert!(statements("bean.save(x); 1", Language::Script).is_err());
    }
}

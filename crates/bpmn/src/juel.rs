//! The part of JUEL (Camunda 7's `${…}`) that has the same meaning in FEEL.

/// What is inside `${…}` or `#{…}` when that is the whole text.
pub fn body(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix("${")
        .or_else(|| text.strip_prefix("#{"))?
        .strip_suffix('}')?;
    (!inner.contains("${") && !inner.contains("#{")).then_some(inner)
}

/// Maps operators and literals; a method call or a ternary has no counterpart and is refused.
pub fn to_feel(juel: &str) -> Result<String, String> {
    let tokens = tokens(juel)?;
    let mut out: Vec<String> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        at = one(&tokens, at, &mut out)?;
    }
    Ok(out
        .join(" ")
        .replace(" . ", ".")
        .replace("( ", "(")
        .replace(" )", ")")
        .replace("not (", "not("))
}

/// Translates the token at `at`; gives the position after it.
fn one(tokens: &[String], at: usize, out: &mut Vec<String>) -> Result<usize, String> {
    let next = tokens.get(at + 1).map(String::as_str);
    match tokens[at].as_str() {
        "==" | "eq" => out.push("=".into()),
        "!=" | "ne" => out.push("!=".into()),
        "&&" => out.push("and".into()),
        "||" => out.push("or".into()),
        "lt" => out.push("<".into()),
        "gt" => out.push(">".into()),
        "le" => out.push("<=".into()),
        "ge" => out.push(">=".into()),
        "!" | "not" => return negate(tokens, at, out),
        "empty" => {
            let end = operand(tokens, at + 1)?;
            let mut inner = Vec::new();
            let mut position = at + 1;
            while position < end {
                position = one(tokens, position, &mut inner)?;
            }
            out.push(format!(
                "({0} = null or {0} = \"\" or {0} = [])",
                inner.join(" ").replace(" . ", ".")
            ));
            return Ok(end);
        }
        "?" | ":" => return Err("the ternary operator has no FEEL counterpart: write 'if … then … else …'".into()),
        "execution" | "task" if next == Some(".") => return variable_read(tokens, at, out),
        word if next == Some("(")
            && word.chars().next().is_some_and(char::is_alphabetic)
            && word != "and"
            && word != "or" =>
        {
            return Err(format!(
                "the call '{word}(…)' runs code that is not here: compute it in a worker or in FEEL"
            ));
        }
        word => out.push(word.to_owned()),
    }
    Ok(at + 1)
}

fn negate(tokens: &[String], at: usize, out: &mut Vec<String>) -> Result<usize, String> {
    let end = operand(tokens, at + 1)?;
    let mut inner = Vec::new();
    let mut position = at + 1;
    while position < end {
        position = one(tokens, position, &mut inner)?;
    }
    out.push(format!("not({})", inner.join(" ").replace(" . ", ".")));
    Ok(end)
}

/// `execution.getVariable("x")` is the variable.
fn variable_read(tokens: &[String], at: usize, out: &mut Vec<String>) -> Result<usize, String> {
    let word = |offset: usize| tokens.get(at + offset).map(String::as_str).unwrap_or_default();
    if word(2) == "getVariable" && word(3) == "(" && word(5) == ")" && word(4).starts_with('"') {
        out.push(word(4).trim_matches('"').to_owned());
        return Ok(at + 6);
    }
    Err(format!(
        "'{}.{}' is an engine object that is not here: use a process variable",
        word(0),
        word(2)
    ))
}

/// The end of the operand that starts at `at`: a parenthesis or a dotted path.
fn operand(tokens: &[String], at: usize) -> Result<usize, String> {
    let Some(first) = tokens.get(at) else {
        return Err("an operand is missing at the end".into());
    };
    let mut position = at;
    if first == "!" || first == "not" || first == "empty" {
        return operand(tokens, at + 1);
    }
    if first == "(" {
        let mut depth = 0u32;
        while position < tokens.len() {
            match tokens[position].as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            position += 1;
            if depth == 0 {
                return Ok(position);
            }
        }
        return Err("a parenthesis is not closed".into());
    }
    position += 1;
    while tokens.get(position).is_some_and(|token| token == ".") {
        position += 2;
    }
    if tokens.get(position).is_some_and(|token| token == "(") {
        while tokens.get(position).is_some_and(|token| token != ")") {
            position += 1;
        }
        position += 1;
    }
    Ok(position.min(tokens.len()))
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
        } else if c == '\'' || c == '"' {
            let end = (at + 1..chars.len())
                .find(|&i| chars[i] == c)
                .ok_or("a string is not closed")?;
            let inner: String = chars[at + 1..end].iter().collect();
            out.push(format!("\"{}\"", inner.replace('"', "\\\"")));
            at = end + 1;
        } else if c.is_alphanumeric() || c == '_' {
            let number = c.is_ascii_digit();
            let inside = |x: &char| x.is_alphanumeric() || *x == '_' || (number && *x == '.');
            let end = (at..chars.len()).find(|&i| !inside(&chars[i])).unwrap_or(chars.len());
            out.push(chars[at..end].iter().collect());
            at = end;
        } else {
            let pair: String = chars[at..(at + 2).min(chars.len())].iter().collect();
            let token = if ["==", "!=", "&&", "||", "<=", ">="].contains(&pair.as_str()) {
                pair
            } else {
                c.to_string()
            };
            at += token.chars().count();
            out.push(token);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_operators() {
        assert_eq!(to_feel("a == 'x' && !b").unwrap(), "a = \"x\" and not(b)");
        assert_eq!(
            to_feel("amount >= 1.5 || p.name ne \"q\"").unwrap(),
            "amount >= 1.5 or p.name != \"q\""
        );
        assert_eq!(to_feel("!(a && b)").unwrap(), "not((a and b))");
        assert_eq!(
            to_feel("empty list").unwrap(),
            "(list = null or list = \"\" or list = [])"
        );
        assert_eq!(to_feel("execution.getVariable('x') > 3").unwrap(), "x > 3");
    }

    #[test]
    fn refuses_what_runs_code() {
        assert!(to_feel("bean.check(x)").unwrap_err().contains("check"));
        assert!(to_feel("a ? b : c").unwrap_err().contains("ternary"));
        assert!(to_feel("(a").is_ok());
        assert!(to_feel("!(a").unwrap_err().contains("not closed"));
        assert!(to_feel("'a").is_err());
    }
}

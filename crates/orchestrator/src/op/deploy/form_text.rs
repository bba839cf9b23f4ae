//! Texts of form-js: plain words, FEEL (`=…`) and templates (`… {{feel}} …`).

use serde_json::{Value, json};

/// Language of expressions that a form computes with.
pub(super) const FEEL: &str = "text/feel";

/// The FEEL of a computed text; `None` for a plain one.
///
/// # Errors
/// The reason why a template is not shown: loops and conditions of templates are not read.
pub(super) fn feel(text: &str) -> Result<Option<String>, String> {
    if let Some(expression) = text.trim_start().strip_prefix('=') {
        return Ok(Some(expression.trim().to_owned()));
    }
    if !text.contains("{{") {
        return Ok(None);
    }
    // The space beside a value is part of the words around it.
    let spaced = |words: &str| {
        let (before, after) = (
            words.starts_with(char::is_whitespace),
            words.ends_with(char::is_whitespace),
        );
        let inner = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let (before, after) = (
            if before { " " } else { "" },
            if after && !inner.is_empty() { " " } else { "" },
        );
        Value::from(format!("{before}{inner}{after}")).to_string()
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once("{{") {
        if !words.is_empty() {
            parts.push(spaced(words));
        }
        let (expression, tail) = after.split_once("}}").ok_or("a template without }} is not shown")?;
        let expression = expression.trim().trim_start_matches('=').trim();
        if expression.starts_with(['#', '/', '^', '&', '>']) {
            return Err(format!(
                "a template with {{{{{expression}}}}} is not shown: use FEEL with if and for"
            ));
        }
        parts.push(format!("string({expression})"));
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(spaced(rest));
    }
    Ok(Some(format!("string join([{}])", parts.join(", "))))
}

/// The FEEL of the first of these texts that is computed.
pub(super) fn said(component: &Value, names: &[&str]) -> Option<String> {
    let texts = names.iter().filter_map(|name| component[*name].as_str());
    let mut computed = texts.filter_map(|text| feel(text).ok().flatten());
    computed.next()
}

/// `_text` with its expression.
pub(super) fn cqf(expression: &str) -> Value {
    let value = json!({"language": FEEL, "expression": expression});
    json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/cqf-expression", "valueExpression": value,
    }]})
}

/// Markdown and HTML as plain words.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut tag = false;
    for c in text.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                out.push(' ');
            }
            _ if tag => {}
            '*' | '#' | '`' => {}
            _ => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

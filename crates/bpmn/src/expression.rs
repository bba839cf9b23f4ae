//! Expressions as the model writes them, brought to FEEL.

use crate::foreign::{self, Language};

/// A FEEL expression, without a leading `=`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Expression(pub String);

impl Expression {
    /// Reads an expression: a leading `=` is dropped, `${…}`/`#{…}` (JUEL) and what is plainly of another language is
    /// mapped to FEEL, anything else is FEEL. Fails with a reason when there is no FEEL counterpart.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(feel) = text.strip_prefix('=') {
            return Ok(Self(feel.trim().to_owned()));
        }
        if let Some(body) = foreign::body(text) {
            return foreign::to_feel(body, Language::Juel).map(Self);
        }
        if foreign::is_composite(text) {
            return foreign::composite(text).map(Self);
        }
        if foreign::looks_foreign(text) {
            return foreign::to_feel(text, Language::Script).map(Self);
        }
        Ok(Self(text.to_owned()))
    }

    /// The FEEL text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is either fixed or computed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Text {
    /// As it stands.
    Literal(String),
    /// The string value of a FEEL expression.
    Feel(Expression),
}

impl Text {
    /// Reads a text: with a leading `=` or with `${…}` in it it is an expression, otherwise it stands as it is.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('=') || foreign::is_composite(text) {
            Expression::read(text).map(Self::Feel)
        } else {
            Ok(Self::Literal(text.to_owned()))
        }
    }

    /// The fixed text, if it is fixed.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Feel(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_ways_of_writing() {
        assert_eq!(Expression::read(" = x > 3 ").unwrap().as_str(), "x > 3");
        assert_eq!(Expression::read("x > 3").unwrap().as_str(), "x > 3");
        assert_eq!(Expression::read("${x == 'a'}").unwrap().as_str(), "x = \"a\"");
    }

    #[test]
    fn text_is_literal_unless_marked() {
        assert_eq!(Text::read("gp").unwrap().literal(), Some("gp"));
        assert_eq!(Text::read("=role").unwrap(), Text::Feel(Expression("role".into())));
        assert_eq!(Text::read("${role}").unwrap(), Text::Feel(Expression("role".into())));
    }
}

//! Expressions as the model writes them, brought to FEEL.

use crate::juel;

/// A FEEL expression, without a leading `=`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Expression(pub String);

impl Expression {
    /// Reads an expression: a leading `=` is dropped, `${…}`/`#{…}` (JUEL) is mapped to FEEL, anything else is FEEL.
    /// Fails with a reason when the JUEL has no FEEL counterpart.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(feel) = text.strip_prefix('=') {
            return Ok(Self(feel.trim().to_owned()));
        }
        match juel::body(text) {
            Some(body) => juel::to_feel(body).map(Self),
            None => Ok(Self(text.to_owned())),
        }
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
    /// Reads a text: with a leading `=` or as `${…}` it is an expression, otherwise it stands as it is.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('=') || juel::body(text).is_some() {
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

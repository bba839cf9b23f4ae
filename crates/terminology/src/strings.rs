//! Many short texts in one allocation.

use std::collections::HashMap;

/// A place in a [`Strings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Whether there is no text.
    pub fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// The texts.
#[derive(Debug, Default)]
pub struct Strings(Box<str>);

impl Strings {
    /// A text.
    pub fn get(&self, span: Span) -> &str {
        let start = span.start as usize;
        &self.0[start..start + span.length as usize]
    }

    /// A text, `None` where it is empty.
    pub fn filled(&self, span: Span) -> Option<&str> {
        (!span.is_empty()).then(|| self.get(span))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// Collects texts.
#[derive(Debug, Default)]
pub struct Builder {
    text: String,
    seen: HashMap<Box<str>, Span>,
}

/// More texts than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Builder {
    /// Adds a text that is not expected to repeat.
    pub fn add(&mut self, text: &str) -> Result<Span, TooLong> {
        let start = u32::try_from(self.text.len()).map_err(|_| TooLong)?;
        let length = u32::try_from(text.len()).map_err(|_| TooLong)?;
        self.text.push_str(text);
        Ok(Span { start, length })
    }

    /// Adds a text that repeats: it is kept once.
    pub fn intern(&mut self, text: &str) -> Result<Span, TooLong> {
        if let Some(span) = self.seen.get(text) {
            return Ok(*span);
        }
        let span = self.add(text)?;
        self.seen.insert(text.into(), span);
        Ok(span)
    }

    /// A text added before.
    pub fn get(&self, span: Span) -> &str {
        let start = span.start as usize;
        &self.text[start..start + span.length as usize]
    }

    /// The texts, without slack.
    pub fn finish(self) -> Strings {
        Strings(self.text.into_boxed_str())
    }
}

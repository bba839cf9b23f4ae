//! The text filter of an expansion.

use super::collect::View;

/// Words to look for, without accents and in lower case.
pub(super) struct Words {
    words: Vec<String>,
    code: String,
}

impl Words {
    pub fn new(text: &str) -> Self {
        Self {
            words: fhir::normalize_string(text)
                .split(' ')
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
                .collect(),
            code: text.trim().to_lowercase(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// The code starts with the text, or each word starts a word of the display.
    pub fn fit(&self, view: &View<'_>, language: Option<&str>) -> bool {
        let code = view.code();
        if code
            .get(..self.code.len())
            .is_some_and(|head| head.to_lowercase() == self.code)
        {
            return true;
        }
        if self.words.is_empty() {
            return false;
        }
        let display = view.display(language).map(fhir::normalize_string).unwrap_or_default();
        let starts = |word: &String| display.split(' ').any(|part| part.starts_with(word.as_str()));
        self.words.iter().all(starts)
    }
}

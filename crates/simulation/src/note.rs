//! What a person should know about a result or a proposal.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A sentence of the interface by its key, with its values, and the same in English for whoever has no messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Key of the message: `sim-note-<key>`.
    pub key: String,
    /// Its values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
    /// The sentence in English.
    pub text: String,
}

impl Note {
    /// A note; `text` is the whole English sentence.
    pub fn new(key: &str, args: &[(&str, &str)], text: impl Into<String>) -> Self {
        let args = args
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            key: key.to_owned(),
            args: args.collect(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

//! The values a resource is found by.

use crate::ParamId;

/// One indexed value of one search parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexEntry {
    /// Which parameter.
    pub param: ParamId,
    /// The value.
    pub value: IndexValue,
}

/// A search value, normalised once at writing so that a backend only compares.
#[derive(Debug, Clone, PartialEq)]
pub enum IndexValue {
    /// Coding, Identifier, code, boolean, ContactPoint.
    Token {
        /// System; empty string where none is given.
        system: String,
        /// Code or value.
        code: String,
    },
    /// Text, both forms cut after [`MAX_INDEXED_CHARS`] characters.
    String {
        /// [`normalize_string`] of the value.
        normalized: String,
        /// As it stands.
        exact: String,
    },
    /// An interval of time, both ends inclusive, µs since epoch (a date `2024` covers the year).
    Date {
        /// Start.
        lo: i64,
        /// End.
        hi: i64,
    },
    /// A number.
    Number(f64),
    /// A quantity; `system`/`code` empty where not given.
    Quantity {
        /// Value in the stated unit.
        value: f64,
        /// Unit system.
        system: String,
        /// Unit code.
        code: String,
        /// Human unit.
        unit: String,
        /// The same in base units, where the code is a UCUM unit.
        canonical: Option<Canonical>,
    },
    /// Values of one element that belong together: one for each component of the parameter.
    Composite(Vec<IndexValue>),
    /// A place on earth.
    Position {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
    /// [`normalize_string`] of the text or display beside a code or reference, cut after [`MAX_INDEXED_CHARS`]; `true`
    /// where no code or reference stands beside it, so that it is the parameter's only value.
    Text(String, bool),
    /// An Identifier with the coding of its type.
    OfType {
        /// System of the type.
        system: String,
        /// Code of the type.
        code: String,
        /// The identifier's value.
        value: String,
    },
    /// Reference to a resource of this server.
    Reference {
        /// Target type.
        rtype: String,
        /// Target id.
        id: String,
    },
    /// Reference to an absolute URL or canonical (version after `|` cut off).
    ReferenceUrl(String),
    /// Reference by identifier.
    ReferenceIdentifier {
        /// Identifier system.
        system: String,
        /// Identifier value.
        value: String,
    },
    /// URI.
    Uri(String),
}

/// A quantity in base units.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// Value, rounded to 12 significant digits so that what is written differently compares equal.
    pub value: f64,
    /// The base units, as [`crate::ucum::Unit::base`] writes them.
    pub base: std::sync::Arc<str>,
}

/// Characters of a text that are indexed; the rest is not searched. Identifiers, codes and URIs longer than this are not
/// indexed at all. It keeps an entry below the size of an index row of the usual databases.
pub const MAX_INDEXED_CHARS: usize = 512;

/// Lower case, accents removed, runs of white space and punctuation to one space: `D'Àmico ` becomes `d amico`.
pub fn normalize_string(text: &str) -> String {
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
    let mut out = String::with_capacity(text.len());
    if text.is_ascii() {
        // The same, several times as fast, for most of what is written.
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                out.push(byte.to_ascii_lowercase() as char);
            } else if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
        out.truncate(out.trim_end().len());
        return out;
    }
    for c in text
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

//! The codes of a value set, listed (<https://hl7.org/fhir/R4/valueset-operation-expand.html>).

mod collect;
mod render;
mod text;

use crate::{Source, TermError, ValueSet};
use serde_json::Value;
use text::Words;

pub(crate) use render::usage;

/// Codes looked at for one expansion, before paging.
pub const MAX_WORK: usize = 1_000_000;

/// Codes of one answer.
pub const MAX_CODES: usize = 20_000;

/// What is wanted, by the names of the operation's parameters.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Words that a display must have, or the start of the code.
    pub filter: Option<String>,
    /// Codes to pass over.
    pub offset: usize,
    /// Codes wanted; `None`: all, when they are not more than [`MAX_CODES`].
    pub count: Option<usize>,
    /// Other names too.
    pub include_designations: bool,
    /// Languages or uses (`system|code`) of the other names wanted; empty: all.
    pub designations: Vec<String>,
    /// Definitions too (as an extension of R5's element).
    pub include_definition: bool,
    /// Only codes in use; else as the value set says.
    pub active_only: Option<bool>,
    /// `Some(false)`: codes inside the codes above them.
    pub exclude_nested: Option<bool>,
    /// Without the codes that only group others.
    pub exclude_not_for_ui: bool,
    /// Language of the displays.
    pub display_language: Option<String>,
    /// Code systems (canonical) left out.
    pub exclude_systems: Vec<String>,
    /// Versions for code systems that the value set names without: (url, version).
    pub versions: Vec<(String, String)>,
    /// Identifier of the answer, e.g. `urn:uuid:…`.
    pub identifier: String,
    /// Moment of the answer, as a FHIR dateTime.
    pub timestamp: String,
}

/// The value set as a resource with its `expansion`.
///
/// # Errors
/// The content needed is not here, value sets include each other in a circle, or the answer would be larger than
/// [`MAX_CODES`] without `count`.
pub fn expand(source: &dyn Source, set: &ValueSet, options: &Options) -> Result<Value, TermError> {
    let mut collected = collect::collect(source, set, options)?;
    let words = options
        .filter
        .as_deref()
        .map(Words::new)
        .filter(|words| !words.is_empty());
    let active_only = options.active_only == Some(true);
    let language = options.display_language.as_deref();
    let mut items = std::mem::take(&mut collected.items);
    items.retain(|item| {
        let view = collected.view(*item);
        let left_out = (active_only && view.inactive()) || (options.exclude_not_for_ui && view.is_abstract());
        !left_out && words.as_ref().is_none_or(|words| words.fit(&view, language))
    });
    let total = items.len();
    let page = &items[options.offset.min(total)..];
    let page = match options.count {
        Some(count) => &page[..count.min(MAX_CODES).min(page.len())],
        None if page.len() > MAX_CODES => {
            return Err(TermError::TooCostly(format!(
                "the value set has {total} codes, more than the {MAX_CODES} of one answer: ask for pages with count and \
                 offset, or narrow it with filter"
            )));
        }
        None => page,
    };
    let nested = options.exclude_nested == Some(false) && words.is_none() && page.len() == total;
    Ok(render::render(set, &collected, page, total, nested, options))
}

/// The codes of a value set as (system, code), in order.
///
/// # Errors
/// As [`expand`]; `max` is the most that may be.
pub fn codes(source: &dyn Source, set: &ValueSet, max: usize) -> Result<Vec<(String, String)>, TermError> {
    let collected = collect::collect(source, set, &Options::default())?;
    let views = collected.items.iter().map(|item| collected.view(*item));
    let codes: Vec<(String, String)> = views
        .map(|view| (view.system.to_owned(), view.code().to_owned()))
        .take(max + 1)
        .collect();
    if codes.len() > max {
        return Err(TermError::TooCostly(format!(
            "the value set '{}' has more than {max} codes, the most that are possible here",
            set.url()
        )));
    }
    Ok(codes)
}

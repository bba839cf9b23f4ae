//! `_text` and `_content`: words in the texts of a candidate's body.
//!
//! No table of words is kept: a body is read only where every other condition holds, so that a search with `_content`
//! costs one reading for each candidate that the index leaves, and writing costs nothing.

use super::context::Context;
use crate::Outcome;
use store::{Texts, Words};

/// What reading and normalising a body costs beside a look at its keys.
const COST: u64 = 8;

/// Whether the words are in the texts of a live resource.
pub(super) fn hold(context: &Context<'_>, of: Texts, words: &Words, rid: i64) -> Outcome<bool> {
    context.spend(COST)?;
    if context.hides(rid) {
        let then = context.stored(&[rid])?.pop().and_then(|then| then.body);
        return Ok(then.is_some_and(|body| passes(&text(of, &body), words)));
    }
    let mut found = false;
    context
        .source
        .body(rid, &mut |body| found = passes(&text(of, body), words))?;
    Ok(found)
}

/// The words of a body; one that is no JSON was never accepted and has none.
fn text(of: Texts, body: &[u8]) -> String {
    let value = serde_json::from_slice(body).unwrap_or_default();
    match of {
        Texts::Narrative => fhir::narrative_words(&value),
        Texts::All => fhir::all_words(&value),
    }
}

/// Each text of the body is a line of normalised words, a line feed before it.
fn passes(text: &str, words: &Words) -> bool {
    match words {
        Words::Word(word) => text.match_indices(word.as_str()).any(|(at, _)| {
            let before = text[..at].bytes().next_back();
            matches!(before, None | Some(b' ' | b'\n'))
        }),
        Words::And(all) => all.iter().all(|words| passes(text, words)),
        Words::Or(any) => any.iter().any(|words| passes(text, words)),
        Words::Not(words) => !passes(text, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_begin() {
        let word = |text: &str| Words::Word(text.into());
        let text = "\nrotture ossee\nfegato grasso";
        for (words, expected) in [
            (word("ossee"), true),
            (word("oss"), true),
            (word("ture"), false),
            (word("rotture oss"), true),
            (word("ossee fegato"), false),
            (
                Words::And(vec![word("fegato"), Words::Not(Box::new(word("cuore")))]),
                true,
            ),
            (Words::Or(vec![word("cuore"), word("grasso")]), true),
        ] {
            assert_eq!(passes(text, &words), expected, "{words:?}");
        }
    }
}

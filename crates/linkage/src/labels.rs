//! What fields and levels are called by people (`data/labels.tsv`).

/// The name of a field of [`crate::persons`] or of a level ([`crate::Level::name`]), in Italian or in English; the key itself
/// if it has none.
pub fn label(key: &str, italian: bool) -> &str {
    let lines = include_str!("../data/labels.tsv").lines();
    let found = lines
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('\t'));
    let named = found.and_then(|names| names.split_once('\t'));
    named.map_or(key, |(it, en)| if italian { it } else { en })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, persons};

    #[test]
    fn every_field_and_level_has_a_name() {
        let fields: Vec<&str> = persons().fields.iter().map(|field| field.name).collect();
        for key in fields.into_iter().chain(Level::ALL.map(Level::name)) {
            assert_ne!(label(key, true), label(key, false), "{key}");
        }
        assert_eq!(label("x", true), "x");
    }
}

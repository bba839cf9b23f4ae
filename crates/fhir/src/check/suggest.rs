//! Messages that help.

use crate::TypeDef;

/// Says that `name` is no element of the type, and which one may have been meant.
pub(super) fn unknown_element(kind: &TypeDef, name: &str) -> String {
    let closest = kind
        .elements
        .iter()
        .map(|element| (distance(name, element.name), element.name))
        .min();
    match closest {
        Some((distance, close)) if distance <= 2 => {
            format!("is not an element of {}; did you mean '{close}'?", kind.path)
        }
        _ => {
            let names: Vec<&str> = kind.elements.iter().map(|element| element.name).collect();
            format!("is not an element of {}; it has {}", kind.path, list(&names))
        }
    }
}

/// Up to 30 names.
pub(super) fn list(names: &[&str]) -> String {
    const MOST: usize = 30;
    let mut text = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(", …");
    }
    text
}

/// Edits from one name to the other, case aside (Levenshtein); names longer than any element are far from all.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<u8> = b.to_ascii_lowercase().into_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_ascii_lowercase().bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("birthdate", "birthDate"), 0);
        assert_eq!(distance("nmae", "name"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}

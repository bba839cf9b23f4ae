//! Words as they are compared: without case, accents, points and apostrophes, and forgiving a slip of the pen.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// How alike two words must be (Jaro-Winkler) to be taken for the same.
const ALIKE: f64 = 0.9;

/// Lower case, without accents; whatever is no letter or digit parts words.
pub fn fold(text: &str) -> String {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How well every asked word is found among those there are, 0 to 1; `None` when one of them is not.
pub fn found(asked: &[String], there: &[String]) -> Option<f64> {
    let mut sum = 0.0;
    for word in asked {
        let best = there.iter().map(|other| alike(word, other)).fold(0.0, f64::max);
        if best < ALIKE {
            return None;
        }
        sum += best;
    }
    Some(if asked.is_empty() {
        1.0
    } else {
        sum / asked.len() as f64
    })
}

fn alike(asked: &str, there: &str) -> f64 {
    if asked == there {
        return 1.0;
    }
    // Beginnings are what people type; one letter says nothing.
    if asked.len() >= 2 && there.starts_with(asked) {
        return 0.97;
    }
    if asked.len() < 4 || asked.bytes().any(|b| b.is_ascii_digit()) {
        return 0.0;
    }
    strsim::jaro_winkler(asked, there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        fold(text).split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn accents_order_beginnings_and_a_slip_are_forgiven() {
        let there = words("OSP.SACRO CUORE DI GESU` FATEBENEFRATELLI Benevento");
        for asked in ["gesù sacro cuore", "fatebenefrat", "fatebenefrateli benevento", "Sacro"] {
            assert!(found(&words(asked), &there).is_some(), "{asked}");
        }
        for asked in ["cardarelli", "sacro napoli"] {
            assert!(found(&words(asked), &there).is_none(), "{asked}");
        }
    }
}

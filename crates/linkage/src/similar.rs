//! How like two texts are. Both functions work on bytes: what is compared is plain ASCII by then.

/// Longest text that is looked at, in bytes; the rest of a longer one is not compared.
const MAX: usize = 64;

/// Jaro-Winkler similarity, from 0 to 1 (Winkler 1990; the prefix counts up to four letters, by a tenth each).
pub fn jaro_winkler(a: &[u8], b: &[u8]) -> f32 {
    let (a, b) = (&a[..a.len().min(MAX)], &b[..b.len().min(MAX)]);
    if a.is_empty() || b.is_empty() {
        return if a.len() == b.len() { 1.0 } else { 0.0 };
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    // one bit for each letter of b that is taken, one for each of a that found its like
    let (mut taken, mut matched) = (0u64, 0u64);
    for (at, letter) in a.iter().enumerate() {
        let from = at.saturating_sub(window);
        let to = (at + window + 1).min(b.len());
        for (other, candidate) in b.iter().enumerate().take(to).skip(from) {
            if candidate == letter && taken >> other & 1 == 0 {
                taken |= 1 << other;
                matched |= 1 << at;
                break;
            }
        }
    }
    let count = matched.count_ones();
    if count == 0 {
        return 0.0;
    }
    let (mut rest_a, mut rest_b, mut moved) = (matched, taken, 0u32);
    while rest_a != 0 {
        moved += u32::from(a[rest_a.trailing_zeros() as usize] != b[rest_b.trailing_zeros() as usize]);
        rest_a &= rest_a - 1;
        rest_b &= rest_b - 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    let share = |part: u32, whole: usize| part as f32 / whole as f32;
    let jaro = (share(count, a.len()) + share(count, b.len()) + share(count - moved / 2, count as usize)) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(a, b)| a == b).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 4")]
    let prefix = prefix as f32;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

/// Edits that make one text of the other: a letter put in, taken out, changed, or two neighbours exchanged (optimal string
/// alignment). Stops at `limit` and says `limit + 1` for anything farther.
pub fn distance(a: &[u8], b: &[u8], limit: usize) -> usize {
    let (a, b) = (&a[..a.len().min(MAX)], &b[..b.len().min(MAX)]);
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let (mut before, mut last, mut row) = ([0u8; MAX + 1], [0u8; MAX + 1], [0u8; MAX + 1]);
    for (at, cell) in (0u8..).zip(last.iter_mut().take(b.len() + 1)) {
        *cell = at;
    }
    for i in 0..a.len() {
        row[0] = u8::try_from(i + 1).expect("at most 64");
        let mut least = row[0];
        for j in 0..b.len() {
            let changed = last[j] + u8::from(a[i] != b[j]);
            let mut cell = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                cell = cell.min(before[j - 1] + 1);
            }
            row[j + 1] = cell;
            least = least.min(cell);
        }
        if usize::from(least) > limit {
            return limit + 1;
        }
        before = last;
        last = row;
    }
    usize::from(last[b.len()]).min(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_similarities() {
        for (a, b, expected) in [
            ("martha", "marhta", 0.961_111),
            ("dixon", "dicksonx", 0.813_333),
            ("dwayne", "duane", 0.84),
            ("same", "same", 1.0),
            ("abc", "xyz", 0.0),
            ("", "", 1.0),
            ("", "a", 0.0),
        ] {
            let found = jaro_winkler(a.as_bytes(), b.as_bytes());
            assert!((found - expected).abs() < 1e-4, "{a} {b}: {found}");
        }
    }

    #[test]
    fn known_distances() {
        for (a, b, expected) in [
            ("ca", "ac", 1),
            ("rossi", "russo", 2),
            ("a", "abcdef", 4),
            ("", "ab", 2),
            ("x", "x", 0),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes(), 3), expected, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn both_are_symmetric_and_bounded(a in "[a-d]{0,70}", b in "[a-d]{0,70}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            let alike = jaro_winkler(a, b);
            prop_assert!((0.0..=1.0001).contains(&alike));
            prop_assert_eq!(distance(a, b, 5), distance(b, a, 5));
            prop_assert_eq!(distance(a, a, 5), 0);
        }
    }
}

//! Dates that tell less.

use super::rule::Dates;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// A FHIR date, dateTime or instant as it leaves; `None` for what is none. A year alone stays.
pub(super) fn moved(text: &str, how: Dates, days: i64) -> Option<String> {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let dated = digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7);
    let whole = dated && bytes.get(7) == Some(&b'-') && digits(8..10) && matches!(bytes.get(10), None | Some(b'T'));
    if !dated || !(whole || text.len() == 7) {
        return None;
    }
    match how {
        Dates::Year => Some(text[..4].to_owned()),
        Dates::Month => Some(text[..7].to_owned()),
        // A month cannot move by days: the year stays.
        Dates::Shift if !whole => Some(text[..4].to_owned()),
        Dates::Shift => {
            let day: Date = text[..10].parse().ok()?;
            let moved = day.checked_add(days.days()).ok()?;
            Some(format!("{moved}{}", &text[10..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_other_texts() {
        assert_eq!(moved("2026-03-01", Dates::Shift, 3).as_deref(), Some("2026-03-04"));
        assert_eq!(
            moved("2026-03-31T10:00:00Z", Dates::Shift, 1).as_deref(),
            Some("2026-04-01T10:00:00Z")
        );
        assert_eq!(moved("2026-03-31", Dates::Month, 0).as_deref(), Some("2026-03"));
        assert_eq!(moved("2026-03", Dates::Shift, 5).as_deref(), Some("2026"));
        for other in ["4548-4", "2026", "final", "2026-03-01x", "8867-4"] {
            assert_eq!(moved(other, Dates::Shift, 3), None, "{other}");
        }
    }
}

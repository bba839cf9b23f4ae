//! FHIR dates as intervals of time.

const US_PER_SECOND: i64 = 1_000_000;
const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;

/// The interval that a FHIR `date`, `dateTime` or `instant` covers, both ends inclusive, in µs since 1970-01-01 UTC.
///
/// A partial date covers its whole year, month or day, a time its whole minute, second or stated fraction of a second.
/// Minutes without seconds, and a time without a zone, are accepted because search values may be so
/// (<https://hl7.org/fhir/R4/search.html#date>). Dates without a zone are taken as UTC: the standard leaves it to the
/// server, and one zone for all keeps an order that does not change with the place of the server. `None` if the text
/// is not a date of the calendar.
pub fn date_interval(text: &str) -> Option<(i64, i64)> {
    let mut scan = Scan(text.as_bytes());
    let year = scan.digits(4)?;
    if year == 0 {
        return None;
    }
    if scan.done() {
        return Some((days(year, 1, 1) * US_PER_DAY, days(year + 1, 1, 1) * US_PER_DAY - 1));
    }
    scan.eat(b'-')?;
    let month = scan.digits(2).filter(|month| (1..=12).contains(month))?;
    if scan.done() {
        let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        return Some((
            days(year, month, 1) * US_PER_DAY,
            days(next_year, next_month, 1) * US_PER_DAY - 1,
        ));
    }
    scan.eat(b'-')?;
    let day = scan
        .digits(2)
        .filter(|day| (1..=days_in_month(year, month)).contains(day))?;
    let midnight = days(year, month, day) * US_PER_DAY;
    if scan.done() {
        return Some((midnight, midnight + US_PER_DAY - 1));
    }
    scan.eat(b'T')?;
    time_interval(scan, midnight)
}

fn time_interval(mut scan: Scan<'_>, midnight: i64) -> Option<(i64, i64)> {
    let hour = scan.digits(2).filter(|hour| *hour < 24)?;
    scan.eat(b':')?;
    let minute = scan.digits(2).filter(|minute| *minute < 60)?;
    let mut at = midnight + (hour * 3600 + minute * 60) * US_PER_SECOND;
    let mut length = 60 * US_PER_SECOND;
    if scan.eat(b':').is_some() {
        // 60 is a leap second, which this count of time does not have: it is the last second of its minute
        at += scan.digits(2).filter(|second| *second <= 60)?.min(59) * US_PER_SECOND;
        length = US_PER_SECOND;
        if scan.eat(b'.').is_some() {
            length = US_PER_SECOND / 10;
            at += scan.digits(1)? * length;
            while let Some(digit) = scan.digits(1) {
                length /= 10;
                at += digit * length;
            }
            length = length.max(1);
        }
    }
    let offset = scan.offset_seconds()?;
    let at = at - offset * US_PER_SECOND;
    Some((at, at + length - 1))
}

struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn done(&self) -> bool {
        self.0.is_empty()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.0.first() == Some(&byte)).then(|| self.0 = &self.0[1..])
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.0.get(..count)?;
        let number = digits.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        });
        self.0 = if number.is_some() { &self.0[count..] } else { self.0 };
        number
    }

    /// `Z`, `+hh:mm`, `-hh:mm` or nothing, to the end of the text.
    fn offset_seconds(&mut self) -> Option<i64> {
        if self.done() || (self.eat(b'Z').is_some() && self.done()) {
            return Some(0);
        }
        let sign = if self.eat(b'+').is_some() {
            1
        } else {
            self.eat(b'-').map(|()| -1)?
        };
        let hours = self.digits(2).filter(|hours| *hours <= 14)?;
        self.eat(b':')?;
        let minutes = self.digits(2).filter(|minutes| *minutes < 60)?;
        self.done().then_some(sign * (hours * 3600 + minutes * 60))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days in a month of the Gregorian calendar.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
/// algorithms": years start in March so that the leap day is the last).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{Timestamp, civil::Date};
    use proptest::prelude::*;

    fn us(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn covers(text: &str, from: &str, to: &str) {
        assert_eq!(date_interval(text), Some((us(from), us(to))), "{text}");
    }

    #[test]
    fn partial_dates_cover_their_period() {
        covers("2024", "2024-01-01T00:00:00Z", "2024-12-31T23:59:59.999999Z");
        covers("2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999Z");
        covers("1999-12", "1999-12-01T00:00:00Z", "1999-12-31T23:59:59.999999Z");
        covers("1951-06-04", "1951-06-04T00:00:00Z", "1951-06-04T23:59:59.999999Z");
    }

    #[test]
    fn times_cover_their_precision_and_shift_by_their_zone() {
        covers(
            "2015-02-07T13:28:17-05:00",
            "2015-02-07T18:28:17Z",
            "2015-02-07T18:28:17.999999Z",
        );
        covers(
            "2015-02-07T13:28:17.239+02:00",
            "2015-02-07T11:28:17.239Z",
            "2015-02-07T11:28:17.239999Z",
        );
        covers(
            "2015-02-07T13:28",
            "2015-02-07T13:28:00Z",
            "2015-02-07T13:28:59.999999Z",
        );
        covers(
            "2015-02-07T13:28:17.123456789Z",
            "2015-02-07T13:28:17.123456Z",
            "2015-02-07T13:28:17.123456Z",
        );
        covers(
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:59Z",
            "2016-12-31T23:59:59.999999Z",
        );
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for no in [
            "",
            "20",
            "0000",
            "2024-13",
            "2024-1",
            "2023-02-29",
            "2024-04-31",
            "2024-01-01T",
            "2024-01-01T24:00:00Z",
            "2024-01-01T10:00:00z",
            "2024-01-01T10:00:00+15:00",
            "2024-01-01T10:00:00.Z",
            "2024-01-01 10:00",
            "2024/01/01",
            "2024-01-01T10:00:00ZZ",
            "ì",
            "２０２４",
        ] {
            assert_eq!(date_interval(no), None, "{no}");
        }
    }

    proptest! {
        #[test]
        fn days_agree_with_jiff(year in 1i16..=9998, month in 1i8..=12, day in 1i8..=31) {
            let text = format!("{year:04}-{month:02}-{day:02}");
            let ours = date_interval(&text).map(|(lo, _)| lo);
            let theirs = Date::new(year, month, day).ok().map(|date| {
                date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond()
            });
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn moments_agree_with_jiff(us in -60_000_000_000_000_000i64..200_000_000_000_000_000) {
            let text = Timestamp::from_microsecond(us).unwrap().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
            prop_assert_eq!(date_interval(&text), Some((us, us)));
        }

        #[test]
        fn longer_texts_lie_within_shorter_ones(us in 0i64..4_000_000_000_000_000) {
            let text = Timestamp::from_microsecond(us).unwrap().strftime("%Y-%m-%dT%H:%M:%S").to_string();
            for length in [4, 7, 10, 16, 19] {
                let (lo, hi) = date_interval(&text[..length]).unwrap();
                prop_assert!(lo <= us && us <= hi);
            }
        }

        #[test]
        fn no_text_panics(text in "[0-9TZ:+.\\-é]{0,30}") {
            let _ = date_interval(&text);
        }
    }
}

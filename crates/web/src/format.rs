//! Dates and numbers as Italians write them (and as the English pages do: day first, decimal point).

use crate::{Lang, Texts};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::LazyLock;

/// Italian civil time. The rule of Directive 2000/84/EC, so that no time zone database is needed on the machine.
static ROME: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rule is well formed"));

/// The calendar day in Italy.
pub fn local_date(at: Timestamp) -> Date {
    italian(at).date()
}

/// The moment a calendar day begins in Italy; `None` beyond the calendar.
pub fn local_start(day: Date) -> Option<Timestamp> {
    day.to_zoned(ROME.clone()).ok().map(|start| start.timestamp())
}

/// The moment in Italian civil time.
pub(crate) fn italian(at: Timestamp) -> jiff::Zoned {
    at.to_zoned(ROME.clone())
}

/// Italian civil time as an RFC 3339 moment with its offset; `None` where the clock skips it.
pub(crate) fn italian_moment(local: jiff::civil::DateTime) -> Option<String> {
    let zoned = local.to_zoned(ROME.clone()).ok().filter(|z| z.datetime() == local)?;
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// `21/11/2026`.
pub fn date(day: Date) -> String {
    format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

/// `21/11/2026, 14:30`, Italian time.
pub fn date_time(at: Timestamp) -> String {
    let local = italian(at);
    format!("{}, {:02}:{:02}", date(local.date()), local.hour(), local.minute())
}

/// `14:30`, Italian time.
pub fn time(at: Timestamp) -> String {
    let local = italian(at);
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// A FHIR date, dateTime or instant, as precise as it is: `1950`, `03/1950`, `02/03/1950`; of a dateTime the day.
/// What cannot be read is given back as it is.
pub fn fhir_date(text: &str) -> String {
    if let Ok(at) = text.parse::<Timestamp>() {
        return date(local_date(at));
    }
    if let Ok(day) = text.parse::<Date>() {
        return date(day);
    }
    match text.split_once('-') {
        Some((year, month)) if month.len() == 2 => format!("{month}/{year}"),
        _ => text.to_owned(),
    }
}

/// A decimal in its own precision: `7.40` becomes `7,40` in Italian; thousands are grouped from 10,000 on.
pub fn decimal(number: &str, lang: Lang) -> String {
    let (comma, group) = match lang {
        Lang::It => (',', '.'),
        Lang::En => ('.', ','),
    };
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return number.to_owned();
    }
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut out = String::from(sign);
    for (i, c) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if whole.len() > 4 && i > 0 && left.is_multiple_of(3) {
            out.push(group);
        }
        out.push(c);
    }
    if let Some(fraction) = fraction {
        out.push(comma);
        out.push_str(fraction);
    }
    out
}

/// How many of something: `1.500` in Italian. A measured value is a [`decimal`], which keeps four digits together.
pub fn count(n: i64, lang: Lang) -> String {
    let group = match lang {
        Lang::It => '.',
        Lang::En => ',',
    };
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    out
}

/// `7,4 %`.
pub fn percent(number: &str, lang: Lang) -> String {
    format!("{}\u{a0}%", decimal(number, lang))
}

/// How a due moment relates to now: `scaduto da 3 giorni`, `entro oggi`, `fra 2 settimane`. Whole calendar days in
/// Italy; weeks from 14 days on, months from 60 on.
pub(crate) fn due(texts: &Texts, due: Timestamp, now: Timestamp) -> String {
    let days = (local_date(due) - local_date(now)).get_days();
    if days == 0 {
        let key = if due < now { "due-overdue-today" } else { "due-today" };
        return texts.t(key);
    }
    let (unit, n) = match days.unsigned_abs() {
        n @ 0..=13 => ("days", n),
        n @ 14..=59 => ("weeks", n / 7),
        n => ("months", n / 30),
    };
    let side = if days < 0 { "overdue" } else { "in" };
    texts.get(&format!("due-{side}-{unit}"), &[("n", n.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_italian_in_summer_and_winter() {
        assert_eq!(date_time(at("2026-11-21T13:30:00Z")), "21/11/2026, 14:30");
        assert_eq!(date_time(at("2026-07-01T22:30:00Z")), "02/07/2026, 00:30");
    }

    #[test]
    fn fhir_dates_keep_their_precision() {
        assert_eq!(fhir_date("1950"), "1950");
        assert_eq!(fhir_date("1950-03"), "03/1950");
        assert_eq!(fhir_date("1950-03-02"), "02/03/1950");
        assert_eq!(fhir_date("2026-11-21T23:30:00Z"), "22/11/2026");
        assert_eq!(fhir_date("circa 1950"), "circa 1950");
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(decimal("7.40", Lang::It), "7,40");
        assert_eq!(decimal("-1234567.5", Lang::It), "-1.234.567,5");
        assert_eq!(decimal("1234", Lang::It), "1234");
        assert_eq!(decimal("12345", Lang::En), "12,345");
        assert_eq!(decimal("1e5", Lang::It), "1e5");
        assert_eq!(percent("7.4", Lang::It), "7,4\u{a0}%");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(count(999, Lang::It), "999");
        assert_eq!(count(1500, Lang::It), "1.500");
        assert_eq!(count(-5_600_000, Lang::It), "-5.600.000");
        assert_eq!(count(12_345, Lang::En), "12,345");
    }

    #[test]
    fn due_moments_are_told_in_words() {
        let texts = Texts::base();
        let now = at("2026-11-21T12:00:00Z");
        let say = |due_at: &str| due(&texts, at(due_at), now);
        assert_eq!(say("2026-11-18T12:00:00Z"), "scaduto da 3 giorni");
        assert_eq!(say("2026-11-20T23:30:00Z"), "scaduto oggi"); // 00:30 of the 21st in Italy
        assert_eq!(say("2026-11-21T18:00:00Z"), "entro oggi");
        assert_eq!(say("2026-11-22T01:00:00Z"), "entro domani");
        assert_eq!(say("2026-12-05T12:00:00Z"), "fra 2 settimane");
        assert_eq!(say("2027-03-01T12:00:00Z"), "fra 3 mesi");
        assert_eq!(say("2026-09-01T12:00:00Z"), "scaduto da 2 mesi");
    }
}

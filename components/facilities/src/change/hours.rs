//! Opening hours as people write them: `lun-ven 08:00-14:00`, `sab, dom 09:00-12:00`, `tutti 24 ore`.

use crate::model::{Hours, WEEK};
use crate::period::Period;

const DAYS: [&str; 7] = ["lun", "mar", "mer", "gio", "ven", "sab", "dom"];
const NAMES: [&str; 7] = [
    "lunedi",
    "martedi",
    "mercoledi",
    "giovedi",
    "venerdi",
    "sabato",
    "domenica",
];
/// Lines read at most.
const MAX: usize = 30;

fn day(text: &str) -> Option<usize> {
    let word = text.trim().to_lowercase().replace('ì', "i");
    let is = |index: &usize| word == DAYS[*index] || word == NAMES[*index];
    (0..DAYS.len()).find(is)
}

fn days(text: &str) -> Option<Vec<String>> {
    if text.trim().eq_ignore_ascii_case("tutti") {
        return Some(WEEK.map(str::to_owned).to_vec());
    }
    let mut found = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return None;
        }
        found.extend(WEEK[first..=last].iter().map(|day| (*day).to_owned()));
    }
    (!found.is_empty()).then_some(found)
}

fn time(text: &str) -> Option<String> {
    let time = crate::model::time(&text.trim().replace('.', ":"))?;
    Some(format!("{:02}:{:02}", time.hour(), time.minute()))
}

fn line(text: &str, period: Period) -> Option<Hours> {
    let lower = text.to_lowercase();
    if let Some(named) = lower.strip_suffix("24 ore") {
        let (days, none) = (days(named)?, String::new());
        return Some(Hours {
            days,
            all_day: true,
            from: none.clone(),
            to: none,
            period,
        });
    }
    let (named, times) = lower.trim().rsplit_once(' ')?;
    let (from, to) = times.split_once('-')?;
    let hours = Hours {
        days: days(named)?,
        all_day: false,
        from: time(from)?,
        to: time(to)?,
        period,
    };
    hours.sound().then_some(hours)
}

/// Reads hours, a line each.
///
/// # Errors
/// The line that cannot be read.
pub fn read(text: &str, period: Period) -> Result<Vec<Hours>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let read: Result<Vec<Hours>, String> = lines
        .take(MAX)
        .map(|text| line(text, period).ok_or_else(|| text.to_owned()))
        .collect();
    read.and_then(|hours| {
        if hours.is_empty() {
            Err(String::new())
        } else {
            Ok(hours)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let read = read(
            "Lun-Ven 08:00-14.30\nsab, dom 9:00-12:00\n\ntutti 24 ore",
            Period::default(),
        )
        .unwrap();
        assert_eq!(read[0].days.len(), 5);
        assert_eq!((read[0].from.as_str(), read[0].to.as_str()), ("08:00", "14:30"));
        assert_eq!(read[1].days, ["sat", "sun"]);
        assert!(read[2].all_day && read[2].days.len() == 7);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for wrong in [
            "",
            "lun 14:00-08:00",
            "ven-lun 08:00-09:00",
            "domani 08:00-09:00",
            "lun 8-9-10",
        ] {
            assert!(read(wrong, Period::default()).is_err(), "{wrong}");
        }
    }
}

//! Hours, states and distances in words.

use crate::model::{Facility, Hours, WEEK};
use crate::open::State;
use crate::rules;
use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use web::Page;

/// Italian civil time.
pub(crate) fn now(at: Timestamp) -> DateTime {
    let day = web::local_date(at);
    let since = web::local_start(day).map_or(SignedDuration::ZERO, |start| at.duration_since(start));
    // The clock as it stands on the wall, also on the two days it is moved.
    let wall: Option<Time> = web::time(at).parse().ok();
    day.to_datetime(wall.unwrap_or_else(|| Time::midnight().wrapping_add(since)))
}

/// `08:30`.
pub(crate) fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `aperta fino alle 20:00`, `chiusa, apre lunedì alle 8:00`, …
pub(crate) fn state(page: &Page, state: State, now: DateTime) -> String {
    match state {
        State::Open(None) => page.t("state-open-always"),
        State::Open(Some(to)) => page.t1("state-open", "to", clock(to)),
        State::Unknown => page.t("state-unknown"),
        State::Closed(None) => page.t("state-closed"),
        State::Closed(Some(next)) if next.date() == now.date() => {
            page.t1("state-opens-today", "at", clock(next.time()))
        }
        State::Closed(Some(next)) => {
            let day = WEEK[usize::try_from(next.date().weekday().to_monday_zero_offset()).unwrap_or(0)];
            let day = format!("{} {}", page.named("day", day), web::date(next.date()));
            page.t2("state-opens", "day", day, "at", clock(next.time()))
        }
    }
}

/// `badge` class of a state.
pub(crate) fn colour(state: State) -> &'static str {
    match state {
        State::Open(_) => "sf-open",
        State::Closed(_) => "sf-closed",
        State::Unknown => "sf-quiet",
    }
}

/// `lunedì–venerdì 8:00–20:00`.
pub(crate) fn hours(page: &Page, hours: &Hours) -> (String, String) {
    let indexes: Vec<usize> = WEEK
        .iter()
        .enumerate()
        .filter(|(_, day)| hours.days.iter().any(|d| d == *day))
        .map(|(i, _)| i)
        .collect();
    let name = |index: usize| page.named("day", WEEK[index]);
    let row = indexes.len() > 2 && indexes.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let days = match indexes.as_slice() {
        [first, .., last] if row => format!("{}–{}", name(*first), name(*last)),
        list => list.iter().map(|index| name(*index)).collect::<Vec<_>>().join(", "),
    };
    let time = if hours.all_day {
        page.t("all-day")
    } else {
        format!("{}–{}", hours.from, hours.to)
    };
    (days, time)
}

/// Name of the kind of a structure.
pub(crate) fn kind(page: &Page, code: &str) -> String {
    rules::kind(code).map_or_else(|| code.to_owned(), |kind| kind.of(page.lang()).to_owned())
}

/// `Via Roma 1, Aversa (CE)`.
pub(crate) fn address(one: &Facility) -> String {
    let city = match (one.city.as_str(), one.province.as_str()) {
        ("", _) => String::new(),
        (city, "") => city.to_owned(),
        (city, province) => format!("{city} ({province})"),
    };
    [one.address.clone(), city]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// `3,4 km`.
pub(crate) fn distance(page: &Page, km: f64) -> String {
    format!("{} km", page.decimal(&format!("{km:.1}")))
}

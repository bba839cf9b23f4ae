//! Timers: ISO 8601 dates, durations and repeating intervals.

use crate::{Expression, Text};
use jiff::{Span, Timestamp};

/// When a timer event fires. Literals were checked by the parser.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub enum TimerDef {
    /// At a moment: RFC 3339, or a local date-time or date taken as UTC.
    Date(Text),
    /// After an ISO 8601 duration.
    Duration(Text),
    /// Repeatedly: `R3/PT10S`, `R/P1D`, `R2/2026-01-01T00:00:00Z/P1M`, `R/PT1H/2026-02-01`, or cron: `0 0 8 * * MON-FRI`.
    Cycle(Text),
}

impl TimerDef {
    /// The text, whichever kind.
    pub fn text(&self) -> &Text {
        match self {
            Self::Date(text) | Self::Duration(text) | Self::Cycle(text) => text,
        }
    }

    /// The expression, if it is computed.
    pub fn expression(&self) -> Option<&Expression> {
        match self.text() {
            Text::Feel(expression) => Some(expression),
            Text::Literal(_) => None,
        }
    }
}

/// A text that is no ISO 8601 moment, duration or repeating interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {wanted}")]
pub struct TimerError {
    /// The text.
    pub text: String,
    /// What it should have been, with an example.
    pub wanted: &'static str,
}

/// A repeating interval.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// How often; `None`: for ever.
    pub repeat: Option<u32>,
    /// First moment; `None`: one interval from now.
    pub start: Option<Timestamp>,
    /// The interval, greater than zero.
    pub every: Span,
    /// After this moment it is over.
    pub end: Option<Timestamp>,
}

/// An ISO 8601 duration such as `P1DT2H`; not negative.
pub fn parse_duration(text: &str) -> Result<Span, TimerError> {
    let error = || TimerError {
        text: text.to_owned(),
        wanted: "an ISO 8601 duration such as PT10S, P1D or P3M",
    };
    let text = text.trim();
    if !text.starts_with('P') {
        return Err(error());
    }
    text.parse::<Span>().map_err(|_| error())
}

/// A moment: RFC 3339; a date-time without offset or a date is taken as UTC.
pub fn parse_date(text: &str) -> Result<Timestamp, TimerError> {
    let trimmed = text.trim();
    let utc = |at: jiff::civil::DateTime| at.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).ok();
    trimmed
        .parse::<Timestamp>()
        .ok()
        .or_else(|| trimmed.parse::<jiff::Zoned>().ok().map(|zoned| zoned.timestamp()))
        .or_else(|| trimmed.parse::<jiff::civil::DateTime>().ok().and_then(utc))
        .or_else(|| {
            trimmed
                .parse::<jiff::civil::Date>()
                .ok()
                .and_then(|date| utc(date.at(0, 0, 0, 0)))
        })
        .ok_or_else(|| TimerError {
            text: text.to_owned(),
            wanted: "an ISO 8601 moment such as 2026-05-01T08:00:00Z",
        })
}

/// A repeating interval `R[n]/[start/]duration` or `R[n]/duration/end`.
pub fn parse_cycle(text: &str) -> Result<Cycle, TimerError> {
    let error = || TimerError {
        text: text.to_owned(),
        wanted: "a repeating interval such as R3/PT10S or R/P1D",
    };
    let rest = text.trim().strip_prefix('R').ok_or_else(error)?;
    let mut parts = rest.split('/');
    let count = parts.next().unwrap_or_default();
    let repeat = if count.is_empty() {
        None
    } else {
        Some(count.parse::<u32>().map_err(|_| error())?)
    };
    let (first, second, more) = (parts.next(), parts.next(), parts.next());
    let (start, every, end) = match (first, second, more) {
        (Some(every), None, None) => (None, every, None),
        (Some(every), Some(end), None) if every.starts_with('P') => {
            (None, every, Some(parse_date(end).map_err(|_| error())?))
        }
        (Some(start), Some(every), None) => (Some(parse_date(start).map_err(|_| error())?), every, None),
        _ => return Err(error()),
    };
    let every = parse_duration(every).map_err(|_| error())?;
    if !every.is_positive() {
        return Err(error());
    }
    Ok(Cycle {
        repeat,
        start,
        every,
        end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cycles() {
        assert_eq!(parse_cycle("R3/PT10S").unwrap().repeat, Some(3));
        assert_eq!(parse_cycle("R/P1D").unwrap().repeat, None);
        assert!(parse_cycle("R2/2026-01-01T00:00:00Z/P1M").unwrap().start.is_some());
        for bad in [
            "",
            "R",
            "R3",
            "R/PT0S",
            "R-1/PT1S",
            "R3/PT1S/PT1S/PT1S",
            "3/PT1S",
            "R/P",
            "R99999999999/PT1S",
        ] {
            assert!(parse_cycle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reads_dates_and_durations() {
        assert_eq!(
            parse_date("2026-05-01").unwrap(),
            parse_date("2026-05-01T00:00:00Z").unwrap()
        );
        assert_eq!(
            parse_date("2026-05-01T02:00:00+02:00").unwrap(),
            parse_date("2026-05-01").unwrap()
        );
        assert!(parse_date("tomorrow").is_err());
        assert!(parse_duration("P1DT2H").is_ok());
        assert!(parse_duration("1 day").is_err());
        assert!(parse_duration("-P1D").is_err());
    }
}

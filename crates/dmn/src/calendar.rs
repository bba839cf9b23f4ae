//! Business calendars in FEEL: `business days after(from, days, calendar)`, `business days until(from, to, calendar)`,
//! `is business day(date, calendar)`, `business time after(from, time, calendar)`. What a calendar holds is the host's
//! affair: see [`Calendars`].

use crate::value;
use dsntk_feel::closure::Closure;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value;
use dsntk_feel::{Evaluator, FeelNumber, FeelScope, FeelType, FunctionBody, Name};
use dsntk_feel_temporal::{FeelDate, FeelDateTime};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, Zoned};
use parking_lot::Mutex;
use std::sync::Arc;

/// The functions' names.
pub(crate) const NAMES: [&str; 4] = [
    "business days after",
    "business days until",
    "business time after",
    "is business day",
];

/// Working days and opening hours as the host knows them. An error says what is wrong and what to do.
pub trait Calendars: Send + Sync {
    /// The working day `days` after a date (before it when negative); 0: the date itself if it is one, else the next.
    fn days_after(&self, calendar: &str, from: Date, days: i64) -> Result<Date, String>;
    /// How many working days lie after `from` up to and including `to`; negative when `to` is earlier.
    fn days_until(&self, calendar: &str, from: Date, to: Date) -> Result<i64, String>;
    /// Whether a date is a working day.
    fn is_business_day(&self, calendar: &str, day: Date) -> Result<bool, String>;
    /// The moment when so much opening time has passed.
    fn time_after(&self, calendar: &str, from: &Zoned, time: SignedDuration) -> Result<Zoned, String>;
}

/// The first thing that went wrong in an evaluation: FEEL would make a silent null of it.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().take()
    }
}

/// Binds the functions, under names made of theirs, into a context.
pub(crate) fn bind(
    context: &mut FeelContext,
    calendars: &Arc<dyn Calendars>,
    zone: &TimeZone,
    trouble: &Trouble,
    named: impl Fn(&str) -> String,
) {
    type Call = fn(&dyn Calendars, &TimeZone, &[Value]) -> Result<Value, String>;
    let functions: [(&str, [&str; 3], usize, Call); 4] = [
        ("business days after", ["from", "days", "calendar"], 3, days_after),
        ("business days until", ["from", "to", "calendar"], 3, days_until),
        ("business time after", ["from", "time", "calendar"], 3, time_after),
        ("is business day", ["date", "calendar", ""], 2, is_business_day),
    ];
    for (name, parameters, count, call) in functions {
        let parameters: Vec<Name> = parameters[..count].iter().map(|p| Name::from(*p)).collect();
        let declared = parameters.iter().map(|p| (p.clone(), FeelType::Any)).collect();
        let (calendars, zone, trouble) = (calendars.clone(), zone.clone(), trouble.clone());
        let body: Evaluator = Box::new(move |scope: &FeelScope| {
            let arguments: Vec<Value> = parameters
                .iter()
                .map(|name| scope.get_value(name).unwrap_or(Value::Null(None)))
                .collect();
            call(&*calendars, &zone, &arguments).unwrap_or_else(|message| {
                trouble.0.lock().get_or_insert(format!("{name}: {message}"));
                Value::Null(Some(message))
            })
        });
        let function = Value::FunctionDefinition(
            declared,
            FunctionBody::LiteralExpression(Arc::new(body)),
            false,
            Closure::default(),
            FeelContext::default(),
            FeelType::Any,
        );
        context.set_entry(&Name::from(&named(name)), function);
    }
}

/// A date, or a moment in the evaluator's civil time.
enum When {
    Day(Date),
    Moment(Zoned),
}

impl When {
    fn date(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::Moment(moment) => moment.date(),
        }
    }
}

fn text(value: &Value, what: &str) -> Result<String, String> {
    match value::to_json(value)? {
        serde_json::Value::String(text) => Ok(text),
        other => Err(format!("{what} is {other}")),
    }
}

fn when(value: &Value, zone: &TimeZone) -> Result<When, String> {
    let written = text(value, "the date")?;
    if let Some(day) = written.parse::<Date>().ok().filter(|_| !written.contains('T')) {
        return Ok(When::Day(day));
    }
    if let Ok(moment) = written.parse::<Timestamp>() {
        return Ok(When::Moment(moment.to_zoned(zone.clone())));
    }
    let (local, named) = written.split_once('@').unwrap_or((&written, ""));
    let zone = if named.is_empty() {
        Ok(zone.clone())
    } else {
        TimeZone::get(named)
    };
    let local = local
        .parse::<DateTime>()
        .map_err(|_| format!("'{written}' is neither a date nor a moment"))?;
    zone.and_then(|zone| local.to_zoned(zone))
        .map(When::Moment)
        .map_err(|e| e.to_string())
}

fn feel_date(day: Date) -> Result<Value, String> {
    let (year, month, day) = (day.year(), day.month(), day.day());
    FeelDate::new(i32::from(year), month.unsigned_abs().into(), day.unsigned_abs().into())
        .map(Value::Date)
        .ok_or_else(|| "the date is out of range".into())
}

fn feel_moment(at: &Zoned) -> Result<Value, String> {
    let date = (
        i32::from(at.year()),
        at.month().unsigned_abs().into(),
        at.day().unsigned_abs().into(),
    );
    let time = (
        at.hour().unsigned_abs(),
        at.minute().unsigned_abs(),
        at.second().unsigned_abs(),
        u64::from(at.millisecond().unsigned_abs()) * 1_000_000,
    );
    FeelDateTime::offset(date, time, at.offset().seconds())
        .map(Value::DateTime)
        .ok_or_else(|| "the moment is out of range".into())
}

/// A date gives a date; a moment gives the same time of day on the day found.
fn days_after(calendars: &dyn Calendars, zone: &TimeZone, arguments: &[Value]) -> Result<Value, String> {
    let from = when(&arguments[0], zone)?;
    let days = value::to_json(&arguments[1])?;
    let days = days
        .as_i64()
        .ok_or_else(|| format!("the number of days is {days}, not a whole number"))?;
    let day = calendars.days_after(&text(&arguments[2], "the calendar")?, from.date(), days)?;
    match from {
        When::Day(_) => feel_date(day),
        When::Moment(at) => {
            let moved = at.with().date(day).build().map_err(|e| e.to_string())?;
            feel_moment(&moved)
        }
    }
}

fn days_until(calendars: &dyn Calendars, zone: &TimeZone, arguments: &[Value]) -> Result<Value, String> {
    let (from, to) = (when(&arguments[0], zone)?, when(&arguments[1], zone)?);
    let calendar = text(&arguments[2], "the calendar")?;
    let count = calendars.days_until(&calendar, from.date(), to.date())?;
    Ok(Value::Number(FeelNumber::from(count)))
}

fn is_business_day(calendars: &dyn Calendars, zone: &TimeZone, arguments: &[Value]) -> Result<Value, String> {
    let day = when(&arguments[0], zone)?.date();
    let calendar = text(&arguments[1], "the calendar")?;
    calendars.is_business_day(&calendar, day).map(Value::Boolean)
}

fn time_after(calendars: &dyn Calendars, zone: &TimeZone, arguments: &[Value]) -> Result<Value, String> {
    let from = match when(&arguments[0], zone)? {
        When::Moment(at) => at,
        When::Day(day) => day.to_zoned(zone.clone()).map_err(|e| e.to_string())?,
    };
    let written = text(&arguments[1], "the time")?;
    let time = written
        .parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| format!("'{written}' is not a duration such as PT4H"))?;
    let calendar = text(&arguments[2], "the calendar")?;
    feel_moment(&calendars.time_after(&calendar, &from, time)?)
}

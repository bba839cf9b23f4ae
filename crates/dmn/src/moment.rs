//! `now()` and `today()` from the moment that the caller gives.

use dsntk_feel::closure::Closure;
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value;
use dsntk_feel::{Evaluator, FeelType, FunctionBody, Name};
use dsntk_feel_temporal::{FeelDate, FeelDateTime};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Italian civil time since 1996 as a POSIX rule, so that no time zone database is needed.
const ITALY: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// Italian civil time.
pub(crate) fn italy() -> TimeZone {
    TimeZone::posix(ITALY).unwrap_or(TimeZone::UTC)
}

/// The moment as FEEL's `date and time` with its offset, to the millisecond.
pub(crate) fn now(moment: jiff::Timestamp, zone: &TimeZone) -> Value {
    let local = moment.to_zoned(zone.clone());
    let date = date_tuple(&local);
    let nanos = local.millisecond().unsigned_abs() as u64 * 1_000_000;
    let time = (
        local.hour().unsigned_abs(),
        local.minute().unsigned_abs(),
        local.second().unsigned_abs(),
        nanos,
    );
    match FeelDateTime::offset(date, time, local.offset().seconds()) {
        Some(value) => Value::DateTime(value),
        None => Value::Null(Some("now() is out of range".into())),
    }
}

/// The moment's civil date.
pub(crate) fn today(moment: jiff::Timestamp, zone: &TimeZone) -> Value {
    let (year, month, day) = date_tuple(&moment.to_zoned(zone.clone()));
    FeelDate::new(year, month, day).map_or_else(|| Value::Null(Some("today() is out of range".into())), Value::Date)
}

fn date_tuple(local: &jiff::Zoned) -> (i32, u32, u32) {
    (
        i32::from(local.year()),
        local.month().unsigned_abs().into(),
        local.day().unsigned_abs().into(),
    )
}

/// A context that binds `now` and `today` as functions, to lie below the variables in the scope.
pub(crate) fn functions(moment: jiff::Timestamp, zone: &TimeZone) -> FeelContext {
    let mut context = FeelContext::default();
    context.set_entry(&Name::from("now"), constant_function(now(moment, zone)));
    context.set_entry(&Name::from("today"), constant_function(today(moment, zone)));
    context
}

fn constant_function(value: Value) -> Value {
    let body: Evaluator = Box::new(move |_| value.clone());
    let body = FunctionBody::LiteralExpression(Arc::new(body));
    Value::FunctionDefinition(
        vec![],
        body,
        false,
        Closure::default(),
        FeelContext::default(),
        FeelType::Any,
    )
}

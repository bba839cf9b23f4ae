//! Small conversions between columns and the contract's types.

use crate::error::{Outcome, corrupt};
use jiff::Timestamp;
use store::{DeliveryState, InstanceStatus, Method, WaitKind};

/// µs since epoch.
pub fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Back from µs since epoch.
pub fn timestamp(micros: i64) -> Outcome<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| corrupt(&format!("moment {micros}")))
}

/// The column value of a deleted version.
pub const DELETED: i64 = 2;

/// Column value of a method.
pub fn method_code(method: Method) -> i64 {
    match method {
        Method::Post => 0,
        Method::Put => 1,
        Method::Delete => DELETED,
    }
}

/// Back from the column value.
pub fn method(code: i64) -> Outcome<Method> {
    match code {
        0 => Ok(Method::Post),
        1 => Ok(Method::Put),
        DELETED => Ok(Method::Delete),
        other => Err(corrupt(&format!("method {other}"))),
    }
}

/// Every status with its column value in its place.
pub const STATUSES: [InstanceStatus; 5] = [
    InstanceStatus::Active,
    InstanceStatus::Completed,
    InstanceStatus::Terminated,
    InstanceStatus::Incident,
    InstanceStatus::Suspended,
];

/// Column value of a status.
pub fn status_code(status: InstanceStatus) -> i64 {
    match status {
        InstanceStatus::Active => 0,
        InstanceStatus::Completed => 1,
        InstanceStatus::Terminated => 2,
        InstanceStatus::Incident => 3,
        InstanceStatus::Suspended => 4,
    }
}

/// Back from the column value.
pub fn status(code: i64) -> Outcome<InstanceStatus> {
    usize::try_from(code)
        .ok()
        .and_then(|at| STATUSES.get(at).copied())
        .ok_or_else(|| corrupt(&format!("instance status {code}")))
}

/// Column value of a wait kind.
pub fn wait_code(kind: WaitKind) -> i64 {
    match kind {
        WaitKind::Message => 0,
        WaitKind::Signal => 1,
        WaitKind::Job => 2,
        WaitKind::Incident => 3,
    }
}

/// Column value of a notification's state.
pub fn delivery_code(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Ready => 0,
        DeliveryState::Behind => 1,
        DeliveryState::Dead => 2,
    }
}

/// Back from the column value.
///
/// # Errors
/// No state has this value.
pub fn delivery_state(code: i64) -> Outcome<DeliveryState> {
    match code {
        0 => Ok(DeliveryState::Ready),
        1 => Ok(DeliveryState::Behind),
        2 => Ok(DeliveryState::Dead),
        other => Err(corrupt(&format!("notification state {other}"))),
    }
}

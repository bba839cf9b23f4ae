//! `near` of Location: `latitude|longitude|distance|units` (<https://hl7.org/fhir/R4/location.html#positional>).

use super::{ParseError, escape};
use store::ValueTest;

/// What counts as near where no distance is given, in kilometres; the standard leaves it to the server.
const NEAR_KM: f64 = 10.0;

/// No two places are further apart, in metres.
const FARTHEST_M: f64 = 20_100_000.0;

/// The test of one value.
pub fn test(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    let expected = "latitude|longitude[|distance[|units]], e.g. 40.85|14.27|5|km, with a UCUM unit of length";
    let bad = || ParseError::value(param, value, expected);
    let parts = escape::split(value, '|');
    let degrees = |text: Option<&&str>, most: f64| {
        let degrees: f64 = text?.parse().ok()?;
        (degrees.abs() <= most).then_some(degrees)
    };
    let latitude = degrees(parts.first(), 90.0).ok_or_else(bad)?;
    let longitude = degrees(parts.get(1), 180.0).ok_or_else(bad)?;
    let distance: f64 = match parts.get(2) {
        None | Some(&"") => NEAR_KM,
        Some(text) => text.parse().map_err(|_| bad())?,
    };
    let unit = match parts.get(3) {
        None | Some(&"") => "km",
        Some(&"mi") => "[mi_i]",
        Some(unit) => unit,
    };
    let length = fhir::ucum::Unit::of(unit)
        .filter(|unit| &*unit.base == "m")
        .ok_or_else(bad)?;
    let distance_m = length.canonical(distance);
    if parts.len() > 4 || !(0.0..f64::INFINITY).contains(&distance_m) {
        return Err(bad());
    }
    Ok(ValueTest::Near {
        latitude,
        longitude,
        distance_m: distance_m.min(FARTHEST_M),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_and_unit_may_be_left_out() {
        let distance = |text: &str| match test("near", text) {
            Ok(ValueTest::Near { distance_m, .. }) => Some(distance_m),
            _ => None,
        };
        for (text, expected) in [
            ("40.85|14.27", Some(10_000.0)),
            ("40.85|14.27|5", Some(5_000.0)),
            ("-40.85|-14.27|5|m", Some(5.0)),
            ("40.85|14.27|1|mi", Some(1_609.344)),
            ("40.85|14.27|5|kg", None),
            ("91|14|5", None),
            ("40|NaN", None),
            ("40", None),
            ("40|14|-1", None),
            ("40|14|1|km|x", None),
        ] {
            assert_eq!(distance(text), expected, "{text}");
        }
    }
}

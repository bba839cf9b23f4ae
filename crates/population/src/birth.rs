//! When and where somebody was born.

use crate::table::Municipality;
use codicefiscale::places::{Place, places};
use jiff::civil::{Date, date};
use rand::Rng;
use std::sync::LazyLock;

/// The year in which those of age 0 were born: the table counts on 1 January of the next.
const LAST_YEAR: i16 = 2022;

/// Chief towns of the provinces of the regions there are tables of.
const CHIEF: &[(&str, &str)] = &[
    ("NA", "F839"),
    ("SA", "H703"),
    ("CE", "B963"),
    ("AV", "A509"),
    ("BN", "A783"),
];

static ITALY: LazyLock<Vec<&'static Place>> =
    LazyLock::new(|| places().rows().iter().filter(|place| !place.is_abroad()).collect());

/// A day of birth of somebody of this age.
pub(crate) fn day(age: usize, rng: &mut impl Rng) -> Date {
    let beyond = if age == 100 { rng.random_range(0..6) } else { 0 };
    let year = LAST_YEAR - i16::try_from(age).unwrap_or(100) - beyond;
    let first = date(year, 1, 1);
    let days = i64::from(first.days_in_year());
    first.saturating_add(jiff::Span::new().days(rng.random_range(0..days)))
}

/// Belfiore code of a place of birth in Italy: mostly the municipality itself or the chief town of the province.
pub(crate) fn place(home: &Municipality, all: &[Municipality], day: Date, rng: &mut impl Rng) -> String {
    let chief = CHIEF
        .iter()
        .find(|(province, _)| *province == home.province)
        .map_or("F839", |(_, code)| code);
    let wanted = match rng.random_range(0..100) {
        0..50 => home.belfiore.as_str(),
        50..82 => chief,
        82..95 => all[rng.random_range(0..all.len())].belfiore.as_str(),
        _ => ITALY[rng.random_range(0..ITALY.len())].code,
    };
    let there = |code: &str| places().of_code(code).iter().any(|place| place.in_force(day));
    if there(wanted) { wanted } else { chief }.to_owned()
}

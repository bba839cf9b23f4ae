//! Numbers and quantities, as written and in base units.

use super::encode::{read_f64, sortable_f64, text};
use super::{Range, tag};

/// Bounds of a number; open where infinite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bounds {
    pub lo: f64,
    pub hi: f64,
    pub lo_open: bool,
    pub hi_open: bool,
    /// `false` negates the whole.
    pub inside: bool,
}

impl Bounds {
    fn pass(&self, value: f64) -> bool {
        let above = if self.lo_open {
            value > self.lo
        } else {
            value >= self.lo
        };
        let below = if self.hi_open {
            value < self.hi
        } else {
            value <= self.hi
        };
        (above && below) == self.inside
    }
}

/// System, code, human unit; then base units and the value in them.
fn fields(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    key.get(9..).unwrap_or_default().splitn(5, |byte| *byte == 0)
}

/// Whether a number, or a quantity in the unit (as coded or as written for people), passes.
pub(super) fn passes(bounds: &Bounds, system: Option<&[u8]>, code: Option<&[u8]>, key: &[u8]) -> bool {
    let Some(value) = key.get(1..).and_then(read_f64) else {
        return false;
    };
    let unit = match key[0] {
        tag::NUMBER => system.is_none() && code.is_none(),
        tag::QUANTITY => {
            let mut fields = fields(key);
            let (own_system, own_code, human) = (fields.next(), fields.next(), fields.next());
            system.is_none_or(|system| own_system == Some(system))
                && code.is_none_or(|code| own_code == Some(code) || human == Some(code))
        }
        _ => false,
    };
    unit && bounds.pass(value)
}

/// Whether a quantity with these base units passes.
pub(super) fn base_passes(bounds: &Bounds, base: &[u8], key: &[u8]) -> bool {
    let mut fields = fields(key).skip(3);
    key.first() == Some(&tag::QUANTITY)
        && fields.next() == Some(base)
        && fields.next().and_then(read_f64).is_some_and(|value| bounds.pass(value))
}

/// The row of a quantity in base units.
pub(super) fn base_row(key: &[u8]) -> Option<Vec<u8>> {
    let mut fields = fields(key).skip(3);
    let (base, value) = (fields.next()?, fields.next()?);
    let mut row = vec![tag::QUANTITY_BASE];
    row.extend_from_slice(base);
    row.push(0);
    row.extend_from_slice(value);
    Some(row)
}

/// Rows of numbers and quantities as they are written.
pub(super) fn ranges(bounds: &Bounds) -> Vec<Range> {
    if !bounds.inside {
        return vec![Range::tag(tag::NUMBER), Range::tag(tag::QUANTITY)];
    }
    let of = |tag| between(&[tag], bounds);
    vec![of(tag::NUMBER), of(tag::QUANTITY)]
}

/// Rows of quantities in base units.
pub(super) fn base_ranges(bounds: &Bounds, base: &[u8]) -> Vec<Range> {
    let mut lead = vec![tag::QUANTITY_BASE];
    lead.extend_from_slice(base);
    lead.push(0);
    vec![if bounds.inside {
        between(&lead, bounds)
    } else {
        Range::prefix(&lead)
    }]
}

fn between(lead: &[u8], bounds: &Bounds) -> Range {
    let key = |value: f64| [lead, &sortable_f64(value)].concat();
    Range {
        lo: key(bounds.lo),
        hi: Range::prefix(&key(bounds.hi)).hi,
    }
}

/// Base units as they stand in a key.
pub(super) fn escaped(base: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(base.len());
    text(&mut out, base);
    out
}

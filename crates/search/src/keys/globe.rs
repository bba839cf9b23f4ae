//! Places on earth on one line: latitude and longitude bit by bit (a Z-order curve), so that a box around a place is a
//! few ranges of the line.

use super::encode::{read_f64, sortable_f64};
use super::{Range, tag};

/// Mean radius of the earth (IUGG), metres.
const RADIUS_M: f64 = 6_371_008.8;

/// A box is cut into cells until they are this much smaller than it.
const FINER: f64 = 8.0;

/// Deepest cells: 2^20 to a side, about 40 m.
const DEEPEST: u32 = 20;

/// A circle on the globe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Circle {
    pub latitude: f64,
    pub longitude: f64,
    pub distance_m: f64,
}

/// Degrees, both ends inclusive.
#[derive(Debug, Clone, Copy)]
struct Area {
    south: f64,
    north: f64,
    west: f64,
    east: f64,
}

const EVERYWHERE: Area = Area {
    south: -90.0,
    north: 90.0,
    west: -180.0,
    east: 180.0,
};

/// The key of a place.
pub(super) fn encode(latitude: f64, longitude: f64) -> Vec<u8> {
    let mut key = vec![tag::POSITION];
    key.extend(place(latitude, longitude).to_be_bytes());
    key.extend(sortable_f64(latitude));
    key.extend(sortable_f64(longitude));
    key
}

fn place(latitude: f64, longitude: f64) -> u64 {
    let of = |share: f64| spread((share.clamp(0.0, 1.0) * f64::from(u32::MAX)) as u32);
    of((latitude + 90.0) / 180.0) << 1 | of((longitude + 180.0) / 360.0)
}

/// Puts a 0 between each two bits.
fn spread(value: u32) -> u64 {
    let mut bits = u64::from(value);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// Great-circle distance in metres (haversine).
fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let h = half(b.0 - a.0) + a.0.to_radians().cos() * b.0.to_radians().cos() * half(b.1 - a.1);
    2.0 * RADIUS_M * h.sqrt().min(1.0).asin()
}

impl Circle {
    /// Whether the place of a key lies inside.
    pub fn holds(&self, key: &[u8]) -> bool {
        let side = |at: usize| key.get(at..).and_then(read_f64);
        let (Some(latitude), Some(longitude), Some(&tag::POSITION)) = (side(9), side(17), key.first()) else {
            return false;
        };
        distance_m((self.latitude, self.longitude), (latitude, longitude)) <= self.distance_m
    }

    /// Rows that hold every place inside.
    pub fn ranges(&self) -> Vec<Range> {
        let mut ranges = Vec::new();
        for area in self.areas() {
            // By the longer side: near a pole the box is wide and low.
            let share = ((area.north - area.south) / 180.0).max((area.east - area.west) / 360.0);
            let depth = (FINER / share.max(1e-9)).log2().clamp(1.0, f64::from(DEEPEST));
            cover(EVERYWHERE, 0, 0, depth as u32, &area, &mut ranges);
        }
        ranges
    }

    /// One box, or two where the circle crosses the 180th meridian; a little larger than needed.
    fn areas(&self) -> Vec<Area> {
        let angle = self.distance_m / RADIUS_M * 1.000_001 + 1e-9;
        let (south, north) = (self.latitude - angle.to_degrees(), self.latitude + angle.to_degrees());
        let whole = Area {
            south: south.max(-90.0),
            north: north.min(90.0),
            ..EVERYWHERE
        };
        if south <= -90.0 || north >= 90.0 {
            return vec![whole];
        }
        let reach = (angle.sin() / self.latitude.to_radians().cos()).asin().to_degrees();
        let (west, east) = (self.longitude - reach, self.longitude + reach);
        match (west < -180.0, east > 180.0) {
            _ if !reach.is_finite() => vec![whole],
            (true, true) => vec![whole],
            (true, false) => vec![
                Area { east, ..whole },
                Area {
                    west: west + 360.0,
                    ..whole
                },
            ],
            (false, true) => vec![
                Area { west, ..whole },
                Area {
                    east: east - 360.0,
                    ..whole
                },
            ],
            (false, false) => vec![Area { west, east, ..whole }],
        }
    }
}

/// Adds the cells under `cell` (whose place begins with `prefix`, of `level` bits to a side) that meet the area.
fn cover(cell: Area, prefix: u64, level: u32, depth: u32, area: &Area, ranges: &mut Vec<Range>) {
    let apart = cell.east < area.west || area.east < cell.west || cell.north < area.south || area.north < cell.south;
    if apart {
        return;
    }
    let within =
        area.west <= cell.west && cell.east <= area.east && area.south <= cell.south && cell.north <= area.north;
    if within || level == depth {
        let shift = 64 - 2 * level;
        let first = if level == 0 { 0 } else { prefix << shift };
        let last = if level == 0 {
            u64::MAX
        } else {
            first | ((1u128 << shift) - 1) as u64
        };
        let key = |place: u64| [&[tag::POSITION][..], &place.to_be_bytes()].concat();
        ranges.push(Range {
            lo: key(first),
            hi: Range::prefix(&key(last)).hi,
        });
        return;
    }
    let (middle, equator) = ((cell.west + cell.east) / 2.0, (cell.south + cell.north) / 2.0);
    for quarter in 0..4 {
        let (south, north) = if quarter & 2 == 0 {
            (cell.south, equator)
        } else {
            (equator, cell.north)
        };
        let (west, east) = if quarter & 1 == 0 {
            (cell.west, middle)
        } else {
            (middle, cell.east)
        };
        let part = Area {
            south,
            north,
            west,
            east,
        };
        cover(part, prefix << 2 | quarter, level + 1, depth, area, ranges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::normalise;
    use proptest::prelude::*;

    #[test]
    fn known_distances() {
        let (naples, rome) = ((40.8518, 14.2681), (41.9028, 12.4964));
        assert!((distance_m(naples, rome) - 189_000.0).abs() < 1_000.0);
        assert!((distance_m((0.0, 179.5), (0.0, -179.5)) - 111_195.0).abs() < 10.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_place_inside_is_met(
            latitude in -90.0..=90.0f64, longitude in -180.0..=180.0f64, power in 0.0..7.4f64,
            north in -1.1..1.1f64, east in -1.1..1.1f64,
        ) {
            let circle = Circle { latitude, longitude, distance_m: 10_f64.powf(power) };
            let reach = (circle.distance_m / RADIUS_M).to_degrees();
            let found = (latitude + north * reach).clamp(-90.0, 90.0);
            let turned = longitude + east * reach / found.to_radians().cos().abs().max(1e-6);
            let key = encode(found, (turned + 180.0).rem_euclid(360.0) - 180.0);
            let ranges = normalise(circle.ranges());
            prop_assert!(ranges.len() <= 400, "{} ranges", ranges.len());
            if circle.holds(&key) {
                prop_assert!(ranges.iter().any(|range| range.holds(&key[..9])));
            }
        }
    }
}

//! Municipalities of Campania: names, residents, where they are (`data/comuni.tsv`).

use crate::fold::fold;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A municipality.
#[derive(Debug, Clone)]
pub struct Place {
    /// ISTAT code, six digits.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// Province, two letters.
    pub province: &'static str,
    /// Centre of the largest part of its territory: latitude and longitude, degrees.
    pub centre: (f64, f64),
    /// Name as it is compared.
    folded: String,
}

static TABLE: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let lines = include_str!("../data/comuni.tsv").lines();
    let rows = lines.filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        let (code, name, province) = (cells.next()?, cells.next()?, cells.next()?);
        let centre = (cells.nth(2)?.parse().ok()?, cells.next()?.parse().ok()?);
        Some(Place {
            code,
            name,
            province,
            centre,
            folded: fold(name),
        })
    });
    rows.collect()
});

static BY_CODE: LazyLock<HashMap<&'static str, usize>> = LazyLock::new(|| {
    let places = TABLE.iter().enumerate();
    places.map(|(index, place)| (place.code, index)).collect()
});

/// All of them, by code.
#[cfg(test)]
pub fn all() -> &'static [Place] {
    &TABLE
}

/// The one with an ISTAT code.
pub fn by_code(code: &str) -> Option<&'static Place> {
    BY_CODE.get(code).map(|index| &TABLE[*index])
}

/// The one with a name, accents and case aside.
pub fn by_name(name: &str) -> Option<&'static Place> {
    let folded = fold(name);
    TABLE.iter().find(|place| place.folded == folded)
}

/// The municipality that a text such as `via Roma 1, Aversa` names: the longest name that stands in it, at its end before
/// elsewhere.
pub fn named_in(text: &str) -> Option<&'static Place> {
    let folded = format!(" {} ", fold(text));
    let named = TABLE.iter().filter_map(|place| {
        let at = folded.rfind(&format!(" {} ", place.folded))?;
        Some((at + place.folded.len(), place.folded.len(), place))
    });
    named
        .max_by_key(|(end, length, _)| (*end, *length))
        .map(|(_, _, place)| place)
}

/// Distance on the globe in kilometres (haversine, mean radius 6371.0088 km).
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (a, b) = (from.0.to_radians(), to.0.to_radians());
    let (north, east) = (b - a, (to.1 - from.1).to_radians());
    let h = (north / 2.0).sin().powi(2) + a.cos() * b.cos() * (east / 2.0).sin().powi(2);
    2.0 * 6371.0088 * h.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_municipality_of_the_region_is_there_and_found_in_an_address() {
        assert_eq!(all().len(), 550);
        for (text, expected) in [
            ("Via Roma 12, Aversa", "061005"),
            ("corso napoli 3 SALERNO", "065116"),
            ("san giorgio a cremano", "063067"),
        ] {
            assert_eq!(named_in(text).map(|place| place.code), Some(expected), "{text}");
        }
        assert!(named_in("via del tutto ignota").is_none());
    }

    #[test]
    fn naples_to_salerno_is_about_fifty_kilometres() {
        let between = |a: &str, b: &str| distance_km(by_name(a).unwrap().centre, by_name(b).unwrap().centre);
        assert!((45.0..60.0).contains(&between("Napoli", "Salerno")));
        assert!(between("Napoli", "Napoli") < 0.001);
    }
}

//! The municipalities of the region with their centre, for distances.

use super::codes::{MUNICIPALITY, extension};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A municipality.
#[derive(Debug, PartialEq)]
pub(crate) struct Municipality {
    /// ISTAT code, six digits.
    pub istat: &'static str,
    /// Name.
    pub name: &'static str,
    /// Letters of its province.
    pub province: &'static str,
    /// Its centre.
    pub at: Point,
}

/// A place on earth, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub latitude: f64,
    pub longitude: f64,
}

impl Point {
    /// Of a FHIR `Location.position`.
    pub fn of(position: &Value) -> Option<Self> {
        let number = |key: &str| position[key].as_f64().filter(|degrees| degrees.is_finite());
        Some(Self {
            latitude: number("latitude")?,
            longitude: number("longitude")?,
        })
    }

    /// Great-circle distance, kilometres.
    pub fn distance_km(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let h = half(other.latitude - self.latitude) + a.cos() * b.cos() * half(other.longitude - self.longitude);
        2.0 * 6371.0 * h.sqrt().min(1.0).asin()
    }
}

static ALL: LazyLock<Vec<Municipality>> = LazyLock::new(|| {
    let lines = include_str!("../../rules/comuni_coordinate.tsv").lines().skip(2);
    lines.filter_map(read).collect()
});

static BY_NAME: LazyLock<HashMap<String, &'static Municipality>> =
    LazyLock::new(|| ALL.iter().map(|one| (codicefiscale::fold(one.name), one)).collect());

fn read(line: &'static str) -> Option<Municipality> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [istat, name, province, latitude, longitude] = cells[..] else {
        return None;
    };
    Some(Municipality {
        istat,
        name,
        province,
        at: Point {
            latitude: latitude.parse().ok()?,
            longitude: longitude.parse().ok()?,
        },
    })
}

/// By ISTAT code.
pub(crate) fn of_code(istat: &str) -> Option<&'static Municipality> {
    ALL.binary_search_by(|one| one.istat.cmp(istat)).ok().map(|at| &ALL[at])
}

/// Of an address: by its code where it says one, else by name.
pub(crate) fn of_address(address: &Value) -> Option<&'static Municipality> {
    let code = extension(address, MUNICIPALITY).and_then(|one| one["valueCode"].as_str());
    let code = code.or_else(|| address["_city"]["extension"][0]["valueCode"].as_str());
    code.and_then(of_code)
        .or_else(|| BY_NAME.get(&codicefiscale::fold(address["city"].as_str()?)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_measures() {
        assert_eq!(ALL.len(), 550);
        let (naples, salerno) = (of_code("063049").unwrap(), of_code("065116").unwrap());
        let far = naples.at.distance_km(salerno.at);
        assert!((40.0..60.0).contains(&far), "{far}");
        assert_eq!(of_address(&serde_json::json!({"city": "NAPOLI"})), Some(naples));
        assert_eq!(of_address(&serde_json::json!({"city": "Milano"})), None);
    }
}

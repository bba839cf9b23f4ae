//! Residents by municipality, age and sex.

use flate2::read::GzDecoder;
use std::io::Read as _;

/// Ages counted, from 0 to 100 and over.
pub(crate) const AGES: usize = 101;

/// Regions whose table comes with the program: code and name.
pub const REGIONS: &[(&str, &str)] = &[("15", "Campania")];

/// Why no people can be made.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    /// There is no table of this region.
    #[error("region '{0}': there is no table of its residents; those that are: 15 (Campania)")]
    Region(String),
    /// A scale that makes nobody, or more than there are.
    #[error("scale {0}: give a number above 0 and up to 10, where 1 is as many people as there are")]
    Scale(f64),
    /// The table that comes with the program is not as it should be.
    #[error("the table of region {region}, line {line}: {what}")]
    Table {
        /// Code of the region.
        region: String,
        /// Line of the table.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// A municipality with its residents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// ISTAT code, six digits.
    pub code: String,
    /// Belfiore code, as in a codice fiscale.
    pub belfiore: String,
    /// Letters of the province.
    pub province: String,
    /// Name.
    pub name: String,
    /// Women by age; the last entry is 100 and over.
    pub women: Vec<u32>,
    /// Men by age.
    pub men: Vec<u32>,
}

impl Municipality {
    /// Everybody.
    pub fn residents(&self) -> u64 {
        self.women.iter().chain(&self.men).map(|count| u64::from(*count)).sum()
    }

    /// Those younger than 14, who have a paediatrician.
    pub(crate) fn children(&self) -> u64 {
        let young = self.women[..14].iter().chain(&self.men[..14]);
        young.map(|count| u64::from(*count)).sum()
    }
}

/// The municipalities of a region.
pub(crate) fn read(region: &str) -> Result<Vec<Municipality>, PopulationError> {
    let packed: &[u8] = match region {
        "15" | "150" => include_bytes!("../data/15.tsv.gz"),
        other => return Err(PopulationError::Region(other.to_owned())),
    };
    let wrong = |line: usize, what: &'static str| PopulationError::Table {
        region: region.to_owned(),
        line,
        what,
    };
    let mut text = String::new();
    GzDecoder::new(packed)
        .read_to_string(&mut text)
        .map_err(|_| wrong(0, "it cannot be unpacked"))?;
    let rows = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    rows.map(|(n, line)| municipality(line).map_err(|what| wrong(n + 1, what)))
        .collect()
}

fn municipality(line: &str) -> Result<Municipality, &'static str> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [code, belfiore, province, name, women, men] = fields[..] else {
        return Err("six columns");
    };
    let counts = |text: &str| -> Result<Vec<u32>, &'static str> {
        let counts: Vec<u32> = text
            .split(' ')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| "whole numbers")?;
        (counts.len() == AGES)
            .then_some(counts)
            .ok_or("one number for each age from 0 to 100")
    };
    Ok(Municipality {
        code: code.to_owned(),
        belfiore: belfiore.to_owned(),
        province: province.to_owned(),
        name: name.to_owned(),
        women: counts(women)?,
        men: counts(men)?,
    })
}

//! The comuni of Campania: `comuni_campania.csv`, from ISTAT (codes 2024, residents 2023, CC BY).

use rand::Rng;
use std::sync::LazyLock;

/// A comune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comune {
    /// ISTAT code, six digits.
    pub istat: &'static str,
    /// Name.
    pub name: &'static str,
    /// Letters of its province.
    pub province: &'static str,
    /// Belfiore (cadastral) code, as in the codice fiscale.
    pub belfiore: &'static str,
    /// Residents on 1 January 2023.
    pub residents: u32,
}

static COMUNI: LazyLock<Vec<Comune>> = LazyLock::new(|| {
    let lines = include_str!("comuni_campania.csv").lines().skip(1);
    lines.filter_map(comune).collect()
});

fn comune(line: &'static str) -> Option<Comune> {
    let mut cells = line.split(',');
    Some(Comune {
        istat: cells.next()?,
        name: cells.next()?,
        province: cells.next()?,
        belfiore: cells.next()?,
        residents: cells.next()?.parse().ok()?,
    })
}

/// All comuni of Campania, by ISTAT code.
pub fn comuni() -> &'static [Comune] {
    &COMUNI
}

/// A comune, as likely as it has residents.
pub(super) fn pick(rng: &mut impl Rng) -> &'static Comune {
    let total: u32 = COMUNI.iter().map(|c| c.residents).sum();
    let mut left = rng.random_range(0..total);
    for comune in COMUNI.iter() {
        if left < comune.residents {
            return comune;
        }
        left -= comune.residents;
    }
    &COMUNI[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(comuni().len(), 550);
        let naples = comuni().iter().find(|c| c.istat == "063049").unwrap();
        assert_eq!(
            (naples.name, naples.province, naples.belfiore),
            ("Napoli", "NA", "F839")
        );
        assert!(comuni().iter().all(|c| c.belfiore.len() == 4 && c.province.len() == 2));
    }
}

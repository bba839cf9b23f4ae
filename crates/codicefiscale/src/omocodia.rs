//! Omocodia: the forms of a code in which digits are letters.

use crate::CodiceFiscale;
use crate::code::DIGITS;

impl CodiceFiscale {
    /// All 128 forms of a code, its base form first: the seven digits as they are or as letters, each with the check
    /// character it makes. Fewer letters come before more, places on the right before those on the left. The tax office
    /// takes letters from the right, so that real codes are among few of them; all are valid.
    pub fn forms(&self) -> Vec<CodiceFiscale> {
        let mut choices: Vec<Vec<usize>> = (0u8..128)
            .map(|bits| (0..DIGITS.len()).filter(|place| bits >> place & 1 == 1).collect())
            .collect();
        choices.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        choices.iter().map(|places| self.omocode(places)).collect()
    }

    /// Whether two codes are forms of the same base.
    pub fn same_base(&self, other: &CodiceFiscale) -> bool {
        self.plain()[..15] == other.plain()[..15]
    }
}

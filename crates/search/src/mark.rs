//! The opaque mark between two pages.

use super::walk::Position;
use crate::error::Outcome;
use serde::{Deserialize, Serialize};
use store::StoreError;

/// Where the next page starts, and in which state of the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Last position of the change feed that the first page saw.
    pub seq: i64,
    /// Last row id given out by then.
    pub rid: i64,
    /// All matches, where the first page counted them.
    pub total: Option<u64>,
    /// The last match of the page before; `None`: the first page.
    pub mark: Option<Mark>,
}

/// A place in the order of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Mark {
    /// In the order of a driver: its condition, and the last place.
    Driven(Option<usize>, Position),
    /// In the order of one sort key's index: the last place, among those with the key or those without.
    Sorted(bool, Option<Position>),
    /// Ordered in memory: the last match's sort keys and row id.
    Ordered(Vec<Option<Vec<u8>>>, i64),
}

impl Place {
    /// As text for a URL.
    pub fn to_text(&self) -> String {
        let json = serde_json::to_vec(self).expect("a mark always serialises");
        json.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Back from text.
    pub fn from_text(text: &str) -> Outcome<Self> {
        let digit = |digit: u8| (digit as char).to_digit(16);
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| Some((digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?) as u8))
            .collect();
        bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(invalid)
    }
}

/// The mark does not belong to this search.
pub(super) fn invalid() -> StoreError {
    StoreError::Invalid(
        "the page mark was not given out by an earlier page of this search; start from the first page".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_and_rubbish_is_refused() {
        for mark in [
            Some(Mark::Driven(Some(3), Position::Key(vec![1, 0, 255], 7))),
            Some(Mark::Driven(None, Position::Id("a".into()))),
            Some(Mark::Sorted(true, Some(Position::Updated(-4, 2)))),
            Some(Mark::Ordered(vec![None, Some(vec![9])], i64::MAX)),
            None,
        ] {
            let place = Place {
                seq: 4,
                rid: 2,
                total: Some(7),
                mark,
            };
            assert_eq!(Place::from_text(&place.to_text()).unwrap(), place);
        }
        for text in ["", "0", "zz", "7b7d", "è"] {
            assert!(matches!(Place::from_text(text), Err(StoreError::Invalid(_))), "{text}");
        }
    }
}

//! Ranges of index-row keys.

use super::MAX_ROW_KEY;

/// Keys from `lo` (inclusive) to `hi` (exclusive).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First key.
    pub lo: Vec<u8>,
    /// First key after.
    pub hi: Vec<u8>,
}

impl Range {
    /// Exactly this key (or, beyond the row limit, the rows cut to the same bytes).
    pub fn equal(key: &[u8]) -> Self {
        let lo = key[..key.len().min(MAX_ROW_KEY)].to_vec();
        let mut hi = lo.clone();
        hi.push(0);
        Self { lo, hi }
    }

    /// Keys that start with this.
    pub fn prefix(key: &[u8]) -> Self {
        if key.len() >= MAX_ROW_KEY {
            return Self::equal(key);
        }
        Self {
            lo: key.to_vec(),
            hi: successor(key),
        }
    }

    /// The same keys behind `lead`, within the row limit.
    pub fn behind(&self, lead: &[u8]) -> Self {
        if lead.len() >= MAX_ROW_KEY {
            return Self::equal(lead);
        }
        let mut lo = [lead, &self.lo].concat();
        lo.truncate(MAX_ROW_KEY);
        let mut hi = [lead, &self.hi].concat();
        if hi.len() > MAX_ROW_KEY {
            // A row cut to the limit may equal the cut end.
            hi.truncate(MAX_ROW_KEY);
            hi.push(0);
        }
        Self { lo, hi }
    }

    /// Every key of a tag.
    pub fn tag(tag: u8) -> Self {
        Self {
            lo: vec![tag],
            hi: vec![tag + 1],
        }
    }

    /// Whether the key lies inside.
    pub fn holds(&self, key: &[u8]) -> bool {
        self.lo.as_slice() <= key && key < self.hi.as_slice()
    }

    /// Whether the range is one key only.
    pub fn single(&self) -> bool {
        self.hi.len() == self.lo.len() + 1 && self.hi.starts_with(&self.lo) && self.hi.last() == Some(&0)
    }
}

/// The smallest key greater than every key that starts with `key`; tags are small, so there is one.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    while let Some(last) = next.pop() {
        if last < 0xff {
            next.push(last + 1);
            return next;
        }
    }
    vec![0xff; MAX_ROW_KEY + 1]
}

/// Sorted, merged, without empty ones: walking them one after the other meets each key once, in order.
pub(crate) fn normalise(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.retain(|range| range.lo < range.hi);
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.lo <= last.hi => {
                if range.hi > last.hi {
                    last.hi = range.hi;
                }
            }
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_ends_after_the_last_key_that_starts_with_it() {
        let range = Range::prefix(&[1, 0xff]);
        assert_eq!(range.hi, [2]);
        assert!(range.holds(&[1, 0xff, 0xff]) && !range.holds(&[2]) && !range.holds(&[1, 0xfe]));
    }

    #[test]
    fn overlapping_ranges_become_one() {
        let range = |lo: u8, hi: u8| Range {
            lo: vec![lo],
            hi: vec![hi],
        };
        assert_eq!(
            normalise(vec![range(5, 9), range(1, 3), range(2, 4), range(7, 7)]),
            [range(1, 4), range(5, 9)]
        );
    }
}

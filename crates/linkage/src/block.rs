//! Blocking: only records that share a key are compared.

use crate::Table;
use crate::compare::Prepared;

/// How a value becomes part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// As it is.
    Whole,
    /// How its first word sounds.
    Sound,
    /// Its first bytes.
    Start(usize),
    /// Its last bytes.
    End(usize),
    /// Its words together with those of the field that it is exchanged with, in any order.
    WithExchanged,
}

/// A field in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// Number of the field.
    pub field: usize,
    /// How it is used.
    pub how: How,
}

/// A key: its parts together. A record that misses one has no such key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block {
    /// Its parts.
    pub parts: Vec<Part>,
    /// Whether records that share it are mostly the same person, so that the weights of the other fields are learnt from them.
    pub trains: bool,
}

impl Block {
    /// A key that only brings records together.
    pub fn of(parts: Vec<Part>) -> Block {
        Block { parts, trains: false }
    }

    /// A key that says so much that the weights of other fields are learnt from records that share it.
    pub fn training(parts: Vec<Part>) -> Block {
        Block { parts, trains: true }
    }
}

/// The keys of all records for each block; 0 where there is none.
pub(crate) struct Keys {
    /// The keys of each record, one record after the other.
    rows: Vec<u64>,
    blocks: usize,
    /// The groups of each block.
    pub groups: Vec<Groups>,
    /// Groups that were left out because they are too large, and the records in them.
    pub left_out: (u64, u64),
    /// Pairs of all blocks, those that share more than one key counted again.
    pub pairs: u64,
}

/// Records of one block that share a key, group after group.
#[derive(Default)]
pub(crate) struct Groups {
    records: Vec<u32>,
    /// Where each group ends.
    ends: Vec<u32>,
    /// Pairs of this block.
    pub pairs: u64,
}

impl Groups {
    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The records of a group.
    pub fn group(&self, at: usize) -> &[u32] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.records[start as usize..self.ends[at] as usize]
    }
}

fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // parts do not run into each other
    (hash ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3)
}

impl Block {
    fn key(&self, table: &Table, record: u32) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325;
        for part in &self.parts {
            let Some(value) = table.value(part.field, record) else {
                return 0;
            };
            let text = &value.text;
            hash = match part.how {
                How::Whole => mix(hash, text),
                How::Sound if value.sound == 0 => mix(hash, text),
                How::Sound => mix(hash, &value.sound.to_le_bytes()),
                How::Start(count) => mix(hash, &text[..text.len().min(count)]),
                How::End(count) => mix(hash, &text[text.len().saturating_sub(count)..]),
                How::WithExchanged => {
                    let other = table.setup().fields[part.field].exchanged_with;
                    let Some(other) = other.and_then(|field| table.value(field, record)) else {
                        return 0;
                    };
                    bag(hash, value, other)
                }
            };
        }
        hash.max(1)
    }
}

fn bag(hash: u64, a: &Prepared, b: &Prepared) -> u64 {
    let mut words: Vec<&[u8]> = a.words.iter().chain(&b.words).map(AsRef::as_ref).collect();
    words.sort_unstable();
    words.into_iter().fold(hash, mix)
}

impl Keys {
    /// Makes all keys. Groups of more than `max_group` records are left out: the pairs of a frequent key would be without
    /// end, and say little.
    pub fn of(table: &Table, max_group: usize) -> Keys {
        let records = u32::try_from(table.len()).expect("checked when they were added");
        let blocks = table.setup().blocks.len();
        let mut keys = Keys {
            rows: vec![0; records as usize * blocks],
            blocks,
            groups: vec![],
            left_out: (0, 0),
            pairs: 0,
        };
        for (at, block) in table.setup().blocks.iter().enumerate() {
            let keyed = (0..records).map(|record| (block.key(table, record), record));
            let mut keyed: Vec<(u64, u32)> = keyed.filter(|(key, _)| *key != 0).collect();
            keyed.sort_unstable();
            let mut groups = Groups::default();
            for group in keyed.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
                let size = group.len() as u64;
                if group.len() > max_group {
                    keys.left_out.0 += 1;
                    keys.left_out.1 += size;
                    continue;
                }
                groups.pairs += size * (size - 1) / 2;
                for (key, record) in group {
                    keys.rows[*record as usize * blocks + at] = *key;
                    groups.records.push(*record);
                }
                groups
                    .ends
                    .push(u32::try_from(groups.records.len()).expect("at most all records"));
            }
            keys.pairs += groups.pairs;
            keys.groups.push(groups);
        }
        keys
    }

    /// Whether an earlier block brings the pair together, too.
    pub fn met_before(&self, block: usize, a: u32, b: u32) -> bool {
        let row = |record: u32| &self.rows[record as usize * self.blocks..][..block];
        row(a).iter().zip(row(b)).any(|(a, b)| *a != 0 && a == b)
    }
}

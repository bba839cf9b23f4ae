//! Access records as a store keeps them: rows of JSON lines, one row for each group commit, chained.
//!
//! A row carries SHA-256 over the hash of the row before it and all of its own. A row that is changed, left out or put in
//! between breaks the chain from there on.

use crate::{Outcome, corrupt};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use store::{AuditEntry, AuditFilter, AuditPage, AuditPlace, AuditRecord};

/// SHA-256.
pub type Hash = [u8; 32];

/// What a look at the chain of access records found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditChain {
    /// Records that were looked at.
    pub records: u64,
    /// Rows of the chain.
    pub rows: u64,
    /// Rows of before there was a chain.
    pub unchained: u64,
    /// Number and hash (hexadecimal) of the last row: to be kept elsewhere, against a file that is cut off or made anew.
    pub head: Option<(i64, String)>,
    /// What is broken; 100 are listed at most.
    pub broken: Vec<String>,
}

/// Problems of a chain that are listed.
const MAX_BROKEN: usize = 100;

/// The hash of a row: of the row before it, its number, how many records it has, the keys of their patients, their lines.
pub fn link(before: &Hash, n: i64, count: i64, patients: &[u8], lines: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(n.to_be_bytes());
    hash.update(count.to_be_bytes());
    hash.update((patients.len() as u64).to_be_bytes());
    hash.update(patients);
    hash.update(lines);
    hash.finalize().into()
}

/// Follows a chain from its beginning, row by row.
#[derive(Debug, Default)]
pub struct Follow {
    /// What was found so far.
    pub found: AuditChain,
    before: Hash,
    last: Option<i64>,
}

impl Follow {
    /// A chain whose rows up to this one were removed at the end of their time; the hash of that row was kept.
    pub fn after(row: i64, hash: Option<Hash>) -> Self {
        Self {
            before: hash.unwrap_or([0; 32]),
            last: Some(row),
            ..Self::default()
        }
    }

    /// The next row: its number, how many records it has, the keys of their patients, their lines, its hash if it has one.
    pub fn row(&mut self, (n, count): (i64, i64), patients: &[u8], lines: &str, chain: Option<&[u8]>) {
        self.found.records += count.max(0) as u64;
        if let Some(gone) = self.last.filter(|last| n != last + 1) {
            self.tell(format!("between row {gone} and row {n} rows are missing"));
        }
        self.last = Some(n);
        let Some(chain) = chain else {
            if self.found.rows > 0 {
                self.tell(format!("row {n} has lost its hash"));
            }
            self.found.unchained += 1;
            return;
        };
        if chain != link(&self.before, n, count, patients, lines) {
            self.tell(format!("row {n}, or the row before it, is not as it was written"));
        }
        self.found.rows += 1;
        self.before = chain.try_into().unwrap_or([0; 32]);
        self.found.head = Some((n, hex(&self.before)));
    }

    fn tell(&mut self, what: String) {
        if self.found.broken.len() < MAX_BROKEN {
            self.found.broken.push(what);
        }
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// FNV-1a with a final mix: spreads ids over the buckets. Part of the file format.
pub fn key(patient: &str) -> u64 {
    let hash = patient.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// The records of a group commit as a row holds them.
#[derive(Debug)]
pub struct Lines {
    /// JSON lines, oldest first.
    pub text: String,
    /// Keys of the patients concerned, each once, sorted.
    pub keys: Vec<u64>,
    /// The keys, 8 bytes each, big endian.
    pub patients: Vec<u8>,
}

impl Lines {
    /// Of these records.
    pub fn of(entries: &[AuditEntry]) -> Self {
        let mut keys: Vec<u64> = entries.iter().flat_map(AuditEntry::patients).map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut text = String::with_capacity(entries.len() * 192);
        for entry in entries {
            text.push_str(&serde_json::to_string(entry).expect("an access record always serialises"));
            text.push('\n');
        }
        Self {
            text,
            patients: keys.iter().flat_map(|key| key.to_be_bytes()).collect(),
            keys,
        }
    }
}

/// Records looked at for one page at most; where more would have to be, the page says where to go on.
const SCAN: usize = 100_000;
/// An entry says when the access began and lies where it was written: a long one may lie this much later.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// Reads a line.
///
/// # Errors
/// It is none of this program's.
pub fn parse(line: &str) -> Outcome<AuditEntry> {
    serde_json::from_str(line).map_err(|error| corrupt(&format!("audit entry: {error}")))
}

/// The record at a place, out of its row's lines.
///
/// # Errors
/// The line is none of this program's.
pub fn at(place: AuditPlace, lines: &str) -> Outcome<Option<AuditRecord>> {
    let line = lines.lines().nth(place.place as usize);
    line.map(|line| {
        Ok(AuditRecord {
            place,
            entry: parse(line)?,
        })
    })
    .transpose()
}

/// Whether a row with these lines may hold, or come before one that holds, an access before a moment.
///
/// # Errors
/// The first line is none of this program's.
pub fn may_precede(lines: &str, until: Timestamp) -> Outcome<bool> {
    let first = lines.lines().next().map(parse).transpose()?;
    Ok(first.is_some_and(|entry| entry.at < until + SLACK))
}

/// A walk through rows, newest first.
#[derive(Debug)]
pub struct Walk<'a> {
    filter: &'a AuditFilter,
    looked: usize,
    page: &'a mut AuditPage,
}

impl<'a> Walk<'a> {
    /// A walk that fills this page.
    pub fn new(filter: &'a AuditFilter, page: &'a mut AuditPage) -> Self {
        Self {
            filter,
            looked: 0,
            page,
        }
    }

    /// Takes what is asked for out of a row's lines; `false` when the page is at its end.
    ///
    /// # Errors
    /// A line is none of this program's.
    pub fn row(&mut self, n: i64, lines: &str) -> Outcome<bool> {
        let lines: Vec<&str> = lines.lines().collect();
        let mut too_old = self.filter.since.is_some();
        for (place, line) in lines.iter().enumerate().rev() {
            let place = AuditPlace {
                row: n,
                place: place as u32,
            };
            if self.filter.before.is_some_and(|before| place >= before) {
                too_old = false;
                continue;
            }
            if self.page.records.len() >= self.filter.limit || self.looked >= SCAN {
                self.page.next = Some(AuditPlace {
                    row: n,
                    place: place.place + 1,
                });
                return Ok(false);
            }
            self.looked += 1;
            if self
                .filter
                .patient
                .as_deref()
                .is_some_and(|patient| !line.contains(patient))
                || self.filter.actor.as_deref().is_some_and(|actor| !line.contains(actor))
            {
                too_old = false;
                continue;
            }
            let entry = parse(line)?;
            too_old &= self.filter.since.is_some_and(|since| entry.at + SLACK < since);
            if self.filter.matches(&entry) {
                self.page.records.push(AuditRecord { place, entry });
            }
        }
        Ok(!too_old)
    }
}

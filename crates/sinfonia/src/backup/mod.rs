//! The file of a backup.
//!
//! `SINFBK1\n`, the length of the header (4 bytes, big endian), the header (JSON, readable without a key: nothing of it is
//! about anybody), the content. The content is gzip over entries, each with name, length and bytes, and a last one with
//! SHA-256 over all before it; encrypted, it goes through [`seal`] a piece at a time.

mod entries;
mod seal;

pub use entries::{Reader, Writer};
pub use seal::Key;

use serde::{Deserialize, Serialize};

/// The beginning of every backup.
const MAGIC: &[u8; 8] = b"SINFBK1\n";
/// Largest header.
const MAX_HEADER: u32 = 64 * 1024;

/// Name of the entry with the store, as an SQLite file.
pub const STORE: &str = "sinfonia.sqlite";
/// Name of the entry with the key of the installation; only in what is encrypted.
pub const INTERNAL_KEY: &str = "internal.key";
/// Name of the entry that says how many rows each table has.
pub const COUNTS: &str = "counts.json";

/// What everybody may read of a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// When it was made.
    pub made: jiff::Timestamp,
    /// Version of the program that made it.
    pub program: String,
    /// Store it was made of: `sqlite` or `postgres`.
    pub store: String,
    /// Random bytes in hexadecimal that the key of this file is derived with; without them, it is not encrypted.
    pub salt: Option<String>,
}

//! The packed file: 4 bytes (little endian) length of the compressed index, the compressed index, the compressed blocks.
//!
//! Index lines, tab separated: `B start length` for a block (start counted after the index), then
//! `kind url version block start length` for a resource inside an uncompressed block; kind is `C`, `V` or `M`.

use flate2::{Compression, write::ZlibEncoder};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;

/// Uncompressed bytes after which a new block starts: small enough to be read fast, large enough to compress well.
const BLOCK_BYTES: usize = 96 * 1024;

/// Packs resources.
pub fn pack(resources: &[Value]) -> Vec<u8> {
    let (mut lines, mut blocks) = (String::new(), Vec::new());
    let (mut block, mut number) = (Vec::new(), 0);
    for resource in resources {
        if block.len() > BLOCK_BYTES {
            close(&mut block, &mut blocks, &mut lines);
            number += 1;
        }
        let start = block.len();
        serde_json::to_writer(&mut block, resource).expect("a JSON value always serialises");
        let kind = match resource["resourceType"].as_str() {
            Some("CodeSystem") => 'C',
            Some("ValueSet") => 'V',
            _ => 'M',
        };
        let text = |name: &str| resource[name].as_str().unwrap_or_default();
        writeln!(
            lines,
            "{kind}\t{}\t{}\t{number}\t{start}\t{}",
            text("url"),
            text("version"),
            block.len() - start,
        )
        .expect("a String can be written");
    }
    close(&mut block, &mut blocks, &mut lines);
    let index = compress(lines.as_bytes());
    let length = u32::try_from(index.len()).expect("the index is small");
    [&length.to_le_bytes()[..], &index, &blocks].concat()
}

fn close(block: &mut Vec<u8>, blocks: &mut Vec<u8>, lines: &mut String) {
    let packed = compress(block);
    writeln!(lines, "B\t{}\t{}", blocks.len(), packed.len()).expect("a String can be written");
    blocks.extend(packed);
    block.clear();
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("a Vec can be written");
    encoder.finish().expect("a Vec can be written")
}

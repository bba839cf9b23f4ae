//! The compiled table: one line for each fact, fields separated by tabs. `src/definitions/table.rs` reads it.
//!
//! ```text
//! F  fingerprint (hexadecimal)
//! T  type path, kind                                    (followed by its elements)
//! E  name, type path, min, 1|*, choice stem, targets, implied code system, flags
//! C  resource type, parameters of the patient compartment
//! P  resource type, name, type, url, expression, targets, components (`type expression; type expression`)
//! ```

use crate::{params::Params, structures::Types};
use std::{collections::BTreeMap, fmt::Write};

/// The whole table.
pub fn render(types: &Types, params: &Params, compartment: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::new();
    for (path, kind) in types {
        writeln!(out, "T\t{path}\t{}", kind.kind).expect("a String accepts all");
        for e in &kind.elements {
            let max = if e.many { '*' } else { '1' };
            let targets = e.targets.join(" ");
            writeln!(
                out,
                "E\t{}\t{}\t{}\t{max}\t{}\t{targets}\t{}\t{}",
                e.name, e.type_path, e.min, e.stem, e.system, e.flags
            )
            .expect("a String accepts all");
        }
    }
    for (resource, members) in compartment {
        writeln!(out, "C\t{resource}\t{}", members.join(" ")).expect("a String accepts all");
    }
    for ((base, code), p) in params {
        let targets = p.targets.join(" ");
        let components: Vec<String> = p
            .components
            .iter()
            .map(|(kind, path)| format!("{kind} {path}"))
            .collect();
        let components = components.join("; ");
        writeln!(
            out,
            "P\t{base}\t{code}\t{}\t{}\t{}\t{targets}\t{components}",
            p.kind, p.url, p.expression
        )
        .expect("a String accepts all");
    }
    format!("F\t{:016x}\n{out}", fnv1a(out.as_bytes()))
}

/// FNV-1a, 64 bit.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

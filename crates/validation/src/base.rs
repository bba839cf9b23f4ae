//! The StructureDefinitions of R4, built in; each is unpacked and compiled at its first use.

use crate::{Profile, Profiles, compile, split_canonical};
use flate2::read::DeflateDecoder;
use serde_json::Value;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, LazyLock, OnceLock};

/// What the canonicals of R4's own definitions start with.
pub const BASE: &str = "http://hl7.org/fhir/StructureDefinition/";

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/r4.definitions"));

struct Entry {
    packed: &'static [u8],
    profile: OnceLock<Arc<Profile>>,
}

/// The definitions of R4.
pub struct R4 {
    by_url: HashMap<&'static str, Entry>,
    /// Type name to the URL of its definition.
    by_type: HashMap<&'static str, &'static str>,
}

static R4: LazyLock<R4> = LazyLock::new(R4::open);

/// The built-in definitions: types, resources, and the profiles and extensions that R4 publishes.
pub fn r4() -> &'static R4 {
    &R4
}

/// A built-in definition as JSON, cut down to what validation needs.
pub fn r4_definition(url: &str) -> Option<Value> {
    R4.by_url.get(url).map(Entry::unpack)
}

impl Entry {
    fn unpack(&self) -> Value {
        let mut text = Vec::new();
        DeflateDecoder::new(self.packed)
            .read_to_end(&mut text)
            .expect("the build packed it");
        serde_json::from_slice(&text).expect("the build wrote JSON")
    }
}

impl R4 {
    fn open() -> R4 {
        let end = PACKED
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .expect("the build wrote an index");
        let index = std::str::from_utf8(&PACKED[..end]).expect("the build wrote UTF-8");
        let bodies = &PACKED[end + 2..];
        let mut r4 = R4 {
            by_url: HashMap::new(),
            by_type: HashMap::new(),
        };
        for line in index.lines() {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let [url, kind, derivation, at, length] = fields[..] else {
                panic!("a line of the compiled definitions has five fields: {line}");
            };
            let (at, length): (usize, usize) = (at.parse().expect("a place"), length.parse().expect("a length"));
            let packed = &bodies[at..at + length];
            let profile = OnceLock::new();
            r4.by_url.insert(url, Entry { packed, profile });
            if derivation != "constraint" {
                r4.by_type.insert(kind, url);
            }
        }
        r4
    }

    /// The definition of a type itself: `Patient`, `HumanName`.
    pub fn of_type(&self, name: &str) -> Option<Arc<Profile>> {
        self.by_type.get(name).and_then(|url| self.profile(url))
    }

    /// Canonicals of every built-in definition.
    pub fn urls(&self) -> impl Iterator<Item = &'static str> {
        self.by_url.keys().copied()
    }
}

impl Profiles for R4 {
    fn profile(&self, canonical: &str) -> Option<Arc<Profile>> {
        let (url, version) = split_canonical(canonical);
        if version.is_some_and(|version| !version.starts_with("4.0")) {
            return None;
        }
        let entry = self.by_url.get(url)?;
        let made = entry.profile.get_or_init(|| {
            let mut profile = compile(&entry.unpack()).expect("the definitions of R4 compile");
            profile.official = true;
            Arc::new(profile)
        });
        Some(Arc::clone(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_of_r4_compiles() {
        assert!(r4().urls().count() > 600);
        for url in r4().urls() {
            let profile = r4().profile(url).unwrap();
            assert!(!profile.nodes.is_empty(), "{url}");
        }
        let patient = r4().of_type("Patient").unwrap();
        assert_eq!(
            (patient.url.as_str(), patient.type_name.as_str()),
            ("http://hl7.org/fhir/StructureDefinition/Patient", "Patient")
        );
        assert_eq!(r4().of_type("Quantity").unwrap().name, "Quantity", "not SimpleQuantity");
    }
}

//! The terminology of R4 itself and Italian tables, packed at build time: there without any setup.

use crate::{Canonical, CodeSystem, ConceptMap, Source, TermError, ValueSet};
use flate2::read::ZlibDecoder;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, OnceLock};

static PACK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/builtin.pack"));

/// What a resource became when it was first asked for.
#[derive(Clone)]
enum Parsed {
    CodeSystem(Arc<CodeSystem>),
    ValueSet(Arc<ValueSet>),
    ConceptMap(Arc<ConceptMap>),
    Broken,
}

struct Entry {
    kind: u8,
    url: &'static str,
    version: &'static str,
    block: usize,
    start: usize,
    length: usize,
    parsed: OnceLock<Parsed>,
}

/// R4's code systems, value sets and concept maps (npm package `hl7.fhir.r4.examples` 4.0.1, CC0), and what its
/// expansions tell of currencies and vaccines; the Italian tables of `data` with a licence that permits it. Nothing is
/// read before it is asked for.
pub struct Builtin {
    entries: Vec<Entry>,
    by_url: HashMap<(u8, &'static str), usize>,
    /// (start, length) in `data`.
    blocks: Vec<(usize, usize)>,
    data: &'static [u8],
    /// The block read last, for its neighbours are often wanted next.
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
}

impl Builtin {
    /// The one of this program.
    pub fn r4() -> &'static Self {
        static BUILTIN: OnceLock<Builtin> = OnceLock::new();
        BUILTIN.get_or_init(Self::open)
    }

    fn open() -> Self {
        let (length, rest) = PACK.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes were split off")) as usize;
        let (index, data) = rest.split_at(length);
        let index = String::from_utf8(inflate(index)).expect("the build wrote UTF-8");
        // Read once and kept as long as the program runs.
        let index: &'static str = Box::leak(index.into_boxed_str());
        let mut builtin = Self {
            entries: Vec::new(),
            by_url: HashMap::new(),
            blocks: Vec::new(),
            data,
            last: Mutex::new(None),
        };
        for line in index.lines() {
            builtin.line(line);
        }
        builtin
    }

    fn line(&mut self, line: &'static str) {
        let mut fields = line.split('\t');
        let mut text = || fields.next().expect("the build wrote every field");
        let number = |text: &str| text.parse::<usize>().expect("the build wrote a number");
        let kind = text().as_bytes()[0];
        if kind == b'B' {
            self.blocks.push((number(text()), number(text())));
            return;
        }
        let entry = Entry {
            kind,
            url: text(),
            version: text(),
            block: number(text()),
            start: number(text()),
            length: number(text()),
            parsed: OnceLock::new(),
        };
        self.by_url.insert((kind, entry.url), self.entries.len());
        self.entries.push(entry);
    }

    /// The JSON text of a resource of R4: `kind` is `CodeSystem`, `ValueSet` or `ConceptMap`. Narrative, extensions and
    /// people are left out.
    pub fn json(&self, kind: &str, url: &str) -> Option<Vec<u8>> {
        let kind = match kind {
            "ConceptMap" => b'M',
            other => *other.as_bytes().first()?,
        };
        Some(self.text(&self.entries[*self.by_url.get(&(kind, url))?]))
    }

    /// URLs of every resource of a kind, as in [`Builtin::json`], sorted.
    pub fn urls(&self, kind: &str) -> Vec<&'static str> {
        let kind = if kind == "ConceptMap" {
            b'M'
        } else {
            kind.as_bytes().first().copied().unwrap_or_default()
        };
        let mut urls: Vec<_> = self.entries.iter().filter(|e| e.kind == kind).map(|e| e.url).collect();
        urls.sort_unstable();
        urls
    }

    fn text(&self, entry: &Entry) -> Vec<u8> {
        self.block(entry.block)[entry.start..entry.start + entry.length].to_vec()
    }

    fn block(&self, number: usize) -> Arc<Vec<u8>> {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*last {
            Some((at, block)) if *at == number => block.clone(),
            _ => {
                let (start, length) = self.blocks[number];
                let block = Arc::new(inflate(&self.data[start..start + length]));
                *last = Some((number, block.clone()));
                block
            }
        }
    }

    fn parsed(&self, kind: u8, canonical: Canonical<'_>) -> Option<&Parsed> {
        let entry = &self.entries[*self.by_url.get(&(kind, canonical.url))?];
        if !canonical.accepts((!entry.version.is_empty()).then_some(entry.version)) {
            return None;
        }
        Some(self.parse(entry))
    }

    fn parse<'a>(&self, entry: &'a Entry) -> &'a Parsed {
        entry.parsed.get_or_init(|| {
            let text = self.text(entry);
            let parsed: Result<Parsed, TermError> = match entry.kind {
                b'C' => CodeSystem::from_json(&text).map(|system| Parsed::CodeSystem(Arc::new(system))),
                b'V' => ValueSet::from_json(&text).map(|set| Parsed::ValueSet(Arc::new(set))),
                _ => ConceptMap::from_json(&text).map(|map| Parsed::ConceptMap(Arc::new(map))),
            };
            parsed.unwrap_or(Parsed::Broken)
        })
    }
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ZlibDecoder::new(bytes)
        .read_to_end(&mut out)
        .expect("the build wrote it");
    out
}

impl Source for Builtin {
    fn code_system(&self, canonical: Canonical<'_>) -> Option<Arc<CodeSystem>> {
        match self.parsed(b'C', canonical)? {
            Parsed::CodeSystem(system) => Some(system.clone()),
            _ => None,
        }
    }

    fn value_set(&self, canonical: Canonical<'_>) -> Option<Arc<ValueSet>> {
        match self.parsed(b'V', canonical)? {
            Parsed::ValueSet(set) => Some(set.clone()),
            _ => None,
        }
    }

    fn concept_map(&self, canonical: Canonical<'_>) -> Option<Arc<ConceptMap>> {
        match self.parsed(b'M', canonical)? {
            Parsed::ConceptMap(map) => Some(map.clone()),
            _ => None,
        }
    }

    fn concept_maps(&self, from: &str, to: Option<&str>) -> Vec<Arc<ConceptMap>> {
        let maps = self.entries.iter().filter(|entry| entry.kind == b'M');
        let found = maps.filter_map(|entry| match self.parse(entry) {
            Parsed::ConceptMap(map) if map.between(from, to) => Some(map.clone()),
            _ => None,
        });
        found.collect()
    }
}

//! StructureDefinitions of the store, ready for the validator: kept as they are stored, compiled when they are first
//! used, forgotten when one is written.

use crate::{Hub, HubError};
use parking_lot::RwLock;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use store::{Page, Query};
use validation::{Profile, Profiles, split_canonical};

/// Most StructureDefinitions that are known to validation at the same time.
const MAX_DEFINITIONS: usize = 20_000;

/// Bytes of JSON that they may have together: a further one is not known, and the log says so.
const MAX_BYTES: usize = 512 * 1024 * 1024;

/// Definitions read from the store at a time.
const PAGE: usize = 100;

/// Snapshots made of snapshots made of ….
const MAX_DERIVED: usize = 20;

struct Entry {
    version: Option<String>,
    body: bytes::Bytes,
    compiled: OnceLock<Option<Arc<Profile>>>,
}

/// The definitions as of one moment.
#[derive(Default)]
pub(crate) struct Library {
    /// By URL; the greatest version first.
    by_url: HashMap<String, Vec<Entry>>,
}

/// The definitions known now; `None` until they are asked for, and after one was written.
#[derive(Default)]
pub(crate) struct Registry {
    known: RwLock<Option<Arc<Library>>>,
    generation: AtomicU64,
}

impl Registry {
    /// A definition was written: what is known is old.
    pub(crate) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        *self.known.write() = None;
    }

    /// What is known, without looking.
    pub(crate) fn now(&self) -> Option<Arc<Library>> {
        self.known.read().clone()
    }
}

impl Hub {
    /// The StructureDefinitions of the store; read when none are known.
    pub(crate) async fn library(&self) -> Result<Arc<Library>, HubError> {
        if let Some(known) = self.registry.now() {
            return Ok(known);
        }
        let generation = self.registry.generation.load(Ordering::SeqCst);
        let library = Arc::new(self.read_library().await?);
        let mut known = self.registry.known.write();
        if self.registry.generation.load(Ordering::SeqCst) == generation {
            *known = Some(library.clone());
        }
        Ok(library)
    }

    async fn read_library(&self) -> Result<Library, HubError> {
        let mut library = Library::default();
        let mut query = Query {
            rtype: "StructureDefinition".into(),
            page: Page {
                count: PAGE,
                after: None,
            },
            ..Query::default()
        };
        let mut snapshot = self.snapshot().await?;
        let (mut count, mut bytes) = (0, 0);
        loop {
            let page = snapshot.search(&query).await?;
            for resource in page.matches {
                let Some(body) = resource.body else { continue };
                (count, bytes) = (count + 1, bytes + body.len());
                if count > MAX_DEFINITIONS || bytes > MAX_BYTES {
                    tracing::error!(
                        "validation knows only {} of the StructureDefinitions: delete those not in use",
                        count - 1
                    );
                    return Ok(library.sorted());
                }
                library.add(body);
            }
            match page.next {
                Some(next) => query.page.after = Some(next),
                None => return Ok(library.sorted()),
            }
        }
    }
}

impl Library {
    fn add(&mut self, body: bytes::Bytes) {
        let Ok(value) = serde_json::from_slice::<Head>(&body) else {
            return;
        };
        let entry = Entry {
            version: value.version,
            body,
            compiled: OnceLock::new(),
        };
        self.by_url.entry(value.url).or_default().push(entry);
    }

    fn sorted(mut self) -> Self {
        for entries in self.by_url.values_mut() {
            entries.sort_by_key(|entry| std::cmp::Reverse(numbers(entry.version.as_deref().unwrap_or_default())));
        }
        self
    }

    fn entry(&self, canonical: &str) -> Option<&Entry> {
        let (url, version) = split_canonical(canonical);
        let entries = self.by_url.get(url)?;
        match version {
            // another version than the one named says more than none
            Some(version) => entries
                .iter()
                .find(|one| one.version.as_deref() == Some(version))
                .or(entries.first()),
            None => entries.first(),
        }
    }

    /// The definition with its snapshot, made where it has none.
    fn whole(&self, body: &[u8], depth: usize) -> Result<Value, String> {
        let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if value.pointer("/snapshot/element").is_some() {
            return Ok(value);
        }
        let base = value
            .get("baseDefinition")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if depth == 0 {
            return Err(format!(
                "more than {MAX_DERIVED} profiles without a snapshot derive from each other"
            ));
        }
        let parent = match self.entry(&base) {
            Some(entry) => self.whole(&entry.body, depth - 1)?,
            None => validation::r4_definition(split_canonical(&base).0)
                .ok_or_else(|| format!("its base {base} is not known here"))?,
        };
        validation::with_snapshot(&value, &parent).map_err(|error| error.to_string())
    }
}

impl Profiles for Library {
    fn profile(&self, canonical: &str) -> Option<Arc<Profile>> {
        let entry = self.entry(canonical)?;
        let compiled = entry.compiled.get_or_init(|| {
            let whole = self.whole(&entry.body, MAX_DERIVED);
            match whole.and_then(|whole| validation::compile(&whole).map_err(|error| error.to_string())) {
                Ok(profile) => Some(Arc::new(profile)),
                Err(why) => {
                    tracing::warn!(canonical, why, "a stored profile cannot be used for validation");
                    None
                }
            }
        });
        compiled.clone()
    }
}

/// What tells definitions apart.
#[derive(serde::Deserialize)]
struct Head {
    url: String,
    version: Option<String>,
}

/// Versions in the order of their numbers: `1.10` is after `1.9`.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

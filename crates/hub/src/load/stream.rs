//! A large bundle that is no transaction: its entries are read one after the other, so that its size does not matter.
//!
//! Read twice: first to learn its type and what each fullUrl stands for (references between entries that are far
//! apart), then to import chunk by chunk.

use super::LoadError;
use super::chunks::{CHUNK, Chunks, Place};
use super::file::Pass;
use super::json::{identity, item};
use super::record::{self, Stage};
use super::report::Tally;
use crate::http::blocking;
use crate::transaction::{Entry, entries};
use crate::{Hub, HubError};
use http::Method;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Files from this size on are looked at this way.
pub(super) const STREAM_BYTES: u64 = 8 * 1024 * 1024;

/// Chunks read before the store takes one.
const AHEAD: usize = 2;

/// FullUrls remembered, a million entries and their memory (about 150 MiB).
const MAX_LINKS: usize = 1_000_000;

/// What the first reading finds.
pub(super) struct Head {
    key: String,
    kind: String,
    links: HashMap<String, String>,
}

/// Reads a file once; `None`: it is no bundle for this way.
pub(super) async fn head(hub: &Arc<Hub>, path: &Path) -> Result<Option<Head>, HubError> {
    let (hub, path) = (hub.clone(), path.to_owned());
    blocking(move || {
        let mut links = HashMap::new();
        let top = each(&path, &mut |at, entry: Value| {
            // The type may stand after the entries: what has a request is taken as of a batch.
            let entry = if entry.get("request").is_some() {
                of_batch(&hub, at, entry)
            } else {
                Some(item(at, entry))
            };
            let known = entry.and_then(Result::ok).and_then(|entry| identity(&entry));
            if links.len() < MAX_LINKS {
                links.extend(known);
            }
            Ok(true)
        })?;
        if top.rtype != "Bundle" || top.kind == "transaction" {
            return Ok(None);
        }
        let mut hasher = Sha256::new();
        std::io::copy(&mut open(&path)?, &mut hasher).map_err(|error| unreadable(&error))?;
        Ok(Some(Head {
            key: record::key_of(hasher),
            kind: top.kind,
            links,
        }))
    })
    .await
}

/// Imports; `true` if the file waits for others.
pub(super) async fn import(
    hub: &Arc<Hub>,
    path: &Path,
    name: &str,
    head: Head,
    tally: &Tally<'_>,
    again: bool,
    pass: Pass,
) -> Result<bool, LoadError> {
    let stage = if again {
        Stage::New
    } else {
        record::read(hub, &head.key).await?
    };
    let skip = match stage {
        Stage::Whole => {
            tally.file_result(true);
            return Ok(false);
        }
        Stage::Until(done) => usize::try_from(done).unwrap_or(0),
        Stage::New => 0,
    };
    let mut chunks = Chunks {
        hub,
        name,
        key: &head.key,
        tally,
        around: Arc::new(head.links),
        problems: Vec::new(),
        waits: false,
    };
    let (sender, mut chunk) = mpsc::channel(AHEAD);
    let reading = read(hub.clone(), path.to_owned(), head.kind, skip, sender);
    let reading = tokio::spawn(blocking(reading));
    while let Some((entries, until)) = chunk.recv().await {
        chunks.put(entries, until).await?;
    }
    if let Ok(Err(error)) = reading.await {
        chunks.problems.push((String::new(), error));
    }
    chunks.finish(pass == Pass::First).await
}

type Chunk = Vec<(Place, Result<Entry, HubError>)>;

/// The second reading: chunks with how many entries are done with them.
fn read(
    hub: Arc<Hub>,
    path: PathBuf,
    kind: String,
    skip: usize,
    sender: mpsc::Sender<(Chunk, u64)>,
) -> impl FnOnce() -> Result<(), HubError> + Send + 'static {
    move || {
        let mut chunk: Chunk = Vec::with_capacity(CHUNK);
        let mut done = 0;
        each(&path, &mut |at, entry: Value| {
            done = at + 1;
            if at < skip {
                return Ok(true);
            }
            let entry = if kind == "batch" {
                of_batch(&hub, at, entry)
            } else {
                Some(item(at, entry))
            };
            chunk.extend(entry.map(|entry| (Place::Entry(at), entry)));
            if chunk.len() < CHUNK {
                return Ok(true);
            }
            Ok(sender.blocking_send((std::mem::take(&mut chunk), done as u64)).is_ok())
        })?;
        if !chunk.is_empty() {
            // Nobody takes it any more where the import has ended.
            let _ = sender.blocking_send((chunk, done as u64));
        }
        Ok(())
    }
}

/// An entry with its request; reading requests are left out.
fn of_batch(hub: &Hub, at: usize, entry: Value) -> Option<Result<Entry, HubError>> {
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [entry]});
    let parsed = match entries(hub, bundle) {
        Ok(parsed) => parsed.into_iter().next()?,
        Err(error) => return Some(Err(error)),
    };
    match parsed {
        Ok(mut entry) => {
            entry.index = at;
            (entry.method != Method::GET).then_some(Ok(entry))
        }
        Err((_, error)) => Some(Err(error)),
    }
}

fn unreadable(error: &std::io::Error) -> HubError {
    HubError::bad(format!("the file cannot be read: {error}"))
}

fn open(path: &Path) -> Result<BufReader<File>, HubError> {
    File::open(path).map(BufReader::new).map_err(|error| unreadable(&error))
}

/// What a bundle says outside its entries.
#[derive(Default)]
struct Top {
    rtype: String,
    kind: String,
}

/// Gives each entry with its number until the visitor has enough.
fn each<T: DeserializeOwned>(
    path: &Path,
    visit: &mut dyn FnMut(usize, T) -> Result<bool, HubError>,
) -> Result<Top, HubError> {
    let mut reader = serde_json::Deserializer::from_reader(open(path)?);
    let mut failed = None;
    let bundle = Bundle {
        visit,
        failed: &mut failed,
        of: PhantomData,
    };
    match (bundle.deserialize(&mut reader), failed) {
        (_, Some(error)) => Err(error),
        (Ok(top), None) => Ok(top),
        (Err(error), None) => Err(HubError::json(&error)),
    }
}

struct Bundle<'a, T> {
    visit: &'a mut dyn FnMut(usize, T) -> Result<bool, HubError>,
    failed: &'a mut Option<HubError>,
    of: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Bundle<'_, T> {
    type Value = Top;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Top, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Bundle<'_, T> {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut top = Top::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "resourceType" => top.rtype = map.next_value()?,
                "type" => {
                    // Of other resources it may be anything.
                    let kind: Value = map.next_value()?;
                    top.kind = kind.as_str().unwrap_or_default().to_owned();
                }
                "entry" => map.next_value_seed(Entries {
                    visit: &mut *self.visit,
                    failed: &mut *self.failed,
                    of: PhantomData,
                })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(top)
    }
}

struct Entries<'a, T> {
    visit: &'a mut dyn FnMut(usize, T) -> Result<bool, HubError>,
    failed: &'a mut Option<HubError>,
    of: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Entries<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Entries<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut at = 0;
        while let Some(entry) = list.next_element::<T>()? {
            match (self.visit)(at, entry) {
                Ok(true) => at += 1,
                Ok(false) => return Err(serde::de::Error::custom("nobody wants more")),
                Err(error) => {
                    let message = error.to_string();
                    *self.failed = Some(error);
                    return Err(serde::de::Error::custom(message));
                }
            }
        }
        Ok(())
    }
}

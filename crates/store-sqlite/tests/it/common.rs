//! Making stores and writes by hand.

use fhir::{IndexEntry, IndexValue, ParamId};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{InstanceStatus, InstanceWrite, Method, ResourceWrite, WaitKey, WaitKind};
use store_sqlite::{Extractor, Options, SqliteStore};

/// Options whose reindex needs no FHIR definitions: it finds nothing.
pub fn options() -> Options {
    let extractor = Extractor {
        fingerprint: 1,
        extract: Arc::new(|_| Ok(Vec::new())),
    };
    Options {
        extractor: Some(extractor),
        // Few, so that rows wait, leave and are written all the time.
        index_rows: 40,
        ..Options::default()
    }
}

/// A store in a directory that lives as long as it.
pub struct Temporary {
    pub store: Arc<SqliteStore>,
    pub directory: tempfile::TempDir,
}

impl Temporary {
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("s.db")
    }
}

pub fn open(path: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(path, options()).unwrap()
}

pub fn temporary_with(options: Options) -> Temporary {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("s.db"), options).unwrap();
    Temporary { store, directory }
}

pub fn temporary() -> Temporary {
    temporary_with(options())
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub fn token(param: u16, system: &str, code: &str) -> IndexEntry {
    IndexEntry {
        param: ParamId(param),
        value: IndexValue::Token {
            system: system.into(),
            code: code.into(),
        },
    }
}

pub fn reference(param: u16, rtype: &str, id: &str) -> IndexEntry {
    IndexEntry {
        param: ParamId(param),
        value: IndexValue::Reference {
            rtype: rtype.into(),
            id: id.into(),
        },
    }
}

pub fn resource(rtype: &str, id: &str, version: u64, index: Vec<IndexEntry>) -> ResourceWrite {
    ResourceWrite {
        rtype: rtype.into(),
        id: id.into(),
        version,
        last_updated: at(version as i64),
        method: Method::Put,
        patient: None,
        body: Some(
            format!("{{\"resourceType\":\"{rtype}\",\"id\":\"{id}\",\"v\":{version}}}")
                .into_bytes()
                .into(),
        ),
        index,
    }
}

pub fn instance(id: &str, expected_revision: u64) -> InstanceWrite {
    InstanceWrite {
        id: id.into(),
        expected_revision,
        definition: "p:1".into(),
        business_key: None,
        patient: None,
        status: InstanceStatus::Active,
        started: at(0),
        ended: None,
        state: format!("state {}", expected_revision + 1).into_bytes(),
    }
}

pub fn wait(instance: &str, n: u64) -> WaitKey {
    WaitKey {
        kind: WaitKind::Job,
        name: "work".into(),
        key: String::new(),
        instance: instance.into(),
        id: format!("{instance}.{n}"),
    }
}

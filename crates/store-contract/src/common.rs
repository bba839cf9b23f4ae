//! Making writes by hand.

use fhir::{IndexEntry, IndexValue, ParamId};
use jiff::Timestamp;
use store::{InstanceStatus, InstanceWrite, Method, ResourceWrite, WaitKey, WaitKind};

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

//! Compartment keys: by which a distributed engine spreads the rows.

/// The key of a patient, or of anything else by its name. FNV-1a with a final mix; part of what is stored.
pub(crate) fn key(name: &str) -> i64 {
    search::accesses::key(name) as i64
}

/// Of a resource: its patient's, or its own.
pub(crate) fn of_resource(patient: Option<&str>, rtype: &str, id: &str) -> i64 {
    patient.map_or_else(|| key(&format!("{rtype}/{id}")), key)
}

/// Of an instance: its patient's when it is started, or its own.
pub(crate) fn of_instance(patient: Option<&str>, id: &str) -> i64 {
    patient.map_or_else(|| key(id), key)
}

/// Of a small value.
pub(crate) fn of_record(kind: &str, name: &str) -> i64 {
    key(&format!("{kind}/{name}"))
}

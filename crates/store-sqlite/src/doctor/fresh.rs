//! The index says what the bodies say now.

use super::Doctor;
use crate::error::{Backend, Outcome};
use crate::shrunk::{Body, Keys};
use rusqlite::Connection;
use search::Rules;
use search::keys::{iter, pack};
use std::collections::{BTreeSet, HashSet};

/// Extracts the search values of one in `step` live resources again, user-defined parameters included, and compares them
/// with what is kept for it. Types that are being indexed again right now are left out.
pub(super) fn check(connection: &Connection, rules: &Rules, step: i64, doctor: &mut Doctor) -> Outcome<()> {
    let custom = rules.definitions.custom();
    let busy: HashSet<String> = connection
        .prepare("SELECT rtype FROM reindex")
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .at("reading the reindex")?;
    let mut read = connection
        .prepare(
            "SELECT t.name, r.id, r.keys, r.body FROM resource r JOIN rtype t ON t.code = r.rtype
             WHERE r.method <> 2 AND r.rid % ?1 = 0",
        )
        .at("reading resources")?;
    let mut rows = read.query([step]).at("reading resources")?;
    while let Some(row) = rows.next().at("reading resources")? {
        let rtype: String = row.get(0).at("reading resources")?;
        let id: String = row.get(1).at("reading resources")?;
        // One without a body, or with one that cannot be unpacked, is told by the check of versions.
        let body = row.get::<_, Option<Body>>(3).ok().flatten();
        let (Some(Body(body)), false) = (body, busy.contains(&rtype)) else {
            continue;
        };
        let Ok(Keys(kept)) = row.get::<_, Keys>(2) else {
            doctor.add(format!(
                "{rtype}/{id}: its search values cannot be unpacked; reindex {rtype}"
            ));
            continue;
        };
        doctor.extracted += 1;
        let entries = match rules.entries(&custom, &rtype, &body) {
            Ok(entries) => entries,
            Err(error) => {
                doctor.add(format!("{rtype}/{id}: its body yields no search values: {error}"));
                continue;
            }
        };
        let fresh = pack(&entries);
        if kept == fresh {
            continue;
        }
        let (kept, fresh): (BTreeSet<_>, BTreeSet<_>) = (iter(&kept).collect(), iter(&fresh).collect());
        let codes: BTreeSet<String> = kept
            .symmetric_difference(&fresh)
            .map(|(param, _)| {
                let own = custom.by_id(fhir::ParamId(*param));
                let standard = || {
                    let all = rules.definitions.params_of(&rtype);
                    all.iter().find(|known| known.id.0 == *param)
                };
                own.or_else(standard)
                    .map_or_else(|| format!("parameter {param}"), |known| known.code.to_owned())
            })
            .collect();
        let codes: Vec<_> = codes.into_iter().collect();
        doctor.add(format!(
            "{rtype}/{id}: the index is not what its body says, in {}; reindex {rtype}",
            codes.join(", ")
        ));
    }
    Ok(())
}

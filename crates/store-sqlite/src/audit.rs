//! The access records as they lie in the file.
//!
//! Every group commit appends its records as one row of JSON lines, oldest first, with the sorted keys (64-bit hashes)
//! of the patients they name. Every [`SEGMENT_ENTRIES`] records the keys of the rows since are merged into a segment:
//! 256 small sorted lists of (key, row). So an access costs its bytes and nothing else, and the accesses to one patient
//! are found by one short list per segment instead of a random index write per access.
//!
//! The rows are chained: each carries SHA-256 over the hash of the row before it and all of its own. A row that is changed,
//! left out or put in between breaks the chain from there on. Who can write the file can make the chain anew, and rows at
//! the end can be cut off: against both helps only a head (row and hash) that was kept elsewhere.

use crate::error::{Backend, Outcome, corrupt};
use crate::upkeep::accesses::anchor;
use jiff::Timestamp;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension as _, params};
use search::accesses::{self, AuditChain, Follow, Hash, Lines, Walk, hex, key, link};
use std::collections::BTreeSet;
use store::{AuditEntry, AuditFilter, AuditPage, AuditPlace, AuditRecord};

/// Records after which a segment is made (and, where rows are short, rows).
const SEGMENT_ENTRIES: u64 = 65_536;
const SEGMENT_ROWS: i64 = 4_096;
/// Bytes of a key, and of a pair: key, row as distance from the segment's last one.
const KEY: usize = 8;
const PAIR: usize = KEY + 4;

/// What no segment covers yet.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Last row that a segment covers.
    covered: i64,
    /// Last row.
    last: i64,
    /// Records after `covered`.
    entries: u64,
    /// Hash of the last row.
    head: Hash,
}

/// Follows the chain of access records from its beginning.
pub(crate) fn verify(connection: &Connection) -> Outcome<AuditChain> {
    let mut chain = match anchor(connection)? {
        Some(anchor) => Follow::after(anchor.n, anchor.chain.and_then(|hash| hash.try_into().ok())),
        None => Follow::default(),
    };
    let mut read = connection
        .prepare("SELECT n, count, patients, entries, chain FROM audit_batch ORDER BY n")
        .at("reading the audit")?;
    let mut rows = read.query([]).at("reading the audit")?;
    while let Some(row) = rows.next().at("reading the audit")? {
        let patients = row.get_ref(2).and_then(|v| Ok(v.as_blob()?)).at("reading the audit")?;
        let lines = row.get_ref(3).and_then(|v| Ok(v.as_str()?)).at("reading the audit")?;
        let hash: Option<Vec<u8>> = row.get(4).at("reading the audit")?;
        let place = (row.get(0).at("reading the audit")?, row.get(1).at("reading the audit")?);
        chain.row(place, patients, lines, hash.as_deref());
    }
    Ok(chain.found)
}

/// The hash that the chain had at a row.
pub(crate) fn hash_at(connection: &Connection, n: i64) -> Outcome<Option<String>> {
    let chain: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT chain FROM audit_batch WHERE n = ?1")
        .and_then(|mut read| read.query_row([n], |row| row.get(0)).optional())
        .at("reading the audit")?;
    Ok(chain.flatten().map(|hash| hex(&hash)))
}

impl Tail {
    /// Reads it from the file.
    pub fn load(connection: &Connection) -> Outcome<Self> {
        let covered = covered(connection)?;
        let head: Option<Option<Vec<u8>>> = connection
            .query_row("SELECT chain FROM audit_batch ORDER BY n DESC LIMIT 1", [], |row| {
                row.get(0)
            })
            .optional()
            .at("reading the end of the audit")?;
        let head = head
            .flatten()
            .and_then(|bytes| bytes.try_into().ok())
            .unwrap_or([0; 32]);
        connection
            .query_row(
                "SELECT coalesce(max(n), ?1), coalesce(sum(count), 0) FROM audit_batch WHERE n > ?1",
                [covered],
                |row| {
                    Ok(Self {
                        covered,
                        last: row.get(0)?,
                        entries: row.get::<_, i64>(1)? as u64,
                        head,
                    })
                },
            )
            .at("reading the end of the audit")
    }
}

fn covered(connection: &Connection) -> Outcome<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(last), 0) FROM audit_segment WHERE bucket = 0")
        .and_then(|mut read| read.query_row([], |row| row.get(0)))
        .at("reading the end of the audit")
}

fn bucket(key: u64) -> u8 {
    (key >> 56) as u8
}

/// The SQL function `patient_key` that the migration of older files uses.
pub(crate) fn register(connection: &Connection) -> Outcome<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("patient_key", 1, flags, |call| {
            let patient: Option<String> = call.get(0)?;
            Ok(patient.map_or_else(Vec::new, |patient| key(&patient).to_be_bytes().to_vec()))
        })
        .at("registering a function")
}

/// Writes the records of a group commit; makes a segment when it is time.
pub(crate) fn append(connection: &Connection, tail: &mut Tail, entries: &[AuditEntry]) -> Outcome<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let Lines { patients, text, .. } = Lines::of(entries);
    tail.last += 1;
    tail.entries += entries.len() as u64;
    let count = entries.len() as i64;
    tail.head = link(&tail.head, tail.last, count, &patients, &text);
    connection
        .prepare_cached("INSERT INTO audit_batch(n, count, patients, entries, chain) VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut insert| insert.execute(params![tail.last, count, patients, text, tail.head.as_slice()]))
        .at("writing audit entries")?;
    if tail.entries >= SEGMENT_ENTRIES || tail.last - tail.covered >= SEGMENT_ROWS {
        make_segment(connection, tail)?;
    }
    Ok(())
}

/// Takes in a row that was copied from elsewhere; makes a segment when it is time.
pub(crate) fn adopt(connection: &Connection, tail: &mut Tail, n: i64, count: i64) -> Outcome<()> {
    tail.last = n;
    tail.entries += count.max(0) as u64;
    if tail.entries >= SEGMENT_ENTRIES || tail.last - tail.covered >= SEGMENT_ROWS {
        make_segment(connection, tail)?;
    }
    Ok(())
}

fn make_segment(connection: &Connection, tail: &mut Tail) -> Outcome<()> {
    let mut pairs: Vec<(u64, u32)> = Vec::new();
    let mut read = connection
        .prepare_cached("SELECT n, patients FROM audit_batch WHERE n > ?1")
        .at("reading the audit")?;
    let mut rows = read.query([tail.covered]).at("reading the audit")?;
    while let Some(row) = rows.next().at("reading the audit")? {
        let n: i64 = row.get(0).at("reading the audit")?;
        let patients = row.get_ref(1).and_then(|v| Ok(v.as_blob()?)).at("reading the audit")?;
        let back = u32::try_from(tail.last - n).map_err(|_| corrupt("an audit segment of too many rows"))?;
        pairs.extend(keys(patients).map(|key| (key, back)));
    }
    pairs.sort_unstable();
    let mut insert = connection
        .prepare_cached("INSERT INTO audit_segment(bucket, last, pairs) VALUES (?1, ?2, ?3)")
        .at("writing an audit segment")?;
    let mut rest = pairs.as_slice();
    for of in 0..=u8::MAX {
        let (mine, others) = rest.split_at(rest.partition_point(|(key, _)| bucket(*key) == of));
        rest = others;
        // Bucket 0 is always written: it says how far segments reach.
        if mine.is_empty() && of > 0 {
            continue;
        }
        let mut bytes = Vec::with_capacity(mine.len() * PAIR);
        for (key, back) in mine {
            bytes.extend_from_slice(&key.to_be_bytes());
            bytes.extend_from_slice(&back.to_be_bytes());
        }
        insert
            .execute(params![of, tail.last, bytes])
            .at("writing an audit segment")?;
    }
    (tail.covered, tail.entries) = (tail.last, 0);
    Ok(())
}

fn keys(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<KEY>().0.iter().map(|key| u64::from_be_bytes(*key))
}

/// Access records, newest first.
pub(crate) fn page(connection: &Connection, filter: &AuditFilter) -> Outcome<AuditPage> {
    let mut page = AuditPage::default();
    let last = last_row(connection)?;
    let mut from = filter.before.map_or(last, |before| before.row.min(last));
    if let Some(until) = filter.until {
        from = from.min(last_before(connection, until, from)?);
    }
    let mut walk = Walk::new(filter, &mut page);
    let mut read = connection
        .prepare_cached("SELECT entries FROM audit_batch WHERE n = ?1")
        .at("reading the audit")?;
    let mut look = |n: i64| -> Outcome<bool> {
        let lines: Option<String> = read
            .query_row([n], |row| row.get(0))
            .optional()
            .at("reading the audit")?;
        lines.map_or(Ok(true), |lines| walk.row(n, &lines))
    };
    match &filter.patient {
        None => {
            for n in (first_row(connection)?..=from).rev() {
                if !look(n)? {
                    break;
                }
            }
        }
        Some(patient) => {
            for n in rows_about(connection, patient)?
                .into_iter()
                .rev()
                .filter(|n| *n <= from)
            {
                if !look(n)? {
                    break;
                }
            }
        }
    }
    Ok(page)
}

/// One access record.
pub(crate) fn at(connection: &Connection, place: AuditPlace) -> Outcome<Option<AuditRecord>> {
    let lines: Option<String> = connection
        .prepare_cached("SELECT entries FROM audit_batch WHERE n = ?1")
        .and_then(|mut read| read.query_row([place.row], |row| row.get(0)).optional())
        .at("reading the audit")?;
    accesses::at(place, lines.as_deref().unwrap_or_default())
}

fn first_row(connection: &Connection) -> Outcome<i64> {
    connection
        .prepare_cached("SELECT coalesce(min(n), 1) FROM audit_batch")
        .and_then(|mut read| read.query_row([], |row| row.get(0)))
        .at("reading the beginning of the audit")
}

fn last_row(connection: &Connection) -> Outcome<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(n), 0) FROM audit_batch")
        .and_then(|mut read| read.query_row([], |row| row.get(0)))
        .at("reading the end of the audit")
}

/// The last row, of those up to `last`, that may hold an access before a moment.
fn last_before(connection: &Connection, until: Timestamp, last: i64) -> Outcome<i64> {
    let mut read = connection
        .prepare_cached("SELECT entries FROM audit_batch WHERE n >= ?1 ORDER BY n LIMIT 1")
        .at("reading the audit")?;
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let lines: Option<String> = read
            .query_row([middle], |row| row.get(0))
            .optional()
            .at("reading the audit")?;
        if accesses::may_precede(lines.as_deref().unwrap_or_default(), until)? {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

/// The rows that may name a patient: two patients may share a key.
fn rows_about(connection: &Connection, patient: &str) -> Outcome<BTreeSet<i64>> {
    let key = key(patient);
    let covered = covered(connection)?;
    let mut found = BTreeSet::new();
    let mut read = connection
        .prepare_cached("SELECT n, patients FROM audit_batch WHERE n > ?1")
        .at("reading the audit")?;
    let mut rows = read.query([covered]).at("reading the audit")?;
    while let Some(row) = rows.next().at("reading the audit")? {
        let patients = row.get_ref(1).and_then(|v| Ok(v.as_blob()?)).at("reading the audit")?;
        if patients.as_chunks::<KEY>().0.binary_search(&key.to_be_bytes()).is_ok() {
            found.insert(row.get(0).at("reading the audit")?);
        }
    }
    let mut read = connection
        .prepare_cached("SELECT last, pairs FROM audit_segment WHERE bucket = ?1")
        .at("reading an audit segment")?;
    let mut rows = read.query([bucket(key)]).at("reading an audit segment")?;
    while let Some(row) = rows.next().at("reading an audit segment")? {
        let last: i64 = row.get(0).at("reading an audit segment")?;
        let pairs = row
            .get_ref(1)
            .and_then(|v| Ok(v.as_blob()?))
            .at("reading an audit segment")?;
        let pairs = pairs.as_chunks::<PAIR>().0;
        let from = pairs.partition_point(|pair| pair[..KEY] < key.to_be_bytes()[..]);
        let mine = pairs[from..]
            .iter()
            .take_while(|pair| pair[..KEY] == key.to_be_bytes()[..]);
        found.extend(mine.filter_map(|pair| Some(last - i64::from(u32::from_be_bytes(pair[KEY..].try_into().ok()?)))));
    }
    Ok(found)
}

/// Tells what is wrong with the rows: records that cannot be read or are not as many as counted, patients that the keys
/// leave out.
pub(crate) fn examine(connection: &Connection, mut tell: impl FnMut(String)) -> Outcome<()> {
    let mut read = connection
        .prepare("SELECT n, count, patients, entries FROM audit_batch ORDER BY n")
        .at("reading the audit")?;
    let mut rows = read.query([]).at("reading the audit")?;
    while let Some(row) = rows.next().at("reading the audit")? {
        let n: i64 = row.get(0).at("reading the audit")?;
        let count: i64 = row.get(1).at("reading the audit")?;
        let patients = row.get_ref(2).and_then(|v| Ok(v.as_blob()?)).at("reading the audit")?;
        let lines = row.get_ref(3).and_then(|v| Ok(v.as_str()?)).at("reading the audit")?;
        let known: BTreeSet<u64> = keys(patients).collect();
        let mut found = BTreeSet::new();
        for line in lines.lines() {
            match serde_json::from_str::<AuditEntry>(line) {
                Ok(entry) => found.extend(entry.patients().map(key)),
                Err(error) => tell(format!("a record of row {n} of the audit cannot be read: {error}")),
            }
        }
        if lines.lines().count() as i64 != count {
            let found = lines.lines().count();
            tell(format!(
                "row {n} of the audit holds {found} records, {count} were written"
            ));
        }
        if known != found {
            tell(format!("row {n} of the audit names other patients than its keys"));
        }
    }
    Ok(())
}

/// Visits every record, oldest first, as its line of JSON.
pub(crate) fn each(connection: &Connection, mut visit: impl FnMut(&str)) -> Outcome<()> {
    let mut read = connection
        .prepare("SELECT entries FROM audit_batch ORDER BY n")
        .at("reading the audit")?;
    let mut rows = read.query([]).at("reading the audit")?;
    while let Some(row) = rows.next().at("reading the audit")? {
        let lines = row.get_ref(0).and_then(|v| Ok(v.as_str()?)).at("reading the audit")?;
        lines.lines().for_each(&mut visit);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    fn entry(n: u64) -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_microsecond(n as i64).unwrap(),
            actor: "Practitioner/a".into(),
            action: "GET".into(),
            target: format!("/fhir/Patient/{n}"),
            patient: n.is_multiple_of(3).then(|| format!("p{}", n % 1_000)),
            outcome: "permit".into(),
            status: 200,
            ..AuditEntry::default()
        }
    }

    /// Every page of what is asked for, `limit` at a time.
    fn newest(connection: &Connection, patient: Option<&str>, limit: usize) -> Outcome<Vec<AuditEntry>> {
        let page = page(connection, &AuditFilter::newest(patient, limit))?;
        Ok(page.records.into_iter().map(|record| record.entry).collect())
    }

    #[test]
    fn pages_periods_actors_and_refusals_are_narrowed_to() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let mut tail = Tail::load(&connection).unwrap();
        let hour = |n: i64| Timestamp::from_second(n * 3600).unwrap();
        for n in 0..300 {
            let of = |k: i64| AuditEntry {
                at: hour(n),
                actor: format!("Practitioner/{}", (n + k) % 7),
                patient: Some(format!("p{}", n % 5)),
                others: (k == 2).then(|| "guest".to_owned()).into_iter().collect(),
                outcome: if n % 10 == 0 { "deny role" } else { "permit role" }.into(),
                ..entry(0)
            };
            append(&connection, &mut tail, &[of(0), of(1), of(2)]).unwrap();
        }
        let all = |filter: AuditFilter| {
            let (mut filter, mut found, mut pages) = (filter, Vec::new(), 0);
            loop {
                let got = page(&connection, &filter).unwrap();
                pages += 1;
                found.extend(got.records);
                match got.next {
                    Some(next) => filter.before = Some(next),
                    None => return (found, pages),
                }
            }
        };
        let asked = |change: fn(&mut AuditFilter)| {
            let mut filter = AuditFilter::newest(None, 7);
            change(&mut filter);
            all(filter).0
        };
        let (found, pages) = all(AuditFilter::newest(None, 7));
        assert_eq!((found.len(), pages), (900, 129));
        assert!(
            found.windows(2).all(|pair| pair[0].place > pair[1].place),
            "newest first, none twice"
        );
        assert_eq!(at(&connection, found[5].place).unwrap().as_ref(), Some(&found[5]));
        assert_eq!(
            asked(|f| f.patient = Some("guest".into())).len(),
            300,
            "who came along in a page is concerned too"
        );
        assert_eq!(asked(|f| f.patient = Some("p3".into())).len(), 180);
        assert_eq!(asked(|f| f.actor = Some("Practitioner/6".into())).len(), 128);
        assert_eq!(asked(|f| f.refused = Some(true)).len(), 90);
        let day = asked(|f| {
            f.since = Some(Timestamp::from_second(100 * 3600).unwrap());
            f.until = Some(Timestamp::from_second(124 * 3600).unwrap());
        });
        assert_eq!(day.len(), 72);
        let narrow = |f: &mut AuditFilter| {
            f.until = Some(Timestamp::from_second(3600).unwrap());
            f.patient = Some("p0".into());
        };
        assert_eq!(asked(narrow).len(), 3);
    }

    #[test]
    fn a_patients_accesses_are_found_in_segments_and_after_them_newest_first() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let mut tail = Tail::load(&connection).unwrap();
        let all = SEGMENT_ENTRIES * 2 + 5_000;
        let mut n = 0;
        while n < all {
            let entries: Vec<_> = (n..all.min(n + 1_999)).map(entry).collect();
            append(&connection, &mut tail, &entries).unwrap();
            n += entries.len() as u64;
        }
        let segments: i64 = connection
            .query_row("SELECT count(DISTINCT last) FROM audit_segment", [], |row| row.get(0))
            .unwrap();
        assert_eq!(segments, 2);
        assert!(tail.entries > 0, "and some rows after them");
        let again = Tail::load(&connection).unwrap();
        assert_eq!(
            (again.covered, again.last, again.entries),
            (tail.covered, tail.last, tail.entries)
        );
        let expected: Vec<i64> = (0..all)
            .rev()
            .filter(|n| n % 3 == 0 && n % 1_000 == 42)
            .map(|n| n as i64)
            .collect();
        let found = newest(&connection, Some("p42"), usize::MAX).unwrap();
        assert_eq!(
            found.iter().map(|e| e.at.as_microsecond()).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(newest(&connection, Some("p42"), 2).unwrap().len(), 2);
        assert!(
            newest(&connection, Some("p4"), 9)
                .unwrap()
                .iter()
                .all(|e| e.patient.as_deref() == Some("p4"))
        );
        assert!(newest(&connection, Some("nobody"), 9).unwrap().is_empty());
        let newest_of_all = newest(&connection, None, 3).unwrap();
        assert_eq!(newest_of_all[0].at.as_microsecond(), all as i64 - 1);
    }

    #[test]
    fn a_change_a_gap_and_a_cut_are_found() {
        let fresh = || {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::migrate(&mut connection).unwrap();
            // A row of before there was a chain.
            connection
                .execute(
                    "INSERT INTO audit_batch(n, count, patients, entries) VALUES (1, 1, x'', '{}')",
                    [],
                )
                .unwrap();
            let mut tail = Tail::load(&connection).unwrap();
            for n in 0..5 {
                append(&connection, &mut tail, &[entry(n)]).unwrap();
            }
            connection
        };
        let sound = verify(&fresh()).unwrap();
        assert_eq!(
            (sound.rows, sound.unchained, sound.records, sound.broken.len()),
            (5, 1, 6, 0)
        );
        let head = sound.head.unwrap();
        assert_eq!(hash_at(&fresh(), head.0).unwrap(), Some(head.1.clone()));
        for (attack, problems) in [
            (
                "UPDATE audit_batch SET entries = replace(entries, 'permit', 'deny') WHERE n = 3",
                1,
            ),
            ("UPDATE audit_batch SET count = 7 WHERE n = 4", 1),
            ("DELETE FROM audit_batch WHERE n = 3", 2),
            ("UPDATE audit_batch SET chain = NULL WHERE n = 4", 2),
        ] {
            let connection = fresh();
            connection.execute(attack, []).unwrap();
            assert_eq!(verify(&connection).unwrap().broken.len(), problems, "{attack}");
        }
        let cut = fresh();
        cut.execute("DELETE FROM audit_batch WHERE n > 4", []).unwrap();
        assert_eq!(
            verify(&cut).unwrap().broken,
            Vec::<String>::new(),
            "only a head kept elsewhere tells"
        );
        assert_eq!(hash_at(&cut, head.0).unwrap(), None);
    }
}

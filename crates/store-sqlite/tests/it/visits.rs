//! The cost of a search is that of its answer: the same bound holds however large the table is.
//!
//! A search refuses to look at more candidates than `scan_limit` and at more index rows of a condition than
//! `probe_limit`; with both set to a constant, the same questions are answered on a small and on a large table.

use crate::common::*;
use fhir::{IndexEntry, IndexValue, ParamId};
use store::{Clause, Page, Query, Store, Transaction, ValueTest};
use store_sqlite::Options;

const NAME: u16 = 1;
const BIRTH: u16 = 2;
const IDENTIFIER: u16 = 3;
const SUBJECT: u16 = 10;
const CODE: u16 = 11;
const DATE: u16 = 12;

/// Candidates a search may look at, and index rows of one condition that may be counted to choose what to walk.
const SCAN: u64 = 120;
const PROBE: u64 = 64;

/// Observations of each patient, of which one in ten has the code asked for.
const EACH: usize = 20;

const DAY_US: i64 = 86_400_000_000;

fn text(param: u16, text: &str) -> IndexEntry {
    IndexEntry {
        param: ParamId(param),
        value: IndexValue::String {
            normalized: text.into(),
            exact: text.into(),
        },
    }
}

fn day(param: u16, day: usize) -> IndexEntry {
    let lo = day as i64 * DAY_US;
    let hi = lo + DAY_US - 1;
    IndexEntry {
        param: ParamId(param),
        value: IndexValue::Date { lo, hi },
    }
}

/// `patients` patients, ten of each name, born on any of 365 days, with their observations.
async fn filled(patients: usize) -> Temporary {
    let t = temporary_with(Options {
        scan_limit: SCAN,
        probe_limit: PROBE,
        ..options()
    });
    for chunk in (0..patients).collect::<Vec<_>>().chunks(100) {
        let mut resources = Vec::new();
        for n in chunk {
            let values = vec![
                text(NAME, &format!("name{}", n / 10)),
                day(BIRTH, n % 365),
                token(IDENTIFIER, "cf", &format!("cf{n}")),
            ];
            resources.push(resource("Patient", &format!("p{n}"), 1, values));
            for m in 0..EACH {
                let code = if m % 10 == 0 { "hba1c" } else { "other" };
                let values = vec![
                    reference(SUBJECT, "Patient", &format!("p{n}")),
                    token(CODE, "loinc", if *n < 5 && m == 1 { "rare" } else { code }),
                    day(DATE, 400 + m),
                ];
                resources.push(resource("Observation", &format!("o{n}-{m}"), 1, values));
            }
        }
        let transaction = Transaction {
            resources,
            ..Transaction::default()
        };
        t.store.commit(transaction).await.unwrap();
    }
    t
}

fn one(param: u16, test: ValueTest) -> Clause {
    Clause::Param {
        param: ParamId(param),
        any: vec![test],
    }
}

fn code(param: u16, code: &str) -> Clause {
    let code = Some(code.to_owned());
    one(param, ValueTest::Token { system: None, code })
}

fn questions() -> Vec<(&'static str, Query, usize)> {
    let query = |rtype: &str, clauses| Query {
        rtype: rtype.into(),
        clauses,
        page: Page { count: 50, after: None },
        ..Query::default()
    };
    let subject = || {
        one(
            SUBJECT,
            ValueTest::Reference {
                rtype: Some("Patient".into()),
                id: "p3".into(),
            },
        )
    };
    let days = |param, from: i64, until: i64| {
        one(
            param,
            ValueTest::DateWithin {
                lo: from * DAY_US,
                hi: until * DAY_US - 1,
            },
        )
    };
    let name = || one(NAME, ValueTest::StringExact("name7".into()));
    vec![
        (
            "patient, code and date",
            query(
                "Observation",
                vec![subject(), code(CODE, "hba1c"), days(DATE, 405, 900)],
            ),
            1,
        ),
        (
            "name and birthdate",
            query("Patient", vec![name(), days(BIRTH, 73, 74)]),
            1,
        ),
        ("identifier", query("Patient", vec![code(IDENTIFIER, "cf9")]), 1),
        (
            "chain",
            query(
                "Observation",
                vec![
                    Clause::Chain {
                        param: ParamId(SUBJECT),
                        target: "Patient".into(),
                        clauses: vec![code(IDENTIFIER, "cf9")],
                    },
                    code(CODE, "hba1c"),
                ],
            ),
            2,
        ),
        (
            "_has",
            query(
                "Patient",
                vec![Clause::Has {
                    source: "Observation".into(),
                    param: ParamId(SUBJECT),
                    clauses: vec![code(CODE, "rare")],
                }],
            ),
            5,
        ),
    ]
}

#[tokio::test]
async fn the_same_bound_holds_for_a_table_of_any_size() {
    for patients in [100, 1_000] {
        let t = filled(patients).await;
        let mut snapshot = t.store.snapshot().await.unwrap();
        for (what, query, expected) in questions() {
            let page = snapshot.search(&query).await;
            let page = page.unwrap_or_else(|error| panic!("{what} of {patients} patients: {error}"));
            assert_eq!(page.matches.len(), expected, "{what} of {patients} patients");
            assert!(page.next.is_none());
        }
        // The bound bites: where a question's answer is not small, it is reached.
        let everything = Query {
            rtype: "Observation".into(),
            clauses: vec![code(CODE, "other"), days_before()],
            page: Page { count: 50, after: None },
            ..Query::default()
        };
        let page = snapshot.search(&everything).await;
        assert!(page.is_err(), "{page:?}");
    }
}

/// A condition that nothing meets and that has no narrow index range.
fn days_before() -> Clause {
    Clause::Not {
        param: ParamId(CODE),
        any: vec![ValueTest::Token {
            system: None,
            code: Some("other".into()),
        }],
    }
}

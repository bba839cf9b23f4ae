use super::*;
use crate::Limits;
use fhir::Definitions;
use proptest::prelude::*;
use store::{SortKey, ValueTest};

fn with<T>(run: impl FnOnce(&Context<'_>) -> T) -> T {
    let limits = Limits::default();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    run(&Context {
        definitions: Definitions::r4(),
        base_url: "http://hub.test/fhir",
        limits: &limits,
        now,
    })
}

fn parse(rtype: &str, query: &str) -> Result<Parsed, ParseError> {
    with(|context| search(context, rtype, &pairs::decode(query)?))
}

#[test]
fn escapes_keep_separators_in_values() {
    let parsed = parse("Patient", r"identifier=http://x|a\,b\|c,d").unwrap();
    let [Clause::Param { any, .. }] = parsed.query.clauses.as_slice() else {
        panic!("one parameter")
    };
    let token = |system: Option<&str>, code: &str| ValueTest::Token {
        system: system.map(str::to_owned),
        code: Some(code.to_owned()),
    };
    assert_eq!(any, &[token(Some("http://x"), "a,b|c"), token(None, "d")]);
}

#[test]
fn chains_and_has_nest() {
    let parsed = parse(
        "Patient",
        "_has:Observation:patient:encounter:Encounter.status=finished",
    )
    .unwrap();
    let [Clause::Has { source, clauses, .. }] = parsed.query.clauses.as_slice() else {
        panic!("a has")
    };
    assert_eq!(source, "Observation");
    assert!(matches!(&clauses[0], Clause::Chain { target, .. } if target == "Encounter"));
}

#[test]
fn an_open_chain_tries_every_fitting_target() {
    let parsed = parse("Observation", "subject.name=x").unwrap();
    let [Clause::Or(any)] = parsed.query.clauses.as_slice() else {
        panic!("alternatives: {parsed:?}")
    };
    let targets: Vec<&str> = any
        .iter()
        .map(|c| {
            if let Clause::Chain { target, .. } = c {
                target.as_str()
            } else {
                panic!("a chain")
            }
        })
        .collect();
    assert!(
        targets.contains(&"Patient") && targets.contains(&"Location"),
        "{targets:?}"
    );
    assert!(!targets.contains(&"Group") || Definitions::r4().param("Group", "name").is_some());
}

#[test]
fn control_parameters() {
    let parsed = parse(
        "Patient",
        "_sort=-birthdate,_id&_count=7&_total=accurate&_elements=id,name&_page=m",
    )
    .unwrap();
    assert_eq!(
        parsed.query.page,
        Page {
            count: 7,
            after: Some("m".into())
        }
    );
    assert!(parsed.query.total && parsed.query.sort[0].descending);
    assert_eq!(parsed.query.sort[1].key, SortKey::Id);
    assert_eq!(parsed.elements, ["id", "name"]);
    assert_eq!(parse("Patient", "_count=0").unwrap().summary, Summary::Count);
}

#[test]
fn what_is_empty_or_unknown_is_ignored_and_told() {
    let parsed = parse("Patient", "name=&nome=x&gender=male&_sort=nome&link.nome=x").unwrap();
    assert_eq!(parsed.query.clauses.len(), 1);
    let ignored: Vec<&str> = parsed.ignored.iter().map(|e| e.param.as_str()).collect();
    assert_eq!(ignored, ["name", "nome", "_sort", "link"]);
    assert_eq!(parsed.used, [("gender".to_owned(), "male".to_owned())]);
}

#[test]
fn criteria_must_narrow() {
    with(|context| {
        assert!(criteria(context, "Patient", "").is_err());
        assert!(criteria(context, "Patient", "_count=1").is_err());
        assert!(criteria(context, "Patient", "identifier=a&nome=x").is_err());
        let query = criteria(context, "Patient", "?identifier=a&_sort=_id").unwrap();
        assert!(query.sort.is_empty() && query.page.count == 2);
    });
}

#[test]
fn punctuation_alone_matches_nothing() {
    assert_eq!(parse("Patient", "name='-'").unwrap().query.clauses, [Clause::Never]);
}

/// Names and values as they really come, and broken ones.
fn pair() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "[a-z_:.]{0,20}",
        "(name|birthdate|identifier|_has:Observation:patient:code|subject:Patient\\.name|_sort|_include|_count|_id|_lastUpdated)",
        "(code|value-quantity|probability|url|date|patient|_has)(:(not|missing|exact|below|identifier|Patient|in))?",
    ];
    let value = prop_oneof![
        ".{0,40}",
        "(eq|ne|gt|lt|ge|le|sa|eb|ap)?[0-9TZ:.+e|,$\\\\-]{0,30}",
        "[A-Z][a-z]{3,12}(/|:|\\|)[a-z0-9-]{0,10}",
    ];
    (name, value).prop_map(|(n, v)| format!("{n}={v}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_panics(rtype in "(Patient|Observation|RiskAssessment|ValueSet|Encounter)", parts in prop::collection::vec(pair(), 0..6)) {
        let query = parts.join("&");
        let _ = parse(&rtype, &query);
        let _ = with(|context| criteria(context, &rtype, &query).map(|_| ()));
    }

    #[test]
    fn links_lead_back(parts in prop::collection::vec((".{1,10}", ".{0,20}"), 0..4)) {
        let encoded = pairs::encode(&parts);
        prop_assert_eq!(pairs::decode(&encoded).unwrap(), parts);
    }
}

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
    let most = parse("Patient", "_count=5000").unwrap();
    assert_eq!(
        most.query.page.count, 1_000,
        "more than a page may hold is the largest page"
    );
    assert_eq!(most.used, [("_count".to_owned(), "1000".to_owned())]);
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

#[test]
fn a_modifier_that_does_not_fit_names_those_that_do() {
    for (query, allowed) in [
        ("birthdate:exact=2020", ":missing"),
        ("family:not=x", ":exact :contains :missing"),
        ("gender:of-type=a|b|c", ":not :text :in :not-in :above :below :missing"),
        ("organization:exact=x", ":[type] :identifier :text :missing"),
        ("organization:Nothing=x", ":[type] :identifier :text :missing"),
        ("_list:missing=true", "takes no modifier"),
    ] {
        let error = parse("Patient", query).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::Unsupported, "{query}");
        assert!(error.message.ends_with(allowed), "{query}: {error}");
    }
}

#[test]
fn composites_are_read_component_by_component() {
    let parsed = parse(
        "Observation",
        r"code-value-quantity=http://loinc.org|2823-3$gt5.4,a\$b$1",
    )
    .unwrap();
    let [Clause::Param { any, .. }] = parsed.query.clauses.as_slice() else {
        panic!("one parameter")
    };
    assert!(
        matches!(any.as_slice(), [ValueTest::Composite(a), ValueTest::Composite(b)] if a.len() == 2 && b.len() == 2)
    );
    let ValueTest::Composite(second) = &any[1] else {
        unreachable!()
    };
    assert!(matches!(&second[0], ValueTest::Token { code: Some(code), .. } if code == "a$b"));
    let error = parse("Observation", "code-value-quantity=a").unwrap_err();
    assert!(error.message.contains("token$quantity"), "{error}");
}

#[test]
fn codes_of_a_terminology_wait_to_be_named() {
    let mut parsed = parse(
        "Condition",
        "code:in=http://x/vs&code:below=s|c&encounter.class:not-in=http://y",
    )
    .unwrap();
    let sets = parsed.query.code_sets();
    assert_eq!(sets.len(), 3, "{sets:?}");
    parsed.query.replace_code_sets(|_| vec![]);
    assert!(parsed.query.code_sets().is_empty());
    assert!(matches!(&parsed.query.clauses[0], Clause::Param { any, .. } if any.is_empty()));
    with(|context| assert!(criteria(context, "Condition", "code:in=http://x/vs").is_err()));
}

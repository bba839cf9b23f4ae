//! Random hierarchies and value sets: membership is what the expansion lists; subsumption is a partial order.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use terminology::expand::codes;
use terminology::{CodeSystem, Membership, Single, ValueSet, membership_in};

const SYSTEM: &str = "http://x/system";
const COUNT: usize = 12;

/// Concepts `c0`…: each may be below earlier ones, so there is no circle.
fn system() -> impl Strategy<Value = CodeSystem> {
    let parents = prop::collection::vec(prop::collection::vec(0..COUNT, 0..3), COUNT);
    let colours = prop::collection::vec(0..3_usize, COUNT);
    (parents, colours).prop_map(|(parents, colours)| {
        let concept = |at: usize| {
            let above = parents[at].iter().filter(|parent| **parent < at);
            let mut properties: Vec<Value> = above
                .map(|parent| json!({"code": "parent", "valueCode": format!("c{parent}")}))
                .collect();
            if colours[at] > 0 {
                properties.push(json!({"code": "colour", "valueString": format!("k{}", colours[at])}));
            }
            if colours[at] == 2 {
                properties.push(json!({"code": "inactive", "valueBoolean": true}));
            }
            json!({"code": format!("c{at}"), "display": format!("Concept {at}"), "property": properties})
        };
        let concepts: Vec<Value> = (0..COUNT).map(concept).collect();
        CodeSystem::from_value(&json!({"url": SYSTEM, "content": "complete", "concept": concepts})).unwrap()
    })
}

fn filter() -> impl Strategy<Value = Value> {
    let code = (0..COUNT).prop_map(|at| format!("c{at}"));
    let hierarchy = prop::sample::select(vec!["is-a", "descendent-of", "is-not-a", "generalizes"]);
    let by_code = (hierarchy, code).prop_map(|(op, value)| json!({"property": "concept", "op": op, "value": value}));
    let others = prop::sample::select(vec![
        json!({"property": "code", "op": "regex", "value": "c[0-5]"}),
        json!({"property": "code", "op": "in", "value": "c1,c2, c7"}),
        json!({"property": "code", "op": "not-in", "value": "c1,c2"}),
        json!({"property": "colour", "op": "=", "value": "k1"}),
        json!({"property": "colour", "op": "exists", "value": "true"}),
        json!({"property": "colour", "op": "exists", "value": "false"}),
        json!({"property": "colour", "op": "not-in", "value": "k1"}),
        json!({"property": "parent", "op": "=", "value": "c0"}),
    ]);
    prop_oneof![by_code, others]
}

fn include() -> impl Strategy<Value = Value> {
    let listed = prop::collection::vec(0..COUNT + 2, 1..5).prop_map(|codes| {
        let concepts: Vec<Value> = codes.iter().map(|at| json!({"code": format!("c{at}")})).collect();
        json!({"system": SYSTEM, "concept": concepts})
    });
    let filtered = || prop::collection::vec(filter(), 0..3).prop_map(|f| json!({"system": SYSTEM, "filter": f}));
    let nested = filtered().prop_map(|mut include| {
        include["valueSet"] = json!(["http://x/inner"]);
        include
    });
    prop_oneof![
        listed,
        filtered(),
        nested,
        Just(json!({"valueSet": ["http://x/inner"]}))
    ]
}

fn value_set(url: &str, include: Vec<Value>, exclude: Vec<Value>, inactive: Option<bool>) -> ValueSet {
    let mut compose = json!({"include": include, "exclude": exclude});
    if let Some(inactive) = inactive {
        compose["inactive"] = json!(inactive);
    }
    ValueSet::from_value(json!({"resourceType": "ValueSet", "url": url, "compose": compose})).unwrap()
}

proptest! {
    #[test]
    fn membership_is_what_the_expansion_lists(
        system in system(),
        inner in filter(),
        include_parts in prop::collection::vec(include(), 1..4),
        exclude_parts in prop::collection::vec(include(), 0..2),
        inactive in prop::option::of(any::<bool>()),
    ) {
        let source = Single {
            code_systems: vec![Arc::new(system)],
            value_sets: vec![Arc::new(value_set("http://x/inner", vec![json!({"system": SYSTEM, "filter": [inner]})], vec![], None))],
            ..Single::default()
        };
        let set = value_set("http://x/outer", include_parts, exclude_parts, inactive);
        let listed = codes(&source, &set, 1_000).unwrap();
        for at in 0..COUNT + 3 {
            let code = format!("c{at}");
            let times = listed.iter().filter(|(_, one)| *one == code).count();
            prop_assert!(times <= 1);
            let found = membership_in(&source, &set, Some(SYSTEM), &code).unwrap();
            prop_assert_eq!(found == Membership::In, times == 1, "{}", code);
            prop_assert_eq!(membership_in(&source, &set, None, &code).unwrap(), found);
            prop_assert_eq!(membership_in(&source, &set, Some("http://y"), &code).unwrap(), Membership::Out);
        }
    }

    #[test]
    fn subsumption_is_a_partial_order(system in system()) {
        let all: Vec<_> = system.concepts().collect();
        for a in &all {
            prop_assert!(system.subsumes(*a, *a));
            for b in &all {
                prop_assert!(a == b || !(system.subsumes(*a, *b) && system.subsumes(*b, *a)));
                prop_assert_eq!(system.subsumes(*a, *b), system.descendants_or_self(*a).contains(b));
                prop_assert_eq!(system.subsumes(*a, *b), system.ancestors_or_self(*b).contains(a));
                for c in &all {
                    prop_assert!(!(system.subsumes(*a, *b) && system.subsumes(*b, *c)) || system.subsumes(*a, *c));
                }
            }
        }
    }
}

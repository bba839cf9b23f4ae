use super::*;
use serde_json::json;

fn animals() -> CodeSystem {
    CodeSystem::from_json(
        br#"{
        "resourceType": "CodeSystem", "url": "http://x/animals", "version": "1", "name": "Animals",
        "status": "active", "content": "complete", "caseSensitive": false, "language": "en",
        "property": [{"code": "up", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}],
        "concept": [
            {"code": "Animal", "display": "Animal", "property": [{"code": "notSelectable", "valueBoolean": true}],
             "concept": [{"code": "cat", "display": "Cat", "definition": "It purrs",
                "designation": [{"language": "it-IT", "value": "Gatto"}]}]},
            {"code": "pet", "property": [{"code": "legs", "valueInteger": 4}, {"code": "weight", "valueDecimal": 1.50}]},
            {"code": "tabby", "property": [{"code": "up", "valueCode": "cat"}, {"code": "up", "valueCode": "pet"},
                {"code": "status", "valueCode": "retired"},
                {"code": "like", "valueCoding": {"system": "http://y", "code": "t", "display": "T"}}]}
        ]
    }"#,
    )
    .unwrap()
}

#[test]
fn concepts_are_found_with_all_they_have() {
    let system = animals();
    let cat = system.find("CAT").unwrap();
    assert_eq!((system.code(cat), system.display(cat)), ("cat", Some("Cat")));
    assert_eq!(system.definition(cat), Some("It purrs"));
    assert_eq!(system.display_in(cat, Some("it")), Some("Gatto"));
    assert_eq!(system.display_in(cat, Some("en")), Some("Cat"));
    assert_eq!(system.find("dog"), None);
    let (animal, tabby) = (system.find("animal").unwrap(), system.find("tabby").unwrap());
    assert!(system.is_abstract(animal) && system.is_inactive(tabby));
    let properties: Vec<_> = system.properties(tabby).map(|p| p.value.text()).collect();
    assert_eq!(properties, ["cat", "pet", "retired", "t"]);
    let numbers: Vec<_> = system
        .properties(system.find("pet").unwrap())
        .map(|p| p.value)
        .collect();
    assert_eq!(numbers, [PropertyValue::Integer("4"), PropertyValue::Decimal("1.50")]);
}

#[test]
fn nesting_and_properties_make_one_hierarchy() {
    let system = animals();
    let at = |code: &str| system.find(code).unwrap();
    assert!(system.subsumes(at("animal"), at("tabby")) && system.subsumes(at("pet"), at("tabby")));
    assert!(!system.subsumes(at("pet"), at("cat")));
    assert_eq!(system.descendants_or_self(at("animal")).len(), 3);
    assert_eq!(system.ancestors_or_self(at("tabby")).len(), 4);
    assert_eq!(system.parents(at("tabby")).len(), 2);
}

#[test]
fn what_cannot_be_is_refused() {
    let of = |concepts: Value| {
        CodeSystem::from_value(&json!({"url": "http://x", "content": "complete", "concept": concepts}))
            .unwrap_err()
            .to_string()
    };
    let circle = of(
        json!([{"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
        {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]}]),
    );
    assert!(
        circle.ends_with("the hierarchy has a circle at or above 'a'"),
        "{circle}"
    );
    assert!(of(json!([{"code": "a"}, {"code": "a"}])).ends_with("the code 'a' is there twice"));
    assert!(CodeSystem::from_json(b"{\"content\": \"complete\"}").is_err());
}

#[test]
fn languages_match_by_their_start() {
    assert!(is_language("it-IT", "it") && is_language("IT", "it"));
    assert!(!is_language("ita", "it") && !is_language("", "it") && !is_language("it", ""));
}

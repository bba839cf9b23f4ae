//! The catalogue of the API in the documentation is the one that is served.

use crate::world::World;

#[tokio::test]
async fn the_catalogue_is_what_the_program_serves() {
    let world = World::whole().await;
    let routes: Vec<_> = world.system.routes.iter().map(|served| served.route.clone()).collect();
    let served = format!("{:#}\n", sinfonia::system::catalogue(&routes));
    let kept = include_str!("../../../../docs/openapi.json");
    assert!(
        served == kept,
        "docs/openapi.json is behind: write it anew with `sinfonia openapi docs/openapi.json`"
    );
    let document: serde_json::Value = serde_json::from_str(kept).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 50 && paths.contains_key("/orchestrator/tasks/{id}/complete"));
    let operations = paths.values().flat_map(|verbs| verbs.as_object().unwrap().values());
    for operation in operations {
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{operation}");
    }
    let references = kept.matches("\"$ref\": \"#/components/schemas/").count();
    let dangling: Vec<&str> = kept
        .split("\"#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| document["components"]["schemas"].get(name).is_none())
        .collect();
    assert!(references > 50 && dangling.is_empty(), "{dangling:?}");
}

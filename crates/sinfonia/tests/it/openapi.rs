//! The catalogue of the API in the documentation is the one that is served.

use crate::world::{World, actor, send};
use axum::body::Body;
use http::Request;

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

/// Answers that are streamed end well under compression, too, which asks for more after the end.
#[tokio::test]
async fn every_answer_can_be_compressed() {
    let world = World::whole().await;
    let bearer = world.bearer(&actor("system", &["system"]));
    let list = world.nodes();
    let asked = list
        .iter()
        .filter(|node| node.route.method == http::Method::GET && node.route.description.is_some());
    let paths = asked.map(|node| node.route.path.replace("{id}", "x").replace("{key}", "x"));
    // A page mark that nobody gave out is the caller's mistake.
    let paths: Vec<String> = paths
        .flat_map(|path| [format!("{path}?after=x&page=x"), path])
        .collect();
    let mut compressed = 0;
    for path in paths
        .into_iter()
        .chain(["/orchestrator/history/export?definition=x".to_owned()])
    {
        let request = Request::builder()
            .uri(&path)
            .header("authorization", &bearer)
            .header("accept-encoding", "gzip")
            .body(Body::empty())
            .unwrap();
        let answer = send(&world.system.router, request).await;
        assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
        compressed += usize::from(answer.headers.contains_key("content-encoding"));
    }
    assert!(compressed > 5, "{compressed} answers were compressed");
}

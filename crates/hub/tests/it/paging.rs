//! Pages follow the state of the first page, whatever is written between them.

use crate::server::Server;
use http::StatusCode;
use serde_json::json;

async fn patient(server: &Server, id: &str, family: &str) {
    let patient = json!({"resourceType": "Patient", "id": id, "name": [{"family": family}]});
    assert!(server.put(&patient).await.status.is_success());
}

#[tokio::test]
async fn a_row_that_moves_across_the_page_is_neither_lost_nor_repeated() {
    let server = Server::new();
    for (id, family) in [("a", "Alberti"), ("b", "Bruni"), ("c", "Conti"), ("d", "Donati")] {
        patient(&server, id, family).await;
    }
    let first = server.get("/Patient?_sort=family&_count=2&_total=accurate").await;
    assert_eq!(first.ids("match"), ["a", "b"]);
    // a goes behind, d to the front, c is deleted, e is new
    patient(&server, "a", "Zeni").await;
    patient(&server, "d", "Abbate").await;
    patient(&server, "e", "Costa").await;
    assert_eq!(
        server.call(http::Method::DELETE, "/Patient/c", &[], "").await.status,
        StatusCode::NO_CONTENT
    );
    let second = server.get(&first.link("next").unwrap()).await;
    assert_eq!(second.ids("match"), ["c", "d"]);
    assert_eq!(
        (first.json()["total"].as_u64(), second.json()["total"].as_u64()),
        (Some(4), Some(4))
    );
    assert_eq!(second.json()["entry"][1]["resource"]["name"][0]["family"], "Donati");
    assert!(second.link("next").is_none());
    assert_eq!(
        server.get("/Patient?_sort=family").await.ids("match"),
        ["d", "b", "e", "a"]
    );
}

#[tokio::test]
async fn a_search_over_types_shows_every_type_as_it_was() {
    let server = Server::new();
    for id in ["a", "b"] {
        patient(&server, id, "Rossi").await;
        let group = json!({"resourceType": "Group", "id": id, "type": "person", "actual": true});
        server.put(&group).await;
    }
    let mut page = server.get("/?_type=Patient,Group&_count=1").await;
    let group = json!({"resourceType": "Group", "id": "aa", "type": "person", "actual": true});
    server.put(&group).await;
    let mut ids = page.ids("match");
    while let Some(next) = page.link("next") {
        page = server.get(&next).await;
        ids.extend(page.ids("match"));
    }
    assert_eq!(ids, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn a_page_of_everything_shows_what_was_there() {
    let server = Server::new();
    patient(&server, "p", "Rossi").await;
    let observation = |id: &str| {
        json!({"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/p"}})
    };
    server.put(&observation("o1")).await;
    let first = server.get("/Patient/p/$everything?_count=1").await;
    server.put(&observation("o0")).await;
    let second = server.get(&first.link("next").unwrap()).await;
    assert_eq!(
        (first.ids("match"), second.ids("match")),
        (vec!["p".to_owned()], vec!["o1".to_owned()])
    );
}

//! What a client is told about versions that the history policy removed.

use crate::server::{BASE, Server};
use http::StatusCode;
use serde_json::json;
use store::{HistoryPolicy, Prune};

#[tokio::test]
async fn a_pruned_version_is_gone_and_the_history_goes_on() {
    let server = Server::new();
    for family in ["A", "B", "C"] {
        let patient = json!({"resourceType": "Patient", "id": "p", "name": [{"family": family}]});
        server.put(&patient).await;
    }
    let policy: HistoryPolicy = "last:2".parse().unwrap();
    let asked = Prune {
        policy: &policy,
        now: store::Clock::now(server.clock.as_ref()),
        actor: "system",
        readers: &[],
    };
    let went = server.under.upkeep.prune(&asked).await.unwrap();
    assert_eq!((went.len(), went[0].versions), (1, 1));

    let gone = server.get("/Patient/p/_history/1").await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert_eq!(gone.json()["issue"][0]["code"], "deleted");
    assert_eq!(
        gone.diagnostics(),
        "version 1 of Patient/p was removed by the history policy of this server; the current version and those kept are \
         at Patient/p/_history"
    );
    assert_eq!(server.get("/Patient/p/_history/2").await.status, StatusCode::OK);
    assert_eq!(server.get("/Patient/p/_history/4").await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/Patient/p").await.status, StatusCode::OK);
    let history = server.get("/Patient/p/_history").await.json();
    assert_eq!(history["total"], 2);
    assert_eq!(history["entry"][1]["fullUrl"], format!("{BASE}/Patient/p"));
}

//! The demo region's part of the registry.

use access::Actor;
use component::{DemoAccount, DemoContext, PeerError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;

/// Who works at the registry's desk.
const DESK: (&str, &str) = ("anagrafe-marino", "Rosa Marino");

/// Accounts of the demo.
pub const ACCOUNTS: &[DemoAccount] = &[DemoAccount {
    username: "anagrafe.marino",
    name: DESK.1,
    subject: "Practitioner/anagrafe-marino",
    role: "operatore-anagrafe",
    organization: "asl-partenope",
}];

/// Builds it.
pub(crate) fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move { build(&context).await.map_err(|error| error.to_string()) }.boxed()
}

async fn build(demo: &DemoContext) -> Result<(), PeerError> {
    let fhir = demo.context.peers.fhir(&Actor::system());
    let (id, name) = DESK;
    let person = json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"text": name}]});
    fhir.update(&person).await?;
    crate::matching::demo::build(&demo.context, &fhir).await
}

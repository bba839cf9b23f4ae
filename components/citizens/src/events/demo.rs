//! The demo region's part: events of a feed, one of which waits; a paediatrician; a request that waits for the doctor; an
//! exemption. Everything has an id of its own: built again, it is the same.

use crate::choice::demo as choice;
use component::{DemoContext, PeerError};

/// Builds it.
pub(crate) async fn build(demo: &DemoContext) -> Result<(), PeerError> {
    choice::build(demo).await?;
    let trust = super::Trust {
        unsigned: true,
        ..super::Trust::read(&demo.context).await?
    };
    trust.write(&demo.context).await?;
    let feed = include_str!("../../rules/eventi-dimostrativi.ndjson");
    match super::load(&demo.context, feed.as_bytes(), None, "system", |_, _| {}).await {
        Ok(_) => Ok(()),
        Err(super::LoadError::Peer(error)) => Err(error),
        Err(super::LoadError::Unreadable(why) | super::LoadError::Untrusted(why)) => Err(PeerError::Malformed(why)),
    }
}

//! Several nodes over one database: one sends, and those who listen on any of them are told.

use super::sockets::{Socket, hear, listen, say};
use super::world::*;
use hub::subscriptions::Worker;
use serde_json::json;
use test_store::Place;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;

/// A node at work.
struct Node {
    world: World,
    work: JoinHandle<()>,
}

impl Node {
    fn start(place: &Place, name: &str) -> Self {
        let world = World::node(&place.told(), name);
        let hub = world.hub.clone();
        let work = tokio::spawn(async move { Worker::serve(hub).await.unwrap() });
        Self { world, work }
    }

    /// A client that listens here to a subscription.
    async fn client(&self, id: &str) -> Socket {
        let (mut socket, _) = connect_async(&listen(&self.world).await).await.unwrap();
        // `bound` is said before the socket is on the list: the list is what the next bind waits for.
        for _ in 0..2 {
            say(&mut socket, &format!("bind {id}")).await;
            assert_eq!(hear(&mut socket).await, format!("bound {id}"));
        }
        socket
    }

    /// Until what was queued is written down as told.
    async fn until_told(&self, id: &str) {
        let path = format!("/Subscription/{id}/$status");
        while self.world.told(&path, "waiting").await != json!(0) {
            tokio::task::yield_now().await;
        }
    }

    /// Until the subscription has this status here.
    async fn until(&self, id: &str, status: &str) {
        let mut changes = self.world.store.changes();
        while self.world.subscription(id).await["status"] != status {
            changes.changed().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_on_any_node_is_pinged() {
    let Some(place) = Place::on_server() else { return };
    let (one, two) = (Node::start(&place, "one"), Node::start(&place, "two"));
    // Whichever node sends, the subscription is written on one and its changes on both.
    let channel = json!({"type": "websocket"});
    one.world.write(subscription("w", "Observation?code=1", channel)).await;
    two.until("w", "active").await;

    one.world.write(observation("a", "1", 1)).await;
    // Nobody listened then: the first who comes is told, on whichever node.
    let mut at_two = two.client("w").await;
    assert_eq!(hear(&mut at_two).await, "ping w");
    one.until_told("w").await;
    let mut at_one = one.client("w").await;
    let mut also = two.client("w").await;
    for (n, node) in [&two, &one, &two].into_iter().enumerate() {
        node.world.write(observation("a", "1", 2 + n as i64)).await;
        for socket in [&mut at_one, &mut at_two, &mut also] {
            assert_eq!(hear(socket).await, "ping w", "change {n}");
        }
    }

    // A node ends without a word; when its term is over, the other one sends.
    two.work.abort();
    one.world.advance(60);
    one.world.write(observation("a", "1", 9)).await;
    assert_eq!(hear(&mut at_one).await, "ping w");
}

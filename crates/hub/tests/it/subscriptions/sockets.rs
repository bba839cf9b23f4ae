//! The websocket channel, with a real client.

use super::world::*;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

pub type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

pub async fn listen(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = world.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("ws://{address}/fhir/websocket")
}

pub async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::Text(text.into())).await.unwrap();
}

pub async fn hear(socket: &mut Socket) -> String {
    socket.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}

#[tokio::test]
async fn a_client_binds_and_is_pinged_also_for_what_it_missed() {
    let world = World::new();
    let url = listen(&world).await;
    world
        .subscribe("w", "Observation?code=1", json!({"type": "websocket"}))
        .await;
    // Two while nobody listens are one ping.
    world.write(observation("a", "1", 1)).await;
    world.write(observation("b", "1", 1)).await;
    world.settle().await;
    assert_eq!(world.told("/Subscription/w/$status", "waiting").await, json!(1));
    let (mut socket, _) = connect_async(&url).await.unwrap();
    say(&mut socket, "bind nothing").await;
    assert!(hear(&mut socket).await.starts_with("error"));
    say(&mut socket, "hello").await;
    assert!(hear(&mut socket).await.starts_with("error"));
    say(&mut socket, "bind w").await;
    assert_eq!(hear(&mut socket).await, "bound w");
    // `bound` is said before the socket is on the list: the list is what the next bind waits for.
    say(&mut socket, "bind w").await;
    assert_eq!(hear(&mut socket).await, "bound w");
    world.settle().await;
    assert_eq!(hear(&mut socket).await, "ping w");
    assert_eq!(world.told("/Subscription/w/$status", "waiting").await, json!(0));
    world.write(observation("c", "2", 1)).await;
    world.settle().await;
    world.write(observation("c", "1", 1)).await;
    world.settle().await;
    assert_eq!(hear(&mut socket).await, "ping w");
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
    let announced = world.hub.capabilities();
    let statement: serde_json::Value = serde_json::from_slice(&announced).unwrap();
    assert_eq!(
        statement["rest"][0]["extension"][0]["valueUri"],
        "ws://hub.test/fhir/websocket"
    );
}

#[tokio::test]
async fn a_page_of_another_site_and_one_too_many_are_refused() {
    let world = World::with(|settings| settings.sockets = 1);
    let url = listen(&world).await;
    let mut foreign = url.as_str().into_client_request().unwrap();
    foreign
        .headers_mut()
        .insert("origin", "http://hub.test.evil.example".parse().unwrap());
    foreign.headers_mut().insert("authorization", {
        let actor = ::access::Actor::system();
        format!("Bearer {}", world.guard.tokens().issue(&actor))
            .parse()
            .unwrap()
    });
    let error = connect_async(foreign).await.unwrap_err().to_string();
    assert!(error.contains("403"), "{error}");
    let first = connect_async(&url).await.unwrap();
    let error = connect_async(&url).await.unwrap_err().to_string();
    assert!(error.contains("503"), "{error}");
    drop(first);
}

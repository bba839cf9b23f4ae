//! Two ways to the hub: its router called in the process, and HTTP/1.1 over loopback on a kept connection.

use super::operations::Request;
use crate::client::Client;
use anyhow::Result;
use axum::Router;
use axum::body::Body;
use std::net::SocketAddr;
use tower::ServiceExt as _;

/// What FHIR servers are sent.
const FHIR: &str = "application/fhir+json";

/// How requests travel.
#[derive(Clone)]
pub enum Way {
    /// No network.
    Router(Router),
    /// A real server on this machine.
    Http(SocketAddr),
    /// Another server, whose FHIR base is its root.
    Peer(SocketAddr),
}

/// One client's connection.
pub enum Connection {
    /// The router.
    Router(Router),
    /// A TCP connection, and the part of our paths to leave out.
    Http(Client, &'static str),
}

impl Way {
    /// Its name in the table.
    pub fn name(&self) -> &'static str {
        match self {
            Way::Router(_) => "router",
            Way::Http(_) => "http",
            Way::Peer(_) => "helios",
        }
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Result<Connection> {
        Ok(match self {
            Way::Router(router) => Connection::Router(router.clone()),
            Way::Http(address) => Connection::Http(Client::connect(*address, FHIR).await?, ""),
            Way::Peer(address) => Connection::Http(Client::connect(*address, FHIR).await?, "/fhir"),
        })
    }
}

impl Connection {
    /// Sends a request; gives status and body.
    pub async fn send(&mut self, request: &Request) -> Result<(u16, Vec<u8>)> {
        match self {
            Connection::Router(router) => {
                let http = axum::http::Request::builder()
                    .method(request.method.clone())
                    .uri(&request.path)
                    .header("content-type", "application/fhir+json")
                    .body(Body::from(request.body.clone()))?;
                let response = router.clone().oneshot(http).await?;
                let status = response.status().as_u16();
                let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
                Ok((status, body.into()))
            }
            Connection::Http(client, without) => {
                let path = request.path.strip_prefix(*without).unwrap_or(&request.path);
                let path = if path.is_empty() { "/" } else { path };
                client.send(request.method.as_str(), path, &request.body).await
            }
        }
    }
}

//! Two ways to the hub: its router called in the process, and HTTP/1.1 over loopback on a kept connection.

use super::operations::Request;
use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

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
    Http(BufReader<TcpStream>, &'static str),
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
            Way::Http(address) => Connection::Http(over_tcp(*address).await?, ""),
            Way::Peer(address) => Connection::Http(over_tcp(*address).await?, "/fhir"),
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
            Connection::Http(stream, without) => {
                let path = request.path.strip_prefix(*without).unwrap_or(&request.path);
                over_http(stream, request, if path.is_empty() { "/" } else { path }).await
            }
        }
    }
}

async fn over_tcp(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(64 * 1024, stream))
}

async fn over_http(stream: &mut BufReader<TcpStream>, request: &Request, path: &str) -> Result<(u16, Vec<u8>)> {
    let mut out = format!(
        "{} {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n",
        request.method,
        path,
        request.body.len()
    )
    .into_bytes();
    out.extend_from_slice(&request.body);
    stream.get_mut().write_all(&out).await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .context("a status line")?;
    let mut length = Some(0);
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = None;
            }
        }
    }
    let Some(length) = length else {
        return Ok((status, chunks(stream).await?));
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((status, body))
}

async fn chunks(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let length = usize::from_str_radix(line.trim(), 16).context("a chunk's length")?;
        let start = body.len();
        body.resize(start + length + 2, 0);
        stream.read_exact(&mut body[start..]).await?;
        body.truncate(start + length);
        if length == 0 {
            return Ok(body);
        }
    }
}

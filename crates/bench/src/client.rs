//! A small HTTP/1.1 client on a kept connection, so that the load costs as little as can be beside what is measured.

use anyhow::{Context as _, Result, ensure};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A connection to a server on this machine.
pub struct Client {
    stream: BufReader<TcpStream>,
    content_type: &'static str,
    /// Sent with every request.
    pub bearer: Option<String>,
    /// Sent with every request: the session of [`Client::sign_in`].
    pub cookie: Option<String>,
}

impl Client {
    /// Connects; bodies are sent as `content_type`.
    pub async fn connect(address: SocketAddr, content_type: &'static str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            content_type,
            bearer: None,
            cookie: None,
        })
    }

    /// Sends a request; gives status and body.
    pub async fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let bearer = self.bearer.as_ref();
        let authorization = bearer.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
        let cookie = self.cookie.as_ref();
        let session = cookie.map_or_else(String::new, |cookie| format!("cookie: {cookie}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}{session}content-type: {}\r\ncontent-length: {}\r\n\r\n",
            self.content_type,
            body.len()
        );
        let mut out = head.into_bytes();
        out.extend_from_slice(body);
        self.stream.get_mut().write_all(&out).await?;
        self.answer().await
    }

    /// Signs in as a person does, by the form; later requests are of that session.
    pub async fn sign_in(&mut self, account: &str, password: &str) -> Result<()> {
        let form = format!("utente={account}&password={password}");
        let (status, _) = self.send("POST", "/accedi", form.as_bytes()).await?;
        ensure!(
            status == 303 && self.cookie.is_some(),
            "{account} cannot sign in: the answer is {status}"
        );
        Ok(())
    }

    /// Sends JSON, wants a 2xx answer, and reads it as JSON.
    pub async fn json(&mut self, method: &str, path: &str, body: &serde_json::Value) -> Result<serde_json::Value> {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body)?
        };
        let (status, answer) = self.send(method, path, &bytes).await?;
        ensure!(
            (200..300).contains(&status),
            "{method} {path} is answered with {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        if answer.is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_slice(&answer).with_context(|| format!("the answer to {method} {path}"))
    }

    async fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok());
        let status = status.context("a status line")?;
        let mut length = Some(0);
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                if name.eq_ignore_ascii_case("content-length") {
                    length = Some(value.trim().parse()?);
                } else if name.eq_ignore_ascii_case("set-cookie") && !value.contains("Max-Age=0") {
                    self.cookie = value.split(';').next().map(|cookie| cookie.trim().to_owned());
                } else if name.eq_ignore_ascii_case("transfer-encoding") {
                    length = None;
                }
            }
        }
        let Some(length) = length else {
            return Ok((status, self.chunks().await?));
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((status, body))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let length = usize::from_str_radix(line.trim(), 16).context("a chunk's length")?;
            let start = body.len();
            body.resize(start + length + 2, 0);
            self.stream.read_exact(&mut body[start..]).await?;
            body.truncate(start + length);
            if length == 0 {
                return Ok(body);
            }
        }
    }
}

/// Waits until a server answers `path` with a 2xx status.
pub async fn until_answers(address: SocketAddr, path: &str, patience: Duration) -> Result<Duration> {
    let since = Instant::now();
    loop {
        if let Ok(mut client) = Client::connect(address, "application/json").await
            && let Ok((status, _)) = client.send("GET", path, b"").await
            && (200..300).contains(&status)
        {
            return Ok(since.elapsed());
        }
        ensure!(
            since.elapsed() < patience,
            "the server at {address} does not answer {path} after {} s",
            patience.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An address of this machine that is free now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

//! `sinfonia call GET /citizens/search?text=… --account NAME`: any route of the REST and FHIR interfaces from the command line, with the
//! rights of an account and in the record of accesses as everywhere. Against the store itself, or against a program that serves.

use crate::backend::Place;
use crate::exit::Misconfigured;
use crate::system::System;
use anyhow::{Context as _, bail};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tower::ServiceExt as _;

/// Largest answer, bytes.
const LARGEST: usize = 1 << 30;

/// Flags of `call`.
#[derive(clap::Args)]
pub struct Args {
    /// HTTP verb: GET, POST, PUT, PATCH, DELETE.
    method: Method,
    /// Path with query, e.g. '/citizens/search?text=rossi maria' or '/fhir/Patient/1'; `sinfonia openapi` lists those beside FHIR.
    path: String,
    /// Account whose rights hold. Its password comes from standard input, one line.
    #[arg(long)]
    account: String,
    /// File that holds the password, in the place of standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// File that is sent with the request.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Kind of that file; application/fhir+json below /fhir, else application/json.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// A program that serves, e.g. https://sinfonia.example.it; without it the store is opened here, and no server may use a file.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Prints the answer as it came, not JSON with a line for each value.
    #[arg(long)]
    raw: bool,
}

/// Asks, and prints the answer on standard output; an error where the answer is one.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let path = path(&args.path)?;
    let password = match &args.password_file {
        Some(file) => first_line(file)?,
        None => {
            eprintln!("Password for {} (one line on standard input):", args.account);
            super::account::password_line()?
        }
    };
    let body = match &args.body {
        Some(file) => std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => Vec::new(),
    };
    let kind = args.content_type.clone().unwrap_or_else(|| kind_of(&path).to_owned());
    let asked = Asked {
        method: args.method.clone(),
        basic: STANDARD.encode(format!("{}:{password}", args.account)),
        path,
        kind,
        body: body.into(),
    };
    let (status, json, bytes) = match &args.server {
        Some(server) => asked.at(server).await?,
        None => asked.here(place).await?,
    };
    let shown = match serde_json::from_slice::<serde_json::Value>(&bytes) {
        Ok(value) if json && !args.raw => format!("{value:#}\n").into_bytes(),
        _ => bytes.to_vec(),
    };
    std::io::stdout()
        .lock()
        .write_all(&shown)
        .context("cannot print the answer")?;
    if status.is_client_error() || status.is_server_error() {
        bail!("{} {}: {status}", args.method, args.path);
    }
    Ok(())
}

/// What is asked.
struct Asked {
    method: Method,
    basic: String,
    path: String,
    kind: String,
    body: Bytes,
}

/// Status, whether it is JSON, and the answer.
type Answer = (StatusCode, bool, Bytes);

fn is_json(headers: &http::HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json")))
}

impl Asked {
    /// Against the store, through the same door as any request.
    async fn here(self, place: &Place) -> anyhow::Result<Answer> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header(header::AUTHORIZATION, format!("Basic {}", self.basic));
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, self.kind);
        }
        let request = request
            .body(Body::from(self.body))
            .context("the request cannot be made")?;
        let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
        let Ok(response) = system.router.clone().oneshot(request).await;
        let (status, json) = (response.status(), is_json(response.headers()));
        let bytes = axum::body::to_bytes(response.into_body(), LARGEST).await;
        system.close().await;
        Ok((status, json, bytes.context("the answer broke off")?))
    }

    /// Against a program that serves.
    async fn at(self, server: &str) -> anyhow::Result<Answer> {
        let url = address(server, &self.path)?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let mut request = client
            .request(self.method, url)
            .header(header::AUTHORIZATION, format!("Basic {}", self.basic));
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, self.kind).body(self.body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("{server} does not answer"))?;
        let (status, json) = (answer.status(), is_json(answer.headers()));
        Ok((status, json, answer.bytes().await.context("the answer broke off")?))
    }
}

/// Where to ask. A password goes unencrypted only within this machine.
fn address(server: &str, path: &str) -> anyhow::Result<reqwest::Url> {
    let given = format!("{}{path}", server.trim_end_matches('/'));
    let url: reqwest::Url = given
        .parse()
        .map_err(|error| Misconfigured(format!("--server {server}: {error}; write https://HOST[:PORT]")))?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => bail!(Misconfigured(format!(
            "--server {server}: the password would go over the network unencrypted; write https://"
        ))),
    }
}

fn kind_of(path: &str) -> &'static str {
    match path.starts_with("/fhir") {
        true => "application/fhir+json",
        false => "application/json",
    }
}

/// The path as it is sent: what an address cannot hold (spaces, letters with accents) is encoded.
fn path(given: &str) -> anyhow::Result<String> {
    if !given.starts_with('/') || given.starts_with("//") {
        bail!(Misconfigured(format!(
            "{given}: give a path that begins with one /, as in /citizens/search?text=rossi"
        )));
    }
    let mut made = String::with_capacity(given.len());
    for byte in given.bytes() {
        match byte {
            b'!'..=b'~' if !b"\"<>\\^`{|}#".contains(&byte) => made.push(char::from(byte)),
            _ => made.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(made)
}

fn first_line(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Misconfigured(format!("--password-file {}: {error}", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_unencrypted_within_this_machine_only() {
        for right in [
            "https://sinfonia.example.it/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            assert!(
                address(right, "/fhir/Patient")
                    .unwrap()
                    .as_str()
                    .ends_with("/fhir/Patient"),
                "{right}"
            );
        }
        for wrong in [
            "http://sinfonia.example.it",
            "http://127.0.0.1.example.it",
            "ftp://localhost",
            "sinfonia",
            "",
        ] {
            assert!(address(wrong, "/fhir/Patient").is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_people_type_becomes_an_address() {
        assert_eq!(
            path("/citizens/search?text=D'Amico Niccolò").unwrap(),
            "/citizens/search?text=D'Amico%20Niccol%C3%B2"
        );
        assert_eq!(
            path("/fhir/Patient?name=a%20b&_count=1").unwrap(),
            "/fhir/Patient?name=a%20b&_count=1"
        );
        for wrong in ["", "citizens/search", "//elsewhere/x", "http://elsewhere/"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            (kind_of("/fhir/Patient"), kind_of("/staff/people")),
            ("application/fhir+json", "application/json")
        );
    }
}

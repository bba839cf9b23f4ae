//! Another FHIR server in the same run: helios-hfs, if its program is given, with its own default settings.
//!
//! `cargo install helios-hfs --no-default-features --features R4,sqlite,skip-r6-download` builds it (some 25 minutes on
//! two cores). It commits with SQLite's `synchronous=NORMAL`: a power cut may undo what it acknowledged, so the
//! comparison of writes favours it.

use super::operations::Request;
use super::region;
use super::way::Way;
use anyhow::{Context as _, Result, ensure};
use axum::http::Method;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Patients in a transaction of the load.
const PATIENTS_PER_BUNDLE: u64 = 50;
/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// A running peer; killed when dropped.
pub struct Peer {
    _process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Peer {
    /// Starts the program over an empty database in `folder`.
    pub async fn start(program: &Path, folder: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let program = program.canonicalize().context("the peer's program")?;
        let log = std::fs::File::create(folder.join("peer.log"))?;
        let process = Command::new(program)
            .args(["--host", "127.0.0.1", "--log-level", "error"])
            .args(["--port", &address.port().to_string()])
            .arg("--database-url")
            .arg(folder.join("peer.db"))
            .env("HFS_UI_ENABLED", "false")
            .env("HFS_BASE_URL", format!("http://{address}"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the peer does not start")?;
        let peer = Self {
            _process: process,
            address,
        };
        peer.wait().await?;
        Ok(peer)
    }

    async fn wait(&self) -> Result<()> {
        let since = Instant::now();
        loop {
            if let Ok(mut connection) = Way::Peer(self.address).connect().await {
                let (status, _) = connection.send(&get("/fhir/metadata")).await?;
                ensure!(status == 200, "the peer answers /metadata with {status}");
                return Ok(());
            }
            ensure!(
                since.elapsed() < START,
                "the peer does not answer after {} s",
                START.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Writes the generated region by transactions; gives resources and seconds.
    pub async fn generate(&self, patients: u64) -> Result<(usize, f64)> {
        let since = Instant::now();
        let mut resources = 0;
        let mut connection = Way::Peer(self.address).connect().await?;
        for first in (0..patients).step_by(PATIENTS_PER_BUNDLE as usize) {
            let lines = region::lines(first..patients.min(first + PATIENTS_PER_BUNDLE));
            let entries = lines.lines().map(entry).collect::<Result<Vec<_>>>()?;
            resources += entries.len();
            let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
            let request = Request {
                method: Method::POST,
                path: "/fhir".to_owned(),
                body: bundle.to_string().into_bytes(),
            };
            let (status, body) = connection.send(&request).await?;
            ensure!(
                status == 200,
                "the peer refuses the region: {status} {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok((resources, since.elapsed().as_secs_f64()))
    }
}

fn entry(line: &str) -> Result<Value> {
    let resource: Value = serde_json::from_str(line)?;
    let url = format!(
        "{}/{}",
        resource["resourceType"].as_str().context("a type")?,
        resource["id"].as_str().context("an id")?
    );
    Ok(
        json!({"fullUrl": format!("http://localhost/{url}"), "resource": resource,
        "request": {"method": "PUT", "url": url}}),
    )
}

fn get(path: &str) -> Request {
    Request {
        method: Method::GET,
        path: path.to_owned(),
        body: Vec::new(),
    }
}

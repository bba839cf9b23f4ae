//! From one program to the next under load: nodes of the older one are replaced one by one over one database, which the first new one
//! expands; both work side by side; when the last is replaced, what only the older program needed is taken away.

use crate::kill::server::{self, Server};
use crate::kill::subject::Books;
use crate::kill::{self, Faults, Place, Report, load, verify};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::process::Command;

/// Acknowledgements between two changes.
const BETWEEN: u64 = 150;
/// How long each client rests between two commands, in milliseconds.
const REST_MS: u64 = 10;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program of before.
    pub older: PathBuf,
    /// The program of after.
    pub newer: PathBuf,
    /// An empty folder.
    pub folder: PathBuf,
    /// Address of an empty PostgreSQL database.
    pub store: String,
    /// Nodes: at least two.
    pub nodes: usize,
    /// Clients at the same time.
    pub clients: u32,
    /// Workers at the same time.
    pub workers: u32,
}

/// Replaces every node under load, contracts, and judges all that was acknowledged; `progress` is told of every change.
///
/// # Errors
/// The first thing that was lost, done twice or left half, or that does not work.
pub async fn campaign(plan: &Plan, progress: impl Fn(&str)) -> Result<Report, String> {
    let place = Place {
        binary: Some(plan.older.clone()),
        ..Place::default()
    };
    let mut inner = kill::Plan {
        binary: plan.newer.clone(),
        folder: plan.folder.clone(),
        store: Some(plan.store.clone()),
        nodes: plan.nodes,
        rounds: 0,
        seed: 1,
        clients: plan.clients,
        workers: plan.workers,
        faults: Some(Faults {
            places: vec![place; plan.nodes],
            pause_ms: REST_MS,
        }),
    };
    let one = kill::Plan {
        nodes: 1,
        ..inner.clone()
    };
    Server::start(&one).await?.deploy().await?.stop().await?;
    let mut server = Server::start(&inner).await?;
    let books = Arc::new(Books::default());
    progress("every node is of the older program");
    let load = load::begin(&inner, &server, &books, 1);
    load.until(&books, BETWEEN).await?;
    for n in (0..plan.nodes).rev() {
        server.stop_one(n).await?;
        if let Some(faults) = &mut inner.faults {
            faults.places[n].binary = None;
        }
        server.start_again(&inner).await?;
        server.all_live()?;
        let enough = books.acknowledged() + BETWEEN;
        load.until(&books, enough).await?;
        progress(&format!(
            "node {n} is of the newer program; {} of {} are",
            plan.nodes - n,
            plan.nodes
        ));
        if n > 0 {
            match contract(plan).await {
                Ok(_) => return Err("what the older program needs was taken away while it works".into()),
                Err(told) => progress(&format!("contracting is refused: {}", told.trim())),
            }
        }
    }
    progress(contract(plan).await?.trim());
    let enough = books.acknowledged() + BETWEEN;
    load.until(&books, enough).await?;
    load.over().await;
    verify::what_was_acknowledged(&server, &books).await?;
    load::drain(&inner, &server, &books).await?;
    verify::everything(&server, &books).await?;
    server.all_live()?;
    server.stop().await?;
    server::doctor(&inner).await?;
    Ok(books.report(0))
}

async fn contract(plan: &Plan) -> Result<String, String> {
    let output = Command::new(&plan.newer)
        .arg("--data")
        .arg(plan.folder.join("data"))
        .args(["--store", &plan.store, "schema", "--contract"])
        .output();
    let output = output.await.map_err(|error| error.to_string())?;
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(told(&output.stdout))
    } else {
        Err(told(&output.stderr))
    }
}

//! From one program to the next under load: nodes of the older one are replaced one by one over one database, which the first new one
//! expands; both work side by side; when the last is replaced, what only the older program needed is taken away.
//!
//! Where the search definitions of the two differ they cannot work side by side: the newer one must refuse to, without harm to the
//! older ones, and all are replaced in one pause, while clients go on asking.

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
    /// Whether the two have different search definitions, so that all nodes are replaced in one pause.
    pub pause: bool,
    /// Clients at the same time.
    pub clients: u32,
    /// Workers at the same time.
    pub workers: u32,
}

/// The programs at work, and what they are asked.
struct Stage<'a, T> {
    plan: &'a Plan,
    inner: kill::Plan,
    server: Server,
    books: Arc<Books>,
    load: load::Load,
    progress: T,
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
    let inner = kill::Plan {
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
    let server = Server::start(&inner).await?;
    let books = Arc::new(Books::default());
    progress("every node is of the older program");
    let load = load::begin(&inner, &server, &books, 1);
    let mut stage = Stage {
        plan,
        inner,
        server,
        books,
        load,
        progress,
    };
    stage.more().await?;
    if plan.pause {
        stage.all_in_a_pause().await?;
    } else {
        stage.one_by_one().await?;
    }
    stage.judge().await
}

impl<T: Fn(&str)> Stage<'_, T> {
    /// Waits until more has been acknowledged.
    async fn more(&self) -> Result<(), String> {
        let enough = self.books.acknowledged() + BETWEEN;
        self.load.until(&self.books, enough).await
    }

    /// What a node is from its next start on.
    fn renew(&mut self, n: usize) {
        if let Some(faults) = &mut self.inner.faults {
            faults.places[n].binary = None;
        }
    }

    async fn one_by_one(&mut self) -> Result<(), String> {
        let nodes = self.plan.nodes;
        for n in (0..nodes).rev() {
            self.server.stop_one(n).await?;
            self.renew(n);
            self.server.start_again(&self.inner).await?;
            self.server.all_live()?;
            self.more().await?;
            (self.progress)(&format!(
                "node {n} is of the newer program; {} of {nodes} are",
                nodes - n
            ));
            if n > 0 {
                self.too_early().await?;
            }
        }
        Ok(())
    }

    async fn all_in_a_pause(&mut self) -> Result<(), String> {
        let last = self.plan.nodes - 1;
        self.server.stop_one(last).await?;
        self.renew(last);
        match self.server.start_again(&self.inner).await {
            Ok(()) => return Err("the newer program serves beside the older one: it needs no pause, so say so".into()),
            Err(told) if told.contains("other search definitions") => {
                (self.progress)("the newer program refuses to start beside the older one");
            }
            Err(told) => return Err(told),
        }
        self.too_early().await?;
        self.server.all_live()?;
        self.more().await?;
        (self.progress)("the older ones work on");
        for n in 0..last {
            self.server.stop_one(n).await?;
            self.renew(n);
        }
        let began = tokio::time::Instant::now();
        self.server.start_again(&self.inner).await?;
        (self.progress)(&format!(
            "every node is of the newer program, after a pause of {:.1} s",
            began.elapsed().as_secs_f64()
        ));
        self.more().await
    }

    /// While an older node is left, nothing of it is taken away.
    async fn too_early(&self) -> Result<(), String> {
        match contract(self.plan).await {
            Ok(_) => Err("what the older program needs was taken away while it works".into()),
            Err(told) => {
                (self.progress)(&format!("contracting is refused: {}", told.trim()));
                Ok(())
            }
        }
    }

    /// Contracts, and looks whether everything that was acknowledged is there once.
    async fn judge(mut self) -> Result<Report, String> {
        (self.progress)(contract(self.plan).await?.trim());
        self.more().await?;
        self.load.over().await;
        verify::what_was_acknowledged(&self.server, &self.books).await?;
        load::drain(&self.inner, &self.server, &self.books).await?;
        verify::everything(&self.server, &self.books).await?;
        self.server.all_live()?;
        self.server.stop().await?;
        server::doctor(&self.inner).await?;
        Ok(self.books.report(0))
    }
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

//! SIGKILL under load: the real program is started, used by many over HTTP, killed at a random moment, started again,
//! and asked what it remembers; as often as one likes.
//!
//! Every round, clients start processes, complete tasks and send messages, workers outside fetch, do and complete jobs,
//! and timers fire. After every kill and restart: all that was acknowledged is there, exactly once; what was in flight
//! is sent again under the same idempotency key. In the end every instance completes, each of its steps was done once
//! in the store, and every job was done outside at least once, under one and the same job id.

pub mod batch;
pub(crate) mod load;
mod process;
pub(crate) mod server;
pub(crate) mod subject;
pub(crate) mod verify;

use server::Server;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use subject::Books;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub binary: PathBuf,
    /// An empty folder for its data.
    pub folder: PathBuf,
    /// Address of a PostgreSQL database to keep everything in; `None`: the file in the folder.
    pub store: Option<String>,
    /// Processes at the same time; more than one needs a database.
    pub nodes: usize,
    /// How many kills.
    pub rounds: u32,
    /// Where the random numbers begin: how much is acknowledged before each kill, and how long after.
    pub seed: u64,
    /// Clients at the same time.
    pub clients: u32,
    /// Workers at the same time.
    pub workers: u32,
    /// What is otherwise where the program meets other faults than kills ([`crate::chaos`]).
    pub faults: Option<Faults>,
}

/// What is otherwise where the program goes on living with a fault: it may then answer that it cannot (5xx, 429), which counts
/// as no answer, and whoever asked asks again under the same key.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Where each node finds its database, and its environment; the plan's own where there is none for it.
    pub places: Vec<Place>,
    /// How long each client rests between two commands, in milliseconds.
    pub pause_ms: u64,
}

/// What is particular to one node.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Address of its database.
    pub store: Option<String>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// The program, where it is another one than the plan's.
    pub binary: Option<PathBuf>,
}

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Kills.
    pub kills: u32,
    /// Instances, all completed.
    pub instances: usize,
    /// Commands that were acknowledged.
    pub acknowledged: u64,
    /// Requests that a kill left without an answer.
    pub unanswered: u64,
    /// Of those sent again, how many had been done and were answered from memory.
    pub replayed: u64,
    /// Jobs done outside.
    pub jobs: usize,
    /// Jobs done outside more than once.
    pub repeated_jobs: usize,
}

/// Random numbers of a seed (splitmix64).
pub(crate) struct Dice(pub u64);

impl Dice {
    /// A number from 0 to below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// Runs the campaign; `progress` is told after every kill.
///
/// # Errors
/// The first thing that was lost, done twice or left half, or why the program could not be run.
pub async fn campaign(plan: &Plan, progress: impl Fn(u32, &Report)) -> Result<Report, String> {
    let books = Arc::new(Books::default());
    let mut dice = Dice(plan.seed);
    let mut kills = 0;
    Server::start(plan).await?.deploy().await?.stop().await?;
    let mut server = Server::start(plan).await?;
    for round in 1..=plan.rounds {
        verify::what_was_acknowledged(&server, &books).await?;
        let load = load::begin(plan, &server, &books, round);
        let enough = books.acknowledged() + 1 + dice.below(150);
        load.until(&books, enough).await?;
        tokio::time::sleep(Duration::from_micros(dice.below(30_000))).await;
        server.kill(round as usize).await?;
        load.over().await;
        kills += 1;
        progress(round, &books.report(kills));
        server.start_again(plan).await?;
    }
    verify::what_was_acknowledged(&server, &books).await?;
    load::drain(plan, &server, &books).await?;
    verify::everything(&server, &books).await?;
    server.stop().await?;
    server::doctor(plan).await?;
    Ok(books.report(kills))
}

//! Faults of every kind under load: the real program, one process over a file or several over PostgreSQL, is killed, stopped,
//! cut off, given a full or a slow disk and a wrong clock, as often as one likes, from a seed that repeats it.
//!
//! All the while clients start processes, complete tasks, send messages and write resources, workers do jobs, timers fire.
//! Clients remember every acknowledgement, and send what got none again under the same idempotency key, perhaps to another
//! node. After some faults and in the end: everything acknowledged is there, nothing happened twice, transactions are whole;
//! in the end every instance completes and `sinfonia doctor` finds nothing. After each fault it is measured how long it takes
//! until all works again; a node that ends by itself, or does not recover, is a failure too.

mod fault;
mod ground;
mod pairs;
mod postgres;
mod recovery;
mod report;
mod shim;

pub use fault::{Fault, Kind};
pub use ground::Ground;
pub use recovery::Recovery;
pub use report::Report;
pub use shim::{Control, Shim};

use crate::kill::server::{self, Answer, Server};
use crate::kill::subject::Books;
use crate::kill::{self, Dice, Faults, Place, load, verify};
use pairs::{Pairs, Writers};
use postgres::{Postgres, signal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Faults between two judgements.
const JUDGED_EVERY: u32 = 10;
/// How long each client rests between two commands, in milliseconds: faults are to be many, not commands.
const REST_MS: u64 = 25;
/// The disk: room for what a campaign writes, in megabytes, and for each fault.
const DISK_MB: u64 = 300;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub binary: PathBuf,
    /// An empty folder that other users may pass through.
    pub folder: PathBuf,
    /// Processes over a PostgreSQL of the campaign's own; 0: one process over a file.
    pub nodes: usize,
    /// How many faults.
    pub faults: u32,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Clients of processes at the same time.
    pub clients: u32,
    /// Clients of the hub at the same time.
    pub writers: u32,
    /// Workers at the same time.
    pub workers: u32,
    /// The kinds that are drawn; empty: all that can be had here.
    pub kinds: Vec<Kind>,
}

/// A campaign under way.
struct Campaign {
    plan: kill::Plan,
    ground: Option<Ground>,
    postgres: Option<Postgres>,
    controls: Vec<Control>,
    server: Server,
    books: Arc<Books>,
    pairs: Arc<Pairs>,
    writers: u32,
}

/// The load between two judgements.
struct Load {
    steps: load::Load,
    writers: Writers,
}

/// Runs a campaign; `progress` is told of every fault with its number and what came of it.
///
/// # Errors
/// The first thing that was lost, done twice or left half, or that does not recover; or why it could not be run.
pub async fn campaign(plan: &Plan, progress: impl Fn(u32, &Fault, &Recovery, Duration)) -> Result<Report, String> {
    let kinds = kinds(plan);
    let mut campaign = Campaign::begin(plan).await?;
    let (mut dice, mut report) = (Dice(plan.seed), Report::default());
    let done = campaign.run(plan, &kinds, &mut dice, &mut report, progress).await;
    match done {
        Ok(()) => campaign.end().await.map(|(steps, writes)| Report {
            steps,
            writes,
            ..report
        }),
        Err(problem) => Err(format!("{problem}\n{}", campaign.server.last_words())),
    }
}

/// What of the kinds asked for can be had here.
pub fn kinds(plan: &Plan) -> Vec<Kind> {
    let asked = if plan.kinds.is_empty() {
        &Kind::ALL[..]
    } else {
        &plan.kinds[..]
    };
    let can =
        |kind: &&Kind| (plan.nodes > 0 || !kind.needs_database()) && (Ground::is_allowed() || !kind.needs_ground());
    asked.iter().filter(can).copied().collect()
}

impl Campaign {
    async fn begin(plan: &Plan) -> Result<Self, String> {
        open_to_others(&plan.folder)?;
        let shim = Shim::build(&plan.folder)?;
        let megabytes = DISK_MB + u64::from(plan.faults);
        let ground = Ground::is_allowed().then(|| Ground::make(&plan.folder, megabytes, plan.nodes));
        let ground = ground.transpose()?;
        let postgres = match plan.nodes {
            0 => None,
            _ => Some(Postgres::start(&plan.folder, ground.as_ref(), &shim).await?),
        };
        let controls = (0..plan.nodes.max(1)).map(|n| Control::new(plan.folder.join(format!("node-{n}-control"))));
        let controls = controls.collect::<Result<Vec<_>, _>>()?;
        let places = controls.iter().enumerate().map(|(n, control)| Place {
            store: postgres.as_ref().map(|postgres| postgres.address(ground.as_ref(), n)),
            environment: shim.environment(control),
            binary: None,
        });
        // A file lies on the small disk, as a database would.
        let on_disk = ground.as_ref().filter(|_| postgres.is_none());
        let inner = kill::Plan {
            binary: plan.binary.clone(),
            folder: on_disk.map_or(&*plan.folder, Ground::disk).to_owned(),
            store: None,
            nodes: plan.nodes.max(1),
            rounds: plan.faults,
            seed: plan.seed,
            clients: plan.clients,
            workers: plan.workers,
            faults: Some(Faults {
                places: places.collect(),
                pause_ms: REST_MS,
            }),
        };
        // The first start makes the key that all nodes share.
        let one = kill::Plan {
            nodes: 1,
            ..inner.clone()
        };
        let server = Server::start(&one).await?.deploy().await?;
        match server.http.post("/deployments", "sonda", &recovery::model()).await {
            Answer::Given(200..300, ..) => {}
            Answer::Given(status, body, _) => return Err(format!("the probe is refused: {status} {body}")),
            Answer::None => return Err("the probe was not answered".into()),
        }
        server.stop().await?;
        let server = Server::start(&inner).await?;
        Ok(Self {
            plan: inner,
            ground,
            postgres,
            controls,
            server,
            books: Arc::default(),
            pairs: Arc::default(),
            writers: plan.writers,
        })
    }

    async fn run(
        &mut self,
        plan: &Plan,
        kinds: &[Kind],
        dice: &mut Dice,
        report: &mut Report,
        progress: impl Fn(u32, &Fault, &Recovery, Duration),
    ) -> Result<(), String> {
        let mut load = self.load(0);
        for round in 1..=plan.faults {
            let fault = Fault::draw(dice, kinds, self.server.nodes());
            tokio::time::sleep(Duration::from_millis(fault.pause_ms)).await;
            self.books.measure_silence();
            let told = |problem: String| format!("fault {round}, {fault}: {problem}");
            self.inflict(&fault).await.map_err(told)?;
            let recovery = recovery::measure(&self.server, round).await;
            let recovery = recovery
                .and_then(|recovery| self.server.all_live().map(|()| recovery))
                .map_err(told)?;
            let silence = self.books.measure_silence();
            progress(round, &fault, &recovery, silence);
            report.faults.entry(fault.kind).or_default().push((recovery, silence));
            if let Some(problem) = self.books.problem() {
                return Err(told(problem));
            }
            if round % JUDGED_EVERY == 0 {
                load.over().await;
                self.judge().await.map_err(told)?;
                load = self.load(round);
            }
        }
        load.over().await;
        self.judge().await
    }

    fn load(&self, round: u32) -> Load {
        Load {
            steps: load::begin(&self.plan, &self.server, &self.books, round),
            writers: pairs::begin(&self.server.http, &self.books, &self.pairs, self.writers, REST_MS),
        }
    }

    async fn judge(&self) -> Result<(), String> {
        verify::what_was_acknowledged(&self.server, &self.books).await?;
        self.pairs.judge(&self.server.http, false).await
    }

    /// Begins a fault, waits as long as it lasts, and ends it.
    async fn inflict(&mut self, fault: &Fault) -> Result<(), String> {
        let lasts = tokio::time::sleep(Duration::from_millis(fault.lasts_ms));
        let jump = i64::try_from(fault.size).unwrap_or(i64::MAX);
        match fault.kind {
            Kind::NodeKilled => {
                self.server.kill(fault.node).await?;
                lasts.await;
                self.server.start_again(&self.plan).await
            }
            Kind::NodeStopped => {
                let process = self.server.process(fault.node).ok_or("it is not there")?;
                signal("STOP", &[process]).await?;
                lasts.await;
                signal("CONT", &[process]).await
            }
            Kind::ClockAhead | Kind::ClockBehind => {
                let clock = &self.controls[fault.node];
                clock.clock(if fault.kind == Kind::ClockAhead { jump } else { -jump })?;
                lasts.await;
                clock.clock(0)
            }
            Kind::SlowFlush => {
                let disk = self
                    .postgres
                    .as_ref()
                    .map_or(&self.controls[0], |postgres| &postgres.control);
                disk.flush_delay(jump)?;
                lasts.await;
                disk.flush_delay(0)
            }
            Kind::DiskFull => {
                let ground = self.ground.as_ref().ok_or("no disk of its own")?;
                ground.fill()?;
                lasts.await;
                ground.empty()?;
                match &mut self.postgres {
                    // It may have ended in its recovery.
                    Some(postgres) => postgres.start_again().await,
                    None => Ok(()),
                }
            }
            _ => self.inflict_on_database(fault, lasts).await,
        }
    }

    async fn inflict_on_database(&mut self, fault: &Fault, lasts: tokio::time::Sleep) -> Result<(), String> {
        let postgres = self.postgres.as_mut().ok_or("no database")?;
        match fault.kind {
            Kind::DatabaseKilled => {
                postgres.kill().await?;
                lasts.await;
                postgres.start_again().await
            }
            // It recovers by itself: nothing is waited for.
            Kind::BackendKilled => postgres.kill_backend(fault.size).await,
            Kind::DatabaseStopped => {
                postgres.freeze(true).await?;
                lasts.await;
                postgres.freeze(false).await
            }
            Kind::Cut => {
                let ground = self.ground.as_ref().ok_or("no cables")?;
                ground.cable(fault.node, false).await?;
                lasts.await;
                ground.cable(fault.node, true).await
            }
            _ => Ok(()),
        }
    }

    /// Brings everything to its end and judges all of it.
    async fn end(self) -> Result<(kill::Report, usize), String> {
        // What a wrong clock set for the future is due then.
        let later = i64::try_from(2 * fault::LONGEST_JUMP_S).unwrap_or(i64::MAX);
        self.controls.iter().try_for_each(|control| control.clock(later))?;
        load::drain(&self.plan, &self.server, &self.books).await?;
        verify::everything(&self.server, &self.books).await?;
        self.pairs.judge(&self.server.http, true).await?;
        self.server.stop().await?;
        server::doctor(&self.plan).await?;
        Ok((self.books.report(0), self.pairs.acknowledged()))
    }
}

impl Load {
    async fn over(self) {
        tokio::join!(self.steps.over(), self.writers.over());
    }
}

/// PostgreSQL's user must come through.
fn open_to_others(folder: &std::path::Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

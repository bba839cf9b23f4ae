//! The ground that a campaign stands on: a small disk that can be filled, and cables that can be pulled.

use postgres_fixture::Programs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const KEEPER: &str = include_str!("ground.sh");

/// A disk in memory, and a network namespace with one cable for each node. Needs root; gone when dropped.
#[derive(Debug)]
pub struct Ground {
    keeper: Child,
    disk: PathBuf,
    name: String,
    cable: String,
    network: String,
}

impl Ground {
    /// Whether this process may mount and make networks: it tries, and leaves nothing.
    pub fn is_allowed() -> bool {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "true"]).stderr(Stdio::null());
        let may = command.status().is_ok_and(|status| status.success());
        may && Programs::as_another_user()
    }

    /// Makes it: a disk of this many megabytes, this many cables.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn make(folder: &Path, megabytes: u64, cables: usize) -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        // Two campaigns may run at a time, in one process or in two.
        let id = std::process::id() % 90_000 + 7 * MADE.fetch_add(1, Ordering::Relaxed);
        let mut ground = Self {
            keeper: Command::new("true").spawn().map_err(|error| error.to_string())?,
            disk: folder.join("disk"),
            name: format!("sinfonia-chaos-{id}"),
            cable: format!("sf{id}"),
            network: format!("10.{}", 128 + id % 100),
        };
        let _ = ground.keeper.wait();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .env("DISK", &ground.disk)
            .env("MEGABYTES", megabytes.to_string())
            .env("NAME", &ground.name)
            .env("CABLE", &ground.cable)
            .env("NETWORK", &ground.network)
            .env("CABLES", cables.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("sh: {error}"))?;
        let output = keeper.stdout.take().ok_or("no output")?;
        ground.keeper = keeper;
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        if line.starts_with("ready") {
            Ok(ground)
        } else {
            Err("a disk in memory and a network namespace could not be made: see above".into())
        }
    }

    /// The small disk.
    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// The namespace that the database is in.
    pub fn namespace(&self) -> &str {
        &self.name
    }

    /// Under which address a node finds the database.
    pub fn address(&self, node: usize) -> String {
        format!("{}.{node}.2", self.network)
    }

    /// Pulls a node's cable, or puts it in again.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn cable(&self, node: usize, there: bool) -> Result<(), String> {
        let cable = format!("{}b{node}", self.cable);
        let end = if there { "up" } else { "down" };
        let mut command = tokio::process::Command::new("ip");
        let done = command
            .args(["-n", &self.name, "link", "set", &cable, end])
            .status()
            .await;
        match done {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("ip link set {cable} {end}: {other:?}")),
        }
    }

    /// Fills the disk to the last byte.
    ///
    /// # Errors
    /// It cannot be written for another reason than that it is full.
    pub fn fill(&self) -> Result<(), String> {
        use std::io::Write as _;
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .map_err(|error| format!("the ballast: {error}"))?;
        for size in [1 << 20, 1 << 12] {
            let piece = vec![0; size];
            while file.write(&piece).is_ok_and(|written| written > 0) {}
        }
        Ok(())
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn empty(&self) -> Result<(), String> {
        match std::fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("the ballast: {error}")),
            _ => Ok(()),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.disk.join("ballast")
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

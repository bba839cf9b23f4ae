//! A program started for a measurement, and the real `sinfonia serve`.

use crate::client::{free_address, until_answers};
use anyhow::{Context as _, Result, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(120);

/// A program; killed when dropped.
pub struct Program(Child);

impl Program {
    /// Starts it; what it says goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = std::fs::File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn();
        child.map(Self).with_context(|| format!("{name} does not start"))
    }

    /// Its process id.
    pub fn id(&self) -> Option<u32> {
        self.0.id()
    }

    /// Waits until it has used less than a twentieth of a core for two seconds: after a start it may have work of its own, such as
    /// following what was loaded. Gives up waiting after `longest`; how long it took.
    pub async fn until_quiet(&self, longest: Duration) -> Duration {
        let since = std::time::Instant::now();
        let mut before = self.ticks();
        while since.elapsed() < longest {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let now = self.ticks();
            if now.saturating_sub(before) < 10 {
                break;
            }
            before = now;
        }
        since.elapsed()
    }

    /// Processor time it has used, in hundredths of a second; 0 where the machine does not tell.
    fn ticks(&self) -> u64 {
        let stat = self
            .id()
            .and_then(|id| std::fs::read_to_string(format!("/proc/{id}/stat")).ok());
        let stat = stat.unwrap_or_default();
        let fields = stat
            .rsplit_once(')')
            .map_or("", |(_, fields)| fields)
            .split_whitespace();
        fields
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum()
    }

    /// Its exit code, once it has ended.
    pub fn ended(&mut self) -> Option<i32> {
        self.0
            .try_wait()
            .ok()
            .flatten()
            .map(|status| status.code().unwrap_or(-1))
    }

    /// Kills it and waits until it is gone.
    pub async fn stop(mut self) -> Result<()> {
        Ok(self.0.kill().await?)
    }
}

/// A running `sinfonia serve`.
pub struct Server {
    /// The process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub start: Duration,
}

impl Server {
    /// Serves the data in `folder`; callers on this machine need no account (`--open-api`).
    pub async fn start(program: &Path, folder: &Path) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--open-api", "--listen", &address.to_string()])
            .env("SINFONIA_DATA", folder)
            .env("RUST_LOG", "warn");
        let program = Program::start(&mut command, &folder.join("server.log"))?;
        let start = until_answers(address, "/orchestrator/definitions", START)
            .await
            .with_context(|| std::fs::read_to_string(folder.join("server.log")).unwrap_or_default())?;
        Ok(Self {
            program,
            address,
            start,
        })
    }

    /// Memory of the process: resident, and of that what is its own (not pages of files mapped by SQLite), in bytes.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let id = self.program.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("reading /proc")?;
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let kib = line
                .and_then(|line| line.split_whitespace().nth(1))
                .and_then(|n| n.parse::<u64>().ok());
            kib.map(|kib| kib * 1024)
                .with_context(|| format!("{name} in /proc/{id}/status"))
        };
        Ok((of("VmRSS:")?, of("RssAnon:")?))
    }
}

/// The program to measure: the one named, or `sinfonia` beside this one.
///
/// # Errors
/// It is not there.
pub fn sinfonia(named: Option<&Path>) -> Result<PathBuf> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("sinfonia"),
    };
    ensure!(
        path.is_file(),
        "{} is not there: cargo build --release -p bench -p sinfonia, or name it with --server",
        path.display()
    );
    Ok(path)
}

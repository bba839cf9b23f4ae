//! A PostgreSQL server whose processes can be killed, stopped and started again.

use super::ground::Ground;
use super::shim::{Control, Shim};
use postgres_fixture::Programs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::{Child, Command};

/// Longest time for a start, in tries of a quarter of a second: a crash recovery on a busy machine.
const TRIES: u32 = 240;
/// Beside what the fixture's clusters have; the log is kept short, since the disk is small.
const SETTINGS: [&str; 8] = [
    "max_connections=300",
    "shared_buffers=32MB",
    "max_wal_size=64MB",
    "min_wal_size=16MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "checkpoint_timeout=30s",
    "fsync=on",
];

/// The server.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    folder: PathBuf,
    namespace: Option<String>,
    environment: Vec<(String, String)>,
    child: Child,
    /// Slow flushes.
    pub control: Control,
}

impl Postgres {
    /// Makes a cluster in a folder and starts it: in the ground's namespace and on its disk, where there is one.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start.
    pub async fn start(folder: &Path, ground: Option<&Ground>, shim: &Shim) -> Result<Self, String> {
        let programs = Programs::find().ok_or("PostgreSQL is not installed: scripts/install-postgres.sh")?;
        let folder = ground.map_or(folder, Ground::disk).join("database");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        programs.give_away(&folder);
        let made = programs
            .command("initdb")
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"])
            .args(["--no-sync", "--wal-segsize=1", "-D"])
            .arg(folder.join("data"))
            .output();
        let made = made.map_err(|error| format!("initdb: {error}"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let hba = folder.join("data/pg_hba.conf");
        std::fs::write(&hba, "local all all trust\nhost all all 10.0.0.0/8 trust\n")
            .map_err(|error| error.to_string())?;
        let control = Control::new(folder.with_file_name("database-control"))?;
        let environment = shim.environment(&control);
        let namespace = ground.map(|ground| ground.namespace().to_owned());
        let child = begin(&programs, &folder, namespace.as_deref(), &environment)?;
        let mut postgres = Self {
            programs,
            folder,
            namespace,
            environment,
            child,
            control,
        };
        postgres.until_it_answers().await?;
        postgres.sql("postgres", "CREATE DATABASE sinfonia TEMPLATE template0")?;
        Ok(postgres)
    }

    /// The store's address for a node.
    pub fn address(&self, ground: Option<&Ground>, node: usize) -> String {
        let host = ground.map_or_else(|| self.folder.display().to_string(), |ground| ground.address(node));
        format!("host={host} user=postgres dbname=sinfonia")
    }

    /// SIGKILL to the first process; the others see that it died and end.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn kill(&mut self) -> Result<(), String> {
        self.child
            .kill()
            .await
            .map_err(|error| format!("cannot kill PostgreSQL: {error}"))
    }

    /// SIGKILL to one process that serves a connection: PostgreSQL then ends all connections and recovers.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn kill_backend(&self, which: u64) -> Result<(), String> {
        let backends: Vec<u32> = self
            .processes()
            .into_iter()
            .skip(1)
            .filter(|pid| serves(*pid))
            .collect();
        match backends.get(which as usize % backends.len().max(1)) {
            Some(pid) => signal("KILL", &[*pid]).await,
            None => Ok(()),
        }
    }

    /// SIGSTOP, or SIGCONT, to all its processes.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn freeze(&self, frozen: bool) -> Result<(), String> {
        signal(if frozen { "STOP" } else { "CONT" }, &self.processes()).await
    }

    /// Starts it again if it has ended.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_again(&mut self) -> Result<(), String> {
        self.until_it_answers().await
    }

    async fn until_it_answers(&mut self) -> Result<(), String> {
        for _ in 0..TRIES {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                // The last of the old processes may still be ending: it is then refused, and tried again.
                self.child = begin(
                    &self.programs,
                    &self.folder,
                    self.namespace.as_deref(),
                    &self.environment,
                )?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let from = log.len().saturating_sub(3_000);
        Err(format!(
            "PostgreSQL does not start:\n{}",
            log.get(from..).unwrap_or(&log)
        ))
    }

    fn sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = std::process::Command::new("timeout");
        let output = psql
            .arg("5")
            .arg(self.programs.path("psql"))
            .args(["-X", "-q", "-A", "-t", "-U", "postgres", "-d", database])
            .arg("-h")
            .arg(&self.folder)
            .args(["-c", sql])
            .output();
        let output = output.map_err(|error| format!("psql: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// The first process and its children.
    fn processes(&self) -> Vec<u32> {
        let Some(first) = self.child.id() else {
            return Vec::new();
        };
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(first).chain(children).collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Kept alive by nobody: its children end with it.
        let _ = self.child.start_kill();
    }
}

fn begin(
    programs: &Programs,
    folder: &Path,
    namespace: Option<&str>,
    environment: &[(String, String)],
) -> Result<Child, String> {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let log = log.map_err(|error| format!("the log of PostgreSQL: {error}"))?;
    let listen = if namespace.is_some() {
        "listen_addresses=*"
    } else {
        "listen_addresses="
    };
    let socket = format!("unix_socket_directories={}", folder.display());
    let mut words = vec![
        programs.path("postgres").display().to_string(),
        "-D".into(),
        folder.join("data").display().to_string(),
    ];
    for setting in SETTINGS.iter().copied().chain([listen, &socket]) {
        words.extend(["-c".into(), setting.to_owned()]);
    }
    let mut command = Command::from(programs.wrapped(namespace, &words));
    command
        .envs(environment.iter().cloned())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null());
    command.stderr(log).kill_on_drop(true);
    command.spawn().map_err(|error| format!("PostgreSQL: {error}"))
}

/// Whether a process of PostgreSQL serves a connection.
fn serves(pid: u32) -> bool {
    let title = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&title).starts_with("postgres: postgres sinfonia")
}

/// Sends a signal.
pub async fn signal(name: &str, pids: &[u32]) -> Result<(), String> {
    let mut command = Command::new("kill");
    command.arg(format!("-{name}")).args(pids.iter().map(u32::to_string));
    // Some may have ended meanwhile.
    command.stderr(std::process::Stdio::null());
    command
        .status()
        .await
        .map(drop)
        .map_err(|error| format!("kill: {error}"))
}

//! A throw-away PostgreSQL cluster for tests and trials: started at its first use, on a socket in a temporary folder, with
//! `fsync` on; stopped and removed when the last [`Database`] on it is dropped, and also when this process is killed.
//!
//! It needs PostgreSQL's server programs (Debian: `postgresql`; `scripts/install-postgres.sh` installs them). Without them
//! [`Database::new`] says so loudly and gives `None`; with the environment variable `CI` set it panics.

mod programs;

pub use programs::Programs;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// Runs beside the process that started it. The cluster is a copy of a template that is made once; it ends when standard
/// input does, which the death of its owner closes.
const KEEPER: &str = r#"
set -e
umask 077
if [ ! -f "$TEMPLATE/done" ]; then
  mkdir -p "$TEMPLATE"
  exec 9>"$TEMPLATE/lock"
  flock 9
  if [ ! -f "$TEMPLATE/done" ]; then
    rm -rf "$TEMPLATE/data"
    "$BIN/initdb" -D "$TEMPLATE/data" -U postgres -A trust -E UTF8 --locale=C --no-sync --wal-segsize=4 >"$TEMPLATE/log" 2>&1
    touch "$TEMPLATE/done"
  fi
  exec 9>&-
fi
cp -r "$TEMPLATE/data" "$FOLDER/data"
cd "$FOLDER"
eval "$PREPARE"
"$BIN/pg_ctl" -D "$FOLDER/data" -w -t 60 -l "$FOLDER/log" \
  -o "-c listen_addresses='' -c unix_socket_directories='$FOLDER' -c max_connections=80 -c shared_buffers=32MB $SETTINGS" start >/dev/null
echo ready
read -r _ || true
"$BIN/pg_ctl" -D "$FOLDER/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$FOLDER/data" "$FOLDER/log"
"#;

/// Makes an authority (`ca.pem`), another one (`other.pem`), a certificate of the first for `localhost`, and has the server show
/// it to whoever comes over the network.
const ENCRYPT: &str = r#"
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
for name in ca other; do
  openssl req -x509 $key -days 2 -subj "/CN=$name" -addext "basicConstraints=critical,CA:TRUE" \
    -keyout "$name.key" -out "$name.pem" 2>>log
done
openssl req $key -subj /CN=localhost -keyout server.key -out server.csr 2>>log
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem 2>>log
cat >>data/postgresql.conf <<END
ssl = on
ssl_cert_file = '$FOLDER/server.pem'
ssl_key_file = '$FOLDER/server.key'
END
"#;

/// The port in the name of a socket.
const PORT: u16 = 5432;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("the port").port()
}

/// The programs, or a loud word that they are missing.
fn installed() -> Option<Programs> {
    let found = Programs::find();
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "PostgreSQL is not installed: run scripts/install-postgres.sh"
        );
        eprintln!("SKIPPED: PostgreSQL is not installed; scripts/install-postgres.sh installs it");
    }
    found
}

/// A running cluster.
struct Cluster {
    keeper: Child,
    folder: tempfile::TempDir,
    programs: Programs,
    port: u16,
    next: AtomicU64,
}

static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

impl Cluster {
    fn start(programs: Programs, settings: &str) -> Self {
        Self::prepared(programs, settings, PORT, "")
    }

    /// One that is reached by TLS at a port of this machine, too.
    fn encrypted(programs: Programs) -> Self {
        let port = free_port();
        let settings = format!("-c listen_addresses='localhost' -c port={port}");
        Self::prepared(programs, &settings, port, ENCRYPT)
    }

    fn prepared(programs: Programs, settings: &str, port: u16, prepare: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sinfonia-pg-")
            .tempdir()
            .expect("a temporary folder");
        programs.give_away(folder.path());
        let version = programs.bin().parent().and_then(Path::file_name).unwrap_or_default();
        let whose = if Programs::as_another_user() { "server" } else { "own" };
        let template = std::env::temp_dir().join(format!("sinfonia-pg-template-{}-{whose}", version.display()));
        let mut keeper = programs
            .wrapped(None, &["sh".into(), "-c".into(), KEEPER.into()])
            .env("BIN", programs.bin())
            .env("FOLDER", folder.path())
            .env("TEMPLATE", template)
            .env("SETTINGS", settings)
            .env("PREPARE", prepare)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh (and, as root, setpriv) can be started");
        let mut line = String::new();
        let output = keeper.stdout.take().expect("standard output is a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the keeper can be read");
        assert!(
            line.starts_with("ready"),
            "PostgreSQL did not start: {}",
            std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
        );
        Self {
            keeper,
            folder,
            programs,
            port,
            next: AtomicU64::new(1),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Closing its input ends the keeper, which stops the server.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// An empty database of its own.
pub struct Database {
    cluster: Arc<Cluster>,
    name: String,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Database").field(&self.name).finish()
    }
}

impl Database {
    /// A new database on this process's cluster; `None`, said loudly, where PostgreSQL is not installed.
    ///
    /// # Panics
    /// The cluster cannot be started, or PostgreSQL is missing and `CI` is set.
    #[allow(clippy::new_without_default, reason = "it may not be there")]
    pub fn new() -> Option<Self> {
        let programs = installed()?;
        let cluster = {
            let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match running.upgrade() {
                Some(cluster) => cluster,
                None => {
                    let cluster = Arc::new(Cluster::start(programs, ""));
                    *running = Arc::downgrade(&cluster);
                    cluster
                }
            }
        };
        Some(Self::on(cluster))
    }

    /// A new database on a cluster of its own, with further settings of the server: `-c name=value …`.
    ///
    /// # Panics
    /// As [`Database::new`].
    pub fn with_settings(settings: &str) -> Option<Self> {
        Some(Self::on(Arc::new(Cluster::start(installed()?, settings))))
    }

    /// A new database on a cluster of its own that speaks TLS over the network; see [`Database::network`].
    ///
    /// # Panics
    /// As [`Database::new`].
    pub fn encrypted() -> Option<Self> {
        Some(Self::on(Arc::new(Cluster::encrypted(installed()?))))
    }

    /// Where it is over the network, from a host of this name of this machine, as the store's address: of
    /// [`Database::encrypted`] only. The server's certificate is for `localhost`.
    pub fn network(&self, host: &str) -> String {
        let (port, name) = (self.cluster.port, &self.name);
        format!("host={host} hostaddr=127.0.0.1 port={port} user=postgres dbname={name}")
    }

    /// The folder of the cluster; of [`Database::encrypted`] it holds `ca.pem`, the authority that signed the server's
    /// certificate, and `other.pem`, one that did not.
    pub fn folder(&self) -> &Path {
        self.cluster.folder.path()
    }

    fn on(cluster: Arc<Cluster>) -> Self {
        let name = format!("t{}", cluster.next.fetch_add(1, Ordering::Relaxed));
        let database = Self { cluster, name };
        database.sql(
            "postgres",
            &format!("CREATE DATABASE {} TEMPLATE template0", database.name),
        );
        database
    }

    /// A database for a suite that runs on either store: where the environment variable `SINFONIA_TEST_STORE` is `postgres`.
    ///
    /// # Panics
    /// It is asked for and cannot be had.
    pub fn asked() -> Option<Self> {
        match std::env::var("SINFONIA_TEST_STORE").as_deref() {
            Ok("postgres") => Some(Self::new().expect("SINFONIA_TEST_STORE=postgres needs PostgreSQL")),
            Ok("sqlite" | "") | Err(_) => None,
            Ok(other) => panic!("SINFONIA_TEST_STORE is sqlite or postgres, not '{other}'"),
        }
    }

    /// Where it is, as the store's address.
    pub fn address(&self) -> String {
        format!(
            "host={} user=postgres dbname={}",
            self.cluster.folder.path().display(),
            self.name
        )
    }

    /// Runs SQL in it.
    ///
    /// # Panics
    /// The database refuses it.
    pub fn run(&self, sql: &str) -> String {
        self.sql(&self.name, sql)
    }

    /// Every row that it holds, as SQL; bytes are in hexadecimal.
    ///
    /// # Panics
    /// It cannot be read.
    pub fn dump(&self) -> String {
        let output = Command::new(self.cluster.programs.path("pg_dump"))
            .args(["--data-only", "-U", "postgres", "-h"])
            .arg(self.cluster.folder.path())
            .args(["-p", &self.cluster.port.to_string()])
            .arg(&self.name)
            .output()
            .expect("pg_dump can be started");
        assert!(
            output.status.success(),
            "pg_dump: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(self.cluster.programs.path("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                database,
                "-h",
            ])
            .arg(self.cluster.folder.path())
            .args(["-p", &self.cluster.port.to_string(), "-c", sql])
            .output()
            .expect("psql can be started");
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

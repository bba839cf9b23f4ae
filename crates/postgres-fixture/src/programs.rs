//! PostgreSQL's server programs, and the user they run as.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The user that the server runs as when we are root, which it refuses to be.
const USER: &str = "postgres";

/// The programs of the newest version that is installed.
#[derive(Debug, Clone)]
pub struct Programs {
    bin: PathBuf,
}

impl Programs {
    /// Looks where Debian's packages put them.
    pub fn find() -> Option<Self> {
        let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .flatten()
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
            .filter(|(_, bin)| bin.join("initdb").exists())
            .collect();
        found.sort();
        found.pop().map(|(_, bin)| Self { bin })
    }

    /// The folder they are in.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// Where one is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Whether this process is root, and the server therefore another user.
    pub fn as_another_user() -> bool {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
    }

    /// One of them, run as the server's user.
    pub fn command(&self, name: &str) -> Command {
        self.wrapped(None, &[self.path(name).display().to_string()])
    }

    /// A command line as the server's user, in a network namespace of this name. The process that is started becomes the
    /// program: its id is the program's.
    pub fn wrapped(&self, namespace: Option<&str>, words: &[String]) -> Command {
        let mut all: Vec<&str> = Vec::new();
        if let Some(namespace) = namespace {
            all.extend(["ip", "netns", "exec", namespace]);
        }
        if Self::as_another_user() {
            all.extend(["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"]);
        }
        all.extend(words.iter().map(String::as_str));
        let (program, arguments) = all.split_first().unwrap_or((&"true", &[]));
        let mut command = Command::new(program);
        command.args(arguments).current_dir("/");
        command
    }

    /// Gives a folder to the server's user.
    ///
    /// # Panics
    /// There is no such user.
    pub fn give_away(&self, folder: &Path) {
        if !Self::as_another_user() {
            return;
        }
        let status = Command::new("chown").arg(USER).arg(folder).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "the user '{USER}' that PostgreSQL's package makes is missing"
        );
    }
}

//! The library that is preloaded into the processes under test (`shim.c`): it moves a process's wall clock and makes its
//! flushes to disk slow, without any privilege.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("shim.c");

/// The library.
#[derive(Debug, Clone)]
pub struct Shim(PathBuf);

/// What one process is told.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    file: File,
}

impl Shim {
    /// Compiles it into a folder.
    ///
    /// # Errors
    /// There is no C compiler (`cc`), or it refuses.
    pub fn build(folder: &Path) -> Result<Self, String> {
        let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
        std::fs::write(&source, SOURCE).map_err(|error| format!("{}: {error}", source.display()))?;
        let done = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .map_err(|error| format!("slow flushes and moved clocks need a C compiler; cc: {error}"))?;
        if !done.status.success() {
            return Err(format!("cc: {}", String::from_utf8_lossy(&done.stderr)));
        }
        Ok(Self(library))
    }

    /// The environment of a process that listens to this control.
    pub fn environment(&self, control: &Control) -> Vec<(String, String)> {
        vec![
            ("LD_PRELOAD".into(), self.0.display().to_string()),
            ("SINFONIA_CHAOS_CONTROL".into(), control.path.display().to_string()),
        ]
    }
}

impl Control {
    /// A process that is left alone so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(path: PathBuf) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::write(&path, [0; 16]).map_err(told)?;
        let file = File::options().write(true).open(&path).map_err(told)?;
        Ok(Self { path, file })
    }

    /// Its wall clock is this many seconds off.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clock(&self, seconds: i64) -> Result<(), String> {
        self.tell(0, seconds * 1_000_000_000)
    }

    /// Each flush takes this much longer.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush_delay(&self, ms: i64) -> Result<(), String> {
        self.tell(8, ms * 1_000)
    }

    fn tell(&self, at: u64, number: i64) -> Result<(), String> {
        self.file
            .write_all_at(&number.to_ne_bytes(), at)
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_the_time_that_it_is_told() {
        let folder = std::env::temp_dir().join(format!("sinfonia-shim-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let shim = Shim::build(&folder).unwrap();
        let control = Control::new(folder.join("control")).unwrap();
        let year = || {
            let mut date = Command::new("date");
            let out = date.arg("+%s").envs(shim.environment(&control)).output().unwrap();
            String::from_utf8_lossy(&out.stdout).trim().parse::<i64>().unwrap()
        };
        let (before, _) = (year(), control.clock(1_000_000).unwrap());
        let after = year();
        assert!((1_000_000..1_000_060).contains(&(after - before)), "{before} {after}");
        control.clock(-1_000_000).unwrap();
        assert!(year() < before);
        let _ = std::fs::remove_dir_all(folder);
    }
}

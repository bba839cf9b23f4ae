//! How long the disk takes to make a small append durable while something else is measured: what waits for the disk cannot be faster.

use anyhow::{Context as _, Result};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pause between two appends: few enough not to be a load.
const PAUSE: Duration = Duration::from_millis(20);

/// Appends 4 KiB and flushes it, again and again, until it is asked for its times.
pub struct Flushes {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<Vec<Duration>>>,
}

impl Flushes {
    /// Begins, with a file of its own in `folder` that is removed at the end.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(folder: &Path) -> Result<Self> {
        let path = folder.join("flushes.append");
        let mut file = std::fs::File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        let stop = Arc::<AtomicBool>::default();
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut taken = vec![];
            while !told.load(Ordering::Relaxed) {
                let since = Instant::now();
                file.write_all(&[7; 4096])?;
                file.sync_data()?;
                taken.push(since.elapsed());
                std::thread::sleep(PAUSE);
            }
            std::fs::remove_file(&path)?;
            Ok(taken)
        });
        Ok(Self { stop, thread })
    }

    /// How long each took, the shortest first.
    ///
    /// # Errors
    /// The disk refused an append.
    pub fn end(self) -> Result<Vec<Duration>> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        let mut taken = ended.map_err(|_| anyhow::anyhow!("the appends ended in a panic"))??;
        taken.sort_unstable();
        Ok(taken)
    }
}

//! The machine: disk, certificates.

use super::Finding;
use super::Severity::{Good, Warning, Wrong};
use jiff::Timestamp;
use std::io::Write as _;
use std::path::Path;

/// Less free space than this stops the writes soon.
const LOW: u64 = 2 << 30;
/// Flushes that are measured.
const FLUSHES: usize = 25;
/// A flush that takes longer makes everybody wait.
const SLOW_MICROS: u128 = 20_000;
/// A certificate that ends within so many days is to be renewed.
const SOON_DAYS: i64 = 30;

/// Free space, and how long a flush takes.
pub fn disk(data: &Path) -> Vec<Finding> {
    let free = match crate::disk::free(data) {
        None => Finding::new("disk", Warning, "disk-unknown"),
        Some(free) if free < LOW => Finding::new("disk", Wrong, "disk-low").with("gigabytes", gigabytes(free)),
        Some(free) => Finding::new("disk", Good, "disk-free").with("gigabytes", gigabytes(free)),
    };
    let flush = match flush(data) {
        Err(error) => Finding::new("disk", Wrong, "disk-unwritable").with("error", error.to_string()),
        Ok(micros) => {
            let slow = micros > SLOW_MICROS;
            let (severity, what) = if slow {
                (Warning, "disk-slow")
            } else {
                (Good, "disk-flush")
            };
            let finding = Finding::new("disk", severity, what).with("micros", micros.to_string());
            finding.with("n", FLUSHES.to_string())
        }
    };
    vec![free, flush]
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e9)
}

/// The median time from a write of a page to its being on the medium, in microseconds.
fn flush(data: &Path) -> std::io::Result<u128> {
    let mut file = tempfile::tempfile_in(data)?;
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let began = crate::stopwatch::start();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(began.elapsed().as_micros());
    }
    times.sort_unstable();
    Ok(times[FLUSHES / 2])
}

/// How long a certificate is still valid.
pub fn certificate(chain: Option<&Path>, now: Timestamp) -> Finding {
    let Some(chain) = chain else {
        return Finding::new("certificate", Good, "certificate-none");
    };
    let (from, until) = match crate::tls::validity(chain) {
        Ok(found) => found,
        Err(error) => {
            return Finding::new("certificate", Wrong, "certificate-unreadable").with("error", format!("{error:#}"));
        }
    };
    let days = (until.as_second() - now.as_second()) / 86_400;
    let (severity, what) = match () {
        () if now < from => (Wrong, "certificate-early"),
        () if now >= until => (Wrong, "certificate-over"),
        () if days < SOON_DAYS => (Warning, "certificate-soon"),
        () => (Good, "certificate-valid"),
    };
    Finding::new("certificate", severity, what).with("days", days)
}

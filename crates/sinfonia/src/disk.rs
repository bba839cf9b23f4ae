//! Free space.

use std::path::Path;

/// Free bytes for this program where a path lies; `None` where the system does not tell.
pub fn free(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

//! Builds the page assets (styles, scripts, icons) with node when they are missing or older than their sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let root = here.join("../..").canonicalize().expect("the workspace root exists");
    let lock = root.join("package-lock.json");
    let manifest = here.join("dist/manifest.json");
    for path in [
        &here.join("assets"),
        &here.join("locales"),
        &here.join("templates"),
        &lock,
        &manifest,
    ] {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    let missing = |name: &str| !root.join("node_modules").join(name).is_dir();
    if missing("bootstrap-italia") || missing("leaflet") {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        run(Command::new(npm)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&root));
    }
    run(Command::new("node")
        .arg(here.join("assets/build.mjs"))
        .current_dir(&root));
    age(&manifest);
}

fn run(command: &mut Command) {
    let text = format!("{command:?}");
    let remedy = "The pages need Node.js 20 or newer with npm at build time (Debian: apt-get install nodejs npm), and \
                  network access for the first `npm ci`. Then build again.";
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{text} failed: {}\n{}\n{}\n{remedy}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("{text} could not be started: {error}\n{remedy}"),
    }
}

/// Cargo runs this script again when the manifest is gone. It must look old, or each build would find it changed since
/// the script began.
fn age(manifest: &Path) {
    let file = std::fs::File::options()
        .append(true)
        .open(manifest)
        .expect("build.mjs writes dist/manifest.json");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
        .expect("the manifest's date can be set");
}

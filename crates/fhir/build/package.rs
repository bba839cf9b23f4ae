//! Finds the npm package, or has npm fetch it.

use serde::de::DeserializeOwned;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Overrides where the package is looked for.
const OVERRIDE: &str = "SINFONIA_FHIR_DEFINITIONS";
const NAME: &str = "hl7.fhir.r4.examples";

/// The unpacked package.
pub struct Package(PathBuf);

impl Package {
    /// The folder named by the override, or `node_modules` at the workspace root (filled by `npm ci` if missing).
    pub fn find() -> Package {
        println!("cargo::rerun-if-env-changed={OVERRIDE}");
        let folder = match std::env::var_os(OVERRIDE) {
            Some(folder) => PathBuf::from(folder),
            None => {
                let root = workspace_root();
                let folder = root.join("node_modules").join(NAME);
                if !folder.join("package.json").is_file() {
                    install(&root);
                }
                folder
            }
        };
        let manifest = folder.join("package.json");
        assert!(
            manifest.is_file(),
            "The FHIR R4 definitions are missing: {} does not exist. Run `npm ci --ignore-scripts` at the root of the \
             repository, or set {OVERRIDE} to an unpacked copy of the npm package {NAME} 4.0.1.",
            manifest.display()
        );
        println!("cargo::rerun-if-changed={}", manifest.display());
        Package(folder)
    }

    /// One JSON file of the package.
    pub fn read<T: DeserializeOwned>(&self, file: &str) -> T {
        let path = self.0.join(file);
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("cannot understand {}: {error}", path.display()))
    }
}

fn workspace_root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    Path::new(&manifest)
        .join("../..")
        .canonicalize()
        .expect("the crate is two folders below the workspace root")
}

/// Packages hold no code that must run: scripts stay off.
fn install(root: &Path) {
    println!("cargo::warning=The npm packages are missing: running `npm ci --ignore-scripts` once");
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let outcome = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(root)
        .status();
    let remedy = format!(
        "The FHIR R4 definitions could not be fetched. Install Node.js with npm and run `npm ci --ignore-scripts` in {}, \
         or set {OVERRIDE} to an unpacked copy of the npm package {NAME} 4.0.1.",
        root.display()
    );
    match outcome {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{remedy} (npm ended with {status})"),
        Err(error) => panic!("{remedy} (npm did not start: {error})"),
    }
}

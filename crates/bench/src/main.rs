//! Measures Sinfonia on this machine. Run it on a release build: `make bench`.

use clap::Parser;

/// Benchmarks of Sinfonia.
#[derive(Parser)]
enum Command {}

fn main() {
    Command::parse();
}

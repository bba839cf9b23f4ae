//! `sinfonia facilities seed`: loads the ministry's list of structures; again, it changes nothing that people changed.

use crate::backend::Place;
use crate::system::System;

/// Flags of `facilities`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Loads region, ASL, inpatient structures and their buildings of Campania; the server must not be running on the data folder.
    Seed,
}

/// Does what was asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let What::Seed = args.what;
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let fhir = system.context.peers.fhir(&access::Actor::system());
    let seeded = facilities::seed::seed(&fhir).await?;
    println!(
        "{} new, {} written again, {} as they were, {} left as people changed them",
        seeded.new, seeded.changed, seeded.same, seeded.kept
    );
    system.close().await;
    Ok(())
}

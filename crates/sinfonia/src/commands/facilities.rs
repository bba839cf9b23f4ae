//! `sinfonia facilities`: the ministry's list of structures, and lists that people bring.

use crate::backend::Place;
use crate::system::System;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use web::csv::Csv;

/// Flags of `facilities`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Loads region, ASL, inpatient structures and their buildings of Campania; again, it changes nothing that people changed. The
    /// server must not be running on the data folder.
    Seed,
    /// Compares a CSV list with the registry and prints what it proposes of each row; the server must not be running on the data
    /// folder.
    Import(Import),
}

#[derive(clap::Args)]
struct Import {
    /// The list: the first row names the columns.
    file: PathBuf,
    /// A column and the field it holds (`Denominazione=nome`), where that is not recognised.
    #[arg(long = "column", value_name = "COLUMN=FIELD")]
    columns: Vec<String>,
    /// Kind of the rows that say none (`farmacia`).
    #[arg(long, default_value = "")]
    kind: String,
    /// How the proposals are printed.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Writes what is sure: of structures that are there, what the list says otherwise.
    #[arg(long)]
    apply: bool,
    /// With `--apply`: writes structures that the registry has not, too.
    #[arg(long, requires = "apply")]
    new: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Csv,
    Json,
}

/// Does what was asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let done = match args.what {
        What::Seed => seed(&system).await,
        What::Import(asked) => import(&system, &asked).await,
    };
    system.close().await;
    done
}

async fn seed(system: &System) -> anyhow::Result<()> {
    let fhir = system.context.peers.fhir(&access::Actor::system());
    let seeded = facilities::seed::seed(&fhir).await?;
    println!(
        "{} new, {} written again, {} as they were, {} left as people changed them",
        seeded.new, seeded.changed, seeded.same, seeded.kept
    );
    Ok(())
}

async fn import(system: &System, asked: &Import) -> anyhow::Result<()> {
    let path: &Path = &asked.file;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = Csv::read(&bytes).with_context(|| format!("cannot read {} as CSV", path.display()))?;
    let columns: anyhow::Result<Vec<(String, String)>> = asked
        .columns
        .iter()
        .map(|one| {
            let parts = one.rsplit_once('=');
            let parts = parts.with_context(|| format!("--column {one}: write COLUMN=FIELD"))?;
            Ok((parts.0.to_owned(), parts.1.to_owned()))
        })
        .collect();
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let (context, write) = (&system.context, (asked.apply, asked.new));
    let imported = facilities::lists::import(context, &name, &file, &columns?, &asked.kind, write).await?;
    match asked.format {
        Format::Csv => print!("{}", imported.csv),
        Format::Json => println!("{:#}", imported.json),
    }
    match imported.written {
        Some((counts, id)) => eprintln!("written as {id}, which the page of lists can take back: {counts}"),
        None if asked.apply => eprintln!("nothing to write"),
        None => {}
    }
    Ok(())
}

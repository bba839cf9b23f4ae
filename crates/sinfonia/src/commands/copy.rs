//! `sinfonia copy`: everything from one store into another, empty one; what arrived is compared with what left.

use crate::backend::{Backend, Place};
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use store::transfer::{Cell, STAMP, Seal, Sealing, Source, TABLES, Table, Target, key_read};
use store_postgres::PostgresTarget;
use store_sqlite::{Depth, SqliteTarget};

/// Resources and versions that are read again on the copy, beside the comparison of every row.
const SAMPLE: u64 = 10_000;

/// Flags of `copy`.
#[derive(clap::Args)]
pub struct Args {
    /// Store to copy: a data folder, or the address of a PostgreSQL database. A folder must not be served meanwhile; of a
    /// database what it holds at the beginning is copied.
    #[arg(long, value_name = "FOLDER|ADDRESS")]
    from: String,
    /// Where to: a data folder without a store, or the address of an empty PostgreSQL database. After an interruption the
    /// same command goes on where it was.
    #[arg(long, value_name = "FOLDER|ADDRESS")]
    to: String,
}

/// A folder or a database.
enum End {
    Folder(PathBuf),
    Database(String),
}

impl End {
    fn of(text: &str) -> Self {
        let address = ["postgres://", "postgresql://"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if address || text.contains("host=") || text.contains("dbname=") {
            Self::Database(text.to_owned())
        } else {
            Self::Folder(text.into())
        }
    }

    /// The place, whose keys are in `data` where the end has no folder of its own.
    fn place(&self, data: &Path) -> Place {
        match self {
            Self::Folder(folder) => Place {
                data: folder.clone(),
                store: None,
            },
            Self::Database(address) => Place {
                data: data.to_owned(),
                store: Some(address.clone()),
            },
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Folder(folder) => format!("the folder {}", folder.display()),
            Self::Database(_) => "the PostgreSQL database".to_owned(),
        }
    }
}

/// Copies, compares, examines.
pub async fn run(place: &Place, args: &Args) -> anyhow::Result<()> {
    let (from, to) = (End::of(&args.from), End::of(&args.to));
    if args.from == args.to {
        bail!("--from and --to are the same store");
    }
    let (origin, goal) = (from.place(&place.data), to.place(&place.data));
    origin.must_exist()?;
    let seals = move_all(&origin, &goal).await?;
    let moved: u64 = seals.iter().map(|(_, seal)| seal.rows).sum();
    keys(&origin, &goal)?;
    let records = examine(&goal).await?;
    for (table, seal) in seals.iter().filter(|(_, seal)| seal.rows > 0) {
        println!("{:>10}  {}  {}", seal.rows, hex(&seal.hash[..8]), table.told);
    }
    println!(
        "{moved} rows copied from {} into {}: counts and hashes of every table agree, the chain of {records} access \
         records holds, the copy is sound",
        from.told(),
        to.told()
    );
    Ok(())
}

/// Copies and compares, and makes the goal a store.
async fn move_all(origin: &Place, goal: &Place) -> anyhow::Result<Vec<(&'static Table, Seal)>> {
    let opened = Backend::open_quiet(origin).await.context("the source")?;
    let mut source: Box<dyn Source> = match &opened {
        Backend::Sqlite(store) => Box::new(store.source()?),
        Backend::Postgres(store) => Box::new(store.source().await?),
    };
    let mut target: Box<dyn Target> = match &goal.store {
        None => {
            let folder = &goal.data;
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            Box::new(SqliteTarget::open(&goal.file()).context("the target")?)
        }
        Some(address) => Box::new(PostgresTarget::open(address).await.context("the target")?),
    };
    let numbers = source.numbers().await?;
    let seals = all(source.as_mut(), target.as_mut()).await?;
    target.finish(numbers).await?;
    drop(target);
    drop(source);
    opened.close().await;
    Ok(seals)
}

/// Copies between two places, for others.
pub(super) async fn between(origin: &Place, goal: &Place) -> anyhow::Result<()> {
    move_all(origin, goal).await?;
    examine(goal).await.map(drop)
}

/// Copies a database into a new file.
pub(super) async fn into_file(origin: &Place, file: &Path) -> anyhow::Result<()> {
    let opened = Backend::open_quiet(origin).await?;
    let Backend::Postgres(database) = &opened else {
        bail!("only a database is copied into a file");
    };
    let (mut source, mut target) = (database.source().await?, SqliteTarget::open(file)?);
    let numbers = source.numbers().await?;
    all(&mut source, &mut target).await?;
    target.finish(numbers).await?;
    drop((source, target));
    opened.close().await;
    Ok(())
}

/// Copies table by table and compares each.
async fn all(source: &mut dyn Source, target: &mut dyn Target) -> anyhow::Result<Vec<(&'static Table, Seal)>> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(source.count(table).await?);
    }
    let stamp = stamp(&counts, source.numbers().await?);
    let marks = target.begin(&stamp).await?;
    if marks.keys().any(|name| name != STAMP) {
        println!("a copy that was interrupted goes on");
    }
    let bar = ProgressBar::new(2 * counts.iter().sum::<u64>());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.expect("the template is well formed"));
    let mut seals = Vec::new();
    for (table, expected) in TABLES.iter().zip(counts) {
        bar.set_message(table.told);
        let mut after = marks.get(table.name).map_or(Ok(Vec::new()), |mark| key_read(mark))?;
        bar.inc(if after.is_empty() {
            0
        } else {
            target.count(table).await?
        });
        loop {
            let rows = source.rows(table, &after).await?;
            let Some(last) = rows.last() else { break };
            after = table.key_of(last).to_vec();
            target.write(table, &rows).await?;
            bar.inc(rows.len() as u64);
        }
        let (left, arrived) = (seal(source, table, &bar).await?, seal_of(target, table).await?);
        if left != arrived || left.rows != expected {
            bail!(
                "the copy of {} is not the same ({} rows left, {} arrived): nothing was changed in the source; empty the \
                 target and copy again",
                table.told,
                left.rows,
                arrived.rows
            );
        }
        seals.push((table, left));
    }
    bar.finish_and_clear();
    Ok(seals)
}

/// What is copied, so that a copy that goes on goes on with the same.
pub fn stamp(counts: &[u64], numbers: store::transfer::Numbers) -> String {
    let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
    format!(
        "{}|{}|{}|{:?}",
        counts.join(","),
        numbers.n,
        numbers.pruned,
        numbers.fingerprint
    )
}

async fn seal(source: &mut dyn Source, table: &Table, bar: &ProgressBar) -> anyhow::Result<Seal> {
    let (mut sealing, mut after) = (Sealing::default(), Vec::<Cell>::new());
    loop {
        let rows = source.rows(table, &after).await?;
        let Some(last) = rows.last() else {
            return Ok(sealing.done());
        };
        after = table.key_of(last).to_vec();
        rows.iter().for_each(|row| sealing.row(row));
        bar.inc(rows.len() as u64);
    }
}

async fn seal_of(target: &mut dyn Target, table: &Table) -> anyhow::Result<Seal> {
    let (mut sealing, mut after) = (Sealing::default(), Vec::<Cell>::new());
    loop {
        let rows = target.rows(table, &after).await?;
        let Some(last) = rows.last() else {
            return Ok(sealing.done());
        };
        after = table.key_of(last).to_vec();
        rows.iter().for_each(|row| sealing.row(row));
    }
}

/// The key of the installation goes with the data: secrets in the store are sealed by it.
fn keys(origin: &Place, goal: &Place) -> anyhow::Result<()> {
    let (from, to) = (origin.data.join("internal.key"), goal.data.join("internal.key"));
    if to.exists() || origin.data == goal.data {
        return Ok(());
    }
    if !from.exists() {
        println!(
            "the key of the installation is not in {}: put internal.key into {} before the copy is served",
            origin.data.display(),
            goal.data.display()
        );
        return Ok(());
    }
    std::fs::create_dir_all(&goal.data)?;
    std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// Opens the copy as a store, which builds the index where that is left to do, and looks whether it is sound; how many access
/// records it has.
pub(super) async fn examine(place: &Place) -> anyhow::Result<u64> {
    let opened = Backend::open_quiet(place).await?;
    let (problems, chain) = match &opened {
        Backend::Sqlite(store) => (store.examine(Depth::Sample(SAMPLE))?.problems, store.verify_audit()?),
        Backend::Postgres(store) => (store.examine().await?, store.verify_audit().await?),
    };
    opened.close().await;
    if let Some(problem) = problems.into_iter().chain(chain.broken).next() {
        bail!("{} is not sound: {problem}", place.told());
    }
    Ok(chain.records)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

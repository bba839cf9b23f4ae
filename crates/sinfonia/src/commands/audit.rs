//! `sinfonia audit`: verifies and exports the record of accesses.

use crate::backend::{Backend, Place};
use anyhow::{Context as _, bail};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use store::{Clock as _, SystemClock};

/// Flags of `audit`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Follows the chain of access records: exit code 1 when one was changed, left out or put in. Prints the head, which
    /// is to be kept elsewhere.
    Verify {
        /// A head that was kept elsewhere, as ROW:HASH: it must still be in the chain.
        #[arg(long, value_name = "ROW:HASH")]
        head: Vec<String>,
    },
    /// Removes access records that need not be kept any longer; the chain goes on from where they ended. How long they must
    /// be kept at least is a rule of `rules/audit-retention.json`.
    Forget {
        /// Those of before this day, e.g. 2024-01-31.
        #[arg(long, value_name = "DAY")]
        before: jiff::civil::Date,
    },
    /// Writes every access record, oldest first, one line of JSON each.
    Export {
        /// File to write, which must not exist.
        to: PathBuf,
    },
}

/// Does what was asked.
pub async fn run(place: &Place, args: &Args) -> anyhow::Result<()> {
    place.must_exist()?;
    let store = Backend::open(place).await?;
    match &args.what {
        What::Verify { head } => verify(&store, head).await,
        What::Export { to } => export(&store, to).await,
        What::Forget { before } => forget(&store, *before).await,
    }
}

/// How long records are kept at least.
#[derive(serde::Deserialize)]
struct Retention {
    months: i32,
    source: String,
}

async fn forget(store: &Backend, before: jiff::civil::Date) -> anyhow::Result<()> {
    let rule: Retention = serde_json::from_str(include_str!("../../rules/audit-retention.json"))?;
    let now = SystemClock.now();
    let today = now.to_zoned(jiff::tz::TimeZone::system()).date();
    let earliest = today.checked_sub(jiff::Span::new().months(rule.months))?;
    if before > earliest {
        bail!(
            "access records are kept for {} months at least ({}): the latest day that can be given today is {earliest}",
            rule.months,
            rule.source
        );
    }
    let moment = before.to_zoned(jiff::tz::TimeZone::system())?.timestamp();
    let removed = store
        .upkeep()
        .forget_accesses(moment, "operator", "end of retention", now)
        .await?;
    println!("{removed} accesses of before {before} removed");
    Ok(())
}

async fn verify(store: &Backend, heads: &[String]) -> anyhow::Result<()> {
    let mut found = match store {
        Backend::Sqlite(store) => store.verify_audit()?,
        Backend::Postgres(store) => store.verify_audit().await?,
    };
    for text in heads {
        let (row, hash) = text
            .split_once(':')
            .context("--head: ROW:HASH, as an earlier run printed it")?;
        let row: i64 = row.parse().context("--head: the row is no number")?;
        let known = match store {
            Backend::Sqlite(store) => store.audit_hash(row)?,
            Backend::Postgres(store) => store.audit_hash(row).await?,
        };
        match known {
            Some(known) if known == hash => {}
            Some(_) => found
                .broken
                .push(format!("row {row} is another one than when its head was kept")),
            None => found
                .broken
                .push(format!("row {row}, whose head was kept, is not there any more")),
        }
    }
    println!("{} accesses in {} rows", found.records, found.rows + found.unchained);
    if found.unchained > 0 {
        println!(
            "{} rows are from before there was a chain: nothing can be said of them",
            found.unchained
        );
    }
    if let Some((row, hash)) = &found.head {
        println!("head {row}:{hash}");
    }
    for broken in &found.broken {
        println!("- {broken}");
    }
    if found.broken.is_empty() {
        println!("the chain is whole");
        return Ok(());
    }
    bail!("the chain is broken in {} places", found.broken.len())
}

async fn export(store: &Backend, to: &Path) -> anyhow::Result<()> {
    let file = std::fs::File::create_new(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut out = std::io::BufWriter::new(file);
    let (mut count, mut failed) = (0_u64, None);
    let mut write = |line: &str| {
        count += 1;
        failed = failed.take().or(writeln!(out, "{line}").err());
    };
    match store {
        Backend::Sqlite(store) => store.each_audit(&mut write)?,
        Backend::Postgres(store) => store.each_audit(&mut write).await?,
    }
    failed
        .map_or(Ok(()), Err)
        .and_then(|()| out.flush())
        .with_context(|| format!("writing {}", to.display()))?;
    println!("{count} accesses written to {}", to.display());
    Ok(())
}

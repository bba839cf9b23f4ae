//! `sinfonia schema`: which schema the database has, which programs can work with it, and the end of an upgrade.

use crate::backend::Place;
use crate::exit::Misconfigured;
use anyhow::bail;
use store_postgres::upgrade;

/// Flags of `schema`.
#[derive(clap::Args)]
pub struct Args {
    /// Ends an upgrade: takes away what only older programs need. Refused while one of them is connected; none of them starts
    /// on this database afterwards.
    #[arg(long)]
    contract: bool,
}

/// Shows, or contracts.
///
/// # Errors
/// There is no database, it cannot be reached, or older programs are connected.
pub async fn run(place: &Place, args: &Args) -> anyhow::Result<()> {
    let Some(address) = &place.store else {
        bail!(Misconfigured(
            "schema is for a database (--store): the file of one process is brought forward whole when it is opened"
                .into()
        ));
    };
    if args.contract {
        let (from, to) = upgrade::contract(address).await?;
        println!("programs of schema version {to} and later can work with the database (before: {from} and later)");
        return Ok(());
    }
    let seen = upgrade::look(address).await?;
    println!("schema of the database  {}", seen.schema);
    println!("of this program         {}", seen.known);
    println!("programs that can work  {} and later", seen.least);
    for (name, count, version) in &seen.connected {
        let told = version.map_or("does not say which it writes".to_owned(), |version| {
            format!("writes {version}")
        });
        println!("connected               {name}: {told} ({count} connections)");
    }
    if seen.least < seen.known && seen.schema == seen.known {
        println!("when every node is new: sinfonia schema --contract");
    }
    Ok(())
}

//! `sinfonia privacy register`: the register of processing activities of an installation, from what runs.

use crate::backend::{Backend, Place};
use crate::system::{System, components};
use anyhow::Context as _;
use rights::register::{Evidence, Measure, Recipient};
use std::path::PathBuf;

/// Flags of `privacy`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Writes the register (GDPR art. 30) as FILE.html and FILE.json; the server must not be running on the data folder.
    Register {
        /// File to write, whatever its ending.
        #[arg(long)]
        out: PathBuf,
    },
}

/// Does what was asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let What::Register { out } = args.what;
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let evidence = evidence(&system).await?;
    let policies = system.guard.authorizer().policies().clone();
    let register = rights::register::build(&system.context.peers, &policies, &evidence, super::now()).await?;
    let write = |ending: &str, text: String| {
        let path = out.with_extension(ending);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("html", rights::register::html(&register))?;
    write("json", serde_json::to_string_pretty(&register)?)?;
    println!(
        "{} activities, {} processes, {} policies; {} entries are not confirmed",
        register.activities.len(),
        register.processes.len(),
        register.policies.len(),
        register.unverified
    );
    system.close().await;
    Ok(())
}

async fn evidence(system: &System) -> anyhow::Result<Evidence> {
    let measure = |name: &str, evidence: String, holds: bool| Measure {
        name: name.to_owned(),
        evidence,
        status: if holds { "confirmed" } else { "unverified" }.into(),
    };
    let chain = match &system.store {
        Backend::Sqlite(store) => store.verify_audit()?,
        Backend::Postgres(store) => store.verify_audit().await?,
    };
    let accounts = system.identity.accounts().list().await?;
    let staff: Vec<_> = accounts
        .iter()
        .filter(|one| !one.disabled && !one.actor.has_role("assistito"))
        .collect();
    let strong = staff.iter().filter(|one| one.second_factor).count();
    let clients = system
        .oauth
        .clients()
        .await
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let recipients = clients.iter().map(|client| Recipient {
        name: client.name.clone(),
        way: format!("applicazione OAuth '{}'", client.id),
        data: client.scopes.join(" "),
    });
    Ok(Evidence {
        components: components().iter().map(|component| component.name.to_owned()).collect(),
        recipients: recipients.collect(),
        measures: vec![
            measure(
                "Catena del registro degli accessi",
                format!(
                    "verificata il {}: {} accessi, {} rotture",
                    super::now(),
                    chain.records,
                    chain.broken.len()
                ),
                chain.broken.is_empty(),
            ),
            measure(
                "Secondo fattore per il personale",
                format!("{strong} utenze su {}", staff.len()),
                !staff.is_empty() && strong == staff.len(),
            ),
            measure(
                "TLS",
                "si accende con «serve --tls-cert»: da confermare per questa installazione".into(),
                false,
            ),
        ],
    })
}

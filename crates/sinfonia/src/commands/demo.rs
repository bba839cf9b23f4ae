//! `sinfonia demo`: the demo region, built aside and put in place whole.

use crate::backend::{Backend, Place};
use crate::system::{Setup, System, components};
use access::NewAccount;
use anyhow::{Context as _, bail};
use component::DemoContext;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use std::path::PathBuf;
use std::sync::Arc;
use store::{ManualClock, RecordWrite, Transaction};

/// Flags of `demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of Synthea bundles to load as well; used when it exists.
    #[arg(long, env = "SINFONIA_SYNTHEA", default_value = "../shared/reference/synthea")]
    synthea: PathBuf,
    /// Builds again: the present data folder is renamed, not removed.
    #[arg(long)]
    again: bool,
}

/// Kind and key of the small value that says that a database holds the whole demo.
const WHOLE: (&str, &str) = ("demo", "whole");

/// Builds the region, unless it is there.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let data = &*place.data;
    if place.store.is_some() {
        return in_database(place, &args).await;
    }
    if place.file().exists() {
        if !args.again {
            println!(
                "{} holds data already: nothing to do (--again builds anew)",
                data.display()
            );
            return Ok(());
        }
        let aside = data.with_extension(format!("{}.old", super::now().as_second()));
        std::fs::rename(data, &aside).with_context(|| format!("cannot rename {}", data.display()))?;
        println!("the data that was there is now in {}", aside.display());
    }
    let building = Place {
        data: data.with_extension("building"),
        store: None,
    };
    if building.data.exists() {
        std::fs::remove_dir_all(&building.data).with_context(|| format!("cannot clear {}", building.data.display()))?;
    }
    build(&building, &args).await?.close().await;
    if data.exists() {
        std::fs::remove_dir(data).with_context(|| format!("{} is not empty and holds no store", data.display()))?;
    }
    std::fs::rename(&building.data, data).with_context(|| format!("cannot put {} in place", data.display()))?;
    println!(
        "the demo region is in {}: start `sinfonia serve` and sign in with one of the accounts it lists",
        data.display()
    );
    Ok(())
}

/// Builds in an empty database; what an interrupted build left is not built upon.
async fn in_database(place: &Place, args: &Args) -> anyhow::Result<()> {
    let found = Backend::open(place).await?;
    let store = found.store();
    let mut snapshot = store.snapshot().await?;
    let whole = snapshot.record(WHOLE.0, WHOLE.1).await?.is_some();
    let empty = snapshot.counts().await?.is_empty();
    drop(snapshot);
    found.close().await;
    if whole && !args.again {
        println!("the database holds the demo already: nothing to do");
        return Ok(());
    }
    if !empty {
        bail!("the database holds data already: give an empty one (a database is not set aside as a folder is)");
    }
    let system = build(place, args).await?;
    let write = RecordWrite {
        kind: WHOLE.0.into(),
        key: WHOLE.1.into(),
        must_be_new: true,
        value: Some(b"1".to_vec()),
    };
    let done = Transaction {
        records: vec![write],
        ..Transaction::default()
    };
    system.store.store().commit(done).await?;
    system.close().await;
    println!("the demo region is in the database: start `sinfonia serve` with the same --store and --data");
    Ok(())
}

async fn build(place: &Place, args: &Args) -> anyhow::Result<System> {
    let now = super::now();
    let clock = Arc::new(ManualClock::new(now - SignedDuration::from_hours(24 * 731)));
    let setup = Setup {
        clock: clock.clone(),
        ..super::real_setup("http://127.0.0.1:8080")
    };
    let system = System::open(place, setup).await?;
    system.deploy_components().await?;
    let synthea = args.synthea.is_dir().then(|| args.synthea.clone());
    if let Some(dir) = &synthea {
        let summary = super::load::load(&system, dir, Default::default()).await?;
        println!("{summary}");
    }
    clock.set(now);
    // First: what somebody decides counts while they have the role.
    accounts(&system).await?;
    for component in components() {
        if let Some(demo) = component.demo {
            demo(context(&system, clock.clone(), synthea.clone()))
                .await
                .map_err(anyhow::Error::msg)?;
        }
    }
    clock.set(now);
    Ok(system)
}

fn context(system: &System, clock: Arc<ManualClock>, synthea: Option<PathBuf>) -> DemoContext {
    let bar = ProgressBar::new(0);
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}").expect("the template is well formed");
    bar.set_style(style);
    let (settling, asking) = (system.orchestrator.clone(), system.orchestrator.clone());
    DemoContext {
        context: system.context.clone(),
        clock,
        settle: Arc::new(move || {
            let orchestrator = settling.clone();
            Box::pin(async move { orchestrator.settle().await.map_err(|error| error.to_string()) })
        }),
        next_timer: Arc::new(move || {
            let orchestrator = asking.clone();
            Box::pin(async move { orchestrator.next_timer().await.ok().flatten() })
        }),
        synthea,
        progress: Arc::new(move |done, of, what| {
            bar.set_length(of);
            bar.set_position(done);
            bar.set_message(what.to_owned());
        }),
        actor: access::Actor::system(),
    }
}

async fn accounts(system: &System) -> anyhow::Result<()> {
    let accounts = pathways::accounts();
    if accounts.is_empty() {
        bail!("the demo has no accounts");
    }
    for account in rights::demo::ACCOUNTS
        .iter()
        .chain(citizens::demo::ACCOUNTS)
        .chain(facilities::demo::ACCOUNTS)
        .chain(staff::demo::ACCOUNTS)
    {
        let actor = access::Actor {
            subject: account.subject.into(),
            name: account.name.into(),
            roles: vec![account.role.into()],
            organization: Some(account.organization.into()),
            ..access::Actor::default()
        };
        let new = NewAccount {
            username: account.username.into(),
            password: pathways::demo::PASSWORD.into(),
            actor,
            demo: true,
        };
        system.identity.accounts().create(new).await?;
    }
    for account in accounts {
        let actor = access::Actor {
            subject: account.subject,
            name: account.name,
            roles: account.roles,
            organization: account.organization,
            ..access::Actor::default()
        };
        let new = NewAccount {
            username: account.username,
            password: account.password,
            actor,
            demo: true,
        };
        system.identity.accounts().create(new).await?;
    }
    Ok(())
}

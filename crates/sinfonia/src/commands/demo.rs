//! `sinfonia demo`: the demo region, built aside and put in place whole.

use crate::system::{Setup, System, components};
use access::NewAccount;
use anyhow::{Context as _, bail};
use component::DemoContext;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{ManualClock, UuidIds};

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

/// Builds the region, unless it is there.
pub async fn run(data: &Path, args: Args) -> anyhow::Result<()> {
    if data.join("sinfonia.sqlite").exists() {
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
    let building = data.with_extension("building");
    if building.exists() {
        std::fs::remove_dir_all(&building).with_context(|| format!("cannot clear {}", building.display()))?;
    }
    build(&building, &args).await?;
    if data.exists() {
        std::fs::remove_dir(data).with_context(|| format!("{} is not empty and holds no store", data.display()))?;
    }
    std::fs::rename(&building, data).with_context(|| format!("cannot put {} in place", data.display()))?;
    println!(
        "the demo region is in {}: start `sinfonia serve` and sign in with one of the accounts it lists",
        data.display()
    );
    Ok(())
}

async fn build(folder: &Path, args: &Args) -> anyhow::Result<()> {
    let now = super::now();
    let clock = Arc::new(ManualClock::new(now - SignedDuration::from_hours(24 * 731)));
    let setup = Setup {
        interop: Default::default(),
        clock: clock.clone(),
        ids: Arc::new(UuidIds),
        base_url: "http://127.0.0.1:8080".into(),
        guard: Default::default(),
        sign_in_rules: Default::default(),
        providers: None,
        notify: Default::default(),
        import: Default::default(),
        validation: hub::Validation::Reject.into(),
        origins: Default::default(),
        policies: Arc::new(policy::Policies::standard()),
        only: None,
        for_nodes: false,
    };
    let system = System::open(folder, setup).await?;
    system.deploy_components().await?;
    let synthea = args.synthea.is_dir().then(|| args.synthea.clone());
    if let Some(dir) = &synthea {
        let summary = super::load::load(&system, dir, Default::default()).await?;
        println!("{summary}");
    }
    clock.set(now);
    for component in components() {
        if let Some(demo) = component.demo {
            demo(context(&system, clock.clone(), synthea.clone()))
                .await
                .map_err(anyhow::Error::msg)?;
        }
    }
    clock.set(now);
    accounts(&system).await?;
    let store = system.store.clone();
    system.close().await;
    store.close();
    Ok(())
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

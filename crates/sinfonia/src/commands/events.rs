//! `sinfonia events load FILE`: takes life events of a file; interrupted or repeated, no event is applied twice.
//! `sinfonia events trust`: whose signatures are accepted. `sinfonia events sign FILE`: signs a file as a source would.

use crate::backend::Place;
use crate::system::System;
use anyhow::{Context as _, bail};
use citizens::events::Trust;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Outcomes told in full.
const SHOWN: usize = 50;

/// Flags of `events`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

/// What is done with events.
#[derive(clap::Subcommand)]
enum What {
    /// Takes the events of a file: NDJSON, JSON, or CSV; signed (a compact JWS, or a detached one beside it).
    Load {
        /// The file.
        file: PathBuf,
        /// Its detached signature; by default FILE.jws, where there is one.
        #[arg(long)]
        signature: Option<PathBuf>,
    },
    /// Says whose signatures are accepted, or changes it.
    Trust {
        /// Public keys of the sources (JWKS); they replace those before.
        #[arg(long)]
        keys: Option<PathBuf>,
        /// Takes events without a signature, too.
        #[arg(long, conflicts_with = "require_signature")]
        allow_unsigned: bool,
        /// Takes signed events only.
        #[arg(long)]
        require_signature: bool,
    },
    /// Signs a file: writes FILE.jws beside it.
    Sign {
        /// The file.
        file: PathBuf,
        /// Private key (PEM, PKCS#8).
        #[arg(long)]
        key: PathBuf,
        /// Name of the key among those of the source (`kid`).
        #[arg(long)]
        kid: Option<String>,
    },
}

/// Does what is asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Load { file, signature } => load(place, &file, signature).await,
        What::Sign { file, key, kid } => sign(&file, &key, kid),
        What::Trust {
            keys,
            allow_unsigned,
            require_signature,
        } => trust(place, keys, allow_unsigned, require_signature).await,
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// The signature that lies beside a file.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".jws");
    name.into()
}

fn sign(file: &Path, key: &Path, kid: Option<String>) -> anyhow::Result<()> {
    let pem = String::from_utf8(read(key)?).context("the key is not a PEM file")?;
    let mut key = jose::PrivateKey::from_pem(&pem)?;
    if let Some(kid) = kid {
        key = key.named(kid);
    }
    let to = beside(file);
    std::fs::write(&to, key.sign_detached(&read(file)?)?)
        .with_context(|| format!("{} cannot be written", to.display()))?;
    println!("{}\n{}", to.display(), key.public().to_json());
    Ok(())
}

async fn trust(place: &Place, keys: Option<PathBuf>, allow: bool, require: bool) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let mut trust = Trust::read(&system.context).await?;
    let changes = keys.is_some() || allow || require;
    if let Some(file) = keys {
        trust.keys = jose::Jwks::parse(&read(&file)?).with_context(|| format!("{} is no JWKS", file.display()))?;
    }
    trust.unsigned = (trust.unsigned || allow) && !require;
    if changes {
        trust.write(&system.context).await?;
    }
    system.close().await;
    for key in &trust.keys.keys {
        println!("key {} ({})", key.kid.as_deref().unwrap_or("-"), key.thumbprint());
    }
    println!(
        "{} keys; events without a signature are {}",
        trust.keys.keys.len(),
        if trust.unsigned { "taken" } else { "refused" }
    );
    Ok(())
}

/// Takes the events, then says what became of them.
async fn load(place: &Place, file: &Path, signature: Option<PathBuf>) -> anyhow::Result<()> {
    let body = read(file)?;
    let signature = match signature {
        Some(path) => Some(read(&path)?),
        None => std::fs::read(beside(file)).ok(),
    };
    let signature = signature
        .map(String::from_utf8)
        .transpose()
        .context("the signature is no text")?;
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    system.deploy_components().await?;
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (left {eta})").expect("well formed"));
    let tell = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let outcomes = citizens::events::load(&system.context, &body, signature.as_deref(), "system", tell).await;
    bar.finish_and_clear();
    system.close().await;
    let outcomes = outcomes?;
    let mut counts = BTreeMap::<&str, usize>::new();
    for one in &outcomes {
        *counts.entry(&one.state).or_default() += 1;
    }
    let odd = outcomes.iter().filter(|one| one.reason.is_some());
    for one in odd.clone().take(SHOWN) {
        let reason = one.reason.as_deref().unwrap_or_default();
        println!(
            "{}: {}: {reason}; {}",
            one.id,
            one.state,
            one.remedy.as_deref().unwrap_or_default()
        );
    }
    if odd.clone().count() > SHOWN {
        println!("… and {} more: see /anagrafe/eventi", odd.clone().count() - SHOWN);
    }
    let told: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
    println!("{} events: {}", outcomes.len(), told.join(", "));
    if counts.contains_key("invalid") {
        bail!("some lines are not valid events: correct them and load the file again");
    }
    Ok(())
}

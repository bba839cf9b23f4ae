//! `sinfonia backup` and `sinfonia restore`: a copy of everything in one file, made while the program serves.

use crate::backend::Place;
use crate::backup::{COUNTS, Header, INTERNAL_KEY, Key, Reader, STORE, Writer};
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use store::SystemRandom;
use store::transfer::TABLES;
use store_sqlite::SqliteStore;

/// Flags of `backup`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// File to write, which must not exist.
    #[arg(long, value_name = "FILE", required = true)]
    to: Option<PathBuf>,
    /// Encrypts with the key in this file, and puts the key of the installation in, too.
    #[arg(long, env = "SINFONIA_BACKUP_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Restores a backup into a scratch place and examines what comes out: integrity, access records, counts.
    Verify {
        /// The backup.
        file: PathBuf,
        /// Its key file, if it is encrypted.
        #[arg(long, env = "SINFONIA_BACKUP_KEY_FILE", value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Makes a key file. Keep it apart from the backups: without it nobody reads them.
    Key {
        /// File to write, which must not exist.
        file: PathBuf,
    },
}

/// Flags of `restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Its key file, if it is encrypted.
    #[arg(long, env = "SINFONIA_BACKUP_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// Does what was asked.
pub async fn run(place: &Place, args: &Args) -> anyhow::Result<()> {
    match (&args.what, &args.to) {
        (Some(What::Key { file }), _) => Key::create(file, &SystemRandom),
        (Some(What::Verify { file, key_file }), _) => verify(file, key_file.as_deref()).await,
        (None, Some(to)) => make(place, to, args.key_file.as_deref()).await,
        (None, None) => bail!("say where to: --to FILE"),
    }
}

fn key(file: Option<&Path>) -> anyhow::Result<Option<Key>> {
    file.map(Key::load).transpose()
}

/// A folder beside a file, for what is only needed meanwhile: there is room where the file itself goes.
fn scratch(beside: &Path) -> anyhow::Result<tempfile::TempDir> {
    let parent = beside
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new().prefix(".sinfonia-").tempdir_in(parent);
    folder.with_context(|| format!("cannot write into {}", parent.display()))
}

async fn make(place: &Place, to: &Path, key_file: Option<&Path>) -> anyhow::Result<()> {
    place.must_exist()?;
    if to.exists() {
        bail!("{} exists already; a backup never overwrites", to.display());
    }
    let key = key(key_file)?;
    let folder = scratch(to)?;
    let image = folder.path().join(STORE);
    match &place.store {
        None => SqliteStore::image(&place.file(), &image)?,
        Some(_) => super::copy::into_file(place, &image).await?,
    }
    let counts = counts(&image).await?;
    let header = Header {
        made: super::now(),
        program: env!("CARGO_PKG_VERSION").into(),
        store: if place.store.is_some() { "postgres" } else { "sqlite" }.into(),
        salt: None,
    };
    let part = folder.path().join("backup");
    let mut writer = Writer::create(&part, header, key.as_ref(), &SystemRandom)?;
    let text = serde_json::to_vec(&counts)?;
    writer.add(COUNTS, text.len() as u64, &*text, |_| {})?;
    let internal = place.data.join(INTERNAL_KEY);
    if key.is_some() && internal.exists() {
        let bytes = std::fs::read(&internal)?;
        writer.add(INTERNAL_KEY, bytes.len() as u64, &*bytes, |_| {})?;
    }
    let file = File::open(&image)?;
    let length = file.metadata()?.len();
    let bar = bar(length);
    writer.add(STORE, length, file, |more| bar.inc(more))?;
    writer.finish()?;
    bar.finish_and_clear();
    std::fs::rename(&part, to).with_context(|| format!("cannot put {} in place", to.display()))?;
    if let Some(parent) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(parent)?.sync_all()?;
    }
    let rows: u64 = counts.values().sum();
    println!("{}: {rows} rows, {} bytes", to.display(), std::fs::metadata(to)?.len());
    if key.is_none() {
        println!(
            "it is not encrypted, and the key of the installation ({}) is not in it: keep that, too, in another place",
            internal.display()
        );
    }
    Ok(())
}

fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {elapsed}");
    bar.set_style(style.expect("the template is well formed"));
    bar
}

/// Rows of each table of a file.
async fn counts(file: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut source = SqliteStore::image_source(file)?;
    let mut counts = BTreeMap::new();
    for table in TABLES {
        counts.insert(
            table.name.to_owned(),
            store::transfer::Source::count(&mut source, table).await?,
        );
    }
    Ok(counts)
}

/// What came out of a backup.
struct Unpacked {
    header: Header,
    counts: BTreeMap<String, u64>,
    with_key: bool,
}

/// Unpacks into a folder and compares the counts.
async fn unpack(from: &Path, key_file: Option<&Path>, folder: &Path) -> anyhow::Result<Unpacked> {
    let key = key(key_file)?;
    let mut reader = Reader::open(from, key.as_ref())?;
    let (mut counted, mut with_key, mut with_store) = (None, false, false);
    let bar = bar(0);
    while reader.next(|name, length, bytes| {
        match name {
            COUNTS => {
                let mut text = Vec::new();
                bytes.take(1 << 20).read_to_end(&mut text)?;
                counted = Some(serde_json::from_slice::<BTreeMap<String, u64>>(&text)?);
            }
            INTERNAL_KEY | STORE => {
                use std::os::unix::fs::OpenOptionsExt as _;
                let to = folder.join(name);
                let file = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&to);
                let mut file = file.with_context(|| format!("cannot make {}", to.display()))?;
                bar.set_length(length);
                std::io::copy(&mut bar.wrap_read(bytes), &mut file)?;
                file.sync_all()?;
                (with_key, with_store) = (with_key || name == INTERNAL_KEY, with_store || name == STORE);
            }
            other => bail!("the backup holds '{other}', which this program does not know: use a newer one"),
        }
        Ok(())
    })? {}
    bar.finish_and_clear();
    let Some(expected) = counted.filter(|_| with_store) else {
        bail!("the backup holds no store");
    };
    let found = counts(&folder.join(STORE)).await?;
    for (name, rows) in &expected {
        if found.get(name) != Some(rows) {
            bail!("'{name}' has {:?} rows, and {rows} were saved", found.get(name));
        }
    }
    Ok(Unpacked {
        header: reader.header,
        counts: expected,
        with_key,
    })
}

async fn verify(file: &Path, key_file: Option<&Path>) -> anyhow::Result<()> {
    let folder = scratch(file)?;
    let unpacked = unpack(file, key_file, folder.path()).await?;
    let place = Place {
        data: folder.path().to_owned(),
        store: None,
    };
    let records = super::copy::examine(&place).await?;
    let rows: u64 = unpacked.counts.values().sum();
    println!(
        "{}: made {} by {} of a {} store{}; restored, its {rows} rows are those that were saved, the store is sound, the chain \
         of {records} access records holds",
        file.display(),
        unpacked.header.made,
        unpacked.header.program,
        unpacked.header.store,
        if unpacked.with_key {
            ", with the key of the installation"
        } else {
            ""
        },
    );
    Ok(())
}

/// Puts a backup back.
pub async fn restore(place: &Place, args: &RestoreArgs) -> anyhow::Result<()> {
    std::fs::create_dir_all(&place.data).with_context(|| format!("cannot make {}", place.data.display()))?;
    if place.store.is_none() && place.file().exists() {
        bail!(
            "{} holds a store already; a restore never overwrites: give an empty --data",
            place.data.display()
        );
    }
    let folder = scratch(&place.data.join(STORE))?;
    let unpacked = unpack(&args.from, args.key_file.as_deref(), folder.path()).await?;
    let here = Place {
        data: folder.path().to_owned(),
        store: None,
    };
    let records = super::copy::examine(&here).await?;
    let internal = place.data.join(INTERNAL_KEY);
    if unpacked.with_key && !internal.exists() {
        std::fs::rename(folder.path().join(INTERNAL_KEY), &internal)?;
    } else if !internal.exists() {
        println!(
            "put the key of the installation into {} before it is served",
            internal.display()
        );
    }
    match &place.store {
        None => std::fs::rename(here.file(), place.file())
            .with_context(|| format!("cannot put {} in place", place.file().display()))?,
        Some(_) => super::copy::between(&here, place).await?,
    }
    println!(
        "what was saved {} is in {}; {records} access records in their chain",
        unpacked.header.made,
        place.told()
    );
    Ok(())
}

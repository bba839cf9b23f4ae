//! `sinfonia population`: the people of a synthetic region, as files of FHIR lines for `sinfonia load`.

use anyhow::{Context, anyhow, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::{ProgressBar, ProgressStyle};
use population::{Person, Region};
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

/// People who are handed from who makes them to who writes them at once.
const AT_ONCE: usize = 500;
/// And how many such lots may wait.
const AHEAD: usize = 16;
/// Bytes handed to the encoder at once.
const LOT: usize = 256 << 10;

/// Flags of `population`.
#[derive(clap::Args)]
pub struct Args {
    /// Code of the region (ISTAT): 15 is Campania.
    #[arg(long, default_value = "15")]
    region: String,
    /// How many times as many people as there are: 1 is 5,592,175 in Campania, 0.01 a town's worth of them all over it.
    #[arg(long, default_value_t = 0.01)]
    scale: f64,
    /// All chance follows from it: the same seed gives the same people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the files, made if it is not there; `sinfonia load` imports it.
    #[arg(long)]
    out: PathBuf,
    /// People in one file.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    lines: u64,
    /// Writes over files of an earlier run.
    #[arg(long)]
    replace: bool,
}

/// Writes the files.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let region = Region::new(&args.region, args.scale, args.seed)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("{}: cannot be made", args.out.display()))?;
    make_room(args)?;
    let mut doctors = Lines::open(&args.out.join("medici.ndjson.gz"))?;
    let mut count = 0_u64;
    for doctor in region.doctors() {
        doctors.write(&doctor.practitioner())?;
        count += 1;
    }
    doctors.close()?;
    let bar = ProgressBar::new(region.size());
    let style = "{bar:30} {human_pos}/{human_len} {elapsed} (left {eta}, {per_sec})";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
    let (done, file) = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<Person>>(AHEAD);
        let writer = scope.spawn(|| write(args, receiver, &bar));
        let mut people = region.residents();
        loop {
            let some: Vec<Person> = people.by_ref().take(AT_ONCE).collect();
            // A writer that has stopped says why at the end.
            if some.is_empty() || sender.send(some).is_err() {
                break;
            }
        }
        drop(sender);
        writer
            .join()
            .map_err(|_| anyhow!("writing the files ended in a panic"))?
    })?;
    let elapsed = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    println!(
        "{done} people, {count} doctors in {file} files in {elapsed:.1} s ({:.0} people/s): import them with\n  sinfonia load {}",
        done as f64 / elapsed.max(0.001),
        args.out.display()
    );
    Ok(())
}

/// Writes people as they come, so many to a file; how many people and files.
fn write(args: &Args, people: Receiver<Vec<Person>>, bar: &ProgressBar) -> anyhow::Result<(u64, u64)> {
    let (mut done, mut file) = (0_u64, 0_u64);
    let mut lines: Option<Lines> = None;
    for person in people.into_iter().flatten() {
        let open = match &mut lines {
            Some(open) => open,
            None => {
                file += 1;
                lines.insert(Lines::open(&args.out.join(format!("abitanti-{file:04}.ndjson.gz")))?)
            }
        };
        open.write(&person.patient())?;
        done += 1;
        if done.is_multiple_of(1_000) {
            bar.set_position(done);
        }
        if done.is_multiple_of(args.lines)
            && let Some(full) = lines.take()
        {
            full.close()?;
        }
    }
    if let Some(last) = lines {
        last.close()?;
    }
    Ok((done, file))
}

/// Refuses to mix with an earlier run, or takes its files away.
fn make_room(args: &Args) -> anyhow::Result<()> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".ndjson.gz") && (name.starts_with("abitanti-") || name == "medici.ndjson.gz")
    };
    let list = std::fs::read_dir(&args.out).with_context(|| format!("{}: cannot be read", args.out.display()))?;
    let earlier: Vec<PathBuf> = list.flatten().map(|entry| entry.path()).filter(ours).collect();
    if !earlier.is_empty() && !args.replace {
        bail!(
            "{}: {} files of an earlier run are there; give another folder, or --replace",
            args.out.display(),
            earlier.len()
        );
    }
    for path in earlier {
        std::fs::remove_file(&path).with_context(|| format!("{}: cannot be removed", path.display()))?;
    }
    Ok(())
}

/// A file of lines under way; it has its name only when it is whole.
struct Lines {
    /// Filled by the lot: the encoder makes room anew for each write, however small.
    writer: BufWriter<GzEncoder<BufWriter<File>>>,
    path: PathBuf,
}

impl Lines {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let part = path.with_extension("part");
        let file = File::create(&part).with_context(|| format!("{}: cannot be written", part.display()))?;
        Ok(Self {
            writer: BufWriter::with_capacity(LOT, GzEncoder::new(BufWriter::new(file), Compression::fast())),
            path: path.to_owned(),
        })
    }

    fn write(&mut self, resource: &Value) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.writer, resource)?;
        self.writer.write_all(b"\n")?;
        Ok(())
    }

    fn close(self) -> anyhow::Result<()> {
        let encoder = self.writer.into_inner()?;
        let file = encoder.finish()?.into_inner()?;
        file.sync_all()?;
        std::fs::rename(self.path.with_extension("part"), &self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_and_not_mixed_with_those_of_an_earlier_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = Args {
            region: "15".into(),
            scale: 0.0005,
            seed: 1,
            out: folder.path().join("people"),
            lines: 1_000,
            replace: false,
        };
        run(&args).unwrap();
        let names = || -> Vec<String> {
            let list = std::fs::read_dir(&args.out).unwrap();
            let mut names: Vec<String> = list.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let first = names();
        assert!(
            first.contains(&"abitanti-0001.ndjson.gz".to_owned()) && first.contains(&"medici.ndjson.gz".to_owned())
        );
        assert!(
            first.len() > 3 && !first.iter().any(|name| name.ends_with(".part")),
            "{first:?}"
        );
        let mut text = String::new();
        let file = File::open(args.out.join("abitanti-0001.ndjson.gz")).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
        assert_eq!(text.lines().count(), 1_000);
        let patient: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(patient["resourceType"], "Patient");
        let error = run(&args).unwrap_err().to_string();
        assert!(error.contains("--replace"), "{error}");
        args.replace = true;
        args.lines = 100_000;
        run(&args).unwrap();
        assert_eq!(std::fs::read_dir(&args.out).unwrap().count(), 2);
    }
}

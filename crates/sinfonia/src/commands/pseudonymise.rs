//! `sinfonia pseudonymise`: FHIR files under pseudonyms for one recipient.

use access::SigningKey;
use anyhow::{Context as _, bail};
use rights::pseudonyms::{Pseudonymiser, Rules, rules};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use store::SystemRandom;

/// Folder of the recipients' keys in the data folder.
const KEYS: &str = "pseudonyms";
/// Longest line or file of JSON, bytes.
const LONGEST: u64 = 64 << 20;

/// Flags of `pseudonymise`.
#[derive(clap::Args)]
pub struct Args {
    /// For whom: small letters, digits and dashes. Each recipient has a key of its own in the data folder, made at first use.
    #[arg(long)]
    recipient: String,
    /// A file (FHIR JSON, or NDJSON when its name ends so), or a folder of such files, as $export makes them.
    #[arg(long = "in")]
    input: PathBuf,
    /// Where to write: a file, or a folder, which must not exist.
    #[arg(long = "out")]
    output: PathBuf,
    /// A new key from now on: what left before cannot be put together with what leaves now.
    #[arg(long)]
    rotate: bool,
    /// A table of rules of your own (as components/rights/rules/pseudonyms.json).
    #[arg(long)]
    rules: Option<PathBuf>,
}

/// Reads, changes, writes, and says how many resources left and how many did not.
pub fn run(data: &Path, args: &Args) -> anyhow::Result<()> {
    let key = key(data, &args.recipient, args.rotate)?;
    let own = args.rules.as_ref().map(|file| {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Rules::read(&text).with_context(|| file.display().to_string())
    });
    let own = own.transpose()?;
    let rule = own.as_ref().unwrap_or(rules()).of(&args.recipient);
    let year = super::now().strftime("%Y").to_string().parse().unwrap_or(i16::MAX);
    let pseudonymiser = Pseudonymiser::new(key, rule, year);
    let mut counts = (0, 0);
    if args.input.is_dir() {
        std::fs::create_dir(&args.output).with_context(|| format!("cannot make {}", args.output.display()))?;
        for entry in std::fs::read_dir(&args.input)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if path.extension().is_some_and(|end| end == "json" || end == "ndjson") {
                file(&pseudonymiser, &path, &args.output.join(name), &mut counts)?;
            }
        }
    } else {
        file(&pseudonymiser, &args.input, &args.output, &mut counts)?;
    }
    println!(
        "{} resources written for {}, {} kept back",
        counts.0, args.recipient, counts.1
    );
    Ok(())
}

/// The newest key of a recipient; the first is made here.
fn key(data: &Path, recipient: &str, rotate: bool) -> anyhow::Result<SigningKey> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if recipient.is_empty() || recipient.len() > 40 || !recipient.bytes().all(plain) {
        bail!("--recipient '{recipient}': small letters, digits and dashes, at most 40");
    }
    let folder = data.join(KEYS);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = |number: u32| folder.join(format!("{recipient}.{number}.key"));
    let mut number = 1;
    while file(number + 1).exists() {
        number += 1;
    }
    if rotate && file(number).exists() {
        number += 1;
    }
    Ok(SigningKey::load_or_create(&file(number), &SystemRandom)?)
}

fn file(pseudonymiser: &Pseudonymiser<'_>, from: &Path, to: &Path, counts: &mut (u64, u64)) -> anyhow::Result<()> {
    let out = File::create_new(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut out = BufWriter::new(out);
    let mut one = |place: &str, text: &str| -> anyhow::Result<()> {
        let value: Value = serde_json::from_str(text).with_context(|| place.to_owned())?;
        match pseudonymiser.resource(value) {
            Some(value) => {
                counts.0 += 1;
                writeln!(out, "{value}")?;
            }
            None => counts.1 += 1,
        }
        Ok(())
    };
    if from.extension().is_some_and(|end| end == "ndjson") {
        let lines =
            BufReader::new(File::open(from).with_context(|| format!("cannot read {}", from.display()))?).lines();
        for (number, line) in lines.enumerate() {
            let line = line?;
            let place = format!("{} line {}", from.display(), number + 1);
            if line.len() as u64 > LONGEST {
                bail!("{place}: longer than {LONGEST} bytes");
            }
            if !line.trim().is_empty() {
                one(&place, &line)?;
            }
        }
    } else {
        if std::fs::metadata(from)
            .with_context(|| format!("cannot read {}", from.display()))?
            .len()
            > LONGEST
        {
            bail!("{}: larger than {LONGEST} bytes; write it as NDJSON", from.display());
        }
        one(&from.display().to_string(), &std::fs::read_to_string(from)?)?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_keeps_its_key_until_it_is_rotated() {
        let folder = tempfile::tempdir().unwrap();
        let derive = |recipient: &str, rotate| key(folder.path(), recipient, rotate).unwrap().derive("x");
        let first = derive("istituto", false);
        assert_eq!(derive("istituto", false), first);
        assert_ne!(derive("universita", false), first);
        let second = derive("istituto", true);
        assert_ne!(second, first);
        assert_eq!(derive("istituto", false), second);
        assert!(key(folder.path(), "../x", false).is_err());
    }
}

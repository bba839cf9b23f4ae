//! Finding people over HTTP: what a desk writes into the search box, asked by many desks at once of the registry of a whole region.
//!
//! The people are those of `sinfonia population`, loaded before; a sample of them is asked for in ten ways, exact and not. Measured
//! twice: with the desks asking as fast as they are answered (which measures what the server can do), and with a pause.

use crate::client::{Client, free_address, until_answers};
use crate::flushes::Flushes;
use crate::load::{self, Times};
use crate::server::{Program, sinfonia};
use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::GzDecoder;
use parking_lot::Mutex;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::process::Command;

/// Longest the program may take to open a store of millions.
const START: Duration = Duration::from_secs(300);
/// Longest the program may take over what it finds to do after its start.
const SETTLE: Duration = Duration::from_secs(900);
/// People asked for are this far from each other in the files.
const STEP: usize = 499;

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Data folder of `sinfonia demo` into which the people were loaded.
    #[arg(long)]
    data: PathBuf,
    /// Folder that `sinfonia population` wrote: whom to ask for.
    #[arg(long)]
    people: PathBuf,
    /// Who asks.
    #[arg(long, default_value = "anagrafe.marino")]
    account: String,
    /// Their password.
    #[arg(long, default_value = "sinfonia-demo")]
    password: String,
    /// Desks at the same time.
    #[arg(long, default_value_t = 50)]
    clients: usize,
    /// Pause of each desk between an answer and its next question, ms (second measurement).
    #[arg(long, default_value_t = 250)]
    pause_ms: u64,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// People asked for.
    #[arg(long, default_value_t = 2_000)]
    sample: usize,
    /// The `sinfonia` program; the one beside this program when absent.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// A way of asking, and whether the person asked for must be among those found.
const WAYS: [(&str, bool); 10] = [
    ("surname and given name", false),
    ("given name, surname, no accents", false),
    ("surname, given name begun", false),
    ("surname alone", false),
    ("name and day of birth", true),
    ("name and year of birth", false),
    ("surname misspelt, given name", false),
    ("surname misspelt, day of birth", true),
    ("both begun, year of birth", false),
    ("codice fiscale", true),
];

struct Person {
    id: String,
    family: String,
    given: String,
    born: String,
    code: String,
}

impl Person {
    fn of(patient: &Value) -> Option<Self> {
        let text = |pointer: &str| patient.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            id: text("/id")?,
            family: text("/name/0/family")?,
            given: text("/name/0/given/0")?,
            born: text("/birthDate")?,
            code: text("/identifier/0/value")?,
        })
    }

    fn asked(&self, way: usize) -> String {
        let (family, given, born) = (&self.family, &self.given, &self.born);
        let start = |text: &str, letters: usize| text.chars().take(letters).collect::<String>();
        match way {
            0 => format!("{family} {given}"),
            1 => plain(&format!("{given} {family}")),
            2 => format!("{family} {}", start(given, 3)),
            3 => family.clone(),
            4 => format!("{family} {given} {born}"),
            5 => format!("{family} {given} {}", start(born, 4)),
            6 => format!("{} {given}", misspelt(family)),
            7 => format!("{} {given} {born}", misspelt(family)),
            8 => format!(
                "{} {} {}",
                start(&plain(family), 4),
                start(&plain(given), 3),
                start(born, 4)
            ),
            _ => self.code.clone(),
        }
    }
}

/// Lower case, without accents and apostrophes.
fn plain(text: &str) -> String {
    let letter = |c: char| match c.to_ascii_lowercase() {
        'à' | 'À' => Some('a'),
        'è' | 'é' | 'È' | 'É' => Some('e'),
        'ì' | 'Ì' => Some('i'),
        'ò' | 'Ò' => Some('o'),
        'ù' | 'Ù' => Some('u'),
        '\'' | '’' => None,
        other => Some(other),
    };
    text.chars().filter_map(letter).collect()
}

/// Two letters in the middle change places.
fn misspelt(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let middle = letters.len() / 2;
    if middle >= 1 {
        letters.swap(middle - 1, middle);
    }
    letters.into_iter().collect()
}

/// Every some-hundredth person of the files, from all of them.
fn sample(folder: &Path, wanted: usize) -> Result<Vec<Person>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("{}: cannot be read", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| !name.to_string_lossy().starts_with("medici"))
        })
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "{} holds no people", folder.display());
    let share = wanted.div_ceil(files.len());
    let mut people = vec![];
    for file in files {
        let lines = BufReader::new(GzDecoder::new(File::open(&file)?)).lines();
        let mut here = 0;
        for (at, line) in lines.enumerate() {
            let line = line.with_context(|| format!("{}", file.display()))?;
            if at % STEP != 0 {
                continue;
            }
            people.extend(Person::of(&serde_json::from_str(&line)?));
            here += 1;
            if here == share {
                break;
            }
        }
    }
    ensure!(
        !people.is_empty(),
        "{} holds no people with a name and a code",
        folder.display()
    );
    Ok(people)
}

/// What was measured of each way.
#[derive(Default)]
struct Seen {
    taken: [Vec<Duration>; WAYS.len()],
    missed: [usize; WAYS.len()],
}

/// Measures and prints.
pub async fn run(args: &Args) -> Result<()> {
    let people = Arc::new(sample(&args.people, args.sample)?);
    let program = sinfonia(args.server.as_deref())?;
    let address = free_address()?;
    let mut command = Command::new(&program);
    command
        .args(["serve", "--no-pace", "--listen", &address.to_string()])
        .env("SINFONIA_DATA", &args.data)
        .env("RUST_LOG", "warn");
    let log = args.data.join("people.log");
    let server = Program::start(&mut command, &log)?;
    until_answers(address, "/health/live", START)
        .await
        .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
    let settled = server.until_quiet(SETTLE).await;
    println!(
        "{:.0} s until the program had no work of its own",
        settled.as_secs_f64()
    );
    let mut desk = Client::connect(address, "application/x-www-form-urlencoded").await?;
    desk.sign_in(&args.account, &args.password).await?;
    let cookie = desk.cookie.clone();
    println!(
        "{} desks, a sample of {} people, over HTTP as {}",
        args.clients,
        people.len(),
        args.account
    );
    for pause_ms in [0, args.pause_ms] {
        match pause_ms {
            0 => println!("\nas fast as answered"),
            pause => println!("\nwith a pause of {pause} ms"),
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        let next = AtomicUsize::new(0);
        let flushes = Flushes::begin(&args.data)?;
        let (mut times, elapsed) = load::drive(args.clients, args.seconds, |times| {
            let desk = Desk {
                address,
                cookie: cookie.clone(),
                people: Arc::clone(&people),
                seen: Arc::clone(&seen),
                number: next.fetch_add(1, Ordering::Relaxed),
                pause: Duration::from_millis(pause_ms),
            };
            desk.work(times)
        })
        .await?;
        print(&seen.lock(), &mut times, elapsed);
        print_flushes(&flushes.end()?);
    }
    server.stop().await
}

fn print(seen: &Seen, times: &mut [Duration], elapsed: Duration) {
    println!(
        "{:<34} {:>8} {:>9} {:>9} {:>9} {:>8}",
        "", "asked", "p50 ms", "p99 ms", "max ms", "missed"
    );
    let row = |name: &str, times: &[Duration], missed: String| {
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let at = |p: usize| ms(times.get(times.len() * p / 100));
        println!(
            "{name:<34} {:>8} {:>9.1} {:>9.1} {:>9.1} {missed:>8}",
            times.len(),
            at(50),
            at(99),
            ms(times.last())
        );
    };
    for (way, (name, must)) in WAYS.iter().enumerate() {
        let mut taken = seen.taken[way].clone();
        taken.sort_unstable();
        let missed = if *must {
            seen.missed[way].to_string()
        } else {
            String::new()
        };
        row(name, &taken, missed);
    }
    times.sort_unstable();
    row("all", times, String::new());
    println!("{:.0} answers/s", times.len() as f64 / elapsed.as_secs_f64());
}

/// Every search waits for a flush of its access record.
fn print_flushes(taken: &[Duration]) {
    let at = |share: usize| {
        taken
            .get(taken.len() * share / 100)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    let longest = taken.last().map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!(
        "beside it the disk made an append of 4 KiB durable in {:.2} ms (p50), {:.1} ms (p99), {longest:.0} ms (longest of {})",
        at(50),
        at(99),
        taken.len()
    );
}

struct Desk {
    address: SocketAddr,
    cookie: Option<String>,
    people: Arc<Vec<Person>>,
    seen: Arc<Mutex<Seen>>,
    number: usize,
    pause: Duration,
}

impl Desk {
    async fn work(self, times: Times) -> Result<()> {
        let mut client = Client::connect(self.address, "application/json").await?;
        client.cookie = self.cookie;
        // People do not begin at the same instant.
        tokio::time::sleep(self.pause * (self.number as u32 % 50) / 50).await;
        let mut round = self.number;
        while times.go_on() {
            // Each desk goes through the people and the ways at a step of its own.
            round += 1;
            let way = round % WAYS.len();
            let person = &self.people[(self.number * 7919 + round * 31) % self.people.len()];
            let path = format!("/citizens/search?text={}", escape(&person.asked(way)));
            let since = Instant::now();
            let (status, body) = client.send("GET", &path, b"").await?;
            let taken = since.elapsed();
            times.note(since);
            if status != 200 {
                bail!("{path} is answered with {status}: {}", String::from_utf8_lossy(&body));
            }
            let answer: Value = serde_json::from_slice(&body)?;
            let found = answer["people"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["id"] == *person.id));
            {
                let mut seen = self.seen.lock();
                seen.taken[way].push(taken);
                seen.missed[way] += usize::from(WAYS[way].1 && !found);
            }
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
        }
        Ok(())
    }
}

/// As a query of an address writes it.
fn escape(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

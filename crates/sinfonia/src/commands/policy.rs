//! `sinfonia policy`: tests, lists and explains the policies of access.

use access::StepData;
use anyhow::{anyhow, bail};
use policy::{Action, Asker, LabelSet, Policies, Question, Relation, Relations};
use std::path::{Path, PathBuf};

/// Flags of `policy`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Runs the tables of cases of a folder of policies: exit code 1 when one comes out otherwise.
    Test {
        /// The folder; without it, the policies that come with the program.
        folder: Option<PathBuf>,
    },
    /// Prints every policy with its sentence and its source.
    List {
        /// As for test.
        folder: Option<PathBuf>,
    },
    /// Says whether somebody may do something, and why.
    Explain(Explain),
    /// Reads a declaration of a step's data (sinfonia:data) and prints what it opens.
    Data {
        /// E.g. 'Patient(name, birthDate) Observation'.
        text: String,
    },
}

#[derive(clap::Args)]
struct Explain {
    /// As for test.
    #[arg(long)]
    policies: Option<PathBuf>,
    /// Role; may be given more than once.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// Tie to the patient: self, delegate, gp, unit, team, work, consent, emergency, refused. May be given more than once.
    #[arg(long = "tie")]
    ties: Vec<String>,
    /// read, write, delete or export.
    #[arg(long, default_value = "read")]
    action: String,
    /// FHIR type.
    #[arg(long = "type")]
    rtype: String,
    /// The fact lies in no patient's compartment.
    #[arg(long)]
    of_nobody: bool,
    /// Sensitive label of the fact (labels.json). May be given more than once.
    #[arg(long = "label")]
    labels: Vec<String>,
    /// Label that was unlocked. May be given more than once.
    #[arg(long = "unlocked")]
    unlocked: Vec<String>,
    /// Purpose of use.
    #[arg(long, default_value = "TREAT")]
    purpose: String,
    /// How sure it is who asks: 1 password, 2 second factor, 3 certificate or card.
    #[arg(long, default_value_t = 2)]
    assurance: u8,
}

/// Does what was asked.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        What::Test { folder } => test(&load(folder.as_deref())?),
        What::List { folder } => {
            list(&load(folder.as_deref())?);
            Ok(())
        }
        What::Explain(asked) => explain(asked),
        What::Data { text } => {
            let data = StepData::parse("", text).map_err(|why| anyhow!(why))?;
            for (rtype, elements) in data.types {
                let elements = if elements.is_empty() {
                    "all of it".to_owned()
                } else {
                    elements.join(", ")
                };
                println!("{rtype}: {elements}");
            }
            Ok(())
        }
    }
}

fn load(folder: Option<&Path>) -> anyhow::Result<Policies> {
    Ok(match folder {
        Some(folder) => Policies::load(folder)?,
        None => Policies::standard(),
    })
}

fn test(policies: &Policies) -> anyhow::Result<()> {
    let report = policies.run_cases()?;
    for failure in &report.failed {
        println!(
            "{}: '{}': expected {}, found {}",
            failure.place, failure.case, failure.expected, failure.found
        );
    }
    println!(
        "policies {}: {} passed, {} failed",
        policies.version(),
        report.passed,
        report.failed.len()
    );
    if report.failed.is_empty() {
        return Ok(());
    }
    bail!("{} cases came out otherwise", report.failed.len())
}

fn list(policies: &Policies) {
    for about in policies.list() {
        let kind = if about.forbids { "forbid" } else { "permit" };
        let mark = if about.unverified { " [unverified]" } else { "" };
        println!(
            "{} ({kind}, {})\n  {}\n  {}{mark}",
            about.id, about.file, about.it, about.source
        );
    }
    for capability in policies.capabilities().list() {
        let except = match capability.except.is_empty() {
            true => String::new(),
            false => format!(", not {}", capability.except.join(" ")),
        };
        println!(
            "{} (routes: {}{except})\n  {}\n  {}",
            capability.name,
            capability.roles.join(" "),
            capability.it,
            capability.source
        );
    }
    println!("policies {}", policies.version());
}

fn explain(asked: &Explain) -> anyhow::Result<()> {
    let policies = &load(asked.policies.as_deref())?;
    let labels = |names: &[String]| {
        names.iter().try_fold(LabelSet::NONE, |set, name| {
            let one = policies.labels().named(name);
            Ok::<_, anyhow::Error>(set.and(one.ok_or_else(|| anyhow!("'{name}' is no label of labels.json"))?))
        })
    };
    let tie = |name: &String| {
        let found = Relation::ALL.iter().copied().find(|relation| relation.name() == name);
        found.ok_or_else(|| anyhow!("'{name}' is no tie"))
    };
    let asker = Asker::new(&asked.roles, asked.assurance, false);
    let explanation = policies.explain(&Question {
        asker: &asker,
        action: Action::named(&asked.action).ok_or_else(|| anyhow!("'{}' is no action", asked.action))?,
        rtype: &asked.rtype,
        about_patient: !asked.of_nobody,
        relations: asked.ties.iter().map(tie).collect::<anyhow::Result<Relations>>()?,
        labels: labels(&asked.labels)?,
        unlocked: labels(&asked.unlocked)?,
        purpose: &asked.purpose,
    });
    println!("{}", if explanation.permit { "permit" } else { "deny" });
    for about in &explanation.because {
        println!("  {}: {} ({})", about.id, about.it, about.source);
    }
    if explanation.because.is_empty() {
        println!("  no policy permits it");
    }
    for (tie, about) in &explanation.would_permit {
        println!("  with the tie '{}': {} ({})", tie.name(), about.it, about.id);
    }
    Ok(())
}

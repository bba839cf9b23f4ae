//! `sinfonia doctor`: are disk, clock, certificates and store as they should be?

use crate::backend::Place;
use crate::examine::{self, Finding, Severity, Wanted};
use anyhow::bail;
use std::path::PathBuf;
use web::{Lang, Texts};

web::fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "it",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// Flags of `doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Reads every version and extracts the search values of every resource again, not of about 10,000 only.
    #[arg(long)]
    full: bool,
    /// Certificate chain in PEM whose validity is looked at.
    #[arg(long, env = "SINFONIA_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Language of what is said: it or en.
    #[arg(long, default_value = "it", value_name = "LANGUAGE")]
    lang: String,
}

/// Examines, and says what was found: one line for each thing, what is wrong with its remedy.
pub async fn run(place: &Place, args: &Args) -> anyhow::Result<()> {
    place.must_exist()?;
    let Some(lang) = Lang::from_code(&args.lang) else {
        bail!("--lang {}: it or en", args.lang);
    };
    let texts = Texts::base().with(&*LOCALES).in_lang(lang);
    let wanted = Wanted {
        full: args.full,
        certificate: args.tls_cert.clone(),
    };
    let findings = examine::all(place, &wanted).await?;
    for finding in &findings {
        println!("{}", line(&texts, finding));
    }
    let wrong = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Wrong)
        .count();
    println!();
    if wrong == 0 {
        println!("{}", texts.t("doctor-sound"));
        return Ok(());
    }
    bail!("{}", texts.get("doctor-problems", &[("n", wrong.into())]))
}

/// A finding in words.
fn line(texts: &Texts, finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Good => texts.t("doctor-mark-good"),
        Severity::Warning => texts.t("doctor-mark-warning"),
        Severity::Wrong => texts.t("doctor-mark-wrong"),
    };
    let part = texts.t(&format!("doctor-part-{}", finding.part));
    format!(
        "{mark:<10} {part}: {}",
        texts.get(&format!("doctor-{}", finding.what), &finding.args)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_every_message() {
        let keys = |text: &str| {
            let keys = text
                .lines()
                .filter_map(|line| Some(line.split_once(" =")?.0.to_owned()));
            keys.filter(|key| key.starts_with("doctor")).collect::<Vec<_>>()
        };
        let it = keys(include_str!("../../locales/it/doctor.ftl"));
        assert_eq!(it, keys(include_str!("../../locales/en/doctor.ftl")));
        let texts = Texts::base().with(&*LOCALES);
        for what in examine::WHATS {
            assert!(it.contains(&format!("doctor-{what}")), "doctor-{what} is missing");
        }
        assert!(texts.find("doctor-sound", &[]).is_some());
    }
}

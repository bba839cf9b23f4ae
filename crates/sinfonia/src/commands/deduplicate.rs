//! `sinfonia deduplicate`: looks for records of one person in the whole registry, as the desk's button does.

use crate::backend::Place;
use crate::system::System;
use citizens::matching::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at how far it is.
const PACE: Duration = Duration::from_millis(200);

/// Runs it with a bar, and says what was found.
///
/// # Errors
/// The store cannot be opened; another search is going on.
pub async fn run(place: &Place) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let progress = Arc::new(Progress::default());
    let bar = ProgressBar::new(1);
    let style = "{msg} {bar:30} {human_pos}/{human_len} {elapsed}";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
    let found = {
        let searching = citizens::matching::run(&system.context, "sinfonia deduplicate", &progress);
        tokio::pin!(searching);
        loop {
            tokio::select! {
                found = &mut searching => break found?,
                () = tokio::time::sleep(PACE) => show(&bar, &progress),
            }
        }
    };
    let elapsed = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    println!(
        "{} records, {} pairs compared in {elapsed:.1} s: {} almost certain, {} doubtful; {} written for the desk, {} decided before",
        found.records, found.compared, found.certain, found.review, found.written, found.decided
    );
    if !found.learnt {
        println!("the registry is too small to learn its weights: those of the program were used");
    }
    for (organization, (certain, review)) in &found.by_organization {
        let name = if organization.is_empty() {
            "no organisation"
        } else {
            organization
        };
        println!("  {name}: {certain} almost certain, {review} doubtful");
    }
    system.close().await;
    Ok(())
}

fn show(bar: &ProgressBar, progress: &Progress) {
    if let Some((step, done, of)) = progress.now() {
        bar.set_message(format!("{step:5}"));
        bar.set_length(of);
        bar.set_position(done);
    }
}

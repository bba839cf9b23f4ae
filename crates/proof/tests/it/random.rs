//! Random models under random commands.

use crate::from_environment;
use proof::random::{campaign, flat_campaign};

#[test]
fn any_model_under_any_commands_stays_whole() {
    let cases = from_environment("PROOF_CASES", 150) as u32;
    let tally = campaign(cases, from_environment("PROOF_SEED", 1)).unwrap_or_else(|error| panic!("{error}"));
    println!("{tally:#?}");
    // the models do reach what they are made for
    for kind in [
        "Cancelled",
        "Compensated",
        "ErrorCaught",
        "Migrate",
        "Modify",
        "SignalReceived",
        "TimerFired",
    ] {
        assert!(tally.contains_key(kind), "no {kind} in {tally:?}");
    }
}

#[test]
fn inclusive_joins_follow_the_definition() {
    let cases = from_environment("PROOF_CASES", 400) as u32;
    flat_campaign(cases, from_environment("PROOF_SEED", 1)).unwrap_or_else(|error| panic!("{error}"));
}

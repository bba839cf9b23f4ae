//! Random decision tables.

use crate::from_environment;

#[test]
fn tables_of_every_hit_policy_answer_as_their_rules_say() {
    let cases = from_environment("PROOF_CASES", 200) as u32;
    proof::tables::campaign(cases, from_environment("PROOF_SEED", 1)).unwrap_or_else(|error| panic!("{error}"));
}

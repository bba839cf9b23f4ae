//! Every value set of R4 expands or says why not, to what the official expansions say, and membership agrees.

use crate::builtin::package;
use serde_json::Value;
use std::collections::BTreeSet;
use terminology::expand::{Options, expand};
use terminology::{Builtin, Canonical, Membership, Source as _, TermError, membership_in};

type Codes = BTreeSet<(String, String)>;

/// (system, code) of an expansion, nested ones included; those that only group others left out.
fn codes(resource: &Value) -> Codes {
    let mut codes = Codes::new();
    let mut open: Vec<&Value> = resource["expansion"]["contains"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    while let Some(one) = open.pop() {
        open.extend(one["contains"].as_array().into_iter().flatten());
        if let Some(code) = one["code"].as_str() {
            codes.insert((one["system"].as_str().unwrap_or_default().to_owned(), code.to_owned()));
        }
    }
    codes
}

fn expanded(url: &str) -> Result<Codes, TermError> {
    expanded_with(url, &Options::default())
}

fn expanded_with(url: &str, options: &Options) -> Result<Codes, TermError> {
    let set = Builtin::r4().value_set(Canonical::parse(url)).expect(url);
    expand(Builtin::r4(), &set, options).map(|resource| codes(&resource))
}

#[test]
fn value_sets_expand_or_say_why_not() {
    let (mut done, mut reasons) = (0, BTreeSet::new());
    for url in Builtin::r4().urls("ValueSet") {
        match expanded(url) {
            Ok(_) => done += 1,
            Err(error) => {
                assert!(
                    matches!(error, TermError::Unknown { .. } | TermError::UnknownCode { .. }),
                    "{url}: {error}"
                );
                reasons.insert(error.to_string());
            }
        }
    }
    println!("{done} value sets expand; reasons of the others:\n{reasons:#?}");
    assert!(done >= 1_150, "{done}");
    // content that its owners do not give away, and value sets of others
    assert!(reasons.len() <= 60, "{reasons:#?}");
}

/// Value sets whose official expansion differs, by the ends of their URLs. Its makers left out what is deprecated (it may
/// still be used: here it stays in), kept what is retired, or did not follow the property `child`, by which a concept is
/// below a second one.
const DEPRECATED: &[&str] = &[
    "/v2-0916",
    "/v2-0487",
    "/relatedperson-relationshiptype",
    "/diagnostic-service-sections",
    "/observation-interpretation",
    "/patient-contactrelationship",
];
const RETIRED: &[&str] = &["/provenance-activity-type", "/v3-ActReason"];
const CHILD: &[&str] = &[
    "/v3-ActPharmacySupplyType",
    "/detectedissue-category",
    "/security-labels",
];

fn is_different(url: &str) -> bool {
    let mut ends = DEPRECATED.iter().chain(RETIRED).chain(CHILD);
    ends.any(|end| url.ends_with(end))
}

#[test]
fn expansions_are_the_official_ones() {
    let bundle = package("Bundle-valueset-expansions.json");
    let (mut same, mut wrong) = (0, Vec::new());
    for entry in bundle["entry"].as_array().unwrap() {
        let official = &entry["resource"];
        let url = official["url"].as_str().unwrap();
        let contains = official["expansion"]["contains"].as_array().map_or(0, Vec::len);
        let total = official["expansion"]["total"]
            .to_string()
            .parse::<usize>()
            .unwrap_or(contains);
        // cut short by its makers, or known to differ
        if contains == 0 || codes(official).len() >= 998 || total > codes(official).len() || is_different(url) {
            continue;
        }
        // its makers asked for the codes in use that can be chosen
        let options = Options {
            active_only: Some(true),
            exclude_not_for_ui: true,
            ..Options::default()
        };
        let Ok(ours) = expanded_with(url, &options) else {
            continue;
        };
        let theirs = codes(official);
        if ours == theirs || expanded(url).is_ok_and(|all| all == theirs) {
            same += 1;
        } else {
            let more: Vec<_> = ours.difference(&theirs).take(3).collect();
            let less: Vec<_> = theirs.difference(&ours).take(3).collect();
            wrong.push(format!(
                "{url}: {} against {}, more {more:?}, less {less:?}",
                ours.len(),
                theirs.len()
            ));
        }
    }
    println!("{same} expansions are the same");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(same > 400, "{same}");
}

#[test]
fn membership_is_what_the_expansion_lists() {
    for url in Builtin::r4().urls("ValueSet") {
        let set = Builtin::r4().value_set(Canonical::parse(url)).unwrap();
        let Ok(listed) = expanded(url) else { continue };
        let ask = |system: &str, code: &str| membership_in(Builtin::r4(), &set, Some(system), code).unwrap();
        for (system, code) in listed.iter().take(200) {
            assert_eq!(ask(system, code), Membership::In, "{url} {system} {code}");
        }
        for (system, _) in listed.iter().take(1) {
            assert_ne!(ask(system, "there is no such code"), Membership::In, "{url} {system}");
        }
        // what is in the code system and not listed is out
        let systems: BTreeSet<&String> = listed.iter().map(|(system, _)| system).collect();
        for system in systems {
            let Some(content) = Builtin::r4().code_system(Canonical::parse(system)) else {
                continue;
            };
            for concept in content.concepts().take(200) {
                let code = content.code(concept);
                let is_listed = listed.contains(&(system.clone(), code.to_owned()));
                assert_eq!(ask(system, code) == Membership::In, is_listed, "{url} {system} {code}");
            }
        }
    }
}

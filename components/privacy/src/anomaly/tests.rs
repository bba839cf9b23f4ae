//! The rules on a made log.

use super::*;
use crate::anomaly::rule::ANOMALIES;

fn entry(n: usize, at: &str, who: &str, patients: &[&str]) -> Entry {
    Entry {
        id: format!("log-{n}"),
        at: at.parse().unwrap(),
        who: format!("Practitioner/{who}"),
        for_whom: None,
        action: "R".into(),
        outcome: Outcome::Done,
        patients: patients.iter().map(|patient| (*patient).to_owned()).collect(),
        path: "/fhir/Observation".into(),
        purpose: Vec::new(),
        policies: vec!["care-read".into()],
        step: None,
    }
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.exposed.insert("famosa".into());
    let pair = ("Practitioner/amato".to_owned(), "fratello".to_owned());
    facts.relatives.insert(pair, "stesso cognome e stesso indirizzo".into());
    for who in ["gp", "other"] {
        facts.roles.insert(format!("Practitioner/{who}"), vec!["mmg".into()]);
    }
    facts
}

fn run(entries: &[Entry]) -> Vec<Finding> {
    evaluate(&ANOMALIES, &facts(), &mut HashMap::new(), &mut Peers::new(), entries)
}

fn rules_of(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn work_as_usual_finds_nothing() {
    // A Tuesday in the morning.
    assert_eq!(run(&[entry(1, "2026-11-24T09:00:00Z", "gp", &["a", "b"])]), []);
}

#[test]
fn relatives_exposed_people_and_nights_are_found_once_a_day() {
    let log = [
        entry(1, "2026-11-24T09:00:00Z", "amato", &["fratello"]),
        entry(2, "2026-11-24T09:05:00Z", "amato", &["fratello"]),
        entry(3, "2026-11-24T10:00:00Z", "gp", &["famosa"]),
        entry(4, "2026-11-24T22:30:00Z", "gp", &["a"]),
        entry(5, "2026-11-25T09:00:00Z", "amato", &["fratello"]),
    ];
    let found = run(&log);
    assert_eq!(
        rules_of(&found),
        ["familiari", "persona-esposta", "fuori-turno", "familiari"]
    );
    assert_eq!(
        found[0].entries,
        ["log-1", "log-2"],
        "the second access stands behind the same finding"
    );
    assert_ne!(found[0].id(), found[3].id(), "another day is another finding");
    assert!(found[0].text.contains("stesso cognome"));
}

#[test]
fn a_night_is_no_matter_for_who_works_at_night() {
    assert_eq!(run(&[entry(1, "2026-11-24T23:30:00Z", "nurse", &["a"])]), []);
    // 22:30 in Italy, when the clock of the machine says 21:30.
    assert_eq!(
        rules_of(&run(&[entry(1, "2026-11-24T21:30:00Z", "gp", &["a"])])),
        ["fuori-turno"]
    );
}

#[test]
fn refusals_are_found_at_the_threshold() {
    let refused = |n: usize| Entry {
        outcome: Outcome::Refused,
        ..entry(n, "2026-11-24T09:00:00Z", "gp", &[])
    };
    let log: Vec<Entry> = (0..9).map(refused).collect();
    assert_eq!(run(&log), []);
    let log: Vec<Entry> = (0..30).map(refused).collect();
    assert_eq!(rules_of(&run(&log)), ["rifiuti-ripetuti"]);
}

#[test]
fn volume_is_measured_against_oneself_and_ones_peers() {
    let patients: Vec<String> = (0..45).map(|n| format!("p{n}")).collect();
    let many: Vec<&str> = patients.iter().map(String::as_str).collect();
    let mut memories = HashMap::new();
    let mut peers = Peers::new();
    let rules = &*ANOMALIES;
    // Two weeks of ten people a day.
    let mut log = Vec::new();
    for day in 10..20 {
        log.push(entry(day, &format!("2026-11-{day}T09:00:00Z"), "gp", &many[..10]));
    }
    let usual = evaluate(rules, &facts(), &mut memories, &mut peers, &log);
    assert!(usual.iter().all(|finding| finding.rule != "volume"));
    let burst = [entry(90, "2026-11-24T09:00:00Z", "gp", &many)];
    let found = evaluate(rules, &facts(), &mut memories.clone(), &mut peers.clone(), &burst);
    assert_eq!(rules_of(&found), ["volume"]);
    assert!(found[0].text.contains("di solito 10"), "{}", found[0].text);
    // Where all of the role see as many, it is no burst.
    peers.insert("mmg".into(), (4_000, 100));
    assert_eq!(evaluate(rules, &facts(), &mut memories, &mut peers, &burst), []);
}

#[test]
fn a_stretch_in_two_parts_finds_what_one_finds() {
    let log: Vec<Entry> = (0..30)
        .map(|n| {
            entry(
                n,
                "2026-11-24T09:00:00Z",
                if n % 2 == 0 { "amato" } else { "gp" },
                &["fratello", "famosa"],
            )
        })
        .collect();
    let whole: Vec<String> = run(&log).iter().map(Finding::id).collect();
    for cut in [1, 7, 29] {
        let (mut memories, mut peers) = (HashMap::new(), Peers::new());
        let mut parts = Vec::new();
        for part in [&log[..cut], &log[cut..]] {
            let found = evaluate(&ANOMALIES, &facts(), &mut memories, &mut peers, part);
            parts.extend(found.iter().map(Finding::id));
        }
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

#[test]
fn who_has_no_tie_is_told_from_some_people_on() {
    let untied = |n: usize| Entry {
        policies: vec!["data-manager-export".into()],
        ..entry(n, "2026-11-24T09:00:00Z", "flussi", &[])
    };
    let log: Vec<Entry> = (0..25)
        .map(|n| Entry {
            patients: vec![format!("p{n}")],
            ..untied(n)
        })
        .collect();
    assert_eq!(rules_of(&run(&log)), ["senza-legame"]);
    assert_eq!(run(&log[..19]), []);
}

use super::*;

fn scope(text: &str) -> ResourceScope {
    ResourceScope::parse(text).unwrap().unwrap()
}

fn grant(scopes: &[&str], patient: Option<&str>) -> ClientGrant {
    ClientGrant {
        client: "app".into(),
        scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        patient: patient.map(str::to_owned),
        purpose: None,
    }
}

fn way(patient: Option<&str>, query: Option<&str>) -> Way {
    Way {
        patient: patient.map(str::to_owned),
        query: query.map(str::to_owned),
    }
}

#[test]
fn both_syntaxes_are_read_and_written_as_the_second() {
    for (written, canonical) in [
        ("patient/Observation.rs", "patient/Observation.rs"),
        ("patient/Observation.read", "patient/Observation.rs"),
        ("user/*.write", "user/*.cud"),
        ("system/*.*", "system/*.cruds"),
        ("system/Patient.cruds", "system/Patient.cruds"),
        (
            "patient/Observation.r?category=a|b&code=c",
            "patient/Observation.r?category=a|b&code=c",
        ),
    ] {
        assert_eq!(scope(written).to_string(), canonical);
    }
    for other in [
        "openid",
        "launch/patient",
        "offline_access",
        "fhirUser",
        "https://x/y.rs",
    ] {
        assert_eq!(ResourceScope::parse(other), Ok(None), "{other}");
    }
}

#[test]
fn what_is_written_badly_is_refused() {
    let long = format!("patient/Observation.rs?code={}", "x".repeat(600));
    for bad in [
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/Observation.x",
        "patient/observation.r",
        "patient/.r",
        "patient/Ob servation.r",
        "patient/Observation.r?",
        "patient/Observation.r?category",
        "patient/Observation.r?patient.name=x",
        "patient/Observation.r?_include=Observation:subject",
        "patient/Observation.r?_count=5",
        long.as_str(),
    ] {
        assert!(ResourceScope::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_scope_covers_its_type_and_its_letters_only() {
    let client = grant(&["system/Observation.rs", "system/Task.cu"], None);
    assert!(client.permits("Observation", Action::Read).is_unconditional());
    assert!(client.permits("Observation", Action::Search).is_unconditional());
    for denied in [Action::Create, Action::Update, Action::Delete] {
        assert_eq!(client.permits("Observation", denied), Permit::Denied);
    }
    assert!(client.permits("Task", Action::Update).is_granted());
    assert_eq!(client.permits("Task", Action::Read), Permit::Denied);
    assert_eq!(client.permits("Patient", Action::Read), Permit::Denied);
    assert_eq!(client.permits_all_types(Action::Read), Permit::Denied);
    assert!(
        grant(&["system/*.rs"], None)
            .permits_all_types(Action::Read)
            .is_unconditional()
    );
}

#[test]
fn patient_scopes_are_confined_and_need_a_patient() {
    let client = grant(&["patient/*.rs"], Some("7"));
    let permit = client.permits("Observation", Action::Search);
    assert_eq!(permit, Permit::Granted(vec![way(Some("7"), None)]));
    assert_eq!(permit.patient(), Some("7"));
    assert!(!permit.is_unconditional() && permit.without_query());
    assert_eq!(
        grant(&["patient/*.rs"], None).permits("Observation", Action::Read),
        Permit::Denied
    );
    // A user scope besides reaches further for its own type only.
    let both = grant(&["patient/*.rs", "user/Practitioner.rs"], Some("7"));
    assert!(both.permits("Practitioner", Action::Read).is_unconditional());
    assert_eq!(both.permits("Patient", Action::Read).patient(), Some("7"));
}

#[test]
fn conditions_add_up_and_vanish_beside_an_unconditional_scope() {
    let two = [
        "user/Observation.rs?category=laboratory",
        "user/Observation.rs?category=vital-signs",
    ];
    let permit = grant(&two, None).permits("Observation", Action::Search);
    let ways = vec![
        way(None, Some("category=laboratory")),
        way(None, Some("category=vital-signs")),
    ];
    assert_eq!(permit, Permit::Granted(ways));
    assert!(!permit.without_query());
    let three = [two[0], two[1], "user/*.s"];
    let permit = grant(&three, None).permits("Observation", Action::Search);
    assert_eq!(permit, Permit::Granted(vec![way(None, None)]));
}

#[test]
fn what_is_asked_is_cut_to_what_may_be_given() {
    let within = |asked: &str, limit: &str| scope(asked).within(&scope(limit)).map(|s| s.to_string());
    assert_eq!(within("patient/*.cruds", "patient/*.rs").unwrap(), "patient/*.rs");
    assert_eq!(
        within("patient/*.rs", "patient/Observation.cruds").unwrap(),
        "patient/Observation.rs"
    );
    assert_eq!(
        within("patient/Observation.rs", "patient/*.r").unwrap(),
        "patient/Observation.r"
    );
    assert_eq!(within("user/Observation.rs", "patient/*.rs"), None);
    assert_eq!(within("patient/Observation.c", "patient/*.rs"), None);
    assert_eq!(within("patient/Task.r", "patient/Observation.r"), None);
    assert_eq!(
        within("system/Observation.rs?code=a", "system/Observation.r?category=b").unwrap(),
        "system/Observation.r?code=a&category=b"
    );
    assert!(scope("user/*.cruds").writes() && !scope("user/*.rs").writes());
}

#[test]
fn unreadable_and_excess_scopes_grant_nothing() {
    assert_eq!(
        grant(&["patient/*.zz", "*/*.rs"], Some("7")).permits("Patient", Action::Read),
        Permit::Denied
    );
    let mut many = vec!["openid"; MAX_SCOPES];
    many.push("user/*.cruds");
    assert_eq!(grant(&many, None).permits("Patient", Action::Read), Permit::Denied);
}

use super::*;
use codicefiscale::places::places;
use codicefiscale::{CodiceFiscale, Sex};
use std::collections::{HashMap, HashSet};

#[test]
fn campania_has_as_many_people_as_the_census_counts() {
    let region = Region::new("15", 1.0, 1).unwrap();
    assert_eq!(region.municipalities().len(), 550);
    assert_eq!(region.size(), 5_592_175, "ISTAT, 1 January 2023");
}

#[test]
fn ages_and_sexes_of_a_municipality_are_exact() {
    let region = Region::new("15", 1.0, 7).unwrap();
    let first = &region.municipalities()[0];
    let people: Vec<Person> = region
        .residents()
        .take_while(|person| person.municipality_code == first.code)
        .collect();
    assert_eq!(people.len() as u64, first.residents());
    for (sex, counts) in [(Sex::Female, &first.women), (Sex::Male, &first.men)] {
        for (age, count) in counts.iter().enumerate().take(100) {
            let born = 2022 - age as i16;
            let found = people.iter().filter(|p| p.sex == sex && p.birth.year() == born).count();
            assert_eq!(found as u32, *count, "{sex:?} of {age}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_people_and_another_one_others() {
    let people = |seed| -> Vec<Person> { Region::new("15", 0.001, seed).unwrap().residents().collect() };
    assert_eq!(people(3), people(3));
    assert_ne!(people(3), people(4));
    let (found, wanted) = (people(3).len() as f64, 5_592.0);
    assert!((found - wanted).abs() < 300.0, "{found} people, {wanted} wanted");
}

#[test]
fn everybody_has_an_own_codice_fiscale_that_says_who_they_are_and_a_doctor_with_room() {
    let region = Region::new("15", 0.02, 11).unwrap();
    let doctors: HashSet<String> = region.doctors().map(|doctor| doctor.id).collect();
    let (mut codes, mut patients) = (HashSet::new(), HashMap::<String, u32>::new());
    let mut families: HashMap<u64, HashSet<String>> = HashMap::new();
    for person in region.residents() {
        let code = person.codice_fiscale.as_str().to_owned();
        assert_eq!(
            CodiceFiscale::parse(&code).unwrap().place(),
            person.birthplace,
            "{person:?}"
        );
        let place = places().of_code(&person.birthplace);
        assert!(!place.is_empty(), "{person:?}");
        assert!(codes.insert(code), "twice: {person:?}");
        assert!(doctors.contains(&person.doctor), "{person:?}");
        *patients.entry(person.doctor.clone()).or_default() += 1;
        families.entry(person.family).or_default().insert(person.street.clone());
    }
    let (doctor, most) = patients.iter().max_by_key(|(_, count)| **count).unwrap();
    assert!(
        *most <= if doctor.starts_with("pls") { 800 } else { 1_500 },
        "{doctor} has {most} patients"
    );
    assert!(
        families.values().all(|streets| streets.len() == 1),
        "a family lives in one place"
    );
    let mean = codes.len() as f64 / families.len() as f64;
    assert!((1.6..3.2).contains(&mean), "{mean} people in a family");
}

#[test]
fn minors_live_with_a_grown_up() {
    let region = Region::new("15", 1.0, 5).unwrap();
    let mut families: HashMap<u64, (usize, usize)> = HashMap::new();
    for person in region.residents().take(40_000) {
        let family = families.entry(person.family).or_default();
        if person.birth.year() > 2004 {
            family.0 += 1;
        } else {
            family.1 += 1;
        }
    }
    let with: usize = families.values().filter(|(minors, _)| *minors > 0).count();
    let alone = families
        .values()
        .filter(|(minors, grown)| *minors > 0 && *grown == 0)
        .count();
    assert!(
        alone * 200 < with,
        "{alone} of {with} families with minors have no grown-up"
    );
}

#[test]
fn what_cannot_be_made_is_refused_with_a_reason() {
    let error = Region::new("03", 1.0, 1).unwrap_err().to_string();
    assert!(error.contains("03") && error.contains("Campania"), "{error}");
    assert!(Region::new("15", 0.0, 1).is_err() && Region::new("15", f64::NAN, 1).is_err());
}

#[test]
fn a_person_is_a_patient_tagged_as_test_data() {
    let region = Region::new("15", 0.001, 2).unwrap();
    let person = region.residents().next().unwrap();
    let patient = person.patient();
    assert_eq!(patient["identifier"][0]["value"], person.codice_fiscale.as_str());
    assert_eq!(patient["meta"]["tag"][0]["code"], "HTEST");
    assert_eq!(patient["address"][0]["city"], person.municipality.as_str());
    assert_eq!(
        patient["generalPractitioner"][0]["reference"],
        format!("Practitioner/{}", person.doctor)
    );
    let doctor = region.doctors().next().unwrap();
    assert_eq!(doctor.practitioner()["resourceType"], "Practitioner");
}

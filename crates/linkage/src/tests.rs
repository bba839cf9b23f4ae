use super::*;

fn level(kind: Kind, a: &str, b: &str) -> Level {
    let mut table = Table::new(Setup {
        fields: vec![Field::new("f", kind)],
        blocks: vec![Block::of(vec![Part {
            field: 0,
            how: How::Whole,
        }])],
    })
    .unwrap();
    table.add(&[a]).unwrap();
    table.add(&[b]).unwrap();
    let of = weigh::pattern(&table, 0, 1, None);
    let cached = weigh::pattern(&table, 0, 1, Some(&mut weigh::Cache::new(1)));
    assert_eq!(of, cached);
    Level::ALL[em::level_of(of, 0)]
}

#[test]
fn names_agree_as_italian_records_write_them() {
    for (a, b, expected) in [
        ("De Luca", "DELUCA", Level::Same),
        ("D'Amico", "d’amico", Level::Same),
        ("Niccolò", "Niccolo'", Level::Same),
        ("Rossi in Bianchi", "Rossi", Level::Variant),
        ("Maria Rosa", "Rosa Maria", Level::Variant),
        ("Giuseppe", "Peppe", Level::Variant),
        ("Giuseppe Antonio", "Giuseppe", Level::Variant),
        ("Esposito", "Espossito", Level::Close),
        ("Юлия", "Iuliia", Level::Same),
        ("Muhammad", "Mohamed", Level::Similar),
        ("G", "Giovanni", Level::Similar),
        ("Rossi", "Verdi", Level::Different),
        ("Rossi", "", Level::Missing),
    ] {
        assert_eq!(level(Kind::Name, a, b), expected, "{a} {b}");
        assert_eq!(level(Kind::Name, b, a), expected, "{b} {a}");
    }
}

#[test]
fn dates_codes_and_addresses_agree_by_degrees() {
    for (kind, a, b, expected) in [
        (Kind::Date, "1941-10-24", "19411024", Level::Same),
        (Kind::Date, "1941-10-04", "1941-04-10", Level::Variant),
        (Kind::Date, "1941-10-24", "1941-10-25", Level::Close),
        (Kind::Date, "1941-10-24", "1941-01-24", Level::Close),
        (Kind::Date, "1941-10-24", "1950-10-24", Level::Similar),
        (Kind::Date, "1941-10-24", "1972-06-18", Level::Different),
        (Kind::Code, "RSSMRA41R64A455O", "rss mra 41r64 a455p", Level::Close),
        (Kind::Code, "RSSMRA41R64A455O", "RSSMRA52S16A455O", Level::Different),
        // both check characters fit: twins, not a mistake
        (Kind::Code, "RSSMRA41R64A455O", "RSSMRA42R64A455P", Level::Different),
        (Kind::Code, "RSSMRA41R64A455O", "RSSMRA42R64A455Q", Level::Similar),
        (Kind::Text, "Via Giuseppe Garibaldi", "Garibaldi Via", Level::Variant),
        (Kind::Text, "Via Garibaldi", "Via Garibladi", Level::Close),
        (Kind::Number, "12/A", "12", Level::Close),
        (Kind::Number, "12", "87", Level::Different),
        (Kind::Category, "M", "F", Level::Different),
    ] {
        assert_eq!(level(kind, a, b), expected, "{a} {b}");
    }
}

/// Forty persons, of whom the first ten are written twice: once right, once with mistakes.
fn registry() -> Table {
    let mut table = Table::new(persons()).unwrap();
    let surnames = [
        "Esposito", "Russo", "De Luca", "Romano", "Coppola", "Ferrara", "Marino", "Greco", "Iovine", "Villani",
    ];
    let given = [
        "Anna", "Ciro", "Carmela", "Luca", "Ida", "Mario", "Rosa", "Ugo", "Zoe", "Ivo", "Gennaro",
    ];
    let person = |n: usize| {
        [
            surnames[n % 10].to_owned(),
            given[(n * 7 + n / 10) % 11].to_owned(),
            if n.is_multiple_of(2) { "M" } else { "F" }.to_owned(),
            format!("{}-{:02}-{:02}", 1930 + n * 2, n % 12 + 1, n % 27 + 1),
            ["Napoli", "Salerno", "Caserta", "Benevento", "Avellino"][n % 5].to_owned(),
            format!("AAABBB{:02}C{:02}F{:03}Z", n, n % 27, n * 13 % 999),
            ["Napoli", "Aversa", "Eboli"][n % 3].to_owned(),
            format!("Via {} {}", given[n % 11], surnames[n * 3 % 10]),
            (n * 3 + 1).to_string(),
            format!("33{:08}", n * 7_919),
        ]
    };
    let mut add = |record: [String; 10]| {
        let values: Vec<&str> = record.iter().map(String::as_str).collect();
        table.add(&values).unwrap();
    };
    (0..40).for_each(|n| add(person(n)));
    for n in 0..10 {
        let mut again = person(n);
        match n % 4 {
            0 => again[3] = again[3].replace("19", "18"),
            1 => again[0].push_str(" in Bianchi"),
            2 => again[5] = String::new(),
            _ => again.swap(0, 1),
        }
        add(again);
    }
    table
}

#[test]
fn duplicates_are_found_and_explained() {
    let table = registry();
    let limits = Limits {
        threads: 2,
        ..Limits::default()
    };
    let outcome = link(&table, &limits, &|progress| assert!(progress.done <= progress.of));
    let scorer = Scorer::new(&table, &outcome.model);
    // what the comparing that ends early finds is what comparing everything finds
    let (mut cache, last) = (weigh::Cache::new(10), u32::try_from(table.len()).unwrap());
    for (a, b) in (0..last).flat_map(|a| (a + 1..last).map(move |b| (a, b))) {
        for floor in [outcome.thresholds.review, outcome.thresholds.same] {
            let whole = Some(scorer.weight(a, b)).filter(|weight| *weight >= floor);
            assert_eq!(scorer.at_least(floor, (a, b), &mut cache), whole);
        }
    }
    let clusters = cluster(&scorer, &outcome.links, table.len(), 0.0);
    let expected: Vec<Vec<u32>> = (0..10).map(|n| vec![n, n + 40]).collect();
    assert_eq!(clusters.groups, expected);
    let explained = scorer.explain(3, 43);
    let total: f64 = explained.iter().map(|part| part.weight).sum();
    assert!((total + scorer.beforehand(3, 43) - scorer.weight(3, 43)).abs() < 1e-6);
    assert_eq!(
        (explained[0].level, explained[1].level),
        (Level::Exchanged, Level::Exchanged)
    );
    assert_eq!(
        outcome,
        link(&table, &Limits { threads: 1, ..limits }, &|_| {}),
        "the same, whatever the threads"
    );
}

#[test]
fn what_a_chain_of_links_contradicts_is_told() {
    let table = registry();
    let outcome = link(&table, &Limits::default(), &|_| {});
    let scorer = Scorer::new(&table, &outcome.model);
    // 0 and 40 are one person, 1 and 41 another: a link from 40 to 1 would make them one
    let link = |a, b, weight| Link { a, b, weight };
    let links = [link(0, 40, 9.0), link(1, 41, 9.0), link(1, 40, 1.0)];
    let clusters = cluster(&scorer, &links, table.len(), 0.0);
    assert_eq!(clusters.groups, [vec![0, 40], vec![1, 41]]);
    assert!(matches!(clusters.conflicts[..], [Conflict { a: 1, b: 40, mean }] if mean < 0.0));
}

#[test]
fn training_finds_the_probabilities_that_made_the_patterns() {
    // three fields, the same with 0.9, 0.8, 0.95 among matches and 0.1, 0.05, 0.2 among others; three in ten are matches
    let (m, u) = ([0.9, 0.8, 0.95], [0.1, 0.05, 0.2]);
    let mut patterns = std::collections::HashMap::new();
    for bits in 0u64..8 {
        let (mut matches, mut others, mut pattern) = (0.3f64, 0.7f64, 0u64);
        for field in 0..3 {
            let same = bits >> field & 1 == 1;
            matches *= if same { m[field] } else { 1.0 - m[field] };
            others *= if same { u[field] } else { 1.0 - u[field] };
            let level = if same { Level::Same } else { Level::Different };
            pattern |= (level as u64) << (3 * field);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        patterns.insert(pattern, ((matches + others) * 1e7) as u64);
    }
    let by_chance = u.map(|same| em::shares_of([0.0, (1.0 - same) * 1e6, 0.0, 0.0, 0.0, 0.0, same * 1e6]));
    let found = train(&patterns, &by_chance, &[false; 3]);
    for (expected, made) in found.expected.iter().zip(m) {
        let same = em::shares_of(*expected)[Level::Same as usize];
        assert!((same - made).abs() < 0.01, "{made}: {same}");
    }
    assert!((found.share - 0.3).abs() < 0.01 && found.rounds > 1);
    let nothing = std::collections::HashMap::<u64, u64>::new();
    assert_eq!(train(&nothing, &by_chance, &[false; 3]).rounds, 0);
}

#[test]
fn wrong_setups_and_records_are_refused() {
    let mut setup = persons();
    setup.blocks.push(Block::of(vec![Part {
        field: 99,
        how: How::Whole,
    }]));
    assert!(Table::new(setup).unwrap_err().to_string().contains("names field 99"));
    let mut table = Table::new(persons()).unwrap();
    assert!(table.add(&["a"]).unwrap_err().to_string().contains("has 1 values"));
    assert!(table.is_empty());
    let outcome = link(&table, &Limits::default(), &|_| {});
    assert_eq!((outcome.links.len(), outcome.compared), (0, 0));
}

#[test]
fn groups_that_are_too_large_are_left_out_and_told() {
    let mut table = Table::new(persons()).unwrap();
    for _ in 0..20 {
        table
            .add(&["Rossi", "Maria", "F", "1970-01-01", "", "", "", "", "", ""])
            .unwrap();
    }
    let outcome = link(
        &table,
        &Limits {
            max_group: 10,
            ..Limits::default()
        },
        &|_| {},
    );
    assert_eq!((outcome.compared, outcome.left_out.1 > 0), (0, true));
}

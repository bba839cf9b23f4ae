//! Every order of events, duplicated or not, leaves a sound record.

use super::*;
use crate::choice::plan::tests::newborn;

/// A small generator of numbers: the same seed gives the same orders.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n as u64).unwrap()
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

fn day(n: usize) -> Date {
    jiff::civil::date(2024, 1, 1)
        .checked_add(jiff::Span::new().days(i64::try_from(n).unwrap()))
        .unwrap()
}

fn event(id: usize, kind: Kind, date: Date) -> Event {
    let mut event = Event {
        id: format!("e{id}"),
        kind,
        date,
        person: "RSSMRA24A01F839M".into(),
        data: Default::default(),
    };
    event.data.municipality = match kind {
        Kind::Birth => Some("063049".into()),
        Kind::Move => Some(if id.is_multiple_of(3) { "Milano" } else { "065116" }.into()),
        _ => None,
    };
    event
}

/// What the registry does with one event: those that wait are tried again after each that was applied.
struct Registry {
    plan: Plan,
    other: Plan,
    applied: Vec<Event>,
    waiting: Vec<Event>,
}

impl Registry {
    fn receive(&mut self, event: Event) {
        let today = day(2000);
        if self.applied.iter().chain(&self.waiting).any(|one| one.id == event.id) {
            return;
        }
        let mut queue = vec![event];
        while let Some(next) = queue.pop() {
            let known = !self.plan.person.patient["birthDate"].is_null();
            let mut plan = self.plan.clone();
            let mut other = self.other.clone();
            if !known && next.kind != Kind::Birth {
                self.waiting.push(next);
                continue;
            }
            if plan.person.replaced_by().is_some() {
                continue;
            }
            match apply(&mut plan, Some(&mut other), &next, &self.applied, today) {
                Verdict::Done => {
                    self.plan = plan;
                    self.other = other;
                    self.applied.push(next);
                    queue.append(&mut self.waiting);
                    queue.sort_by_key(|one| std::cmp::Reverse((one.date, one.kind)));
                }
                Verdict::Wait(..) => self.waiting.push(next),
                Verdict::Refuse(..) => {}
            }
        }
    }

    /// A choice made in between, as the process would: only of who can.
    fn choose(&mut self, id: usize, on: Date, temporary: bool) {
        let person = &self.plan.person;
        let possible = person.death().is_none() && person.replaced_by().is_none() && person.assistance().is_some();
        if possible {
            let (id, doctor) = (format!("c{id}"), format!("d{}", id % 3));
            self.plan.choose(&NewChoice {
                id: &id,
                doctor: &doctor,
                doctor_name: &doctor,
                kind: "pls",
                from: on,
                temporary,
                until: temporary.then(|| on.checked_add(jiff::Span::new().days(100)).unwrap()),
                authority: None,
            });
        }
    }

    fn sound(&self) {
        assert_eq!(
            self.plan.person.unsound(),
            Vec::<String>::new(),
            "{:#?}",
            self.plan.person
        );
        assert_eq!(
            self.other.person.unsound(),
            Vec::<String>::new(),
            "{:#?}",
            self.other.person
        );
    }
}

fn registry() -> Registry {
    let unborn = Person {
        patient: json!({"resourceType": "Patient", "id": "p"}),
        ..Person::default()
    };
    Registry {
        plan: Plan::new(unborn),
        other: Plan::new(newborn("other", "2024-01-01")),
        applied: Vec::new(),
        waiting: Vec::new(),
    }
}

#[test]
fn no_order_of_events_leaves_two_assistances_two_doctors_or_a_dead_person_with_one() {
    for seed in 0..3_000 {
        let mut random = Random(seed);
        let kinds = [
            Kind::Move,
            Kind::Emigration,
            Kind::Return,
            Kind::Change,
            Kind::Death,
            Kind::Merge,
        ];
        let mut events = vec![event(0, Kind::Birth, day(0))];
        for id in 1..=random.below(8) + 2 {
            let kind = kinds[random.below(if id < 5 { 4 } else { 6 })];
            events.push(event(id, kind, day(1 + random.below(1000))));
        }
        let again: Vec<Event> = events.iter().filter(|_| random.below(3) == 0).cloned().collect();
        events.extend(again);
        random.shuffle(&mut events);
        let mut registry = registry();
        for (n, event) in events.into_iter().enumerate() {
            registry.receive(event);
            registry.sound();
            if random.below(2) == 0 {
                registry.choose(n, day(random.below(1500)), random.below(3) == 0);
                registry.sound();
            }
        }
    }
}

#[test]
fn emigration_return_and_death_come_to_the_same_whatever_comes_first() {
    let events = [
        event(0, Kind::Birth, day(0)),
        event(1, Kind::Emigration, day(100)),
        event(2, Kind::Return, day(200)),
        event(3, Kind::Death, day(300)),
    ];
    let mut ends = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut order = events.to_vec();
        Random(seed).shuffle(&mut order);
        let mut registry = registry();
        order.into_iter().for_each(|one| registry.receive(one));
        registry.sound();
        let person = &registry.plan.person;
        assert_eq!(
            person.death(),
            Some(Some(day(300))),
            "seed {seed}: {:?}",
            registry.waiting
        );
        assert!(registry.waiting.is_empty(), "seed {seed}: {:?}", registry.waiting);
        let mut periods: Vec<String> = person
            .assistances
            .iter()
            .map(|one| format!("{} {}", one["status"], one["period"]))
            .collect();
        periods.sort();
        ends.insert(periods);
    }
    assert_eq!(ends.len(), 1, "{ends:#?}");
}

#[test]
fn addresses_are_in_their_order_whatever_comes_first() {
    let mut registry = registry();
    registry.receive(event(0, Kind::Birth, day(0)));
    registry.receive(event(2, Kind::Move, day(50)));
    let mut older = event(1, Kind::Move, day(20));
    older.data.municipality = Some("Avellino".into());
    registry.receive(older);
    let shown: Vec<String> = registry.plan.person.patient["address"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["use"].as_str().unwrap(), one["city"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, ["home Salerno", "old Avellino", "old Napoli"]);
}

#[test]
fn what_contradicts_is_refused_with_a_remedy() {
    let mut registry = registry();
    registry.receive(event(0, Kind::Birth, day(10)));
    let mut plan = registry.plan.clone();
    let early = apply(
        &mut plan,
        None,
        &event(1, Kind::Death, day(5)),
        &registry.applied,
        day(2000),
    );
    assert!(matches!(early, Verdict::Refuse(..)), "{early:?}");
    registry.receive(event(2, Kind::Death, day(20)));
    let mut plan = registry.plan.clone();
    let late = apply(
        &mut plan,
        None,
        &event(3, Kind::Emigration, day(30)),
        &registry.applied,
        day(2000),
    );
    assert!(matches!(late, Verdict::Refuse(..)), "{late:?}");
    let future = apply(
        &mut plan,
        None,
        &event(4, Kind::Move, day(3000)),
        &registry.applied,
        day(2000),
    );
    assert!(matches!(future, Verdict::Wait(..)), "{future:?}");
}

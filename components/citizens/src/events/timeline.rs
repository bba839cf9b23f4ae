//! What an event changes, given those of the same person that were applied before it: pure. Whatever the order in which they
//! arrive, nobody has two assistances or two doctors, and who died or left has none.

use super::event::{Event, Kind};
use crate::choice::codes::{FISCAL, MUNICIPALITY};
use crate::choice::person::{Person, doctor_kind};
use crate::choice::places;
use crate::choice::plan::{NewChoice, Plan};
use crate::choice::record::id_of;
use jiff::civil::Date;
use serde_json::{Value, json};

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The plan says what it changes, if anything.
    Done,
    /// It cannot be applied yet: reason and remedy.
    Wait(String, String),
    /// It contradicts what is known: reason and remedy.
    Refuse(String, String),
}

fn refuse(reason: impl Into<String>, remedy: &str) -> Verdict {
    Verdict::Refuse(reason.into(), remedy.into())
}

/// Applies an event to the plan of its person; `other`: the record that stays, of a merge.
pub(crate) fn apply(
    plan: &mut Plan,
    other: Option<&mut Plan>,
    event: &Event,
    earlier: &[Event],
    today: Date,
) -> Verdict {
    if let Some(verdict) = contradicts(&plan.person, event, today) {
        return verdict;
    }
    let verdict = match event.kind {
        Kind::Birth => birth(plan, event),
        Kind::Death => death(plan, event),
        Kind::Emigration => leave(plan, event, "emigrazione"),
        Kind::Return => come_back(plan, event, earlier),
        Kind::Move => move_to(plan, event, earlier),
        Kind::Change => change(plan, event, earlier),
        Kind::Merge => match other {
            Some(other) => merge(plan, other, event),
            None => Verdict::Wait(
                "il record che resta non è in anagrafe".into(),
                "attende la nascita o l'iscrizione di chi resta".into(),
            ),
        },
    };
    if verdict == Verdict::Done {
        reconcile(plan, event, earlier);
    }
    verdict
}

fn contradicts(person: &Person, event: &Event, today: Date) -> Option<Verdict> {
    if event.date > today {
        let day = web::date(event.date);
        return Some(Verdict::Wait(
            format!("la data dell'evento ({day}) è nel futuro"),
            "si riprova da quel giorno".into(),
        ));
    }
    if let Some(birth) = person
        .birth()
        .filter(|birth| event.kind != Kind::Birth && event.date < *birth)
    {
        let reason = format!("l'evento precede la nascita ({})", web::date(birth));
        return Some(refuse(reason, "verificare la data con il comune"));
    }
    let death = person.death()?;
    match (event.kind, death) {
        (Kind::Death, Some(day)) if day == event.date => None,
        (Kind::Death, Some(day)) => Some(refuse(
            format!("il decesso è già registrato con un'altra data ({})", web::date(day)),
            "correggere la scheda della persona se la nuova data è quella giusta",
        )),
        (Kind::Death | Kind::Merge | Kind::Birth, _) => None,
        (_, Some(day)) if event.date <= day => None,
        _ => Some(refuse(
            "l'evento è successivo al decesso",
            "verificare con il comune quale dei due eventi è errato",
        )),
    }
}

fn birth(plan: &mut Plan, event: &Event) -> Verdict {
    if let Some(known) = plan.person.birth() {
        return if known == event.date {
            plan.done.push("la persona era già in anagrafe".into());
            Verdict::Done
        } else {
            refuse(
                format!("in anagrafe la nascita è un'altra ({})", web::date(known)),
                "controllare il codice fiscale e la data di nascita",
            )
        };
    }
    let data = &event.data;
    let patient = plan.patient();
    patient["active"] = json!(true);
    patient["identifier"] = json!([{"use": "official", "system": FISCAL, "value": event.person}]);
    patient["name"] = json!([{"use": "official", "family": data.family, "given": [data.given], "period": {"start": event.date.to_string()}}]);
    patient["gender"] = json!(data.sex);
    patient["birthDate"] = json!(event.date.to_string());
    if let Some(home) = address(event) {
        patient["address"] = json!([home]);
    }
    plan.done.push("persona iscritta in anagrafe".into());
    if !plan.person.lives_elsewhere() {
        plan.assist(&id_of("assistenza", &[&event.id]), "ssn", event.date, None, None);
    }
    Verdict::Done
}

fn death(plan: &mut Plan, event: &Event) -> Verdict {
    if plan.person.death() != Some(Some(event.date)) {
        let patient = plan.patient();
        if let Some(patient) = patient.as_object_mut() {
            patient.shift_remove("deceasedBoolean");
        }
        patient["deceasedDateTime"] = json!(event.date.to_string());
        plan.done.push(format!("decesso del {}", web::date(event.date)));
    }
    Verdict::Done
}

fn leave(plan: &mut Plan, event: &Event, reason: &str) -> Verdict {
    plan.end_unrecorded(&id_of("assistenza", &[&event.id]), event.date, reason);
    Verdict::Done
}

/// Whether an event takes somebody out of the region.
fn takes_away(event: &Event) -> bool {
    match event.kind {
        Kind::Emigration => true,
        Kind::Move => address(event).is_some_and(|home| places::of_address(&home).is_none()),
        _ => false,
    }
}

fn come_back(plan: &mut Plan, event: &Event, earlier: &[Event]) -> Verdict {
    let left = earlier.iter().any(|one| takes_away(one) && one.date <= event.date);
    if plan.person.assistance().is_some() && !left {
        return Verdict::Wait(
            "nessuna emigrazione nota prima di questo rientro, e l'assistenza è in corso".into(),
            "attende l'emigrazione; se la persona non è mai partita l'evento va annullato dalla fonte".into(),
        );
    }
    if let Some(home) = address(event) {
        set_address(plan, event, home);
    }
    begin_again(plan, event, earlier);
    Verdict::Done
}

/// Assistance from the day of the event, where none is open.
fn begin_again(plan: &mut Plan, event: &Event, earlier: &[Event]) {
    // Somebody who left for good after that day has come back for a time that is over.
    let open = plan.person.assistance().is_some();
    if !open || earlier.iter().any(|one| takes_away(one) && one.date >= event.date) {
        if open {
            return;
        }
        plan.assist(&id_of("assistenza", &[&event.id]), "ssn", event.date, None, None);
    }
}

fn move_to(plan: &mut Plan, event: &Event, earlier: &[Event]) -> Verdict {
    let Some(home) = address(event) else {
        return refuse("l'evento non dice dove", "scrivere il comune");
    };
    set_address(plan, event, home);
    if takes_away(event) {
        return leave(plan, event, "trasferimento");
    }
    let away = earlier
        .iter()
        .filter(|one| one.date <= event.date)
        .max_by_key(|one| (one.date, one.kind));
    if away.is_some_and(takes_away) && plan.person.assistance().is_none() {
        begin_again(plan, event, earlier);
    }
    Verdict::Done
}

fn change(plan: &mut Plan, event: &Event, earlier: &[Event]) -> Verdict {
    let data = &event.data;
    if data.family.is_some() || data.given.is_some() {
        let current = plan.person.patient["name"][0].clone();
        let family = data
            .family
            .clone()
            .map_or_else(|| current["family"].clone(), Value::String);
        let given = data
            .given
            .clone()
            .map_or_else(|| current["given"].clone(), |given| json!([given]));
        let name = json!({"family": family, "given": given});
        dated(&mut plan.patient()["name"], name, event.date, "official");
        plan.done.push("nome cambiato".into());
    }
    let later = earlier
        .iter()
        .any(|one| one.kind == Kind::Change && one.data.sex.is_some() && one.date > event.date);
    if let Some(sex) = data.sex.as_ref().filter(|_| !later) {
        plan.patient()["gender"] = json!(sex);
        plan.done.push("sesso cambiato".into());
    }
    if let Some(code) = &data.new_code {
        let patient = plan.patient();
        let mut all = patient["identifier"].as_array().cloned().unwrap_or_default();
        if !all.iter().any(|one| one["value"] == *code) {
            for one in all.iter_mut().filter(|one| one["system"] == FISCAL) {
                one["use"] = json!("old");
            }
            all.insert(0, json!({"use": "official", "system": FISCAL, "value": code}));
            patient["identifier"] = json!(all);
            plan.done.push("codice fiscale cambiato".into());
        }
    }
    Verdict::Done
}

fn merge(plan: &mut Plan, other: &mut Plan, event: &Event) -> Verdict {
    let (gone, stays) = (plan.person.id().to_owned(), other.person.id().to_owned());
    if gone == stays {
        plan.done.push("i due codici sono già della stessa scheda".into());
        return Verdict::Done;
    }
    if plan.person.death().is_some() != other.person.death().is_some() {
        return Verdict::Wait(
            "delle due schede una risulta deceduta e l'altra no".into(),
            "attende il decesso dell'altra, o la revisione dell'anagrafe".into(),
        );
    }
    let (assisted, doctor) = (plan.person.assistance().cloned(), plan.person.choice().cloned());
    plan.break_off(event.date, "fusione", true);
    let patient = plan.patient();
    patient["active"] = json!(false);
    link(patient, &stays, "replaced-by");
    plan.done.push("scheda unita a un'altra".into());
    let codes: Vec<Value> = patient_codes(&plan.person.patient);
    let patient = other.patient();
    link(patient, &gone, "replaces");
    let mut all = patient["identifier"].as_array().cloned().unwrap_or_default();
    for mut code in codes {
        if !all.iter().any(|one| one["value"] == code["value"]) {
            code["use"] = json!("old");
            all.push(code);
        }
    }
    patient["identifier"] = json!(all);
    if other.person.assistance().is_none() && assisted.is_some() {
        other.assist(&id_of("assistenza", &[&event.id]), "ssn", event.date, None, None);
    }
    if let Some(choice) = doctor.filter(|_| other.person.doctor().is_none()) {
        let manager = &choice["careManager"];
        if let Some(doctor) = crate::choice::codes::id_in(manager, "Practitioner") {
            other.choose(&NewChoice {
                id: &id_of("scelta", &[&event.id]),
                doctor,
                doctor_name: manager["display"].as_str().unwrap_or(doctor),
                kind: doctor_kind(&choice),
                from: event.date,
                temporary: false,
                until: crate::choice::person::date(&choice["period"]["end"]),
                authority: crate::choice::codes::id_in(&choice["managingOrganization"], "Organization"),
            });
        }
    }
    other.settle(event.date);
    Verdict::Done
}

fn patient_codes(patient: &Value) -> Vec<Value> {
    patient["identifier"].as_array().cloned().unwrap_or_default()
}

fn link(patient: &mut Value, other: &str, kind: &str) {
    let mut links = patient["link"].as_array().cloned().unwrap_or_default();
    let link = json!({"other": {"reference": format!("Patient/{other}")}, "type": kind});
    if !links.contains(&link) {
        links.push(link);
    }
    patient["link"] = json!(links);
}

/// Ends what events that happened that day or later end, in their order.
fn reconcile(plan: &mut Plan, event: &Event, earlier: &[Event]) {
    let mut all: Vec<&Event> = earlier
        .iter()
        .chain([event])
        .filter(|one| one.date >= event.date)
        .collect();
    all.sort_by_key(|one| (one.date, one.kind));
    for one in all {
        match one.kind {
            Kind::Death => plan.break_off(one.date, "decesso", true),
            Kind::Emigration => plan.break_off(one.date, "emigrazione", false),
            Kind::Move if takes_away(one) => plan.break_off(one.date, "trasferimento", false),
            _ => {}
        }
    }
    if let Some(day) = plan.person.death() {
        plan.break_off(day.unwrap_or(event.date), "decesso", true);
    }
    plan.settle(event.date);
}

/// The address that an event tells.
fn address(event: &Event) -> Option<Value> {
    let place = event.data.municipality.as_deref()?;
    let mut address = json!({"use": "home", "type": "physical", "period": {"start": event.date.to_string()}});
    if let Some(line) = &event.data.line {
        address["line"] = json!([line]);
    }
    let known = places::of_code(place).or_else(|| places::of_address(&json!({"city": place})));
    match known {
        Some(known) => {
            address["city"] = json!(known.name);
            address["district"] = json!(known.province);
            address["country"] = json!("IT");
            address["extension"] = json!([{"url": MUNICIPALITY, "valueCode": known.istat}]);
        }
        None => {
            address["city"] = json!(place);
            address["country"] = json!(event.data.country.as_deref().unwrap_or("IT"));
        }
    }
    Some(address)
}

fn set_address(plan: &mut Plan, event: &Event, home: Value) {
    dated(&mut plan.patient()["address"], home, event.date, "home");
    plan.done.push(format!("residenza dal {}", web::date(event.date)));
}

/// Puts something that holds from a day on into a list of such: the last one is in force, those before it are `old`.
fn dated(list: &mut Value, mut new: Value, from: Date, in_force: &str) {
    let start = |one: &Value| one["period"]["start"].as_str().unwrap_or_default().to_owned();
    let all = list.as_array().cloned().unwrap_or_default();
    let (mut ours, others): (Vec<Value>, Vec<Value>) = all
        .into_iter()
        .partition(|one| one["use"] == in_force || one["use"] == "old");
    new["period"] = json!({"start": from.to_string()});
    ours.retain(|one| start(one) != from.to_string());
    ours.push(new);
    ours.sort_by_key(start);
    let starts: Vec<String> = ours.iter().map(start).collect();
    for (at, one) in ours.iter_mut().enumerate() {
        match starts.get(at + 1) {
            Some(next) => {
                one["use"] = json!("old");
                one["period"]["end"] = json!(next);
            }
            None => {
                one["use"] = json!(in_force);
                if let Some(period) = one["period"].as_object_mut() {
                    period.shift_remove("end");
                }
            }
        }
    }
    ours.reverse();
    ours.extend(others);
    *list = json!(ours);
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;

//! Changes to assistance and choice of one person, worked out before anything is written: pure, so that every order of events
//! can be tried. What is changed is written in one transaction (see `commit`), in the place of the versions that were read.

use super::codes::{ASSISTANCE, CHOICE, DOCTOR_KIND, END_REASON, set_extension, ties_only};
use super::person::{Person, date, is_open};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A new choice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewChoice<'a> {
    /// Id of the EpisodeOfCare: the same when it is tried again.
    pub id: &'a str,
    /// Practitioner id.
    pub doctor: &'a str,
    /// Name of the doctor, for readers.
    pub doctor_name: &'a str,
    /// `mmg` or `pls`.
    pub kind: &'a str,
    /// First day.
    pub from: Date,
    /// Whether it is for a time only.
    pub temporary: bool,
    /// Last day: of a choice for a time, or of the paediatrician's age.
    pub until: Option<Date>,
    /// Organization id of the health authority.
    pub authority: Option<&'a str>,
}

/// A person and what is to be changed of them.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// As it will be.
    pub person: Person,
    touched: BTreeSet<String>,
    /// Persons more or fewer of each doctor (Practitioner id).
    pub delta: BTreeMap<String, i64>,
    /// What was done, in words for the record of the event: Italian.
    pub done: Vec<String>,
    was_sound: bool,
}

impl Plan {
    /// Nothing changed yet.
    pub fn new(person: Person) -> Self {
        Self {
            was_sound: person.unsound().is_empty(),
            person,
            touched: BTreeSet::new(),
            delta: BTreeMap::new(),
            done: Vec::new(),
        }
    }

    /// What would no longer hold of a person of whom it held; nothing may be written then.
    pub fn breaks(&self) -> Vec<String> {
        if self.was_sound {
            self.person.unsound()
        } else {
            Vec::new()
        }
    }

    /// Whether there is something to write.
    pub fn changes(&self) -> bool {
        !self.touched.is_empty()
    }

    /// References of what is changed.
    pub fn references(&self) -> Vec<String> {
        self.touched.iter().cloned().collect()
    }

    /// The Patient, about to be changed.
    pub fn patient(&mut self) -> &mut Value {
        let reference = format!("Patient/{}", self.person.id());
        self.touched.insert(reference);
        &mut self.person.patient
    }

    /// What is to be written. The Patient is among it whatever was changed: the version that was read must still be there.
    pub fn resources(&self) -> Vec<Value> {
        let touched = |one: &&Value| {
            let reference = format!(
                "{}/{}",
                one["resourceType"].as_str().unwrap_or(""),
                one["id"].as_str().unwrap_or("")
            );
            self.touched.contains(&reference)
        };
        let mut all = vec![self.person.patient.clone()];
        all.extend(self.person.assistances.iter().filter(touched).cloned());
        all.extend(self.person.choices.iter().filter(touched).cloned());
        all
    }

    /// Begins an assistance, in the place of another that is open.
    pub fn assist(&mut self, id: &str, kind: &str, from: Date, until: Option<Date>, payor: Option<&str>) {
        self.end_assistances(from, "cambio");
        let mut coverage = json!({
            "resourceType": "Coverage", "id": id, "status": "active",
            "type": {"coding": [{"system": ASSISTANCE, "code": kind}]},
            "beneficiary": {"reference": format!("Patient/{}", self.person.id())},
            "payor": [{"reference": format!("Organization/{}", payor.unwrap_or("regione-15"))}],
            "period": {"start": from.to_string()},
        });
        if payor.is_none() {
            coverage["payor"] = json!([{"display": "Servizio sanitario regionale"}]);
        }
        if let Some(until) = until {
            coverage["period"]["end"] = json!(until.to_string());
        }
        self.done.push(format!("assistenza {kind} dal {}", web::date(from)));
        self.touched.insert(format!("Coverage/{id}"));
        self.person.assistances.retain(|one| one["id"] != id);
        self.person.assistances.push(coverage);
        self.patient();
    }

    /// Chooses a doctor, in the place of another.
    pub fn choose(&mut self, new: &NewChoice<'_>) {
        self.end_choices(new.from, "cambio");
        let kind = if new.temporary { "temporanea" } else { new.kind };
        let reference = format!("Practitioner/{}", new.doctor);
        let mut episode = json!({
            "resourceType": "EpisodeOfCare", "id": new.id, "meta": ties_only(&reference), "status": "active",
            "extension": [{"url": DOCTOR_KIND, "valueCode": new.kind}],
            "type": [{"coding": [{"system": CHOICE, "code": kind}]}],
            "patient": {"reference": format!("Patient/{}", self.person.id())},
            "period": {"start": new.from.to_string()},
            "careManager": {"reference": reference, "display": new.doctor_name},
        });
        if let Some(authority) = new.authority {
            episode["managingOrganization"] = json!({"reference": format!("Organization/{authority}")});
        }
        if let Some(until) = new.until {
            episode["period"]["end"] = json!(until.to_string());
        }
        self.touched.insert(format!("EpisodeOfCare/{}", new.id));
        self.person.choices.push(episode);
        *self.delta.entry(new.doctor.to_owned()).or_default() += 1;
        self.patient()["generalPractitioner"] = json!([{"reference": reference, "display": new.doctor_name}]);
        self.done
            .push(format!("scelto {} dal {}", new.doctor_name, web::date(new.from)));
    }

    /// Ends the open choices: on `day`, or as never begun when they began later. A doctor without a choice on record (old
    /// registries) is left too.
    pub fn end_choices(&mut self, day: Date, reason: &str) {
        let mut ended = false;
        for episode in self.person.choices.iter_mut().filter(|one| is_open(one)) {
            end(episode, day, reason, "finished", "cancelled");
            self.touched
                .insert(format!("EpisodeOfCare/{}", episode["id"].as_str().unwrap_or_default()));
            ended = true;
        }
        let doctors = self.person.patient["generalPractitioner"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for doctor in &doctors {
            if let Some(id) = super::codes::id_in(doctor, "Practitioner") {
                *self.delta.entry(id.to_owned()).or_default() -= 1;
            }
        }
        if ended || !doctors.is_empty() {
            if let Some(patient) = self.patient().as_object_mut() {
                patient.shift_remove("generalPractitioner");
            }
            self.done
                .push(format!("scelta del medico chiusa il {} ({reason})", web::date(day)));
        }
    }

    /// Ends the open assistances likewise.
    pub fn end_assistances(&mut self, day: Date, reason: &str) {
        let mut ended = Vec::new();
        for coverage in self.person.assistances.iter_mut().filter(|one| is_open(one)) {
            end(coverage, day, reason, "cancelled", "entered-in-error");
            ended.push(format!("Coverage/{}", coverage["id"].as_str().unwrap_or_default()));
        }
        if !ended.is_empty() {
            self.touched.extend(ended);
            self.patient();
            self.done
                .push(format!("assistenza chiusa il {} ({reason})", web::date(day)));
        }
    }

    /// Closes whatever is open that began on `day` or before, or everything when nothing can follow (a death). What had ended
    /// later ends on that day: the event that ended it was told first.
    pub fn break_off(&mut self, day: Date, reason: &str, for_good: bool) {
        let began = |one: &Value| for_good || date(&one["period"]["start"]).is_none_or(|start| start <= day);
        if self.person.assistance().is_some_and(began) {
            self.end_assistances(day, reason);
        }
        match self.person.choice() {
            Some(choice) if began(choice) => self.end_choices(day, reason),
            None if self.person.doctor().is_some() => self.end_choices(day, reason),
            _ => {}
        }
        let person = &mut self.person;
        for one in person.assistances.iter_mut().chain(&mut person.choices) {
            let (start, last) = (date(&one["period"]["start"]), date(&one["period"]["end"]));
            let ended = matches!(one["status"].as_str(), Some("cancelled" | "finished"));
            if ended && start.is_none_or(|start| start <= day) && last.is_some_and(|last| day < last) {
                one["period"]["end"] = json!(day.to_string());
                set_extension(one, END_REASON, "valueCode", json!(reason));
                let text = |key: &str| one[key].as_str().unwrap_or_default();
                self.touched.insert(format!("{}/{}", text("resourceType"), text("id")));
            }
        }
    }

    /// A person without a record of assistance, whose assistance ends: the end is recorded, so that it is known to have ended.
    pub fn end_unrecorded(&mut self, id: &str, day: Date, reason: &str) {
        if self.person.assistances.is_empty() {
            let from = self.person.birth().filter(|birth| *birth <= day).unwrap_or(day);
            self.assist(id, "ssn", from, None, None);
            self.end_assistances(day, reason);
        }
    }

    /// A doctor needs assistance: without it the choice ends. What came twice is left once.
    pub fn settle(&mut self, day: Date) {
        if self.person.assistance().is_none() && !self.person.assistances.is_empty() && self.person.doctor().is_some() {
            self.end_choices(day, "senza-assistenza");
        }
        let extra = |all: &[Value]| all.iter().filter(|one| is_open(one)).count() > 1;
        if extra(&self.person.assistances) {
            let last = self.person.assistances.iter().rposition(is_open);
            for (at, one) in self.person.assistances.iter_mut().enumerate() {
                if is_open(one) && Some(at) != last {
                    end(one, day, "doppia", "cancelled", "entered-in-error");
                    self.touched
                        .insert(format!("Coverage/{}", one["id"].as_str().unwrap_or_default()));
                }
            }
            self.patient();
        }
    }
}

impl Plan {
    /// After two records were separated, or somebody assigned what was written meanwhile: one assistance, one choice, the doctor who
    /// was chosen, nothing open of who is dead.
    pub fn reconcile(&mut self, day: Date) {
        if self.person.replaced_by().is_some() {
            return;
        }
        if let Some(death) = self.person.death() {
            let last = death.unwrap_or(day);
            self.end_choices(last, "decesso");
            self.end_assistances(last, "decesso");
            return;
        }
        self.settle(day);
        let begins = |one: &Value| one["period"]["start"].as_str().unwrap_or_default().to_owned();
        let open = self.person.choices.iter().filter(|one| is_open(one));
        let stays = open.max_by_key(|one| begins(one)).map(|one| one["id"].clone());
        for one in self.person.choices.iter_mut().filter(|one| is_open(one)) {
            if Some(&one["id"]) != stays.as_ref() {
                end(one, day, "doppia", "finished", "cancelled");
                self.touched
                    .insert(format!("EpisodeOfCare/{}", one["id"].as_str().unwrap_or_default()));
            }
        }
        self.doctor_as_chosen();
    }

    /// The doctor on the record is the one of the open choice. A doctor without any choice on record (old registries) stays.
    fn doctor_as_chosen(&mut self) {
        let chosen = self.person.choice().map(|one| one["careManager"].clone());
        let id = |one: &Value| super::codes::id_in(one, "Practitioner").map(str::to_owned);
        let (before, after) = (self.person.doctor().map(str::to_owned), chosen.as_ref().and_then(id));
        if before == after || (chosen.is_none() && self.person.choices.is_empty()) {
            return;
        }
        for (doctor, by) in [(before, -1), (after, 1)] {
            if let Some(doctor) = doctor {
                *self.delta.entry(doctor).or_default() += by;
            }
        }
        let patient = self.patient();
        match chosen {
            Some(doctor) => patient["generalPractitioner"] = json!([doctor]),
            None => {
                if let Some(patient) = patient.as_object_mut() {
                    patient.shift_remove("generalPractitioner");
                }
            }
        }
    }
}

/// Ends a Coverage or an EpisodeOfCare; one that began later than `day` never was.
fn end(resource: &mut Value, day: Date, reason: &str, ended: &str, never: &str) {
    let start = date(&resource["period"]["start"]);
    let never_was = start.is_some_and(|start| start > day);
    let last = start.map_or(day, |start| start.max(day));
    resource["status"] = json!(if never_was { never } else { ended });
    resource["period"]["end"] = json!(last.to_string());
    set_extension(resource, END_REASON, "valueCode", json!(reason));
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn newborn(id: &str, born: &str) -> Person {
        Person {
            patient: json!({"resourceType": "Patient", "id": id, "birthDate": born}),
            ..Person::default()
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn choose<'a>(id: &'a str, doctor: &'a str, from: &str) -> NewChoice<'a> {
        NewChoice {
            id,
            doctor,
            doctor_name: doctor,
            kind: "mmg",
            from: day(from),
            temporary: false,
            until: None,
            authority: None,
        }
    }

    #[test]
    fn a_change_leaves_one_doctor_and_counts_both() {
        let mut plan = Plan::new(newborn("p", "1980-01-01"));
        plan.assist("a", "ssn", day("1980-01-01"), None, None);
        plan.choose(&choose("c1", "neri", "2020-01-01"));
        plan.choose(&choose("c2", "verdi", "2024-01-01"));
        assert_eq!(plan.person.unsound(), Vec::<String>::new());
        assert_eq!((plan.delta["neri"], plan.delta["verdi"]), (0, 1));
        assert_eq!(plan.person.choices[0]["period"]["end"], "2024-01-01");
    }

    #[test]
    fn a_death_that_is_told_late_takes_back_what_came_after_it() {
        let mut plan = Plan::new(newborn("p", "1980-01-01"));
        plan.assist("a", "ssn", day("1980-01-01"), None, None);
        plan.choose(&choose("c", "neri", "2024-06-01"));
        plan.patient()["deceasedDateTime"] = json!("2024-05-01");
        plan.break_off(day("2024-05-01"), "decesso", true);
        assert_eq!(plan.person.unsound(), Vec::<String>::new());
        assert_eq!(plan.person.choices[0]["status"], "cancelled", "it was never");
        assert_eq!(plan.person.assistances[0]["status"], "cancelled", "ended");
    }

    #[test]
    fn without_assistance_there_is_no_doctor() {
        let mut plan = Plan::new(newborn("p", "1980-01-01"));
        plan.patient()["generalPractitioner"] = json!([{"reference": "Practitioner/neri"}]);
        plan.end_unrecorded("a", day("2024-01-01"), "emigrazione");
        plan.settle(day("2024-01-01"));
        assert_eq!(plan.person.unsound(), Vec::<String>::new());
        assert_eq!((plan.delta["neri"], plan.person.assistance_kind()), (-1, "nessuna"));
    }
}

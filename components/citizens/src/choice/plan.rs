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
    signature: Option<String>,
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
            signature: None,
        }
    }

    /// Says who writes, by which door (`meta.source`). Without it the program does, and says nothing.
    #[must_use]
    pub fn signed(mut self, signature: String) -> Self {
        self.signature = Some(signature);
        self
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
        for one in &mut all {
            self.sign(one);
        }
        all
    }

    /// Who wrote the version that was read did not write the new one: an import that is taken back would take this along.
    fn sign(&self, resource: &mut Value) {
        match &self.signature {
            Some(signature) => resource["meta"]["source"] = json!(signature),
            None => {
                if let Some(meta) = resource.get_mut("meta").and_then(Value::as_object_mut) {
                    meta.shift_remove("source");
                }
            }
        }
    }

    /// Begins an assistance, in the place of another that is open.
    pub fn assist(&mut self, id: &str, kind: &str, from: Date, until: Option<Date>, payor: Option<&str>) {
        self.end_assistances(from, "cambio");
        self.record_assistance(id, kind, (from, until), payor);
    }

    fn record_assistance(&mut self, id: &str, kind: &str, (from, until): (Date, Option<Date>), payor: Option<&str>) {
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
            mark_ending(&mut coverage);
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

    /// Records an assistance that is over already; what is open stays.
    pub fn assist_once(&mut self, id: &str, kind: &str, days: (Date, Date), payor: &str) {
        self.record_assistance(id, kind, (days.0, Some(days.1)), Some(payor));
        if let Some(past) = self.person.assistances.last_mut() {
            past["status"] = json!("cancelled");
        }
    }

    /// The names beside the codes of an assistance, for readers.
    pub fn name_assistance(&mut self, id: &str, kind: &str, payor: &str) {
        for one in self.person.assistances.iter_mut().filter(|one| one["id"] == id) {
            one["type"]["coding"][0]["display"] = json!(kind);
            one["payor"][0]["display"] = json!(payor);
        }
    }

    /// Ends one assistance: today or earlier it is over at once; later it holds until its last day, and the daily run closes it. One
    /// that is told as an error never was. Without assistance the doctor goes, too.
    pub fn end_assistance(&mut self, id: &str, last: Date, reason: &str, today: Date) {
        let Some(coverage) = self.person.assistances.iter_mut().find(|one| one["id"] == id) else {
            return;
        };
        // The desk may put off a last day that was known.
        coverage["period"]["end"] = json!(last.to_string());
        end(coverage, last, reason, "cancelled", "entered-in-error");
        let state = match reason {
            "errore" => "entered-in-error",
            _ if last > today => "active",
            _ => "cancelled",
        };
        coverage["status"] = json!(state);
        if state == "active" {
            mark_ending(coverage);
        }
        self.touched.insert(format!("Coverage/{id}"));
        self.patient();
        self.done
            .push(format!("assistenza chiusa il {} ({reason})", web::date(last)));
        self.settle(last.min(today));
    }

    /// Ends the assistances whose last day is over, on that day.
    pub fn close_over(&mut self, today: Date) {
        let over = |one: &Value| date(&one["period"]["end"]).filter(|last| is_open(one) && *last < today);
        let ended: Vec<(String, Date, String)> = self
            .person
            .assistances
            .iter()
            .filter_map(|one| {
                let known = super::codes::extension(one, END_REASON).and_then(|why| why["valueCode"].as_str());
                let reason = known.unwrap_or("scadenza").to_owned();
                Some((one["id"].as_str()?.to_owned(), over(one)?, reason))
            })
            .collect();
        for (id, last, reason) in ended {
            self.end_assistance(&id, last, &reason, today);
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

/// Marks an assistance that has a last day, so that the daily run finds it: R4 has no search parameter for the end of a Coverage.
fn mark_ending(coverage: &mut Value) {
    let (system, code) = super::codes::ENDING;
    let tags = coverage["meta"]["tag"].as_array().cloned().unwrap_or_default();
    if !tags.iter().any(|one| one["system"] == system && one["code"] == code) {
        let tag = json!({"system": system, "code": code});
        coverage["meta"]["tag"] = tags.into_iter().chain([tag]).collect();
    }
}

/// Ends a Coverage or an EpisodeOfCare; one that began later than `day` never was, one that had a last day before it ended then.
fn end(resource: &mut Value, day: Date, reason: &str, ended: &str, never: &str) {
    let start = date(&resource["period"]["start"]);
    let never_was = start.is_some_and(|start| start > day);
    let day = date(&resource["period"]["end"]).map_or(day, |last| last.min(day));
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
    fn an_assistance_that_ends_takes_the_doctor_along_on_its_last_day() {
        let today = day("2026-11-22");
        let begun = || {
            let mut plan = Plan::new(newborn("p", "1980-01-01"));
            plan.assist("a", "ssn", day("1980-01-01"), None, None);
            plan.choose(&choose("c", "neri", "2020-01-01"));
            plan
        };
        let mut over = begun();
        over.end_assistance("a", day("2026-11-20"), "trasferimento", today);
        assert_eq!(over.person.unsound(), Vec::<String>::new());
        assert_eq!((over.delta["neri"], over.person.doctor()), (0, None));
        assert_eq!(over.person.choices[0]["period"]["end"], "2026-11-20");

        let mut later = begun();
        later.end_assistance("a", day("2026-12-31"), "trasferimento", today);
        assert_eq!(later.person.doctor(), Some("neri"), "until the last day");
        assert_eq!(later.person.assistances[0]["meta"]["tag"][0]["code"], "a-termine");
        later.close_over(day("2026-12-31"));
        assert_eq!(later.person.doctor(), Some("neri"), "the last day itself counts");
        assert_eq!(
            later.person.assistance_kind(day("2027-01-01")),
            "nessuna",
            "whether it was closed or not"
        );
        later.close_over(day("2027-01-02"));
        assert_eq!(later.person.unsound(), Vec::<String>::new());
        assert_eq!((later.person.doctor(), later.person.assistance()), (None, None));
        assert_eq!(later.person.assistances[0]["period"]["end"], "2026-12-31");

        let mut mistaken = begun();
        mistaken.end_assistance("a", today, "errore", today);
        assert_eq!(mistaken.person.assistances[0]["status"], "entered-in-error");
        assert_eq!(mistaken.person.unsound(), Vec::<String>::new());
    }

    #[test]
    fn a_new_version_does_not_say_that_the_last_writer_wrote_it() {
        let mut person = newborn("p", "1980-01-01");
        person.patient["meta"] =
            json!({"versionId": "3", "source": "https://sinfonia.it/fhir/Practitioner/x#importazione-1"});
        let mut plan = Plan::new(person.clone());
        plan.choose(&choose("c", "neri", "2020-01-01"));
        assert_eq!(plan.resources()[0]["meta"], json!({"versionId": "3"}));
        let signed = Plan::new(person).signed("https://sinfonia.it/fhir/Practitioner/y#sportello".into());
        assert_eq!(
            signed.resources()[0]["meta"]["source"],
            "https://sinfonia.it/fhir/Practitioner/y#sportello"
        );
    }

    #[test]
    fn without_assistance_there_is_no_doctor() {
        let mut plan = Plan::new(newborn("p", "1980-01-01"));
        plan.patient()["generalPractitioner"] = json!([{"reference": "Practitioner/neri"}]);
        plan.end_unrecorded("a", day("2024-01-01"), "emigrazione");
        plan.settle(day("2024-01-01"));
        assert_eq!(plan.person.unsound(), Vec::<String>::new());
        assert_eq!(
            (plan.delta["neri"], plan.person.assistance_kind(day("2024-01-02"))),
            (-1, "nessuna")
        );
    }
}

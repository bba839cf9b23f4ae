//! Plays the demo: acts and timers, whichever comes first.

use super::agenda::{Act, Agenda};
use super::cast::{Life, cast};
use super::character::{days, left_by_gp, working_moment};
use super::region::sent_by_laboratory;
use super::{DAYS, work};
use crate::people::lab_report;
use access::Actor;
use component::{DemoContext, TaskQuery};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use orchestrator::api::{SendMessage, StartInstance, TaskInfo};
use rand::Rng;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use store::Clock as _;

/// Steps at one moment before the demo gives up: something repeats itself for ever.
const MAX_STEPS_AT_ONE_MOMENT: u32 = 2_000;
/// Steps in all.
const MAX_STEPS: u32 = 100_000;

/// The demo's people and their time.
pub(super) struct World {
    pub context: DemoContext,
    pub start: Timestamp,
    pub end: Timestamp,
    pub cast: Vec<Life>,
    pub agenda: Agenda,
    by_patient: HashMap<String, usize>,
    seen: HashSet<String>,
    /// Patients of others (Synthea) who are evaluated for the pathway, in the order of their acts.
    pub guests: Vec<super::synthea::Guest>,
}

impl World {
    pub fn new(context: DemoContext) -> Self {
        let end = context.clock.now();
        let start = end - SignedDuration::from_hours(24 * DAYS);
        context.clock.set(start);
        let cast = cast(end);
        let by_patient = cast
            .iter()
            .enumerate()
            .map(|(n, life)| (life.person.id.clone(), n))
            .collect();
        let mut world = Self {
            context,
            start,
            end,
            cast,
            agenda: Agenda::default(),
            by_patient,
            seen: HashSet::new(),
            guests: Vec::new(),
        };
        world.plan();
        world
    }

    /// The day of a moment, UTC.
    pub fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The present moment of the demo.
    pub fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Writes resources that carry their ids, in one transaction.
    pub async fn put(&self, resources: &[Value]) -> Result<(), String> {
        let fhir = self.context.context.peers.fhir(&self.context.actor);
        fhir.write_all(resources)
            .await
            .map(drop)
            .map_err(|e| format!("writing people: {e}"))
    }

    fn plan(&mut self) {
        for n in 0..self.cast.len() {
            let (end, start) = (self.end, self.start);
            let life = &mut self.cast[n];
            let character = life.character.clone();
            let mut lab = start + SignedDuration::from_hours(24 * life.rng.random_range(20..150));
            while lab < end {
                self.agenda.add(working_moment(lab, 0, &mut life.rng), Act::Lab(n));
                let gap = if life.person.diabetes.is_some() {
                    130..230
                } else {
                    330..420
                };
                lab += SignedDuration::from_hours(24 * life.rng.random_range(gap));
            }
            let mut add = |at: Option<Timestamp>, act: Act| {
                if let Some(at) = at {
                    self.agenda.add(working_moment(at, 0, &mut life.rng), act);
                }
            };
            add(character.enrols, Act::Start(n));
            add(character.leaves, Act::Leave(n));
            add(character.dies, Act::Die(n));
        }
        // The assisted person of the demo accounts finds a questionnaire waiting; only the first of these that finds her
        // between two checks counts.
        for days in [9, 7, 5, 3] {
            self.agenda
                .add(self.end - SignedDuration::from_hours(24 * days), Act::Hasten(0));
        }
        // A recall day a few weeks ago: checks, then visits and therapies, are at every stage on the last day.
        // Two of three, so that every GP has some (people are given to the GPs in turn).
        for n in (1..self.cast.len()).filter(|n| n % 3 != 0) {
            let long_ago = self.end - SignedDuration::from_hours(24 * 100);
            let recalled = self.cast[n].character.enrols.is_some_and(|at| at < long_ago);
            if recalled {
                let at = self.end - SignedDuration::from_hours(24 * (30 - n as i64 % 9));
                self.agenda.add(at, Act::Hasten(n));
            }
        }
    }

    /// Plays until the end.
    pub async fn play(&mut self) -> Result<(), String> {
        let (mut steps, mut here, mut last) = (0_u32, 0_u32, self.start);
        loop {
            let timer = (self.context.next_timer)().await;
            let act = self.agenda.next();
            let Some(at) = [timer, act].into_iter().flatten().min().filter(|at| *at <= self.end) else {
                break;
            };
            let at = at.max(self.now());
            (steps, here) = (steps + 1, if at == last { here + 1 } else { 0 });
            if here > MAX_STEPS_AT_ONE_MOMENT || steps > MAX_STEPS {
                return Err(format!(
                    "the demo does not get past {at}: something repeats itself without waiting"
                ));
            }
            last = at;
            self.context.clock.set(at);
            let concerned = match self
                .agenda
                .next()
                .filter(|due| *due <= at)
                .and_then(|_| self.agenda.take())
            {
                Some(act) => self.perform(act).await?,
                None => None,
            };
            (self.context.settle)().await?;
            self.look(concerned).await?;
            let day = (at.as_second() - self.start.as_second()) / 86_400;
            (self.context.progress)(day.clamp(0, DAYS) as u64, DAYS as u64, "Percorsi");
        }
        self.context.clock.set(self.end);
        (self.context.settle)().await
    }

    /// Does one act; says whose tasks may have changed, `None`: anyone's.
    async fn perform(&mut self, act: Act) -> Result<Option<usize>, String> {
        let concerned = match &act {
            Act::Start(n) | Act::Lab(n) | Act::Leave(n) | Act::Hasten(n) | Act::Die(n) => Some(*n),
            Act::Complete { person, .. } => Some(*person),
            Act::Guest(_) => None,
        };
        match act {
            Act::Start(n) => self.start_pathway(n).await?,
            Act::Complete { person, task } => work::complete(self, person, &task).await?,
            Act::Lab(n) => self.laboratory(n).await?,
            Act::Leave(n) => self.tell(n, "uscita-richiesta").await?,
            Act::Hasten(n) => self.tell(n, "controllo-anticipato").await?,
            Act::Die(n) => self.die(n).await?,
            Act::Guest(n) => super::synthea::evaluate(self, n).await?,
        }
        Ok(concerned)
    }

    async fn start_pathway(&mut self, n: usize) -> Result<(), String> {
        let today = self.day(self.now());
        let life = &mut self.cast[n];
        life.enrolled = Some(today);
        let start = StartInstance {
            definition: "diabete-tipo-2".into(),
            patient: Some(life.person.id.clone()),
            ..StartInstance::default()
        };
        let orchestrator = self.context.context.peers.orchestrator(&life.gp.actor());
        orchestrator
            .start(&start)
            .await
            .map(drop)
            .map_err(|e| format!("starting a pathway: {e}"))
    }

    async fn laboratory(&mut self, n: usize) -> Result<(), String> {
        let (now, today) = (self.day(self.now()), self.day(self.end));
        let life = &mut self.cast[n];
        if life.character.dies.is_some_and(|at| at <= self.context.clock.now()) {
            return Ok(());
        }
        let results = lab_report(&life.person, now, life.enrolled, today, &mut life.rng);
        self.put(&sent_by_laboratory(results)).await
    }

    async fn tell(&self, n: usize, message: &str) -> Result<(), String> {
        let life = &self.cast[n];
        let message = SendMessage {
            name: message.into(),
            key: Some(life.person.reference()),
            patient: Some(life.person.id.clone()),
            ..SendMessage::default()
        };
        let orchestrator = self.context.context.peers.orchestrator(&life.gp.actor());
        match orchestrator.send_message(&message).await {
            Ok(_) => Ok(()),
            // They are in the middle of a check, or not that far yet: there is nothing to tell.
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(format!("message {}: {error}", message.name)),
        }
    }

    async fn die(&self, n: usize) -> Result<(), String> {
        let fhir = self.context.context.peers.fhir(&self.context.actor);
        let id = &self.cast[n].person.id;
        let mut patient = fhir.read("Patient", id).await.map_err(|e| e.to_string())?;
        patient["deceasedDateTime"] = self.now().to_string().into();
        fhir.update(&patient)
            .await
            .map(drop)
            .map_err(|e| format!("Patient/{id}: {e}"))
    }

    /// Finds new tasks and plans when they will be done.
    async fn look(&mut self, person: Option<usize>) -> Result<(), String> {
        let mut query = match person {
            Some(n) => TaskQuery::of_patient(&self.cast[n].person.id),
            None => TaskQuery {
                state: Some("open".into()),
                ..TaskQuery::default()
            },
        };
        query.limit = Some(100);
        let orchestrator = self.context.context.peers.orchestrator(&Actor::system());
        loop {
            let page = orchestrator
                .tasks(&query)
                .await
                .map_err(|e| format!("listing tasks: {e}"))?;
            for task in page.items {
                self.plan_task(task);
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn plan_task(&mut self, task: TaskInfo) {
        let Some(&n) = task.patient.as_ref().and_then(|id| self.by_patient.get(id)) else {
            return;
        };
        if !self.seen.insert(task.id.clone()) {
            return;
        }
        let now = self.now();
        let left = self.end.duration_since(now).as_hours() / 24;
        let near_end = n != 0 && left < 24;
        let life = &mut self.cast[n];
        if left_by_gp(&task.element, &life.character, left) {
            return;
        }
        let Some(days) = days(&task.element, &life.character, near_end, &mut life.rng) else {
            return;
        };
        let at = working_moment(now, days, &mut life.rng);
        self.agenda.add(
            at,
            Act::Complete {
                person: n,
                task: task.id,
            },
        );
    }
}

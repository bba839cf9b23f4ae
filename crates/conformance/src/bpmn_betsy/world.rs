//! A small orchestrator: several instances, messages and signals between them, a worker, a virtual clock.

use bpmn::{Process, StartTrigger, Text};
use engine::{Command, Effect, Env, InstanceState, JobSpec, Limits, Models, StartBy, State, Variables};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// Most commands of one case.
const MAX_COMMANDS: u32 = 10_000;
/// How long a script that records or waits runs.
const SLOW: SignedDuration = SignedDuration::from_secs(10);

/// What one model and its instances do.
pub struct World {
    processes: Deployed,
    evaluator: dmn::Feel,
    limits: Limits,
    now: Timestamp,
    instances: Vec<(State, Arc<Process>)>,
    jobs: Vec<Job>,
    commands: u32,
    log: Vec<String>,
    marker: bool,
    /// When each timestamp script began and ended.
    intervals: Vec<(Timestamp, Timestamp)>,
    /// The value the next increment must find.
    counter: i64,
    error_end: bool,
}

struct Deployed(Vec<Arc<Process>>);

impl Models for Deployed {
    fn by_key(&self, key: &str) -> Option<Arc<Process>> {
        self.0.iter().find(|process| process.id == key).cloned()
    }

    fn latest(&self, process_id: &str) -> Option<String> {
        self.by_key(process_id).map(|process| process.id.clone())
    }
}

/// A script being run.
struct Job {
    instance: usize,
    spec: JobSpec,
    since: Timestamp,
    due: Timestamp,
}

impl World {
    /// Deploys a model; the issues when it is refused.
    pub fn deploy(xml: &str) -> Result<Self, Vec<bpmn::Issue>> {
        let model = bpmn::parse(xml)?;
        Ok(Self {
            processes: Deployed(model.processes),
            evaluator: dmn::Feel::new(),
            limits: Limits::default(),
            now: Timestamp::UNIX_EPOCH,
            instances: Vec::new(),
            jobs: Vec::new(),
            commands: 0,
            log: Vec::new(),
            marker: false,
            intervals: Vec::new(),
            counter: 0,
            error_end: false,
        })
    }

    /// Starts the process of the model's name, and with `parallel` the others too.
    pub fn begin(&mut self, model: &str, parallel: bool, input: String, integer: i64) -> Result<(), String> {
        self.counter = integer;
        let ids: Vec<String> = self.processes.0.iter().map(|process| process.id.clone()).collect();
        let main = ids
            .iter()
            .find(|id| *id == model)
            .or(ids.first())
            .cloned()
            .ok_or("no process")?;
        let variables = Variables::from_iter([
            ("test".to_owned(), Value::from(input)),
            ("integerVariable".to_owned(), Value::from(integer)),
        ]);
        self.start(&main, StartBy::None, variables.clone())?;
        for other in ids.iter().filter(|id| parallel && **id != main) {
            self.start(other, StartBy::None, variables.clone())?;
        }
        Ok(())
    }

    fn start(&mut self, process: &str, by: StartBy, variables: Variables) -> Result<(), String> {
        let process = self.processes.by_key(process).ok_or("no such process")?;
        let number = self.instances.len();
        self.instances
            .push((State::new(format!("i{number}"), process.id.clone(), None), process));
        self.command(number, Command::Start { by, variables })
    }

    /// Applies a command and does what the effects ask. The state goes through JSON, as a store would keep it.
    fn command(&mut self, instance: usize, command: Command) -> Result<(), String> {
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(format!("more than {MAX_COMMANDS} commands"));
        }
        let env = Env {
            now: self.now,
            evaluator: &self.evaluator,
            models: &self.processes,
            limits: &self.limits,
        };
        let (state, process) = &self.instances[instance];
        let outcome = engine::step(process, state.clone(), command, &env).map_err(|error| error.to_string())?;
        outcome.state.check()?;
        let text = serde_json::to_string(&outcome.state).map_err(|error| error.to_string())?;
        let again: State = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if again != outcome.state {
            return Err(format!("the state changed on its way through JSON: {text}"));
        }
        engine::prove_history(&self.instances[instance].0, &again, &outcome.events)?;
        self.instances[instance].0 = again;
        outcome
            .effects
            .into_iter()
            .try_for_each(|effect| self.effect(instance, effect))
    }

    fn effect(&mut self, instance: usize, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::JobCreated(spec) => {
                let slow = script(&spec).starts_with("CREATE_TIMESTAMP_LOG") || script(&spec) == "WAIT_TEN_SECONDS";
                let due = if slow { self.now + SLOW } else { self.now };
                self.jobs.push(Job {
                    instance,
                    spec: *spec,
                    since: self.now,
                    due,
                });
                Ok(())
            }
            Effect::JobRemoved { id, .. } => {
                self.jobs.retain(|job| job.spec.id != id);
                Ok(())
            }
            Effect::MessageThrown { name, key, variables } => self.message(&name, &key, &variables),
            Effect::SignalThrown { name, variables } => self.signal(instance, &name, &variables),
            Effect::Terminated { .. } => {
                self.error_end = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// To the first that waits, else to a start event.
    fn message(&mut self, name: &str, key: &str, variables: &Variables) -> Result<(), String> {
        let waiting = self.instances.iter().enumerate().find_map(|(number, (state, _))| {
            let wait = state
                .waits()
                .into_iter()
                .find(|wait| wait.name == name && wait.key.as_deref() == Some(key))?;
            Some((number, wait.id))
        });
        if let Some((number, wait)) = waiting {
            return self.command(
                number,
                Command::Deliver {
                    wait,
                    variables: variables.clone(),
                },
            );
        }
        match self
            .starts(|trigger| matches!(trigger, StartTrigger::Message(message) if is(&message.name, name)))
            .first()
        {
            Some((process, element)) => self.start(process, StartBy::Element(element.clone()), variables.clone()),
            None => Ok(()),
        }
    }

    /// To all other instances that wait, and to all start events.
    fn signal(&mut self, thrower: usize, name: &str, variables: &Variables) -> Result<(), String> {
        let waiting: Vec<(usize, String)> = self
            .instances
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != thrower)
            .flat_map(|(number, (state, _))| state.waits().into_iter().map(move |wait| (number, wait)))
            .filter(|(_, wait)| wait.name == name && wait.key.is_none())
            .map(|(number, wait)| (number, wait.id))
            .collect();
        for (number, wait) in waiting {
            self.command(
                number,
                Command::Deliver {
                    wait,
                    variables: variables.clone(),
                },
            )?;
        }
        for (process, element) in self.starts(|trigger| matches!(trigger, StartTrigger::Signal(text) if is(text, name)))
        {
            self.start(&process, StartBy::Element(element), variables.clone())?;
        }
        Ok(())
    }

    fn starts(&self, fits: impl Fn(&StartTrigger<'_>) -> bool) -> Vec<(String, String)> {
        let all = self.processes.0.iter().flat_map(|process| {
            process
                .start_events()
                .into_iter()
                .map(move |start| (process.id.clone(), start))
        });
        all.filter(|(_, start)| fits(&start.trigger))
            .map(|(process, start)| (process, start.element.to_owned()))
            .collect()
    }

    /// Runs jobs and timers in the order of the clock, for as long as the original waited (two minutes at least).
    pub fn run(&mut self, delay_ms: i64) -> Result<(), String> {
        let end = self.now + SignedDuration::from_millis(delay_ms.max(120_000));
        loop {
            let job = self
                .jobs
                .iter()
                .enumerate()
                .min_by_key(|(_, job)| job.due)
                .map(|(place, job)| (place, job.due));
            let timers = self.instances.iter().enumerate();
            let timer = timers
                .flat_map(|(number, (state, _))| state.timers().into_iter().map(move |(id, due)| (due, number, id)))
                .min();
            match (job, timer) {
                (Some((place, due)), timer) if due <= end && timer.as_ref().is_none_or(|timer| due <= timer.0) => {
                    self.now = self.now.max(due);
                    let job = self.jobs.remove(place);
                    self.work(job)?;
                }
                (_, Some((due, number, timer))) if due <= end => {
                    self.now = self.now.max(due);
                    self.command(number, Command::FireTimer { timer })?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// What the scripts of the suite do.
    fn work(&mut self, job: Job) -> Result<(), String> {
        let mut variables = Variables::new();
        let value = |name: &str| job.spec.variables.get(name).cloned().unwrap_or_default();
        match script(&job.spec) {
            "CREATE_MARKER_FILE" => self.marker = true,
            name @ ("INCREMENT_INTEGER_VARIABLE" | "INCREMENT_INTEGER_VARIABLE_AND_LOG") => {
                let current = value("integerVariable").as_i64().unwrap_or_default();
                let right = current == self.counter;
                self.counter = current + 1;
                variables.insert("integerVariable".into(), self.counter.into());
                if name.ends_with("_LOG") {
                    self.log
                        .push(if right { "INCREMENT_correct" } else { "INCREMENT_wrong" }.into());
                }
            }
            "SET_STRING_DATA" => {
                variables.insert("data".into(), "String".into());
            }
            "LOG_DATA" => {
                let right = value("data") == "String";
                self.log.push(if right { "DATA_correct" } else { "DATA_wrong" }.into());
            }
            "THROW_ERROR" => {
                let (id, message) = (job.spec.id, "the script throws an error".to_owned());
                return self.command(
                    job.instance,
                    Command::FailJob {
                        job: id,
                        message,
                        retries: 0,
                    },
                );
            }
            name if name.starts_with("CREATE_TIMESTAMP_LOG") => self.intervals.push((job.since, self.now)),
            name if name.starts_with("SCRIPT_") => self.log.push(name.to_owned()),
            _ => {}
        }
        self.command(
            job.instance,
            Command::CompleteJob {
                job: job.spec.id,
                variables,
            },
        )
    }

    /// What is left to see at the end.
    pub fn trace(&self) -> Vec<String> {
        let mut trace = self.log.clone();
        if self.marker {
            trace.push("MARKER_exists".into());
        }
        if let [first, second, ..] = self.intervals.as_slice() {
            let overlap = first.0 < second.1 && second.0 < first.1;
            trace.push(
                if overlap {
                    "EXECUTION_parallel"
                } else {
                    "EXECUTION_sequential"
                }
                .into(),
            );
        }
        if self.instances.iter().any(|(state, _)| !state.incidents().is_empty()) {
            trace.push("ERROR_runtime".into());
        }
        let terminated = |(state, _): &(State, Arc<Process>)| state.status() == InstanceState::Terminated;
        if self.error_end && self.instances.iter().any(terminated) {
            trace.push("ERROR_thrownErrorEvent".into());
        }
        trace
    }
}

fn script(spec: &JobSpec) -> &str {
    spec.headers.get("script").and_then(Value::as_str).unwrap_or_default()
}

fn is(text: &Text, name: &str) -> bool {
    text.literal() == Some(name)
}

//! What the server remembers, beside what it said.

use super::server::Server;
use super::subject::{Books, Subject};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything acknowledged about the subjects that changed since they were last looked at.
pub async fn what_was_acknowledged(server: &Server, books: &Books) -> Result<(), String> {
    if let Some(problem) = books.problem() {
        return Err(problem);
    }
    for subject in books.subjects().iter().filter(|subject| !subject.verified) {
        let Some(instance) = &subject.instance else { continue };
        let done = History::read(server, instance).await?;
        done.check(subject, books)
            .map_err(|error| format!("{subject:?}: {error}\n{done:?}"))?;
        books.verified(&subject.key);
    }
    Ok(())
}

/// At the end: one instance for each key, completed, each of its steps done once.
pub async fn everything(server: &Server, books: &Books) -> Result<(), String> {
    for subject in books.subjects() {
        let found = server
            .http
            .get(&format!("/instances?businessKey={}", subject.key))
            .await?;
        let ids: Vec<&str> = found["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["id"].as_str())
            .collect();
        let [instance] = ids[..] else {
            return Err(format!("{subject:?} has {} instances: {ids:?}", ids.len()));
        };
        if subject.instance.as_deref() != Some(instance) {
            return Err(format!("{subject:?} runs as {instance}"));
        }
        let done = History::read(server, instance).await?;
        done.check(&subject, books)
            .and_then(|()| done.is_complete(books))
            .map_err(|error| format!("{subject:?}: {error}\n{done:?}"))?;
    }
    Ok(())
}

/// How often each thing happened in an instance.
#[derive(Debug)]
struct History {
    instance: String,
    count: BTreeMap<String, u32>,
}

impl History {
    async fn read(server: &Server, instance: &str) -> Result<Self, String> {
        let mut history = Self {
            instance: instance.to_owned(),
            count: BTreeMap::new(),
        };
        let (mut from, mut revision) = (String::new(), 0);
        loop {
            let page = server
                .http
                .get(&format!("/instances/{instance}/history?limit=100{from}"))
                .await?;
            for entry in page["items"].as_array().into_iter().flatten() {
                revision += 1;
                if entry["revision"] != revision {
                    return Err(format!(
                        "{instance}: revision {} where {revision} belongs",
                        entry["revision"]
                    ));
                }
                entry["events"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .for_each(|event| history.note(event));
            }
            match page["next"].as_str() {
                Some(next) => from = format!("&from={next}"),
                None => return Ok(history),
            }
        }
    }

    fn note(&mut self, event: &Value) {
        let (kind, of) = match event {
            Value::String(kind) => (kind.as_str(), &Value::Null),
            Value::Object(members) => match members.iter().next() {
                Some((kind, of)) => (kind.as_str(), of),
                None => return,
            },
            _ => return,
        };
        let what = ["job", "task", "element"]
            .iter()
            .find_map(|name| of[*name].as_str())
            .unwrap_or_default();
        *self.count.entry(format!("{kind} {what}")).or_default() += 1;
    }

    fn times(&self, what: &str) -> u32 {
        self.count.get(what).copied().unwrap_or_default()
    }

    /// Acknowledged: there. Anything: not twice.
    fn check(&self, subject: &Subject, books: &Books) -> Result<(), String> {
        if self.times("Started ") != 1 {
            return Err("it was acknowledged and did not start".into());
        }
        let once = [
            "TaskCompleted",
            "JobCreated",
            "JobCompleted",
            "TimerFired",
            "MessageReceived",
            "Completed",
        ];
        let twice = self
            .count
            .iter()
            .find(|(what, times)| **times > 1 && once.iter().any(|kind| what.starts_with(kind)));
        if let Some((what, times)) = twice {
            return Err(format!("{what} happened {times} times"));
        }
        let task = subject.task.as_deref().unwrap_or_default();
        if subject.task_done && self.times(&format!("TaskCompleted {task}")) != 1 {
            return Err("the task's completion was acknowledged and is lost".into());
        }
        if subject.message_done && self.times("MessageReceived esito") != 1 {
            return Err("the message was acknowledged and is lost".into());
        }
        let jobs = books.jobs_of(&self.instance);
        let lost = jobs
            .iter()
            .find(|(id, job)| job.done.is_some() && self.times(&format!("JobCompleted {id}")) != 1);
        lost.map_or(Ok(()), |(id, _)| {
            Err(format!("the completion of job {id} was acknowledged and is lost"))
        })
    }

    fn is_complete(&self, books: &Books) -> Result<(), String> {
        let entered = [
            ("inizio", 1),
            ("insieme", 1),
            ("compito", 1),
            ("lavoro", 1),
            ("attesa", 1),
            ("esito", 1),
        ];
        let after = [("riunione", 4), ("chiusura", 1), ("fine", 1)];
        for (element, times) in entered.into_iter().chain(after) {
            let found = self.times(&format!("Entered {element}"));
            if found != times {
                return Err(format!("'{element}' was entered {found} times, not {times}"));
            }
        }
        if self.times("TimerFired attesa") != 1 || self.times("Completed ") != 1 {
            return Err("the timer did not fire, or it did not complete".into());
        }
        let jobs = books.jobs_of(&self.instance);
        let mut elements: Vec<&str> = jobs.values().map(|job| job.element.as_str()).collect();
        elements.sort_unstable();
        if elements != ["chiusura", "lavoro"] {
            return Err(format!("the jobs done outside are {jobs:?}"));
        }
        let all = jobs.keys().all(|id| self.times(&format!("JobCompleted {id}")) == 1);
        if all {
            Ok(())
        } else {
            Err(format!("a job was not completed: {jobs:?}"))
        }
    }
}

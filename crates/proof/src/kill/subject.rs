//! What the clients and workers remember: the world outside, which no kill touches.

use super::Report;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// One process instance as its client knows it.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Business key, chosen by the client.
    pub key: String,
    /// Instance id, once the start was acknowledged.
    pub instance: Option<String>,
    /// Its task's id.
    pub task: Option<String>,
    /// The task's completion was acknowledged.
    pub task_done: bool,
    /// The message was acknowledged.
    pub message_done: bool,
    /// Looked at since it changed last.
    pub verified: bool,
    /// A client is busy with it.
    pub taken: bool,
    /// How often its next command was answered with a conflict.
    pub conflicts: u32,
}

impl Subject {
    /// Nothing is left for a client to do.
    pub fn is_done(&self) -> bool {
        self.task_done && self.message_done
    }
}

/// One job as the workers know it.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Instance.
    pub instance: String,
    /// Element.
    pub element: String,
    /// The idempotency key of each try that was made.
    pub tries: Vec<String>,
    /// How many acknowledgements had come when that of its completion came.
    pub done: Option<u64>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Books {
    subjects: Mutex<BTreeMap<String, Subject>>,
    jobs: Mutex<BTreeMap<String, Work>>,
    acknowledged: AtomicU64,
    unanswered: AtomicU64,
    replayed: AtomicU64,
    problem: Mutex<Option<String>>,
    silence: Mutex<Option<Silence>>,
}

/// How long nothing was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Silence {
    last: Instant,
    longest: Duration,
}

impl Books {
    /// An acknowledgement came.
    pub fn acknowledge(&self, replayed: bool) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        self.replayed.fetch_add(u64::from(replayed), Ordering::Relaxed);
        if let Ok(mut silence) = self.silence.lock()
            && let Some(silence) = silence.as_mut()
        {
            silence.longest = silence.longest.max(silence.last.elapsed());
            silence.last = Instant::now();
        }
    }

    /// From now on, the longest time without an acknowledgement is measured anew; gives that of before.
    pub fn measure_silence(&self) -> Duration {
        let now = Instant::now();
        let anew = Silence {
            last: now,
            longest: Duration::ZERO,
        };
        let before = self.silence.lock().ok().and_then(|mut silence| silence.replace(anew));
        before.map_or(Duration::ZERO, |before| before.longest.max(before.last.elapsed()))
    }

    /// A request got no answer.
    pub fn no_answer(&self) {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many acknowledgements came.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Something is wrong; the first is kept.
    pub fn complain(&self, problem: String) {
        if let Ok(mut first) = self.problem.lock() {
            first.get_or_insert(problem);
        }
    }

    /// What is wrong.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().ok().and_then(|problem| problem.clone())
    }

    /// A subject that has something left to do and nobody is busy with; else, with room, a new one of this key.
    pub fn take(&self, key: impl FnOnce() -> String, most_open: usize) -> Option<Subject> {
        let mut subjects = self.subjects.lock().ok()?;
        let open = subjects.values().filter(|subject| !subject.is_done()).count();
        if let Some(subject) = subjects
            .values_mut()
            .find(|subject| !subject.taken && !subject.is_done())
        {
            subject.taken = true;
            return Some(subject.clone());
        }
        if open >= most_open {
            return None;
        }
        let subject = Subject {
            key: key(),
            taken: true,
            ..Subject::default()
        };
        subjects.insert(subject.key.clone(), subject.clone());
        Some(subject)
    }

    /// Gives a subject back.
    pub fn put(&self, mut subject: Subject) {
        subject.taken = false;
        subject.verified = false;
        if let Ok(mut subjects) = self.subjects.lock() {
            subjects.insert(subject.key.clone(), subject);
        }
    }

    /// Every subject, as it is now.
    pub fn subjects(&self) -> Vec<Subject> {
        self.subjects
            .lock()
            .map(|subjects| subjects.values().cloned().collect())
            .unwrap_or_default()
    }

    /// A subject's history was looked at.
    pub fn verified(&self, key: &str) {
        if let Ok(mut subjects) = self.subjects.lock()
            && let Some(subject) = subjects.get_mut(key)
        {
            subject.verified = true;
        }
    }

    /// A worker fetched a job, having asked when this many acknowledgements had come. A problem when the same try is
    /// given twice, the id to other work, or a job whose completion had been acknowledged before the worker asked.
    pub fn work(&self, job: &Value, asked: u64) {
        let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
        let Ok(mut jobs) = self.jobs.lock() else { return };
        let known = jobs.entry(text("id")).or_insert_with(|| Work {
            instance: text("instance"),
            element: text("element"),
            ..Work::default()
        });
        let other = known.instance != text("instance") || known.element != text("element");
        if other || known.tries.contains(&text("idempotencyKey")) {
            self.complain(format!(
                "the job {job} was given out under the id or try of other work: {known:?}"
            ));
        }
        if known.done.is_some_and(|done| done <= asked) {
            self.complain(format!("the job {job} was completed, and is given out again"));
        }
        known.tries.push(text("idempotencyKey"));
    }

    /// A job's completion was acknowledged.
    pub fn work_done(&self, id: &str) {
        if let Ok(mut jobs) = self.jobs.lock()
            && let Some(job) = jobs.get_mut(id)
        {
            job.done = Some(self.acknowledged());
        }
    }

    /// The jobs of an instance that workers have seen.
    pub fn jobs_of(&self, instance: &str) -> BTreeMap<String, Work> {
        let Ok(jobs) = self.jobs.lock() else {
            return BTreeMap::new();
        };
        let own = jobs.iter().filter(|(_, job)| job.instance == instance);
        own.map(|(id, job)| (id.clone(), job.clone())).collect()
    }

    /// The figures so far.
    pub fn report(&self, kills: u32) -> Report {
        let jobs = self.jobs.lock().map(|jobs| jobs.clone()).unwrap_or_default();
        Report {
            kills,
            instances: self.subjects().len(),
            acknowledged: self.acknowledged(),
            unanswered: self.unanswered.load(Ordering::Relaxed),
            replayed: self.replayed.load(Ordering::Relaxed),
            jobs: jobs.len(),
            repeated_jobs: jobs.values().filter(|job| job.tries.len() > 1).count(),
        }
    }
}

//! Clients of the hub: each writes two resources in one transaction, again and again, and remembers what was acknowledged.

use crate::kill::server::{Answer, Http};
use crate::kill::subject::Books;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Writes to one pair before the next one is begun.
const WRITES: u64 = 30;
/// The system of the names that clients give.
const SYSTEM: &str = "https://sinfonia.it/proof/chaos";

/// Two resources that are written together.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    /// The name that its client gave.
    key: String,
    /// Their ids, once they are known.
    ids: Option<[String; 2]>,
    /// Their version, and the number in them: version 1 holds 1.
    version: u64,
    /// Versions whose writing was acknowledged.
    acknowledged: Vec<u64>,
    /// Looked at since it changed last.
    judged: bool,
}

/// All pairs.
#[derive(Debug, Default)]
pub struct Pairs(Mutex<Vec<Pair>>);

/// Writers under way.
pub struct Writers {
    tasks: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

/// Begins to write with this many clients; each goes on with its last pair.
pub fn begin(http: &Http, books: &Arc<Books>, pairs: &Arc<Pairs>, clients: u32, rest_ms: u64) -> Writers {
    let stop = Arc::new(AtomicBool::new(false));
    let tasks = (0..clients).map(|n| {
        let (http, books, pairs, stop) = (http.clone(), books.clone(), pairs.clone(), stop.clone());
        tokio::spawn(async move {
            let mut pair = pairs.last_of(n);
            while !stop.load(Ordering::Relaxed) {
                if pair.version >= WRITES {
                    pairs.put(pair.clone());
                    pair = pairs.new_of(n);
                }
                if let Err(problem) = pair.write(&http, &books, &stop).await {
                    books.complain(problem);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(rest_ms)).await;
            }
            pairs.put(pair);
        })
    });
    Writers {
        tasks: tasks.collect(),
        stop,
    }
}

impl Writers {
    /// Ends them; requests under way get their answer or none.
    pub async fn over(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

impl Pairs {
    fn last_of(&self, n: u32) -> Pair {
        let all = self.all();
        let own = all.iter().rfind(|pair| pair.key.starts_with(&format!("{n}-")));
        own.cloned().unwrap_or_else(|| self.new_of(n))
    }

    fn new_of(&self, n: u32) -> Pair {
        let count = self.all().len();
        let pair = Pair {
            key: format!("{n}-{count}"),
            ..Pair::default()
        };
        self.put(pair.clone());
        pair
    }

    fn put(&self, pair: Pair) {
        let Ok(mut all) = self.0.lock() else { return };
        match all.iter_mut().find(|this| this.key == pair.key) {
            Some(this) => *this = Pair { judged: false, ..pair },
            None => all.push(pair),
        }
    }

    fn all(&self) -> Vec<Pair> {
        self.0.lock().map(|all| all.clone()).unwrap_or_default()
    }

    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.all().iter().map(|pair| pair.acknowledged.len()).sum()
    }

    /// Compares what was acknowledged with what is there, of those that changed since (or all).
    pub async fn judge(&self, http: &Http, all: bool) -> Result<(), String> {
        for mut pair in self.all() {
            if pair.judged && !all {
                continue;
            }
            pair.judge(http)
                .await
                .map_err(|problem| format!("{problem}\n{pair:?}"))?;
            pair.judged = true;
            if let Ok(mut all) = self.0.lock()
                && let Some(this) = all.iter_mut().find(|this| this.key == pair.key)
            {
                *this = pair;
            }
        }
        Ok(())
    }
}

impl Pair {
    fn half(&self, n: usize, number: u64) -> Value {
        let mut body = json!({
            "resourceType": "Patient",
            "identifier": [{"system": SYSTEM, "value": format!("{}-{n}", self.key)}],
            "multipleBirthInteger": number,
        });
        if let Some(ids) = &self.ids {
            body["id"] = json!(ids[n]);
        }
        body
    }

    fn bundle(&self) -> Value {
        let number = self.version + 1;
        let entries = [0, 1].map(|n| {
            let request = match &self.ids {
                None => json!({
                    "method": "POST", "url": "Patient", "ifNoneExist": format!("identifier={SYSTEM}|{}-{n}", self.key),
                }),
                Some(ids) => json!({
                    "method": "PUT", "url": format!("Patient/{}", ids[n]), "ifMatch": format!("W/\"{}\"", self.version),
                }),
            };
            json!({"resource": self.half(n, number), "request": request})
        });
        json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    }

    /// Writes the next number, until it is known to be written.
    async fn write(&mut self, http: &Http, books: &Books, stop: &AtomicBool) -> Result<(), String> {
        let next = self.version + 1;
        while !stop.load(Ordering::Relaxed) {
            match http.transaction(&self.bundle()).await {
                Answer::Given(200, body, _) => {
                    books.acknowledge(false);
                    if self.ids.is_none() {
                        self.ids = Some(ids(&body).ok_or_else(|| format!("no locations in {body}"))?);
                    }
                    self.acknowledged.push(next);
                    self.version = next;
                    return Ok(());
                }
                Answer::Given(409 | 412, ..) | Answer::None => books.no_answer(),
                Answer::Given(status, body, _) => {
                    return Err(format!("a transaction is refused: {status} {body}\n{self:?}"));
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            let Some(ids) = self.ids.clone() else { continue };
            // Was it written after all? Only this client writes here.
            let Answer::Given(200, there, _) = http.read(&format!("Patient/{}", ids[0])).await else {
                continue;
            };
            let number = there["multipleBirthInteger"].as_u64();
            if number == Some(next) {
                self.version = next;
                return Ok(());
            }
            if number != Some(self.version) {
                return Err(format!("after {} comes {there}\n{self:?}", self.version));
            }
        }
        Ok(())
    }

    async fn judge(&self, http: &Http) -> Result<(), String> {
        let mut last = None;
        for n in [0, 1] {
            let found = given(http, &format!("Patient?identifier={SYSTEM}|{}-{n}", self.key)).await?;
            let entries = found["entry"].as_array().map_or(0, Vec::len);
            if entries > 1 || (entries == 0 && !self.acknowledged.is_empty()) {
                return Err(format!("there are {entries} resources of this name"));
            }
            if entries == 0 {
                continue;
            }
            let id = found["entry"][0]["resource"]["id"].as_str().unwrap_or_default();
            if self.ids.as_ref().is_some_and(|ids| ids[n] != id) {
                return Err(format!("it was acknowledged under another id than {id}"));
            }
            let history = given(http, &format!("Patient/{id}/_history?_count=1000")).await?;
            let mut versions: Vec<(u64, u64)> = history["entry"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|entry| {
                    let resource = &entry["resource"];
                    let version = resource["meta"]["versionId"]
                        .as_str()
                        .and_then(|text| text.parse().ok());
                    (
                        version.unwrap_or(0),
                        resource["multipleBirthInteger"].as_u64().unwrap_or(0),
                    )
                })
                .collect();
            versions.sort_unstable();
            let there = versions.len() as u64;
            if versions.iter().zip(1..).any(|(version, n)| *version != (n, n)) {
                return Err(format!("versions and their numbers are {versions:?}"));
            }
            if let Some(lost) = self.acknowledged.iter().find(|version| **version > there) {
                return Err(format!("version {lost} was acknowledged and is lost: {versions:?}"));
            }
            if last.is_some_and(|last| last != there) {
                return Err(format!(
                    "half of a transaction: {last:?} versions of one, {there} of the other"
                ));
            }
            last = Some(there);
        }
        Ok(())
    }
}

fn ids(answer: &Value) -> Option<[String; 2]> {
    let id = |n: usize| {
        let location = answer["entry"][n]["response"]["location"].as_str()?;
        let rest = location.split("Patient/").nth(1)?;
        Some(rest.split('/').next()?.to_owned())
    };
    Some([id(0)?, id(1)?])
}

async fn given(http: &Http, path: &str) -> Result<Value, String> {
    for _ in 0..20 {
        match http.read(path).await {
            Answer::Given(200, body, _) => return Ok(body),
            Answer::Given(status, body, _) => return Err(format!("GET {path}: {status} {body}")),
            Answer::None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    Err(format!("GET {path}: no answer"))
}

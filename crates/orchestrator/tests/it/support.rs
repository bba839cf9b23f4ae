//! A system under test.

use access::Actor;
use fhir::Definitions;
use jiff::{SignedDuration, Timestamp};
use orchestrator::api::{Deploy, DeployFile, InstanceInfo, StartInstance, TaskInfo};
use orchestrator::{Config, Orchestrator, TasksQuery};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use store::{Ids, ManualClock, Method, SequentialIds, Snapshot, Store, Transaction, prepare_write};
use test_store::TestStore;

pub struct System {
    dir: tempfile::TempDir,
    pub clock: Arc<ManualClock>,
    ids: Arc<dyn Ids>,
    pub config: Config,
    pub store: Arc<dyn Store>,
    under: TestStore,
    pub orchestrator: Arc<Orchestrator>,
}

pub fn actor(subject: &str, role: &str) -> Actor {
    Actor {
        subject: subject.into(),
        name: subject.into(),
        roles: vec![role.into()],
        ..Actor::default()
    }
}

pub fn gp() -> Actor {
    actor("Practitioner/mmg-1", "mmg")
}

impl System {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    /// With an authoriser: who is tied to a patient sees and works on that patient's pathways, and nobody else.
    pub fn guarded() -> Self {
        Self::open(Config::default(), true)
    }

    pub fn with(config: Config) -> Self {
        Self::open(config, false)
    }

    fn open(mut config: Config, guarded: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new("2026-01-01T08:00:00Z".parse::<Timestamp>().unwrap()));
        let ids: Arc<dyn Ids> = Arc::new(SequentialIds::new("t"));
        let under = test_store::open(&file(&dir), None);
        if guarded {
            config.authorizer = Some(access::Authorizer::standard(under.store.clone(), clock.clone()));
        }
        let (store, orchestrator) = program(&under, &clock, &ids, &config);
        Self {
            dir,
            clock,
            ids,
            config,
            store,
            under,
            orchestrator,
        }
    }

    /// Ends the program without any farewell and starts it again on the same file.
    pub fn restart(self) -> Self {
        let Self {
            dir,
            clock,
            ids,
            config,
            store,
            under,
            orchestrator,
        } = self;
        drop(orchestrator);
        drop(store);
        let under = under.reopen(&file(&dir));
        let (store, orchestrator) = program(&under, &clock, &ids, &config);
        Self {
            dir,
            clock,
            ids,
            config,
            store,
            under,
            orchestrator,
        }
    }

    /// Waits until nobody but this, its orchestrator and the fixture has the store: what ran in the background has ended.
    pub async fn alone(&self) {
        // Beside other nodes, the orchestrator's duty has it too.
        let duty = usize::from(self.store.others().is_some());
        while Arc::strong_count(&self.store) > 2 + duty + self.under.holders() {
            tokio::task::yield_now().await;
        }
    }

    /// The store, as it removes what need not be kept.
    pub fn upkeep(&self) -> Arc<dyn store::Upkeep> {
        self.under.upkeep.clone()
    }

    /// A second program over the same open store: what it knows is only what the first one committed.
    pub fn rival(&self) -> Arc<Orchestrator> {
        Orchestrator::new(
            self.store.clone(),
            self.clock.clone(),
            self.ids.clone(),
            self.config.clone(),
        )
    }

    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    pub async fn deploy(&self, name: &str, content: String) -> Vec<String> {
        let request = Deploy {
            files: vec![DeployFile {
                name: name.into(),
                content,
            }],
        };
        match self.orchestrator.deploy(&Actor::system(), request, None).await {
            Ok(deployed) => deployed.keys,
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn start(&self, definition: &str, patient: Option<&str>) -> InstanceInfo {
        self.start_with(definition, patient, json!({})).await
    }

    pub async fn start_with(&self, definition: &str, patient: Option<&str>, variables: Value) -> InstanceInfo {
        let request = StartInstance {
            definition: definition.into(),
            patient: patient.map(str::to_owned),
            variables: object(variables),
            ..StartInstance::default()
        };
        self.orchestrator.start(&Actor::system(), request, None).await.unwrap()
    }

    pub async fn settle(&self) {
        self.orchestrator.settle().await.unwrap();
    }

    pub async fn status(&self, instance: &str) -> String {
        self.info(instance).await.status
    }

    pub async fn info(&self, instance: &str) -> InstanceInfo {
        self.orchestrator.instance(&Actor::system(), instance).await.unwrap()
    }

    /// Element ids of the live tokens.
    pub async fn tokens(&self, instance: &str) -> Vec<String> {
        self.info(instance)
            .await
            .active
            .into_iter()
            .map(|a| a.element)
            .collect()
    }

    pub async fn tasks(&self, query: TasksQuery) -> Vec<TaskInfo> {
        self.orchestrator.tasks(&Actor::system(), query).await.unwrap().items
    }

    pub async fn task_of(&self, instance: &str) -> TaskInfo {
        let query = TasksQuery {
            instance: Some(instance.into()),
            ..TasksQuery::default()
        };
        self.tasks(query).await.into_iter().next().expect("an open task")
    }

    /// Writes a resource as the hub would.
    pub async fn put(&self, value: Value) -> u64 {
        let rtype = value["resourceType"].as_str().unwrap().to_owned();
        let id = value["id"].as_str().unwrap().to_owned();
        let previous = self
            .snapshot()
            .await
            .read(&rtype, &id)
            .await
            .unwrap()
            .map_or(0, |s| s.version);
        let now = store::Clock::now(&*self.clock);
        let prepared = prepare_write(Definitions::r4(), value, &id, previous, now, Method::Put).unwrap();
        let transaction = Transaction {
            resources: vec![prepared.write],
            ..Transaction::default()
        };
        self.store.commit(transaction).await.unwrap().seq
    }

    pub async fn patient(&self, id: &str) {
        self.put(json!({"resourceType": "Patient", "id": id, "name": [{"family": "Esposito"}]}))
            .await;
    }

    pub async fn read(&self, rtype: &str, id: &str) -> Option<Value> {
        let stored = self.snapshot().await.read(rtype, id).await.unwrap()?;
        Some(serde_json::from_slice(&stored.body?).unwrap())
    }

    pub async fn snapshot(&self) -> Box<dyn Snapshot> {
        self.store.snapshot().await.unwrap()
    }
}

fn file(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("sinfonia.db")
}

fn program(
    under: &TestStore,
    clock: &Arc<ManualClock>,
    ids: &Arc<dyn Ids>,
    config: &Config,
) -> (Arc<dyn Store>, Arc<Orchestrator>) {
    let watched = config.authorizer.as_ref().map(access::Authorizer::store);
    let store = watched.unwrap_or_else(|| under.store.clone());
    let orchestrator = Orchestrator::new(store.clone(), clock.clone(), ids.clone(), config.clone());
    (store, orchestrator)
}

pub fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

pub fn hba1c(id: &str, patient: &str, value: f64) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": format!("Patient/{patient}")},
        "valueQuantity": {"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
    })
}

//! The hub itself: a store, a clock, ids and the settings.

use crate::bulk::Bulk;
use crate::parse::Context;
use crate::routes::unknown_operation;
use crate::scope::Scope;
use crate::search_parameter;
use crate::subscriptions::{self, Shared};
use crate::terminology::{self, Terminology};
use crate::turns::Turns;
use crate::validate;
use crate::{HubConfig, HubError, Issue, withheld};
use access::HiddenVisits;
use bytes::Bytes;
use fhir::Definitions;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use store::{
    Clock, Committed, Ids, Method, RecordWrite, ResourceWrite, Snapshot, Store, StoreError, StoredResource, Transaction,
};

/// A FHIR R4 server over a store. Its methods are the interactions, without HTTP; [`crate::routes`] puts HTTP around.
pub struct Hub {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) config: HubConfig,
    pub(crate) definitions: &'static Definitions,
    /// The statement, and the set of user-defined search parameters it was made under.
    pub(crate) capabilities: Mutex<Option<(u64, Bytes)>>,
    pub(crate) turns: Turns,
    pub(crate) subscriptions: Option<Arc<Shared>>,
    pub(crate) bulk: Bulk,
    pub(crate) registry: crate::profiles::Registry,
    pub(crate) terminology: Terminology,
    /// The weights of `$match` that were learnt of this registry, and the version they were read from.
    pub(crate) learnt: crate::operations::matching::Learnt,
}

/// What a write left in the store.
#[derive(Debug, Clone)]
pub struct Written {
    /// The version now current.
    pub resource: StoredResource,
    /// What happened.
    pub effect: Effect,
    /// What a policy that warns let pass, and what is not wrong but should be mended.
    pub issues: Vec<Issue>,
}

/// A version that may be written.
pub(crate) struct Prepared {
    /// The write.
    pub write: ResourceWrite,
    /// The resource with `id` and `meta` in place.
    pub value: Value,
    /// What validation found and let pass.
    pub issues: Vec<Issue>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The resource is new.
    Created,
    /// It has a new version.
    Updated,
    /// Nothing was written: the criteria of a conditional create match this resource.
    Existed,
}

impl Hub {
    /// A hub over `store`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, config: HubConfig) -> Arc<Self> {
        let subscriptions = config
            .subscriptions
            .clone()
            .map(|settings| Arc::new(Shared::new(settings)));
        let bulk = Bulk::new(config.bulk.parallel);
        Arc::new(Self {
            bulk,
            clock,
            ids,
            config,
            definitions: store.definitions(),
            store,
            capabilities: Mutex::default(),
            turns: Turns::default(),
            subscriptions,
            registry: Default::default(),
            terminology: Terminology::default(),
            learnt: Default::default(),
        })
    }

    /// The settings.
    pub fn config(&self) -> &HubConfig {
        &self.config
    }

    /// The store behind.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// A consistent view.
    pub(crate) async fn snapshot(&self) -> Result<Box<dyn Snapshot>, HubError> {
        Ok(self.store.snapshot().await?)
    }

    /// What search parsing needs.
    pub(crate) fn parse_context(&self) -> Context<'_> {
        Context {
            definitions: self.definitions,
            base_url: &self.config.base_url,
            limits: &self.config.limits,
            now: self.clock.now(),
        }
    }

    /// Refuses what is no R4 resource type.
    pub(crate) fn check_type(&self, rtype: &str) -> Result<(), HubError> {
        if self.definitions.is_resource(rtype) {
            Ok(())
        } else {
            Err(unknown_operation(rtype).unwrap_or_else(|| HubError::UnknownType(rtype.to_owned())))
        }
    }

    /// Validates and prepares one version, by everything its policy looks at. For several at once: [`Self::prepare`],
    /// then [`validate::rules`] of all.
    ///
    /// `by`: on whose behalf; `current`: what is stored now, of any state.
    pub(crate) async fn prepare_checked(
        &self,
        by: &Scope,
        value: Value,
        id: &str,
        current: Option<&StoredResource>,
        method: Method,
    ) -> Result<Prepared, HubError> {
        let previous = current.map_or(0, |current| current.version);
        let mut value = self.settled(by, value, current)?;
        let mut visits = HiddenVisits::new();
        if let Some(authorizer) = &self.config.authorizer {
            self.make_relative(&mut value);
            authorizer.look_up_visits(&mut value, &mut visits).await?;
        }
        let given = self.hidden_with(&mut value, &visits);
        let mut prepared = self.prepare(value, id, previous, self.clock.now(), method)?;
        // Before the rules are looked at: what they find could tell of what may not be seen.
        by.may_write(&prepared.write, given.as_ref().unwrap_or(&prepared.value), current)?;
        validate::one(self, by, &mut prepared).await?;
        Ok(prepared)
    }

    /// What somebody writes, with the ties that come from it settled (`access::settle_ties`), and what
    /// waits for a second person (`access::registry::settle_roles`).
    pub(crate) fn settled(
        &self,
        by: &Scope,
        mut value: Value,
        current: Option<&StoredResource>,
    ) -> Result<Value, HubError> {
        if let Scope::View(view) = by {
            withheld::keep(view, &mut value, current)?;
        }
        if let Scope::View(view) = by
            && access::makes_ties(value["resourceType"].as_str().unwrap_or_default())
        {
            self.make_relative(&mut value);
            access::settle_ties(view, &mut value, current, self.clock.now()).map_err(HubError::Forbidden)?;
        }
        if let Scope::View(view) = by
            && value["resourceType"] == "PractitionerRole"
        {
            self.make_relative(&mut value);
            access::registry::settle_roles(view, &mut value, current, self.clock.now());
        }
        Ok(value)
    }

    /// Gives a resource what hides the visits it names. Whether it may be written is judged by what was given, which is
    /// returned when it differs: who writes for a visit need not know that it is hidden.
    pub(crate) fn hidden_with(&self, value: &mut Value, visits: &HiddenVisits) -> Option<Value> {
        let authorizer = self.config.authorizer.as_ref()?;
        let mut given = authorizer.hide_with_visits(value, visits)?;
        policy::label_by_code(authorizer.policies().labels(), &mut given);
        Some(given)
    }

    /// Looks at the structure of one version and prepares it. `previous`: the stored version, 0 for a new resource.
    pub(crate) fn prepare(
        &self,
        mut value: Value,
        id: &str,
        previous: u64,
        now: Timestamp,
        method: Method,
    ) -> Result<Prepared, HubError> {
        let issues = validate::structure(self, &value)?;
        search_parameter::check(self, &value)?;
        if let Some(shared) = self
            .subscriptions
            .as_ref()
            .filter(|_| value["resourceType"] == "Subscription")
        {
            subscriptions::on_write(self, &shared.settings, &mut value, id)?;
        }
        self.make_relative(&mut value);
        if let Some(authorizer) = &self.config.authorizer {
            policy::label_by_code(authorizer.policies().labels(), &mut value);
        }
        let prepared = store::prepare_write(self.definitions, value, id, previous, now, method)?;
        Ok(Prepared {
            write: prepared.write,
            value: prepared.value,
            issues,
        })
    }

    /// References that spell out this server's own address are stored relative, so that they are found as local ones.
    pub(crate) fn make_relative(&self, value: &mut Value) {
        let base = self.config.base_url.as_str();
        fhir::for_each_reference(value, &mut |reference| {
            if let Some(rest) = reference.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')) {
                *reference = rest.to_owned();
            }
        });
    }

    /// Keeps or (`None`) forgets a small value of the hub itself.
    pub(crate) async fn write_record(&self, kind: &str, key: &str, value: Option<Vec<u8>>) -> Result<(), HubError> {
        let record = RecordWrite {
            kind: kind.to_owned(),
            key: key.to_owned(),
            must_be_new: false,
            value,
        };
        let transaction = Transaction {
            records: vec![record],
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// Commits; `Ok(None)` when another writer was faster and the caller should prepare again.
    pub(crate) async fn try_commit(&self, transaction: Transaction) -> Result<Option<Committed>, HubError> {
        let defines = transaction
            .resources
            .iter()
            .any(|write| write.rtype == "StructureDefinition");
        let shared = self.subscriptions.as_ref();
        let subscriptions = shared.map(|_| Shared::written(&transaction)).unwrap_or_default();
        let terms = terminology::touches(&transaction);
        match self.store.commit(transaction).await {
            Ok(committed) => {
                if defines {
                    self.registry.forget();
                }
                shared
                    .into_iter()
                    .for_each(|shared| subscriptions.iter().for_each(|id| shared.touch(id)));
                if terms {
                    self.terminology.cache.forget();
                }
                Ok(Some(committed))
            }
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// A prepared write as it will read back.
pub(crate) fn stored(write: &store::ResourceWrite) -> StoredResource {
    StoredResource {
        rtype: write.rtype.clone(),
        id: write.id.clone(),
        version: write.version,
        last_updated: write.last_updated,
        method: write.method,
        body: write.body.clone(),
        patient: write.patient.clone(),
    }
}

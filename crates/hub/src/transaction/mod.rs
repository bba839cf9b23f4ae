//! Transaction bundles: all entries in one commit, or none.
//!
//! Prepared on a snapshot (identities, conditional creates, references), then committed with everything the
//! preparation relied on as precondition; when another writer was faster the whole preparation is done again, a
//! bounded number of times. Every step is linear in the size of the bundle. `GET` entries are answered from the state
//! after the commit.

mod entry;
mod plan;
mod references;
mod rules;
mod stable;

use access::HiddenVisits;
pub(crate) use entry::{Entry, Parsed, Target, entries};
use stable::same_meaning;
pub(crate) use stable::{hex, id as stable_id};

use crate::http::{Answer, blocking};
use crate::hub::{Effect, Written, stored};
use crate::scope::Scope;
use crate::{Hub, HubError, Patch};
use bytes::Bytes;
use plan::{Plan, Planned};
use references::Links;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use store::{RecordWrite, Transaction, prepare_delete};

/// How a bundle is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mode {
    /// On whose behalf.
    pub by: Scope,
    /// Ids of new resources come from the bundle, and what is stored already with the same meaning is not written again
    /// (imports).
    pub stable: bool,
    /// Entries that cannot be done are left out instead of stopping the rest (imports of collections).
    pub keep_going: bool,
    /// Links known from outside this bundle.
    pub around: Arc<HashMap<String, String>>,
    /// Written in the same commit.
    pub records: Vec<RecordWrite>,
}

/// Where the entries come from, again for each attempt.
pub(crate) enum Source {
    /// A bundle's text, with its value for the first attempt.
    Bundle(Bytes, Option<Value>),
    /// Entries in memory.
    Entries(Vec<Entry>),
}

/// An entry's result; `None` for `GET`, which is answered later.
pub(crate) type Outcome = Result<Option<Answer>, HubError>;

/// A bundle, ready for the store but for the rules of its resources.
struct Assembled {
    transaction: Transaction,
    outcomes: Vec<Outcome>,
    /// Resources whose policy looks at more than the structure.
    unchecked: Vec<Unchecked>,
}

/// A resource that is not yet looked at.
struct Unchecked {
    /// Place among the outcomes.
    outcome: usize,
    /// Place among the writes.
    write: usize,
    value: Value,
}

impl Hub {
    /// Takes a bundle in one commit; gives the outcome of each entry.
    pub(crate) async fn transact(self: &Arc<Self>, mut source: Source, mode: Mode) -> Result<Vec<Outcome>, HubError> {
        let mode = Arc::new(mode);
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait("transaction", attempt, &mut turn).await;
            let mut entries = self.take_entries(&mut source).await?;
            let mut snapshot = self.snapshot().await?;
            let mut planned = plan::plan(self, &mode, snapshot.as_mut(), &entries).await?;
            let failed =
                references::conditional(self, &mode.by, snapshot.as_mut(), &mut entries, &mut planned.links).await?;
            drop(snapshot);
            let visits = self.visits_of(&mut entries, &planned).await?;
            let (hub, shared) = (self.clone(), mode.clone());
            let mut done = blocking(move || hub.assemble(entries, planned, &failed, &visits, &shared)).await?;
            rules::check(self, &mut done, &mode).await?;
            let Assembled {
                transaction, outcomes, ..
            } = done;
            if !mode.keep_going {
                refuse_failed(&outcomes)?;
            }
            if self.try_commit(transaction).await?.is_some() {
                return Ok(outcomes);
            }
        }
        let attempts = self.config.limits.retries + 1;
        Err(HubError::Contention {
            rtype: "Bundle".into(),
            id: "transaction".into(),
            attempts,
        })
    }

    async fn take_entries(self: &Arc<Self>, source: &mut Source) -> Result<Parsed, HubError> {
        match source {
            Source::Entries(list) => Ok(list.iter().cloned().map(Ok).collect()),
            Source::Bundle(bytes, first) => {
                let (hub, bytes, first) = (self.clone(), bytes.clone(), first.take());
                let parse = move || {
                    let bundle = match first {
                        Some(value) => value,
                        None => serde_json::from_slice(&bytes).map_err(|error| HubError::json(&error))?,
                    };
                    entries(&hub, bundle)
                };
                blocking(parse).await
            }
        }
    }

    /// What hides the visits that the entries name: as they are stored, or as the bundle itself writes them.
    async fn visits_of(&self, entries: &mut Parsed, planned: &Planned) -> Result<HiddenVisits, HubError> {
        let mut visits = HiddenVisits::new();
        let Some(authorizer) = &self.config.authorizer else {
            return Ok(visits);
        };
        let written = entries
            .iter()
            .zip(&planned.plans)
            .filter_map(|(entry, plan)| match (entry, plan) {
                (Ok(entry), Plan::Write(target))
                    if target.rtype == "Encounter" && entry.method != http::Method::PATCH =>
                {
                    Some((target.id.clone(), authorizer.hiding_of_value(&entry.resource)))
                }
                _ => None,
            });
        visits.extend(written);
        for (entry, plan) in entries.iter_mut().zip(&planned.plans) {
            let (Ok(entry), Plan::Write(target)) = (entry, plan) else {
                continue;
            };
            self.make_relative(&mut entry.resource);
            authorizer.look_up_visits(&mut entry.resource, &mut visits).await?;
            let patched = target.current.as_ref().filter(|_| entry.method == http::Method::PATCH);
            if let Some(mut before) = patched.and_then(|current| serde_json::from_slice(current.body.as_deref()?).ok())
            {
                authorizer.look_up_visits(&mut before, &mut visits).await?;
            }
        }
        Ok(visits)
    }

    /// The store's transaction and the answers it will have.
    fn assemble(
        &self,
        entries: Parsed,
        planned: Planned,
        failed: &HashMap<String, HubError>,
        visits: &HiddenVisits,
        mode: &Mode,
    ) -> Result<Assembled, HubError> {
        let Planned {
            plans,
            links,
            preconditions,
        } = planned;
        let links = Links {
            here: &links,
            around: &mode.around,
            failed,
        };
        let records = mode.records.clone();
        let mut done = Assembled {
            transaction: Transaction {
                preconditions,
                records,
                ..Transaction::default()
            },
            outcomes: Vec::with_capacity(plans.len()),
            unchecked: Vec::new(),
        };
        for (entry, plan) in entries.into_iter().zip(plans) {
            let outcome = match plan {
                Plan::Failed(error) => Err(error),
                Plan::Fetch => Ok(None),
                Plan::Same(other) => done
                    .outcomes
                    .get(other)
                    .cloned()
                    .unwrap_or(Ok(None))
                    .map(|answer| answer.map(Answer::into_existing)),
                Plan::Existing(resource) => Ok(Some(Answer::written(
                    &mode.by,
                    &Written {
                        resource,
                        effect: Effect::Existed,
                        issues: Vec::new(),
                    },
                ))),
                Plan::Delete(None) => Ok(Some(Answer::deleted(None))),
                Plan::Delete(Some(current)) => self.add_delete(&mut done.transaction, current, mode).map(Some),
                Plan::Write(target) => match entry {
                    Ok(entry) => self.add_write(&mut done, entry, target, &links, visits, mode).map(Some),
                    Err((_, error)) => Err(error),
                },
            };
            done.outcomes.push(outcome);
        }
        Ok(done)
    }

    fn add_delete(
        &self,
        transaction: &mut Transaction,
        current: store::StoredResource,
        mode: &Mode,
    ) -> Result<Answer, HubError> {
        mode.by.may_delete(&current)?;
        let now = self.clock.now();
        let write = prepare_delete(&current.rtype, &current.id, current.version, current.patient, now);
        let answer = Answer::deleted(Some(&stored(&write)));
        transaction.resources.push(write);
        Ok(answer)
    }

    fn add_write(
        &self,
        done: &mut Assembled,
        mut entry: Entry,
        target: plan::Target,
        links: &Links<'_>,
        visits: &HiddenVisits,
        mode: &Mode,
    ) -> Result<Answer, HubError> {
        let mut value = match &target.current {
            Some(current) if entry.method == http::Method::PATCH => {
                mode.by.may_patch(current)?;
                Patch::in_entry(&entry.resource)?.apply_to(current)?
            }
            _ => entry.resource.take(),
        };
        links.rewrite(entry.full_url.as_deref(), &mut value)?;
        let previous = target.previous();
        let live = target.current.as_ref().is_some_and(|c| c.body.is_some());
        if mode.stable && live {
            value["id"] = Value::from(target.id.as_str());
            self.make_relative(&mut value);
            if let Some(current) = target.current.as_ref().filter(|c| is_stored(c, &value)) {
                return Ok(Answer::written(
                    &mode.by,
                    &Written {
                        resource: current.clone(),
                        effect: Effect::Existed,
                        issues: Vec::new(),
                    },
                ));
            }
        }
        let mut value = self.settled(&mode.by, value, target.current.as_ref())?;
        self.make_relative(&mut value);
        let given = self.hidden_with(&mut value, visits);
        let prepared = self.prepare(value, &target.id, previous, self.clock.now(), target.method)?;
        mode.by.may_write(
            &prepared.write,
            given.as_ref().unwrap_or(&prepared.value),
            target.current.as_ref(),
        )?;
        let resource = stored(&prepared.write);
        if self.config.validation.of(&resource.rtype).is_deep() && prepared.issues.is_empty() {
            done.unchecked.push(Unchecked {
                outcome: done.outcomes.len(),
                write: done.transaction.resources.len(),
                value: prepared.value,
            });
        }
        done.transaction.resources.push(prepared.write);
        let effect = if live { Effect::Updated } else { Effect::Created };
        Ok(Answer::written(
            &mode.by,
            &Written {
                resource,
                effect,
                issues: prepared.issues,
            },
        ))
    }
}

fn is_stored(current: &store::StoredResource, value: &Value) -> bool {
    let stored = current
        .body
        .as_ref()
        .and_then(|body| serde_json::from_slice::<Value>(body).ok());
    stored.is_some_and(|stored| same_meaning(&stored, value))
}

fn refuse_failed(outcomes: &[Outcome]) -> Result<(), HubError> {
    let failed = |(index, outcome): (usize, &Outcome)| outcome.as_ref().err().map(|error| (index, error.clone()));
    let errors: Vec<(usize, HubError)> = outcomes.iter().enumerate().filter_map(failed).collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(HubError::Entries(errors))
    }
}

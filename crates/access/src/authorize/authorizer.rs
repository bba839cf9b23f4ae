//! Makes views, and remembers what they are made of.

use super::epochs::{Epochs, Mark};
use super::sight::Sights;
use super::ties::{EVERYBODY, Kind, Ties};
use super::view::View;
use super::watched::Watched;
use crate::{AccessError, Actor};
use jiff::{SignedDuration, Timestamp};
use policy::{Asker, Policies};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use store::{Clock, Store};

/// Ties remembered at most, of all people together (some 150 bytes each).
const MAX_TIES: u64 = 1_000_000;
/// People remembered at most.
const MAX_PEOPLE: usize = 20_000;
/// Read again at the latest after this, whatever was written: a role or a substitution that ends, ends that minute. A node
/// that did not see another's commit is behind by no
/// more.
const LIFETIME: SignedDuration = SignedDuration::from_mins(1);

/// The purpose of an assisted person's request, and of everybody else's who states none.
const OWN_REQUEST: &str = "PATRQT";
const TREATMENT: &str = "TREAT";

type Key = (Kind, String);

#[derive(Clone)]
struct Known {
    ties: Arc<Ties>,
    marks: Arc<[Mark]>,
    until: Timestamp,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Known> for Weight {
    fn weight(&self, _: &Key, known: &Known) -> u64 {
        1 + known.ties.patients.len() as u64
    }
}

struct Inner {
    /// None on a node that has no store.
    store: Option<Arc<dyn Store>>,
    epochs: Epochs,
    policies: Arc<Policies>,
    clock: Arc<dyn Clock>,
    known: Cache<Key, Known, Weight>,
    sights: Sights,
}

/// Says what an actor may see and do; cheap to clone. One per process.
#[derive(Clone)]
pub struct Authorizer(Arc<Inner>);

impl Authorizer {
    /// Over a store. Everything that writes must write through the store that [`Authorizer::store`] gives, or what it
    /// changes is noticed minutes later.
    pub fn new(store: Arc<dyn Store>, policies: Arc<Policies>, clock: Arc<dyn Clock>) -> Self {
        let epochs = Epochs::new();
        let store: Arc<dyn Store> = Arc::new(Watched {
            inner: store,
            epochs: epochs.clone(),
        });
        Self::made(Some(store), epochs, policies, clock)
    }

    /// Of a node that has no store: it knows the policies, and who may call its routes. Ties are read where the facts
    /// are, by the node that answers what this one asks there.
    pub fn elsewhere(policies: Arc<Policies>, clock: Arc<dyn Clock>) -> Self {
        Self::made(None, Epochs::new(), policies, clock)
    }

    fn made(store: Option<Arc<dyn Store>>, epochs: Epochs, policies: Arc<Policies>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            store,
            epochs,
            policies,
            clock,
            known: Cache::with_weighter(MAX_PEOPLE, MAX_TIES, Weight),
            sights: Sights::default(),
        }))
    }

    /// With the policies that come with the program.
    pub fn standard(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self::new(store, Arc::new(Policies::standard()), clock)
    }

    /// The store whose commits are watched.
    ///
    /// # Panics
    /// On a node that has none ([`Authorizer::elsewhere`]).
    pub fn store(&self) -> Arc<dyn Store> {
        self.0.store.clone().expect("only a node with a store is asked for it")
    }

    /// The same, where there is one.
    pub(super) fn watched(&self) -> Option<Arc<dyn Store>> {
        self.0.store.clone()
    }

    pub(super) fn epochs(&self) -> &Epochs {
        &self.0.epochs
    }

    /// Reads the ties of everybody anew.
    pub(super) fn forget_everybody(&self) {
        self.0.known.clear();
    }

    /// The policies in force.
    pub fn policies(&self) -> &Arc<Policies> {
        &self.0.policies
    }

    /// What an actor may see and do now, for a purpose (`None`: the usual one).
    ///
    /// # Errors
    /// The store cannot be read, or the actor is tied to more patients than are permitted.
    pub async fn view(&self, actor: &Actor, purpose: Option<&str>) -> Result<View, AccessError> {
        let person = actor.patient().is_some();
        let usual = if person { OWN_REQUEST } else { TREATMENT };
        let machine = actor.subject.starts_with("client/");
        let asker = Asker::new(&actor.roles, actor.assurance, machine);
        let mut ties = Vec::new();
        if let Some(store) = self.0.store.as_deref().filter(|_| !asker.has_role("system")) {
            let me = actor.subject.split_once('/');
            for (kind, who) in principals(me, actor.organization.as_deref()) {
                ties.push(self.ties(store, kind, who).await?);
            }
            ties.push(self.ties(store, Kind::Everybody, EVERYBODY).await?);
        }
        Ok(View::new(
            self.0.policies.clone(),
            self.0.sights.clone(),
            asker,
            actor,
            purpose.unwrap_or(usual),
            ties,
        ))
    }

    async fn ties(&self, store: &dyn Store, kind: Kind, who: (&str, &str)) -> Result<Arc<Ties>, AccessError> {
        let now = self.0.clock.now();
        let key = (kind, format!("{}/{}", who.0, who.1));
        if let Some(known) = self.0.known.get(&key)
            && now < known.until
            && known.marks.iter().all(|mark| self.0.epochs.holds(*mark))
        {
            return Ok(known.ties);
        }
        // The marks first: what is written while the ties are read makes them be read again.
        let marks: Arc<[Mark]> = kind
            .sources()
            .iter()
            .map(|source| self.0.epochs.mark(source, who))
            .collect();
        let ties = kind.read(store, &self.0.policies, who, now).await?;
        let latest = now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let known = Known {
            until: ties.until.map_or(latest, |until| until.min(latest)),
            ties: Arc::new(ties),
            marks,
        };
        self.0.known.insert(key, known.clone());
        Ok(known.ties)
    }
}

/// The kinds of ties somebody can have, each with the reference that would name them.
fn principals<'a>(
    me: Option<(&'a str, &'a str)>,
    organization: Option<&'a str>,
) -> impl Iterator<Item = (Kind, (&'a str, &'a str))> {
    let own: &[Kind] = match me {
        Some(("Practitioner", _)) => &[
            Kind::Gp,
            Kind::Team,
            Kind::Work,
            Kind::Consent,
            Kind::Grant,
            Kind::Person,
        ],
        _ => &[],
    };
    let mine = own.iter().filter_map(move |kind| Some((*kind, me?)));
    let unit = organization.map(|id| ("Organization", id));
    mine.chain(
        [Kind::Unit, Kind::Consent]
            .into_iter()
            .filter_map(move |kind| Some((kind, unit?))),
    )
}

//! Decisions, each made once: the question has few different values, so what Cedar answered is remembered.

use crate::{Action, Asker, LabelKind, LabelSet, Policies, Question, Relations};
use cedar_policy::{
    Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;
use std::sync::Arc;

/// Answers remembered at most; then all are forgotten.
const MEMO: usize = 200_000;

/// An answer, and the policy that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Whether it may be done.
    pub permit: bool,
    /// The policy that decided: the forbid, or the first permit by name; `none` when no policy permits.
    pub policy: Arc<str>,
}

/// The policy's name when none permits.
pub const NO_POLICY: &str = "none";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    asker: Asker,
    action: Action,
    rtype: Box<str>,
    about_patient: bool,
    relations: Relations,
    labels: LabelSet,
    unlocked: LabelSet,
    purpose: Box<str>,
}

/// What was decided before.
#[derive(Default)]
pub(crate) struct Memo(RwLock<HashMap<Key, Ruling>>);

impl Policies {
    /// Decides.
    pub fn decide(&self, question: &Question<'_>) -> Ruling {
        let key = Key {
            asker: question.asker.clone(),
            action: question.action,
            rtype: question.rtype.into(),
            about_patient: question.about_patient,
            relations: question.relations,
            labels: question.labels,
            unlocked: LabelSet(question.unlocked.0 & question.labels.0),
            purpose: question.purpose.into(),
        };
        if let Some(known) = self.memo.0.read().get(&key) {
            return known.clone();
        }
        let ruling = self.ask(question);
        let mut memo = self.memo.0.write();
        if memo.len() >= MEMO {
            memo.clear();
        }
        memo.insert(key, ruling.clone());
        ruling
    }

    /// Decides without remembering.
    pub fn ask(&self, question: &Question<'_>) -> Ruling {
        let (permit, mut policies) = self.determining(question);
        policies.sort();
        Ruling {
            permit,
            policy: policies.first().map_or(NO_POLICY, String::as_str).into(),
        }
    }

    /// The answer and every policy that made it.
    pub(crate) fn determining(&self, question: &Question<'_>) -> (bool, Vec<String>) {
        // Cedar refuses what it cannot evaluate; a request that cannot even be made is refused as well.
        let Some((request, entities)) = self.request(question) else {
            return (false, Vec::new());
        };
        let response = self.authorizer.is_authorized(&request, &self.set, &entities);
        let reasons = response.diagnostics().reason().map(ToString::to_string).collect();
        (response.decision() == Decision::Allow, reasons)
    }

    fn request(&self, question: &Question<'_>) -> Option<(Request, Entities)> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let set = |list: Vec<&str>| RestrictedExpression::new_set(list.into_iter().map(text));
        let labels = self.labels();
        let of = |kind: LabelKind| {
            let all = labels.of_kind(kind);
            set(labels.names(LabelSet(question.labels.0 & all.0)))
        };
        let asker = question.asker;
        let actor = entity(
            "Actor",
            [
                ("roles", set(asker.roles().collect())),
                ("assurance", RestrictedExpression::new_long(asker.assurance.into())),
                ("machine", RestrictedExpression::new_bool(asker.machine)),
            ],
        )?;
        let fact = entity(
            "Fact",
            [
                ("type", text(question.rtype)),
                ("group", text(self.types().group(question.rtype))),
                ("about_patient", RestrictedExpression::new_bool(question.about_patient)),
                (
                    "relations",
                    set(question.relations.iter().map(crate::Relation::name).collect()),
                ),
                ("labels", of(LabelKind::Protected)),
                ("hidden", of(LabelKind::Hiding)),
            ],
        )?;
        let context = Context::from_pairs([
            ("purpose".to_owned(), text(question.purpose)),
            ("unlocked".to_owned(), set(labels.names(question.unlocked))),
        ]);
        let action = uid("Action", question.action.name())?;
        let request = Request::new(
            actor.uid().clone(),
            action,
            fact.uid().clone(),
            context.ok()?,
            Some(&self.schema),
        );
        let entities = Entities::from_entities([actor, fact], None).ok()?;
        Some((request.ok()?, entities))
    }
}

fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(kind).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn entity<const N: usize>(kind: &str, attributes: [(&str, RestrictedExpression); N]) -> Option<Entity> {
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
    Entity::new(uid(kind, "this")?, attributes.collect(), HashSet::new()).ok()
}

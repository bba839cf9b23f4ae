//! How long the history of ended instances is kept: a policy as data, and what models say of themselves.
//!
//! For each definition, the first that says something: a rule of the policy for its key, for its process id, the model's
//! own `historyTimeToLive` (days, or `P30D`; Camunda's attribute, whatever its prefix), a rule for its category (the
//! process's `sinfonia:category`), the rule for `*`. `days: null` keeps for ever.

use crate::registry::{BPMN, Registry};
use crate::{Orchestrator, OrchestratorError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Most rules of a policy.
const MAX_RULES: usize = 10_000;
/// Longest time to keep, in days.
const MAX_DAYS: u32 = 36_500;

/// How long the history of ended instances is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// The rules.
    pub rules: Vec<RetentionRule>,
}

/// One rule: for a definition or for a category.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetentionRule {
    /// Definition key (`id:version`), process id, or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Category, as `sinfonia:category` of the process says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Days after the end; `null`: for ever.
    pub days: Option<u32>,
    /// First day on which the rule is in force.
    pub valid_from: Date,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Law, act or schedule that says so.
    pub source: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// What holds for one definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Definition key.
    pub definition: String,
    /// Days after the end.
    pub days: u32,
    /// Instances that ended before this moment go.
    pub ended_before: Timestamp,
    /// Which rule, its source and status.
    pub why: String,
}

impl Retention {
    /// The policy that comes with the program.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn built_in() -> Self {
        Self::read(include_str!("retention.json")).expect("the policy of the program is readable")
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// What is wrong, where, and what is expected.
    pub fn read(text: &str) -> Result<Self, String> {
        let policy: Self = serde_json::from_str(text).map_err(|error| format!("retention policy: {error}"))?;
        if policy.rules.len() > MAX_RULES {
            return Err(format!("retention policy: at most {MAX_RULES} rules"));
        }
        for (number, rule) in policy.rules.iter().enumerate() {
            rule.check()
                .map_err(|why| format!("retention policy, rule {}: {why}", number + 1))?;
        }
        Ok(policy)
    }

    /// The rule in force on a day that `wanted` chooses; of several, the one that came into force last.
    fn rule(&self, day: Date, wanted: impl Fn(&RetentionRule) -> bool) -> Option<&RetentionRule> {
        let in_force = |rule: &&RetentionRule| rule.valid_from <= day && rule.valid_to.is_none_or(|last| day <= last);
        let rules = self.rules.iter().filter(in_force).filter(|rule| wanted(rule));
        rules.max_by_key(|rule| rule.valid_from)
    }
}

impl RetentionRule {
    fn check(&self) -> Result<(), String> {
        if self.definition.is_some() == self.category.is_some() {
            return Err("give definition (a key, a process id or *) or category, one of them".into());
        }
        if self.days.is_some_and(|days| days > MAX_DAYS) {
            return Err(format!("days: at most {MAX_DAYS}; null keeps for ever"));
        }
        if self.source.trim().is_empty() {
            return Err("source: name the law, act or schedule that says so".into());
        }
        if !matches!(self.status.as_str(), "confirmed" | "unverified") {
            return Err(format!("status: '{}' is neither confirmed nor unverified", self.status));
        }
        if self.valid_to.is_some_and(|last| last < self.valid_from) {
            return Err("validTo: is before validFrom".into());
        }
        Ok(())
    }

    fn told(&self) -> String {
        format!("{} ({})", self.source, self.status)
    }
}

/// Days and reason for a definition; `None`: for ever.
fn days_of(policy: &Retention, registry: &Registry, key: &str, id: &str, day: Date) -> Option<(u32, String)> {
    let named = |name: &str| {
        let name = name.to_owned();
        policy.rule(day, move |rule| rule.definition.as_deref() == Some(name.as_str()))
    };
    if let Some(rule) = named(key).or_else(|| named(id)) {
        return Some((rule.days?, rule.told()));
    }
    let extensions = registry.process(key).map(|process| &process.extensions);
    let own = extensions.and_then(|found| {
        let mut attributes = found.attributes.iter();
        let (_, value) = attributes.find(|(name, _)| name.rsplit(':').next() == Some("historyTimeToLive"))?;
        time_to_live(value)
    });
    if let Some(days) = own {
        return Some((days, "historyTimeToLive of the model (unverified)".into()));
    }
    let category = extensions.and_then(|found| found.get("sinfonia:category"));
    let by_category = category.and_then(|category| policy.rule(day, |rule| rule.category.as_deref() == Some(category)));
    let rule = by_category.or_else(|| named("*"))?;
    Some((rule.days?, rule.told()))
}

/// Days: a whole number, or an ISO 8601 duration in days, weeks, months or years.
fn time_to_live(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Ok(days) = text.parse() {
        return (days <= MAX_DAYS).then_some(days);
    }
    let span: jiff::Span = text.parse().ok()?;
    let from = Date::constant(2025, 1, 1);
    let days = span.total((jiff::Unit::Day, from)).ok()?;
    (0.0..=f64::from(MAX_DAYS))
        .contains(&days)
        .then_some(days.ceil() as u32)
}

impl Orchestrator {
    /// What a policy means for each deployed definition of which something may go.
    ///
    /// # Errors
    /// The store failed.
    pub async fn retention(&self, policy: &Retention) -> Result<Vec<Kept>, OrchestratorError> {
        let registry = self.registry().await?;
        let now = self.clock.now();
        let day = now.to_zoned(TimeZone::UTC).date();
        let kept = registry.of_kind(BPMN).filter_map(|definition| {
            let (key, id) = (&definition.info.key, &definition.info.id);
            let (days, why) = days_of(policy, &registry, key, id, day)?;
            let ended_before = now
                .checked_sub(jiff::SignedDuration::from_hours(24 * i64::from(days)))
                .ok()?;
            Some(Kept {
                definition: key.clone(),
                days,
                ended_before,
                why: format!("history kept {days} days after the end: {why}"),
            })
        });
        Ok(kept.collect())
    }

    /// Takes out of memory the instances that have ended: what a policy removed is not to be seen any more.
    pub fn forget_ended(&self) {
        self.cache.remove_ended();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policy_keeps_everything_and_says_that_nobody_confirmed_it() {
        let policy = Retention::built_in();
        assert_eq!(
            (policy.rules[0].days, policy.rules[0].status.as_str()),
            (None, "unverified")
        );
    }

    #[test]
    fn mistakes_name_the_rule() {
        let rule = |fields: &str| {
            format!(r#"{{"rules": [{{"validFrom": "2026-01-01", "source": "s", "status": "confirmed", {fields}}}]}}"#)
        };
        let told = |fields: &str| Retention::read(&rule(fields)).unwrap_err();
        assert!(told(r#""days": 3"#).contains("rule 1: give definition"));
        assert!(told(r#""definition": "a", "days": 99999"#).contains("at most 36500"));
        assert!(told(r#""definition": "a", "days": 1, "validTo": "2025-01-01""#).contains("validTo"));
        assert!(told(r#""definition": "a", "giorni": 1"#).contains("giorni"));
        assert!(Retention::read(&rule(r#""category": "clinica", "days": 3650"#)).is_ok());
    }

    #[test]
    fn times_to_live_are_read_as_camunda_writes_them() {
        let told: Vec<Option<u32>> = ["180", "P30D", "P5Y", "P2W", "PT12H", "sempre", "-1"]
            .map(time_to_live)
            .into();
        assert_eq!(told, [Some(180), Some(30), Some(1826), Some(14), Some(1), None, None]);
    }
}

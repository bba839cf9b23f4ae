//! What an installation may choose about subscriptions.

use super::seal::Seal;
use access::EndpointPolicy;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use store::{Random, SystemRandom};

/// Settings of subscriptions. Without them ([`crate::HubConfig::subscriptions`] is `None`) a Subscription is stored like
/// any other resource and notifies nobody.
#[derive(Clone)]
pub struct Settings {
    /// Roles that may write Subscriptions (`admin` and `system` always may). A payload carries whole resources of any
    /// patient out of the house, so by default nobody else may.
    pub managers: Vec<String>,
    /// Where notifications may go.
    pub endpoints: EndpointPolicy,
    /// What protects the secrets in Subscriptions; without it a Subscription with secrets is refused.
    pub seal: Option<Seal>,
    /// Jitter of the pauses between attempts.
    pub random: Arc<dyn Random>,
    /// Attempts before a notification becomes a dead letter.
    pub attempts: u32,
    /// Pause after the first failed attempt; each further one is twice as long, give or take a quarter.
    pub first_pause: SignedDuration,
    /// Longest pause between attempts.
    pub longest_pause: SignedDuration,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer, connection included.
    pub timeout: Duration,
    /// Notifications under way at the same time.
    pub in_flight: usize,
    /// Notifications under way to one target (scheme, host and port).
    pub in_flight_per_target: usize,
    /// Failures in a row after which a target is left alone for a while.
    pub breaker_failures: u32,
    /// How long it is left alone at first; twice as long each time, up to ten minutes.
    pub breaker_pause: SignedDuration,
    /// Notifications that may wait on disk for one subscription; one more switches it off.
    pub waiting_per_subscription: u64,
    /// Notifications that may wait on disk for all of them; one more switches off the subscription it is for.
    pub waiting: u64,
    /// Subscriptions at work; activating one more is an error.
    pub active: usize,
    /// Of them, those whose criteria look at other resources (chains, `_has`): each change costs them a search.
    pub searching: usize,
    /// Largest payload, bytes; a larger resource becomes a dead letter.
    pub payload_bytes: usize,
    /// Versions read from the feed at a time.
    pub feed_batch: usize,
    /// Websockets open at the same time.
    pub sockets: usize,
    /// Subscriptions bound by one websocket.
    pub binds: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            managers: Vec::new(),
            endpoints: EndpointPolicy::default(),
            seal: None,
            random: Arc::new(SystemRandom),
            attempts: 12,
            first_pause: SignedDuration::from_secs(5),
            longest_pause: SignedDuration::from_hours(1),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            in_flight: 64,
            in_flight_per_target: 16,
            breaker_failures: 5,
            breaker_pause: SignedDuration::from_secs(30),
            waiting_per_subscription: 100_000,
            waiting: 1_000_000,
            active: 10_000,
            searching: 100,
            payload_bytes: 4 * 1024 * 1024,
            feed_batch: 500,
            sockets: 1_000,
            binds: 100,
        }
    }
}

impl Settings {
    /// Whether one of the roles may write Subscriptions.
    pub(crate) fn manages(&self, roles: &[String]) -> bool {
        let always = |role: &String| role == "admin" || role == "system";
        roles.iter().any(|role| always(role) || self.managers.contains(role))
    }

    /// A number in `[0, 1)`.
    fn chance(&self) -> f64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    /// The pause after attempt number `attempt` (from 1): doubled each time, up to the longest, with jitter.
    pub(super) fn pause(&self, attempt: u32) -> SignedDuration {
        self.grown(self.first_pause, attempt, self.longest_pause)
    }

    /// How long a target is left alone the `time`-th time in a row (from 1).
    pub(super) fn rest(&self, time: u32) -> SignedDuration {
        self.grown(self.breaker_pause, time, SignedDuration::from_mins(10))
    }

    fn grown(&self, first: SignedDuration, time: u32, longest: SignedDuration) -> SignedDuration {
        let doubled = first
            .checked_mul(1 << time.saturating_sub(1).min(20))
            .unwrap_or(longest)
            .min(longest);
        let jittered = doubled.as_secs_f64() * (0.75 + 0.5 * self.chance());
        SignedDuration::from_millis((jittered * 1_000.0) as i64)
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("managers", &self.managers)
            .field("endpoints", &self.endpoints)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SeededRandom;

    #[test]
    fn pauses_double_with_jitter_up_to_the_longest() {
        let settings = Settings {
            random: Arc::new(SeededRandom::new(7)),
            ..Settings::default()
        };
        let seconds: Vec<f64> = (1..=20).map(|n| settings.pause(n).as_secs_f64()).collect();
        for (n, found) in seconds.iter().enumerate() {
            let wanted = (5.0 * 2_f64.powi(n as i32)).min(3_600.0);
            assert!(
                (wanted * 0.75..=wanted * 1.25).contains(found),
                "attempt {}: {found} s",
                n + 1
            );
        }
        assert!(
            seconds[12..].iter().any(|s| (s - seconds[12]).abs() > 1.0),
            "there is jitter"
        );
    }

    #[test]
    fn only_managers_write() {
        let settings = Settings {
            managers: vec!["case-manager".into()],
            ..Settings::default()
        };
        assert!(settings.manages(&["admin".into()]));
        assert!(settings.manages(&["mmg".into(), "case-manager".into()]));
        assert!(!settings.manages(&["mmg".into()]));
        assert!(!settings.manages(&[]));
    }
}

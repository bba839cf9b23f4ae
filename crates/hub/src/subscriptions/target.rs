//! What is known of a target (scheme, host, port): how much is under way to it, and whether it is left alone for a while.

use super::settings::Settings;
use jiff::Timestamp;

/// One target.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// Under way.
    pub flying: usize,
    failures: u32,
    rests: u32,
    until: Option<Timestamp>,
}

impl Target {
    /// Until when it is left alone.
    pub fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now)
    }

    /// Whether one more may go now; after a rest one goes alone, to try.
    pub fn open(&self, settings: &Settings, now: Timestamp) -> bool {
        match self.until {
            Some(until) => until <= now && self.flying == 0,
            None => self.flying < settings.in_flight_per_target,
        }
    }

    /// It answered.
    pub fn works(&mut self) {
        (self.failures, self.rests, self.until) = (0, 0, None);
    }

    /// It did not; `true` when it is left alone from now on.
    pub fn fails(&mut self, settings: &Settings, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        // What was under way when the rest began says nothing new.
        if self.failures < settings.breaker_failures || self.resting(now).is_some() {
            return false;
        }
        self.rests = self.rests.saturating_add(1);
        self.until = Some(now + settings.rest(self.rests));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_failing_target_rests_longer_and_longer_and_one_tries() {
        let settings = Settings::default();
        let mut target = Target::default();
        let mut now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        for _ in 1..settings.breaker_failures {
            assert!(!target.fails(&settings, now));
        }
        assert!(target.open(&settings, now));
        assert!(target.fails(&settings, now));
        assert!(!target.open(&settings, now) && !target.fails(&settings, now));
        now += SignedDuration::from_secs(40);
        assert!(target.open(&settings, now));
        target.flying = 1;
        assert!(!target.open(&settings, now), "one alone tries");
        target.flying = 0;
        assert!(target.fails(&settings, now));
        let rest = now.duration_until(target.resting(now).unwrap());
        assert!(rest > SignedDuration::from_secs(44), "{rest:?}");
        target.works();
        assert!(target.open(&settings, now));
    }
}

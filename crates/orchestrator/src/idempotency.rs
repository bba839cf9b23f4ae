//! `Idempotency-Key`: the same request sent twice is carried out once, and answered twice alike.

use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{RecordWrite, Transaction};

/// Answers are kept under a kind for each day, so that old ones can be swept away together.
const KIND: &str = "idempotency";
/// Days after which an answer is forgotten. Callers repeat within minutes; this outlasts a weekend.
const KEPT_DAYS: i64 = 4;
/// Days ahead that are looked at too: the first answer may have been given by a node whose clock is ahead of ours, or before ours
/// was put back.
const AHEAD_DAYS: i64 = 1;
/// Longest time between two tries of which neither has seen the other's answer: more than a request may take, and than clocks of
/// nodes are apart.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(10);
/// Records swept away in one commit.
const SWEEP: usize = 1_000;
/// Longest accepted key, in bytes.
const MAX_KEY_BYTES: usize = 200;

/// One keyed request.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// Record key: actor, operation and the caller's key.
    key: String,
    /// Fingerprint of what was asked, so that a key used for something else is noticed.
    fingerprint: String,
}

/// The first answer, as kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredAnswer {
    fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl IntoResponse for StoredAnswer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, axum::Json(self.body)).into_response();
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
        response
    }
}

impl Idempotency {
    /// Reads the header; `operation` is the path asked for, `body` what was sent.
    pub(crate) fn from_headers(
        headers: &HeaderMap,
        actor: &Actor,
        operation: &str,
        body: &impl Serialize,
    ) -> Result<Option<Self>, OrchestratorError> {
        let Some(value) = headers.get("idempotency-key") else {
            return Ok(None);
        };
        let key = value.to_str().unwrap_or_default();
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Err(OrchestratorError::BadRequest(format!(
                "header Idempotency-Key: 1 to {MAX_KEY_BYTES} visible ASCII characters, best a UUID"
            )));
        }
        Ok(Some(Self::new(actor, operation, key, body)))
    }

    /// A keyed request made in this process.
    pub fn new(actor: &Actor, operation: &str, key: &str, body: &impl Serialize) -> Self {
        let text = serde_json::to_vec(body).unwrap_or_default();
        // FNV-1a: stored, so it must never change with the compiler; it guards against slips, not attacks.
        let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            key: format!("{}|{operation}|{key}", actor.subject),
            fingerprint: format!("{hash:016x}"),
        }
    }

    /// The records to be written in the same commit as the effect: one, and near midnight one of the neighbouring day too.
    pub(crate) fn records(&self, status: StatusCode, body: Value, now: Timestamp) -> Vec<RecordWrite> {
        let answer = StoredAnswer {
            fingerprint: self.fingerprint.clone(),
            status: status.as_u16(),
            body,
        };
        let value = serde_json::to_vec(&answer).expect("JSON serialises");
        let record = |kind| RecordWrite {
            kind,
            key: self.key.clone(),
            must_be_new: true,
            value: Some(value.clone()),
        };
        kinds_written(now).into_iter().map(record).collect()
    }
}

/// The days under which an answer given now is kept. Of two tries at the same time, neither has seen the other's answer: it is
/// the record, which must be new, that refuses the second. Just before and just after midnight they would write different ones.
fn kinds_written(now: Timestamp) -> Vec<String> {
    let mut kinds = vec![kind(now, 0), kind(now - AT_ONCE, 0), kind(now + AT_ONCE, 0)];
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The kind of the records of a day.
fn kind(now: Timestamp, days_ago: i64) -> String {
    let day = now - SignedDuration::from_hours(24 * days_ago);
    format!("{KIND}/{}", day.strftime("%Y-%m-%d"))
}

impl Orchestrator {
    /// Forgets old answers; called now and then in the background. Returns how many.
    pub(crate) async fn sweep_answers(&self) -> Result<usize, OrchestratorError> {
        let now = self.clock.now();
        let mut swept = 0;
        // A few days back, in case the program was down.
        for days in KEPT_DAYS..KEPT_DAYS + 10 {
            let kind = kind(now, days);
            loop {
                let old = self.store.snapshot().await?.records(&kind, "", SWEEP).await?;
                if old.is_empty() {
                    break;
                }
                swept += old.len();
                let remove = |(key, _)| RecordWrite {
                    kind: kind.clone(),
                    key,
                    must_be_new: false,
                    value: None,
                };
                let records = old.into_iter().map(remove).collect();
                self.store
                    .commit(Transaction {
                        records,
                        ..Transaction::default()
                    })
                    .await?;
            }
        }
        Ok(swept)
    }

    /// Fails with [`OrchestratorError::Repeated`] when the request was carried out before.
    pub(crate) async fn refuse_repeat(&self, request: Option<&Idempotency>) -> Result<(), OrchestratorError> {
        let Some(request) = request else { return Ok(()) };
        let mut snapshot = self.store.snapshot().await?;
        let now = self.clock.now();
        let kinds: Vec<String> = (-AHEAD_DAYS..KEPT_DAYS).map(|days| kind(now, days)).collect();
        let found = snapshot.record_of_any(&kinds, &request.key).await?;
        let Some(bytes) = found else { return Ok(()) };
        let answer: StoredAnswer = serde_json::from_slice(&bytes)
            .map_err(|e| OrchestratorError::Damaged(format!("idempotency record: {e}")))?;
        if answer.fingerprint != request.fingerprint {
            return Err(OrchestratorError::Invalid(
                "this Idempotency-Key was used before for a different request; use a new key for each request".into(),
            ));
        }
        Err(OrchestratorError::Repeated(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tries_around_midnight_write_a_record_in_common() {
        let kinds = |text: &str| kinds_written(text.parse().unwrap());
        assert_eq!(kinds("2026-11-22T12:00:00Z"), ["idempotency/2026-11-22"]);
        let (before, after) = (kinds("2026-11-22T23:59:59.999Z"), kinds("2026-11-23T00:00:00.001Z"));
        assert_eq!(before, ["idempotency/2026-11-22", "idempotency/2026-11-23"]);
        assert_eq!(before, after);
        // Further apart than that, the second reads the first one's answer.
        assert_eq!(kinds("2026-11-22T23:49:59Z").len(), 1);
    }
}

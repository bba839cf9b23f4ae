//! The orchestrator over a real SQLite store, with a clock that moves only when told.

#[path = "it/batches.rs"]
mod batches;
#[path = "it/calendars.rs"]
mod calendars;
#[path = "it/complete_jobs.rs"]
mod complete_jobs;
#[path = "it/continuations.rs"]
mod continuations;
#[path = "it/deployment.rs"]
mod deployment;
#[path = "it/history.rs"]
mod history;
#[path = "it/http.rs"]
mod http;
#[path = "it/hub_events.rs"]
mod hub_events;
#[path = "it/idempotency.rs"]
mod idempotency;
#[path = "it/jobs.rs"]
mod jobs;
#[path = "it/messages.rs"]
mod messages;
#[path = "it/models.rs"]
mod models;
#[path = "it/operate.rs"]
mod operate;
#[path = "it/outages.rs"]
mod outages;
#[path = "it/overtaken.rs"]
mod overtaken;
#[path = "it/simulations.rs"]
mod simulations;
#[path = "it/starts.rs"]
mod starts;
#[path = "it/support.rs"]
mod support;
#[path = "it/suspend.rs"]
mod suspend;
#[path = "it/tasks.rs"]
mod tasks;
#[path = "it/ties.rs"]
mod ties;
#[path = "it/timers.rs"]
mod timers;
#[path = "it/workers.rs"]
mod workers;

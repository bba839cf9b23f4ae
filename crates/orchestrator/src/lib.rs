//! Durable execution of the engine: each command is one transaction of state, history, timers, waits, outbox and
//! FHIR mirrors (Task, CarePlan).

pub mod api;

//! The REST API, every route with its policy.

use crate::Orchestrator;
use crate::history::{analysis, export, state_at};
use crate::op::{
    assign_task, cancel, change_lock, change_task, comment_task, complete_job, complete_jobs, complete_task,
    delegate_task, deploy, evaluate_conditions, fail_job, fetch_jobs, migrate, modify, preview_batch, remove_batch,
    retire_definition, retry_incident, send_message, send_signal, set_variables, start, start_batch, steer_batch,
    suspend, suspend_definition, throw_error,
};
use crate::query::{batches, calendars, definitions, history, incidents, instances, jobs, start_parts, tasks};
use crate::simulations::routes as simulations;
use access::{Policy, Routes};
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{get, post};
use http::Method;
use std::sync::Arc;

/// Largest body of a command, in bytes.
const MAX_BODY: usize = 8 << 20;
/// Largest body of a deployment, in bytes.
const MAX_DEPLOYMENT: usize = 64 << 20;

const STAFF: Policy = Policy::May("processes.use");
/// Who keeps the running of things.
const OPERATIONS: Policy = Policy::May("processes.operate");
/// Programs that do jobs.
const WORKER: Policy = Policy::May("processes.jobs");
/// Who plans: simulations show no person, only counts and times.
const PLANNERS: Policy = Policy::May("processes.plan");
/// Models and what only the installation's keeper looks at.
const ADMIN: Policy = Policy::May("processes.administer");

/// Every route, with full paths under `/orchestrator`.
pub fn routes(orchestrator: Arc<Orchestrator>) -> Routes {
    commands(&orchestrator).merge(questions(&orchestrator))
}

fn commands(o: &Arc<Orchestrator>) -> Routes {
    let limit = DefaultBodyLimit::max(MAX_BODY);
    macro_rules! post_to {
        ($routes:expr, $path:literal, $policy:expr, $handler:expr) => {
            $routes.route(
                Method::POST,
                concat!("/orchestrator", $path),
                $policy,
                post($handler).layer(limit).with_state(o.clone()),
            )
        };
    }
    let deployments = post(deploy::handler.layer(DefaultBodyLimit::max(MAX_DEPLOYMENT))).with_state(o.clone());
    let r = Routes::new().route(Method::POST, "/orchestrator/deployments", ADMIN, deployments);
    let r = post_to!(r, "/instances", STAFF, start::handler);
    let r = post_to!(r, "/instances/{id}/variables", OPERATIONS, set_variables::handler);
    let r = post_to!(r, "/instances/{id}/cancel", OPERATIONS, cancel::handler);
    let r = post_to!(r, "/instances/{id}/suspend", OPERATIONS, suspend::suspend);
    let r = post_to!(r, "/instances/{id}/resume", OPERATIONS, suspend::resume);
    let r = post_to!(r, "/instances/{id}/modify", OPERATIONS, modify::handler);
    let r = post_to!(r, "/instances/{id}/migrate", OPERATIONS, migrate::handler);
    let r = post_to!(r, "/batches/preview", OPERATIONS, preview_batch::handler);
    let r = post_to!(r, "/batches", OPERATIONS, start_batch::handler);
    let r = post_to!(r, "/batches/{id}/pause", OPERATIONS, steer_batch::pause);
    let r = post_to!(r, "/batches/{id}/resume", OPERATIONS, steer_batch::resume);
    let r = post_to!(r, "/batches/{id}/cancel", OPERATIONS, steer_batch::cancel);
    let r = post_to!(r, "/batches/{id}/remove", OPERATIONS, remove_batch::handler);
    let r = post_to!(r, "/batches/{id}/retry", OPERATIONS, start_batch::retry);
    let r = post_to!(r, "/migrations/plan", OPERATIONS, migrate::plan);
    let r = post_to!(r, "/migrations/dry-run", OPERATIONS, migrate::dry_run);
    let r = post_to!(r, "/definitions/{key}/suspend", ADMIN, suspend_definition::suspend);
    let r = post_to!(r, "/definitions/{key}/retire", ADMIN, retire_definition::handler);
    let r = post_to!(r, "/definitions/{key}/resume", ADMIN, suspend_definition::resume);
    let r = post_to!(r, "/tasks/{id}/complete", Policy::SignedIn, complete_task::handler);
    let r = post_to!(r, "/tasks/{id}/claim", Policy::SignedIn, assign_task::claim);
    let r = post_to!(r, "/tasks/{id}/unclaim", Policy::SignedIn, assign_task::unclaim);
    let r = post_to!(r, "/tasks/{id}/reassign", Policy::SignedIn, assign_task::reassign);
    let r = post_to!(r, "/tasks/{id}/delegate", Policy::SignedIn, delegate_task::delegate);
    let r = post_to!(r, "/tasks/{id}/resolve", Policy::SignedIn, delegate_task::resolve);
    let r = post_to!(r, "/tasks/{id}/change", Policy::SignedIn, change_task::handler);
    let r = post_to!(r, "/tasks/{id}/comments", Policy::SignedIn, comment_task::comment);
    let r = post_to!(r, "/tasks/{id}/attachments", Policy::SignedIn, comment_task::attach);
    let r = post_to!(r, "/tasks/{id}/error", Policy::SignedIn, throw_error::task);
    let r = post_to!(r, "/jobs/{id}/complete", WORKER, complete_job::handler);
    let r = post_to!(r, "/jobs/complete", WORKER, complete_jobs::handler);
    let r = post_to!(r, "/jobs/{id}/fail", WORKER, fail_job::handler);
    let r = post_to!(r, "/jobs/{id}/error", WORKER, throw_error::job);
    let r = post_to!(r, "/jobs/fetch", WORKER, fetch_jobs::handler);
    let r = post_to!(r, "/jobs/{id}/extend", WORKER, change_lock::extend);
    let r = post_to!(r, "/jobs/{id}/unlock", WORKER, change_lock::unlock);
    let r = post_to!(r, "/messages", STAFF, send_message::handler);
    let r = post_to!(r, "/signals", STAFF, send_signal::handler);
    let r = post_to!(r, "/conditions", STAFF, evaluate_conditions::handler);
    let r = post_to!(r, "/simulations", PLANNERS, simulations::begin);
    let r = post_to!(r, "/simulations/proposal", PLANNERS, simulations::propose);
    let r = post_to!(r, "/simulations/{id}/cancel", PLANNERS, simulations::cancel);
    post_to!(r, "/incidents/{id}/retry", OPERATIONS, retry_incident::handler)
}

fn questions(o: &Arc<Orchestrator>) -> Routes {
    macro_rules! get_from {
        ($routes:expr, $path:literal, $policy:expr, $handler:expr) => {
            $routes.route(
                Method::GET,
                concat!("/orchestrator", $path),
                $policy,
                get($handler).with_state(o.clone()),
            )
        };
    }
    let r = Routes::new();
    let r = get_from!(r, "/definitions", Policy::SignedIn, definitions::list);
    let r = get_from!(r, "/definitions/{key}", Policy::SignedIn, definitions::one);
    let r = get_from!(r, "/definitions/{key}/xml", Policy::SignedIn, definitions::source);
    let r = get_from!(
        r,
        "/definitions/{key}/start-form",
        Policy::SignedIn,
        definitions::start_form
    );
    let r = get_from!(r, "/calendars", Policy::SignedIn, calendars::list);
    let r = get_from!(r, "/calendars/{id}", Policy::SignedIn, calendars::one);
    let r = get_from!(r, "/instances", Policy::SignedIn, instances::list);
    let r = get_from!(r, "/instances/{id}", Policy::SignedIn, instances::one);
    let r = get_from!(r, "/instances/{id}/history", Policy::SignedIn, history::handler);
    let r = get_from!(r, "/instances/{id}/at", Policy::SignedIn, state_at::handler);
    let r = get_from!(r, "/history/analysis", OPERATIONS, analysis::handler);
    let r = get_from!(r, "/history/export", OPERATIONS, export::handler);
    let r = get_from!(r, "/tasks", Policy::SignedIn, tasks::list);
    let r = get_from!(r, "/tasks/{id}", Policy::SignedIn, tasks::one);
    let r = get_from!(r, "/simulations", PLANNERS, simulations::list);
    let r = get_from!(r, "/simulations/{id}", PLANNERS, simulations::one);
    let r = get_from!(r, "/simulations/{id}/compare/{other}", PLANNERS, simulations::compare);
    let r = get_from!(r, "/batches", OPERATIONS, batches::list);
    let r = get_from!(r, "/batches/{id}", OPERATIONS, batches::one);
    let r = get_from!(r, "/batches/{id}/items", OPERATIONS, batches::items);
    let r = get_from!(r, "/batches/{id}/export", OPERATIONS, batches::export);
    let r = get_from!(r, "/jobs", ADMIN, jobs::handler);
    let r = get_from!(r, "/start-parts", OPERATIONS, start_parts::handler);
    get_from!(r, "/incidents", OPERATIONS, incidents::handler)
}

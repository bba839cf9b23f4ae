//! The REST API, every route with its policy.

use crate::Orchestrator;
use crate::history::{analysis, export, state_at};
use crate::op::{
    assign_task, cancel, change_lock, change_task, comment_task, complete_job, complete_jobs, complete_task,
    delegate_task, deploy, evaluate_conditions, fail_job, fetch_jobs, migrate, modify, preview_batch, reassign,
    remove_batch, retire_definition, retry_incident, send_message, send_signal, set_variables, start, start_batch,
    steer_batch, suspend, suspend_definition, throw_error,
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

/// The program itself: what the registry decided about records.
const PROGRAM: Policy = Policy::May("internal");

/// Every route, with full paths under `/orchestrator`.
pub fn routes(orchestrator: Arc<Orchestrator>) -> Routes {
    commands(&orchestrator).merge(questions(&orchestrator))
}

fn commands(o: &Arc<Orchestrator>) -> Routes {
    let limit = DefaultBodyLimit::max(MAX_BODY);
    let deployments = post(deploy::handler.layer(DefaultBodyLimit::max(MAX_DEPLOYMENT))).with_state(o.clone());
    let mut routes = Routes::new()
        .route(Method::POST, "/orchestrator/deployments", ADMIN, deployments)
        .described(
            "Deploys models, decisions and forms",
            access::describe(&deploy::handler),
        );
    macro_rules! rows {
        ($($path:literal $policy:expr => $handler:path, $summary:literal;)*) => {
            $(
                let handler = post($handler).layer(limit).with_state(o.clone());
                routes = routes
                    .route(Method::POST, concat!("/orchestrator", $path), $policy, handler)
                    .described($summary, access::describe(&$handler));
            )*
        };
    }
    rows! {
        "/instances/{id}/patient" PROGRAM => reassign::handler, "Makes an instance that of another record of its person";
        "/instances" STAFF => start::handler, "Starts an instance of a process";
        "/instances/{id}/variables" OPERATIONS => set_variables::handler, "Sets variables of an instance";
        "/instances/{id}/cancel" OPERATIONS => cancel::handler, "Cancels an instance";
        "/instances/{id}/suspend" OPERATIONS => suspend::suspend, "Suspends an instance";
        "/instances/{id}/resume" OPERATIONS => suspend::resume, "Resumes an instance";
        "/instances/{id}/modify" OPERATIONS => modify::handler, "Moves tokens of an instance by hand";
        "/instances/{id}/migrate" OPERATIONS => migrate::handler, "Migrates an instance to another version";
        "/batches/preview" OPERATIONS => preview_batch::handler, "Says what a batch would do";
        "/batches" OPERATIONS => start_batch::handler, "Starts an operation on many instances";
        "/batches/{id}/pause" OPERATIONS => steer_batch::pause, "Pauses a batch";
        "/batches/{id}/resume" OPERATIONS => steer_batch::resume, "Resumes a batch";
        "/batches/{id}/cancel" OPERATIONS => steer_batch::cancel, "Cancels a batch";
        "/batches/{id}/remove" OPERATIONS => remove_batch::handler, "Removes a batch that has ended";
        "/batches/{id}/retry" OPERATIONS => start_batch::retry, "Does again what failed of a batch";
        "/migrations/plan" OPERATIONS => migrate::plan, "Proposes a migration plan";
        "/migrations/dry-run" OPERATIONS => migrate::dry_run, "Tries a migration plan without writing";
        "/definitions/{key}/suspend" ADMIN => suspend_definition::suspend, "Suspends a definition";
        "/definitions/{key}/retire" ADMIN => retire_definition::handler, "Retires a definition";
        "/definitions/{key}/resume" ADMIN => suspend_definition::resume, "Resumes a definition";
        "/tasks/{id}/complete" Policy::SignedIn => complete_task::handler, "Completes a task";
        "/tasks/{id}/claim" Policy::SignedIn => assign_task::claim, "Claims a task";
        "/tasks/{id}/unclaim" Policy::SignedIn => assign_task::unclaim, "Gives a task back";
        "/tasks/{id}/reassign" Policy::SignedIn => assign_task::reassign, "Gives a task to somebody else";
        "/tasks/{id}/delegate" Policy::SignedIn => delegate_task::delegate, "Delegates a task";
        "/tasks/{id}/resolve" Policy::SignedIn => delegate_task::resolve, "Gives a delegated task back";
        "/tasks/{id}/change" Policy::SignedIn => change_task::handler, "Changes due moment, priority or people of a task";
        "/tasks/{id}/comments" Policy::SignedIn => comment_task::comment, "Comments a task";
        "/tasks/{id}/attachments" Policy::SignedIn => comment_task::attach, "Attaches a document to a task";
        "/tasks/{id}/error" Policy::SignedIn => throw_error::task, "Throws a BPMN error from a task";
        "/jobs/{id}/complete" WORKER => complete_job::handler, "Completes a job";
        "/jobs/complete" WORKER => complete_jobs::handler, "Completes many jobs";
        "/jobs/{id}/fail" WORKER => fail_job::handler, "Says that a job failed";
        "/jobs/{id}/error" WORKER => throw_error::job, "Throws a BPMN error from a job";
        "/jobs/fetch" WORKER => fetch_jobs::handler, "Fetches and locks jobs";
        "/jobs/{id}/extend" WORKER => change_lock::extend, "Keeps the lock of a job longer";
        "/jobs/{id}/unlock" WORKER => change_lock::unlock, "Gives a job back";
        "/messages" STAFF => send_message::handler, "Sends a message";
        "/signals" STAFF => send_signal::handler, "Sends a signal";
        "/conditions" STAFF => evaluate_conditions::handler, "Evaluates start conditions";
        "/simulations" PLANNERS => simulations::begin, "Begins a simulation";
        "/simulations/proposal" PLANNERS => simulations::propose, "Proposes a scenario from the history";
        "/simulations/{id}/cancel" PLANNERS => simulations::cancel, "Cancels a simulation";
        "/incidents/{id}/retry" OPERATIONS => retry_incident::handler, "Tries again what an incident stands for";
    }
    routes
}

fn questions(o: &Arc<Orchestrator>) -> Routes {
    let mut routes = Routes::new();
    macro_rules! rows {
        ($($path:literal $policy:expr => $handler:path, $summary:literal;)*) => {
            $(
                let handler = get($handler).with_state(o.clone());
                routes = routes
                    .route(Method::GET, concat!("/orchestrator", $path), $policy, handler)
                    .described($summary, access::describe(&$handler));
            )*
        };
    }
    rows! {
        "/definitions" Policy::SignedIn => definitions::list, "Lists definitions";
        "/definitions/{key}" Policy::SignedIn => definitions::one, "One definition";
        "/definitions/{key}/xml" Policy::SignedIn => definitions::source, "The model as it was deployed";
        "/definitions/{key}/start-form" Policy::SignedIn => definitions::start_form, "The start form";
        "/calendars" Policy::SignedIn => calendars::list, "Lists calendars";
        "/calendars/{id}" Policy::SignedIn => calendars::one, "One calendar";
        "/instances" Policy::SignedIn => instances::list, "Lists instances";
        "/instances/{id}" Policy::SignedIn => instances::one, "One instance";
        "/instances/{id}/history" Policy::SignedIn => history::handler, "The history of an instance";
        "/instances/{id}/at" Policy::SignedIn => state_at::handler, "An instance as it was";
        "/history/analysis" OPERATIONS => analysis::handler, "Mines the history of a process";
        "/history/export" OPERATIONS => export::handler, "Exports the history as an event log";
        "/tasks" Policy::SignedIn => tasks::list, "Lists tasks";
        "/tasks/{id}" Policy::SignedIn => tasks::one, "One task";
        "/simulations" PLANNERS => simulations::list, "Lists simulations";
        "/simulations/{id}" PLANNERS => simulations::one, "One simulation";
        "/simulations/{id}/compare/{other}" PLANNERS => simulations::compare, "Compares two simulations";
        "/batches" OPERATIONS => batches::list, "Lists batches";
        "/batches/{id}" OPERATIONS => batches::one, "One batch";
        "/batches/{id}/items" OPERATIONS => batches::items, "Items of a batch";
        "/batches/{id}/export" OPERATIONS => batches::export, "Items of a batch as CSV";
        "/jobs" ADMIN => jobs::handler, "Lists jobs";
        "/start-parts" OPERATIONS => start_parts::handler, "Parts of starts that wait for the others";
        "/incidents" OPERATIONS => incidents::handler, "Lists incidents";
    }
    routes
}

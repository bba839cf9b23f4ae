//! The page kit: layout, texts, forms, charts and diagrams that every component's pages are made of.
//!
//! Pages are Italian first, work without JavaScript, and run under a strict content security policy: no inline script,
//! no inline style, nothing from another origin.
//!
//! # A page in four steps
//!
//! 1. A template in the component's `templates/` that extends the layout. The component's `askama.toml` says
//!    `dirs = ["templates", "../../crates/web/templates"]`, so `layout.html` and `kit.html` are found:
//!
//! ```html
//! {% extends "layout.html" %}
//! {% import "kit.html" as kit %}
//! {% block content %}
//!   <p>{{ page.t1("tasks-count", "n", tasks.len()) }}</p>
//!   {% for task in tasks %}
//!     <h2><a href="/attivita/{{ task.id }}">{{ task.name }}</a></h2>
//!     <p>{{ page.due(task.due) }}</p>
//!     <form method="post" action="/attivita/{{ task.id }}/prendi">{{ page.csrf() }}<button class="btn btn-primary btn-sm" type="submit">{{ page.t("claim") }}</button></form>
//!   {% else %}
//!     {% call kit::empty(page, "it-check-circle", "tasks-none-title", "tasks-none-text") %}{% endcall %}
//!   {% endfor %}
//! {% endblock %}
//! ```
//!
//! 2. Texts in the component's `locales/it/*.ftl` and `locales/en/*.ftl`, embedded by one call:
//!
//! ```ignore
//! web::fluent_templates::static_loader! {
//!     static LOCALES = {
//!         locales: "./locales",
//!         fallback_language: "it",
//!         customise: |bundle| bundle.set_use_isolating(false),
//!     };
//! }
//! ```
//!
//! 3. A handler: gather through the peers, fill the struct, answer. Errors of peers become error pages by `?`.
//!
//! ```ignore
//! #[derive(Template)]
//! #[template(path = "tasks.html")]
//! struct Tasks { page: Page, tasks: Vec<TaskInfo> }
//!
//! async fn list(State(app): State<App>, page: Page) -> web::Answer {
//!     let query = TaskQuery::held_by(&page.actor().subject);
//!     let tasks = app.context.peers.orchestrator(page.actor()).tasks(&query).await?.items;
//!     web::show(&Tasks { page: page.titled("tasks-title").crumb("/", "home"), tasks })
//! }
//!
//! async fn claim(State(app): State<App>, page: Page, Path(id): Path<String>) -> web::Answer {
//!     app.context.peers.orchestrator(page.actor()).claim(&id).await?;
//!     page.redirect("/attivita", Flash::success(page.t("claimed")))
//! }
//! ```
//!
//! 4. Routes, each with its policy. `App` holds the [`Kit`] and gives it by `FromRef`:
//!
//! ```ignore
//! #[derive(Clone, axum::extract::FromRef)]
//! struct App { context: Context, kit: Kit }
//!
//! pub fn routes(context: &Context) -> Routes {
//!     let app = App { context: context.clone(), kit: Kit::new(context, &*LOCALES) };
//!     Routes::new()
//!         .route(Method::GET, "/attivita", Policy::SignedIn, get(list).with_state(app.clone()))
//!         .route(Method::POST, "/attivita/{id}/prendi", Policy::SignedIn, post(claim).with_state(app))
//! }
//! ```
//!
//! The binary serves `web::dress(web::site(&kit, &guard).merge(component routes).guard(&guard), &kit)`.

mod answer;
mod apps;
mod assets;
pub mod catalogue;
mod chart;
mod confirm;
pub mod csv;
pub mod diagram;
mod dress;
mod flash;
pub mod form;
mod format;
mod html;
mod kit;
mod page;
pub mod refusal;
mod site;
mod sort;
mod texts;
mod timeline;

pub use answer::{Answer, Failure, show};
pub use apps::apps;
pub use catalogue::catalogue;
pub use chart::{Chart, ChartPoint};
pub use confirm::{Confirm, confirm};
pub use diagram::{DiagramView, Heat};
pub use dress::dress;
pub use flash::Flash;
pub use fluent_templates;
pub use format::{count, date, date_time, decimal, fhir_date, local_date, local_start, percent, time};
pub use html::Html;
pub use kit::Kit;
pub use page::{Crumb, NavEntry, Opened, Page, redirect};
pub use site::site;
pub use sort::Sort;
pub use texts::{Arg, Lang, Texts};
pub use timeline::{TimelineEntry, TimelineKind, timeline};

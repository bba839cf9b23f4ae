//! `/attivita`: what I hold, what my role may take, what is late, what I did.

use super::App;
use super::task_row::{TaskRow, patient_names};
use askama::Template;
use axum::extract::{Query, State};
use orchestrator::{CANDIDATE_SYSTEM, ROLE_SYSTEM};
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Page};

const PAGE: &str = "50";

/// Filters of the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    vista: Option<View>,
    /// Text in the patient's name.
    q: Option<String>,
    /// A GP sees their own patients; `tutti` shows everyone's.
    assistiti: Option<String>,
    /// `si`: only what is more urgent than usual.
    urgenza: Option<String>,
    /// `ora`: only what was put off until now; `dopo`: what was put off until later.
    ripresa: Option<String>,
    /// Address of a further page, as the hub gave it.
    pagina: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    Mie,
    Ruolo,
    Scadute,
    Concluse,
}

impl View {
    const ALL: [Self; 4] = [Self::Mie, Self::Ruolo, Self::Scadute, Self::Concluse];

    fn name(self) -> &'static str {
        match self {
            Self::Mie => "mie",
            Self::Ruolo => "ruolo",
            Self::Scadute => "scadute",
            Self::Concluse => "concluse",
        }
    }
}

struct Tab {
    view: View,
    label: String,
    count: Option<u64>,
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct Tasks {
    page: Page,
    view: View,
    tabs: Vec<Tab>,
    tasks: Vec<TaskRow>,
    total: u64,
    next: Option<String>,
    q: String,
    only_own: bool,
    only_urgent: bool,
    resumed: String,
    is_gp: bool,
    is_patient: bool,
}

/// The list.
pub async fn list(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let fhir = app.fhir(&page);
    let asked = Asked::new(&page, &filter);
    let searches = View::ALL.map(|view| asked.search(&page, view));
    let [mine, role, late] = [0, 1, 2].map(|n| borrow(&searches[n]));
    let (mine, role, late) = tokio::try_join!(
        fhir.count("Task", &mine),
        fhir.count("Task", &role),
        fhir.count("Task", &late)
    )?;
    let view = filter.vista.unwrap_or(if mine > 0 { View::Mie } else { View::Ruolo });
    let mut search = asked.search(&page, view);
    search.extend([
        ("_count", PAGE.into()),
        ("_include", "Task:patient".into()),
        ("_total", "accurate".into()),
    ]);
    if let Some(after) = &filter.pagina {
        search.push(("_page", after.clone()));
    }
    let bundle = fhir.bundle("Task", &borrow(&search)).await?;
    let entries: Vec<Value> = bundle["entry"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| e["resource"].clone())
        .collect();
    let names = patient_names(&entries);
    let tasks = entries
        .iter()
        .filter(|r| r["resourceType"] == "Task")
        .map(|t| TaskRow::read(t, &names))
        .collect();
    let next = next_mark(&bundle).map(|mark| asked.address(view, &mark));
    let counts = [Some(mine), Some(role), Some(late), None];
    // A citizen holds nothing: what is asked of them is theirs to do.
    let is_patient = page.actor().patient().is_some();
    let tabs = View::ALL
        .into_iter()
        .zip(counts)
        .filter(|(view, _)| !is_patient || *view != View::Mie);
    let tabs = tabs.map(|(view, count)| Tab {
        view,
        count,
        label: page.t(&format!(
            "view-{}{}",
            view.name(),
            if is_patient { "-assistito" } else { "" }
        )),
    });
    web::show(&Tasks {
        tabs: tabs.collect(),
        view,
        tasks,
        total: bundle["total"].as_u64().unwrap_or_default(),
        next,
        q: asked.q,
        only_own: asked.only_own,
        only_urgent: asked.only_urgent,
        resumed: asked.resumed,
        is_gp: page.actor().has_role("mmg"),
        is_patient,
        page: page.titled("tasks-title"),
    })
}

type Params = Vec<(&'static str, String)>;

fn borrow(params: &Params) -> Vec<(&str, &str)> {
    params.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// What narrows every view.
struct Asked {
    q: String,
    only_own: bool,
    only_urgent: bool,
    /// `ora`, `dopo` or nothing.
    resumed: String,
}

impl Asked {
    fn new(page: &Page, filter: &Filter) -> Self {
        let q = filter.q.as_deref().unwrap_or_default().trim();
        Self {
            q: q.chars().take(100).collect(),
            only_own: page.actor().has_role("mmg") && filter.assistiti.as_deref() != Some("tutti"),
            only_urgent: filter.urgenza.as_deref() == Some("si"),
            resumed: filter
                .ripresa
                .clone()
                .filter(|r| r == "ora" || r == "dopo")
                .unwrap_or_default(),
        }
    }

    fn search(&self, page: &Page, view: View) -> Params {
        let actor = page.actor();
        let mut search: Params = Vec::new();
        let roles = || {
            let roles = actor.roles.iter().map(|role| format!("{ROLE_SYSTEM}|{role}"));
            // People named by the process see the task though they have none of its roles.
            let myself = format!("{CANDIDATE_SYSTEM}|{}", actor.subject);
            roles.chain([myself]).collect::<Vec<_>>().join(",")
        };
        let everyone = actor.has_role("admin");
        match view {
            View::Mie => {
                search.push(("status", "in-progress".into()));
                search.push(("owner", actor.subject.clone()));
            }
            View::Ruolo => {
                search.push(("status", "ready".into()));
                if !everyone {
                    search.push(("performer", roles()));
                }
            }
            View::Scadute => {
                search.push(("status", "ready,in-progress".into()));
                search.push(("due", format!("lt{}", fhir::instant(page.now()))));
                if !everyone {
                    search.push(("performer", roles()));
                }
            }
            View::Concluse => {
                search.push(("status", "completed".into()));
                search.push(("owner", actor.subject.clone()));
            }
        }
        if let Some(own) = actor.patient() {
            search.push(("patient", own.to_owned()));
        }
        if self.only_own && view != View::Mie && view != View::Concluse {
            search.push(("patient:Patient.general-practitioner", actor.subject.clone()));
        }
        for word in self.q.split_whitespace() {
            search.push(("patient:Patient.name:contains", escape(word)));
        }
        if view != View::Concluse {
            if self.only_urgent {
                search.push(("priority", "urgent,asap,stat".into()));
            }
            let now = fhir::instant(page.now());
            match self.resumed.as_str() {
                "ora" => search.push(("follow-up", format!("le{now}"))),
                "dopo" => search.push(("follow-up", format!("gt{now}"))),
                _ => {}
            }
        }
        search.push((
            "_sort",
            if view == View::Concluse { "-modified" } else { "order" }.into(),
        ));
        search
    }

    fn address(&self, view: View, mark: &str) -> String {
        let fields = [
            ("vista", view.name()),
            ("q", self.q.as_str()),
            ("assistiti", if self.only_own { "" } else { "tutti" }),
            ("urgenza", if self.only_urgent { "si" } else { "" }),
            ("ripresa", self.resumed.as_str()),
            ("pagina", mark),
        ];
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("/attivita?{}", serde_urlencoded::to_string(fields).unwrap_or_default())
    }
}

/// A search value in which `,`, `|`, `$` and `\` stand for themselves.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ',' | '|' | '$' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The continuation mark in a bundle's `next` link.
fn next_mark(bundle: &Value) -> Option<String> {
    let links = bundle["link"].as_array()?;
    let url = links.iter().find(|l| l["relation"] == "next")?["url"].as_str()?;
    let (_, query) = url.split_once('?')?;
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    fields
        .into_iter()
        .find(|(name, _)| name == "_page")
        .map(|(_, mark)| mark)
}

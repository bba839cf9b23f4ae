//! Every piece of the page kit on one site, to look at while changing them:
//! `cargo run -p web --example gallery`, then open <http://127.0.0.1:8099> and sign in as the person shown.

use access::{Actor, Guard, GuardOptions, IdentityOptions, LocalIdentity, NewAccount, Policy, SigningKey};
use askama::Template;
use axum::extract::{Form as Posted, RawQuery};
use axum::routing::{get, post};
use component::{Context, NavigationItem, Peers};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use store::{Clock as _, SystemClock, SystemRandom, UuidIds};
use store_sqlite::{Options, SqliteStore};
use web::form::{About, Form, Prefill};
use web::{Answer, Chart, ChartPoint, Confirm, DiagramView, Flash, Html, Kit, Page, Sort, TimelineEntry, TimelineKind};

const NAV: &[NavigationItem] = &[
    NavigationItem {
        path: "/",
        it: "Galleria",
        en: "Gallery",
        roles: &[],
    },
    NavigationItem {
        path: "/scheda",
        it: "Scheda",
        en: "Form",
        roles: &[],
    },
    NavigationItem {
        path: "/conferma",
        it: "Conferma",
        en: "Confirm",
        roles: &[],
    },
];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}{% import "kit.html" as kit %}{% block content %}
<h2>Grafico</h2>{{ chart }}
<h2>Diagramma</h2>{{ diagram }}
<h2>Tabella</h2>
<table class="sf-table sf-stack"><thead><tr>{{ sort.heading(page, "nome", "user-name") }}{{ sort.heading(page, "scadenza", "chart-date") }}</tr></thead>
<tbody>{% for row in rows %}<tr><td data-label="Nome">{{ row.0 }}</td><td data-label="Scadenza">{% call kit::due(page, row.1) %}{% endcall %}</td></tr>{% endfor %}</tbody></table>
<h2>Cronologia</h2>{{ timeline }}
<h2>Niente da mostrare</h2>{% call kit::empty(page, "it-check-circle", "due-none", "footer-what") %}{% endcall %}
{% endblock %}"#
)]
struct Gallery {
    page: Page,
    chart: Html,
    diagram: Html,
    sort: Sort,
    rows: Vec<(&'static str, Option<jiff::Timestamp>)>,
    timeline: Html,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}{% block content %}
<form method="post" action="/scheda" class="sf-form" novalidate>{{ page.csrf() }}{{ fields }}
<div class="sf-actions"><button class="btn btn-primary" type="submit">{{ page.t("confirm") }}</button></div></form>
{% if !result.is_empty() %}<pre>{{ result }}</pre>{% endif %}
{% endblock %}"#
)]
struct Sheet {
    page: Page,
    fields: Html,
    result: String,
}

fn pathways(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../components/pathways")
        .join(file);
    std::fs::read_to_string(path).expect("the gallery shows the pathways component's files")
}

async fn gallery(page: Page, RawQuery(query): RawQuery) -> Answer {
    let points = [
        ("2024-11-20", "74"),
        ("2025-03-02", "68"),
        ("2025-09-18", "61"),
        ("2026-03-30", "57"),
        ("2026-10-05", "52"),
    ];
    let chart = Chart {
        title: "HbA1c".into(),
        unit: "mmol/mol".into(),
        points: points
            .iter()
            .map(|(at, text)| ChartPoint {
                at: at.parse().expect("a date"),
                value: text.parse().expect("a number"),
                text: (*text).to_owned(),
            })
            .collect(),
        band: Some((20.0, 53.0)),
        target: Some((53.0, "obiettivo".into())),
    };
    let model = bpmn::parse(&pathways("processes/diabete-tipo-2.bpmn")).expect("the model is valid");
    let tasks: Vec<&str> = model
        .diagram
        .shapes
        .iter()
        .filter(|s| s.tag.ends_with("Task"))
        .map(|s| s.element.as_str())
        .collect();
    let view = DiagramView {
        heat: Default::default(),
        title: "Diabete tipo 2",
        tokens: BTreeMap::from([(tasks[2].to_owned(), 1), (tasks[3].to_owned(), 2)]),
        done: BTreeSet::from([tasks[0].to_owned(), tasks[1].to_owned()]),
        source: Some("/bpmn"),
    };
    let sort = Sort::of(query.as_deref().unwrap_or(""), &["nome", "scadenza"]);
    let day = |n: i64| Some(page.now() + jiff::SignedDuration::from_hours(24 * n));
    let mut rows = vec![("Verdi Anna", day(-3)), ("Bianchi Ugo", day(16)), ("Neri Ida", None)];
    if sort.column == "nome" {
        sort.apply(&mut rows, |r| r.0)
    } else {
        sort.apply(&mut rows, |r| r.1)
    }
    let entry = |kind, title: &str| TimelineEntry {
        when: page.date_time(&page.now()),
        datetime: page.now().to_string(),
        kind,
        title: title.to_owned(),
        detail: "52 mmol/mol".into(),
        who: "Maria Rossi".into(),
        href: Some("/".into()),
    };
    let timeline = web::timeline(&[
        entry(TimelineKind::Fact, "HbA1c"),
        entry(TimelineKind::Work, "Visita di controllo"),
        entry(TimelineKind::Done, "Consenso"),
        entry(TimelineKind::Warning, "Controllo in ritardo"),
    ]);
    let (chart, diagram) = (chart.html(page.texts()), view.html(&model.diagram, page.texts()));
    web::show(&Gallery {
        page: page.with_title("Galleria").with_diagram(),
        chart,
        diagram,
        sort,
        rows,
        timeline,
    })
}

fn sheet() -> (Form, Value) {
    let json = serde_json::from_str(&pathways("forms/diabete-arruolamento.json")).expect("JSON");
    (
        Form::parse(&json).expect("the form can be shown"),
        json!({ "birthDate": "1960-11-22" }),
    )
}

async fn form(page: Page) -> Answer {
    let ((form, patient), values) = (sheet(), Map::new());
    let today = web::local_date(page.now());
    let fields = form
        .fill(&Prefill {
            today,
            now: page.now(),
            patient: Some(&patient),
            values: &values,
        })
        .html(page.texts());
    web::show(&Sheet {
        page: page.with_title(&form.title).with_form(),
        fields,
        result: String::new(),
    })
}

async fn submit(page: Page, Posted(posted): Posted<Vec<(String, String)>>) -> Answer {
    let ((form, patient), values) = (sheet(), Map::new());
    let prefill = Prefill {
        today: web::local_date(page.now()),
        now: page.now(),
        patient: Some(&patient),
        values: &values,
    };
    let (fields, result) = match form.submit(&posted, &prefill, page.texts()) {
        Ok(done) => {
            let about = About {
                subject: "Patient/1",
                author: "Practitioner/1",
                authored: page.now(),
                task: "t",
            };
            let made = json!({ "variables": done.variables(), "resources": done.resources(&about) });
            (Html::default(), serde_json::to_string_pretty(&made).expect("JSON"))
        }
        Err(entry) => (entry.html(page.texts()), String::new()),
    };
    web::show(&Sheet {
        page: page.with_title(&form.title).with_form(),
        fields,
        result,
    })
}

async fn ask(page: Page) -> Answer {
    let confirm = Confirm {
        question: "Chiudere il percorso di Anna Verdi?".into(),
        consequences: vec!["Le attività aperte sono annullate.".into(), "La storia resta.".into()],
        action: "/conferma".into(),
        button: "Chiudi il percorso".into(),
        cancel: "/".into(),
        reason: Some("Motivo".into()),
        ..Confirm::default()
    };
    web::confirm(page, confirm)
}

/// A guard over an empty store with one account.
async fn guard(folder: &Path, clock: Arc<SystemClock>) -> Guard {
    let store = SqliteStore::open(folder.join("gallery.db"), Options::default()).expect("a store");
    let random = Arc::new(SystemRandom);
    let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), IdentityOptions::default());
    let actor = Actor {
        subject: "Practitioner/1".into(),
        name: "Maria Rossi".into(),
        roles: vec!["mmg".into()],
        ..Actor::default()
    };
    let new = NewAccount {
        username: "rossi".into(),
        password: "percorso-di-cura".into(),
        actor,
        demo: true,
    };
    identity.accounts().create(new).await.expect("an account");
    let key = SigningKey::random(random.as_ref());
    Guard::new(
        Arc::new(identity),
        access::Authorizer::standard(store, clock.clone()),
        &key,
        clock.clone(),
        random.as_ref(),
        GuardOptions::default(),
    )
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(SystemClock);
    let guard = guard(folder.path(), clock.clone()).await;
    let context = Context {
        peers: Peers::new(guard.tokens().clone()),
        clock: clock.clone(),
        ids: Arc::new(UuidIds),
        navigation: NAV.into(),
    };
    let kit = Kit::base(&context);
    let done = |page: Page| async move { page.redirect("/", Flash::success("Fatto.")) };
    let bpmn = || async {
        (
            [("content-type", "application/xml")],
            pathways("processes/diabete-tipo-2.bpmn"),
        )
    };
    let routes = web::site(&kit, &guard)
        .route(Method::GET, "/", Policy::SignedIn, get(gallery).with_state(kit.clone()))
        .route(
            Method::GET,
            "/scheda",
            Policy::SignedIn,
            get(form).with_state(kit.clone()),
        )
        .route(
            Method::POST,
            "/scheda",
            Policy::SignedIn,
            post(submit).with_state(kit.clone()),
        )
        .route(
            Method::GET,
            "/conferma",
            Policy::SignedIn,
            get(ask).with_state(kit.clone()),
        )
        .route(
            Method::POST,
            "/conferma",
            Policy::SignedIn,
            post(done).with_state(kit.clone()),
        )
        .route(Method::GET, "/bpmn", Policy::SignedIn, get(bpmn));
    let router = web::dress(routes.guard(&guard), &kit);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8099")
        .await
        .expect("port 8099 is free");
    println!("http://127.0.0.1:8099 at {}", clock.now());
    axum::serve(listener, router).await.expect("serving");
}

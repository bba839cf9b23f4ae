//! The dressed site over the real store, as a browser without scripts sees it.

use crate::{Answer, Failure, Flash, Kit, Page, dress, site};
use access::{
    Actor, Guard, GuardOptions, IdentityOptions, LocalIdentity, NewAccount, PasswordCost, Policy, Routes, SigningKey,
};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use component::{Context, NavigationItem, Peers};
use http::{HeaderMap, Method, Request, header};
use jiff::SignedDuration;
use std::sync::Arc;
use store::{ManualClock, SeededRandom, SequentialIds};
use tower::ServiceExt as _;

struct Browser {
    _folder: test_store::Stand,
    clock: Arc<ManualClock>,
    router: Router,
    cookies: Vec<(String, String)>,
}

struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The `_csrf` value of the first form that has one.
    fn csrf(&self) -> &str {
        let start = self.body.find("name=\"_csrf\" value=\"").expect("the page has a form") + 20;
        self.body[start..].split('"').next().unwrap()
    }
}

const NAV: &[NavigationItem] = &[
    NavigationItem {
        path: "/attivita",
        it: "Le mie attività",
        en: "My tasks",
        roles: &["mmg"],
    },
    NavigationItem {
        path: "/portale",
        it: "Portale",
        en: "Portal",
        roles: &["assistito"],
    },
];

impl Browser {
    async fn new() -> Self {
        let (store, folder) = test_store::stand();
        let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
        let random = Arc::new(SeededRandom::new(5));
        let options = IdentityOptions {
            password: PasswordCost::weak(),
            ..IdentityOptions::default()
        };
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), options);
        let actor = Actor {
            subject: "Practitioner/1".into(),
            name: "Maria Rossi <MMG>".into(),
            roles: vec!["mmg".into()],
            ..Actor::default()
        };
        let password = "una frase lunga".to_owned();
        identity
            .accounts()
            .create(NewAccount {
                username: "rossi".into(),
                password,
                actor,
                demo: true,
            })
            .await
            .unwrap();
        let key = SigningKey::from_bytes([1; 32]);
        let guard = Guard::new(
            Arc::new(identity),
            access::Authorizer::standard(store.clone(), clock.clone()),
            &key,
            clock.clone(),
            random.as_ref(),
            GuardOptions::default(),
        );
        let context = Context {
            peers: Peers::new(guard.tokens().clone()),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::new("t")),
            navigation: NAV.into(),
        };
        let kit = Kit::base(&context);
        let routes = site(&kit, &guard).merge(pages(&kit));
        let router = dress(routes.guard(&guard), &kit);
        Self {
            _folder: folder,
            clock,
            router,
            cookies: Vec::new(),
        }
    }

    async fn go(&mut self, method: Method, path: &str, form: &str) -> Seen {
        let cookies: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .body(Body::from(form.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(k, _)| k != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        Seen {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn get(&mut self, path: &str) -> Seen {
        self.go(Method::GET, path, "").await
    }

    async fn post(&mut self, path: &str, form: &str) -> Seen {
        self.go(Method::POST, path, form).await
    }

    async fn sign_in(&mut self) {
        let seen = self.post("/accedi", "utente=rossi&password=una+frase+lunga").await;
        assert_eq!((seen.status, seen.location()), (303, "/"));
    }
}

/// A component as small as can be.
fn pages(kit: &Kit) -> Routes {
    #[derive(askama::Template)]
    #[template(
        ext = "html",
        source = "{% extends \"layout.html\" %}{% block content %}{{ page.csrf() }}{% endblock %}"
    )]
    struct Plain {
        page: Page,
    }
    async fn tasks(page: Page) -> Answer {
        crate::show(&Plain {
            page: page.titled("home").crumb("/", "home"),
        })
    }
    async fn act(page: Page) -> Answer {
        page.redirect("/attivita", Flash::success("Fatto: «però»"))
    }
    async fn broken() -> Answer {
        Err(Failure::Internal("secret detail".into()))
    }
    async fn panics() -> Answer {
        panic!("a defect")
    }
    async fn late() -> Answer {
        Err(Failure::Conflict("già presa da Bianchi".into()))
    }
    Routes::new()
        .route(
            Method::GET,
            "/attivita",
            Policy::AnyRole(&["mmg"]),
            get(tasks).with_state(kit.clone()),
        )
        .route(
            Method::POST,
            "/attivita",
            Policy::AnyRole(&["mmg"]),
            post(act).with_state(kit.clone()),
        )
        .route(
            Method::GET,
            "/riservata",
            Policy::AnyRole(&["admin"]),
            get(tasks).with_state(kit.clone()),
        )
        .route(Method::GET, "/rotta", Policy::SignedIn, get(broken))
        .route(Method::GET, "/panico", Policy::SignedIn, get(panics))
        .route(Method::GET, "/tardi", Policy::SignedIn, get(late))
}

#[tokio::test]
async fn sign_in_work_and_sign_out() {
    let mut browser = Browser::new().await;
    let refused = browser.get("/attivita").await;
    assert_eq!((refused.status, refused.location()), (303, "/accedi?da=/attivita"));
    let form = browser.get("/accedi?da=/attivita").await;
    assert!(form.body.contains("value=\"/attivita\"") && form.body.contains("Medico di medicina generale"));
    let wrong = browser.post("/accedi", "utente=rossi&password=no&da=/attivita").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains("Nome utente o password non corretti") && wrong.body.contains("value=\"rossi\""));
    let right = browser
        .post("/accedi", "utente=Rossi&password=una+frase+lunga&da=/attivita")
        .await;
    assert_eq!((right.status, right.location()), (303, "/attivita"));
    let cookie = right.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );

    let page = browser.get("/attivita").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Maria Rossi &#60;MMG&#62;"), "names are escaped");
    assert!(
        page.body.contains("Le mie attività") && !page.body.contains("Portale"),
        "navigation by role"
    );
    assert!(page.body.contains("aria-current=\"page\""));

    let unproved = browser.post("/attivita", "x=1").await;
    assert_eq!(unproved.status, 403);
    assert!(unproved.body.contains("Il modulo non è più valido") && unproved.body.contains("Maria Rossi"));
    let done = browser.post("/attivita", &format!("_csrf={}", page.csrf())).await;
    assert_eq!(done.status, 303);
    assert!(
        browser.get("/attivita").await.body.contains("Fatto: «però»"),
        "shown once"
    );
    assert!(!browser.get("/attivita").await.body.contains("Fatto:"), "and not again");

    let out = browser.post("/esci", &format!("_csrf={}", page.csrf())).await;
    assert_eq!(out.location(), "/accedi");
    assert!(browser.get("/accedi").await.body.contains("Sei uscito"));
    assert_eq!(browser.get("/attivita").await.status, 303);
}

#[tokio::test]
async fn a_session_that_ended_leads_to_the_sign_in_page() {
    let mut browser = Browser::new().await;
    browser.sign_in().await;
    let csrf = browser.get("/attivita").await.csrf().to_owned();
    browser.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(browser.get("/attivita").await.location(), "/accedi?da=/attivita");
    assert_eq!(
        browser.post("/attivita", &format!("_csrf={csrf}")).await.location(),
        "/accedi"
    );
}

#[tokio::test]
async fn too_many_wrong_passwords_lock_with_a_sentence() {
    let mut browser = Browser::new().await;
    for _ in 0..5 {
        browser.post("/accedi", "utente=rossi&password=no").await;
    }
    let locked = browser.post("/accedi", "utente=rossi&password=una+frase+lunga").await;
    assert_eq!(
        (locked.status, locked.headers[header::RETRY_AFTER].to_str().unwrap()),
        (429, "30")
    );
    assert!(locked.body.contains("riprova fra 30 secondi"));
}

#[tokio::test]
async fn errors_say_what_to_do_and_keep_our_secrets() {
    let mut browser = Browser::new().await;
    browser.sign_in().await;
    for (path, status, says) in [
        ("/non-esiste", 404, "Pagina non trovata"),
        ("/riservata", 403, "Non puoi aprire questa pagina"),
        ("/rotta", 500, "Qualcosa non ha funzionato"),
        ("/panico", 500, "Qualcosa non ha funzionato"),
        ("/tardi", 409, "già presa da Bianchi"),
    ] {
        let seen = browser.get(path).await;
        assert_eq!(seen.status, status, "{path}");
        assert!(
            seen.body.contains(says) && seen.body.contains("Vai alla pagina iniziale"),
            "{path}"
        );
        assert!(!seen.body.contains("secret detail"));
    }
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let mut browser = Browser::new().await;
    for path in ["/accedi", "/non-esiste", "/robots.txt"] {
        let seen = browser.get(path).await;
        let csp = seen.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(csp.contains("script-src 'self'") && !csp.contains("unsafe"), "{path}");
        assert_eq!(seen.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(seen.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(seen.headers["cross-origin-resource-policy"], "same-origin");
        let inline = seen.body.contains("<style") || seen.body.contains(" style=") || seen.body.contains("onclick");
        assert!(!inline, "{path} has nothing inline");
    }
}

#[tokio::test]
async fn the_language_is_a_choice_and_redirects_stay_here() {
    let mut browser = Browser::new().await;
    assert!(browser.get("/accedi").await.body.contains("<html lang=\"it\">"));
    assert_eq!(browser.get("/lingua/en?da=/accedi").await.location(), "/accedi");
    assert!(browser.get("/accedi").await.body.contains("User name"));
    assert_eq!(browser.get("/lingua/it?da=//evil.example").await.location(), "/");
    assert_eq!(browser.get("/lingua/fr").await.status, 404);
    let away = browser
        .post(
            "/accedi",
            "utente=rossi&password=una+frase+lunga&da=https://evil.example",
        )
        .await;
    assert_eq!(away.location(), "/");
}

#[test]
fn every_message_exists_in_both_languages() {
    let keys = |lang: &str| -> std::collections::BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("locales")
            .join(lang);
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap());
        let lines: Vec<String> = files
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let key = |line: &String| line.split_once(" =").map(|(key, _)| key.to_owned());
        lines
            .iter()
            .filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(key)
            .collect()
    };
    assert!(keys("it").len() > 60);
    assert_eq!(keys("it"), keys("en"));
}

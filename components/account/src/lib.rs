//! "Il mio accesso" for everybody who signs in, and the accounts for administrators. It keeps nothing: the identity
//! service at the hub's node does.

mod access_page;
mod app;
mod capacity;
mod codes;
mod delegations;
mod passkey;
mod password;
mod prove;
mod sessions;
mod user;
mod users;

use ::access::{
    AskError, Identity as _, Manage, Mine, Policy, Refused, Reply, Routes, Session, cookie, session_cookie_name,
    set_cookie,
};
use axum::extract::FromRef;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use component::{Component, Context, NavigationItem, RemoteIdentity};
use http::{HeaderMap, Method, header};
use web::{Answer, Failure, Flash, Kit, Page, refusal};

web::fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "it",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The component.
pub fn component() -> Component {
    Component {
        name: "account",
        needs: &["hub"],
        routes,
        navigation: NAVIGATION,
        workers: Vec::new,
        deployments: &[],
        demo: None,
    }
}

const NAVIGATION: &[NavigationItem] = &[
    NavigationItem {
        path: "/accesso",
        it: "Il mio accesso",
        en: "My access",
        roles: &[],
    },
    NavigationItem {
        path: "/utenti",
        it: "Utenti",
        en: "Accounts",
        roles: &["admin"],
    },
];

/// What the handlers share.
#[derive(Clone, FromRef)]
struct App {
    context: Context,
    kit: Kit,
}

fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
    };
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let own = |routes: Routes, method, path, handler| routes.route(method, path, Policy::SignedIn, with(handler));
    let r = own(Routes::new(), Method::GET, "/accesso", get(access_page::show));
    let r = own(r, Method::POST, "/accesso/per", post(capacity::act_for));
    let r = own(r, Method::POST, "/accesso/veste", post(capacity::switch));
    let r = own(r, Method::POST, "/accesso/sessioni/chiudi", post(sessions::close));
    let r = own(
        r,
        Method::POST,
        "/accesso/sessioni/chiudi-altre",
        post(sessions::close_others),
    );
    let r = own(r, Method::GET, "/accesso/conferma", get(prove::form));
    let r = own(r, Method::POST, "/accesso/conferma", post(prove::submit));
    let r = own(
        r,
        Method::POST,
        "/accesso/conferma/passkey/sfida",
        post(prove::challenge),
    );
    let r = own(r, Method::POST, "/accesso/conferma/passkey", post(prove::by_passkey));
    let r = own(r, Method::GET, "/accesso/password", get(password::form));
    let r = own(r, Method::POST, "/accesso/password", post(password::submit));
    let r = own(r, Method::GET, "/accesso/app", get(app::form));
    let r = own(r, Method::POST, "/accesso/app", post(app::confirm));
    let r = own(r, Method::POST, "/accesso/app/togli", post(app::remove));
    let r = own(r, Method::POST, "/accesso/codici", post(codes::renew));
    let r = own(r, Method::GET, "/accesso/passkey", get(passkey::form));
    let r = own(r, Method::POST, "/accesso/passkey/sfida", post(passkey::challenge));
    let r = own(r, Method::POST, "/accesso/passkey", post(passkey::register));
    let r = own(r, Method::POST, "/accesso/passkey/togli", post(passkey::remove));
    let r = own(r, Method::GET, "/accesso/deleghe", get(delegations::list));
    let r = own(r, Method::POST, "/accesso/deleghe", post(delegations::give));
    let r = own(r, Method::POST, "/accesso/deleghe/revoca", post(delegations::revoke));
    let admin = |routes: Routes, method, path, handler| {
        routes.route(method, path, Policy::May("accounts.administer"), with(handler))
    };
    let r = admin(r, Method::GET, "/utenti", get(users::list));
    let r = admin(r, Method::GET, "/utenti/nuovo", get(users::form));
    let r = admin(r, Method::POST, "/utenti/nuovo", post(users::create));
    let r = admin(r, Method::GET, "/utenti/{nome}", get(user::show));
    admin(r, Method::POST, "/utenti/{nome}/{azione}", post(user::act))
}

impl App {
    fn identity(&self) -> RemoteIdentity {
        RemoteIdentity::new(self.context.peers.clone())
    }

    async fn mine(&self, session: &Session, ask: Mine) -> Result<Reply, AskError> {
        self.identity().ask(session.mine(ask)).await
    }

    async fn manage(&self, session: &Session, ask: Manage) -> Result<Reply, AskError> {
        self.identity().ask(session.manage(ask)).await
    }
}

/// After a command: its message on the page that follows. Where a proof is due first, the page that asks for it.
fn answered(page: &Page, result: Result<Reply, AskError>, done: &str, back: &str) -> Answer {
    match result {
        Ok(_) => page.redirect(back, Flash::success(page.t(done))),
        Err(error) => refused(page, error, back),
    }
}

/// A refusal as a message on the page that follows.
fn refused(page: &Page, error: AskError, back: &str) -> Answer {
    match error {
        AskError::Refused(Refused::ProofNeeded) => {
            let to = format!("/accesso/conferma?da={back}");
            page.redirect(&to, Flash::warning(page.t("proof-first")))
        }
        AskError::Refused(refused) => page.redirect(back, Flash::danger(refusal::told(page, &refused))),
        AskError::Access(error) => Err(Failure::Unavailable(error.to_string())),
    }
}

/// Puts a session's new secret into its cookie.
fn renew(response: &mut Response, request: &HeaderMap, token: &str) {
    let secure = cookie(request, session_cookie_name(true)).is_some();
    let cookie = set_cookie(session_cookie_name(secure), token, secure, None);
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

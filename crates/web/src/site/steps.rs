//! `/accedi/passo`: what a sign-in still needs (second factor, app, new password, capacity), one form at a time. What was
//! proven travels in a sealed cookie.

use super::Site;
use crate::page::redirect;
use crate::{Answer, Failure, Html, Page, refusal};
use access::{Ask, AskError, Capacity, Need, Refused, Reply, Step, TotpOffer, cookie, session_cookie_name, set_cookie};
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

/// Cookie of the ticket.
const COOKIE: &str = "sinfonia_passo";
/// As long as the ticket, seconds.
const LIFETIME_S: u64 = 600;

#[derive(Template)]
#[template(path = "sign_in_step.html")]
struct StepPage {
    page: Page,
    error: Option<String>,
    shown: Shown,
}

enum Shown {
    Code { app: bool, passkey: bool },
    Enrol { offer: TotpOffer, qr: Html },
    NewPassword,
    Choose(Vec<(Capacity, String)>),
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    page: Page,
    codes: Vec<String>,
    next: String,
}

/// What the forms send.
#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    codice: String,
    #[serde(default)]
    offerta: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    ripeti: String,
    #[serde(default)]
    veste: String,
}

/// The present step.
pub(super) async fn form(State(site): State<Site>, page: Page, headers: HeaderMap) -> Answer {
    let Some(ticket) = cookie(&headers, COOKIE) else {
        return redirect("/accedi");
    };
    show(&site, page, ticket, None).await
}

/// A code of the second factor.
pub(super) async fn code(state: State<Site>, page: Page, headers: HeaderMap, Form(sent): Form<Sent>) -> Answer {
    let ask = |ticket| Ask::Code {
        ticket,
        code: sent.codice,
    };
    go_on(&state, page, &headers, ask).await
}

/// The first code of a new app.
pub(super) async fn enrol(state: State<Site>, page: Page, headers: HeaderMap, Form(sent): Form<Sent>) -> Answer {
    let ask = |ticket| Ask::Enrol {
        ticket,
        offer: sent.offerta,
        code: sent.codice,
    };
    go_on(&state, page, &headers, ask).await
}

/// A new password, typed twice.
pub(super) async fn new_password(state: State<Site>, page: Page, headers: HeaderMap, Form(sent): Form<Sent>) -> Answer {
    if sent.password != sent.ripeti {
        let Some(ticket) = cookie(&headers, COOKIE) else {
            return redirect("/accedi");
        };
        let error = page.t("password-differs");
        let answer = show(&state, page, ticket, Some(error)).await;
        return with_status(answer, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let ask = |ticket| Ask::NewPassword {
        ticket,
        password: sent.password,
    };
    go_on(&state, page, &headers, ask).await
}

/// The capacity one comes in.
pub(super) async fn choose(state: State<Site>, page: Page, headers: HeaderMap, Form(sent): Form<Sent>) -> Answer {
    let ask = |ticket| Ask::Choose {
        ticket,
        capacity: sent.veste,
    };
    go_on(&state, page, &headers, ask).await
}

async fn go_on(site: &Site, page: Page, headers: &HeaderMap, ask: impl FnOnce(String) -> Ask) -> Answer {
    let Some(ticket) = cookie(headers, COOKIE) else {
        return redirect("/accedi");
    };
    match site.ask(ask(ticket.to_owned())).await {
        Ok(step) => follow(site, page, step),
        Err(AskError::Refused(Refused::Ended)) => super::sign_in::ended(site, page).await,
        Err(AskError::Refused(refused)) => {
            let error = refusal::told(&page, &refused);
            let answer = show(site, page, ticket, Some(error)).await;
            with_status(answer, refusal::status(&refused))
        }
        Err(AskError::Access(error)) => Err(Failure::Unavailable(error.to_string())),
    }
}

/// Where a step leads: into the site, or to the page of what is still needed.
pub(super) fn follow(site: &Site, page: Page, step: Step) -> Answer {
    let secure = site.guard.options().secure_cookies;
    match step {
        Step::Need { ticket, .. } => {
            let mut response = redirect("/accedi/passo")?;
            keep(&mut response, &ticket, secure, LIFETIME_S);
            Ok(response)
        }
        Step::Open(signed_in) => {
            let next = if signed_in.back.is_empty() {
                "/"
            } else {
                &signed_in.back
            };
            let mut response = if signed_in.codes.is_empty() {
                redirect(next)?
            } else {
                crate::show(&CodesPage {
                    page: page.titled("codes-title"),
                    codes: signed_in.codes,
                    next: if next.starts_with('/') {
                        next.to_owned()
                    } else {
                        "/".into()
                    },
                })?
            };
            let name = session_cookie_name(secure);
            let session = set_cookie(name, &signed_in.token, secure, None);
            response.headers_mut().append(header::SET_COOKIE, session);
            keep(&mut response, "", secure, 0);
            Ok(response)
        }
    }
}

async fn show(site: &Site, page: Page, ticket: &str, error: Option<String>) -> Answer {
    let ask = Ask::Look {
        ticket: ticket.to_owned(),
    };
    let need = match site.ask(ask).await {
        Ok(Step::Need { need, .. }) => need,
        Ok(open) => return follow(site, page, open),
        Err(AskError::Refused(_)) => return super::sign_in::ended(site, page).await,
        Err(AskError::Access(error)) => return Err(Failure::Unavailable(error.to_string())),
    };
    let (title, shown) = match need {
        Need::Code { app, passkey } => ("step-code-title", Shown::Code { app, passkey }),
        Need::Enrol(offer) => {
            let qr = Html(offer.qr.clone());
            ("step-enrol-title", Shown::Enrol { offer, qr })
        }
        Need::NewPassword => ("step-password-title", Shown::NewPassword),
        Need::Choose(capacities) => {
            let named = |capacity: Capacity| {
                let text = page.capacity_name(&capacity);
                (capacity, text)
            };
            (
                "step-choose-title",
                Shown::Choose(capacities.into_iter().map(named).collect()),
            )
        }
    };
    let page = page.titled(title).with_passkey();
    crate::show(&StepPage { page, error, shown })
}

fn keep(response: &mut Response, ticket: &str, secure: bool, max_age_s: u64) {
    let cookie = set_cookie(COOKIE, ticket, secure, Some(max_age_s));
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

pub(super) fn with_status(answer: Answer, status: StatusCode) -> Answer {
    let mut response = answer?;
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    Ok(response)
}

impl Site {
    /// A question whose answer is a step.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Step, AskError> {
        match self.guard.identity().ask(ask).await? {
            Reply::Step(step) => Ok(*step),
            _ => Err(access::AccessError::Remote("it answered something else than a step".into()).into()),
        }
    }
}

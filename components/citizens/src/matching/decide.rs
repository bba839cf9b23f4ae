//! `POST /anagrafe/doppioni/{id}`: the same person, different persons, or later.

use super::kept::Kept;
use super::merge::MergeError;
use super::merge::join::{Decision, join};
use super::show::{four_eyes, read};
use super::{merges, pair};
use crate::App;
use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Flash, Page};

/// Longest reason, characters.
const LONGEST: usize = 500;

/// What was sent.
#[derive(Deserialize)]
pub(crate) struct Sent {
    /// `stessa`, `diversa`, `rimanda`, `ritira`.
    esito: String,
    /// Which record survives.
    #[serde(default)]
    resta: String,
    /// Why.
    #[serde(default)]
    motivo: String,
    /// What the person saw when they decided.
    #[serde(default)]
    impronta: String,
}

/// `POST /anagrafe/doppioni/{id}`.
pub(crate) async fn decide(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Answer {
    let (mut kept, a, b) = read(&app, &page, &id).await?;
    let back = format!("/anagrafe/doppioni/{id}");
    if sent.impronta != pair::fingerprint(&a, &b) {
        return page.redirect(&back, Flash::warning(page.t("match-changed")));
    }
    if ![pair::OPEN, pair::LATER, pair::PROPOSED].contains(&kept.state.as_str()) {
        return page.redirect(&back, Flash::warning(page.t("match-decided-already")));
    }
    let reason = sent.motivo.trim();
    if sent.esito != "rimanda" && sent.esito != "ritira" && (reason.is_empty() || reason.chars().count() > LONGEST) {
        return page.redirect(&back, Flash::danger(page.t("match-reason-needed")));
    }
    kept.set("impronta", sent.impronta.as_str());
    match sent.esito.as_str() {
        "diversa" => put(&app, &page, kept, pair::DIFFERENT, reason, "match-done-different").await,
        "rimanda" => put(&app, &page, kept, pair::LATER, reason, "match-done-later").await,
        "ritira" => put(&app, &page, kept, pair::OPEN, reason, "match-done-withdrawn").await,
        "stessa" => same(&app, page, kept, (&a, &b), &sent.resta, reason).await,
        _ => Err(Failure::Unprocessable(page.t("match-no-outcome"))),
    }
}

async fn put(app: &App, page: &Page, mut kept: Kept, state: &str, reason: &str, done: &str) -> Answer {
    kept.state = state.to_owned();
    kept.set("decisa-da", page.actor().subject.as_str());
    kept.set("decisa-nome", page.actor().name.as_str());
    kept.set("decisa-il", page.now().to_string());
    kept.set("motivo", reason);
    kept.set("proposta-da", "");
    if state == pair::DIFFERENT {
        kept.order = None;
    }
    kept.save(&app.system()).await?;
    page.redirect("/anagrafe/doppioni", Flash::success(page.t(done)))
}

async fn same(app: &App, page: Page, mut kept: Kept, (a, b): (&Value, &Value), survivor: &str, reason: &str) -> Answer {
    let ids = pair::records(&kept);
    let other = match survivor {
        one if one == ids.0 => ids.1.to_owned(),
        one if one == ids.1 => ids.0.to_owned(),
        _ => return Err(Failure::Unprocessable(page.t("match-no-survivor"))),
    };
    // the second person confirms what the first proposed
    let survivor = match kept.state.as_str() {
        pair::PROPOSED if kept.get("proposta-resta") != survivor => {
            return page.redirect(
                &format!("/anagrafe/doppioni/{}", kept.id),
                Flash::danger(page.t("match-not-proposed")),
            );
        }
        _ => survivor.to_owned(),
    };
    let own = page.actor().subject.clone();
    let model = pair::model(&app.system()).await?;
    let needs_two = !four_eyes(a, b, &pair::compare(a, b, &model)).is_empty();
    let first = kept.get("proposta-da").to_owned();
    if needs_two && kept.state == pair::PROPOSED && first == own {
        return page.redirect(
            &format!("/anagrafe/doppioni/{}", kept.id),
            Flash::danger(page.t("match-own-proposal")),
        );
    }
    if needs_two && kept.state != pair::PROPOSED {
        kept.state = pair::PROPOSED.to_owned();
        kept.set("proposta-da", own.as_str());
        kept.set("proposta-nome", page.actor().name.as_str());
        kept.set("proposta-resta", survivor);
        kept.set("motivo", reason);
        kept.save(&app.system()).await?;
        return page.redirect("/anagrafe/doppioni", Flash::success(page.t("match-done-proposed")));
    }
    let proposed = kept.state == pair::PROPOSED;
    let decision = Decision {
        by: if proposed {
            (first, own.clone())
        } else {
            (own.clone(), String::new())
        },
        reason: reason.to_owned(),
        at: page.now(),
    };
    kept.state = pair::SAME.to_owned();
    kept.order = None;
    kept.set("decisa-da", own);
    kept.set("decisa-nome", page.actor().name.as_str());
    kept.set("decisa-il", page.now().to_string());
    kept.set("motivo", reason);
    match join(&app.context, (&survivor, &other), Some(&kept), &decision).await {
        Ok(merge) => {
            let done = Flash::success(page.t("match-done-same"));
            page.redirect(&format!("/anagrafe/fusioni/{}", merge.id), done)
        }
        Err(MergeError::Refused(why)) => {
            page.redirect(&format!("/anagrafe/doppioni/{}", kept.id), Flash::danger(page.t(why)))
        }
        Err(error) => Err(merges::failure(&page, error)),
    }
}

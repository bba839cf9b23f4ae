//! One page about to be answered: who asks, in which language, under which title.

use crate::flash::{COOKIE, Flash};
use crate::html::Html;
use crate::{Answer, Arg, Failure, Kit, Lang, Texts, assets, format};
use access::{AccessGrant, Actor, Capacity, GrantKind, Session, View};
use axum::extract::{FromRef, FromRequestParts};
use axum::response::IntoResponse as _;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use std::convert::Infallible;
use std::sync::Arc;

/// Cookie of the language.
pub(crate) const LANG_COOKIE: &str = "sinfonia_lingua";

/// A step of the breadcrumb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// Where it leads.
    pub path: String,
    /// Label.
    pub label: String,
}

/// A navigation entry as shown.
#[derive(Debug, Clone)]
pub struct NavEntry {
    /// Where it leads.
    pub path: &'static str,
    /// Label.
    pub label: &'static str,
    /// Whether the page asked for is this one or under it.
    pub current: bool,
}

/// An access that is open for a time, as shown.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its id.
    pub id: String,
    /// An emergency, or protected categories unlocked.
    pub emergency: bool,
    /// Patient id.
    pub patient: String,
    /// Name of the patient.
    pub name: String,
    /// `14:30`, Italian time.
    pub until: String,
    /// Minutes left, begun ones counted.
    pub minutes: u64,
    /// The moment it ends, RFC 3339.
    pub instant: String,
}

/// Everything the layout needs; an axum extractor (the state must give a [`Kit`] by `FromRef`), and the `page` field of
/// every page template.
#[derive(Clone)]
pub struct Page {
    kit: Kit,
    texts: Texts,
    actor: Actor,
    csrf: Option<String>,
    acting_for: Option<String>,
    opened: Vec<Arc<AccessGrant>>,
    path: String,
    title: String,
    crumbs: Vec<Crumb>,
    flash: Option<Flash>,
    now: Timestamp,
    scripts: Vec<&'static str>,
    styles: Vec<&'static str>,
}

impl<S> FromRequestParts<S> for Page
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&Kit::from_ref(state), parts))
    }
}

impl Page {
    /// The page of a request.
    pub(crate) fn of(kit: &Kit, parts: &Parts) -> Self {
        let lang = access::cookie(&parts.headers, LANG_COOKIE)
            .and_then(Lang::from_code)
            .unwrap_or_default();
        let nobody = || Actor {
            subject: "anonymous".into(),
            name: String::new(),
            roles: vec![],
            ..Actor::default()
        };
        Self {
            texts: kit.texts(lang),
            actor: parts.extensions.get::<Actor>().cloned().unwrap_or_else(nobody),
            csrf: parts.extensions.get::<Session>().map(|s| s.csrf.clone()),
            acting_for: parts.extensions.get::<Session>().and_then(|s| s.acting_for.clone()),
            opened: parts.extensions.get::<View>().map(View::grants).unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            title: "Sinfonia".into(),
            crumbs: Vec::new(),
            flash: Flash::from_headers(&parts.headers),
            now: kit.clock.now(),
            scripts: Vec::new(),
            styles: Vec::new(),
            kit: kit.clone(),
        }
    }

    /// With the title of a message key.
    #[must_use]
    pub fn titled(self, key: &str) -> Self {
        let title = self.t(key);
        self.with_title(title)
    }

    /// With this title, e.g. a patient's name.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// With one more step of the breadcrumb, labelled by a message key. The page itself is added by its title.
    #[must_use]
    pub fn crumb(self, path: &str, key: &str) -> Self {
        let label = self.t(key);
        self.crumb_named(path, label)
    }

    /// With one more step of the breadcrumb.
    #[must_use]
    pub fn crumb_named(mut self, path: &str, label: impl Into<String>) -> Self {
        self.crumbs.push(Crumb {
            path: path.to_owned(),
            label: label.into(),
        });
        self
    }

    /// With a message at the top of this very page.
    #[must_use]
    pub fn with_flash(mut self, flash: Flash) -> Self {
        self.flash = Some(flash);
        self
    }

    /// With the diagram island (pan and zoom over a [`crate::diagram`]).
    #[must_use]
    pub fn with_diagram(mut self) -> Self {
        self.scripts.push("diagram.js");
        self.styles.push("diagram.css");
        self
    }

    /// With the form island (shows and hides questions while one types).
    #[must_use]
    pub fn with_form(mut self) -> Self {
        self.scripts.push("form.js");
        self
    }

    /// With the map island (draws what has `data-lat` and `data-lon` into `data-map`).
    #[must_use]
    pub fn with_map(mut self) -> Self {
        self.scripts.push("map.js");
        self.styles.push("map.css");
        self
    }

    /// With the passkey island (`data-passkey` buttons).
    #[must_use]
    pub fn with_passkey(mut self) -> Self {
        self.scripts.push("passkey.js");
        self
    }

    /// For nobody any more: the session was just closed.
    #[must_use]
    pub(crate) fn signed_off(mut self) -> Self {
        (self.csrf, self.acting_for, self.actor.roles) = (None, None, Vec::new());
        self.opened.clear();
        self
    }

    /// Name of the person whose data are seen, when they are not one's own.
    pub fn acting_for(&self) -> Option<&String> {
        self.acting_for.as_ref()
    }

    /// The accesses that are open for a time: shown on every page, with the moment they end.
    pub fn opened(&self) -> Vec<Opened> {
        let shown = self.opened.iter().map(|grant| {
            let left = grant.until.duration_since(self.now).as_secs().max(0);
            Opened {
                id: grant.id.clone(),
                emergency: grant.kind == GrantKind::Emergency,
                patient: grant.patient.clone(),
                name: grant.patient_name.clone(),
                until: format::time(grant.until),
                minutes: u64::try_from(left).unwrap_or_default().div_ceil(60),
                instant: grant.until.to_string(),
            }
        });
        shown.collect()
    }

    /// A capacity in words: `Cittadino`, `Medico di medicina generale · ASL 1`.
    pub fn capacity_name(&self, capacity: &Capacity) -> String {
        if capacity.subject.starts_with("Patient/") {
            return self.t("capacity-citizen");
        }
        let roles: Vec<String> = capacity.roles.iter().map(|role| self.role_name(role)).collect();
        let unit = capacity.organization_name.as_ref().or(capacity.organization.as_ref());
        match unit {
            Some(unit) => format!("{} · {unit}", roles.join(", ")),
            None => roles.join(", "),
        }
    }

    /// Who is signed in; on a public page perhaps `anonymous` without roles.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether somebody is signed in.
    pub fn signed_in(&self) -> bool {
        self.csrf.is_some()
    }

    /// The messages in the page's language.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Language.
    pub fn lang(&self) -> Lang {
        self.texts.lang()
    }

    /// The moment the page is made.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Breadcrumb without the page itself.
    pub fn crumbs(&self) -> &[Crumb] {
        &self.crumbs
    }

    /// Message at the top.
    pub fn flash(&self) -> Option<&Flash> {
        self.flash.as_ref()
    }

    /// A message.
    pub fn t(&self, key: &str) -> String {
        self.texts.t(key)
    }

    /// A message with one value.
    pub fn t1(&self, key: &str, name: &'static str, value: impl Into<Arg>) -> String {
        self.texts.get(key, &[(name, value.into())])
    }

    /// A message with two values.
    pub fn t2(
        &self,
        key: &str,
        name: &'static str,
        value: impl Into<Arg>,
        other: &'static str,
        other_value: impl Into<Arg>,
    ) -> String {
        self.texts
            .get(key, &[(name, value.into()), (other, other_value.into())])
    }

    /// The name of a role, e.g. `medico di medicina generale`; an unknown role as it is.
    pub fn role_name(&self, role: &str) -> String {
        self.texts
            .find(&format!("role-{role}"), &[])
            .unwrap_or_else(|| role.to_owned())
    }

    /// The actor's first role by name.
    pub fn actor_role(&self) -> String {
        self.actor
            .roles
            .first()
            .map(|role| self.role_name(role))
            .unwrap_or_default()
    }

    /// `21/11/2026`.
    pub fn date(&self, at: &Timestamp) -> String {
        format::date(format::local_date(*at))
    }

    /// `21/11/2026, 14:30`.
    pub fn date_time(&self, at: &Timestamp) -> String {
        format::date_time(*at)
    }

    /// A FHIR date or dateTime.
    pub fn fhir_date(&self, text: &str) -> String {
        format::fhir_date(text)
    }

    /// `scaduto da 3 giorni`, `fra 2 settimane`; `senza scadenza` for `None`.
    pub fn due(&self, due: &Option<Timestamp>) -> String {
        due.map_or_else(|| self.t("due-none"), |due| format::due(&self.texts, due, self.now))
    }

    /// Whether a due moment has passed.
    pub fn is_overdue(&self, due: &Option<Timestamp>) -> bool {
        due.is_some_and(|due| due < self.now)
    }

    /// A decimal number in the page's language.
    pub fn decimal(&self, number: &str) -> String {
        format::decimal(number, self.lang())
    }

    /// How many of something, in the page's language: `1.500`. Years, codes and ports are written as they are.
    pub fn number(&self, n: impl Into<Arg>) -> String {
        match n.into() {
            Arg::Number(n) => format::count(n, self.lang()),
            Arg::Text(text) => text,
        }
    }

    /// The hidden field that every `<form method="post">` must hold.
    pub fn csrf(&self) -> Html {
        let token = crate::html::escape(self.csrf.as_deref().unwrap_or(""));
        Html(format!("<input type=\"hidden\" name=\"_csrf\" value=\"{token}\">"))
    }

    /// The session's token, for a script's `x-csrf-token` header.
    pub fn csrf_token(&self) -> &str {
        self.csrf.as_deref().unwrap_or("")
    }

    /// Address of an asset, e.g. `app.css`.
    pub fn asset(&self, name: &str) -> String {
        assets::path(name)
    }

    /// An icon of the sprite, hidden from screen readers: `icon("it-user", "icon-sm")`.
    pub fn icon(&self, name: &str, class: &str) -> Html {
        let (href, name, class) = (
            assets::path("sprites.svg"),
            crate::html::escape(name),
            crate::html::escape(class),
        );
        Html(format!(
            "<svg class=\"icon {class}\" aria-hidden=\"true\"><use href=\"{href}#{name}\"></use></svg>"
        ))
    }

    /// The path asked for, without query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Scripts the layout adds.
    pub fn scripts(&self) -> &[&'static str] {
        &self.scripts
    }

    /// Style sheets the layout adds.
    pub fn styles(&self) -> &[&'static str] {
        &self.styles
    }

    /// Entries of the main navigation that the actor may use.
    pub fn nav(&self) -> Vec<NavEntry> {
        let items = self.kit.navigation.iter().filter(|_| self.signed_in());
        let seen = items.filter(|item| {
            // An administrator sees every service, but has no pathway of their own.
            let oversees = self.actor.has_role("admin") && item.roles != ["assistito"];
            item.roles.is_empty() || oversees || item.roles.iter().any(|r| self.actor.has_role(r))
        });
        let seen: Vec<_> = seen.collect();
        let leads_here = |path: &str| {
            let below = |rest: &str| rest.starts_with('/') && path != "/";
            self.path == path || self.path.strip_prefix(path).is_some_and(below)
        };
        // Of an entry and one below it, the one below.
        let paths = seen.iter().map(|item| item.path);
        let here = paths.filter(|path| leads_here(path)).max_by_key(|path| path.len());
        seen.iter()
            .map(|item| NavEntry {
                path: item.path,
                label: if self.lang() == Lang::It { item.it } else { item.en },
                current: here == Some(item.path),
            })
            .collect()
    }

    /// `303 See Other` to a path of this site, with a message for the page that follows.
    pub fn redirect(&self, to: &str, flash: Flash) -> Answer {
        let mut response = redirect(to)?;
        let cookie = access::set_cookie(COOKIE, &flash.encode(), false, Some(60));
        response.headers_mut().append(header::SET_COOKIE, cookie);
        Ok(response)
    }
}

impl Page {
    /// The message `<group>-<name>`; the name itself where there is none: kinds that come from elsewhere.
    pub fn named(&self, group: &str, name: &str) -> String {
        let found = self.texts.find(&format!("{group}-{name}"), &[]);
        found.unwrap_or_else(|| name.to_owned())
    }

    /// `303 See Other` without a word.
    pub fn go(&self, to: &str) -> Answer {
        redirect(to)
    }
}

/// `303 See Other` to a path of this site.
pub fn redirect(to: &str) -> Answer {
    // Browsers drop tabs and line ends: "/<tab>/host" would lead away.
    let plain = to.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    let inside = plain && to.starts_with('/') && !to.starts_with("//");
    let to = HeaderValue::from_str(if inside { to } else { "/" });
    let to = to.map_err(|_| Failure::Internal("a redirect with characters that no address has".into()))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, to);
    Ok(response)
}

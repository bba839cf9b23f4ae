//! The routes of the authorisation server. The pages that ask persons stand with the other pages.

use crate::client::ClientChange;
use crate::form::{Form, MAX_FORM};
use crate::{Client, Launch, Oauth, OauthError, authorize, introspect, metadata, revoke, token};
use access::{Actor, Description, Policy, Routes};
use axum::Json;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use std::sync::Arc;

/// Administrators, at a session of their own: never a client that acts for one.
const ADMINS: Policy = Policy::May("applications.administer");

/// All of them.
pub fn routes(oauth: &Arc<Oauth>) -> Routes {
    metadata_and_keys(oauth)
        .merge(endpoints(oauth))
        .merge(of_persons(oauth))
        .merge(of_admins(oauth))
}

fn metadata_and_keys(oauth: &Arc<Oauth>) -> Routes {
    let fixed = |value: Value| get(move || async move { cached(value) });
    let a = oauth.clone();
    let config = &oauth.config;
    let public = Policy::Public;
    Routes::new()
        .route(
            Method::GET,
            "/.well-known/openid-configuration",
            public,
            fixed(metadata::openid(config)),
        )
        .described(
            "What the authorisation server can do (OpenID Connect Discovery)",
            Description::default(),
        )
        .route(
            Method::GET,
            "/.well-known/oauth-authorization-server",
            public,
            fixed(metadata::openid(config)),
        )
        .described(
            "What the authorisation server can do (RFC 8414)",
            Description::default(),
        )
        .route(
            Method::GET,
            "/fhir/.well-known/smart-configuration",
            public,
            fixed(metadata::smart(config)),
        )
        .route(
            Method::GET,
            "/oauth/jwks",
            public,
            get(move || async move { cached(a.signing_keys().published(a.now()).to_json()) }),
        )
        .described("The public keys that sign tokens (JWKS)", Description::default())
}

/// Where applications and systems ask for tokens, and about them.
fn endpoints(oauth: &Arc<Oauth>) -> Routes {
    let (b, c, d, e) = (oauth.clone(), oauth.clone(), oauth.clone(), oauth.clone());
    let public = Policy::Public;
    Routes::new()
        .route(
            Method::GET,
            "/oauth/authorize",
            public,
            get(move |uri: Uri| authorize::handle(b, uri)),
        )
        .described(
            "Asks a person for permission (authorisation code with PKCE)",
            Description::default(),
        )
        .route(
            Method::POST,
            "/oauth/token",
            public,
            post(move |request: Request| async move {
                let (parts, form) = read(request).await?;
                token::answer(&c, &parts, &form).await.map(fresh)
            }),
        )
        .described(
            "Gives tokens for a code, a refresh token or client credentials (form-encoded)",
            Description::default(),
        )
        .route(
            Method::POST,
            "/oauth/introspect",
            public,
            post(move |request: Request| async move {
                let (parts, form) = read(request).await?;
                introspect::answer(&d, &parts, &form).await.map(fresh)
            }),
        )
        .described(
            "Says what a token is worth (RFC 7662, form-encoded)",
            Description::default(),
        )
        .route(
            Method::POST,
            "/oauth/revoke",
            public,
            post(move |request: Request| async move {
                let (parts, form) = read(request).await?;
                revoke::answer(&e, &parts, &form)
                    .await
                    .map(|()| StatusCode::OK.into_response())
            }),
        )
        .described("Takes a token back (RFC 7009, form-encoded)", Description::default())
}

fn of_persons(oauth: &Arc<Oauth>) -> Routes {
    let (a, b) = (oauth.clone(), oauth.clone());
    Routes::new()
        .route(
            Method::GET,
            "/oauth/userinfo",
            Policy::SignedIn,
            get(move |actor: Actor| async move {
                let client = actor
                    .client
                    .as_ref()
                    .ok_or_else(|| OauthError::request("ask with an access token"))?;
                let mut answer = json!({ "sub": token::subject(&a, &client.client, &actor.subject) });
                if client.has_scope("profile") {
                    answer["name"] = json!(actor.name);
                }
                if client.has_scope("fhirUser") {
                    answer["fhirUser"] = json!(format!("{}/{}", a.config.fhir, actor.subject));
                }
                Ok::<_, OauthError>(fresh(answer))
            }),
        )
        .described("Who the token speaks of (OpenID Connect)", Description::default())
        .route(
            Method::POST,
            "/oauth/launch",
            Policy::SignedIn,
            post(move |actor: Actor, Json(launch): Json<Launch>| async move {
                b.launch(&actor, launch).await.map(|url| fresh(json!({ "url": url })))
            }),
        )
}

fn of_admins(oauth: &Arc<Oauth>) -> Routes {
    let (a, b, c, d, e) = (
        oauth.clone(),
        oauth.clone(),
        oauth.clone(),
        oauth.clone(),
        oauth.clone(),
    );
    Routes::new()
        .route(
            Method::GET,
            "/oauth/clients",
            ADMINS,
            get(move || async move { a.clients().await.map(|clients| fresh(json!(clients))) }),
        )
        .route(
            Method::POST,
            "/oauth/clients",
            ADMINS,
            post(move |Json(mut client): Json<Client>| async move {
                client.created = b.clock.now();
                b.add_client(&client)
                    .await
                    .map(|()| (StatusCode::CREATED, fresh(json!(client))))
            }),
        )
        .route(
            Method::POST,
            "/oauth/clients/{id}",
            ADMINS,
            post(
                move |Path(id): Path<String>, Json(change): Json<ClientChange>| async move {
                    c.change_client(&id, change).await.map(|client| fresh(json!(client)))
                },
            ),
        )
        .route(
            Method::GET,
            "/oauth/keys",
            ADMINS,
            get(move || async move { d.keys().await.map(|keys| fresh(json!(keys))) }),
        )
        .route(
            Method::POST,
            "/oauth/keys/rotate",
            ADMINS,
            post(move || async move { e.rotate_keys().await.map(|keys| fresh(json!(keys))) }),
        )
}

async fn read(request: Request) -> Result<(Parts, Form), OauthError> {
    let (parts, body) = request.into_parts();
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(OauthError::request(
            "send the parameters as application/x-www-form-urlencoded",
        ));
    }
    let too_large = |_| OauthError::request(format!("the request is larger than {MAX_FORM} bytes"));
    let bytes = axum::body::to_bytes(body, MAX_FORM).await.map_err(too_large)?;
    Ok((parts, Form::parse(&bytes)?))
}

/// An answer that nobody keeps.
fn fresh(value: Value) -> Response {
    let mut response = Json(value).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer that may be kept for five minutes: short enough for a new key to be seen in time.
fn cached(value: Value) -> Response {
    let mut response = Json(value).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

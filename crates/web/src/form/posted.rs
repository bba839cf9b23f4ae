//! What a browser sends for a form: fields, and files where the form takes some.

use super::{MAX_FILE_BYTES, MAX_FILES};
use crate::{Failure, Kit};
use axum::Form;
use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, Multipart, Request};
use http::header;

/// Most bytes of the text of one field of a form with files.
const MAX_FIELD: usize = 64 * 1024;

/// A file, not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Name of the field.
    pub field: String,
    /// Id of the document it will become.
    pub id: String,
    /// Name on the person's machine.
    pub name: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// Fields and files of a form; an axum extractor for both ways of sending one. A route that takes files needs a
/// `DefaultBodyLimit` of [`Posted::MAX_BODY`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posted {
    /// Names and values, in order.
    pub fields: Vec<(String, String)>,
    /// Files that are not empty.
    pub files: Vec<Uploaded>,
}

impl Posted {
    /// Largest body of a form with files: all files and some fields.
    pub const MAX_BODY: usize = MAX_FILE_BYTES + (512 << 10);

    /// Fields alone.
    pub fn of(fields: &[(String, String)]) -> Self {
        Self {
            fields: fields.to_vec(),
            files: Vec::new(),
        }
    }

    /// The first value of a field.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

impl<S> FromRequest<S> for Posted
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let multipart = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
        if !multipart {
            let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, state)
                .await
                .map_err(|error| Failure::Unprocessable(error.body_text()))?;
            return Ok(Self::of(&fields));
        }
        let ids = Kit::from_ref(state).ids;
        let refuse = |error: axum::extract::multipart::MultipartError| Failure::Unprocessable(error.body_text());
        let mut parts = Multipart::from_request(request, state)
            .await
            .map_err(|error| Failure::Unprocessable(error.body_text()))?;
        let mut posted = Self::default();
        while let Some(part) = parts.next_field().await.map_err(refuse)? {
            let field = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let bytes = part.bytes().await.map_err(refuse)?;
            match file {
                Some(_) if bytes.is_empty() => {}
                Some(_) if posted.files.len() >= MAX_FILES => {
                    return Err(Failure::Unprocessable(format!("{MAX_FILES} file al massimo")));
                }
                Some(name) => posted.files.push(Uploaded {
                    field,
                    id: ids.next(),
                    name,
                    bytes,
                }),
                None if bytes.len() > MAX_FIELD => {
                    return Err(Failure::Unprocessable(format!("{field}: > {MAX_FIELD} byte")));
                }
                None => posted
                    .fields
                    .push((field, String::from_utf8_lossy(&bytes).into_owned())),
            }
        }
        Ok(posted)
    }
}

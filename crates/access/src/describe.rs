//! What an operation takes and gives, read off its handler's signature: the catalogue of the API is made of it.

use crate::{Actor, Session, View};
use axum::Json;
use axum::extract::{Extension, Path, State};
use http::{HeaderMap, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Makes the schema of one type, its parts in the generator's definitions.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What one operation takes and gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Description {
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Parameters of the query: an object schema, a property each.
    pub query: Option<SchemaOf>,
    /// The body, JSON.
    pub body: Option<SchemaOf>,
    /// The answer, JSON.
    pub answer: Option<SchemaOf>,
    /// Status of success; 0: 200.
    pub status: u16,
}

/// The schema of a type.
pub fn schema_of<T: JsonSchema>() -> SchemaOf {
    |generator| generator.subschema_for::<T>()
}

/// What a handler takes.
pub trait Takes {
    /// Adds what this argument says.
    fn describe(_: &mut Description) {}
}

/// What a handler gives.
pub trait Gives {
    /// Adds what this answer says.
    fn describe(_: &mut Description) {}
}

/// A handler whose signature can be read.
pub trait Described<Arguments> {
    /// What it takes and gives.
    fn description(&self) -> Description;
}

impl<T> Takes for State<T> {}
impl<T> Takes for Path<T> {}
impl<T> Takes for Extension<T> {}
impl Takes for HeaderMap {}
impl Takes for Actor {}
impl Takes for Session {}
impl Takes for View {}
impl Takes for axum::extract::Request {}
impl Takes for axum::body::Bytes {}
impl<T> Takes for Option<T> {}

impl<T: JsonSchema> Takes for Json<T> {
    fn describe(into: &mut Description) {
        into.body = Some(schema_of::<T>());
    }
}

impl<T: JsonSchema> Takes for axum::extract::Query<T> {
    fn describe(into: &mut Description) {
        into.query = Some(schema_of::<T>());
    }
}

impl Gives for axum::response::Response {}
impl Gives for () {}
impl Gives for String {}

impl Gives for StatusCode {
    fn describe(into: &mut Description) {
        into.status = 204;
    }
}

impl<T: JsonSchema> Gives for Json<T> {
    fn describe(into: &mut Description) {
        into.answer = Some(schema_of::<T>());
    }
}

impl<T: Gives> Gives for (StatusCode, T) {
    fn describe(into: &mut Description) {
        into.status = 201;
        T::describe(into);
    }
}

impl<T: Gives, E> Gives for Result<T, E> {
    fn describe(into: &mut Description) {
        T::describe(into);
    }
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<F, Fut, Out, $($argument),*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
            Fut: Future<Output = Out>,
            Out: Gives,
            $($argument: Takes),*
        {
            fn description(&self) -> Description {
                let mut made = Description::default();
                $($argument::describe(&mut made);)*
                Out::describe(&mut made);
                made
            }
        }
    };
}

described!();
described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);
described!(A B C D E G);
described!(A B C D E G H);

/// Reads a handler's signature.
pub fn describe<H: Described<A>, A>(handler: &H) -> Description {
    handler.description()
}

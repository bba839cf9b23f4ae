//! HTTP around the interactions: what is asked, what is answered. No interaction's logic is here.

mod answer;
mod ask;
mod cors;
mod inflate;
mod negotiate;
mod prefer;
mod pretty;
mod strict;
mod view;

pub(crate) use answer::{About, Answer, etag, http_date, refusal, run};
pub(crate) use ask::{Ask, Payload, blocking, parse_etag};
pub use cors::{Origins, cross_origin};
pub(crate) use negotiate::{Format, media_type, to_xml};
pub(crate) use prefer::{Prefer, Return};
pub(crate) use strict::parse;
pub(crate) use view::View;

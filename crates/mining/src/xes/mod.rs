//! XES (IEEE 1849-2016), the XML format of event logs.

mod read;
mod write;

pub use read::{read, read_file};
pub use write::{Attribute, Writer};

//! The hub through its router, over a real SQLite store in a temporary folder.

mod access;
mod access_log;
mod bulk;
mod erase;
mod errors;
mod interactions;
mod load;
mod matching;
mod operations;
mod oracle;
mod paging;
mod params;
mod patch;
mod protocol;
mod prune;
mod search;
mod server;
mod staff;
mod subscriptions;
mod terminology;
mod ties;
mod ties_made;
mod transaction;
mod validation;
mod viewdefinition;
mod xml;

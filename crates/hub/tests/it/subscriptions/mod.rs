//! Subscriptions over real sockets: what comes, in which order, through failures and restarts.

mod criteria;
mod failures;
mod feed;
mod hooks;
mod kill;
mod limits;
mod nodes;
mod rights;
mod sockets;
mod world;

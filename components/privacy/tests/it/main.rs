//! Emergency access, unlocking, reviews, the office's pages and anomalies, through the public routes.

mod emergency;
mod office;
mod review;
mod unlock;
mod watch;
mod world;

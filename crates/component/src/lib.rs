//! What a component is, and how components reach their peers.

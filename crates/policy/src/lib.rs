//! Policy as data: readable Cedar policies, versioned, decided from facts, without IO.

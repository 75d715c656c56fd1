//! What the sources and pages say of each other.

#[path = "house/architecture.rs"]
mod architecture;
#[path = "house/docs.rs"]
mod docs;
#[path = "house/program.rs"]
mod program;
#[path = "house/snippets.rs"]
mod snippets;
#[path = "house/supply.rs"]
mod supply;

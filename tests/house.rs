//! What the sources and pages say of each other.

#[path = "house/architecture.rs"]
mod architecture;
#[path = "house/docs.rs"]
mod docs;
#[path = "house/installed.rs"]
mod installed;
#[path = "house/pictures.rs"]
mod pictures;
#[path = "house/program.rs"]
mod program;
#[path = "house/published.rs"]
mod published;
#[path = "house/snippets.rs"]
mod snippets;
#[path = "house/supply.rs"]
mod supply;

//! Commands that need a file of tests each. They stand in one program since each is linked with everything.

#[path = "commands/auto.rs"]
mod auto;
#[path = "commands/bad_presets.rs"]
mod bad_presets;
#[path = "commands/evidence.rs"]
mod evidence;
#[path = "commands/learning_rate.rs"]
mod learning_rate;
#[path = "commands/nas.rs"]
mod nas;
#[path = "commands/repair.rs"]
mod repair;
#[path = "commands/report.rs"]
mod report;
#[path = "commands/width.rs"]
mod width;

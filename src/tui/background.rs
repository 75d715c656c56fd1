//! What works behind the screen, and the one channel through which it tells its news.

pub mod behind;
pub mod channel;
mod coach;
mod inspector;
mod mender;
pub mod session;
mod sizing;
pub mod start;

//! The one channel that brings every kind of news to the event loop.

use tokio::sync::mpsc;

use super::start::Start;
use crate::run::{Failure, Prepared};
use crate::tui::news::News;

/// What may wait for the loop: little, so that scores come in few and large parts when there are many.
const CHANNEL: usize = 64;

/// What comes to the event loop.
pub struct Arrival {
    /// The session that it is of; none where it counts in any case.
    session: Option<u64>,
    pub what: What,
}

/// What comes to the event loop.
pub enum What {
    News(News),
    /// A preset that is to be opened was read and checked,
    Prepared(Result<Box<Prepared>, Failure>),
    /// ... and so was the study on disk.
    Read(Result<Box<Start>, Failure>),
    /// Something was written into the study on disk; and what went wrong.
    Kept(Vec<String>),
}

/// Tells the event loop what there is.
#[derive(Clone)]
pub struct Teller {
    session: Option<u64>,
    sender: mpsc::Sender<Arrival>,
}

/// The loop has ended, and nobody listens any more.
#[derive(Debug, Clone, Copy)]
pub struct Left;

/// Opens the channel.
#[must_use]
pub fn open() -> (Teller, mpsc::Receiver<Arrival>) {
    let (sender, arrivals) = mpsc::channel(CHANNEL);
    (Teller { session: None, sender }, arrivals)
}

impl Arrival {
    /// Whether it is of this session, or of none.
    #[must_use]
    pub fn is_of(&self, session: u64) -> bool {
        self.session.is_none_or(|of| of == session)
    }
}

impl Teller {
    /// Tells what is news in one session only.
    #[must_use]
    pub fn of(&self, session: u64) -> Self {
        Self { session: Some(session), sender: self.sender.clone() }
    }

    /// Tells it from a thread that may wait.
    ///
    /// # Errors
    /// If the app is being left.
    pub fn tell(&self, what: What) -> Result<(), Left> {
        self.sender.blocking_send(Arrival { session: self.session, what }).map_err(|_| Left)
    }

    /// Tells it from a task.
    ///
    /// # Errors
    /// If the app is being left.
    pub async fn send(&self, news: News) -> Result<(), Left> {
        let arrival = Arrival { session: self.session, what: What::News(news) };
        self.sender.send(arrival).await.map_err(|_| Left)
    }

    /// Works something out on a thread that may wait, and tells it.
    pub fn tell_later(&self, work: impl FnOnce() -> What + Send + 'static) {
        let tell = self.clone();
        tokio::task::spawn_blocking(move || {
            // Without a reader the app is being left.
            let _ = tell.tell(work());
        });
    }
}

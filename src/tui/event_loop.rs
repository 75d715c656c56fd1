//! The loop: waits for keys and news, carries out what the screen asks for, and draws. Nothing here waits for a disk.

mod effects;
mod stopwatch;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::app::{App, Message};
use super::background::channel::{Arrival, Teller, What};
use super::background::session::Session;
use super::background::start::Start;
use super::finalists::Finalists;
use super::news::News;
use super::notice::Notice;
use super::remembered::Remembered;
use super::settings::Settings;
use super::terminal::{Screen, Stops};
use super::theme::Look;
use super::views::training::Training;
use super::{hangup, screen as drawing, terminal};
use crate::cli::RunOptions;
use crate::cluster::states::States;
use crate::run::recording::Recording;
use crate::run::{Failure, Interrupts};
use neartop_study::study::Study;
use stopwatch::Stopwatch;

/// The shortest time between two frames while scores come in.
const FRAME: Duration = Duration::from_millis(33);
/// The shortest time between a frame and the one that answers a key.
const ANSWER: Duration = Duration::from_millis(4);
/// How often the clock on the screen moves.
const TICK: Duration = Duration::from_secs(1);

/// How the app is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    Quit,
    Interrupted,
}

/// What is left of the app when it is left.
pub struct Ended {
    pub how: Leave,
    /// How the screen looked.
    pub remembered: Remembered,
    study: Study,
    recording: Recording,
    /// What is still being written.
    keeping: JoinSet<()>,
    arrivals: mpsc::Receiver<Arrival>,
}

impl Ended {
    /// Waits until all is written; gives what went wrong, as far as that was not said yet.
    pub async fn keep(mut self) -> (Study, Vec<String>) {
        let mut troubles = Vec::new();
        let mut take = |arrival: Arrival| {
            if let What::Kept(trouble) = arrival.what {
                troubles.extend(trouble);
            }
        };
        loop {
            tokio::select! {
                biased;
                Some(arrival) = self.arrivals.recv() => take(arrival),
                done = self.keeping.join_next() => if done.is_none() { break },
            }
        }
        while let Ok(arrival) = self.arrivals.try_recv() {
            take(arrival);
        }
        troubles.extend(self.recording.finish());
        (self.study, troubles)
    }
}

/// What the loop works with.
struct Loop<'a> {
    app: App,
    screen: &'a mut Screen,
    session: Session,
    options: &'a RunOptions,
    look: Look,
    began: Instant,
    stopwatch: Stopwatch,
    tell: Teller,
    /// How many folders were asked for. Only the last one is shown, whichever is read first.
    asked: Arc<AtomicUsize>,
    /// What is being written into the study on disk.
    keeping: JoinSet<()>,
    drawn: Instant,
    /// When the next frame is due; none while the screen shows all there is.
    due: Option<Instant>,
}

/// Shows the app until it is left.
///
/// # Errors
/// If the terminal cannot be used.
pub async fn run(
    screen: &mut Screen,
    (mut interrupts, mut stops): (Interrupts, Stops),
    begun: (Session, Study, Option<States>),
    (tell, mut arrivals): (Teller, mpsc::Receiver<Arrival>),
    options: &RunOptions,
    (look, settings): (Look, Settings),
) -> io::Result<Ended> {
    let mut now = Loop::new(screen, begun, tell, options, look, settings)?;
    let gone = hangup::watch();
    let mut events = EventStream::new();
    let mut tick = tokio::time::interval(TICK);
    // After a rest the clock does not run after the time that it missed.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        now.tell_trouble()?;
        let message = tokio::select! {
            biased;
            () = tokio::time::sleep_until(now.due.unwrap_or(now.drawn).into()), if now.due.is_some() => {
                if now.draw()? { continue }
                return Ok(now.left(Leave::Interrupted, arrivals));
            }
            event = events.next() => match event {
                Some(Ok(event)) => message_of(event),
                Some(Err(_)) | None => return Ok(now.left(Leave::Interrupted, arrivals)),
            },
            () = gone.cancelled() => return Ok(now.left(Leave::Interrupted, arrivals)),
            () = interrupts.next() => return Ok(now.left(Leave::Interrupted, arrivals)),
            stop = stops.next() => Some(Message::Stop(stop)),
            () = std::future::ready(()), if now.app.has_late() => Some(Message::Late),
            Some(arrival) = arrivals.recv() => now.arrived(arrival),
            _ = tick.tick(), if now.app.is_timed() => Some(Message::Tick(now.began.elapsed())),
        };
        if let Some(how) = message.map_or(Ok(None), |message| now.take(message))? {
            return Ok(now.left(how, arrivals));
        }
    }
}

fn message_of(event: Event) -> Option<Message> {
    Some(match event {
        Event::Key(key) => Message::Key(key),
        Event::Mouse(mouse) => Message::Mouse(mouse),
        Event::Paste(text) => Message::Paste(text),
        Event::Resize(width, height) => Message::Resized(Size::new(width, height)),
        Event::FocusGained | Event::FocusLost => return None,
    })
}

/// The shortest time between a frame and the one that shows what a message did.
fn wait_for(message: &Message) -> Duration {
    match message {
        Message::Key(_) | Message::Mouse(_) | Message::Paste(_) | Message::Resized(_) | Message::Stop(_) => ANSWER,
        Message::Frame(_) | Message::Late | Message::Tick(_) => FRAME,
        Message::News(news) => match news {
            News::Scored(_) | News::Ranked(_) | News::Chunks(_) | News::Sized(..) => FRAME,
            News::Inspected(..) | News::Training(_) => FRAME,
            News::Ended | News::Found(_) | News::Deleted(_) | News::Opened(_) | News::Repaired(..) => ANSWER,
            News::Written(_) | News::Copied(_) | News::Noted(_) | News::Completed { .. } => ANSWER,
        },
    }
}

impl<'a> Loop<'a> {
    fn new(
        screen: &'a mut Screen,
        (session, study, chunks): (Session, Study, Option<States>),
        tell: Teller,
        options: &'a RunOptions,
        look: Look,
        settings: Settings,
    ) -> io::Result<Self> {
        let mut app = App::with_keymap(study, terminal::size()?, settings.keymap);
        if let Some(text) = session.recording.found() {
            app.cx.say(text);
        }
        (app.cx.chunks, app.cx.has_mouse) = (chunks, settings.mouse);
        app.want_columns(settings.columns);
        settings.sorting.into_iter().for_each(|sorting| app.sort(&sorting));
        for trouble in settings.troubles {
            app.cx.warn(format!("settings: {trouble}"));
        }
        screen.set_mouse(settings.mouse)?;
        let (stopwatch, began) = (Stopwatch::start(), Instant::now());
        let keeping = JoinSet::new();
        let (drawn, due) = (began, Some(began));
        let asked = Arc::default();
        let mut new = Self { app, screen, session, options, look, began, stopwatch, tell, asked, keeping, drawn, due };
        new.tell_recorded();
        Ok(new)
    }

    /// Tells the screen where what is scored is recorded.
    fn tell_recorded(&mut self) {
        self.app.cx.recorded = self.session.recording.key().map(str::to_owned);
        self.app.cx.is_recorded = self.app.cx.recorded.is_some() || self.app.cx.chunks.is_some();
        if self.session.is_shared {
            self.app.cx.warn("another neartop records the same run: both score it, and both keep what they score");
        }
    }

    /// Takes a message in and carries out what it leads to.
    fn take(&mut self, message: Message) -> io::Result<Option<Leave>> {
        self.app.cx.now = self.began.elapsed();
        let next = self.drawn + wait_for(&message);
        self.due = Some(self.due.map_or(next, |due| due.min(next)));
        let is_opened = matches!(message, Message::News(News::Opened(Ok(_))));
        let effect = self.app.update(message);
        if is_opened {
            self.tell_recorded();
        }
        effect.map_or(Ok(None), |effect| self.carry_out(effect))
    }

    /// Lets the screen know something at once, and carries out what that leads to.
    fn know(&mut self, message: impl Into<Message>) -> io::Result<()> {
        let effect = self.app.update(message);
        effect.map_or(Ok(None), |effect| self.carry_out(effect)).map(drop)
    }

    /// Draws a frame; false where the terminal is gone.
    fn draw(&mut self) -> io::Result<bool> {
        if let Some(effect) = self.app.update(Message::Frame(self.stopwatch.elapsed())) {
            self.carry_out(effect)?;
        }
        let (app, look) = (&self.app, &self.look);
        let drawn = self.screen.draw(|frame| drawing::draw(frame, app, look));
        (self.drawn, self.due) = (Instant::now(), None);
        if let Err(error) = &drawn {
            // What is closed ends the program as a signal does.
            tracing::error!(%error, "the terminal is gone");
        }
        Ok(drawn.is_ok())
    }

    /// Says what went wrong with the study on disk.
    fn tell_trouble(&mut self) -> io::Result<()> {
        if let Some(text) = self.session.recording.trouble() {
            self.know(News::Noted(Notice::warn(text)))?;
            self.due = self.due.or(Some(self.drawn + FRAME));
        }
        Ok(())
    }

    /// What the screen is to learn of what has come; nothing where it is of an earlier session.
    fn arrived(&mut self, arrival: Arrival) -> Option<Message> {
        if !arrival.is_of(self.session.number) {
            return None;
        }
        let news = match arrival.what {
            What::News(news) => {
                match &news {
                    News::Scored(scores) => scores.iter().for_each(|score| self.session.recording.record(score)),
                    News::Ended => self.stopwatch.pause(true),
                    _ => {}
                }
                news
            }
            What::Kept(troubles) if troubles.is_empty() => return None,
            What::Kept(troubles) => News::Noted(Notice::warn(troubles.join("; "))),
            What::Prepared(Err(failure)) | What::Read(Err(failure)) => News::Opened(Err(failure)),
            What::Prepared(Ok(prepared)) => {
                self.read_study(*prepared);
                return None;
            }
            What::Read(Ok(start)) => News::Opened(self.replace_session(*start)),
        };
        Some(news.into())
    }

    /// Starts another session in the place of this one.
    fn replace_session(&mut self, start: Start) -> Result<Box<Study>, Failure> {
        let number = self.session.number + 1;
        self.session.withdraw();
        let (new, study, _) = Session::begin(start, self.options, None, number, &self.tell)?;
        let keeper = self.unfinished();
        let old = std::mem::replace(&mut self.session, new);
        self.keep(move || {
            let trouble = keeper.and_then(|keeper| keeper());
            let mut troubles = old.recording.finish();
            troubles.extend(trouble);
            troubles
        });
        self.stopwatch = Stopwatch::start();
        Ok(Box::new(study))
    }

    /// Writes into the study on disk, on a thread that may wait.
    fn keep(&mut self, work: impl FnOnce() -> Vec<String> + Send + 'static) {
        let tell = self.tell.clone();
        self.keeping.spawn_blocking(move || {
            // Whoever leaves the app reads on until all is kept.
            let _ = tell.tell(What::Kept(work()));
        });
    }

    /// What writes what the training said, of one candidate or of all; none where nobody is trained.
    fn keeper(
        &self,
        finalists: &Finalists,
        only: Option<usize>,
    ) -> Option<impl FnOnce() -> Option<String> + Send + use<>> {
        Some(self.session.keeper(finalists.plan.as_ref()?, finalists.results.as_ref()?, only))
    }

    /// The same for a training that is left before its end.
    fn unfinished(&self) -> Option<impl FnOnce() -> Option<String> + Send + use<>> {
        let finalists = self.app.view::<Training>()?.finalists.as_ref()?;
        if finalists.has_ended { None } else { self.keeper(finalists, None) }
    }

    /// What is left of the app when it is left.
    fn left(mut self, how: Leave, arrivals: mpsc::Receiver<Arrival>) -> Ended {
        if let Some(keeper) = self.unfinished() {
            self.keep(move || keeper().into_iter().collect());
        }
        let remembered = Remembered { theme: self.look.chosen(), sorting: self.app.cx.table.sorting() };
        let Self { app, session, keeping, .. } = self;
        Ended { how, remembered, study: app.into_study(), recording: session.recording, keeping, arrivals }
    }

    /// The terminal may have another size since the program was stopped.
    fn resized(&mut self) -> io::Result<()> {
        let size = terminal::size()?;
        self.know(Message::Resized(size))
    }
}

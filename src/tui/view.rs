//! Draws the state.
//!
//! ```text
//! header    preset, network, best candidate, progress
//! view      ranking: the table             | where the screen is wide,
//! layers    bars of the selected candidate | the ranking has them at its side
//! footer    what just happened, or keys
//! ```

mod candidate;
mod export;
mod footer;
mod header;
pub mod help;
mod layers;
mod library;
mod matrix;
mod palette;
mod plot;
mod ranking;
mod sizes;
mod space;
mod tabs;
mod training;

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::app::{App, Mode, View};
use super::keymap::Action;
use super::matrix::Grid;
use super::theme::Look;

/// The least screen that anything is drawn on.
const LEAST: (u16, u16) = (40, 10);
/// From this width on, the table and the layers stand side by side.
const WIDE: u16 = 120;
/// From this height on, the views have a line with their names.
const TALL: u16 = 20;

/// Where things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub header: Rect,
    /// Empty where there is no room.
    pub tabs: Rect,
    pub ranking: Rect,
    /// Empty where there is no room or the user hid it.
    pub detail: Rect,
    pub footer: Rect,
}

impl Layout {
    #[must_use]
    pub fn of(app: &App, area: Rect) -> Self {
        let wanted = match app.view {
            View::Ranking => None,
            View::Candidate(_) | View::Space | View::Training | View::Library => Some(u16::MAX),
            View::Matrix => {
                let grid = app.selected.and_then(|id| Grid::around(&app.study, id));
                Some(grid.map_or(0, |grid| matrix::wanted_height(&grid)))
            }
        };
        Self::new(area, 3 + u16::from(app.chunks.is_some()), app.show_detail, wanted)
    }

    /// `wanted` lines of the body go to the view; where it does not say, it shares them with the detail.
    fn new(area: Rect, header: u16, show_detail: bool, wanted: Option<u16>) -> Self {
        let tabs = u16::from(area.height >= TALL && area.width >= tabs::LEAST);
        let parts = [header, tabs].map(Constraint::Length);
        let parts = [parts[0], parts[1], Constraint::Min(0), Constraint::Length(1)];
        let [header, tabs, body, footer] = ratatui::layout::Layout::vertical(parts).areas(area);
        let [ranking, detail] = if !show_detail || body.height < 9 {
            [body, Rect::ZERO]
        } else if let Some(wanted) = wanted {
            let rest = body.height.saturating_sub(wanted);
            // Less than two bars below title and facts are not worth the room.
            let parts = [Constraint::Min(0), Constraint::Length(if rest < 4 { 0 } else { rest })];
            ratatui::layout::Layout::vertical(parts).areas(body)
        } else if area.width >= WIDE {
            let detail = (area.width * 2 / 5).min(90);
            let sides = [Constraint::Min(0), Constraint::Length(detail)];
            ratatui::layout::Layout::horizontal(sides).spacing(1).areas(body)
        } else {
            let halves = [Constraint::Min(0), Constraint::Length(body.height * 2 / 5)];
            ratatui::layout::Layout::vertical(halves).areas(body)
        };
        Self { header, tabs, ranking, detail, footer }
    }

    /// Candidates that the table shows at a time.
    #[must_use]
    pub fn table_rows(&self) -> usize {
        usize::from(self.ranking.height.saturating_sub(2))
    }

    /// Layers that the pane shows at a time.
    #[must_use]
    pub fn detail_rows(&self) -> usize {
        let [_, bars] = layers::split(self.detail);
        usize::from(bars.height)
    }
}

/// What a click means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Candidate(usize),
    /// The head of a column of the ranking.
    Column(usize),
    /// A line of another list.
    Line(usize),
    /// A key of the footer, or the name of a view.
    Hint(Action),
}

/// What stands at a place of the screen.
#[must_use]
pub fn target(app: &App, at: Position) -> Option<Target> {
    let layout = Layout::of(app, Rect::from((Position::ORIGIN, app.size)));
    if layout.footer.contains(at) {
        return footer::hint_at(app, layout.footer, at).map(Target::Hint);
    }
    let screen = Rect::from((Position::ORIGIN, app.size));
    match &app.mode {
        Mode::Browse => {}
        Mode::Palette(palette) => return palette::line_at(palette, app, screen, at).map(Target::Line),
        _ => return None,
    }
    if layout.tabs.contains(at) {
        return tabs::action_at(app, layout.tabs, at).map(Target::Hint);
    }
    if !layout.ranking.contains(at) {
        return None;
    }
    match app.view {
        View::Ranking => ranking::target(app, layout.ranking, at),
        View::Matrix => matrix::candidate_at(app, layout.ranking, at).map(Target::Candidate),
        View::Library => library::line_at(&app.library, layout.ranking, at).map(Target::Line),
        View::Space => space::line_at(app.draft.as_ref()?, layout.ranking, at).map(Target::Line),
        View::Training => training::line_at(app.finalists.as_ref()?, app, layout.ranking, at).map(Target::Line),
        View::Candidate(_) => None,
    }
}

/// The first line of the list that a view shows, other than the ranking, so that the chosen one is on the screen.
#[must_use]
pub fn list_offset(app: &App) -> usize {
    let area = Layout::of(app, Rect::from((Position::ORIGIN, app.size))).ranking;
    match (app.view, &app.draft, &app.finalists) {
        (View::Library, ..) => library::offset(&app.library, area),
        (View::Space, Some(draft), _) => space::offset(draft, area),
        (View::Training, _, Some(finalists)) => training::offset(finalists, app, area),
        _ => 0,
    }
}

/// Where a list begins that began at `offset`, so that the chosen line is within its height, and what stands above the
/// first line too.
fn scrolled_to(offset: usize, chosen: usize, height: u16, count: usize) -> usize {
    let height = usize::from(height).max(1);
    let least = (chosen + 1).saturating_sub(height);
    offset.clamp(least, chosen.saturating_sub(1).max(least)).min(count.saturating_sub(height))
}

/// Draws a frame.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("{} x {} is too small, {} x {} is enough", area.width, area.height, LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }), area);
        return;
    }
    let layout = Layout::of(app, area);
    header::draw(frame, layout.header, app, look);
    tabs::draw(frame, layout.tabs, app, look);
    match app.view {
        View::Ranking => ranking::draw(frame, layout.ranking, app, look),
        View::Candidate(shown) => candidate::draw(frame, layout.ranking, shown, app, look),
        View::Library => library::draw(frame, layout.ranking, app, look),
        View::Training => {
            if let Some(finalists) = &app.finalists {
                training::draw(frame, layout.ranking, finalists, app, look);
            }
        }
        View::Space => {
            if let Some(draft) = &app.draft {
                space::draw(frame, layout.ranking, draft, app, look);
            }
        }
        View::Matrix => matrix::draw(frame, layout.ranking, app, look),
    }
    layers::draw(frame, layout.detail, app, look);
    footer::draw(frame, layout.footer, app, look);
    match &app.mode {
        Mode::Help(shown) => help::draw(frame, shown, app, look),
        Mode::Export(dialog) => export::draw(frame, dialog, app, look),
        Mode::Palette(shown) => palette::draw(frame, shown, app, look),
        Mode::Sizes(sizes) => sizes::draw(frame, sizes, app, look),
        Mode::Browse | Mode::Filter { .. } | Mode::Prompt(_) => {}
    }
}

/// A line with a title above a pane.
fn pane<'a>(title: impl Into<Line<'a>>, look: &Look) -> Block<'a> {
    Block::new()
        .borders(Borders::TOP)
        .border_set(look.signs.border)
        .border_style(look.theme.border)
        .title(title)
        .title_style(look.theme.title)
}

/// A window over the rest, in the middle, of at most this size. Returns its inside.
fn window(frame: &mut Frame<'_>, title: &str, width: u16, height: u16, look: &Look) -> Rect {
    window_at(frame, title, window_area(frame.area(), width, height), look)
}

/// Where a window of at most this size stands.
fn window_area(screen: Rect, width: u16, height: u16) -> Rect {
    // The footer says which keys the window takes.
    let area = Rect { height: screen.height.saturating_sub(1), ..screen };
    let [area] = ratatui::layout::Layout::horizontal([Constraint::Max(width)]).flex(Flex::Center).areas(area);
    let [area] = ratatui::layout::Layout::vertical([Constraint::Max(height)]).flex(Flex::Center).areas(area);
    area
}

fn window_at(frame: &mut Frame<'_>, title: &str, area: Rect, look: &Look) -> Rect {
    let block = Block::bordered()
        .border_set(look.signs.border)
        .border_style(look.theme.key)
        .title(format!(" {title} "))
        .title_style(look.theme.title);
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inside
}

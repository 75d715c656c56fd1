//! Where things stand on the screen.
//!
//! ```text
//! header    preset, network, best candidate, progress
//! tabs      the names of the views
//! view      ranking: the table             | where the screen is wide,
//! layers    bars of the selected candidate | the ranking has them at its side
//! footer    what just happened, or keys
//! ```

use ratatui::layout::{Constraint, Position, Rect};

use super::context::Context;

/// The least screen that anything is drawn on.
pub const LEAST: (u16, u16) = (40, 10);
/// From this width on, the table and the layers stand side by side.
const WIDE: u16 = 120;
/// From this height on, the views have a line with their names,
const TALL: u16 = 20;
/// ... and from this width on: columns that all names take with their keys, as the program binds them.
const TABS: u16 = 72;

/// Where things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub header: Rect,
    /// Empty where there is no room.
    pub tabs: Rect,
    pub view: Rect,
    /// Empty where there is no room or the user hid it.
    pub detail: Rect,
    pub footer: Rect,
}

/// The whole screen.
#[must_use]
pub fn screen(cx: &Context) -> Rect {
    Rect::from((Position::ORIGIN, cx.size))
}

impl Layout {
    /// `wanted` lines of the body go to the view; where it does not say, it shares them with the detail.
    #[must_use]
    pub fn of(cx: &Context, wanted: Option<u16>) -> Self {
        let area = screen(cx);
        let header = 3 + u16::from(cx.chunks.is_some());
        let tabs = u16::from(area.height >= TALL && area.width >= TABS);
        let parts = [header, tabs].map(Constraint::Length);
        let parts = [parts[0], parts[1], Constraint::Min(0), Constraint::Length(1)];
        let [header, tabs, body, footer] = ratatui::layout::Layout::vertical(parts).areas(area);
        let [view, detail] = parted(body, cx, wanted);
        Self { header, tabs, view, detail, footer }
    }
}

/// The view and the detail.
fn parted(body: Rect, cx: &Context, wanted: Option<u16>) -> [Rect; 2] {
    if !cx.show_detail || body.height < 9 {
        return [body, Rect::ZERO];
    }
    if let Some(wanted) = wanted {
        let rest = body.height.saturating_sub(wanted);
        // Less than two bars below title and facts are not worth the room.
        let parts = [Constraint::Min(0), Constraint::Length(if rest < 4 { 0 } else { rest })];
        return ratatui::layout::Layout::vertical(parts).areas(body);
    }
    if body.width >= WIDE {
        let detail = (body.width * 2 / 5).min(90);
        let sides = [Constraint::Min(0), Constraint::Length(detail)];
        return ratatui::layout::Layout::horizontal(sides).spacing(1).areas(body);
    }
    // What it would leave empty goes to the table.
    let layers = cx.selected().map_or(0, |id| cx.study.effective_ranks(id).len() as u16);
    let most = body.height * 2 / 5;
    let detail = if layers > 0 && most < 15 { most.min(layers + 2) } else { most };
    let halves = [Constraint::Min(0), Constraint::Length(detail)];
    ratatui::layout::Layout::vertical(halves).areas(body)
}

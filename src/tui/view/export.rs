//! Format and file of an export, with a preview.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::footer::scrolled;
use super::window;
use crate::tui::app::App;
use crate::tui::export_dialog::ExportDialog;
use crate::tui::theme::Look;
use neartop_io::export::Format;
use neartop_io::preset::printable;

pub fn draw(frame: &mut Frame<'_>, dialog: &ExportDialog, app: &App, look: &Look) {
    let candidate = app.study.candidate(dialog.candidate);
    let title = look.signs.fit(&format!("export {candidate}"), usize::from(frame.area().width.saturating_sub(8)));
    let inside = window(frame, &title, 100, frame.area().height.saturating_sub(2), look);
    let [formats, file, hint, preview] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Length(2), Constraint::Min(0)])
            .areas(inside);
    let formats_line: Line<'_> = Format::ALL
        .iter()
        .enumerate()
        .map(|(place, format)| {
            let style = if place == dialog.format { look.theme.selected } else { look.theme.label };
            Span::styled(format!(" {} ", format.name()), style)
        })
        .collect();
    frame.render_widget(Paragraph::new(formats_line), formats);

    let label = "file ";
    let room = usize::from(file.width).saturating_sub(label.len() + 1);
    let scroll = dialog.path.visual_scroll(room);
    let shown = scrolled(dialog.path.value(), scroll);
    let line = Line::from(vec![Span::styled(label, look.theme.key), Span::raw(shown)]);
    frame.render_widget(Paragraph::new(line), file);
    let column = label.len() + dialog.path.visual_cursor().saturating_sub(scroll);
    frame.set_cursor_position(Position::new(file.x + (column as u16).min(file.width.saturating_sub(1)), file.y));

    let (text, style) = match (&dialog.preview, &app.notice) {
        (Err(reason), _) => (reason.clone(), look.theme.bad),
        (_, Some(notice)) if notice.is_error => (notice.text.clone(), look.theme.bad),
        _ if dialog.confirm => ("there is such a file: Enter replaces it, Esc does not".to_owned(), look.theme.warning),
        _ => ("Enter writes, Up and Down choose the format, PageUp and PageDown scroll".to_owned(), look.theme.label),
    };
    frame.render_widget(Paragraph::new(text).style(style).wrap(ratatui::widgets::Wrap { trim: true }), hint);

    let text = dialog.preview.as_deref().unwrap_or_default();
    let lines: Vec<_> = text.lines().skip(dialog.scroll).map(|line| Line::from(printable(line))).collect();
    frame.render_widget(Paragraph::new(lines), preview);
}

//! Where the selected candidate is exported to and as what, with a preview.

use std::borrow::Cow;
use std::path::PathBuf;

use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Code, Ctrl};
use crate::tui::keymap::shared::{EVERYWHERE, PAGES, TEXT};
use crate::tui::keymap::{Action, bind};
use crate::tui::news::{News, Written};
use crate::tui::repairs::{factors, ways};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{scrolled, window, window_area};
use neartop_io::export::{ExportError, Format};
use neartop_io::preset::printable;
use neartop_study::export;
use neartop_study::study::{Repair, Study};

/// Lines that a turn of the wheel scrolls the preview.
const LINES: usize = 3;
/// Lines that a page of it has.
const PAGE: usize = 10;

const REPAIRED: Action = Action("repaired");

static ABOUT: About = About {
    name: "export",
    opens: Action::EXPORT,
    opener: None,
    tab: None,
    is_window: true,
    keys: &[
        EVERYWHERE,
        &[
            bind(&[Code(KeyCode::Up)], Action::UP, "", "previous format"),
            bind(&[Code(KeyCode::Down), Code(KeyCode::Tab)], Action::DOWN, "format", "next format"),
        ],
        PAGES,
        &[
            bind(&[Ctrl('r')], REPAIRED, "", "as it is, or with the factors of its repair"),
            bind(&[Ctrl('y')], Action::COPY, "", "copy the preview to the clipboard"),
        ],
        TEXT,
    ],
};

/// The window of an export.
#[derive(Debug)]
pub struct Export {
    candidate: usize,
    /// Place among [`ways`] to repair it, from 1; 0 is the candidate as it is.
    way: usize,
    /// What is exported.
    name: String,
    /// Place in [`Format::ALL`].
    format: usize,
    pub path: Input,
    /// What would be written, or why it cannot be.
    preview: Result<String, ExportError>,
    /// The file exists, and accepting once more replaces it.
    confirm: bool,
    scroll: usize,
}

impl Default for Export {
    fn default() -> Self {
        let (path, preview) = (Input::default(), Ok(String::new()));
        Self { candidate: 0, way: 0, name: String::new(), format: 0, path, preview, confirm: false, scroll: 0 }
    }
}

impl View for Export {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        let Some(candidate) = cx.selected_or_say() else { return Opened::Refused };
        // What will not train as it is, whoever looked for its repair wants repaired.
        let way = usize::from(!repairs(&cx.study, candidate).is_empty());
        *self = Self { candidate, way, ..Self::default() };
        self.choose(&cx.study, 0);
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let count = Format::ALL.len();
        match action {
            Action::UP => self.choose(&cx.study, (self.format + count - 1) % count),
            Action::DOWN => self.choose(&cx.study, (self.format + 1) % count),
            REPAIRED => {
                self.way = (self.way + 1) % (repairs(&cx.study, self.candidate).len() + 1);
                self.path = Input::default();
                self.choose(&cx.study, self.format);
            }
            Action::PAGE_UP => self.scroll_by(PAGE, false),
            Action::PAGE_DOWN => self.scroll_by(PAGE, true),
            Action::COPY => return self.preview.as_ref().ok().cloned().map(Effect::Copy),
            Action::ACCEPT => {
                let path = PathBuf::from(self.path.value().trim());
                let extension = path.extension().unwrap_or_default().to_string_lossy();
                if path.as_os_str().is_empty() {
                    cx.warn("a file name is to be written");
                } else if let Some(format) = Format::of_extension(&extension).filter(|f| !self.writes(*f)) {
                    let name = self.path.clone();
                    self.choose(&cx.study, Format::ALL.iter().position(|one| *one == format).unwrap_or(0));
                    self.path = name;
                    cx.warn(format!(".{extension} is for {}: Enter writes that, Down another format", format.name()));
                } else {
                    let text = self.preview.as_ref().ok()?.clone();
                    return Some(Effect::Write { path, text, replace: self.confirm });
                }
            }
            _ => {}
        }
        None
    }

    fn write(&mut self, key: KeyEvent) {
        self.path.handle_event(&Event::Key(key));
        self.confirm = false;
    }

    fn news(&mut self, news: News, cx: &mut Context) -> Result<Option<Effect>, News> {
        match news {
            News::Written(Written::Exists) => {
                self.confirm = true;
                Ok(None)
            }
            News::Written(Written::Done(_)) => {
                cx.close();
                Err(news)
            }
            news => Err(news),
        }
    }

    fn wheel(&mut self, down: bool) -> Option<Action> {
        self.scroll_by(LINES, down);
        None
    }

    fn text(&mut self) -> Option<&mut Input> {
        Some(&mut self.path)
    }

    fn is_written(&self) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let title = look.signs.fit(&format!("export {}", self.name), usize::from(area.width.saturating_sub(8)));
        let at = window_area(area, 100, area.height.saturating_sub(2));
        let inside = window(frame, &title, at, look);
        let repairs = repairs(&cx.study, self.candidate);
        let lines = [1, u16::from(!repairs.is_empty()), 1, 2].map(Constraint::Length);
        let [formats, weights, file, hint, preview] =
            Layout::vertical(lines.into_iter().chain([Constraint::Min(0)])).areas(inside);
        frame.render_widget(Paragraph::new(self.formats(look)), formats);
        frame.render_widget(Paragraph::new(self.weights(&repairs, cx, look)), weights);
        self.draw_path(frame, file, look);
        let (text, style) = self.hint(cx, look);
        frame.render_widget(Paragraph::new(text).style(style).wrap(Wrap { trim: true }), hint);
        let text = self.preview.as_deref().unwrap_or_default();
        let lines: Vec<_> = text.lines().skip(self.scroll).map(|line| Line::from(printable(line))).collect();
        frame.render_widget(Paragraph::new(lines), preview);
        let seen = Seen { offset: self.scroll, count: text.lines().count(), chosen: None };
        seen.draw_in_window(frame, at, preview, look);
    }
}

impl Export {
    /// Whether files of the chosen format end as those of another.
    fn writes(&self, format: Format) -> bool {
        self.chosen().extension() == format.extension()
    }

    fn chosen(&self) -> Format {
        Format::ALL[self.format]
    }

    /// Scrolls the preview, no further than its last line.
    fn scroll_by(&mut self, lines: usize, down: bool) {
        let last = self.preview.as_ref().map_or(0, |text| text.lines().count()).saturating_sub(1);
        self.scroll = if down { (self.scroll + lines).min(last) } else { self.scroll.saturating_sub(lines) };
    }

    /// Another format: its preview, and the path with its extension.
    fn choose(&mut self, study: &Study, format: usize) {
        self.format = format;
        let study = self.repaired(study);
        self.name = study.candidate(self.candidate).to_string();
        self.preview = export::render(&study, self.candidate, self.chosen());
        let name = match self.path.value().rsplit_once('.') {
            Some((stem, _)) => stem.trim_end_matches("_keras").to_owned(),
            None => stem(&study, self.candidate),
        };
        // Two formats share an extension, and the second must not replace the first.
        let suffix = if self.chosen() == Format::Keras { "_keras" } else { "" };
        self.path = Input::new(format!("{name}{suffix}.{}", self.chosen().extension()));
        self.confirm = false;
        self.scroll = 0;
    }

    /// The study, with the candidate repaired in the chosen way.
    fn repaired<'s>(&self, study: &'s Study) -> Cow<'s, Study> {
        match self.way.checked_sub(1).and_then(|place| repairs(study, self.candidate).get(place).copied()) {
            Some(repair) => Cow::Owned(study.of_repaired(self.candidate, repair)),
            None => Cow::Borrowed(study),
        }
    }

    fn formats<'a>(&self, look: &Look) -> Line<'a> {
        choices(Format::ALL.iter().map(|format| format.name().to_owned()), self.format, look).collect()
    }

    /// The candidate as it is and repaired, and which key changes between them.
    fn weights<'a>(&self, repairs: &[&Repair], cx: &Context, look: &Look) -> Line<'a> {
        let key = cx.keymap.label(ABOUT.name, REPAIRED);
        let names = std::iter::once("as it is".to_owned()).chain(repairs.iter().map(|way| factors(way)));
        let key = Span::styled(format!(" {key}"), look.theme.key);
        choices(names, self.way, look).chain((!key.content.trim().is_empty()).then_some(key)).collect()
    }

    fn draw_path(&self, frame: &mut Frame<'_>, area: Rect, look: &Look) {
        let label = "file ";
        let room = usize::from(area.width).saturating_sub(label.len() + 1);
        let scroll = self.path.visual_scroll(room);
        let shown = scrolled(self.path.value(), scroll);
        let line = Line::from(vec![Span::styled(label, look.theme.key), Span::raw(shown)]);
        frame.render_widget(Paragraph::new(line), area);
        let column = label.len() + self.path.visual_cursor().saturating_sub(scroll);
        frame.set_cursor_position(Position::new(area.x + (column as u16).min(area.width.saturating_sub(1)), area.y));
    }

    fn hint(&self, cx: &Context, look: &Look) -> (String, Style) {
        match (&self.preview, &cx.notice) {
            (Err(reason), _) => (reason.to_string(), look.theme.bad),
            (_, Some(notice)) if notice.is_error => (notice.text.clone(), look.theme.bad),
            _ if self.confirm => {
                ("there is such a file: Enter replaces it, Esc does not".to_owned(), look.theme.warning)
            }
            _ => {
                ("Enter writes, Up and Down choose the format, PageUp and PageDown scroll".to_owned(), look.theme.label)
            }
        }
    }
}

/// What there is to choose from, the chosen one marked.
fn choices<'a>(names: impl Iterator<Item = String>, chosen: usize, look: &Look) -> impl Iterator<Item = Span<'a>> {
    names.enumerate().map(move |(place, name)| {
        let style = if place == chosen { look.theme.selected } else { look.theme.label };
        Span::styled(format!(" {name} "), style)
    })
}

/// How a candidate that will not train can be repaired, as far as that was looked for.
fn repairs(study: &Study, candidate: usize) -> Vec<&Repair> {
    let refused = study.trainability(candidate).is_some_and(|t| !t.is_trainable());
    study.repair(candidate).filter(|_| refused).map(ways).unwrap_or_default()
}

/// A file name for a candidate, with all that tells it from the others: `digits_mlp-tanh-orthogonal_gain_auto`.
fn stem(study: &Study, candidate: usize) -> String {
    let c = study.candidate(candidate);
    let (architecture, activation) =
        (c.architecture.as_ref().map(ToString::to_string), c.fill.as_ref().map(ToString::to_string));
    let parts = [Some(study.space.preset.name.clone()), architecture, activation, Some(c.init.to_string())];
    let clean = |part: String| {
        let words = part.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
    };
    let parts = parts.into_iter().flatten().map(clean).filter(|part| !part.is_empty());
    // File systems take 255 bytes, and an extension is to come.
    parts.collect::<Vec<_>>().join("-").chars().take(200).collect()
}

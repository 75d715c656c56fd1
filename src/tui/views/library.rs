//! What can be opened: names by where they come from, and what the chosen one asks for or what is wrong with it.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use crate::run::studies::count;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{ENDS, EVERYWHERE, FILTER, LEAVE, LINES, PAGES, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::library::{Entry, Listing, Offer, Source};
use crate::tui::news::News;
use crate::tui::terms::Terms;
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::layers::wrapped;
use crate::tui::widgets::list::{List, Row, rows};
use crate::tui::widgets::prompt::Prompt;
use crate::tui::widgets::seen::{Seen, position};
use crate::tui::widgets::{filtered_title, inside_pane, pane};
use neartop_io::preset::printable;
use neartop_study::store::Summary;

/// From this width on the preview stands beside the list.
const WIDE: u16 = 60;

const FOLDER: Action = Action("folder");
const DELETE_STUDY: Action = Action("delete-study");
const PREVIEW_UP: Action = Action("preview-up");
const PREVIEW_DOWN: Action = Action("preview-down");

/// What a path is asked for.
const PATH: &str = "folder or file: ";

/// Lines that the preview is scrolled by.
const STEP: u16 = 5;

static ABOUT: About = About {
    name: "library",
    opens: Action::LIBRARY,
    opener: Some(bind(&[Char('o')], Action::LIBRARY, "", "open another preset, a model, data, or an earlier study")),
    tab: Some((6, "presets")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        FILTER,
        RUN,
        &[
            bind(
                &[Code(KeyCode::Enter)],
                Action::OPEN_PRESET,
                "open",
                "score this preset, model or data, open this study, or look into this folder",
            ),
            bind(&[Char('K'), Char('[')], PREVIEW_UP, "", "scroll the preview up"),
            bind(&[Char('J'), Char(']')], PREVIEW_DOWN, "", "scroll the preview down"),
            bind(&[Char('f')], FOLDER, "path", "look into another folder, or for a file, by its path"),
            bind(
                &[Char('D'), Code(KeyCode::Delete)],
                DELETE_STUDY,
                "delete",
                "delete this study with all that is recorded of it; press it twice",
            ),
            bind(&[Code(KeyCode::Esc), Char('q')], Action::CLOSE, "ranking", "back to the ranking"),
        ],
        PROGRAM,
        LEAVE,
        &[bind(&[Char('c')], Action::INSPECT, "", "the selected candidate in full")],
    ],
};

/// The view of what can be opened.
#[derive(Debug)]
pub struct Library {
    /// Whose presets are shown.
    pub folder: PathBuf,
    /// None while they are read.
    pub entries: Option<Vec<Entry>>,
    pub list: List,
    prompt: Option<Prompt>,
    /// The first line of the preview on the screen.
    preview: u16,
    /// While another folder is read, the one before with its entries and the chosen line: it may be that there is none.
    before: Option<(PathBuf, Vec<Entry>, usize)>,
}

impl Default for Library {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("."),
            entries: None,
            list: List::default(),
            prompt: None,
            preview: 0,
            before: None,
        }
    }
}

impl View for Library {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, _cx: &mut Context) -> Opened {
        Opened::Shown(Some(Effect::FindPresets(self.folder.clone())))
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let count = self.shown().len();
        match action {
            action if self.list.go(action, cx.page(), count) => self.preview = 0,
            PREVIEW_UP => self.preview = self.preview.saturating_sub(STEP),
            PREVIEW_DOWN => self.preview += STEP,
            Action::OPEN_PRESET => return self.open_chosen(cx),
            DELETE_STUDY => match &self.chosen()?.study {
                Some(study) if is_own(cx, study) => {
                    cx.warn("this run is recorded in that study; open another preset first, then delete it");
                }
                Some(study) => return Some(Effect::DeleteStudy(Box::new(study.clone()))),
                None => cx.warn("only studies are deleted here"),
            },
            FOLDER => self.prompt = Some(Prompt::path(PATH, begun(&self.folder))),
            _ => {}
        }
        None
    }

    fn news(&mut self, news: News, cx: &mut Context) -> Result<Option<Effect>, News> {
        match news {
            News::Found(listing) => {
                self.show(listing, cx);
                Ok(None)
            }
            News::Deleted(deleted) => {
                match deleted {
                    Ok(text) => cx.say(text),
                    Err(failure) => cx.warn(failure.to_string()),
                }
                // What is there now, also where another program has deleted it.
                Ok(Some(Effect::FindPresets(self.folder.clone())))
            }
            news => Err(news),
        }
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let [list, _] = self.areas(inside_pane(area));
        let (rows, chosen) = self.rows();
        self.list.settle(chosen, usize::from(list.height), rows.len(), 1);
        let [_, preview] = self.areas(inside_pane(area));
        let lines = self.chosen().map_or(0, |entry| {
            wrapped(&previewed(entry, cx, &Look::new(false, false)), preview.width.saturating_sub(1))
        });
        self.preview = self.preview.min(lines.saturating_sub(preview.height));
    }

    fn click(&mut self, at: Position, area: Rect, _cx: &mut Context) -> Option<Action> {
        let [list, _] = self.areas(inside_pane(area));
        let (rows, _) = self.rows();
        let Row::Line(line) = rows.get(self.list.row_at(list, at)?)? else { return None };
        self.preview = 0;
        self.list.click(*line).then_some(Action::OPEN_PRESET)
    }

    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        Some(&self.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut self.list.filter)
    }

    fn filtered(&mut self, _cx: &mut Context) {
        self.list.clamp(self.shown().len());
    }

    fn keeps_filter(&self) -> bool {
        true
    }

    fn prompt(&mut self) -> Option<&mut Option<Prompt>> {
        Some(&mut self.prompt)
    }

    fn asks(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    /// Another folder is read, or that of a file.
    fn answer(&mut self, _cx: &mut Context) -> Option<Effect> {
        let path = PathBuf::from(self.prompt.as_ref().map(Prompt::value).filter(|path| !path.is_empty())?);
        self.prompt = None;
        Some(self.look_into(path))
    }

    fn loss(&self, action: Action, again: &str, cx: &Context) -> Option<String> {
        let study = self.chosen().filter(|_| action == DELETE_STUDY)?.study.as_ref()?;
        let (id, name) = (study.id, &study.name);
        (!is_own(cx, study)).then(|| format!("{again} deletes study {id}, {name}: {}", count(study)))
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self { folder: std::mem::take(&mut self.folder), ..Self::default() };
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let folder = printable(&self.folder.display().to_string());
        let title = format!(" presets and studies{}folder {folder} ", look.signs.separator);
        let title = filtered_title(title, self.list.filter.value(), look);
        let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        if self.shown().is_empty() {
            let text = if self.entries.is_none() { "they are being read" } else { "nothing has these words" };
            frame.render_widget(Paragraph::new(text).style(look.theme.label), inside);
            return;
        }
        let [list, preview] = self.areas(inside);
        let (rows, chosen) = self.rows();
        let seen = Seen { offset: self.list.offset, count: rows.len(), chosen: Some(chosen) };
        frame.render_widget(Paragraph::new(self.lines(seen.room(list), look)), list);
        let place = format!(" {}/{} ", self.list.line + 1, self.shown().len());
        position(frame, Rect { height: 1, ..area }, &place, look);
        seen.draw_bar(frame, last_column(list), look);
        let Some(entry) = self.chosen() else { return };
        let lines = previewed(entry, cx, look);
        let text = Paragraph::new(lines.clone()).wrap(Wrap { trim: false }).scroll((self.preview, 0));
        let count = usize::from(wrapped(&lines, preview.width.saturating_sub(1)));
        let seen = Seen { offset: usize::from(self.preview), count, chosen: None };
        frame.render_widget(text, seen.room(preview));
        seen.draw_bar(frame, last_column(preview), look);
    }
}

impl Library {
    /// The entries that the filter lets through.
    #[must_use]
    pub fn shown(&self) -> Vec<&Entry> {
        let terms = Terms::new(self.list.filter.value());
        let words = |entry: &Entry| format!("{} {} {}", entry.source.title(), entry.name, entry.summary.join(" "));
        let entries = self.entries.iter().flatten();
        entries.filter(|entry| terms.is_empty() || terms.admit(&words(entry))).collect()
    }

    #[must_use]
    pub fn chosen(&self) -> Option<&Entry> {
        self.shown().get(self.list.line).copied()
    }

    /// What was found. The choice stays on its entry, or goes to the one that was asked for.
    fn show(&mut self, listing: Listing, cx: &mut Context) {
        let before = self.before.take();
        if let Some(error) = &listing.trouble {
            let path = listing.folder.display().to_string();
            cx.warn(format!("{}: {error}", printable(&path)));
            if let Some((folder, entries, line)) = before {
                (self.folder, self.entries, self.list.line) = (folder, Some(entries), line);
                self.prompt = Some(Prompt::path(PATH, path));
                return;
            }
        }
        let chosen = listing.chosen.or_else(|| self.chosen().map(|entry| entry.name.clone()));
        (self.entries, self.folder) = (Some(listing.entries), listing.folder);
        let place = self.shown().iter().position(|entry| Some(&entry.name) == chosen.as_ref());
        self.list.line = place.unwrap_or(self.list.line);
        self.list.clamp(self.shown().len());
    }

    fn open_chosen(&mut self, cx: &mut Context) -> Option<Effect> {
        match &self.chosen()?.offer {
            Offer::Preset(preset) => {
                cx.say(format!("opening {}", preset.name));
                Some(Effect::Open(preset.clone()))
            }
            Offer::File(path) => {
                cx.say(format!("reading {}", printable(&path.display().to_string())));
                Some(Effect::OpenFile(path.clone()))
            }
            Offer::Folder(path) => {
                let path = path.clone();
                Some(self.look_into(path))
            }
            Offer::Wrong(problem) => {
                cx.warn(problem.to_string());
                None
            }
        }
    }

    /// Another folder, or that of a file.
    fn look_into(&mut self, path: PathBuf) -> Effect {
        let folder = std::mem::replace(&mut self.folder, path.clone());
        self.before = self.entries.take().map(|entries| (folder, entries, self.list.line));
        (self.list.line, self.preview) = (0, 0);
        self.list.filter.clear();
        Effect::FindPresets(path)
    }

    /// The list and the preview.
    fn areas(&self, inside: Rect) -> [Rect; 2] {
        if inside.width < WIDE {
            let half = inside.height.div_ceil(2);
            return Layout::vertical([Constraint::Length(half), Constraint::Min(0)]).areas(inside);
        }
        let longest = self.shown().iter().map(|e| printable(&e.name).width()).max().unwrap_or(0);
        // What stands above models and data has 29 columns.
        let least = if inside.width < 80 { 23 } else { 30 };
        let width = (longest as u16 + 4).clamp(least, inside.width / 2);
        Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).spacing(1).areas(inside)
    }

    /// All rows of the list, and the place of the chosen one among them.
    fn rows(&self) -> (Vec<Row<Source>>, usize) {
        rows(self.shown().iter().map(|entry| entry.source), self.list.line)
    }

    fn lines<'a>(&self, list: Rect, look: &Look) -> Vec<Line<'a>> {
        let shown = self.shown();
        let line = |row: Row<Source>| match row {
            Row::Head(source) => Line::from(Span::styled(source.title(), look.theme.header)),
            Row::Line(place) => {
                let entry = shown[place];
                let sign = if entry.is_wrong() { look.signs.fails } else { " " };
                let style = match (place == self.list.line, entry.is_wrong()) {
                    (true, _) => look.theme.selected,
                    (_, true) => look.theme.bad,
                    _ => Style::new(),
                };
                let text = look.signs.pad(&format!("{sign} {}", printable(&entry.name)), usize::from(list.width));
                Line::from(Span::styled(text, style))
            }
        };
        let (rows, _) = self.rows();
        rows.into_iter().skip(self.list.offset).take(usize::from(list.height)).map(line).collect()
    }
}

/// The beginning of a path in a folder.
fn begun(folder: &Path) -> String {
    match folder.to_string_lossy() {
        here if here == "." => String::new(),
        folder if folder.ends_with('/') => folder.into_owned(),
        folder => format!("{folder}/"),
    }
}

/// Where a scrollbar stands.
fn last_column(area: Rect) -> Rect {
    Rect { x: area.right().saturating_sub(1), width: area.width.min(1), ..area }
}

/// Whether a study on disk is the one that this run is recorded in.
fn is_own(cx: &Context, study: &Summary) -> bool {
    cx.recorded.as_ref() == Some(&study.key)
}

/// What an entry asks for, what is known of it, and its text.
fn previewed<'a>(entry: &Entry, cx: &Context, look: &Look) -> Vec<Line<'a>> {
    let style = if entry.is_wrong() { look.theme.bad } else { look.theme.header };
    let mut lines: Vec<_> = entry.summary.iter().map(|line| Line::from(Span::styled(printable(line), style))).collect();
    if entry.study.as_ref().is_some_and(|study| is_own(cx, study)) {
        lines.push(Line::from(Span::styled("this run is recorded here", look.theme.good)));
    }
    lines.push(Line::default());
    lines.extend(entry.text.lines().map(|line| Line::from(Span::styled(printable(line), look.theme.label))));
    lines
}

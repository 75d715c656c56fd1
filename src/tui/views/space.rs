//! The search itself: sizes, depth, repetitions, seed, and what of activations and initializations is switched on.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use crate::tui::context::Context;
use crate::tui::draft::{Draft, DraftError, Item};
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code, Ctrl};
use crate::tui::keymap::shared::{ENDS, EVERYWHERE, FILTER, LEAVE, LINES, PAGES, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::news::{News, Written};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::layers::wrapped;
use crate::tui::widgets::list::{Row, rows};
use crate::tui::widgets::prompt::Prompt;
use crate::tui::widgets::seen::{Seen, position};
use crate::tui::widgets::{filtered_title, inside_pane, pane};
use neartop_io::preset::printable;
use neartop_study::width::targets;

const TOGGLE: Action = Action("toggle");
const EDIT: Action = Action("edit");
const UNDO: Action = Action("undo");
const REDO: Action = Action("redo");
const SAVE_DRAFT: Action = Action("save-draft");

static ABOUT: About = About {
    name: "space",
    opens: Action::SPACE,
    opener: Some(bind(&[Char('s')], Action::SPACE, "search", "change the search: what is scored stays")),
    tab: Some((5, "search")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        FILTER,
        RUN,
        &[
            bind(&[Char(' '), Char('x')], TOGGLE, "switch", "switch the choice on or off"),
            bind(&[Code(KeyCode::Enter)], EDIT, "edit", "edit the line, or add a choice with other parameters"),
            bind(
                &[Char('+'), Char('='), Code(KeyCode::Right), Char('l')],
                Action::MORE,
                "",
                "a larger number, or switch",
            ),
            bind(&[Char('-'), Code(KeyCode::Left), Char('h')], Action::LESS, "", "a smaller number, or switch"),
            bind(&[Char('u')], UNDO, "undo", "take the last change back"),
            bind(&[Ctrl('r')], REDO, "", "make the change again"),
            bind(&[Char('r')], Action::SCORE_DRAFT, "run", "score the changed search"),
            bind(&[Char('W')], SAVE_DRAFT, "save", "save the search as a preset"),
            bind(
                &[Code(KeyCode::Esc), Char('q'), Char('s')],
                Action::CLOSE,
                "ranking",
                "back to the ranking; changes are kept until they are scored",
            ),
        ],
        PROGRAM,
        LEAVE,
        &[bind(&[Char('c')], Action::INSPECT, "", "the selected candidate in full")],
    ],
};

/// What a line of text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// The chosen line.
    Value,
    /// Where the search is saved.
    Path,
}

/// The view of the search, and the change that is being made to it.
#[derive(Debug, Default)]
pub struct Search {
    /// A change of the search that is not scored yet.
    pub draft: Option<Draft>,
    asks: Option<Asks>,
    prompt: Option<Prompt>,
}

impl View for Search {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        self.draft.get_or_insert_with(|| Draft::new(&cx.study.space.preset));
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let draft = self.draft.as_mut()?;
        if draft.go(action, cx.page()) {
            return None;
        }
        let done = match action {
            TOGGLE => draft.toggle(),
            Action::MORE => draft.step(true),
            Action::LESS => draft.step(false),
            UNDO => draft.undo(),
            REDO => draft.redo(),
            EDIT if draft.item().is_some() => {
                let text = draft.text();
                self.ask(Asks::Value, "value: ", text)
            }
            SAVE_DRAFT => self.ask(Asks::Path, "save as: ", "preset.yaml".to_owned()),
            Action::SCORE_DRAFT => match draft.to_score(&cx.study.space.preset) {
                Ok(preset) => return Some(Effect::Open(Box::new(preset))),
                Err(error) => Err(error),
            },
            _ => Ok(()),
        };
        done.unwrap_or_else(|error| cx.warn(error.to_string()));
        None
    }

    fn news(&mut self, news: News, _cx: &mut Context) -> Result<Option<Effect>, News> {
        let Some(prompt) = &mut self.prompt else { return Err(news) };
        match news {
            News::Written(Written::Exists) => {
                prompt.replaces = true;
                Ok(None)
            }
            News::Written(Written::Done(_)) => {
                self.prompt = None;
                self.draft.iter_mut().for_each(|draft| draft.is_saved = true);
                // What it is called is said to the user in any case.
                Err(news)
            }
            news => Err(news),
        }
    }

    fn settle(&mut self, area: Rect, _cx: &mut Context) {
        let Some(draft) = &mut self.draft else { return };
        let items = draft.items();
        let (rows, chosen) = rows(items.iter().map(Item::section), draft.list.line);
        let [list, _] = areas(inside_pane(area), &items, draft.list.line);
        draft.list.settle(chosen, usize::from(list.height), rows.len(), 1);
    }

    fn click(&mut self, at: Position, area: Rect, _cx: &mut Context) -> Option<Action> {
        let draft = self.draft.as_mut()?;
        let items = draft.items();
        let (rows, _) = rows(items.iter().map(Item::section), draft.list.line);
        let [list, _] = areas(inside_pane(area), &items, draft.list.line);
        let Row::Line(line) = rows.get(draft.list.row_at(list, at)?)? else { return None };
        draft.list.click(*line).then_some(TOGGLE)
    }

    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        Some(&self.draft.as_ref()?.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut self.draft.as_mut()?.list.filter)
    }

    fn filtered(&mut self, _cx: &mut Context) {
        self.draft.iter_mut().for_each(Draft::clamp);
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

    fn answer(&mut self, cx: &mut Context) -> Option<Effect> {
        let (prompt, draft) = (self.prompt.as_ref()?, self.draft.as_mut()?);
        match self.asks? {
            Asks::Value => match draft.write(prompt.text.value()) {
                Ok(()) => self.prompt = None,
                Err(error) => cx.warn(error.to_string()),
            },
            Asks::Path if !prompt.value().is_empty() => {
                let (path, text) = (PathBuf::from(prompt.value()), draft.preset.to_yaml());
                return Some(Effect::Write { path, text, replace: prompt.replaces });
            }
            Asks::Path => {}
        }
        None
    }

    fn loss(&self, action: Action, again: &str, _cx: &Context) -> Option<String> {
        let leaves = matches!(action, Action::QUIT | Action::OPEN_PRESET);
        let is_lost = leaves && self.draft.as_ref().is_some_and(Draft::is_unsaved);
        is_lost.then(|| format!("the changed search is neither scored nor saved: {again} goes on without it"))
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self::default();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let Some(draft) = &self.draft else { return };
        let block = pane(look.signs.fit(&title(draft, cx, look), usize::from(area.width.saturating_sub(12))), look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let items = draft.items();
        if items.is_empty() {
            frame.render_widget(Paragraph::new("no line has these words").style(look.theme.label), inside);
            return;
        }
        let (rows, chosen) = rows(items.iter().map(Item::section), draft.list.line);
        let [list, whole_area] = areas(inside, &items, draft.list.line);
        let seen = Seen { offset: draft.list.offset, count: rows.len(), chosen: Some(chosen) };
        let room = seen.room(list);
        let rows: Vec<_> = rows.into_iter().skip(draft.list.offset).take(usize::from(list.height)).collect();
        let names = names(&rows, &items, room.width, look);
        if let Some(whole) = items.get(draft.list.line).and_then(|item| whole(item, &items, inside.width)) {
            let whole = Paragraph::new(whole).style(look.theme.label).wrap(Wrap { trim: false });
            frame.render_widget(whole, whole_area);
        }
        let below =
            |at: usize| rows.get(at + 1).and_then(|row| if let Row::Line(place) = row { Some(*place) } else { None });
        let lines = rows.iter().enumerate().zip(names).map(|((at, row), name)| match row {
            Row::Head(section) => {
                let note = below(at).and_then(|place| places(draft, &items[place])).unwrap_or_default();
                let note = look.signs.fit_middle(&note, usize::from(room.width).saturating_sub(section.width() + 2));
                let head = Span::styled(section.to_string(), look.theme.header);
                Line::from(vec![head, Span::styled(format!("  {note}"), look.theme.label)])
            }
            Row::Line(place) => line(draft, &items[*place], name, *place == draft.list.line, look),
        });
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), room);
        let lines = draft.list.line + 1;
        position(frame, Rect { height: 1, ..area }, &format!(" {lines}/{} ", items.len()), look);
        seen.draw_bar(frame, Rect { x: list.right().saturating_sub(1), width: list.width.min(1), ..list }, look);
    }
}

impl Search {
    fn ask(&mut self, asks: Asks, label: &'static str, text: String) -> Result<(), DraftError> {
        let prompt = if asks == Asks::Path { Prompt::path(label, text) } else { Prompt::new(label, text) };
        (self.asks, self.prompt) = (Some(asks), Some(prompt));
        Ok(())
    }
}

fn title(draft: &Draft, cx: &Context, look: &Look) -> String {
    let preset = &draft.preset;
    let key = cx.keymap.label(ABOUT.name, Action::SCORE_DRAFT);
    let state = match (draft.is_changed(), draft.candidates()) {
        (false, _) => "as it is scored".to_owned(),
        (true, None) => "changed".to_owned(),
        (true, Some(candidates)) => format!("changed, {candidates} candidates: {key} scores them"),
    };
    let separator = look.signs.separator;
    // What is to be done stands before what may be long.
    let title = filtered_title(format!(" search{separator}{state} "), draft.list.filter.value(), look);
    format!("{}{separator}{} ", title.trim_end(), preset.network.summary())
}

/// The list, and below it the chosen line where it does not fit into one.
fn areas(inside: Rect, items: &[Item], chosen: usize) -> [Rect; 2] {
    let whole = items.get(chosen).and_then(|item| whole(item, items, inside.width));
    let height = whole.map_or(0, |whole| wrapped(&[whole], inside.width)).min(inside.height / 3);
    Layout::vertical([Constraint::Min(0), Constraint::Length(height)]).areas(inside)
}

/// A choice and what it is, where a line is too short for both.
fn whole<'a>(item: &Item, items: &[Item], room: u16) -> Option<Line<'a>> {
    let name = item.choice()?;
    let (wanted, note) = (name_width(items, room), item.formula());
    // The mark, the gap before the note, and the scrollbar.
    let is_cut = name.width() > wanted || wanted + note.width() + 9 > usize::from(room);
    is_cut.then(|| Line::from(format!("{name}: {note}")))
}

/// One width for the names of all choices: what the longest of them wants, as far as there is room.
fn name_width(items: &[Item], room: u16) -> usize {
    let longest = items.iter().filter_map(Item::choice).map(|name| name.width()).max().unwrap_or(0);
    longest.clamp(24, 40).min(usize::from(room).saturating_sub(6))
}

/// The names of choices on the screen.
fn names<H>(rows: &[Row<H>], items: &[Item], room: u16, look: &Look) -> Vec<String> {
    let name = |row: &Row<H>| match row {
        Row::Line(place) => items[*place].choice().unwrap_or_default(),
        Row::Head(_) => String::new(),
    };
    let width = name_width(items, room);
    let names: Vec<_> = rows.iter().map(name).collect();
    look.signs.apart(&names, width).iter().map(|name| look.signs.pad(name, width)).collect()
}

/// Where a model has the slot of an activation, and what is there now.
fn places(draft: &Draft, item: &Item) -> Option<String> {
    let (Item::Activation(slot, _), Some(model)) = (item, &draft.preset.model) else { return None };
    let mut found = model.activations.iter().filter(|found| found.slot.as_ref() == Some(slot));
    let first = found.next()?;
    let more = match found.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let file = first.source.rsplit('/').next().unwrap_or_default();
    Some(printable(&format!("in place of {} at {} ({file}){more}", first.activation, first.module)))
}

fn line<'a>(draft: &Draft, item: &Item, name: String, is_chosen: bool, look: &Look) -> Line<'a> {
    let preset = &draft.preset;
    let mark = if draft.is_on(item) { "[x]" } else { "[ ]" };
    let (text, note) = match item {
        Item::Size(layer) => match targets(&preset.layers).get(*layer) {
            Some(target) => {
                let name = format!("layer {}  {}", target.index, target.kind);
                (format!("  {name:<20} {}", target.width), String::new())
            }
            None => (String::new(), String::new()),
        },
        Item::Depth => (format!("  {:<20} {}", "hidden layers", draft.depth()), String::new()),
        Item::Repetitions => {
            let text = match preset.auto {
                Some(auto) => format!("auto, {} to {}", auto.least, preset.repetitions),
                None => preset.repetitions.to_string(),
            };
            (format!("  {:<20} {text}", "repetitions"), String::new())
        }
        Item::Seed => (format!("  {:<20} {}", "seed", preset.seed), String::new()),
        Item::Activation(..) | Item::Init(_) => (format!("  {mark} {name}"), item.formula()),
    };
    let style = if is_chosen { look.theme.selected } else { ratatui::style::Style::new() };
    Line::from(vec![Span::styled(text, style), Span::styled(format!("  {note}"), look.theme.label)])
}

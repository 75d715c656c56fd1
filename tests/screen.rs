//! What the screen shows and how it takes keys, without a terminal.
// Nobody is there to do what is asked for, but where a test looks at it.
#![allow(unused_must_use)]

#[path = "screen/lists.rs"]
mod lists;
#[path = "screen/palettes.rs"]
mod palettes;
#[path = "screen/random.rs"]
mod random;
#[path = "screen/repairs.rs"]
mod repairs;
#[path = "screen/seen.rs"]
mod seen;
#[path = "screen/slots.rs"]
mod slots;
#[path = "screen/views.rs"]
mod views;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use neartop::cluster::states::States;
use neartop::run::Failure;
use neartop::tui::app::{App, Message};
use neartop::tui::context::Phase;
use neartop::tui::draft::Draft;
use neartop::tui::effect::{Effect, SizeRequest};
use neartop::tui::finalists::Finalists;
use neartop::tui::library::{Listing, list};
use neartop::tui::news::{BackgroundError, News, SizeNews, TrainingNews, Written};
use neartop::tui::screen as drawing;
use neartop::tui::table::Standings;
use neartop::tui::theme::Look;
use neartop::tui::views::export::Export;
use neartop::tui::views::library::Library;
use neartop::tui::views::matrix::{Matrix, quantities};
use neartop::tui::views::space::Search;
use neartop::tui::views::training::Training;
use neartop_core::score::Score;
use neartop_core::score::propagation::{LayerSignal, Propagation};
use neartop_io::preset::Preset;
use neartop_study::failure::ScoreFailure;
use neartop_study::scheduler::Progress;
use neartop_study::space::Space;
use neartop_study::study::{Evidence, Study};
use neartop_study::training;
use neartop_study::width::{self, Curve, Point};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

const PRESET: &str = "
name: Two layers
data: {source: digits}
network:
  input: 64
  layers: [linear: 32, activation, linear: 10]
search:
  activations: [relu, {leaky_relu: {negative_slope: 0.2}}, gelu, tanh, sigmoid]
  inits: [torch_default, kaiming_normal, {normal: {mean: 0.0, std: 0.05}}, orthogonal]
score: {repetitions: 4, seed: 0}
";

fn study() -> Study {
    let preset = Preset::parse(PRESET, "two-layers.yaml", Path::new("")).expect("a right preset");
    Study::new(Arc::new(Space::new(Arc::new(preset))))
}

/// Made-up scores: none fail but the last candidate's, and every other has seen fewer repetitions.
fn scores(repetitions: usize) -> Vec<Progress> {
    let mut progress = Vec::new();
    for candidate in 0..20 {
        for repetition in 0..repetitions.saturating_sub(candidate % 2) {
            let first = 20.0 + ((candidate * 7) % 13) as f64 / 2.0 + repetition as f64 / 8.0;
            let effective_ranks = vec![first, first + 1.5, 6.25];
            let near = effective_ranks.iter().sum();
            let result = match candidate {
                19 => Err(ScoreFailure::read("values that are not finite after layer 0 (linear)")),
                _ => Ok(Score { near, effective_ranks, dead_from: None, propagation: Some(signals(candidate)) }),
            };
            progress.push(Progress { candidate, repetition, result });
        }
    }
    progress
}

/// Signals that shrink by three orders of magnitude with the third initialization, and a little with the others.
fn signals(candidate: usize) -> Propagation {
    let shrink = if candidate % 4 == 2 { -9.0 } else { -0.25 * (candidate % 4) as f64 };
    let layer = |depth: f64, saturated| LayerSignal {
        ln_size: depth * shrink,
        ln_spread: depth * shrink - 0.1,
        ln_perturbation: depth * shrink - 4.6,
        ln_typical_perturbation: depth * shrink - 4.6,
        ln_gradient: Some((1.0 - depth) * shrink),
        saturated,
    };
    Propagation { layers: vec![layer(0.0, None), layer(0.5, Some(0.1)), layer(1.0, None)], blocks: None }
}

fn app(width: u16, height: u16) -> App {
    let mut app = App::new(study(), Size::new(width, height));
    app.update(News::Scored(scores(4)));
    app.update(Message::Frame(Duration::from_secs(75)));
    app
}

fn press(app: &mut App, code: KeyCode) -> Option<Effect> {
    app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn write(app: &mut App, text: &str) {
    text.chars().for_each(|c| {
        press(app, KeyCode::Char(c));
    });
}

fn screen(app: &App, look: &Look) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(app.cx.size.width, app.cx.size.height)).expect("a test terminal");
    terminal.draw(|frame| drawing::draw(frame, app, look)).expect("a frame");
    terminal
}

fn text(app: &App) -> String {
    let shown = screen(app, &Look::new(false, false)).backend().to_string();
    shown.replace(env!("CARGO_PKG_VERSION"), "x.y.z")
}

fn library(app: &App) -> &Library {
    app.view().expect("a library")
}

fn draft(app: &App) -> Option<&Draft> {
    app.view::<Search>()?.draft.as_ref()
}

fn finalists(app: &App) -> Option<&Finalists> {
    app.view::<Training>()?.finalists.as_ref()
}

/// The labels of the rows that the table holds.
fn rows(app: &App) -> Vec<String> {
    let label = |id| format!("{} {}", app.cx.study.candidate(id).activation_label(), app.cx.study.candidate(id).init);
    app.cx.table.rows.iter().map(|row| label(row.candidate)).collect()
}

#[test]
fn chunks_of_a_cluster_stand_above_the_table() {
    let mut app = app(80, 12);
    assert_eq!(press(&mut app, KeyCode::Char('X')), None);
    assert!(text(&app).contains("this run is not on a cluster"));
    let states =
        States { pending: 3, running: 4, failed: 1, done: 5, retried: 2, jobs: vec![17, 23], ..States::default() };
    app.update(News::Chunks(states));
    app.update(Message::Frame(Duration::from_secs(75)));
    press(&mut app, KeyCode::Esc);
    insta::assert_snapshot!("chunks_80x12", text(&app));
    // Jobs end only if the key is pressed twice in a row.
    assert_eq!(press(&mut app, KeyCode::Char('X')), None);
    assert_eq!(press(&mut app, KeyCode::Down), None);
    assert_eq!(press(&mut app, KeyCode::Char('X')), None);
    assert_eq!(press(&mut app, KeyCode::Char('X')), Some(Effect::CancelJobs));
    assert_eq!(press(&mut app, KeyCode::Char('X')), None);
}

#[test]
fn colours_are_there_unless_they_are_not_wanted() {
    let app = app(80, 24);
    let colours = |look: Look| {
        let terminal = screen(&app, &look);
        let cells = terminal.backend().buffer().content();
        cells.iter().filter(|c| c.fg != ratatui::style::Color::Reset || c.bg != ratatui::style::Color::Reset).count()
    };
    assert!(colours(Look::new(true, false)) > 100);
    assert_eq!(colours(Look::new(false, false)), 0);
}

#[test]
fn overlays() {
    let mut app = app(80, 24);
    press(&mut app, KeyCode::Char('?'));
    press(&mut app, KeyCode::End);
    assert!(text(&app).contains("repetitions scored"), "{}", text(&app));
    insta::assert_snapshot!("help_at_its_end_80x24", text(&app));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('e'));
    let shown = text(&app);
    insta::assert_snapshot!("export_80x24", shown);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::PageDown);
    insta::assert_snapshot!("export_as_json_scrolled_80x24", text(&app));
    press(&mut app, KeyCode::Up);
    assert!(shown.contains("two_layers-gelu-orthogonal.yaml"), "{shown}");
    assert!(shown.contains("NEAR"), "{shown}");
}

#[test]
fn the_selection_stays_on_its_candidate_while_rows_move() {
    let mut app = App::new(study(), Size::new(80, 24));
    app.update(News::Scored(scores(1)));
    app.update(Message::Frame(Duration::ZERO));
    for _ in 0..3 {
        press(&mut app, KeyCode::Down);
    }
    let (selected, row) = (app.cx.table.selected, app.cx.table.selected_row());
    let mut overtaking = scores(4);
    overtaking.iter_mut().for_each(|p| {
        if let Ok(score) = &mut p.result {
            score.near = 100.0 - score.near + p.candidate as f64;
        }
    });
    overtaking.retain(|p| p.repetition > 0);
    app.update(News::Scored(overtaking));
    app.update(Message::Frame(Duration::ZERO));
    assert_eq!(app.cx.table.selected, selected);
    assert_ne!(app.cx.table.selected_row(), row, "the row moved");
    for (place, digit) in ('1'..='9').enumerate() {
        let title = app.cx.table.columns[place].title;
        press(&mut app, KeyCode::Char(digit));
        let one = rows(&app);
        let (column, direction) = (app.cx.table.sort, app.cx.table.descending);
        press(&mut app, KeyCode::Char(digit));
        assert_eq!((app.cx.table.sort, app.cx.table.descending), (column, !direction));
        let failed = "sigmoid orthogonal".to_owned();
        // A network that fails has the score 0 for training, so it is the least of all.
        if !matches!(title, "activation" | "initialization" | "parameters" | "trainability") {
            assert_eq!(one.last(), Some(&failed), "{title}");
            assert_eq!(rows(&app).last(), Some(&failed), "{title}");
        }
        // One network, so as many parameters everywhere.
        assert_eq!(one == rows(&app), title == "parameters", "{title}");
    }
    press(&mut app, KeyCode::Char('1'));
    app.cx.table.columns.truncate(8);
    press(&mut app, KeyCode::Char('9'));
    assert_eq!(app.cx.notice.as_ref().map(|n| n.text.as_str()), Some("there are 8 columns"));
}

#[test]
fn a_filter_keeps_what_has_all_words_and_none_that_are_refused() {
    let mut app = app(80, 24);
    write(&mut app, "/RELU -kaiming");
    press(&mut app, KeyCode::Enter);
    let mut shown = rows(&app);
    shown.sort();
    assert_eq!(shown.len(), 6);
    assert!(shown.iter().all(|row| row.contains("relu") && !row.contains("kaiming")));
    press(&mut app, KeyCode::Esc);
    assert_eq!(rows(&app).len(), 20);
    write(&mut app, "/nothing has this");
    assert!(app.cx.table.rows.is_empty() && app.cx.table.selected.is_none());
    assert!(text(&app).contains("nothing has these words"));
    press(&mut app, KeyCode::Esc);
    assert_eq!(rows(&app).len(), 20, "leaving the filter by Esc brings the one before back");
    write(&mut app, "/nothing has this");
    press(&mut app, KeyCode::Enter);
    for key in ['c', 'w', 'm', 'e', 'y'] {
        assert_eq!(press(&mut app, KeyCode::Char(key)), None);
        assert!(text(&app).contains("no candidate is selected"), "{key}");
    }
}

#[test]
fn frozen_rows_keep_their_places_and_thaw() {
    let mut app = App::new(study(), Size::new(80, 24));
    app.update(News::Scored(scores(1)));
    app.update(Message::Frame(Duration::ZERO));
    press(&mut app, KeyCode::Char('f'));
    let before = rows(&app);
    app.update(News::Scored(scores(4)));
    app.update(Message::Frame(Duration::ZERO));
    assert_eq!(rows(&app), before);
    press(&mut app, KeyCode::Char('f'));
    assert_ne!(rows(&app), before);
}

#[test]
fn pause_stops_and_goes_on() {
    let mut app = app(80, 24);
    assert_eq!(press(&mut app, KeyCode::Char('p')), Some(Effect::SetPaused(true)));
    assert!(text(&app).contains("paused"));
    assert_eq!(press(&mut app, KeyCode::Char('p')), Some(Effect::SetPaused(false)));
    app.update(News::Ended);
    assert_eq!(app.cx.phase, Phase::Done);
    assert_eq!(press(&mut app, KeyCode::Char('p')), None);
}

#[test]
fn every_candidate_is_exported_to_a_file_of_its_own() {
    let mut app = app(80, 24);
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..20 {
        press(&mut app, KeyCode::Char('e'));
        assert_eq!(app.place(), "export");
        let dialog = app.view::<Export>().expect("the window");
        names.insert(dialog.path.value().to_owned());
        press(&mut app, KeyCode::Esc);
        press(&mut app, KeyCode::Down);
    }
    assert_eq!(names.len(), 20, "{names:?}");
    assert!(names.contains("two_layers-leaky_relu_negative_slope_0_2-normal_std_0_05.yaml"), "{names:?}");
}

#[test]
fn an_export_asks_before_it_replaces_a_file() {
    let mut app = app(80, 24);
    press(&mut app, KeyCode::Char('e'));
    press(&mut app, KeyCode::Down);
    let Some(Effect::Write { path, text: first, replace: false }) = press(&mut app, KeyCode::Enter) else {
        panic!("Enter writes")
    };
    assert_eq!(path, Path::new("two_layers-gelu-orthogonal.json"));
    assert!(serde_json::from_str::<serde_json::Value>(&first).is_ok());
    app.update(News::Written(Written::Exists));
    assert!(text(&app).contains("Enter replaces it"));
    assert!(matches!(press(&mut app, KeyCode::Enter), Some(Effect::Write { replace: true, .. })));
    app.update(News::Written(Written::Failed(Failure::Run("the disk is full".to_owned()))));
    assert!(text(&app).contains("the disk is full") && app.place() == "export");
    app.update(News::Written(Written::Done(path)));
    assert!(text(&app).contains("written to two_layers-gelu-orthogonal.json"));
}

#[test]
fn leaving() {
    let mut app = app(80, 24);
    let control = |c| Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    assert_eq!(app.update(control('z')), Some(Effect::Suspend));
    press(&mut app, KeyCode::Char('/'));
    assert_eq!(press(&mut app, KeyCode::Char('q')), None, "q is a letter of the filter");
    assert_eq!(app.update(control('c')), Some(Effect::Interrupt));
    press(&mut app, KeyCode::Esc);
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit));
}

#[test]
fn sizes_are_measured_shown_and_fitted_anew() {
    let mut app = app(80, 24);
    let Some(Effect::Size(ticket, SizeRequest::Measure { target, threshold, .. })) =
        press(&mut app, KeyCode::Char('w'))
    else {
        panic!("w measures")
    };
    assert_eq!((target.index, threshold), (0, width::SLOPE_THRESHOLD));
    let curve = |size: usize| {
        let relative = -0.6 + 1.6 * (size as f64).powf(-0.13);
        Point { size, ranks: [0.999, 1.0, 1.001].map(|r| r * relative * size as f64).to_vec() }
    };
    // In any order, as they come from several threads; what an earlier request still tells does not count.
    let points: Vec<_> = [20, 10, 40, 80].map(curve).to_vec();
    for (done, point) in points.iter().enumerate() {
        let news = SizeNews::Progress { done: 3 * (done + 1), total: 12, point: Some(point.clone()) };
        app.update(News::Sized(ticket, news));
    }
    app.update(News::Sized(ticket - 1, SizeNews::Failed(BackgroundError::work("old news"))));
    let mut curve = Curve { points };
    curve.points.sort_by_key(|p| p.size);
    let estimate = width::estimate(&curve, threshold, 0, 0);
    let size = estimate.size.expect("a size");
    // 0.005^(1/(-0.13 - 1))
    assert!((size / 108.73 - 1.0).abs() < 1e-3, "{size}");
    app.update(News::Sized(ticket, SizeNews::Estimated(Box::new(estimate))));
    assert!(text(&app).contains("size 108.7"), "{}", text(&app));
    let refit = press(&mut app, KeyCode::Char('+'));
    assert!(matches!(refit, Some(Effect::Size(_, SizeRequest::Fit { threshold: 0.01, .. }))), "{refit:?}");
    let other = press(&mut app, KeyCode::Right);
    assert!(matches!(other, Some(Effect::Size(_, SizeRequest::Measure { .. }))), "{other:?}");
    let closed = press(&mut app, KeyCode::Esc);
    assert!(matches!(closed, Some(Effect::Size(_, SizeRequest::Stop))), "{closed:?}");
    assert!(app.cx.is_browsing);
}

#[test]
fn the_matrix_moves_by_cells() {
    let mut app = app(80, 24);
    press(&mut app, KeyCode::Char('g'));
    press(&mut app, KeyCode::Char('m'));
    let place = |app: &App| app.cx.table.selected.map(|id| (id / 4, id % 4)).expect("a selection");
    let (row, column) = place(&app);
    press(&mut app, KeyCode::Down);
    assert_eq!(place(&app), ((row + 1).min(4), column));
    (0..9).for_each(|_| {
        press(&mut app, KeyCode::Right);
        press(&mut app, KeyCode::Up);
    });
    assert_eq!(place(&app), (0, 3));
    press(&mut app, KeyCode::Home);
    assert_eq!(place(&app), (0, 0));
    press(&mut app, KeyCode::Char('q'));
    assert_eq!((app.cx.shown, app.cx.table.selected), ("ranking", Some(0)));
}

#[test]
fn the_matrix_remembers_its_quantity() {
    let mut app = app(120, 40);
    write(&mut app, "mvv");
    let quantity = |app: &App| {
        app.view::<Matrix>().and_then(|matrix| matrix.quantity(&app.cx.table.columns)).map(|column| column.title)
    };
    let third = quantity(&app);
    assert_eq!(third, quantities(&app.cx.table.columns).get(2).map(|column| column.title));
    press(&mut app, KeyCode::Esc);
    write(&mut app, "m");
    assert_eq!(quantity(&app), third, "after the view was left");
    app.want_columns(vec!["NEAR".to_owned(), third.expect("a quantity").to_owned()]);
    assert_eq!(quantity(&app), third, "by its title, wherever the column stands");
    app.update(News::Opened(Ok(Box::new(study()))));
    write(&mut app, "m");
    assert_eq!(quantity(&app), third, "in another study");
    app.want_columns(vec!["NEAR".to_owned()]);
    assert_eq!(quantity(&app), Some("NEAR"), "the first where there is no such column");
}

#[test]
fn the_matrix_shows_what_the_filter_hides() {
    let mut app = app(80, 24);
    write(&mut app, "/relu -leaky");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Char('m'));
    assert_eq!(app.cx.table.rows.len(), 4);
    press(&mut app, KeyCode::Down);
    assert_eq!((app.cx.table.rows.len(), app.cx.table.list.filter.value()), (20, ""));
}

/// Falling singular values for the three counted layers.
fn spectra() -> Vec<Vec<f64>> {
    let falling = |n: u32, base: f64| (0..n).map(|i| base.powf(f64::from(i))).collect();
    vec![falling(32, 0.7), falling(32, 0.8), falling(10, 0.5)]
}

/// Opens the view of the selected candidate and answers what it asks for.
fn inspect(app: &mut App) {
    let mut effect = press(app, KeyCode::Char('c'));
    while let Some(Effect::Inspect(id)) = effect {
        effect = app.update(News::Inspected(id, Ok(spectra())));
    }
}

#[test]
fn two_candidates_side_by_side() {
    let mut app = app(120, 40);
    press(&mut app, KeyCode::Char(' '));
    assert_eq!(app.cx.table.marked.len(), 1);
    assert_ne!(app.cx.table.selected, Some(app.cx.table.marked[0]));
    inspect(&mut app);
    let shown = text(&app);
    assert!(shown.matches("singular values").count() == 2, "{shown}");
    press(&mut app, KeyCode::Char('U'));
    assert_eq!(app.cx.table.beside(), None);
}

#[test]
fn spectra_are_asked_for_once() {
    let mut app = app(120, 40);
    let id = app.cx.table.selected.expect("a selection");
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Effect::Inspect(id)));
    assert_eq!(press(&mut app, KeyCode::Down), None);
    assert!(text(&app).contains("on its way"));
    app.update(News::Inspected(id, Err(BackgroundError::work("values that are not finite"))));
    assert!(text(&app).contains("no spectrum: values that are not finite"));
    assert!(matches!(press(&mut app, KeyCode::Right), Some(Effect::Inspect(next)) if next != id));
    assert_eq!(press(&mut app, KeyCode::Left), None);
}

#[test]
fn commands_are_found_by_their_words() {
    let mut app = app(80, 24);
    write(&mut app, ":heat map");
    press(&mut app, KeyCode::Enter);
    assert!(app.cx.shown == "matrix" && app.cx.is_browsing);
    write(&mut app, ":no such command");
    assert!(text(&app).contains("no command has these words"));
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    press(&mut app, KeyCode::Esc);
    write(&mut app, ":quit");
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Effect::Quit));
}

#[test]
fn a_candidate_is_copied_as_a_preset() {
    let mut app = app(80, 24);
    let Some(Effect::Copy(text)) = press(&mut app, KeyCode::Char('y')) else { panic!("nothing is copied") };
    let copied = Preset::parse(&text, "copied.yaml", Path::new("")).expect("a right preset");
    let selected = app.cx.study.candidate(app.cx.table.selected.expect("a selection"));
    assert_eq!(copied.search.inits, std::slice::from_ref(&selected.init));
    app.update(News::Copied(Err(std::io::Error::other("too long"))));
    assert!(app.cx.notice.as_ref().is_some_and(|notice| notice.is_error));
}

fn click(app: &mut App, column: u16, row: u16) -> Option<Effect> {
    let kind = MouseEventKind::Down(MouseButton::Left);
    app.update(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

#[test]
fn the_mouse_does_what_keys_do() {
    let mut app = app(120, 40);
    assert_eq!(press(&mut app, KeyCode::Char('M')), Some(Effect::SetMouse(true)));
    let third = app.cx.table.rows[2].candidate;
    click(&mut app, 8, 8);
    assert_eq!((app.cx.table.selected, app.cx.shown), (Some(third), "ranking"));
    let effect = click(&mut app, 8, 8);
    assert_eq!(effect, Some(Effect::Inspect(third)));
    press(&mut app, KeyCode::Esc);
    let shown = text(&app);
    let lines: Vec<&str> = shown.lines().collect();
    let column = |line: usize, word: &str| lines[line][1..].split(word).next().map(|s| s.chars().count() as u16);
    let head = column(5, "NEAR").expect("a column");
    click(&mut app, head, 5);
    assert_eq!(app.cx.table.columns[app.cx.table.sort].title, "NEAR");
    assert!(app.cx.table.descending);
    click(&mut app, head, 5);
    assert!(!app.cx.table.descending);
    let hint = column(39, "matrix").expect("a hint");
    click(&mut app, hint, 39);
    assert!(app.cx.shown == "matrix");
    let shown = text(&app);
    let lines: Vec<&str> = shown.lines().collect();
    let cell = lines[7][1..].split("46.50").next().map(|s| s.chars().count() as u16);
    let before = app.cx.table.selected;
    if let Some(cell) = cell.filter(|c| *c < 110) {
        click(&mut app, cell, 7);
        assert_ne!(app.cx.table.selected, before);
    }
    click(&mut app, 30, 9);
    assert_eq!(app.cx.table.selected.map(|id| id / 4), Some(2));
    assert_eq!(click(&mut app, 119, 20), None);
}

#[test]
fn every_theme_draws() {
    let app = app(80, 24);
    let mut look = Look::new(true, false);
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(look.theme_name());
        insta::assert_snapshot!(format!("theme_{}_80x24", look.theme_name()), views::styles_in(&app, &look));
        look = look.with_next_theme();
    }
    assert_eq!(names, ["terminal", "dark", "light", "monochrome"]);
    assert_eq!(Look::new(false, false).with_next_theme().theme_name(), "monochrome");
}

#[test]
fn what_will_not_train_is_marked_filtered_and_not_recommended() {
    let mut app = app(120, 40);
    let recommended = |app: &App| app.cx.study.recommended().map(|(id, _)| id).expect("a recommendation");
    assert_ne!(recommended(&app) % 4, 2);
    assert!(text(&app).contains("✗ vanishing"));
    write(&mut app, "/vanishing");
    press(&mut app, KeyCode::Enter);
    assert!(
        app.cx.table.rows.len() == 5 && app.cx.table.rows.iter().all(|row| row.candidate % 4 == 2),
        "{:?}",
        app.cx.table.rows
    );
    press(&mut app, KeyCode::Char('b'));
    assert!(app.cx.notice.as_ref().is_some_and(|n| n.text.contains("hides")));
    press(&mut app, KeyCode::Char('T'));
    assert!(!app.cx.study.has_guard());
}

#[test]
fn the_search_is_changed_and_scored_anew() {
    let mut app = app(80, 24);
    press(&mut app, KeyCode::Char('s'));
    assert_eq!(press(&mut app, KeyCode::Char('r')), None);
    assert!(app.cx.notice.as_ref().is_some_and(|n| n.is_error && n.text == "nothing is changed"));
    press(&mut app, KeyCode::Char('+'));
    let Some(Effect::Open(preset)) = press(&mut app, KeyCode::Char('r')) else { panic!("nothing is scored") };
    assert_eq!(preset.network.summary(), "64 x2 > * > 10");
    press(&mut app, KeyCode::Enter);
    (0..2).for_each(|_| {
        press(&mut app, KeyCode::Backspace);
    });
    write(&mut app, "20");
    press(&mut app, KeyCode::Enter);
    assert!(text(&app).contains("64 > 20 > * > 10"));
    press(&mut app, KeyCode::Char('u'));
    assert!(text(&app).contains("64 x2 > * > 10"));
    press(&mut app, KeyCode::Char('W'));
    let Some(Effect::Write { text: saved, replace: false, .. }) = press(&mut app, KeyCode::Enter) else {
        panic!("nothing is saved")
    };
    assert!(Preset::parse(&saved, "saved.yaml", Path::new("")).is_ok());
    app.update(News::Written(Written::Exists));
    assert!(text(&app).contains("there is such a file"));
    assert!(matches!(press(&mut app, KeyCode::Enter), Some(Effect::Write { replace: true, .. })));
    app.update(News::Written(Written::Done("saved.yaml".into())));
    assert!(app.cx.is_browsing);
}

#[test]
fn another_study_takes_the_place_of_this_one() {
    let mut app = app(80, 24);
    let text_before = PRESET.replace("sigmoid]", "sigmoid, mish]");
    let preset = Preset::parse(&text_before, "more.yaml", Path::new("")).expect("a right preset");
    let mut study = Study::new(Arc::new(Space::new(Arc::new(preset))));
    study.adopt(&app.cx.study);
    assert_eq!(study.tally().total, 24 * 4);
    (0..19).for_each(|id| assert_eq!(study.scores(id), app.cx.study.scores(id)));
    let selected = app.cx.study.candidate(app.cx.table.selected.expect("a selection")).to_string();
    app.update(News::Opened(Ok(Box::new(study))));
    assert_eq!(app.cx.study.candidate(app.cx.table.selected.expect("a selection")).to_string(), selected);
    assert_eq!(app.cx.phase, Phase::Scoring);
    let other = PRESET.replace("linear: 32", "linear: 31");
    let preset = Preset::parse(&other, "other.yaml", Path::new("")).expect("a right preset");
    let mut study = Study::new(Arc::new(Space::new(Arc::new(preset))));
    study.adopt(&app.cx.study);
    assert_eq!(study.tally().done, 0);
    app.update(News::Opened(Err(Failure::Run("no such file".to_owned()))));
    assert!(app.cx.notice.as_ref().is_some_and(|n| n.is_error));
}

#[test]
fn presets_are_previewed_and_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.yaml"), PRESET).expect("a preset");
    std::fs::write(folder.path().join("wrong.yaml"), PRESET.replace("gelu", "glue")).expect("a preset");
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let mut app = app(width, height);
        assert_eq!(press(&mut app, KeyCode::Char('o')), Some(Effect::FindPresets(".".into())));
        assert!(text(&app).contains("they are being read"));
        app.update(News::Found(list(folder.path(), None)));
        press(&mut app, KeyCode::Char('j'));
        assert_eq!(press(&mut app, KeyCode::Enter), None);
        assert!(app.cx.notice.as_ref().is_some_and(|n| n.is_error && n.text.contains("glue")));
        press(&mut app, KeyCode::Char('k'));
        let Some(Effect::Open(preset)) = press(&mut app, KeyCode::Enter) else { panic!("nothing is opened") };
        assert_eq!(preset.name, "Two layers");
        let shown = text(&app);
        assert!(shown.contains("mine.yaml") || width == 40, "{shown}");
    }
}

#[test]
fn finalists_are_trained_and_their_curves_drawn() {
    let mut app = app(120, 40);
    assert_eq!(press(&mut app, KeyCode::Char('t')), None);
    let Some(Effect::Train(candidates, _)) = press(&mut app, KeyCode::Enter) else { panic!("nobody is trained") };
    assert_eq!(candidates.len(), 8);
    assert!(candidates.iter().all(|id| id % 4 != 2), "{candidates:?} will not train");
    assert!(text(&app).contains("the labels are being read"));
    assert!(text(&app).contains("8 candidates train; x stops it, Esc leaves while it goes on"));
    let space = Arc::clone(&app.cx.study.space);
    let options = training::Options::default();
    let task = training::Task::load(&space.preset.data, space.network(), 0, &options).expect("digits have labels");
    let plan = training::Plan::new(space, task, options, candidates.clone()).expect("a plan");
    app.update(News::Training(TrainingNews::Begun(Arc::new(plan))));
    for (place, candidate) in candidates.iter().copied().enumerate() {
        for epoch in 1..=3 {
            let quality = 0.9 - 0.05 * place as f64 + 0.02 * f64::from(epoch);
            let held_out = training::Evaluation { loss: Some(1.0 - quality), quality };
            let point = training::Point { epochs: f64::from(epoch), train_loss: Some(0.5), held_out };
            let progress = training::Update::Point { candidate, point };
            app.update(News::Training(TrainingNews::Progress(progress)));
        }
    }
    app.update(Message::Frame(Duration::from_secs(80)));
    let shown = text(&app);
    assert!(shown.contains("accuracy held out, by epoch") && shown.contains("accuracy against NEAR"), "{shown}");
    assert!(app.cx.table.columns.iter().any(|column| column.title == "trained"));
    assert_eq!(app.cx.study.trained(candidates[0]).map(|t| t.epochs), Some(3.0));
    press(&mut app, KeyCode::Down);
    assert_eq!(app.cx.table.selected, Some(candidates[1]));
    assert_eq!(press(&mut app, KeyCode::Char('x')), Some(Effect::StopTraining));
    app.update(News::Training(TrainingNews::Ended));
    assert!(text(&app).contains("training has ended, best is "), "{}", text(&app));
    for (width, height) in [(80, 24), (40, 12)] {
        app.update(Message::Resized(Size::new(width, height)));
        text(&app);
    }
    app.update(News::Training(TrainingNews::Failed(BackgroundError::work("there are no labels"))));
    assert!(text(&app).contains("there are no labels"));
}

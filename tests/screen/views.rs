//! Every view at every size, with and without colours.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use neartop::tui::library::{Entry, EntryError, Listing, Offer, Source};
use neartop_study::store::Summary;

use super::*;

pub const SIZES: [(u16, u16); 5] = [(200, 50), (120, 40), (80, 24), (60, 15), (40, 12)];

/// Every view, and every window over one.
pub const VIEWS: [&str; 21] = [
    "ranking",
    "candidate",
    "candidates",
    "matrix",
    "search",
    "settling",
    "training",
    "messages",
    "network",
    "pareto",
    "library",
    "sizes",
    "help",
    "palette",
    "export",
    "filter",
    "prompt",
    "recipe",
    "model",
    "layer",
    "module",
];

/// The app as it is after someone opened a view.
pub fn opened(view: &str, width: u16, height: u16) -> App {
    let mut app = app(width, height);
    match view {
        "candidate" => inspect(&mut app),
        "candidates" => {
            press(&mut app, KeyCode::Char(' '));
            inspect(&mut app);
        }
        "matrix" => write(&mut app, "m"),
        "search" => write(&mut app, "s"),
        "settling" => write(&mut app, "tj"),
        "training" => train(&mut app),
        "network" => write(&mut app, "ij"),
        "pareto" => {
            app = weighed(width, height);
            write(&mut app, "P");
        }
        "messages" => write(&mut app, "Xfn"),
        "library" => {
            write(&mut app, "o");
            app.update(News::Found(listing()));
        }
        "recipe" => {
            write(&mut app, "s/keras");
            press(&mut app, KeyCode::Enter);
            write(&mut app, "x");
        }
        "model" => app = brought(width, height),
        "layer" => {
            app = brought(width, height);
            inspect(&mut app);
            write(&mut app, "jjjjj");
        }
        "module" => {
            app = brought(width, height);
            write(&mut app, "i");
            press(&mut app, KeyCode::End);
            (0..20).for_each(|_| {
                press(&mut app, KeyCode::Up);
            });
        }
        "sizes" => measure(&mut app),
        "help" => write(&mut app, "?"),
        "palette" => write(&mut app, ":ma"),
        "export" => write(&mut app, "e"),
        "filter" => write(&mut app, "/relu -leaky"),
        "prompt" => {
            write(&mut app, "s");
            press(&mut app, KeyCode::Enter);
        }
        _ => {}
    }
    app
}

/// A study of a model, whose layers have long paths.
pub fn model() -> Study {
    static PRESET: LazyLock<Preset> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/brought/vit/model.pt2");
        let mut preset = Preset::of_model(&path, None, None).expect("a model");
        let choices = Preset::parse(super::PRESET, "two-layers.yaml", Path::new("")).expect("a right preset");
        preset.search.inits = choices.search.inits;
        preset.search.activations.truncate(5);
        preset
    });
    Study::new(Arc::new(Space::new(Arc::new(PRESET.clone()))))
}

/// The app with that study and scores.
fn brought(width: u16, height: u16) -> App {
    let mut app = App::new(model(), Size::new(width, height));
    let layers = app.cx.study.space.network().counted().len();
    let score = |candidate: usize| {
        let rank = |layer: usize| 4.0 + ((candidate * 7 + layer * 5) % 13) as f64;
        let effective_ranks: Vec<_> = (0..layers).map(rank).collect();
        let near = effective_ranks.iter().sum();
        let result = Ok(Score { near, effective_ranks, dead_from: None, propagation: None });
        Progress { candidate, repetition: 0, result }
    };
    app.update(News::Scored((0..20).map(score).collect()));
    app.update(Message::Frame(Duration::from_secs(75)));
    app
}

/// Candidates of several sizes: some activations have slopes that are learned.
fn weighed(width: u16, height: u16) -> App {
    let preset = PRESET.replace("tanh", "{prelu: {per: channel}}").replace("sigmoid", "prelu");
    let preset = Preset::parse(&preset, "weighed.yaml", Path::new("")).expect("a right preset");
    let mut app = App::new(Study::new(Arc::new(Space::new(Arc::new(preset)))), Size::new(width, height));
    app.update(News::Scored(scores(4)));
    app.update(Message::Frame(Duration::from_secs(75)));
    app
}

/// The same in the present folder.
pub fn listing() -> Listing {
    Listing { folder: ".".into(), entries: entries(), ..Listing::default() }
}

/// A study, a preset, one with a mistake, one that came with the program, a model, and a folder.
pub fn entries() -> Vec<Entry> {
    let preset = || Preset::parse(PRESET, "mine.yaml", Path::new("")).map(Box::new).expect("a right preset");
    let entry = |name: &str, source, wrong: Option<&str>| Entry {
        name: name.to_owned(),
        source,
        text: PRESET.trim_start().to_owned(),
        offer: wrong.map_or_else(|| Offer::Preset(preset()), |_| Offer::Wrong(EntryError::NoPreset)),
        summary: match wrong {
            Some(wrong) => vec![wrong.to_owned()],
            None => {
                vec!["Two layers".to_owned(), "candidates  20".to_owned(), "      44.50 gelu orthogonal".to_owned()]
            }
        },
        study: (source == Source::Study).then(|| recorded(3, "Two layers")),
    };
    vec![
        entry("3 Two layers", Source::Study, None),
        entry("mine.yaml", Source::Preset, None),
        entry("presets/\u{65e5}\u{672c}\u{8a9e}.yaml", Source::Preset, Some("there is no activation `glue`")),
        Entry {
            offer: Offer::File("net.pt2".into()),
            text: String::new(),
            summary: vec!["a model of another library".to_owned(), "223.5 KiB".to_owned()],
            ..entry("net.pt2", Source::Other, None)
        },
        entry("digits-mlp", Source::Bundled, None),
        Entry {
            offer: Offer::Folder("models".into()),
            text: String::new(),
            summary: vec!["a folder: Enter looks what is in it".to_owned()],
            ..entry("models/", Source::Folder, None)
        },
    ]
}

/// A study on disk.
pub fn recorded(id: i64, name: &str) -> Summary {
    Summary {
        id,
        key: format!("key of {id}"),
        name: name.to_owned(),
        seed: "0".to_owned(),
        candidates: 20,
        repetitions: 80,
        program: "x.y.z".to_owned(),
        created_at: String::new(),
        updated_at: String::new(),
        content: String::new(),
        preset: None,
    }
}

/// Trains the finalists for three epochs, but for one that is lost.
pub fn train(app: &mut App) {
    assert_eq!(press(app, KeyCode::Char('t')), None, "what is to be settled comes first");
    let Some(Effect::Train(candidates, _)) = press(app, KeyCode::Enter) else { panic!("nobody is trained") };
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
    let lost = training::Update::Failed { candidate: candidates[7], reason: "out of luck".to_owned() };
    app.update(News::Training(TrainingNews::Progress(lost)));
    app.update(Message::Frame(Duration::from_secs(80)));
}

/// Measures a layer and says its size.
pub fn measure(app: &mut App) {
    let Some(Effect::Size(ticket, SizeRequest::Measure { threshold, .. })) = press(app, KeyCode::Char('w')) else {
        panic!("w measures")
    };
    let point = |size: usize| {
        let relative = -0.6 + 1.6 * (size as f64).powf(-0.13);
        Point { size, ranks: [0.99, 1.0, 1.01].map(|r| r * relative * size as f64).to_vec() }
    };
    let points: Vec<_> = [10, 20, 40, 80].map(point).to_vec();
    for (done, point) in points.iter().enumerate() {
        let news = SizeNews::Progress { done: 3 * (done + 1), total: 12, point: Some(point.clone()) };
        app.update(News::Sized(ticket, news));
    }
    let estimate = width::estimate(&Curve { points }, threshold, 0, 0);
    app.update(News::Sized(ticket, SizeNews::Estimated(Box::new(estimate))));
}

/// A letter for each cell by its style, and what the letters stand for.
fn styles(app: &App) -> String {
    styles_in(app, &Look::new(true, false))
}

/// The same in a theme.
pub fn styles_in(app: &App, look: &Look) -> String {
    let terminal = screen(app, look);
    let buffer = terminal.backend().buffer();
    let mut names = BTreeMap::new();
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line = (0..buffer.area.width).map(|x| {
            let cell = &buffer[(x, y)];
            let mut style = format!("{:?} on {:?}", cell.fg, cell.bg);
            if !cell.modifier.is_empty() {
                style += &format!(" {:?}", cell.modifier);
            }
            if style == "Reset on Reset" {
                return '.';
            }
            let next = char::from_u32('a' as u32 + names.len() as u32).unwrap_or('?');
            *names.entry(style).or_insert(next)
        });
        text += line.collect::<String>().trim_end_matches('.');
        text.push('\n');
    }
    let mut legend: Vec<_> = names.into_iter().map(|(style, letter)| format!("{letter} {style}\n")).collect();
    legend.sort();
    text + &legend.concat()
}

#[test]
fn every_view_as_text() {
    for view in VIEWS {
        for (width, height) in SIZES {
            insta::assert_snapshot!(format!("{view}_{width}x{height}"), text(&opened(view, width, height)));
        }
    }
}

#[test]
fn every_view_in_colours() {
    for view in VIEWS {
        for (width, height) in SIZES {
            insta::assert_snapshot!(format!("{view}_{width}x{height}_styles"), styles(&opened(view, width, height)));
        }
    }
}

#[test]
fn every_view_in_ascii() {
    for view in VIEWS {
        for (width, height) in SIZES {
            let mut app = opened(view, width, height);
            // A name of a file stays what it is.
            app.view_mut::<Library>()
                .into_iter()
                .flat_map(|library| library.entries.iter_mut().flatten())
                .for_each(|entry| entry.name.retain(|c| c.is_ascii()));
            let shown = screen(&app, &Look::new(false, true)).backend().to_string();
            assert!(shown.is_ascii(), "{view} {width}x{height}\n{shown}");
        }
    }
    insta::assert_snapshot!("ranking_80x24_ascii", {
        let shown = screen(&app(80, 24), &Look::new(false, true)).backend().to_string();
        shown.replace(env!("CARGO_PKG_VERSION"), "x.y.z")
    });
}

#[test]
fn every_view_says_when_there_is_no_room() {
    insta::assert_snapshot!("too_small_30x8", text(&app(30, 8)));
    for view in VIEWS {
        let mut app = opened(view, 80, 24);
        for (width, height) in [(39, 24), (80, 9), (1, 1)] {
            app.update(Message::Resized(Size::new(width, height)));
            let shown = text(&app);
            assert!(!shown.contains("neartop"), "{view}: {shown}");
            assert!(width < 39 || shown.contains("too small"), "{view}: {shown}");
        }
        app.update(Message::Resized(Size::new(80, 24)));
        assert_eq!(text(&app), text(&opened(view, 80, 24)), "{view}: all is there again");
    }
}

#[test]
fn without_colours_nothing_is_lost() {
    for view in VIEWS {
        let app = opened(view, 120, 40);
        let shown = |look: Look| screen(&app, &look).backend().to_string();
        assert_eq!(shown(Look::new(true, false)), shown(Look::new(false, false)).clone(), "{view}");
        let terminal = screen(&app, &Look::new(false, false));
        let plain = |c: &ratatui::buffer::Cell| (c.fg, c.bg) == Default::default();
        assert!(terminal.backend().buffer().content().iter().all(plain), "{view}");
    }
}

//! Whatever happens, in whatever order, at whatever size.

use proptest::prelude::*;

use neartop_study::repair::is_repairable;
use neartop_study::study::NoRepair;

use super::*;

/// What is pressed: all keys that are bound somewhere, and any character.
const KEYS: &str = "jkGg/e?R fdJK147r<>bwmcstoxuWTLMyhl+-pUvVq:[]=$0nz.,EiP";

fn any_message() -> impl Strategy<Value = (u8, char, u16, u16, u8)> {
    (0u8..36, any::<char>(), 0u16..260, 0u16..80, any::<u8>())
}

fn message(app: &App, (kind, c, width, height, n): (u8, char, u16, u16, u8)) -> Message {
    let keys: Vec<char> = KEYS.chars().collect();
    let pressed = |code| Message::Key(KeyEvent::new(code, KeyModifiers::NONE));
    let candidate = usize::from(n) % 20;
    match kind {
        0 => pressed(KeyCode::Enter),
        1 => pressed(KeyCode::Esc),
        2 => pressed(KeyCode::PageDown),
        3 => pressed(KeyCode::PageUp),
        4 => pressed(KeyCode::Backspace),
        5 => pressed(KeyCode::Char(c)),
        6 => pressed(KeyCode::Down),
        7 => pressed(KeyCode::Up),
        8 | 9 => Message::Resized(Size::new(width, height)),
        10 => {
            let scores = scores_for(app);
            News::Scored(scores.iter().skip(usize::from(n % 20) * 3).take(5).cloned().collect()).into()
        }
        11 => Message::Frame(Duration::from_secs(u64::from(width))),
        12 => Message::Paste(c.to_string().repeat(3)),
        13 => News::Found(views::listing()).into(),
        14 => Message::Tick(Duration::from_secs(u64::from(height))),
        15 => News::Written(
            [Written::Exists, Written::Done("x".into()), Written::Failed(Failure::Run("y".into()))]
                .into_iter()
                .nth(usize::from(n % 3))
                .expect("one of three"),
        )
        .into(),
        16 => News::Training(match n % 4 {
            0 => TrainingNews::Ended,
            1 => TrainingNews::Failed(BackgroundError::work("no labels")),
            _ => {
                let held_out = training::Evaluation { loss: None, quality: f64::from(width) / 260.0 };
                let point = training::Point { epochs: f64::from(height), train_loss: None, held_out };
                TrainingNews::Progress(training::Update::Point { candidate, point })
            }
        })
        .into(),
        17 => News::Inspected(candidate, if n % 2 == 0 { Ok(spectra()) } else { Err(BackgroundError::work("none")) })
            .into(),
        18 => News::Sized(
            u64::from(n % 5),
            match n % 3 {
                0 => SizeNews::Failed(BackgroundError::work("no samples")),
                1 => SizeNews::Note("few samples".to_owned()),
                _ => {
                    let point = Point { size: usize::from(width) + 1, ranks: vec![1.0, f64::from(height)] };
                    SizeNews::Progress { done: usize::from(height), total: 100, point: Some(point) }
                }
            },
        )
        .into(),
        19 if n % 4 == 0 => {
            let preset = PRESET.replace("relu, ", if n % 8 == 0 { "relu, mish, " } else { "" });
            let preset = Preset::parse(&preset, "other.yaml", Path::new("")).expect("a right preset");
            News::Opened(Ok(Box::new(Study::new(Arc::new(Space::new(Arc::new(preset))))))).into()
        }
        19 => News::Opened(Err(Failure::Run("no such file".to_owned()))).into(),
        20 => News::Ended.into(),
        21..=24 => {
            let kind = [MouseEventKind::ScrollUp, MouseEventKind::ScrollDown, MouseEventKind::Down(MouseButton::Left)];
            // Twice as many clicks as turns, most of them on the screen.
            let kind = kind[usize::from(n % 4).min(2)];
            let (column, row) = (width % (app.cx.size.width + 2), height % (app.cx.size.height + 2));
            Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
        }
        25 => pressed(KeyCode::Tab),
        26 => {
            let of = app.asks().map(|(_, text)| text.value().to_owned()).unwrap_or_default();
            let paths = (0..n % 4).map(|at| format!("{of}{}{at}", c.to_string().repeat(usize::from(n)))).collect();
            News::Completed { of, paths }.into()
        }
        27 => {
            let known = app.cx.study.space.candidates.get(candidate);
            let found = known.filter(|known| n % 2 == 0 && is_repairable(known));
            let found = found.map(|known| repairs::repair(app, known.id, f64::from(n) / 255.0));
            match known {
                Some(known) => News::Repaired(known.id, Ok(Box::new(found.ok_or(NoRepair::NoFactor(None))))).into(),
                None => Message::Frame(Duration::ZERO),
            }
        }
        28 => Message::Key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL)),
        _ => pressed(KeyCode::Char(keys[usize::from(n) % keys.len()])),
    }
}

/// The scores of the small study, and as many of others.
fn scores_for(app: &App) -> Vec<Progress> {
    let layers = app.cx.study.space.network().counted().len();
    let mut scores = scores(4);
    for score in scores.iter_mut().filter_map(|progress| progress.result.as_mut().ok()) {
        score.effective_ranks.resize(layers, 1.5);
        if let Some(propagation) = &mut score.propagation {
            let last = propagation.layers.last().cloned().expect("a layer");
            propagation.layers.resize(layers, last);
        }
    }
    scores
}

/// What holds of any state.
fn check(app: &App) -> Result<(), TestCaseError> {
    prop_assert_eq!(app.cx.table.selected.is_none(), app.cx.table.rows.is_empty());
    prop_assert!(app.cx.table.selected.is_none() || app.cx.table.selected_row().is_some());
    prop_assert!(app.cx.table.list.offset == 0 || app.cx.table.list.offset < app.cx.table.rows.len());
    prop_assert!(app.cx.table.sort < app.cx.table.columns.len());
    prop_assert!(app.cx.table.marked.iter().all(|id| *id < app.cx.study.space.candidates.len()));
    let within = |line: usize, count: usize| line < count.max(1);
    let library = library(app);
    prop_assert!(within(library.list.line, library.shown().len()));
    if let Some(draft) = draft(app) {
        prop_assert!(within(draft.list.line, draft.items().len()));
        // A model would be read again each time.
        let is_right = app.cx.study.space.preset.model.is_some() || draft.checked().is_ok();
        prop_assert!(is_right, "a change of the search that is no preset");
    }
    if let Some(finalists) = finalists(app) {
        prop_assert!(within(finalists.list.line, finalists.shown(&app.cx.study).len()));
    }
    match app.cx.shown {
        "space" => prop_assert!(draft(app).is_some()),
        "training" => prop_assert!(app.view::<Training>().is_some_and(|t| t.finalists.is_some() || t.form.is_some())),
        "candidate" | "matrix" => prop_assert!(app.cx.table.selected.is_some() || app.cx.table.rows.is_empty()),
        _ => {}
    }
    if app.is_typing() {
        let has_list = matches!(app.cx.shown, "ranking" | "space" | "training" | "library" | "messages" | "network")
            || app.visible().count() > 1;
        prop_assert!(has_list, "a filter of {:?}, which has no list", app.cx.shown);
    }
    Ok(())
}

/// Takes all in, and looks at the screen after each.
fn take(mut app: App, messages: Vec<(u8, char, u16, u16, u8)>) -> Result<(), TestCaseError> {
    for given in messages {
        let message = message(&app, given);
        app.update(message);
        if app.cx.size.width > 0 && app.cx.size.height > 0 {
            text(&app);
        }
        check(&app)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Keys, mouse, sizes and news in any order: the screen is drawn, and no part of the state contradicts another.
    #[test]
    fn no_sequence_of_messages_breaks_the_screen(messages in prop::collection::vec(any_message(), 1..60)) {
        take(App::new(study(), Size::new(80, 24)), messages)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The same with a model, whose layers have long paths.
    #[test]
    fn no_sequence_of_messages_breaks_the_screen_of_a_model(messages in prop::collection::vec(any_message(), 1..40)) {
        take(App::new(views::model(), Size::new(80, 24)), messages)?;
    }
}

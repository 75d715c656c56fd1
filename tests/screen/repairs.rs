//! What would make a candidate train: looked for, shown and exported.

use neartop_core::init::BiasInit;
use neartop_core::network::Init;
use neartop_core::score::propagation::{Trainability, Verdict};
use neartop_core::start::by_layer;
use neartop_study::study::{Attempt, NoRepair, Repair};

use super::*;

/// A repair by one factor, and one by layer that is better or worse.
pub fn repair(app: &App, id: usize, by_layer_score: f64) -> Repair {
    let space = &app.cx.study.space;
    let init = space.candidates[id].init.one().expect("one law for all layers");
    let gains = vec![("0".to_owned(), 2.5), ("2".to_owned(), 0.125)];
    let plain = init.scaled(1.0, 1.0).expect("a law with a size");
    let scaled = Init::One(init.scaled(19.5, 1.0).expect("a law with a size"));
    let recipe = by_layer(space.network(), &plain, BiasInit::Zeros, gains.clone()).unwrap_or_else(|| scaled.clone());
    let made = |init, gain, gains, score, near, by_layer| Repair {
        gain,
        gains,
        init,
        trainability: Trainability { verdict: Verdict::Trainable, score },
        score_of_any: score,
        near,
        standard_error: Some(0.5),
        repetitions: 4,
        by_layer,
        scores: Vec::new(),
    };
    let each = made(recipe, None, gains, by_layer_score, 61.25, None);
    made(scaled, Some(19.5), Vec::new(), 0.8, 58.5, Some(Box::new(each)))
}

/// Selects a candidate whose signals vanish.
fn select_vanishing(app: &mut App) -> usize {
    let rows = app.cx.table.rows.iter().map(|row| row.candidate);
    let id = rows.filter(|id| id % 4 == 2).max().expect("one that will not train");
    app.cx.select(Some(id));
    id
}

/// The app with the repair of a candidate that will not train.
pub fn repaired(width: u16, height: u16) -> App {
    let mut app = app(width, height);
    let id = select_vanishing(&mut app);
    app.update(News::Repaired(id, Ok(Box::new(Ok(repair(&app, id, 0.9))))));
    app
}

#[test]
fn a_repair_is_looked_for_and_shown() {
    let mut app = app(200, 50);
    let id = select_vanishing(&mut app);
    assert!(text(&app).contains("repair R looks for factors that make it train"), "{}", text(&app));
    assert_eq!(press(&mut app, KeyCode::Char('R')), Some(Effect::Repair(id)));
    assert!(text(&app).contains("repair is being looked for"), "{}", text(&app));
    assert_eq!(press(&mut app, KeyCode::Char('R')), Some(Effect::StopRepair), "the same key stops it");
    assert_eq!(press(&mut app, KeyCode::Char('R')), Some(Effect::Repair(id)));
    // It comes while another candidate is selected, and stays with its own.
    press(&mut app, KeyCode::Char('b'));
    assert_ne!(app.cx.table.selected, Some(id));
    app.update(News::Repaired(id, Ok(Box::new(Ok(repair(&app, id, 0.55))))));
    let told = app.cx.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default();
    let ways = "it trains with all weights x 19.5, NEAR 58.50, or weights by layer x 2.5, 0.125, NEAR 61.25, only just; e exports it";
    assert_eq!(told, format!("{}: {ways}", app.cx.study.candidate(id)));
    assert!(!text(&app).contains("repair "), "{}", text(&app));
    app.cx.select(Some(id));
    let shown = text(&app);
    let line = |words: &str| shown.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{shown}"));
    assert!(
        line("repair all weights x 19.5  ✓ trainable 0.80")
            < line("repair weights by layer x 2.5, 0.125  ✓ only just trainable 0.55")
    );
    assert_eq!(press(&mut app, KeyCode::Char('R')), None, "it is known");
    assert!(app.cx.notice.as_ref().is_some_and(|notice| notice.text == ways));
}

#[test]
fn what_has_no_repair_says_so() {
    let mut app = app(120, 40);
    press(&mut app, KeyCode::Char('b'));
    assert_eq!(press(&mut app, KeyCode::Char('R')), None);
    assert!(text(&app).contains("it will train as it is"));
    let id = select_vanishing(&mut app);
    press(&mut app, KeyCode::Char('R'));
    let trainability = Trainability { verdict: Verdict::Saturated, score: 0.25 };
    let why = NoRepair::NoFactor(Some(Attempt { gain: Some(3.9), trainability }));
    app.update(News::Repaired(id, Ok(Box::new(Err(why)))));
    let told =
        "there are no factors of its weights that make it train: with the closest, all weights x 3.9, it is saturated";
    assert!(app.cx.notice.as_ref().is_some_and(|notice| notice.text.ends_with(told)), "{}", text(&app));
    assert_eq!(press(&mut app, KeyCode::Char('R')), None, "it would be looked for in vain");
    app.update(News::Repaired(id, Err(BackgroundError::work("no samples"))));
    assert!(app.cx.notice.as_ref().is_some_and(|notice| notice.is_error && notice.text.contains("no samples")));
    // Of another preset nothing is known.
    app.update(News::Opened(Ok(Box::new(study()))));
    assert_eq!(press(&mut app, KeyCode::Char('R')), None);
    assert!(text(&app).contains("whether it will train is not known"));
}

#[test]
fn a_repaired_candidate_is_exported() {
    let mut app = repaired(80, 24);
    let id = app.cx.table.selected.expect("a selection");
    press(&mut app, KeyCode::Char('e'));
    insta::assert_snapshot!("export_of_a_repair_80x24", text(&app));
    let written = |app: &mut App| match press(app, KeyCode::Enter) {
        Some(Effect::Write { path, text, .. }) => {
            (path, Preset::parse(&text, "repaired.yaml", Path::new("")).expect("a preset").search.inits[0].clone())
        }
        other => panic!("{other:?}"),
    };
    let change = |app: &mut App| {
        app.update(Message::Key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL)));
    };
    let known = app.cx.study.repair(id).expect("a repair").clone();
    let best = written(&mut app);
    assert_eq!(best.1, known.best().init, "the better way first");
    change(&mut app);
    let one = written(&mut app);
    assert_eq!(one.1, known.init);
    change(&mut app);
    let plain = written(&mut app);
    assert_eq!(plain.1, app.cx.study.candidate(id).init);
    let paths = std::collections::BTreeSet::from([best.0, one.0, plain.0]);
    assert_eq!(paths.len(), 3, "none replaces another: {paths:?}");
    change(&mut app);
    assert_eq!(written(&mut app).1, known.best().init);
}

#[test]
fn what_only_just_trains_is_told_and_comes_last() {
    let app = app(80, 24);
    let mut study = study();
    let sound = Repair { by_layer: None, ..repair(&app, 2, 0.9) };
    let trainability = Trainability { verdict: Verdict::Trainable, score: 0.55 };
    let narrow = Repair { near: 99.0, trainability, ..sound.clone() };
    assert_eq!((narrow.is_narrow(), sound.is_narrow()), (true, false));
    assert_eq!((sound.phrase(), narrow.phrase()), ("normal(std=0.975)".into(), "normal(std=0.975), only just".into()));
    study.set_repair(2, narrow);
    study.set_repair(6, sound);
    assert_eq!(study.repairs().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [6, 2]);
}

#[test]
fn a_repair_fits_any_screen() {
    for (width, height) in views::SIZES {
        let mut app = repaired(width, height);
        for view in ["", "c", "e"] {
            write(&mut app, view);
            for look in [Look::new(false, true), Look::new(true, false)] {
                screen(&app, &look);
            }
        }
    }
    let mut app = repaired(80, 24);
    press(&mut app, KeyCode::Char('c'));
    insta::assert_snapshot!("repaired_candidate_80x24", text(&app));
    let ascii = screen(&app, &Look::new(false, true)).backend().to_string();
    assert!(ascii.contains("weights by layer x 2.5, 0.125  +") && ascii.contains("NEAR 61.25 +-0.50"), "{ascii}");
    assert!(ascii.lines().all(str::is_ascii), "{ascii}");
    let mut app = repaired(200, 50);
    press(&mut app, KeyCode::Char('c'));
    insta::assert_snapshot!("repaired_candidate_200x50", text(&app));
}

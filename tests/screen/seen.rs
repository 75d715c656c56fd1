//! Where one is in a list, names that can be told apart, and what matters first.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Instant;

use super::*;

/// A study of initializations whose names begin alike.
fn alike() -> App {
    let gains: Vec<_> = (1..=9).map(|i| format!("{{orthogonal: {{gain: 0.{i}}}}}")).collect();
    let inits = format!("inits: [{}]", gains.join(", "));
    let start = PRESET.find("inits:").expect("the key");
    let preset = format!("{}{inits}\nscore: {{repetitions: 4, seed: 0}}\n", &PRESET[..start]);
    let preset = Preset::parse(&preset, "alike.yaml", Path::new("")).expect("a right preset");
    let mut app = App::new(Study::new(Arc::new(Space::new(Arc::new(preset)))), Size::new(80, 24));
    app.update(Message::Frame(Duration::ZERO));
    app
}

#[test]
fn names_that_begin_alike_can_be_told_apart() {
    for (width, height) in views::SIZES {
        let mut app = alike();
        app.update(Message::Resized(Size::new(width, height)));
        write(&mut app, "/=gelu");
        press(&mut app, KeyCode::Enter);
        let shown = text(&app);
        let rows: Vec<&str> = shown.lines().filter(|line| line[1..].trim_start().starts_with("gelu")).collect();
        let all: BTreeSet<_> = rows.iter().map(|row| row.split_whitespace().nth(2)).collect();
        assert!(rows.len() >= 2 && all.len() >= rows.len().min(9), "{all:?}\n{shown}");
        if width >= 60 {
            write(&mut app, "m");
            let matrix = text(&app);
            assert!(matrix.contains("0.2") || matrix.contains("gain=0.2"), "{matrix}");
        }
    }
}

#[test]
fn whole_names_are_shown_and_scrolled_to() {
    let mut app = alike();
    app.update(Message::Resized(Size::new(80, 24)));
    let name = "leaky_relu(negative_slope=0.2)";
    assert!(!text(&app).lines().skip(5).take(9).any(|line| line.contains(name)));
    write(&mut app, "/leaky");
    press(&mut app, KeyCode::Enter);
    write(&mut app, "z");
    assert!(text(&app).lines().skip(5).take(9).any(|line| line.contains(name)), "{}", text(&app));
    write(&mut app, "z");
    press(&mut app, KeyCode::Null);
    let before = text(&app);
    write(&mut app, "...");
    let after = text(&app);
    assert!(after != before && after.contains("slope=0.2)"), "{after}");
    write(&mut app, ",,,");
    press(&mut app, KeyCode::Null);
    assert_eq!(text(&app), before);
}

#[test]
fn every_list_says_where_it_stands() {
    let mut app = app(80, 24);
    assert!(text(&app).contains(" 1/20 "));
    press(&mut app, KeyCode::End);
    let shown = text(&app);
    assert!(shown.contains(" 20/20 ") && shown.contains('█'), "{shown}");
    for (keys, position) in [("m", "/5, "), ("s", "1/60"), ("c", "1/3"), ("?", "/")] {
        let mut app = views::opened("ranking", 80, 24);
        write(&mut app, keys);
        let title = text(&app).lines().find(|line| line.contains(position)).map(str::to_owned);
        assert!(title.is_some(), "{keys}: {}", text(&app));
    }
    // How to get out is in sight.
    let help = text(&views::opened("help", 80, 24));
    assert!(help.contains("leave") && help.contains("q F10"), "{help}");
}

#[test]
fn what_is_to_be_done_is_never_cut() {
    for (width, height) in [(80, 24), (60, 15)] {
        let mut app = app(width, height);
        write(&mut app, "s+");
        assert!(text(&app).contains("changed, 20 candidates: r scores them"), "{}", text(&app));
    }
    // A number stands as a whole or not at all.
    let shown = text(&app(60, 15));
    let second = shown.lines().nth(1).expect("a line").trim_matches('"').trim_end().to_owned();
    assert!(second.ends_with("\u{b1}0.14") || second.ends_with("parameters"), "{second}");
}

#[test]
fn a_sorted_column_is_on_the_screen() {
    let mut app = app(80, 24);
    for digit in '1'..='9' {
        write(&mut app, &digit.to_string());
        let title = app.cx.table.columns[app.cx.table.sort].title;
        let head = text(&app).lines().nth(5).map(str::to_owned).unwrap_or_default();
        let sign = if app.cx.table.descending { '▼' } else { '▲' };
        assert!(head.contains(&title[..title.len().min(6)]) && head.contains(sign), "{digit}: {title}\n{head}");
    }
}

#[test]
fn a_digit_means_the_same_after_training() {
    let mut app = app(120, 40);
    let titles =
        |app: &App| app.cx.table.by_digit().iter().map(|at| app.cx.table.columns[*at].title).collect::<Vec<_>>();
    let before = titles(&app);
    views::train(&mut app);
    let after = titles(&app);
    assert!(after.len() == before.len() + 1 && after.starts_with(&before), "{after:?}");
}

#[test]
fn columns_are_compared_in_a_filter() {
    let mut app = app(80, 24);
    let count = |app: &mut App, filter: &str| {
        press(app, KeyCode::Esc);
        write(app, &format!("/{filter}"));
        press(app, KeyCode::Enter);
        app.cx.table.rows.len()
    };
    let ranking = app.cx.study.ranking();
    let above = ranking.iter().filter(|r| app.cx.study.near(r.candidate).is_some_and(|n| n.mean > 55.0)).count();
    assert_eq!(count(&mut app, "near>55"), above);
    assert_eq!((count(&mut app, "params<20k"), count(&mut app, "params>=20k")), (20, 0));
    assert_eq!((count(&mut app, "=relu"), count(&mut app, "activation=relu"), count(&mut app, "relu")), (4, 4, 8));
    assert_eq!(count(&mut app, "=relu | =tanh orthogonal"), 5);
    assert_eq!(count(&mut app, "marked"), 0);
    press(&mut app, KeyCode::Esc);
    write(&mut app, "  ");
    assert_eq!((count(&mut app, "marked"), count(&mut app, "-marked")), (2, 18));
    // What cannot be understood lets all through, and says why.
    assert_eq!(count(&mut app, "nera>3"), 20);
    assert!(text(&app).contains("there is no column `nera`"), "{}", text(&app));
    assert_eq!(count(&mut app, "near>"), 20);
    assert!(text(&app).contains("a number is to follow `near>`"), "{}", text(&app));
}

#[test]
fn keys_with_alt_are_other_keys() {
    let mut app = app(80, 24);
    let alt = |c| Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT));
    assert_eq!(app.update(alt('q')), None, "Esc and q at once are no q");
    assert!(text(&app).contains("Alt and q mean nothing here"));
    assert_eq!(app.update(alt('p')), None);
    assert_eq!(app.cx.phase, Phase::Scoring);
}

#[test]
fn nothing_is_done_blindly() {
    let mut app = app(80, 24);
    app.update(Message::Resized(Size::new(30, 8)));
    for key in ['t', 'p', 's', 'e', ' ', 'j', '/', 'M'] {
        assert_eq!(press(&mut app, KeyCode::Char(key)), None, "{key}");
    }
    app.update(Message::Paste("words".to_owned()));
    click(&mut app, 3, 3);
    app.update(Message::Resized(Size::new(80, 24)));
    assert_eq!(text(&app), text(&views::opened("ranking", 80, 24)));
    app.update(Message::Resized(Size::new(30, 8)));
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit));
}

#[test]
fn what_is_recorded_nowhere_is_asked_about() {
    let mut app = app(80, 24);
    app.cx.is_recorded = false;
    assert_eq!(press(&mut app, KeyCode::Char('q')), None);
    assert!(text(&app).contains("its scores are recorded nowhere: q again leaves them"), "{}", text(&app));
    app.update(News::Scored(scores(4)));
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit));
    app.update(News::Ended);
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit), "what is done is said when the app is left");
}

#[test]
fn the_extension_of_a_file_says_its_format() {
    let mut app = app(80, 24);
    write(&mut app, "e");
    let name = |app: &mut App, name: &str| {
        (0..80).for_each(|_| {
            press(app, KeyCode::Backspace);
        });
        write(app, name);
        press(app, KeyCode::Enter)
    };
    assert_eq!(name(&mut app, ""), None);
    assert!(text(&app).contains("a file name is to be written"), "{}", text(&app));
    assert_eq!(name(&mut app, "a.py"), None);
    assert!(text(&app).contains(".py is for pytorch: Enter writes that"), "{}", text(&app));
    let Some(Effect::Write { path, text: written, .. }) = press(&mut app, KeyCode::Enter) else {
        panic!("not written")
    };
    assert!(path == Path::new("a.py") && written.contains("import torch"), "{written}");
    assert!(matches!(name(&mut app, "b.txt"), Some(Effect::Write { text, .. }) if text.contains("import torch")));
}

/// What a training costs and is worth is known before it begins, and first steps cost less.
#[test]
fn what_evidence_costs_is_said_before_it_is_gathered() {
    let mut app = app(120, 40);
    press(&mut app, KeyCode::Char('t'));
    let shown = text(&app);
    for evidence in Evidence::ALL {
        assert!(shown.contains(evidence.cost()) && shown.contains(evidence.name()), "{shown}");
    }
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Right);
    assert!(text(&app).contains("32 steps of 64"), "{}", text(&app));
    let Some(Effect::Train(candidates, options)) = press(&mut app, KeyCode::Enter) else { panic!("nobody begins") };
    assert_eq!((options.steps, options.eta), (Some(32), None));
    let space = Arc::clone(&app.cx.study.space);
    let task = training::Task::load(&space.preset.data, space.network(), 0, &options).expect("digits have labels");
    let plan = training::Plan::new(space, task, options, candidates.clone()).expect("a plan");
    app.update(News::Training(TrainingNews::Begun(Arc::new(plan))));
    let best = app.cx.study.recommended().expect("a recommendation").0;
    for candidate in candidates.iter().copied() {
        let after = if candidate == best { 3.0 } else { 0.5 };
        for (epochs, loss) in [(0.0, 2.5), (1.0, after)] {
            let held_out = training::Evaluation { loss: Some(loss), quality: 0.5 };
            let point = training::Point { epochs, train_loss: None, held_out };
            app.update(News::Training(TrainingNews::Progress(training::Update::Point { candidate, point })));
        }
        let reached = training::Update::Reached { candidate, rung: 0 };
        assert_eq!(app.update(News::Training(TrainingNews::Progress(reached))), None, "nothing is kept");
    }
    assert_eq!(app.update(News::Training(TrainingNews::Ended)), None);
    press(&mut app, KeyCode::Esc);
    let (choice, why) = app.cx.study.recommended().expect("another");
    assert!(choice != best && why.contains("lowest loss after 32 steps"), "{why}");
    assert!(text(&app).contains("recommended by first steps"), "{}", text(&app));
}

#[test]
fn a_training_is_settled_before_it_begins() {
    let mut app = app(80, 24);
    assert_eq!(press(&mut app, KeyCode::Char('t')), None);
    let shown = text(&app);
    assert!(shown.contains("only 88 % of the scores are there") && shown.contains("the best 8"), "{shown}");
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Left);
    let Some(Effect::Train(candidates, options)) = press(&mut app, KeyCode::Enter) else { panic!("nobody is trained") };
    assert_eq!((candidates.len(), options.epochs, options.samples), (4, 5, Some(50_000)));
    assert_eq!(options.method.key(), "sgd");
    assert_eq!(options.learning_rate, Some(options.method.learning_rate()));
}

#[test]
fn a_click_leaves_the_columns_where_they_are() {
    let mut app = app(60, 15);
    write(&mut app, "m");
    let head = |app: &App| text(app).lines().skip(4).take(3).map(str::to_owned).collect::<Vec<_>>();
    let before = head(&app);
    for x in [20, 30, 40] {
        click(&mut app, x, 8);
        assert_eq!(head(&app), before, "{x}");
    }
}

#[test]
fn the_table_is_saved_as_it_is_shown() {
    let mut app = app(80, 24);
    write(&mut app, "4/=relu");
    press(&mut app, KeyCode::Enter);
    let saved = |app: &mut App, ending: &str| {
        write(app, "E");
        (0..20).for_each(|_| {
            press(app, KeyCode::Backspace);
        });
        write(app, &format!("t.{ending}"));
        press(app, KeyCode::Enter)
    };
    let Some(Effect::Write { text: csv, replace: false, .. }) = saved(&mut app, "csv") else { panic!("not saved") };
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let first = app.cx.study.candidate(app.cx.table.rows[0].candidate).init.to_string();
    assert!(csv.lines().nth(1).is_some_and(|line| line.contains(&first)), "{csv}");
    app.update(News::Written(Written::Exists));
    assert!(text(&app).contains("there is such a file"));
    assert!(matches!(press(&mut app, KeyCode::Enter), Some(Effect::Write { replace: true, .. })));
    app.update(News::Written(Written::Done("t.csv".into())));
    assert!(app.cx.is_browsing);
    let Some(Effect::Write { text: json, .. }) = saved(&mut app, "json") else { panic!("not saved") };
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["candidates"].as_array().map(Vec::len), Some(4));
    press(&mut app, KeyCode::Esc);
    assert_eq!(saved(&mut app, "xls"), None);
    assert!(text(&app).contains("ends with .csv, .md, .txt, .json, .jsonl"), "{}", text(&app));
}

#[test]
fn columns_stand_in_the_order_that_was_settled() {
    let mut app = app(120, 40);
    app.want_columns(vec!["parameters".to_owned(), "NEAR".to_owned(), "error".to_owned()]);
    let titles: Vec<_> = app.cx.table.columns.iter().map(|column| column.title).collect();
    assert_eq!(titles[titles.len() - 3..], ["parameters", "NEAR", "error"]);
    app.sort(&("NEAR".to_owned(), true));
    assert_eq!(app.cx.table.sorting(), Some(("NEAR".to_owned(), true)));
    app.sort(&("no such".to_owned(), true));
    assert_eq!(app.cx.table.sorting(), Some(("NEAR".to_owned(), true)));
}

#[test]
fn a_changed_search_is_shown_from_its_first_scores_on() {
    let mut app = app(80, 24);
    press(&mut app, KeyCode::End);
    let other = PRESET.replace("linear: 32", "linear: 31");
    let preset = Preset::parse(&other, "other.yaml", Path::new("")).expect("a right preset");
    app.update(News::Opened(Ok(Box::new(Study::new(Arc::new(Space::new(Arc::new(preset))))))));
    app.update(News::Scored(scores(2)));
    app.update(Message::Frame(Duration::from_secs(1)));
    assert_eq!(app.cx.table.selected_row(), Some(0));
    assert!(app.cx.table.rows[0].rank == Some(1) && app.cx.table.list.offset == 0);
}

#[test]
fn modules_of_the_network_are_folded() {
    let preset = PRESET.replace(
        "layers: [linear: 32, activation, linear: 10]",
        "layers: [linear: 32, residual: {body: [linear: 32, activation]}, linear: 10]",
    );
    let preset = Preset::parse(&preset, "residual.yaml", Path::new("")).expect("a right preset");
    let mut app = App::new(Study::new(Arc::new(Space::new(Arc::new(preset)))), Size::new(120, 40));
    write(&mut app, "i");
    let all = text(&app);
    assert!(all.contains("0 linear") && all.contains("* 1 relu") && all.contains(" < "), "{all}");
    assert!(all.contains("1,056"), "the parameters of the module and of its layer: {all}");
    write(&mut app, "j");
    let all = text(&app);
    press(&mut app, KeyCode::Enter);
    let folded = text(&app);
    assert!(!folded.contains("* 1 relu") && folded.contains("nodes"), "{folded}");
    press(&mut app, KeyCode::Enter);
    assert_eq!(text(&app), all);
    // A node folds the module that it is in.
    write(&mut app, "jj");
    press(&mut app, KeyCode::Enter);
    let inner = text(&app);
    assert!(inner.contains("body  2 nodes") && inner.contains(" 3/"), "{inner}");
    // What is folded is found too.
    write(&mut app, "/relu");
    assert!(text(&app).contains("* 1 relu") && !text(&app).contains("0 linear"));
}

#[test]
fn nobody_beats_those_of_the_frontier() {
    let mut app = views::opened("pareto", 120, 40);
    let shown = text(&app);
    assert!(shown.contains("beaten by nobody in both NEAR and parameters"), "{shown}");
    press(&mut app, KeyCode::Down);
    let chosen = app.cx.table.selected.expect("a selection");
    let of = |id: usize| {
        (app.cx.study.candidate(id).parameters, app.cx.study.near(id).map_or(f64::NEG_INFINITY, |n| n.mean))
    };
    let (parameters, near) = of(chosen);
    let will_train = |id: usize| app.cx.study.trainability(id).is_none_or(|t| t.is_trainable());
    let beats = |id: &usize| of(*id).0 < parameters && of(*id).1 > near && will_train(*id);
    assert_eq!((0..20).find(beats), None);
    press(&mut app, KeyCode::Tab);
    assert!(text(&app).contains("candidates differ in parameters alone"), "{}", text(&app));
    // Where all are alike there is nothing to weigh.
    let mut app = views::opened("ranking", 80, 24);
    write(&mut app, "P");
    assert!(app.cx.shown == "ranking" && text(&app).contains("there is nothing to weigh"));
}

#[test]
fn what_near_is_weighed_against_is_changed() {
    let preset = "
name: Sizes
data: {source: gaussian}
network: {input: [3, 16, 16], classes: 10}
search: {architectures: {space: nats_sss, sample: 12}}
score: {repetitions: 1}
";
    let mut app = scored(preset);
    write(&mut app, "P");
    assert!(text(&app).contains("beaten by nobody in both NEAR and parameters"), "{}", text(&app));
    press(&mut app, KeyCode::Tab);
    let shown = text(&app);
    assert!(shown.contains("NEAR and multiply-adds") && shown.contains("NEAR by multiply-adds"), "{shown}");
    let chosen = app.cx.study.candidate(app.cx.table.selected.expect("a selection"));
    let cost = neartop::columns::grouped(chosen.multiply_adds);
    assert!(shown.contains(&cost), "{cost}\n{shown}");
    press(&mut app, KeyCode::Tab);
    assert!(text(&app).contains("NEAR and parameters"));
}

/// Whether all of a load is asked for, where how long keys take is printed too.
fn is_full() -> bool {
    std::env::var("NEARTOP_LOAD").is_ok_and(|load| load == "full")
}

/// Time that this thread has run, whatever else the machine does; where the system does not say, time that has passed.
fn time_of_thread() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = spent.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGAN.elapsed(), Duration::from_nanos)
}

/// A study of a preset in which every candidate has a score.
fn scored(preset: &str) -> App {
    let preset = Preset::parse(preset, "load.yaml", Path::new("")).expect("a right preset");
    let mut app = App::new(Study::new(Arc::new(Space::new(Arc::new(preset)))), Size::new(200, 50));
    let layers = app.cx.study.space.network().counted().len();
    let score = |candidate: usize| {
        let near = 40.0 + (candidate * 7919 % 1000) as f64 / 50.0;
        let effective_ranks = vec![near / layers as f64; layers];
        let mut propagation = signals(0);
        propagation.layers.resize(layers, propagation.layers[0].clone());
        let score = Score { near, effective_ranks, dead_from: None, propagation: Some(propagation) };
        Progress { candidate, repetition: 0, result: Ok(score) }
    };
    app.update(News::Scored((0..app.cx.study.space.candidates.len()).map(score).collect()));
    app.update(Message::Frame(Duration::from_secs(1)));
    app.update(News::Ranked(Box::new(Standings::of(&app.cx.study))));
    app
}

/// How long a key and its frame take in every view: the most of the means, which no machine misses.
fn slowest(what: &str, app: &mut App) -> Duration {
    let views = ["", "m", "i", "P", "c", "s", "n", "?", ":"];
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a test terminal");
    let look = Look::new(true, false);
    let (mut slowest, mut all) = (Duration::ZERO, Vec::new());
    for view in views {
        (0..3).for_each(|_| {
            press(app, KeyCode::Esc);
        });
        write(app, view);
        let moves = [KeyCode::PageDown, KeyCode::Down, KeyCode::Down, KeyCode::Right, KeyCode::End, KeyCode::Up];
        let mut busy = Duration::ZERO;
        let mut times: Vec<_> = (0..60)
            .map(|at| {
                let start = time_of_thread();
                let began = Instant::now();
                press(app, moves[at % moves.len()]);
                terminal.draw(|frame| drawing::draw(frame, app, &look)).expect("a frame");
                busy += time_of_thread().saturating_sub(start);
                began.elapsed()
            })
            .collect();
        let mean = busy / times.len() as u32;
        times.sort_unstable();
        println!("{what}, {:<10} takes {mean:.1?}, until it is there at most {:.1?}", app.place(), times[59]);
        slowest = slowest.max(mean);
        all.append(&mut times);
    }
    all.sort_unstable();
    println!("{what}, all views  99th percentile {:.1?} of {} keys", all[all.len() * 99 / 100], all.len());
    slowest
}

/// Candidates of the bundled preset; of it `NEARTOP_LOAD=full` prints what keys take.
#[test]
fn keys_are_answered_at_once() {
    let preset = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("presets/digits-mlp.yaml"));
    let mut app = scored(&preset.expect("a bundled preset"));
    let time = slowest(&format!("{} candidates", app.cx.study.space.candidates.len()), &mut app);
    assert!(time < Duration::from_millis(100), "{time:?}");
}

#[test]
fn keys_are_answered_at_once_with_thousands() {
    let count = if is_full() { 780 } else { 100 };
    let slopes: Vec<_> = (1..=count)
        .map(|i| format!("{{leaky_relu: {{negative_slope: {}}}}}", f64::from(i) / 1000.0 + 0.00005))
        .collect();
    let preset = PRESET.replace("sigmoid]", &format!("sigmoid, prelu, {}]", slopes.join(", ")));
    let inits: Vec<_> = (1..=19).map(|i| format!("{{orthogonal: {{gain: {}}}}}", f64::from(i) / 10.0)).collect();
    let mut app = scored(&preset.replace("orthogonal]", &format!("{}]", inits.join(", "))));
    let time = slowest(&format!("{} candidates", app.cx.study.space.candidates.len()), &mut app);
    assert!(time < Duration::from_millis(200), "{time:?}");
}

/// Blocks of a residual network: 500 nodes in 200 modules.
fn deep() -> String {
    let block = "{residual: {body: [linear: 32, activation, linear: 32]}}, activation";
    PRESET
        .replace(
            "[linear: 32, activation, linear: 10]",
            &format!("[linear: 32, {{repeat: {{times: 100, layers: [{block}]}}}}]"),
        )
        .replace("gelu, tanh, sigmoid]", "gelu, prelu]")
}

#[test]
fn keys_are_answered_at_once_with_many_nodes() {
    let mut app = scored(&deep());
    let nodes = app.cx.study.space.network().nodes.len();
    assert!(nodes >= 500, "{nodes}");
    let time = slowest(&format!("{nodes} nodes"), &mut app);
    assert!(time < Duration::from_millis(100), "{time:?}");
}

#[test]
fn a_network_of_many_nodes_is_shown() {
    for (width, height) in [(120, 40), (60, 15)] {
        let mut app = scored(&deep());
        app.update(Message::Resized(Size::new(width, height)));
        write(&mut app, "i");
        press(&mut app, KeyCode::End);
        insta::assert_snapshot!(format!("many_nodes_{width}x{height}"), text(&app));
        write(&mut app, "zgj");
        press(&mut app, KeyCode::Enter);
        insta::assert_snapshot!(format!("many_nodes_folded_{width}x{height}"), text(&app));
    }
}

//! Lists: one syntax of searching, wide characters, the mouse, and what would be lost.

use unicode_width::UnicodeWidthStr;

use super::*;
use neartop::tui::views::help::Help;

fn filtered(app: &mut App, words: &str) {
    write(app, &format!("/{words}"));
    press(app, KeyCode::Enter);
    assert!(app.cx.is_browsing);
}

#[test]
fn every_list_is_searched_alike() {
    let mut app = app(80, 24);
    filtered(&mut app, "relu -leaky");
    assert_eq!(app.cx.table.rows.len(), 4);

    write(&mut app, "s");
    filtered(&mut app, "relu -leaky activations");
    let items = draft(&app).expect("a draft").items();
    assert!(items.len() >= 2 && items.iter().all(|item| item.section() == "activations"), "{items:?}");
    assert!(text(&app).contains("filter: relu -leaky activations"));
    write(&mut app, "G");
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.cx.shown, "space", "Esc takes the filter away first");
    assert!(draft(&app).is_some_and(|draft| draft.items().len() > items.len()));
    filtered(&mut app, "nothing has this");
    assert!(text(&app).contains("no line has these words"));
    press(&mut app, KeyCode::Enter);
    assert!(app.cx.is_browsing, "there is nothing to edit");
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    assert_eq!((app.cx.shown, app.cx.table.rows.len()), ("ranking", 4), "the ranking has its own filter");

    write(&mut app, "o");
    app.update(News::Found(views::listing()));
    filtered(&mut app, "presets -bundled -glue");
    let names: Vec<_> = library(&app).shown().iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(names, ["mine.yaml"]);
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);

    write(&mut app, "?/filter -relu");
    let shown = text(&app);
    assert!(shown.contains("words that must occur") && !shown.contains("pause scoring"), "{shown}");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Esc);
    assert!(app.place() == "help" && app.view::<Help>().is_some_and(|help| help.list.filter.value().is_empty()));
    press(&mut app, KeyCode::Esc);

    write(&mut app, ":layer -size");
    let shown = text(&app);
    assert!(shown.contains("detail-down") && !shown.contains(" sizes "), "{shown}");
    press(&mut app, KeyCode::Esc);

    press(&mut app, KeyCode::Esc);
    views::train(&mut app);
    filtered(&mut app, "orthogonal -gelu");
    let trained = finalists(&app).expect("finalists");
    let shown: Vec<_> =
        trained.shown(&app.cx.study).iter().map(|r| app.cx.study.candidate(r.candidate).to_string()).collect();
    assert!(!shown.is_empty() && shown.iter().all(|name| name.contains("orthogonal") && !name.contains("gelu")));
}

#[test]
fn wide_characters_do_not_break_columns() {
    let name = "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{30cd}\u{30c3}\u{30c8} \u{1f680} e\u{301}e\u{301} ".repeat(9);
    let preset = PRESET.replace("Two layers", name.trim());
    let preset = Preset::parse(&preset, "wide.yaml", Path::new("")).expect("a right preset");
    for (width, height) in views::SIZES {
        let mut app = App::new(Study::new(Arc::new(Space::new(Arc::new(preset.clone())))), Size::new(width, height));
        app.update(News::Scored(scores(4)));
        app.update(Message::Frame(Duration::ZERO));
        text(&app);
        write(&mut app, "/\u{65e5}\u{672c}\u{8a9e}\u{65e5}\u{672c}\u{8a9e}\u{65e5}\u{672c}\u{8a9e}");
        text(&app);
        press(&mut app, KeyCode::Esc);
        write(&mut app, "e");
        text(&app);
        press(&mut app, KeyCode::Esc);
        write(&mut app, "o");
        let mut entries = views::entries();
        entries[1].name = name.clone();
        app.update(News::Found(Listing { entries, ..views::listing() }));
        for _ in 0..4 {
            // The preview begins in the same column in every line, however wide the name beside it.
            let terminal = screen(&app, &Look::new(false, false));
            let buffer = terminal.backend().buffer();
            let lines = (0..height).map(|y| {
                let mut line = String::new();
                let mut x = 0;
                while x < width {
                    let symbol = buffer[(x, y)].symbol();
                    line += symbol;
                    x += (symbol.width() as u16).max(1);
                }
                line
            });
            let too_wide: Vec<_> = lines.filter(|line| line.width() != usize::from(width)).collect();
            assert!(too_wide.is_empty(), "{too_wide:?}");
            press(&mut app, KeyCode::Down);
        }
    }
}

#[test]
fn a_long_name_leaves_numbers_where_they_are() {
    let mut long = app(120, 40);
    let mut short = app(120, 40);
    for app in [&mut long, &mut short] {
        views::train(app);
    }
    let column = |app: &App| {
        let shown = text(app);
        let head =
            shown.lines().find(|line| line.contains("accuracy") && line.contains("epochs")).expect("a head").to_owned();
        let first = shown.lines().find(|line| line.contains("0.9600")).expect("a finalist").to_owned();
        let end = |line: &str, word: &str| line[..line.find(word).expect("a word") + word.len()].width();
        (end(&head, "loss"), end(&first, "0.0400"))
    };
    let (head, number) = column(&short);
    assert_eq!(head, number, "numbers end below their titles");
    assert_eq!(column(&long), (head, number));
}

#[test]
fn lines_and_names_of_views_are_clicked() {
    let mut app = app(120, 40);
    let find = |app: &App, word: &str| {
        let shown = text(app);
        let (y, line) = shown.lines().enumerate().find(|(_, line)| line.contains(word)).expect(word);
        (line[1..].split(word).next().map_or(0, UnicodeWidthStr::width) as u16, y as u16)
    };
    for (name, view) in [("search", "space"), ("presets", "library"), ("ranking", "ranking")] {
        let (x, y) = find(&app, name);
        assert_eq!(y, 3, "{name}");
        click(&mut app, x, y);
        assert_eq!(app.cx.shown, view, "{name}");
    }
    write(&mut app, "o");
    app.update(News::Found(views::listing()));
    let (x, y) = find(&app, "mine.yaml");
    click(&mut app, x, y);
    assert_eq!(library(&app).chosen().map(|entry| entry.name.as_str()), Some("mine.yaml"));
    assert!(matches!(click(&mut app, x, y), Some(Effect::Open(_))));
    write(&mut app, "s");
    let (x, y) = find(&app, "tanh");
    click(&mut app, x, y);
    click(&mut app, x, y);
    assert!(draft(&app).is_some_and(|draft| draft.is_changed()), "a second click switches it off");
    write(&mut app, "u");
    press(&mut app, KeyCode::Esc);
    views::train(&mut app);
    let third = finalists(&app).map(|f| f.shown(&app.cx.study)[2].candidate).expect("a third");
    let (x, y) = find(&app, &app.cx.study.candidate(third).to_string()[..8]);
    click(&mut app, x, y);
    assert_eq!((finalists(&app).map(|f| f.list.line), app.cx.table.selected), (Some(2), Some(third)));
    press(&mut app, KeyCode::Esc);
    write(&mut app, ":");
    let (x, y) = find(&app, " help ");
    click(&mut app, x, y);
    click(&mut app, x, y);
    assert_eq!(app.place(), "help");
}

#[test]
fn what_would_be_lost_is_asked_about_once() {
    let mut app = app(80, 24);
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit), "scores are in the study");
    write(&mut app, "s+");
    press(&mut app, KeyCode::Esc);
    assert_eq!(press(&mut app, KeyCode::Char('q')), None);
    assert!(app.cx.notice.as_ref().is_some_and(|n| n.text.contains("neither scored nor saved")), "{:?}", app.cx.notice);
    press(&mut app, KeyCode::Down);
    assert_eq!(press(&mut app, KeyCode::Char('q')), None, "another key takes the answer back");
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit));
    write(&mut app, "sW");
    press(&mut app, KeyCode::Enter);
    app.update(News::Written(Written::Done("saved.yaml".into())));
    press(&mut app, KeyCode::Esc);
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit), "it is in a file");
    views::train(&mut app);
    press(&mut app, KeyCode::Esc);
    assert_eq!(press(&mut app, KeyCode::Char('q')), None);
    assert!(app.cx.notice.as_ref().is_some_and(|n| n.text == "training is not over: q again goes on without it"));
    let reached = TrainingNews::Progress(neartop_study::training::Update::Reached { candidate: 1, rung: 0 });
    assert_eq!(app.update(News::Training(reached)), Some(Effect::KeepTraining(Some(1))), "kept before the end");
    assert_eq!(app.update(News::Training(TrainingNews::Ended)), Some(Effect::KeepTraining(None)));
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Effect::Quit));
}

#[test]
fn a_study_is_deleted_when_that_was_asked_for_twice() {
    let mut app = app(80, 24);
    let notice = |app: &App| app.cx.notice.as_ref().map(|n| n.text.clone()).unwrap_or_default();
    write(&mut app, "o");
    app.update(News::Found(views::listing()));
    assert_eq!(press(&mut app, KeyCode::Char('D')), None);
    assert!(notice(&app).contains("deletes study 3, Two layers: 80 repetitions of 20 candidates"), "{}", notice(&app));
    // Another study stands in its place meanwhile.
    let mut entries = views::entries();
    (entries[0].name, entries[0].study) = ("4 Other".to_owned(), Some(views::recorded(4, "Other")));
    app.update(News::Found(Listing { entries, ..views::listing() }));
    write(&mut app, "g");
    assert_eq!(press(&mut app, KeyCode::Char('D')), None);
    app.update(News::Found(views::listing()));
    assert_eq!(press(&mut app, KeyCode::Delete), None, "what was asked about is another");
    let Some(Effect::DeleteStudy(study)) = press(&mut app, KeyCode::Delete) else { panic!("it is not deleted") };
    assert_eq!(study.id, 3);
    let looks_again = app.update(News::Deleted(Err(Failure::Run("the database is locked".to_owned()))));
    assert_eq!((looks_again, notice(&app).as_str()), (Some(Effect::FindPresets(".".into())), "the database is locked"));
    // By its name it is asked about too.
    write(&mut app, ":delete-study");
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    assert!(notice(&app).contains("deletes study 3"));
    assert!(matches!(press(&mut app, KeyCode::Char('D')), Some(Effect::DeleteStudy(_))));
    // That of this very run is not.
    app.cx.recorded = Some("key of 3".to_owned());
    for _ in 0..2 {
        assert_eq!(press(&mut app, KeyCode::Char('D')), None);
        assert!(notice(&app).contains("this run is recorded in that study"));
    }
    press(&mut app, KeyCode::Down);
    for _ in 0..2 {
        assert_eq!(press(&mut app, KeyCode::Char('D')), None);
        assert!(notice(&app).contains("only studies are deleted"));
    }
}

#[test]
fn what_training_costs_is_seen_wherever_one_is() {
    let mut app = app(80, 24);
    views::train(&mut app);
    assert!(text(&app).contains("8 finalists by Adam, 10 epochs of 1,43"), "{}", text(&app));
    // The same key changes nothing while it goes on, and says what does.
    assert_eq!(press(&mut app, KeyCode::Char('t')), None);
    assert!(text(&app).contains("8 candidates are in training; x stops it"));
    press(&mut app, KeyCode::Esc);
    assert!(text(&app).contains("failed  training 0 %"), "{}", text(&app));
    write(&mut app, "jjj t");
    assert!(text(&app).contains("8 candidates are in training"), "the marked one is not trained yet");
    press(&mut app, KeyCode::Esc);
    app.update(News::Training(TrainingNews::Ended));
    assert!(text(&app).contains("training has ended, best is "), "{}", text(&app));
    press(&mut app, KeyCode::Char('U'));
    assert!(!text(&app).contains("training 0 %"));
    // It is looked at again, though the ranking may have others at its head by now.
    let training = app.view_mut::<Training>().and_then(|training| training.finalists.as_mut());
    training.expect("finalists").candidates.pop();
    assert_eq!(press(&mut app, KeyCode::Char('t')), None);
    assert_eq!(press(&mut app, KeyCode::Char('x')), None);
    assert!(text(&app).contains("no training is under way"));
    assert_eq!(press(&mut app, KeyCode::Char('t')), None);
    assert!(matches!(press(&mut app, KeyCode::Enter), Some(Effect::Train(..))));
}

#[test]
fn the_interval_of_a_size_is_seen_without_colours() {
    let mut app = app(80, 24);
    views::measure(&mut app);
    for (ascii, end, drawn) in [(false, '\u{250a}', "104.2 \u{251c}"), (true, ':', "104.2 [")] {
        let shown = screen(&app, &Look::new(false, ascii)).backend().to_string();
        let lines = shown.lines().filter(|line| line.contains('|') || line.contains('\u{2502}'));
        assert!(lines.filter(|line| line.contains(end)).count() >= 5, "{shown}");
        assert!(shown.contains(drawn) && shown.contains(" 113.5  95 % of the resamples"), "{shown}");
    }
}

#[test]
fn a_threshold_and_a_layer_are_written() {
    let mut app = app(80, 24);
    views::measure(&mut app);
    assert!(text(&app).contains("% of the resamples"), "{}", text(&app));
    write(&mut app, "t");
    (0..9).for_each(|_| {
        press(&mut app, KeyCode::Backspace);
    });
    write(&mut app, "2");
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    assert!(app.cx.notice.as_ref().is_some_and(|n| n.text.contains("between 0 and 1")));
    press(&mut app, KeyCode::Backspace);
    write(&mut app, "0.03");
    let refit = press(&mut app, KeyCode::Enter);
    assert!(matches!(refit, Some(Effect::Size(_, SizeRequest::Fit { threshold: 0.03, .. }))), "{refit:?}");
    // The steps go on from there.
    let up = press(&mut app, KeyCode::Char('+'));
    assert!(matches!(up, Some(Effect::Size(_, SizeRequest::Fit { threshold: 0.05, .. }))), "{up:?}");
    write(&mut app, "g");
    press(&mut app, KeyCode::Backspace);
    write(&mut app, "2");
    let other = press(&mut app, KeyCode::Enter);
    assert!(
        matches!(&other, Some(Effect::Size(_, SizeRequest::Measure { target, .. })) if target.index == 1),
        "{other:?}"
    );
    press(&mut app, KeyCode::Esc);
    assert!(app.cx.is_browsing);
}

#[test]
fn a_threshold_changed_while_measuring_is_fitted_at_the_end() {
    let mut app = app(80, 24);
    let Some(Effect::Size(ticket, _)) = press(&mut app, KeyCode::Char('w')) else { panic!("w measures") };
    let point = Point { size: 10, ranks: vec![5.0] };
    app.update(News::Sized(ticket, SizeNews::Progress { done: 1, total: 2, point: Some(point.clone()) }));
    assert_eq!(press(&mut app, KeyCode::Char('+')), None, "what is measured is not measured again");
    app.update(News::Sized(ticket, SizeNews::Progress { done: 2, total: 2, point: Some(point) }));
    let old = width::estimate(&Curve { points: Vec::new() }, width::SLOPE_THRESHOLD, 0, 0);
    let refit = app.update(News::Sized(ticket, SizeNews::Estimated(Box::new(old))));
    assert!(matches!(refit, Some(Effect::Size(_, SizeRequest::Fit { threshold: 0.01, .. }))), "{refit:?}");
}

#[test]
fn a_folder_that_is_not_there_leaves_the_list_as_it_is() {
    let mut app = app(80, 24);
    write(&mut app, "o");
    app.update(News::Found(views::listing()));
    write(&mut app, "jf");
    write(&mut app, "modles");
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Effect::FindPresets("modles".into())));
    let trouble = Some(std::io::Error::other("no such folder"));
    app.update(News::Found(Listing { folder: "modles".into(), entries: Vec::new(), chosen: None, trouble }));
    assert!(text(&app).contains("modles: no such folder"), "{}", text(&app));
    assert_eq!(library(&app).chosen().map(|entry| entry.name.as_str()), Some("mine.yaml"));
    // The path is there to be put right.
    press(&mut app, KeyCode::Left);
    assert!(text(&app).contains("folder or file: modles"), "{}", text(&app));
    press(&mut app, KeyCode::Tab);
    app.update(News::Completed { of: "modles".to_owned(), paths: Vec::new() });
    press(&mut app, KeyCode::Esc);
    assert!(text(&app).contains("folder . "), "{}", text(&app));
}

#[test]
fn what_a_folder_has_is_opened_and_gone_into() {
    let mut app = app(80, 24);
    write(&mut app, "o");
    app.update(News::Found(views::listing()));
    let choose = |app: &mut App, name: &str| {
        write(app, "g");
        while library(app).chosen().is_some_and(|entry| entry.name != name) {
            write(app, "j");
        }
        press(app, KeyCode::Enter)
    };
    assert_eq!(choose(&mut app, "net.pt2"), Some(Effect::OpenFile("net.pt2".into())));
    assert!(text(&app).contains("reading net.pt2"));
    // Why it is not opened is said as a whole.
    let reason = "net.pt2: operator aten.linalg_det of step 17 is not known; ".to_owned() + &"more ".repeat(30);
    app.update(News::Opened(Err(Failure::Run(reason.clone()))));
    let shown: Vec<_> = text(&app).split_whitespace().map(str::to_owned).collect();
    assert!(shown.iter().filter(|word| *word == "more").count() >= 28, "{}", text(&app));
    assert_eq!(choose(&mut app, "models/"), Some(Effect::FindPresets("models".into())));
    let chosen = Some("net.pt2".to_owned());
    app.update(News::Found(Listing { folder: "models".into(), chosen, ..views::listing() }));
    assert_eq!(library(&app).chosen().map(|entry| entry.name.as_str()), Some("net.pt2"));
    assert!(text(&app).contains("folder models"));
    // A path that is not read to its end yet is accepted as it will be.
    write(&mut app, "fn");
    assert_eq!(press(&mut app, KeyCode::Tab), Some(Effect::Complete("models/n".to_owned())));
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    let news = News::Completed { of: "models/n".to_owned(), paths: vec!["models/net.onnx".to_owned()] };
    assert_eq!(app.update(news), Some(Effect::FindPresets("models/net.onnx".into())));
}

#[test]
fn another_folder_is_looked_at() {
    let mut app = app(80, 24);
    write(&mut app, "o");
    app.update(News::Found(views::listing()));
    write(&mut app, "Gf");
    press(&mut app, KeyCode::Backspace);
    write(&mut app, "other");
    assert_eq!(press(&mut app, KeyCode::Enter), Some(Effect::FindPresets("other".into())));
    assert!(text(&app).contains("folder other"));
    assert_eq!((library(&app).list.line, library(&app).chosen().is_none()), (0, true), "nothing is known of it yet");
}

#[test]
fn columns_are_those_that_were_settled() {
    let mut app = app(120, 40);
    app.want_columns(vec!["NEAR".to_owned(), "spread".to_owned()]);
    let titles: Vec<_> = app.cx.table.columns.iter().map(|column| column.title).collect();
    assert!(titles.contains(&"NEAR") && titles.contains(&"spread") && titles.contains(&"#"), "{titles:?}");
    assert!(!titles.contains(&"parameters") && !titles.contains(&"state"), "{titles:?}");
    press(&mut app, KeyCode::Char('d'));
    let head = text(&app).lines().find(|line| line.contains("NEAR") && line.contains("spread")).map(str::to_owned);
    assert!(head.is_some_and(|head| !head.contains("parameters")));
    let study = study();
    app.update(News::Opened(Ok(Box::new(study))));
    assert_eq!(app.cx.table.columns.iter().map(|column| column.title).collect::<Vec<_>>(), titles);
}

/// Thousands of candidates are ranked beside the screen, and what comes in meanwhile is not lost.
#[test]
fn thousands_are_ranked_beside_the_screen() {
    let slopes: Vec<_> =
        (300..800).map(|i| format!("{{leaky_relu: {{negative_slope: {}}}}}", f64::from(i) / 1000.0)).collect();
    let preset = PRESET.replace("sigmoid]", &format!("sigmoid, {}]", slopes.join(", ")));
    let preset = Preset::parse(&preset, "many.yaml", Path::new("")).expect("a right preset");
    let new = || Study::new(Arc::new(Space::new(Arc::new(preset.clone()))));
    let mut app = App::new(new(), Size::new(80, 24));
    assert!(app.cx.study.space.candidates.len() > 2000);
    let frame = |app: &mut App, seconds| app.update(Message::Frame(Duration::from_secs(seconds)));

    app.update(News::Scored(scores(1)));
    assert_eq!(frame(&mut app, 0), Some(Effect::Rank), "the first score at once");
    let standings = Standings::of(&app.cx.study);
    let late: Vec<_> = scores(2).into_iter().filter(|p| p.repetition == 1).collect();
    app.update(News::Scored(late.clone()));
    assert_eq!(frame(&mut app, 9), None, "one ranking at a time");
    press(&mut app, KeyCode::Char('G'));
    assert_eq!(app.cx.table.selected_row(), Some(app.cx.table.rows.len() - 1), "keys do not wait");
    press(&mut app, KeyCode::Char('g'));
    assert_eq!(app.cx.study.count(0), 1, "scores do");

    app.update(News::Ranked(Box::new(Standings::of(&new()))));
    assert_eq!(app.cx.study.count(0), 1, "another study's");
    press(&mut app, KeyCode::Char('T'));
    assert!(!app.cx.study.has_guard());
    app.update(News::Ranked(Box::new(standings)));
    assert_eq!(app.cx.table.advice, Ok(app.cx.table.rows[0].candidate), "as was asked for meanwhile");
    assert_eq!(app.cx.table.rows[0].rank, Some(1));
    assert_eq!(frame(&mut app, 9), None, "first what waits");
    app.update(Message::Late);
    assert_eq!(app.cx.study.count(0), 2);
    assert_eq!(frame(&mut app, 9), Some(Effect::Rank));
    app.update(News::Scored(scores(3).into_iter().filter(|p| p.repetition == 2).collect()));
    assert_eq!(app.into_study().count(0), 3, "nothing is lost when the app is left");
}

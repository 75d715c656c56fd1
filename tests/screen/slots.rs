//! Slots that are filled apart, as the screen shows them.

use super::*;

const APART: &str = "
name: Apart
data: {source: digits}
network:
  input: 64
  layers: [linear: 32, activation: {slot: hidden}, linear: 10, activation: {slot: output}]
search:
  activations: {hidden: [relu, gelu], output: [tanh, identity]}
  inits: [torch_default, orthogonal]
score: {repetitions: 1, seed: 0}
";

fn apart() -> App {
    let preset = Preset::parse(APART, "apart.yaml", Path::new("")).expect("a right preset");
    let mut app = App::new(Study::new(Arc::new(Space::new(Arc::new(preset)))), Size::new(80, 24));
    let score = |candidate: usize| {
        let effective_ranks = vec![20.0 + candidate as f64, 21.5, 6.25, 6.0];
        let near = effective_ranks.iter().sum();
        let result = Ok(Score { near, effective_ranks, dead_from: None, propagation: None });
        Progress { candidate, repetition: 0, result }
    };
    app.update(News::Scored((0..8).map(score).collect()));
    app.update(Message::Frame(Duration::from_secs(5)));
    app
}

#[test]
fn every_view_names_the_slots() {
    for (view, keys) in [("ranking", ""), ("matrix", "m"), ("candidate", "c"), ("search", "s")] {
        let mut app = apart();
        write(&mut app, keys);
        insta::assert_snapshot!(format!("slots_{view}_80x24"), text(&app));
    }
}

#[test]
fn the_search_of_a_model_says_where_its_slots_are() {
    let mut app = App::new(views::model(), Size::new(120, 40));
    write(&mut app, "s");
    let shown = text(&app);
    let place = "in place of gelu at encoder.layers.encoder_layer_0.mlp.1 (vision_transformer.py:118), and 1 more";
    assert!(shown.contains(place), "{shown}");
}

#[test]
fn a_filter_finds_what_fills_any_slot() {
    let count = |words: &str| {
        let mut app = apart();
        write(&mut app, &format!("/{words}"));
        press(&mut app, KeyCode::Enter);
        app.cx.table.rows.len()
    };
    assert_eq!((count("gelu"), count("gelu tanh"), count("hidden: -relu orthogonal")), (4, 2, 2));
}

//! Trainability against networks that were trained: tests/fixtures/trained, see docs/notes/trainability.md.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use neartop_core::network::Init;
use neartop_core::score::propagation::{Propagation, Trainability, Verdict};
use neartop_core::settings::{LearningRate, Method, Train};
use neartop_io::preset::Preset;
use neartop_study::repair::repair_all;
use neartop_study::scheduler::{NearScorer, Portion, Scorer};
use neartop_study::space::{Candidate, Space};
use neartop_study::study::Study;

const FIXTURES: &str = "tests/fixtures/trained";

fn study(preset: &str, repetitions: usize) -> Study {
    score(Preset::load(&format!("{FIXTURES}/{preset}")).unwrap(), repetitions)
}

fn score(mut preset: Preset, repetitions: usize) -> Study {
    preset.repetitions = repetitions;
    let space = Arc::new(Space::new(Arc::new(preset)));
    let scorer = NearScorer::new(Arc::clone(&space)).unwrap();
    let mut study = Study::new(Arc::clone(&space));
    for repetition in 0..repetitions {
        for candidates in space.groups() {
            let task = Portion { repetition, candidates };
            scorer.score(&task, &|| false, &mut |id, score| {
                study.record(id, repetition, score.map_err(Into::into));
            });
        }
    }
    study
}

/// A column by candidate, in the order of the study. NaN where the file has no such candidate.
fn column(study: &Study, file: &str, name: &str) -> Vec<f64> {
    let mut reader = csv::Reader::from_path(Path::new(FIXTURES).join(file)).unwrap();
    let known: HashMap<(String, String), f64> = reader
        .deserialize::<HashMap<String, String>>()
        .map(|row| row.unwrap())
        .map(|row| ((row["activation"].clone(), row["init"].clone()), row[name].parse().unwrap()))
        .collect();
    let of = |candidate: &Candidate| *known.get(&(activation(candidate), init(&candidate.init))).unwrap_or(&f64::NAN);
    study.space.candidates.iter().map(of).collect()
}

fn activation(candidate: &Candidate) -> String {
    candidate.fill.as_ref().unwrap().parts()[0].1.name().replace("leaky_relu", "leaky")
}

fn init(init: &Init) -> String {
    match init.name() {
        "normal" => format!("normal_{}", init.number("std")),
        "uniform" => "uniform_0_1".to_owned(),
        name if init.to_string() == name => name.to_owned(),
        name => format!("{name}_{}", init.number("gain")),
    }
}

/// The share of pairs of a good and a bad candidate that the score orders rightly; ties count half.
fn area_under_curve(scores: &[f64], good: &[bool]) -> f64 {
    let (mut right, mut pairs) = (0.0, 0.0);
    for (a, _) in scores.iter().zip(good).filter(|(_, good)| **good) {
        for (b, _) in scores.iter().zip(good).filter(|(_, good)| !**good) {
            pairs += 1.0;
            right += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    right / pairs
}

/// Accuracy lost by the recommendation and by the highest NEAR, and the score's area under the curve where a network
/// trains if its accuracy is within 0.1 of the best.
fn check(preset: &str, file: &str, most_lost: f64, least_area: f64) {
    let mut study = study(preset, 4);
    let accuracy = column(&study, file, "test_accuracy");
    let best = accuracy.iter().copied().fold(0.0, f64::max);
    let (choice, why) = study.recommended().unwrap();
    let lost = best - accuracy[choice];
    assert!(lost <= most_lost, "{}: {lost} lost", study.candidate(choice));
    assert_eq!(study.trainability(choice).unwrap().verdict, Verdict::Trainable);
    assert!(why.contains("tanh with normal") && why.contains("will not train: saturated"), "{why}");

    let scores: Vec<f64> = (0..accuracy.len()).map(|id| study.trainability(id).unwrap().score).collect();
    let good: Vec<bool> = accuracy.iter().map(|a| *a >= best - 0.1).collect();
    let area = area_under_curve(&scores, &good);
    assert!(area >= least_area, "{area}");
    for (id, good) in good.iter().enumerate() {
        let trusted = study.trainability(id).unwrap().is_trainable();
        assert!(*good || !trusted, "{} does not train", study.candidate(id));
    }

    check_gradients(&study, file);
    study.set_guard(false);
    let (unguarded, _) = study.recommended().unwrap();
    assert_eq!(study.best(), Some(unguarded));
    assert!(best - accuracy[unguarded] > 0.3, "NEAR alone takes a network that does not train");
}

/// Gradients of PyTorch, for a random cotangent at the last layer, the mean of three draws of other weights.
fn check_gradients(study: &Study, file: &str) {
    let theirs = column(study, file, "ln_gradient_gain");
    let mut apart = Vec::new();
    for (id, theirs) in theirs.iter().enumerate() {
        // Single precision cannot tell differences much below a millionth.
        let Some(signals) = study.propagation(id).filter(|_| theirs.abs() < 8.0) else { continue };
        apart.push((signals.layers[0].ln_gradient.unwrap() - theirs).abs());
    }
    apart.sort_by(f64::total_cmp);
    let (median, most) = (apart[apart.len() / 2], apart[apart.len() * 9 / 10]);
    assert!(apart.len() > 80 && median < 0.1 && most < 0.5, "{} values: {median}, {most}", apart.len());
}

/// Grids of `docs/trainability/train.py`, which have a preset of the same name: with the steps after which accuracy was
/// measured.
fn grids() -> Vec<(String, Vec<u32>)> {
    let files = std::fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path());
    let steps = |file: &Path| -> Vec<u32> {
        let header = csv::Reader::from_path(file).unwrap().headers().unwrap().clone();
        header.iter().filter_map(|name| name.strip_prefix("after_")?.parse().ok()).collect()
    };
    let grids =
        files.filter(|file| file.extension().is_some_and(|e| e == "csv") && file.with_extension("yaml").exists());
    let mut grids: Vec<_> =
        grids.map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), steps(&file))).collect();
    grids.sort();
    grids
}

/// What is known of a grid: its study, and the accuracies that training reached.
struct Grid {
    study: Study,
    /// Candidates that were trained, and what they reached.
    trained: Vec<(usize, f64)>,
    best: f64,
}

impl Grid {
    fn new(study: Study, accuracy: &[f64]) -> Self {
        let trained: Vec<_> = accuracy.iter().copied().enumerate().filter(|(_, a)| !a.is_nan()).collect();
        let best = trained.iter().map(|(_, a)| *a).fold(0.0, f64::max);
        Self { study, trained, best }
    }

    fn area(&self, measure: impl Fn(usize) -> f64) -> f64 {
        let scores: Vec<_> = self.trained.iter().map(|(id, _)| measure(*id)).collect();
        let good: Vec<_> = self.trained.iter().map(|(_, a)| *a >= self.best - 0.1).collect();
        area_under_curve(&scores, &good)
    }

    fn score(&self, id: usize) -> f64 {
        self.study.trainability(id).map_or(0.0, |t| t.score)
    }

    /// One of the signals, as a distance from 0 that is bad; what has no signals is worst.
    fn signal(&self, of: impl Fn(&Propagation) -> f64) -> f64 {
        self.area(|id| self.study.propagation(id).map_or(f64::NEG_INFINITY, |signals| -of(&signals).abs()))
    }

    fn near(&self, id: usize) -> f64 {
        self.study.near(id).map_or(f64::NEG_INFINITY, |near| near.mean)
    }

    /// Accuracy lost by the best of those that pass by what they are ranked by.
    fn lost(&self, passes: impl Fn(usize) -> bool) -> (usize, f64) {
        let passing = self.trained.iter().filter(|(id, _)| passes(*id));
        let (id, accuracy) = passing.max_by(|a, b| self.near(a.0).total_cmp(&self.near(b.0))).unwrap();
        (*id, self.best - accuracy)
    }

    fn is_trusted(&self, id: usize) -> bool {
        self.study.trainability(id).is_some_and(Trainability::is_trainable)
    }

    /// How many that fail are called trainable, and how many that train are not.
    fn mistakes(&self) -> (usize, usize) {
        let count = |trusted: bool| {
            let wrong = |(id, a): &&(usize, f64)| self.is_trusted(*id) == trusted && (*a >= self.best - 0.1) != trusted;
            self.trained.iter().filter(wrong).count()
        };
        (count(true), count(false))
    }

    fn row(&self, name: &str) -> String {
        let good = self.trained.iter().filter(|(_, a)| *a >= self.best - 0.1).count();
        let areas = [
            self.area(|id| self.score(id)),
            self.signal(Propagation::ln_gain),
            self.signal(|s| s.layers[0].ln_gradient.unwrap_or(0.0)),
            self.signal(Propagation::ln_median_gradient),
            self.signal(Propagation::ln_typical_gain),
            self.signal(Propagation::ln_output),
            self.signal(Propagation::ln_distinct),
            self.signal(Propagation::ln_amplification),
            self.signal(Propagation::saturated),
            self.area(|id| self.near(id)),
        ];
        let areas: Vec<_> = areas.iter().map(|a| format!("{a:.3}")).collect();
        let (trusted, refused) = self.mistakes();
        let (first, near_lost) = self.lost(|_| true);
        let (choice, lost) = self.lost(|id| self.is_trusted(id));
        let relu = |c: &Candidate| activation(c) == "relu" && c.init.name() == "torch_default";
        let plain = self.trained.iter().find(|(id, _)| relu(&self.study.space.candidates[*id]));
        format!(
            "| {name} | {} | {good} | {} | {trusted} | {refused} | {near_lost:.3} ({}) | {lost:.3} ({}) | {:.3} |",
            self.trained.len(),
            areas.join(" | "),
            self.study.candidate(first),
            self.study.candidate(choice),
            plain.map_or(f64::NAN, |(_, a)| self.best - a),
        )
    }
}

/// The table of `docs/notes/trainability.md`: areas by score, g, first and median gradient, t, ln output, c, a, u and NEAR, mistakes, and
/// accuracies lost.
#[test]
#[ignore = "prints a table: cargo test --test trainability table -- --ignored --nocapture"]
fn table() {
    for (preset, file) in
        [("shallow.yaml", "fashion-mnist_784-64-64-10.csv"), ("deep.yaml", "fashion-mnist_784-128x5-10.csv")]
    {
        let study = study(preset, 4);
        let accuracy = column(&study, file, "test_accuracy");
        println!("{}", Grid::new(study, &accuracy).row(preset));
    }
    for (name, steps) in grids() {
        for (place, &long) in steps.iter().enumerate() {
            let grid = grid(&name, long);
            println!("{}", grid.row(&format!("{name}, {long} steps")));
            for short in &steps[..place] {
                let accuracy = column(&grid.study, &format!("{name}.csv"), &format!("after_{short}"));
                println!("    area of the accuracy after {short} steps itself: {:.3}", grid.area(|id| accuracy[id]));
            }
        }
    }
}

#[test]
fn two_hidden_layers() {
    check("shallow.yaml", "fashion-mnist_784-64-64-10.csv", 0.01, 0.99);
}

#[test]
fn five_hidden_layers() {
    check("deep.yaml", "fashion-mnist_784-128x5-10.csv", 0.02, 0.97);
}

fn grid(name: &str, steps: u32) -> Grid {
    let study = study(&format!("{name}.yaml"), 4);
    let accuracy = column(&study, &format!("{name}.csv"), &format!("after_{steps}"));
    Grid::new(study, &accuracy)
}

#[test]
fn convolutions() {
    let grid = grid("digits-cnn-16x6-adam", 600);
    let area = grid.area(|id| grid.score(id));
    assert!(area >= 0.99, "{area}");
    assert_eq!(grid.mistakes().0, 0);
}

/// Trained after the measure and its limits had been settled.
#[test]
fn networks_that_nothing_was_chosen_by() {
    for (name, steps, least_area, most_lost) in [
        ("digits-48x20-sgd", 1200, 0.99, 0.04),
        ("digits-48x20-adam", 600, 0.96, 0.02),
        ("fashion-cnn-20x8-adam", 300, 0.98, 0.01),
    ] {
        let grid = grid(name, steps);
        let (area, (choice, lost)) = (grid.area(|id| grid.score(id)), grid.lost(|id| grid.is_trusted(id)));
        assert!(area >= least_area, "{name}: {area}");
        assert!(area > grid.area(|id| grid.near(id)), "{name}: NEAR alone tells as well");
        assert_eq!(grid.mistakes().0, 0, "{name}");
        assert!(lost <= most_lost, "{name}: {} loses {lost}", grid.study.candidate(choice));
    }
}

/// Batch norm hides from the signal how large weights are, yet not from training.
#[test]
fn convolutions_with_batch_norm() {
    let grid = grid("digits-cnn-bn-16x6-adam", 600);
    let area = grid.area(|id| grid.score(id));
    assert!(area >= 0.95, "{area}");
    for (id, accuracy) in &grid.trained {
        assert!(*accuracy > 0.6 || !grid.is_trusted(*id), "{} does not train", grid.study.candidate(*id));
    }
}

/// What the recommendation and relu with PyTorch's default weights lose.
fn lost_by_recommendation(grid: &Grid) -> (f64, f64) {
    let lost = |id: usize| grid.trained.iter().find(|(other, _)| *other == id).map(|(_, a)| grid.best - a).unwrap();
    let candidates = &grid.study.space.candidates;
    let plain = candidates.iter().find(|c| activation(c) == "relu" && c.init.name() == "torch_default");
    // Without it, whatever else is recommended will do.
    (lost(grid.study.recommended().unwrap().0), plain.map_or(1.0, |plain| lost(plain.id)))
}

/// At depth 30 to 50 nothing is missed that trains with SGD, though much passes that has not learnt enough after 600 steps.
#[test]
fn deep_networks_that_sgd_trains_are_not_refused() {
    for (depth, least_area, most_lost) in [(30, 0.86, 0.03), (40, 0.86, 0.1), (50, 0.95, 0.04)] {
        let grid = grid(&format!("digits-32x{depth}-sgd"), 600);
        let (area, (passed, refused)) = (grid.area(|id| grid.score(id)), grid.mistakes());
        assert!(area >= least_area && passed <= 11 && refused <= 1, "{depth}: {area}, {passed}, {refused}");
        let (lost, _) = lost_by_recommendation(&grid);
        assert!(lost <= most_lost, "{depth}: {lost}");
    }
}

#[test]
fn the_recommendation_is_plain_where_near_does_not_tell() {
    for steps in [150, 300, 600] {
        let grid = grid("digits-cnn-bn-16x6-adam", steps);
        let (choice, why) = grid.study.recommended().unwrap();
        assert_eq!(grid.study.candidate(choice).to_string(), "relu with torch_default");
        assert!(why.contains("softsign with orthogonal has the highest NEAR among trainable candidates"), "{why}");
        let equivalent = grid.study.equivalent(choice);
        assert!(equivalent.count > 30 && equivalent.are_most, "{equivalent:?}");
        assert_eq!(equivalent.candidates.len(), equivalent.count);
        let told = grid.study.phrase_of_equivalent(&equivalent).unwrap();
        let first = grid.study.candidate(equivalent.candidates[0]);
        assert!(
            told.starts_with(&format!(
                "NEAR does not tell it apart from {} others, such as {first}, ",
                equivalent.count
            ))
        );
        assert!(told.ends_with(" and with batch norm the choice among them hardly matters"), "{told}");
        let (lost, plain) = lost_by_recommendation(&grid);
        assert!(lost <= plain + 0.005, "{lost} and {plain}");
    }
    // Without batch norm the plain one will not train.
    let grid = grid("digits-48x20-sgd", 1200);
    let (choice, why) = grid.study.recommended().unwrap();
    assert_eq!(grid.study.candidate(choice).to_string(), "tanh with orthogonal");
    assert!(why.starts_with("highest NEAR among trainable candidates"), "{why}");
    assert!(!grid.study.equivalent(choice).are_most);
}

/// A study of a network of another kind, and what its candidates reached.
fn kind(name: &str, measure: &str) -> (Study, Vec<f64>) {
    let folder = Path::new("tests/fixtures/kinds");
    let study = score(Preset::load(&folder.join(name).with_extension("yaml").display().to_string()).unwrap(), 4);
    let mut reader = csv::Reader::from_path(folder.join(name).with_extension("csv")).unwrap();
    let rows = reader.deserialize::<HashMap<String, String>>().map(|row| row.unwrap());
    let reached: HashMap<_, f64> = rows
        .map(|row| (format!("{} with {}", row["activation"], row["init"]), row[measure].parse().unwrap()))
        .collect();
    let quality = study.space.candidates.iter().map(|candidate| reached[&candidate.to_string()]).collect();
    (study, quality)
}

/// With attention or recurrent layers NEAR orders nothing among those that train.
#[test]
fn other_kinds_of_networks_get_a_plain_recommendation_or_the_best_signals() {
    for (name, measure, expected, reason) in [
        ("lstm-airfoil", "r_squared", "elu with kaiming_normal", "the best signals among trainable candidates"),
        ("vit-digits", "accuracy", "relu with torch_default", "the plain choice"),
        ("gpt-licences", "accuracy", "relu with torch_default", "the plain choice"),
    ] {
        let (study, quality) = kind(name, measure);
        let (choice, why) = study.recommended().unwrap();
        assert_eq!(study.candidate(choice).to_string(), expected, "{name}: {why}");
        assert!(why.starts_with(reason) && why.contains("has the highest NEAR"), "{name}: {why}");
        let plain = study.space.candidates.iter().find(|c| c.to_string() == "relu with torch_default").unwrap();
        assert!(quality[choice] >= quality[plain.id] - 0.005, "{name}");
        assert!(study.equivalent(choice).are_most);
    }
}

/// Of recurrent networks NEAR prefers weights that are too large, and the recommendation says that it is not to be relied on.
#[test]
fn a_recurrent_network_is_recommended_with_a_caution() {
    let (study, quality) = kind("lstm-airfoil", "r_squared");
    let best = quality.iter().copied().fold(0.0, f64::max);
    let good: Vec<_> = quality.iter().map(|quality| *quality >= best - 0.1).collect();
    let scores: Vec<_> = (0..quality.len()).map(|id| study.trainability(id).map_or(0.0, |t| t.score)).collect();
    let area = area_under_curve(&scores, &good);
    assert!(area >= 0.93, "{area}");
    let (_, why) = study.recommended().unwrap();
    assert!(why.contains("recurrent") && why.contains("--evidence steps"), "{why}");
}

/// The same scores, with a preset that says how the network will be trained.
fn trained_by(study: &Study, train: Train) -> Study {
    let mut preset = Preset::clone(&study.space.preset);
    preset.train = train;
    let mut known = Study::new(Arc::new(Space::new(Arc::new(preset))));
    known.adopt(study);
    known
}

/// The area of the score, candidates that fail and are called trainable, and those that train and are refused.
type Told = (f64, usize, usize);

/// What an optimizer made of a grid with one learning rate: first by the limits of the optimizer, then by those of the rate.
struct AtRate {
    method: Method,
    rate: f64,
    train: usize,
    by: [Told; 2],
}

/// All rates of a grid whose file has a column for each, such as `sgd_0.1_after_600`. A candidate trains if it comes within
/// 0.1 of the best of all rates.
fn at_rates(name: &str, steps: u32) -> Vec<AtRate> {
    let file = format!("{name}.csv");
    let study = study(&format!("{name}.yaml"), 4);
    let header = csv::Reader::from_path(Path::new(FIXTURES).join(&file)).unwrap().headers().unwrap().clone();
    let suffix = format!("_after_{steps}");
    let columns: Vec<_> = header.iter().filter_map(|column| column.strip_suffix(&suffix)).collect();
    let reached: Vec<_> = columns.iter().map(|at| column(&study, &file, &format!("{at}{suffix}"))).collect();
    let best = reached.iter().flatten().copied().fold(0.0, f64::max);
    let of_one = |(at, reached): (&&str, &Vec<f64>)| {
        let (method, rate) = at.split_once('_').unwrap();
        let method = Method::ALL.into_iter().find(|known| known.key() == method).unwrap();
        let rate: f64 = rate.parse().unwrap();
        let by = [None, Some(LearningRate::Fixed(rate))].map(|learning_rate| {
            let known = trained_by(&study, Train { task: None, method: Some(method), learning_rate });
            let grid = Grid { best, ..Grid::new(known, reached) };
            let (passed, refused) = grid.mistakes();
            (grid.area(|id| grid.score(id)), passed, refused)
        });
        let train = reached.iter().filter(|a| **a >= best - 0.1).count();
        AtRate { method, rate, train, by }
    };
    columns.iter().zip(&reached).map(of_one).collect()
}

/// Grids that were trained at single rates, with the steps after which they are judged.
const AT_RATES: [(&str, u32); 5] = [
    ("digits-64x5-rates", 600),
    ("digits-40x15-rates", 600),
    ("digits-32x10-rates", 600),
    ("fashion-48x8-rates", 600),
    ("airfoil-48x6-rates", 608),
];

#[test]
#[ignore = "prints a table: cargo test --test trainability rates -- --ignored --nocapture"]
fn table_of_rates() {
    for (name, steps) in AT_RATES {
        for AtRate { method, rate, train, by: [plain, known] } in at_rates(name, steps) {
            let told = |(area, passed, refused): Told| format!("{area:.3} ({passed}, {refused})");
            println!("| {name} | {} | {rate} | {train} | {} | {} |", method.name(), told(plain), told(known));
        }
    }
}

/// With the learning rate known, fewer that fail are called trainable. The first two grids were looked at when the rule was
/// made, and the last was trained after that.
#[test]
fn the_verdict_follows_the_learning_rate() {
    for (name, steps) in AT_RATES {
        let all = at_rates(name, steps);
        for method in [Method::Sgd, Method::Adam] {
            // Ten times the default is the largest rate that moves limits.
            let own = || all.iter().filter(move |at| at.method == method && at.rate <= 10.0 * method.learning_rate());
            if own().next().is_none() {
                continue;
            }
            let of = |way: usize, what: fn(Told) -> usize| own().map(|at| what(at.by[way])).sum::<usize>();
            let [passed, refused]: [fn(Told) -> usize; 2] = [|told| told.1, |told| told.2];
            assert!(of(1, passed) < of(0, passed), "{name}, {method:?}: {} and {}", of(1, passed), of(0, passed));
            assert!(of(1, refused) <= of(0, refused) + 2, "{name}, {method:?}: {}", of(1, refused));
            let area = |way: usize| {
                let areas: Vec<_> = own().map(|at| at.by[way].0).filter(|area| !area.is_nan()).collect();
                areas.iter().sum::<f64>() / areas.len() as f64
            };
            let least = if method == Method::Sgd { area(0) + 0.005 } else { area(0) - 1e-9 };
            assert!(area(1) >= least, "{name}, {method:?}: {} and {}", area(1), area(0));
            let at_default = own().find(|at| (at.rate - method.learning_rate()).abs() < 1e-12).unwrap();
            assert_eq!(at_default.by[0], at_default.by[1], "{name}, {method:?}");
        }
    }
}

/// With the optimizer known, fewer that Adam trains are refused, and who trains with SGD is told apart better.
#[test]
fn the_verdict_follows_the_optimizer() {
    for (name, steps, method) in [("digits-40x15-adam", 1200, Method::Adam), ("digits-64x30-sgd", 300, Method::Sgd)] {
        let unknown = grid(name, steps);
        let study = trained_by(&unknown.study, Train { method: Some(method), ..Train::default() });
        let known = Grid { study, trained: unknown.trained.clone(), best: unknown.best };
        let area = |grid: &Grid| grid.area(|id| grid.score(id));
        assert!(area(&known) > area(&unknown) + 0.005, "{name}: {} and {}", area(&known), area(&unknown));
        let (passed, refused) = unknown.mistakes();
        match (method, known.mistakes()) {
            (Method::Sgd, now) => assert!(now.0 <= passed && now.1 <= refused, "{name}: {now:?}"),
            (_, now) => assert!(now.0 <= passed + 2 && now.1 + 10 < refused, "{name}: {now:?}"),
        }
        let choice = |grid: &Grid| grid.study.recommended().unwrap().0;
        assert_eq!(choice(&known), choice(&unknown), "{name}");
    }
}

#[test]
fn what_will_not_train_gets_the_gain_that_makes_it() {
    let mut preset = Preset::load(&format!("{FIXTURES}/digits-48x20-adam.yaml")).unwrap();
    preset.repetitions = 4;
    preset.search.activations.retain(|fill| ["relu", "tanh"].contains(&fill.parts()[0].1.name()));
    let space = Arc::new(Space::new(Arc::new(preset.clone())));
    let scorer = NearScorer::new(Arc::clone(&space)).unwrap();
    let mut study = score(preset, 4);
    for (id, sought) in repair_all(&scorer, &study, 2, &|| false) {
        let Ok(repair) = sought else {
            study.set_sought(id, sought);
            continue;
        };
        assert!(repair.trainability.is_trainable() && repair.gain != Some(1.0));
        study.set_repair(id, repair);
    }
    let of = |name: &str| space.candidates.iter().find(|c| c.to_string() == name).and_then(|c| study.repair(c.id));
    // At depth 20 relu keeps its signal with a gain of sqrt(2), 2.4 times that of PyTorch's default.
    let relu = of("relu with torch_default").unwrap();
    assert!(
        relu.gain.is_some_and(|gain| (1.8..2.6).contains(&gain)) && relu.init.name() == "kaiming_uniform",
        "{relu:?}"
    );
    assert!(of("tanh with normal").and_then(|repair| repair.gain).is_some_and(|gain| (0.05..0.3).contains(&gain)));
    // What trains is not repaired, and no factor helps where all samples become the same.
    assert!(of("tanh with orthogonal").is_none() && of("tanh with uniform(low=0)").is_none());
    let uniform = space.candidates.iter().find(|c| c.to_string() == "tanh with uniform(low=0)").unwrap();
    let why = study.no_repair(uniform.id).unwrap().to_string();
    assert_eq!(why, "no factor is looked for where the initialization is uniform(low=0)");
    // The same candidate by its own name scores the same.
    let id = space.candidates.iter().find(|c| c.to_string() == "relu with torch_default").unwrap().id;
    let alone = study.of_repaired(id, relu);
    assert_eq!(alone.near(id).map(|near| near.mean), Some(relu.near));
    // A study adds signals up in units of its own.
    let judged = alone.trainability(id).unwrap();
    assert_eq!(judged.verdict, relu.trainability.verdict);
    assert!((judged.score - relu.trainability.score).abs() < 1e-6);
    // A gain for each layer holds signals better, and is a recipe that scores the same.
    let each = relu.best();
    assert!(each.gain.is_none() && each.trainability.score > relu.trainability.score, "{each:?}");
    assert_eq!((each.gains.len(), each.init.name()), (21, "kaiming_uniform by layer"));
    assert_eq!(study.of_repaired(id, each).near(id).map(|near| near.mean), Some(each.near));
}

/// Larger weights saturate the activations of a narrow network, whose signals then vanish again.
#[test]
fn a_gain_is_found_between_vanishing_and_saturated() {
    let text = "
name: Narrow
data: {source: digits}
network: {input: 64, layers: [repeat: {times: 8, layers: [linear: 16, activation]}, linear: 10]}
search: {activations: [tanh], inits: [{normal: {std: 0.01}}, {normal: {std: 0.1}}, {normal: {std: 0.5}}, {normal: {std: 2}}]}
score: {repetitions: 4}
";
    let preset = Preset::parse(text, "narrow.yaml", std::path::Path::new("")).unwrap();
    let scorer = NearScorer::new(Arc::new(Space::new(Arc::new(preset.clone())))).unwrap();
    let study = score(preset, 4);
    let stds = [0.01, 0.1, 0.5, 2.0];
    let found = repair_all(&scorer, &study, 2, &|| false);
    assert_eq!(found.len(), stds.len(), "{found:?}");
    for (id, sought) in found {
        let gain = sought.unwrap().gain.expect("one factor");
        assert!((0.19..0.42).contains(&(gain * stds[id])), "std {}: {gain}", stds[id]);
    }
}

#[test]
#[ignore = "scores all grids: cargo test --test trainability recommendation -- --ignored"]
fn the_recommendation_loses_no_more_than_the_default_in_any_grid() {
    for (name, steps) in grids() {
        for steps in steps {
            let (lost, plain) = lost_by_recommendation(&grid(&name, steps));
            assert!(lost <= plain + 0.005, "{name}, {steps} steps: {lost} and {plain}");
        }
    }
}

#[test]
fn a_network_is_checked_as_it_trains_however_it_is_scored() {
    let preset = |mode: &str| {
        let text = format!(
            "
name: Norms
data: {{source: gaussian}}
network:
  input: [2, 6, 6]
  layers:
    - repeat: {{times: 8, layers: [conv2d: {{out: 8, kernel: 3, padding: 1}}, batch_norm, activation]}}
    - global_avg_pool
    - flatten
    - linear: 4
search: {{activations: [relu], inits: [torch_default]}}
score: {{repetitions: 2, batch: 24, batch_norm: {mode}}}
"
        );
        score(Preset::parse(&text, "norms.yaml", Path::new("")).unwrap(), 2)
    };
    let (training, evaluation) = (preset("training"), preset("evaluation"));
    assert_ne!(training.near(0), evaluation.near(0));
    // The statistics are of the whole batch there, and here of the samples that are looked at.
    let [there, here] = [&training, &evaluation].map(|study| study.trainability(0).unwrap());
    assert!(there.is_trainable() && here.is_trainable());
    assert!((there.score - here.score).abs() < 0.05, "{there:?} {here:?}");
    for (there, here) in training.propagation(0).unwrap().layers.iter().zip(&evaluation.propagation(0).unwrap().layers)
    {
        assert!((there.ln_size - here.ln_size).abs() < 0.2, "{there:?} {here:?}");
    }
}

#[test]
fn near_alone_is_the_same_near() {
    let text = "
name: Alone
data: {source: digits}
network: {input: 64, layers: [linear: 20, activation, linear: 10]}
search: {activations: [relu, tanh, identity], inits: [orthogonal, kaiming_normal, {normal: {std: 1.0e+30}}]}
score: {repetitions: 5, trainability: false}
";
    let alone = Preset::parse(text, "alone.yaml", Path::new("")).unwrap();
    let both = Preset::parse(&text.replace("false", "true"), "both.yaml", Path::new("")).unwrap();
    assert_ne!(alone.definition(), both.definition(), "what is recorded of one does not stand for the other");
    let written = Preset::parse(&alone.to_yaml(), "written.yaml", Path::new("")).unwrap();
    assert_eq!(written.definition(), alone.definition());
    let (alone, both) = (score(alone, 5), score(both, 5));
    for id in 0..9 {
        assert_eq!(alone.near(id), both.near(id));
        assert_eq!(alone.propagation(id), None);
    }
    let (_, why) = alone.recommended().unwrap();
    assert_eq!(why, "highest NEAR; whether it will train is not known");
}

#[test]
fn nothing_is_recommended_where_nothing_trains() {
    let mut preset = Preset::load(&format!("{FIXTURES}/deep.yaml")).unwrap();
    preset.search.inits.retain(|i| i.name() == "uniform" || (i.name() == "normal" && i.number("std") == 1.0));
    let mut study = score(preset, 1);
    assert_eq!(study.recommended(), None);
    let why = study.no_recommendation().unwrap();
    assert!(why.contains("tanh with normal") && why.contains("saturated"), "{why}");
    study.set_guard(false);
    assert!(study.recommended().is_some() && study.no_recommendation().is_none());
}

#[test]
fn what_cannot_train_at_all_has_a_verdict() {
    let preset = "
name: Hopeless
network:
  input: 6
  layers: [linear: 8, activation, linear: 3]
search:
  activations: [relu, softplus]
  inits: [zeros, {normal: {std: 1e30}}, {constant: {value: -1}}, torch_default]
score: {repetitions: 2, seed: 5}
";
    let study = score(Preset::parse(preset, "hopeless.yaml", Path::new("")).unwrap(), 2);
    let verdicts: Vec<_> = (0..8).map(|id| study.trainability(id).unwrap().verdict).collect();
    let of = |activation: &str, init: &str| {
        let wanted =
            |c: &Candidate| c.fill.as_ref().unwrap().parts()[0].1.name() == activation && c.init.name() == init;
        verdicts[study.space.candidates.iter().position(wanted).unwrap()]
    };
    assert_eq!(of("relu", "zeros"), Verdict::Dead);
    assert_eq!(of("softplus", "normal"), Verdict::NonFinite);
    assert_eq!(of("relu", "torch_default"), Verdict::Trainable);
}

/// Cells of graphs with batch norm, none of which is beyond training by its accuracy.
#[test]
fn benchmark_architectures_that_train_are_trainable() {
    let preset = "
name: Cells
data: {source: gaussian}
network: {input: [3, 8, 8], classes: 10}
search:
  architectures: {space: nats_tss, sample: 6}
  inits: [kaiming_normal, torch_default]
score: {repetitions: 2, batch: 12, seed: 5}
";
    let study = score(Preset::parse(preset, "cells.yaml", Path::new("")).unwrap(), 2);
    let signals: Vec<_> = (0..study.space.candidates.len()).filter_map(|id| study.propagation(id)).collect();
    assert!(signals.len() >= 8);
    for signals in &signals {
        assert!(signals.layers[0].ln_gradient.is_some(), "{signals:?}");
        assert!(signals.layers.iter().all(|l| l.ln_size.is_finite() && l.ln_perturbation.is_finite()));
        let found = signals.trainability();
        assert!(found.is_trainable(), "{found:?}");
    }
}

/// Ours of a network, by layer: half the logarithm of the mean square over seeds and repetitions, and its standard error.
fn mean_gradients(preset: &str, seeds: u64) -> BTreeMap<String, [f64; 2]> {
    let mut squares: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for seed in 0..seeds {
        let mut preset = Preset::load(preset).unwrap();
        preset.seed = seed;
        let space = Arc::new(Space::new(Arc::new(preset)));
        let scorer = NearScorer::new(Arc::clone(&space)).unwrap();
        let names: Vec<_> = space.preset.network.counted().iter().map(|node| node.name().to_owned()).collect();
        for repetition in 0..4 {
            let portion = Portion { repetition, candidates: space.groups().remove(0) };
            scorer.score(&portion, &|| false, &mut |_, score| {
                for (name, layer) in names.iter().zip(score.unwrap().propagation.unwrap().layers) {
                    let of = squares.entry(name.clone()).or_default();
                    of.extend(layer.ln_gradient.map(|ln| (2.0 * ln).exp()));
                }
            });
        }
    }
    squares.into_iter().map(|(name, of)| (name, half_logarithm(&of))).collect()
}

/// Half the logarithm of the mean, and its standard error.
fn half_logarithm(of: &[f64]) -> [f64; 2] {
    let n = of.len() as f64;
    let mean = of.iter().sum::<f64>() / n;
    let variance = of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    [0.5 * mean.ln(), 0.5 * (variance / n).sqrt() / mean]
}

/// Attention, recurrences, gates, concatenations, products, skips and embeddings, whose gradients `make_torch.py` has from
/// PyTorch's backward passes.
#[test]
fn gradients_come_back_as_in_pytorch() {
    let folder = "tests/fixtures/trainability";
    let text = std::fs::read_to_string(format!("{folder}/gradients.json")).unwrap();
    let networks: BTreeMap<String, BTreeMap<String, [f64; 2]>> = serde_json::from_str(&text).unwrap();
    let mut apart = Vec::new();
    for (network, theirs) in networks {
        let ours = mean_gradients(&format!("{folder}/{network}.yaml"), 40);
        assert!(ours.keys().eq(theirs.keys()), "{network}");
        for (layer, [ln, error]) in theirs {
            let [our_ln, our_error] = ours[&layer];
            let (found, expected) = ((our_ln - ln).abs(), our_error.hypot(error));
            assert!(found < 0.02 + 4.0 * expected && found < 0.4, "{network} {layer}: {our_ln} +- {our_error}, {ln}");
            apart.push(found);
        }
    }
    apart.sort_by(f64::total_cmp);
    assert!(apart.len() > 60 && apart[apart.len() / 2] < 0.03, "{apart:?}");
}

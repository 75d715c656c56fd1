//! Models that choose by order or by places, that start paths from parameters, and that limit or draw values.

use neartop_io::model::{self, Wanted};

use super::{array, by_module, file, largest_difference, outputs, rank, score_file};

const CHOSEN: [&str; 14] = [
    "experts.pt2",
    "experts.onnx",
    "rows.pt2",
    "neighbours.pt2",
    "grouped.pt2",
    "sparse.pt2",
    "pairs.pt2",
    "codes.pt2",
    "queries.pt2",
    "latents.pt2",
    "pooled.pt2",
    "masked.pt2",
    "limits.pt2",
    "drawn.pt2",
];

fn stem(name: &str) -> &str {
    name.split('.').next().unwrap()
}

fn remarks(name: &str) -> Vec<String> {
    let program = model::read(&file("chosen", name)).unwrap();
    model::trace(&program, None, &Wanted::Nothing).unwrap_or_else(|error| panic!("{name}: {error}")).remarks
}

#[test]
fn chosen_elements_give_what_pytorch_gives() {
    for name in CHOSEN {
        let program = model::read(&file("chosen", name)).unwrap();
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap_or_else(|error| panic!("{name}: {error}"));
        let at = |end: &str| file("chosen", &format!("{}-{end}.npy", stem(name)));
        let given = outputs(&imported.network, array(&at("inputs")));
        let wanted = array(&at("outputs")).reshape(given.shape()).unwrap();
        let difference = largest_difference(&given, &wanted);
        assert!(difference < 1e-5, "{name}: {difference}");
    }
}

#[test]
fn modules_after_a_choice_have_the_ranks_that_pytorch_gives() {
    for name in CHOSEN {
        let wanted = std::fs::read(file("chosen", &format!("{}.json", stem(name)))).unwrap();
        let wanted: std::collections::BTreeMap<String, Vec<f64>> = serde_json::from_slice(&wanted).unwrap();
        let inputs = file("chosen", &format!("{}-inputs.npy", stem(name)));
        let found = by_module(&score_file(&file("chosen", name), &inputs, "evaluation")["layers"]);
        for (module, wanted) in wanted {
            let found = found.get(&module).unwrap_or_else(|| panic!("{name} has no {module}"));
            // The distances from a table of codes are a product with it, so it stands there too.
            let is_there = |rank: &f64| found.iter().any(|found| (found / rank - 1.0).abs() < 1e-3);
            assert!(wanted.iter().all(is_there), "{name}, {module}: {found:?} in place of {wanted:?}");
        }
    }
}

/// Candidates of such models are drawn, scored and judged.
#[test]
fn models_that_choose_are_ranked() {
    for name in ["experts.pt2", "neighbours.pt2", "queries.pt2", "latents.pt2"] {
        let ranking = rank(&[file("chosen", name).to_str().unwrap(), "--repetitions", "1"]);
        let all = ranking["candidates"].as_array().unwrap();
        assert!(all.iter().all(|one| one["status"] == "scored"), "{name}");
        let verdicts: Vec<_> = all.iter().map(|one| one["trainability"]["verdict"].as_str().unwrap()).collect();
        assert!(verdicts.contains(&"trainable"), "{name}: {verdicts:?}");
    }
}

#[test]
fn bounds_that_only_limit_are_no_activations_and_are_said() {
    let program = model::read(&file("chosen", "limits.pt2")).unwrap();
    let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
    let names: Vec<_> = imported.activations.iter().map(|found| found.activation.name()).collect();
    assert_eq!(names, ["relu", "relu", "tanh"]);
    assert!(imported.remarks.iter().any(|remark| remark.contains("within -20 and 2")), "{:?}", imported.remarks);
}

#[test]
fn what_is_drawn_at_every_pass_is_its_mean_and_is_said() {
    let said = remarks("drawn.pt2");
    assert!(said.iter().any(|remark| remark.contains("taken as its mean, 0")), "{said:?}");
}

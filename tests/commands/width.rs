//! `neartop width` as its users run it.

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

fn width(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("neartop").unwrap();
    command.env_remove("NO_COLOR").args(["width", "--no-study"]).args(args);
    command
}

fn stdout(args: &[&str]) -> String {
    let output = width(args).assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&stdout(&[args, &["--format", "json"]].concat())).unwrap()
}

const FEW: [&str; 4] = ["--sizes", "10,20,40", "--repetitions", "4"];

fn few(args: &[&'static str]) -> Vec<&'static str> {
    [args, &FEW].concat()
}

/// A preset in a folder of its own.
fn preset(layers: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("preset.yaml");
    let text = format!("data: {{source: digits, scale: unit}}\nnetwork:\n  input: 64\n  layers: {layers}\n");
    std::fs::write(&path, text).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn json_has_the_curve_the_fit_and_the_size() {
    let json = json(&few(&["layer-size", "--slope-threshold", "0.01"]));
    assert_eq!((&json["layer"], &json["slope_threshold"]), (&0.into(), &0.01.into()));
    let sizes = json["sizes"].as_array().unwrap();
    assert_eq!(sizes.iter().map(|s| s["size"].as_u64().unwrap()).collect::<Vec<_>>(), [10, 20, 40]);
    for size in sizes {
        let number = |key: &str| size[key].as_f64().unwrap();
        assert!((number("near") / number("size") - number("relative")).abs() < 1e-12);
        assert!(number("relative") > 0.0 && number("relative") < 1.0 && number("standard_error") > 0.0);
    }
    let c = json["fit"]["c"].as_f64().unwrap();
    let size = json["size"].as_f64().unwrap();
    assert!((size - 0.01f64.powf(1.0 / (c - 1.0))).abs() < 1e-9 * size);
    assert_eq!(json["units"].as_f64().unwrap(), size.round());
    let interval = &json["interval"];
    assert!(interval["low"].as_f64().unwrap() < size && size < interval["high"].as_f64().unwrap());
}

/// The first case of the published implementation is the digits with SiLU and PyTorch's own initialization; the curves
/// are of other draws, so they agree within the noise of its few repetitions.
#[test]
fn the_published_curve_is_measured_again() {
    let cases: Value = serde_json::from_str(include_str!("../fixtures/layer-size.json")).unwrap();
    let ours = json(&["layer-size", "--activation", "silu", "--init", "torch_default", "--repetitions", "16"]);
    let published = cases[0]["relative_score"].as_array().unwrap();
    let ours_relative = ours["sizes"].as_array().unwrap();
    assert_eq!(published.len(), ours_relative.len());
    for (published, ours) in published.iter().zip(ours_relative) {
        let difference = published.as_f64().unwrap() - ours["relative"].as_f64().unwrap();
        assert!(difference.abs() < 0.03, "{published} against {ours}");
    }
    let interval = &ours["interval"];
    let size = cases[0]["size"].as_f64().unwrap();
    assert!(interval["low"].as_f64().unwrap() < size && size < interval["high"].as_f64().unwrap(), "{interval}");
}

#[test]
fn the_result_does_not_depend_on_the_number_of_jobs() {
    let with = |jobs| stdout(&few(&["layer-size", "--format", "json", "-j", jobs]));
    assert_eq!(with("1"), with("2"));
    assert_eq!(with("1"), with("5"));
}

#[test]
fn another_size_in_the_list_moves_no_other_point() {
    let four = json(&["layer-size", "--sizes", "10,20,40,80", "--repetitions", "4"]);
    let three = json(&few(&["layer-size"]));
    assert_eq!(four["sizes"].as_array().unwrap()[..3], three["sizes"].as_array().unwrap()[..]);
}

#[test]
fn a_layer_that_is_not_there_is_answered_with_those_that_are() {
    width(&["digits-mlp", "--layer", "7"]).assert().code(2).stdout("").stderr(
        predicate::str::contains("no layer 7")
            .and(predicate::str::contains("layer 0 (linear 128"))
            .and(predicate::str::contains("layer 2 (linear 10)")),
    );
    let (_folder, activations_only) = preset("[relu]");
    width(&[&activations_only]).assert().code(2).stderr(predicate::str::contains("none to size"));
    let (_folder, one) = preset("[linear: 10]");
    width(&[&one, "--all"]).assert().code(2).stderr(predicate::str::contains("no hidden layer"));
}

#[test]
fn sizes_that_make_no_curve_are_refused() {
    for (sizes, message) in [
        ("20,10", "10 follows 20"),
        ("10,10", "10 follows 10"),
        ("0,10", "0 is none"),
        ("10,9999999", "9999999 is none"),
        ("10,x", "invalid"),
        ("10,1000000", "--max-memory"),
    ] {
        let refused = width(&["layer-size", "--sizes", sizes]).assert().code(2).stdout("");
        refused.stderr(predicate::str::contains(message));
    }
    for threshold in ["0", "1", "-1", "nan"] {
        width(&["layer-size", &format!("--slope-threshold={threshold}")]).assert().code(2);
    }
}

#[test]
fn choices_are_taken_by_label_or_as_in_a_preset() {
    let relative = |activation: &'static str| {
        let json = json(&few(&["digits-mlp", "--init", "orthogonal", "--activation", activation]));
        json["sizes"][2]["relative"].as_f64().unwrap()
    };
    assert_eq!(relative("leaky_relu(negative_slope=0.2)"), relative("{leaky_relu: {negative_slope: 0.2}}"));
    assert_ne!(relative("leaky_relu"), relative("tanh"));
    width(&["digits-mlp", "--activation", "rulu"]).assert().code(2).stderr(predicate::str::contains("`relu`"));
    let (_folder, fixed) = preset("[linear: 8, relu, linear: 2]");
    width(&[&fixed, "--activation", "tanh"]).assert().code(2).stderr(predicate::str::contains("no slot"));
}

#[test]
fn where_there_is_no_size_the_reason_stands_in_its_place() {
    let two = json(&["layer-size", "--sizes", "10,20", "--repetitions", "2"]);
    assert_eq!((&two["size"], &two["units"], &two["fit"]), (&Value::Null, &Value::Null, &Value::Null));
    assert!(two["reason"].as_str().unwrap().contains("at least 3 sizes"));
    let (_folder, dead) = preset("[linear: 8, relu, linear: 2]\nsearch: {inits: [zeros]}");
    let dead = json(&few(&[]).iter().copied().chain([dead.as_str()]).collect::<Vec<_>>());
    assert!(dead["reason"].as_str().unwrap().contains("dead"));
}

#[test]
fn values_that_are_not_finite_fail_with_their_place() {
    let (_folder, path) = preset("[linear: 8, activation, linear: 2]\nsearch: {inits: [{constant: {value: 1.0e+38}}]}");
    let failed = width(&[&path, "--activation", "relu", "--repetitions", "2"]).assert().code(1).stdout("");
    failed.stderr(predicate::str::contains("size 10, repetition 0").and(predicate::str::contains("not finite")));
}

#[test]
fn too_few_samples_are_told() {
    let (folder, path) = preset("[linear: 8, tanh, linear: 2]\nsearch: {inits: [orthogonal]}");
    let args = [path.as_str(), "--sizes", "10,1000,2000", "--repetitions", "1"];
    let json = json(&args);
    let notes = json["notes"].to_string();
    assert!(notes.contains("1797 samples") && notes.contains("from 2000 on"), "{notes}");
    drop(folder);
}

#[test]
fn tables_have_a_chart_in_ascii_if_wanted() {
    let plain = stdout(&few(&["layer-size", "--ascii"]));
    assert!(plain.is_ascii() && plain.contains("size  ") && plain.contains('o') && plain.contains("r(x) ="));
    let colored = stdout(&few(&["layer-size", "--color", "always"]));
    assert!(colored.contains("\u{1b}[36m"));
    let piped = stdout(&few(&["layer-size"]));
    assert!(!piped.contains('\u{1b}') && piped.contains('\u{2022}'));
    let csv = stdout(&few(&["layer-size", "--format", "csv"]));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().next(), Some("layer"));
    assert_eq!(reader.records().map(Result::unwrap).count(), 3);
}

#[test]
fn all_hidden_layers_are_sized_in_turn_and_exported() {
    let (folder, path) = preset(
        "[linear: 32, activation, linear: 16, activation, linear: 10]\nsearch: {activations: [tanh, relu], inits: [orthogonal]}",
    );
    let exported = folder.path().join("sized.yaml");
    let args = [path.as_str(), "--all", "--export", exported.to_str().unwrap()];
    let args: Vec<&str> = args.into_iter().chain(FEW).collect();
    let both = json(&args);
    let units: Vec<_> = both["layers"].as_array().unwrap().iter().map(|l| l["units"].as_u64().unwrap()).collect();
    assert_eq!(units.len(), 2);
    assert_ne!(units, [32, 16]);
    let text = std::fs::read_to_string(&exported).unwrap();
    let sized = neartop_io::preset::Preset::parse(&text, "sized.yaml", folder.path()).unwrap();
    let widths: Vec<_> = sized.network.nodes.iter().map(|node| node.units() as u64).collect();
    assert_eq!(widths, [units[0], units[0], units[1], units[1], 10]);

    // The second layer was measured behind the first one's answer, as it is in the exported preset.
    let again = [exported.to_str().unwrap(), "--layer", "1"];
    let again = json(&again.into_iter().chain(FEW).collect::<Vec<_>>());
    assert_eq!(again["sizes"], both["layers"][1]["sizes"]);

    width(&args).assert().code(2).stderr(predicate::str::contains("--force"));
    assert_eq!(std::fs::read_to_string(&exported).unwrap(), text);
    width(&args).arg("--force").assert().success();
}

#[test]
fn results_go_to_a_file_if_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("width.json");
    let args = few(&["layer-size", "--format", "json"]);
    width(&args).arg("-o").arg(&path).assert().success().stdout("");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), stdout(&args));
}

#[test]
fn convolutions_are_sized_by_their_channels() {
    let (_folder, path) = preset(
        "[{conv2d: {out: 8, kernel: 3}}, batch_norm, relu, flatten, {linear: 10}]\nsearch: {inits: [orthogonal]}",
    );
    let text = std::fs::read_to_string(&path).unwrap().replace("input: 64", "input: [1, 8, 8]");
    std::fs::write(&path, text).unwrap();
    let json = json(&[path.as_str(), "--sizes", "4,8,16", "--repetitions", "2"]);
    assert_eq!((&json["kind"], &json["module"]), (&"conv2d".into(), &"0".into()));
    assert!(json["sizes"][0]["near"].as_f64().unwrap() > 1.0);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_writes_what_it_has() {
    use std::process::Stdio;
    let binary = assert_cmd::cargo::cargo_bin("neartop");
    let child = std::process::Command::new(binary)
        .args([
            "width",
            "--no-study",
            "layer-size",
            "--sizes",
            "10,1500",
            "--repetitions",
            "200",
            "--format",
            "json",
            "-j",
            "1",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["size"], Value::Null);
    assert!(json["reason"].as_str().unwrap().contains("interrupted"));
    assert_eq!(json["sizes"].as_array().unwrap().len(), 1);
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/width/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A network is sized the same as a model and as layers, after its batch norms.
#[test]
fn a_model_is_sized_as_the_same_network_in_layers() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, network: &str| {
        let path = folder.path().join(name);
        let search = "search: {activations: [relu, tanh], inits: [torch_default, orthogonal]}";
        std::fs::write(&path, format!("data: {{source: digits}}\nnetwork: {network}\n{search}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let layers = "{input: [1, 8, 8], layers: [conv2d: {out: 8, kernel: 3, padding: 1}, batch_norm, activation, max_pool: 2, \
                  conv2d: {out: 12, kernel: 3, padding: 1, bias: false}, batch_norm, activation, flatten, linear: 10]}";
    let layers = write("layers.yaml", layers);
    let model = write("model.yaml", &format!("{{model: {}}}", fixture("cnn.onnx")));
    for (layer, module) in [("0", "0"), ("1", "4"), ("2", "8")] {
        let of = |preset: &str| {
            let mut found = json(&[preset, "--layer", layer, "--sizes", "6,12,24", "--repetitions", "3"]);
            let module = found["module"].take();
            (found, module)
        };
        let ((written, _), (brought, path)) = (of(&layers), of(&model));
        assert_eq!(written, brought, "{layer}");
        assert_eq!(path, module);
    }
    let by_path = json(&[&model, "--layer", "8", "--sizes", "6,12,24", "--repetitions", "3"]);
    assert_eq!(by_path["layer"], 2);
}

#[test]
fn a_layer_of_a_model_that_must_be_as_wide_as_another_is_refused() {
    let model = fixture("residual.onnx");
    let inner = json(&[&model, "--layer", "a", "--sizes", "6,12,24", "--repetitions", "2"]);
    assert_eq!((&inner["module"], &inner["layer"]), (&"a".into(), &0.into()));
    let refused = |args: &[&str], why: &str| {
        width(&[&[model.as_str()], args].concat()).assert().code(2).stderr(predicate::str::contains(why));
    };
    refused(&["--layer", "stem"], "the size of stem cannot be chosen by itself");
    refused(&["--layer", "b"], "must be as wide");
    refused(&["--layer", "7"], "no layer 7");
    refused(&["--all"], "the sizes of a model are those of its file");
    refused(&["--export", "sized.yaml"], "a model has none");
}

/// What is offered can be measured: sizes are multiples of the groups, and a layer that no other size fits is refused at once.
#[test]
fn layers_with_groups_are_sized_in_multiples_of_them() {
    let layers = "[reshape: [1, 8, 8], conv2d: {out: 8, kernel: 3}, activation, conv2d: {out: 32, kernel: 3, groups: 8}, activation, \
                  residual: {body: [conv2d: {out: 32, kernel: 3, padding: 1}]}, flatten, linear: 10]";
    let (_folder, path) = preset(layers);
    let json = json(&[&path, "--layer", "0", "--repetitions", "1", "--activation", "relu", "--init", "kaiming_normal"]);
    let sizes: Vec<_> = json["sizes"].as_array().unwrap().iter().map(|s| s["size"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [8, 24, 40, 80, 160, 320]);
    let notes = json["notes"].to_string();
    assert!(notes.contains("layer 0 takes sizes in multiples of 8"), "{notes}");
    let refused = |args: &[&str]| {
        let output = width(&[&[path.as_str()], args].concat()).assert().code(2).get_output().stderr.clone();
        String::from_utf8(output).unwrap()
    };
    let no_multiple = refused(&["--layer", "0", "--sizes", "8,20"]);
    assert!(no_multiple.contains("layer 0 takes sizes in multiples of 8, and 20 is none"), "{no_multiple}");
    assert!(no_multiple.contains("--sizes 8,24,40,80,160,320"), "{no_multiple}");
    let fixed = refused(&["--layer", "1"]);
    assert!(fixed.contains("the size of layer 1 cannot be chosen by itself"), "{fixed}");
    let unknown = refused(&["--layer", "9"]);
    assert!(
        unknown.contains("layer 0 (conv2d 8, after its activation), in multiples of 8") && !unknown.contains("layer 1")
    );
}

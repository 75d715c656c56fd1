//! Architectures in presets, ranked and compared with known values.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use miette::Diagnostic;
use neartop_io::preset::{Preset, PresetError, Taken, bundled};
use neartop_study::space::Space;
use serde_json::Value;

const HEAD: &str = "network: {input: [3, 8, 8], classes: 10}\n";

fn parse(text: &str) -> Result<Preset, PresetError> {
    Preset::parse(text, "test.yaml", Path::new(""))
}

/// Place, message and help of the error that a preset gives.
fn error(text: &str) -> String {
    match parse(text).expect_err(text) {
        PresetError::Invalid(error) => {
            let help = error.help().map(|help| help.to_string()).unwrap_or_default();
            format!("{}: {error}; {help}", error.place)
        }
        PresetError::Unreadable { reason, .. } => reason,
    }
}

#[test]
fn presets_survive_being_written() {
    let one = "network: {input: [3, 16, 16], classes: 7, nats_sss: 8:16:8:24:8}\n\
               search: {activations: [gelu, tanh], inits: [orthogonal]}\nscore: {batch: 40}\n";
    let sampled = format!("{HEAD}search: {{architectures: {{space: nasbench101, sample: 5}}}}\n");
    let all = format!("{HEAD}search: {{architectures: {{space: nats_sss, all: true}}}}\n");
    let presets = bundled().iter().map(|b| Preset::load(b.name).expect(b.name));
    for preset in presets.chain([one, &sampled, &all].map(|text| parse(text).unwrap())) {
        let again = parse(&preset.to_yaml()).unwrap_or_else(|e| panic!("{}: {e}\n{}", preset.name, preset.to_yaml()));
        assert_eq!(again.network, preset.network);
        assert_eq!(again.whole, preset.whole);
        assert_eq!(again.search, preset.search);
        assert_eq!(again.truth, preset.truth);
        assert_eq!((again.batch, again.seed, again.repetitions), (preset.batch, preset.seed, preset.repetitions));
        assert_eq!(again.to_yaml(), preset.to_yaml());
    }
}

#[test]
fn whole_networks_are_searched_only_when_asked() {
    let network = "network: {input: [3, 8, 8], classes: 10, nats_sss: 8:8:8:8:8}\n";
    assert!(!parse(network).unwrap().network.has_slot());
    let preset = parse(&format!("{network}search: {{activations: [relu, prelu]}}\n")).unwrap();
    let space = Space::new(Arc::new(preset));
    // 5 convolutions in each of 3 cells, 2 in each of 2 residual blocks and the head have an activation before them.
    let parameters: Vec<_> = space.candidates.iter().map(|c| c.parameters).collect();
    assert_eq!(*parameters.iter().min().unwrap(), 11_714);
    assert_eq!(*parameters.iter().max().unwrap(), 11_714 + 20);
}

#[test]
fn candidates_are_all_combinations_in_groups() {
    let text = format!(
        "{HEAD}search: {{architectures: {{space: nats_sss, sample: 3}}, activations: [relu, tanh], \
         inits: [orthogonal, torch_default]}}\n"
    );
    let space = Space::new(Arc::new(parse(&text).unwrap()));
    assert_eq!(space.candidates.len(), 12);
    let groups = space.groups();
    assert_eq!(groups.len(), 6);
    for group in &groups {
        let first = &space.candidates[group[0]];
        assert_eq!(group.len(), 2);
        assert!(group.iter().all(|id| {
            let c = &space.candidates[*id];
            c.architecture == first.architecture && c.init == first.init
        }));
    }
    let mut ids = groups.concat();
    ids.sort_unstable();
    assert_eq!(ids, (0..12).collect::<Vec<_>>());
    for candidate in &space.candidates {
        assert_eq!(space.network_of(candidate.id).parameters(candidate.fill.as_ref()), candidate.parameters);
    }
    let without = Space::new(Arc::new(
        parse(&format!("{HEAD}search: {{architectures: {{space: nats_tss, sample: 3}}}}\n")).unwrap(),
    ));
    assert!(without.candidates.iter().all(|c| c.init.name() == "torch_default" && c.fill.is_none()));
    assert_eq!(without.candidates.len(), 3);
}

#[test]
fn what_is_wrong_with_a_preset_is_said_with_its_place() {
    let search = |architectures: &str| format!("{HEAD}search:\n  architectures: {architectures}\n");
    let says = |text: &str, expected: &[&str]| {
        let error = error(text);
        assert!(expected.iter().all(|part| error.contains(part)), "{error}");
    };
    says(&search("{space: nats_tsx, all: true}"), &["test.yaml:3:26", "did you mean `nats_tss`"]);
    says(&search("{space: nasbench101, all: true}"), &["test.yaml:3:", "too large", "sample: 400"]);
    says(&search("{space: nats_tss, sample: 15626}"), &["from 1 to 15625"]);
    says(&search("{space: nats_tss}"), &["one of `list`, `sample` and `all`"]);
    says(&search("{space: nats_tss, list: missing.csv}"), &["test.yaml:3:", "cannot read missing.csv"]);
    says(&search("{space: nats_tss, list: \"bundled:nats-ts.csv\"}"), &["did you mean `bundled:nats-tss.csv`"]);
    says(
        &search("{space: nats_sss, list: \"bundled:nats-tss.csv\"}"),
        &["line 2 of bundled:nats-tss.csv", "8, 16, 24"],
    );
    says("network: {input: [3, 8, 8], nats_sss: 8:8:8:8:8}\n", &["needs the key `classes`"]);
    says("network: {input: 8, classes: 10, nats_sss: 8:8:8:8:8}\n", &["test.yaml:1:18", "needs an image"]);
    says("network: {input: [3, 8, 8], classes: 10, nats_sss: 8:8:8:8:7}\n", &["test.yaml:1:52", "`7`"]);
    says("network: {input: 8, classes: 10, layers: [linear: 3]}\n", &["`classes` belongs to architectures"]);
    says(
        "network: {input: [3, 8, 8], classes: 10, nats_sss: 8:8:8:8:8}\nsearch: {architectures: {space: nats_sss, \
         all: true}}\n",
        &["test.yaml:1:42", "search.architectures says which"],
    );
    says(
        "network: {input: 8, layers: [linear: 3]}\ntruth: {path: \"bundled:nats-tss.csv\", key: arch, value: cifar10}\n",
        &["test.yaml:2:", "no architectures are ranked"],
    );
    let truth = |value: &str| {
        let list = "search: {architectures: {space: nats_tss, list: \"bundled:nats-tss.csv\"}}";
        format!("{HEAD}{list}\ntruth: {{path: \"bundled:nats-tss.csv\", value: {value}}}\n")
    };
    says(&truth("cifar1"), &["test.yaml:3:", "no column `cifar1`", "did you mean `cifar10`"]);
    says(&truth("arch"), &["line 2 of bundled:nats-tss.csv", "is no finite number"]);
}

/// Runs `neartop rank` on a preset in a folder of its own and returns its JSON.
fn rank(preset: &str, files: &[(&str, &str)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("preset.yaml");
    fs::write(&path, preset).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut command = Command::cargo_bin("neartop").unwrap();
    let run = command.arg("rank").arg(&path).args(["--format", "json", "--no-study"]).assert().success();
    serde_json::from_slice(&run.get_output().stdout).unwrap()
}

#[test]
fn architectures_are_ranked_and_compared_with_known_values() {
    let table = "arch,accuracy,remark\n64:64:64:64:64,93.5,large\n8:8:8:8:8,80.25,small\n24:24:24:24:24,,unknown\n\
                 32:32:32:32:32,90,\"in, between\"\n";
    let preset = "network: {input: [3, 8, 8], classes: 10}\n\
                  search: {architectures: {space: nats_sss, list: list.csv}}\n\
                  truth: {path: list.csv, key: arch, value: accuracy}\nscore: {repetitions: 2, batch: 16}\n";
    let report = rank(preset, &[("list.csv", table)]);
    let candidates = report["candidates"].as_array().unwrap();
    let order: Vec<_> = candidates.iter().map(|c| c["architecture"].as_str().unwrap()).collect();
    assert_eq!(order, ["64:64:64:64:64", "32:32:32:32:32", "24:24:24:24:24", "8:8:8:8:8"]);
    assert_eq!(candidates[0]["truth"], 93.5);
    assert!(candidates[2].get("truth").is_none());
    assert_eq!(report["agreement"], serde_json::json!({"spearman": 1.0, "kendall": 1.0, "n": 3}));
    assert_eq!(report["recommended"]["architecture"], "64:64:64:64:64");
    // Every layer of its own network: a rank never exceeds the layer's width.
    for candidate in candidates {
        let layers = candidate["layers"].as_array().unwrap();
        assert!(layers.iter().all(|l| l["effective_rank"].as_f64() <= l["width"].as_f64().map(|w| w * 1.000_001)));
        let sum: f64 = layers.iter().map(|l| l["effective_rank"].as_f64().unwrap()).sum();
        assert!((sum - candidate["near"].as_f64().unwrap()).abs() < 1e-5);
    }
}

#[test]
fn architectures_have_proxies_beside_near() {
    let all = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
    // One convolution leads to a node that nothing takes.
    let one = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";
    let cut = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|none~2|";
    let table = format!("arch,accuracy\n\"{all}\",94\n\"{one}\",80\n\"{cut}\",10\n");
    let preset = "network: {input: [3, 8, 8], classes: 10}\nsearch: {architectures: {space: nats_tss, list: a.csv}}\n\
                  truth: {path: a.csv, value: accuracy}\nscore: {repetitions: 1, batch: 16}\n";
    let report = rank(preset, &[("a.csv", &table)]);
    let of = |name: &str| -> Value {
        let candidates = report["candidates"].as_array().unwrap();
        candidates.iter().find(|c| c["architecture"] == name).unwrap().clone()
    };
    let (all, one, cut) = (of(all), of(one), of(cut));
    assert_eq!(all["proxies"]["live_parameters"], 1_531_546.0);
    assert_eq!(one["proxies"]["live_parameters"], 73_306.0);
    assert!(one["parameters"].as_f64() > Some(73_306.0));
    // With zero biases nothing comes out of a network that is cut; PyTorch's default has others.
    if cut["status"] == "scored" {
        assert_eq!(cut["proxies"]["live_parameters"], 0.0);
    }
    for name in ["near", "parameters", "multiply_adds"] {
        assert_eq!(all["proxies"][name].as_f64(), all[name].as_f64());
    }
    let agreement = &report["agreement_of_proxies"];
    assert_eq!(agreement["aggregate"]["spearman"], 1.0);
    assert_eq!(agreement["near"]["spearman"], report["agreement"]["spearman"]);
    assert_eq!((&agreement["parameters"]["regret"], &agreement["parameters"]["top"]), (&0.0.into(), &1.into()));
    let five = ["entropy", "live_parameters", "ln_width", "block_entropy", "meco_by_width"];
    assert_eq!(report["aggregate_of"], serde_json::json!(five));
    // The last block gives 64 channels.
    for (classes, has_one_more) in [(64, false), (65, true)] {
        let report = rank(&preset.replace("classes: 10", &format!("classes: {classes}")), &[("a.csv", &table)]);
        let members = report["aggregate_of"].as_array().unwrap();
        assert_eq!(
            (members.len(), members.contains(&"last_entropy".into())),
            (5 + usize::from(has_one_more), has_one_more)
        );
    }
}

#[test]
fn known_values_of_activations_are_found_however_they_are_written() {
    let table = "activation,init,loss\nrelu,orthogonal,0.5\n{leaky_relu: {negative_slope: 0.2}},orthogonal,0.4\n\
                 elu(alpha=2),orthogonal,0.3\ntanh,\"{normal: {std: 0.1}}\",0.2\n";
    let table = table.replace("{leaky_relu: {negative_slope: 0.2}}", "\"{leaky_relu: {negative_slope: 0.2}}\"");
    let preset = "network: {input: 6, layers: [linear: 8, activation, linear: 3]}\n\
                  search: {activations: [relu, {leaky_relu: {negative_slope: 0.2}}, {elu: {alpha: 2}}, tanh], \
                  inits: [orthogonal, {normal: {std: 0.1}}]}\n\
                  truth: {path: known.csv, value: loss}\nscore: {repetitions: 2}\n";
    let report = rank(preset, &[("known.csv", &table)]);
    let mut known: Vec<_> =
        report["candidates"].as_array().unwrap().iter().filter_map(|c| c["truth"].as_f64()).collect();
    known.sort_by(f64::total_cmp);
    assert_eq!(known, [0.2, 0.3, 0.4, 0.5]);
    assert_eq!(report["agreement"]["n"], 4);
    assert!(report["candidates"][0].get("architecture").is_none());
}

#[test]
fn bundled_architectures_are_ranked() {
    for (name, space) in [
        ("nats-tss", "nats_tss"),
        ("nats-sss", "nats_sss"),
        ("nasbench101", "nasbench101"),
        ("transnas-micro", "transnas_micro"),
    ] {
        let preset = Preset::load(name).unwrap();
        let Some(architectures) = &preset.search.architectures else { panic!("{name} ranks architectures") };
        assert_eq!(architectures.space.name(), space);
        let Taken::List { list, .. } = &architectures.taken else { panic!("{name} has a list") };
        // The first and the last on small images, so that it does not take long.
        let table = format!("arch,known\n\"{}\",1\n\"{}\",2\n", list[0], list[list.len() - 1]);
        let small = format!(
            "network: {{input: [3, 8, 8], classes: 10}}\nsearch: {{architectures: {{space: {space}, list: a.csv}}}}\n\
             truth: {{path: a.csv, value: known}}\nscore: {{repetitions: 1}}\n"
        );
        let report = rank(&small, &[("a.csv", &table)]);
        assert_eq!(report["candidates"].as_array().unwrap().len(), 2);
        assert_eq!(report["agreement"]["n"], 2);
        // And all of them have a known value in the preset itself.
        let space = Space::new(Arc::new(preset));
        assert!(space.candidates.iter().all(|c| space.truth(c.id).is_some()), "{name}");
    }
}

#[test]
fn an_exported_architecture_scores_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (preset, chosen) = (folder.path().join("preset.yaml"), folder.path().join("chosen.yaml"));
    let text = format!(
        "{HEAD}search: {{architectures: {{space: nats_sss, sample: 2}}}}\nscore: {{repetitions: 1, seed: 3}}\n"
    );
    fs::write(&preset, text).unwrap();
    let run = |arguments: &[&std::ffi::OsStr]| -> Value {
        let mut command = Command::cargo_bin("neartop").unwrap();
        let run = command.arg("rank").args(arguments).args(["--format", "json", "--no-study"]).assert().success();
        serde_json::from_slice(&run.get_output().stdout).unwrap()
    };
    let all = run(&[preset.as_os_str(), "--export".as_ref(), chosen.as_os_str()]);
    let one = run(&[chosen.as_os_str()]);
    assert_eq!(one["candidates"].as_array().unwrap().len(), 1);
    assert_eq!(one["candidates"][0]["near"], all["candidates"][0]["near"]);
}

#[test]
fn bundled_convolutional_networks_run() {
    for name in ["small-cnn", "residual-cnn"] {
        let mut command = Command::cargo_bin("neartop").unwrap();
        let run =
            command.args(["rank", name, "--repetitions", "1", "--format", "json", "--no-study"]).assert().success();
        let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        let candidates = report["candidates"].as_array().unwrap();
        assert!(candidates.len() >= 50 && candidates.iter().all(|c| c["status"] == "scored"), "{name}");
        assert!(report.get("agreement").is_none());
    }
}

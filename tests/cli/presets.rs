//! What people write in presets, and what they mean by it.

use super::*;

/// The JSON of a ranking without its time and name.
fn ranked(place: &Place, preset: &str) -> Value {
    fs::write(place.path("p.yaml"), preset).expect("a preset");
    let mut report = place.json(&["rank", "p.yaml", "--no-study", "--format", "json"]);
    report.as_object_mut().expect("a map").remove("elapsed_seconds");
    report
}

#[test]
fn what_other_programs_and_people_put_around_a_preset_is_read() {
    let place = Place::new();
    let right = ranked(&place, SMALL);
    for (what, preset) in [
        ("a byte order mark", format!("\u{feff}{SMALL}")),
        ("line ends of Windows", format!("\u{feff}{SMALL}").replace('\n', "\r\n")),
        ("a document's start", format!("---\n{SMALL}")),
        ("a document's end", format!("---\n{SMALL}---\n")),
        ("both ends", format!("---\n{SMALL}...\n---\n")),
        ("a place for anchors", format!("x-wide: &wide 8\n{}", SMALL.replace("linear: 8", "linear: *wide"))),
    ] {
        assert_eq!(ranked(&place, &preset), right, "{what}");
    }
    let merged = SMALL
        .replace("linear: 8", "linear: {out: 8, <<: *with_bias}")
        .replace("linear: 3", "linear: {<<: [*out, *with_bias]}");
    let merged =
        format!("x-bias: &with_bias {{bias: true, out: 77}}\nx-out: &out\n  <<: *with_bias\n  out: 3\n{merged}");
    assert_eq!(ranked(&place, &merged), right);
}

#[test]
fn utf_16_is_said() {
    let place = Place::new();
    let wide: Vec<u8> = SMALL.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(place.path("wide.yaml"), [vec![0xff, 0xfe], wide].concat()).expect("a preset");
    assert!(place.refused(&["rank", "wide.yaml"], 2).contains("UTF-16"));
}

#[test]
fn aliases_are_read_said_and_written_by_our_own_names() {
    let place = Place::new();
    let with = |activations: &str, inits: &str| {
        let network = "network: {input: 6, layers: [linear: 8, activation, linear: 3]}";
        format!(
            "name: A\n{network}\nsearch: {{activations: {activations}, inits: {inits}}}\nscore: {{repetitions: 2}}\n"
        )
    };
    let own = with(
        "[silu, {leaky_relu: {negative_slope: 0.2}}, hardswish, gelu_tanh]",
        "[{variance_scaling: {scale: 2}}, kaiming_uniform, {variance_scaling: {mode: fan_avg}}, xavier_uniform]",
    );
    let others = with(
        "[swish, {lrelu: {negative_slope: 0.2}}, hard_swish, gelu_new]",
        "[he_normal, he_uniform, glorot_normal, glorot_uniform]",
    );
    assert_eq!(ranked(&place, &others), ranked(&place, &own));
    fs::write(place.path("p.yaml"), others).expect("a preset");
    let output = place.run(&["rank", "p.yaml", "--no-study"]);
    let said = errors(&output);
    assert!(said.contains("`swish` is read as silu") && said.contains("cut at two standard deviations"), "{said}");
    assert!(place.text(&["presets", "check", "p.yaml"]).contains("`glorot_uniform` is read as xavier_uniform"));
}

#[test]
fn an_input_that_looks_like_channels_last_is_said() {
    let place = Place::new();
    let text =
        |input: &str| format!("network: {{input: {input}, layers: [conv2d: {{out: 4, kernel: 1}}, activation]}}\n");
    let check = |input: &str| {
        fs::write(place.path("p.yaml"), text(input)).expect("a preset");
        place.text(&["presets", "check", "p.yaml"])
    };
    assert!(check("[32, 32, 3]").contains("32 channels of 32x3; for 3 channels of 32x32 write `input: [3, 32, 32]`"));
    for fine in ["[3, 32, 32]", "[1, 8, 3]", "[16, 8, 8]", "[32, 8, 2]"] {
        assert!(!check(fine).contains("note"), "{fine}");
    }
}

#[test]
fn sizes_that_are_auto_follow_from_the_data() {
    let place = Place::new();
    let preset = |data: &str, input: &str, out: &str, more: &str| {
        let layers = format!("[linear: 8, activation, linear: {out}]");
        format!("data: {data}\nnetwork: {{input: {input}, layers: {layers}}}\nscore: {{repetitions: 1}}\n{more}")
    };
    fs::write(place.path("t.csv"), "a,b,kind\n1,2,x\n3,1,y\n4,5,z\n2,2,x\n").expect("a table");
    for (data, input, out) in [
        ("{source: digits}", "64", "10"),
        ("{source: digits, classes: 3}", "64", "3"),
        ("{source: airfoil}", "5", "1"),
        ("{path: t.csv, labels: kind}", "2", "3"),
    ] {
        let wide = "search: {activations: [relu], inits: [orthogonal]}\n";
        let auto = ranked(&place, &preset(data, "auto", "{out: auto}", wide));
        assert_eq!(auto, ranked(&place, &preset(data, input, out, wide)), "{data}");
        fs::write(place.path("p.yaml"), preset(data, "auto", "auto", wide)).expect("a preset");
        let said = place.text(&["presets", "check", "p.yaml"]);
        assert!(said.contains(&format!("`input: auto` is `input: {input}`")), "{said}");
        assert!(said.contains(&format!("`linear: auto` is `linear: {out}`")), "{said}");
    }
    fs::write(place.path("n.csv"), "a,b\n1,2\n3,4\n5,7\n").expect("a table");
    for (data, input, out, line, words) in [
        ("{source: gaussian}", "auto", "2", 2, "have no rows"),
        ("{path: n.csv}", "2", "auto", 2, "no labels"),
        ("{path: none.csv}", "auto", "2", 1, "there is no such file"),
        ("{source: gaussian}", "4", "auto", 2, "have no rows"),
    ] {
        fs::write(place.path("p.yaml"), preset(data, input, out, "")).expect("a preset");
        let said = place.refused(&["presets", "check", "p.yaml"], 2);
        assert!(said.contains(words) && said.contains(&format!("p.yaml:{line}:")), "{said}");
    }
    fs::write(place.path("p.yaml"), "network: {input: auto, layers: [linear: 2, activation]}\n").expect("a preset");
    assert!(place.refused(&["presets", "check", "p.yaml"], 2).contains("the preset names none"));
}

#[test]
fn what_hardly_is_meant_is_said() {
    let place = Place::new();
    let check = |input: usize, layers: &str| {
        fs::write(place.path("p.yaml"), format!("network: {{input: {input}, layers: [{layers}]}}\n"))
            .expect("a preset");
        place.text(&["presets", "check", "p.yaml"])
    };
    let one = check(4, "linear: 8, activation, linear: 1, softmax");
    assert!(
        one.contains("layer 3 (softmax) has one unit, and so gives the same") && one.contains("`sigmoid`"),
        "{one}"
    );
    assert!(check(4, "linear: 1, layer_norm, activation").contains("layer 1 (layer_norm) has one unit"));
    let lost = check(4, "linear: 8, activation, save: a, linear: 9, activation, use: a, linear: 3");
    assert!(lost.contains("layer 3 (linear) and 1 more do not lead to the output"), "{lost}");
    for fine in ["linear: 2, softmax", "linear: 8, save: a, activation, add: {branches: [[], [use: a]]}, linear: 3"] {
        assert!(!check(4, fine).contains("note"), "{fine}: {}", check(4, fine));
    }
    let large = check(200_000, "linear: 200000, activation, linear: 200000");
    let facts = place.json(&["presets", "check", "p.yaml", "--format", "json"]);
    assert!(facts["remarks"].to_string().contains("`rank` refuses it here"), "{facts}");
    assert!(large.contains("note        `rank` refuses it here") && large.contains("--max-memory"), "{large}");
}

//! `neartop score` on what people have.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::*;

const NETWORK: &str = "network: {input: 6, layers: [linear: 4, batch_norm, relu, linear: 2]}\n";

fn random(seed: u64, dims: &[usize]) -> Tensor {
    let count = dims.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| ((i as u64 * 7919 + seed * 104_729) % 97) as f32 / 48.5 - 1.0).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).expect("a tensor")
}

fn weights() -> HashMap<String, Tensor> {
    let named = |name: &str, tensor: Tensor| (name.to_owned(), tensor);
    HashMap::from([
        named("0.weight", random(1, &[4, 6])),
        named("0.bias", random(2, &[4])),
        named("1.weight", random(3, &[4])),
        named("1.bias", random(4, &[4])),
        named("1.running_mean", random(5, &[4])),
        named("1.running_var", random(6, &[4]).sqr().expect("a tensor")),
        named("1.num_batches_tracked", Tensor::new(7i64, &Device::Cpu).expect("a tensor")),
        named("3.weight", random(7, &[2, 4])),
        named("3.bias", random(8, &[2])),
    ])
}

fn npy(order: &str, values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': (8, 6), }}");
    let padded = format!("{header:<117}\n");
    let head = [b"\x93NUMPY\x01\x00".as_slice(), &118u16.to_le_bytes(), padded.as_bytes()].concat();
    [head, values.iter().flat_map(|x| x.to_le_bytes()).collect()].concat()
}

fn place() -> Place {
    let place = Place::new();
    fs::write(place.path("n.yaml"), NETWORK).expect("a preset");
    let rows = random(9, &[8, 6]);
    let flat = |tensor: &Tensor| tensor.flatten_all().and_then(|t| t.to_vec1::<f32>()).expect("values");
    fs::write(place.path("x.npy"), npy("False", &flat(&rows))).expect("a file");
    let columns = rows.t().and_then(|t| t.contiguous()).expect("a tensor");
    fs::write(place.path("fortran.npy"), npy("True", &flat(&columns))).expect("a file");
    save(&place, "w.safetensors", weights());
    place
}

fn save(place: &Place, name: &str, weights: HashMap<String, Tensor>) {
    candle_core::safetensors::save(&weights, place.path(name)).expect("a file");
}

fn args<'a>(network: &'a str, weights: &'a str, inputs: &'a str) -> [&'a str; 6] {
    ["score", network, "--weights", weights, "--inputs", inputs]
}

#[test]
fn prefixes_of_wrappers_are_taken_off_and_said() {
    let place = place();
    let right = place.json(&args("n.yaml", "w.safetensors", "x.npy"));
    for prefix in ["module.", "_orig_mod.", "module._orig_mod.", "net."] {
        let named = weights().into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect();
        save(&place, "p.safetensors", named);
        let output = place.run(&args("n.yaml", "p.safetensors", "x.npy"));
        assert!(errors(&output).contains(&format!("`{prefix}` is taken off")), "{}", errors(&output));
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), right, "{prefix}");
    }
}

#[test]
fn names_of_classes_are_listed() {
    let place = place();
    let rename = |name: &str| name.replace("1.w", "bn.w").replace("0.", "fc1.").replace("3.", "fc2.");
    save(&place, "c.safetensors", weights().into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect());
    let said = place.refused(&args("n.yaml", "c.safetensors", "x.npy"), 2);
    assert!(said.contains("lack `0.weight`") && said.contains("`fc1.weight`"), "{said}");
    assert!(said.contains("nn.Sequential"), "{said}");
}

#[test]
fn other_files_of_weights_are_explained() {
    let place = place();
    for (name, head, words) in [
        ("model.pth", b"PK\x03\x04\x00\x00\x08\x08archive/data.pkl".as_slice(), "torch.load"),
        ("old.pth", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "torch.load"),
        ("w.npz", b"PK\x03\x04\x00\x00\x00\x00arr_0.npy", "numpy.load"),
        ("w.h5", b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("w.npy", b"\x93NUMPY\x01\x00", "NPY"),
    ] {
        fs::write(place.path(name), head).expect("a file");
        let said = place.refused(&args("n.yaml", name, "x.npy"), 2);
        assert!(said.contains(words) && said.contains("safetensors"), "{name}: {said}");
    }
}

#[test]
fn fortran_order_is_read_right() {
    let place = place();
    let right = place.json(&args("n.yaml", "w.safetensors", "x.npy"));
    assert_eq!(place.json(&args("n.yaml", "w.safetensors", "fortran.npy")), right);
}

/// Against the formula of batch norm with running statistics, folded into the layer before it.
#[test]
fn batch_norm_in_evaluation_takes_the_running_statistics() {
    let place = place();
    fs::write(place.path("e.yaml"), format!("{NETWORK}score: {{batch_norm: evaluation}}\n")).expect("a preset");
    let evaluated = place.json(&args("e.yaml", "w.safetensors", "x.npy"));
    let trained = place.json(&args("n.yaml", "w.safetensors", "x.npy"));
    assert_eq!(evaluated["layers"][0], trained["layers"][0]);
    let w = weights();
    let scale =
        (&w["1.weight"] / (&w["1.running_var"] + 1e-5).and_then(|v| v.sqrt()).expect("a root")).expect("a scale");
    let folded = w["0.weight"].broadcast_mul(&scale.reshape((4, 1)).expect("a column")).expect("weights");
    let shift = (&w["0.bias"] - &w["1.running_mean"]).and_then(|b| b * &scale).and_then(|b| b + &w["1.bias"]);
    let folded = HashMap::from([
        ("0.weight".to_owned(), folded),
        ("0.bias".to_owned(), shift.expect("a bias")),
        ("2.weight".to_owned(), w["3.weight"].clone()),
        ("2.bias".to_owned(), w["3.bias"].clone()),
    ]);
    save(&place, "folded.safetensors", folded);
    fs::write(place.path("f.yaml"), "network: {input: 6, layers: [linear: 4, relu, linear: 2]}\n").expect("a preset");
    let folded = place.json(&args("f.yaml", "folded.safetensors", "x.npy"));
    for (layer, other) in [(1, 0), (2, 1), (3, 2)] {
        let rank = |report: &Value, at: usize| report["layers"][at]["effective_rank"].as_f64().expect("a rank");
        assert!((rank(&evaluated, layer) / rank(&folded, other) - 1.0).abs() < 1e-3, "{evaluated} {folded}");
    }
    let without = weights().into_iter().filter(|(name, _)| !name.contains("running")).collect();
    save(&place, "without.safetensors", without);
    assert!(place.refused(&args("e.yaml", "without.safetensors", "x.npy"), 2).contains("`1.running_mean`"));
    place.json(&args("n.yaml", "without.safetensors", "x.npy"));
}

#[test]
fn too_few_samples_are_said() {
    let place = place();
    let output = place.run(&args("n.yaml", "w.safetensors", "x.npy"));
    assert_eq!(errors(&output), "");
    let wide = "network: {input: 6, layers: [linear: 16, relu]}\n";
    fs::write(place.path("wide.yaml"), wide).expect("a preset");
    let named = |name: &str, dims: &[usize]| (name.to_owned(), random(3, dims).to_dtype(DType::F32).expect("a tensor"));
    save(&place, "wide.safetensors", HashMap::from([named("0.weight", &[16, 6]), named("0.bias", &[16])]));
    let output = place.run(&args("wide.yaml", "wide.safetensors", "x.npy"));
    assert_eq!(output.status.code(), Some(0));
    assert!(errors(&output).contains("8 samples are fewer") && errors(&output).contains("16 samples or more"));
}

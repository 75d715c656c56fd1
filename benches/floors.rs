//! How long the works of `works` would take if nothing but what cannot be left out had to be computed, at the rate at which
//! this machine multiplies matrices: `cargo bench --bench floors [-- WORK.yaml ...]`.
//!
//! Counted are the products of the forward pass, the half Gram matrices and their reductions. What does not depend on the
//! activation is counted once for each initialization. Draws, activations, norms, copies and the trainability check are
//! left out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use neartop_core::kernels::linear;
use neartop_core::layer::Value;
use neartop_core::network::{Network, Node, Part};
use neartop_core::random::{Key, Purpose};
use neartop_io::preset::Preset;
use neartop_study::space::Space;

/// Side of the matrices whose product says how fast this machine is.
const SIDE: usize = 512;
/// Threads that the works run on.
const THREADS: f64 = 2.0;

fn main() {
    let given: Vec<PathBuf> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).map(PathBuf::from).collect();
    let works = if given.is_empty() { bundled() } else { given };
    let rate = rate();
    println!("{:.0} GFLOP/s on one core, product of {SIDE}", rate / 1e9);
    println!("{:<12} {:>14} {:>14} {:>16}", "work", "products", "ranks", "floor, 2 cores");
    for work in works {
        let text = std::fs::read_to_string(&work).expect("a work");
        let folder = work.parent().unwrap_or(Path::new(""));
        let name = work.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let preset = Preset::parse(&text, &name, folder).expect("a preset");
        let [products, ranks] = operations(&Space::new(Arc::new(preset)));
        let floor = (products + ranks) / rate / THREADS;
        println!("{name:<12} {:>8.1} GFLOP {:>8.1} GFLOP {floor:>14.3} s", products / 1e9, ranks / 1e9);
    }
}

fn bundled() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/works");
    let names = ["mlp-small", "mlp-wide", "cnn", "resnet18", "vit", "gpt", "lstm"];
    names.iter().map(|name| folder.join(format!("{name}.yaml"))).collect()
}

/// Operations a second: the best of some products.
fn rate() -> f64 {
    let key = |layer| Key { seed: 0, repetition: 0, layer, purpose: Purpose::Inputs };
    let (x, w) = (key(0).standard_normals(SIDE * SIDE), key(1).standard_normals(SIDE * SIDE));
    let once = |_| {
        let start = Instant::now();
        std::hint::black_box(linear(&x, SIDE, &w, None, SIDE));
        start.elapsed().as_secs_f64()
    };
    let seconds = (0..200).map(once).fold(f64::INFINITY, f64::min);
    2.0 * (SIDE as f64).powi(3) / seconds
}

/// Of the whole work: products, and what ranks take.
fn operations(space: &Space) -> [f64; 2] {
    let samples = space.batch();
    let groups = space.groups();
    let mut all = [0.0; 2];
    for group in groups {
        let network = space.network_of(group[0]);
        let [shared, rest] = network.around_slots().map(|part| of_part(&network, &part, samples));
        for (sum, (shared, rest)) in all.iter_mut().zip(shared.into_iter().zip(rest)) {
            *sum += shared + rest * group.len() as f64;
        }
    }
    all.map(|sum| sum * space.preset.repetitions as f64)
}

fn of_part(network: &Network, part: &Part, samples: usize) -> [f64; 2] {
    let nodes = part.nodes.iter().map(|at| &network.nodes[*at]);
    nodes.fold([0.0; 2], |[products, ranks], node| {
        [products + 2.0 * products_of(node) * samples as f64, ranks + rank_of(node, samples)]
    })
}

/// Multiply-adds of one sample. Kernels of 3 x 3 need a quarter of them where tiles of 4 x 4 outputs are computed from tiles of
/// 6 x 6 inputs, and half where four rows are computed from six.
fn products_of(node: &Node) -> f64 {
    let all = node.operation.cost(&node.place).multiply_adds as f64;
    let arguments = node.operation.arguments();
    let is_small = arguments.kind.name == "conv2d"
        && arguments.get("kernel") == Some(&Value::Whole(3))
        && arguments.get("stride") == Some(&Value::Whole(1));
    match is_small {
        true if node.units().min(node.place.inputs[0].units()) >= BY_TILES => all / 4.0,
        true => all / 2.0,
        false => all,
    }
}

/// Channels from which tiles are taken.
const BY_TILES: usize = 64;

/// n^2 columns for half of the Gram matrix and 4/3 n^3 for its reduction. Of a layer with few inputs the same of a matrix with a column
/// for each, after half of the Gram matrix of the weights and a product with its factor.
fn rank_of(node: &Node, samples: usize) -> f64 {
    if node.counted.is_none() {
        return 0.0;
    }
    let (columns, rows) = (node.units() as f64, (samples * node.place.output.rows()) as f64);
    let taken = columns.min(rows);
    if node.is_narrow(samples * node.place.output.rows()) {
        let inputs = node.place.inputs[0].units() as f64;
        return inputs * inputs * (columns + 3.0 * taken) + 4.0 / 3.0 * inputs.powi(3);
    }
    taken * taken * columns + 4.0 / 3.0 * taken.powi(3)
}

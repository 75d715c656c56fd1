use serde_json::Value;

use super::*;
use crate::nas::{Architecture, NasSpace};
use crate::network::Init;
use crate::random::{Key, Purpose};
use crate::score::{Repetition, Score};
use crate::settings::BatchNorm;
use crate::shape::Shape;

fn network(space: &str, arch: &str, side: usize) -> Network {
    let space = NasSpace::find(space).unwrap();
    Architecture::parse(space, arch).unwrap().network(&Shape(vec![3, side, side]), 10, false).unwrap()
}

fn images(samples: usize, side: usize) -> Tensor {
    let key = Key { seed: 0, repetition: 0, layer: 0, purpose: Purpose::Inputs };
    Tensor::from_vec(
        key.standard_normals(samples * 3 * side * side),
        (samples, 3, side, side),
        &candle_core::Device::Cpu,
    )
    .unwrap()
}

fn score(network: &Network, inputs: Tensor, batch_norm: BatchNorm) -> Score {
    let init: Init = Init::named("torch_default").unwrap();
    let run = Repetition { blocks: true, batch_norm, seed: 1, ..Repetition::new(network, inputs, &init) };
    run.score_one(None).unwrap()
}

fn blocks_of(network: &Network, inputs: Tensor, batch_norm: BatchNorm) -> Blocks {
    score(network, inputs, batch_norm).propagation.unwrap().blocks.unwrap()
}

/// Figures of PyTorch, of the same networks with other draws: mean and standard deviation over six.
#[test]
fn blocks_are_those_of_pytorch() {
    let figures: Vec<Value> =
        serde_json::from_str(include_str!("../../../../../../tests/fixtures/nas/blocks.json")).unwrap();
    for figure in figures {
        let size = |name: &str| figure[name].as_u64().unwrap() as usize;
        let network = network(figure["space"].as_str().unwrap(), figure["arch"].as_str().unwrap(), size("side"));
        let score = score(&network, images(size("batch"), size("side")), BatchNorm::Training);
        let blocks = score.propagation.unwrap().blocks.unwrap();
        let activations = network.counted().into_iter().filter(|node| node.is_activation());
        let by_width =
            blocks.correlations.iter().zip(activations).map(|(least, node)| least * node.units() as f64).sum();
        let measured = [
            ("near", score.near),
            ("block_entropy", blocks.block_entropy()),
            ("progressivity", blocks.progressivity()),
            ("last_entropy", blocks.last_entropy()),
            ("meco", blocks.correlations.iter().sum()),
            ("meco_by_width", by_width),
            ("naswot", blocks.ln_kernel.unwrap()),
        ];
        for (name, value) in measured {
            let [mean, deviation] = [0, 1].map(|at| figure[name][at].as_f64().unwrap());
            // One draw of the mean of six, with a deviation known from six.
            assert!(
                (value - mean).abs() <= 6.0 * deviation + 1e-4 * mean.abs(),
                "{}: {name} {value} {mean}",
                figure["arch"]
            );
        }
    }
}

#[test]
fn the_mode_of_batch_norm_is_that_of_training() {
    let network = network("nats_sss", "8:8:16:16:8", 8);
    let [training, evaluation] =
        [BatchNorm::Training, BatchNorm::Evaluation].map(|mode| blocks_of(&network, images(4, 8), mode));
    assert_eq!(training, evaluation);
}

#[test]
fn scores_are_the_same_whether_blocks_are_looked_at() {
    let network =
        network("nats_tss", "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|", 8);
    let init: Init = Init::named("kaiming_normal").unwrap();
    let run = |blocks| Repetition { blocks, ..Repetition::new(&network, images(8, 8), &init) }.score_one(None).unwrap();
    let (without, mut with) = (run(false), run(true));
    with.propagation.as_mut().unwrap().blocks = None;
    assert_eq!(without, with);
}

#[test]
fn nothing_comes_out_of_a_cell_that_is_cut() {
    let network = network("nats_tss", "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", 8);
    let blocks = blocks_of(&network, images(8, 8), BatchNorm::Training);
    assert_eq!((blocks.last_entropy(), blocks.ln_kernel), (0.0, None));
}

#[test]
fn a_list_of_layers_has_no_blocks() {
    let network = Network::build(Shape(vec![4]), &[crate::layers::Linear::new(3).into()]).unwrap();
    let inputs = Tensor::zeros((4, 4), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
    let init: Init = Init::named("kaiming_normal").unwrap();
    let run = Repetition { blocks: true, ..Repetition::new(&network, inputs, &init) };
    assert_eq!(run.look_at_blocks(None, &|| false).unwrap(), None);
}

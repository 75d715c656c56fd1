use candle_core::Tensor;

use super::*;
use crate::catalog::Given;
use crate::kernels::with_elements;
use crate::layers::{BatchNorm, Conv2d, Dropout, Flatten, INNER_KINDS, KINDS, Linear, MaxPool, Padding, Slot};
use crate::random::{Key, Purpose};
use crate::shape::Layout;
use crate::weights::{DrawnWeights, Weights};

fn linear(out: usize) -> Layer {
    Linear::new(out).into()
}

#[test]
fn shapes_and_parameters_of_a_small_cnn() {
    let conv = |out, stride, padding| Layer::from(Conv2d { padding, ..Conv2d::new(out, 3).strided(stride) });
    let layers = [
        conv(8, 1, Padding::Same),
        BatchNorm.into(),
        Slot::default().into(),
        MaxPool::new(2).into(),
        conv(16, 2, Padding::Zeros(1)),
        Slot::default().into(),
        Flatten.into(),
        linear(10),
    ];
    let network = Network::build(Shape(vec![3, 12, 12]), &layers).unwrap();
    let shapes: Vec<_> = network.nodes.iter().map(|node| node.output().0.clone()).collect();
    assert_eq!(shapes[0], [8, 12, 12]);
    assert_eq!(shapes[3], [8, 6, 6]);
    assert_eq!(shapes[4], [16, 3, 3]);
    assert_eq!(shapes[6], [144]);
    assert_eq!(network.parameters(None), (8 * 27 + 8) + 16 + (16 * 72 + 16) + (144 * 10 + 10));
    assert_eq!(network.around_slots()[0].nodes, [0, 1]);
    assert_eq!(network.samples_needed(), 10);
}

#[test]
fn residuals_name_their_modules_as_pytorch_would() {
    let layers = [linear(8), Block::residual(vec![linear(8), Slot::default().into(), linear(8)], vec![]).into()];
    let network = Network::build(Shape(vec![4]), &layers).unwrap();
    let names: Vec<_> = network.counted().iter().map(|node| node.name().to_owned()).collect();
    assert_eq!(names, ["0", "1.body.0", "1.body.1", "1.body.2"]);
    assert_eq!(network.counted()[3].drawn().unwrap().index, 2);
}

#[test]
fn layers_that_do_not_fit_are_named() {
    let fails =
        |input: &[usize], layers: &[Layer]| Network::build(Shape(input.to_vec()), layers).unwrap_err().to_string();
    assert_eq!(
        fails(&[3, 8, 8], &[linear(10)]),
        "layer 0 (linear): 3 x 8 x 8 (channels x height x width) come in, but it needs a vector of features: put \
         `flatten` before it"
    );
    assert!(fails(&[3, 8, 8], &[Conv2d::new(4, 9).into()]).contains("does not fit"));
    assert!(fails(&[8], &[MaxPool::new(2).into()]).contains("8 features come in"));
    let residual = Block::residual(vec![linear(9)], vec![]).into();
    assert!(fails(&[8], &[residual]).contains("9 features and 8 features"));
    assert!(fails(&[1 << 30], &[linear(1 << 30)]).contains("2^40"));
}

/// What lies beside a slot is shared as what lies before it, and values are kept as long as they are needed.
#[test]
fn what_depends_on_no_slot_is_shared_whatever_the_shape_of_the_graph() {
    let body = vec![linear(8), Slot::default().into(), linear(8)];
    let layers = [linear(8), Block::residual(body, vec![linear(8)]).into(), linear(3)];
    let network = Network::build(Shape(vec![4]), &layers).unwrap();
    let names: Vec<_> = network.nodes.iter().map(Node::name).collect();
    assert_eq!(names, ["0", "1.body.0", "1.body.1", "1.body.2", "1.shortcut.0", "1.1", "2"]);
    let [shared, rest] = network.around_slots();
    assert_eq!((shared.nodes, rest.nodes), (vec![0, 1, 4], vec![2, 3, 5, 6]));
    // What the slot takes, and what the sum takes beside it.
    assert_eq!((shared.kept, rest.kept), (vec![2, 5], vec![7]));
}

#[test]
fn slots_of_different_names_are_filled_apart() {
    let named = |name: &str| Slot(name.to_owned()).into();
    let prelu_unit = Activation::new(Activation::find("prelu").unwrap(), &[("per", Given::Word("channel"))]).unwrap();
    let layers = [linear(8), named("hidden"), linear(5), named("output"), linear(2)];
    let network = Network::build(Shape(vec![4]), &layers).unwrap();
    assert_eq!(network.summary(), "4 > 8 > *hidden > 5 > *output > 2");
    assert_eq!(network.slots(), ["hidden", "output"]);
    // What precedes every slot is shared, and not what precedes one of them.
    assert_eq!(network.around_slots()[0].nodes, [0]);
    let choices = Choices::from([
        ("hidden".to_owned(), vec![prelu_unit, Activation::named("relu").unwrap()]),
        ("output".to_owned(), vec![Activation::named("tanh").unwrap()]),
    ]);
    let fills = Fill::product(&choices);
    assert_eq!(fills.iter().map(|fill| network.parameters(Some(fill))).collect::<Vec<_>>(), [40 + 8 + 45 + 12, 97]);
    let filled: Vec<_> = network.nodes.iter().map(|node| node.filled(Some(&fills[1])).map(Activation::name)).collect();
    assert_eq!(filled, [None, Some("relu"), None, Some("tanh"), None]);
    let reached: Vec<_> = network.nodes.iter().map(|node| node.surroundings.slot.as_deref().unwrap()).collect();
    assert_eq!(reached, ["hidden", "output", "output", "output", "output"]);
}

#[test]
fn a_graph_of_several_ways_is_as_large_as_what_is_alive_in_it() {
    let plain = Network::build(Shape(vec![64]), &[linear(64), linear(64)]).unwrap();
    let residual = Block::residual(vec![linear(64)], vec![]);
    let residual = Network::build(Shape(vec![64]), &[linear(64), residual.into()]).unwrap();
    assert_eq!(plain.parameters(None), residual.parameters(None));
    // The input of the residual stays while its body is computed, and the sum is made beside both.
    assert_eq!(residual.memory(100) - plain.memory(100), 100 * 64 * 4);
    assert_eq!(residual.multiply_adds(), 2 * 64 * 64);
}

/// Where the outputs of counted nodes lie, and what is in them.
struct Places(Vec<(usize, Vec<f32>)>);

impl forward::Probe for Places {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Node, output: &Tensor) -> candle_core::Result<()> {
        with_elements(output, |y| self.0.push((y.as_ptr() as usize, y.to_vec())))
    }
}

fn places(layers: &[Layer]) -> (Vec<(usize, Vec<f32>)>, Vec<f32>) {
    let network = Network::build(Shape(vec![2, 5, 4]), layers).unwrap();
    let key = Key { seed: 0, repetition: 0, layer: 0, purpose: Purpose::Inputs };
    let input = Tensor::from_vec(key.standard_normals(3 * 40), (3, 2, 5, 4), &candle_core::Device::Cpu).unwrap();
    let before = input.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let init = Init::named("kaiming_normal").unwrap();
    let weights = DrawnWeights::new(0, 0, &init, BiasInit::Zeros, None);
    let relu = Activation::named("relu").unwrap().into();
    let mut places = Places(Vec::new());
    let output = forward::forward(&network, input.clone(), &weights, Some(&relu), &mut places).unwrap();
    assert_eq!(input.flatten_all().unwrap().to_vec1::<f32>().unwrap(), before);
    (places.0, output.flatten_all().unwrap().to_vec1().unwrap())
}

#[test]
fn memory_is_used_again_where_nothing_needs_it() {
    let conv = || -> Layer { Conv2d { padding: Padding::Same, ..Conv2d::new(3, 3) }.into() };
    let slot = || -> Layer { Slot::default().into() };
    let (chain, _) = places(&[conv(), BatchNorm.into(), slot(), conv(), slot()]);
    assert!(chain[1].0 == chain[0].0 && chain[2].0 == chain[0].0 && chain[4].0 == chain[3].0);
    assert!(chain[2].1.iter().all(|y| *y >= 0.0) && chain[0].1.iter().any(|y| *y < 0.0));
    // The input belongs to whoever gave it.
    let (first, _) = places(&[slot(), slot()]);
    assert!(first[1].0 == first[0].0);
}

#[test]
fn memory_that_a_view_has_is_not_used_again() {
    let conv = || -> Layer { Conv2d { padding: Padding::Same, ..Conv2d::new(3, 3) }.into() };
    let drop: Layer = Dropout { p: 0.5 }.into();
    for (body, shortcut) in
        [(vec![drop.clone()], vec![Slot::default().into()]), (vec![Slot::default().into()], vec![drop])]
    {
        let (seen, sum) = places(&[conv(), Block::residual(body, shortcut).into()]);
        let wanted: Vec<_> = seen[0].1.iter().map(|y| y + y.max(0.0)).collect();
        assert_eq!(sum, wanted);
    }
}

/// Ranks of the outputs of counted nodes, and the most that they are known to be.
struct MostRanks(Vec<(usize, usize)>);

impl forward::Probe for MostRanks {
    type Stop = candle_core::Error;

    fn observe(&mut self, node: &Node, output: &Tensor) -> candle_core::Result<()> {
        let form = &node.place.output;
        let (samples, units, run) = (output.dim(0)?, form.units(), form.run());
        let rows = samples * form.rows();
        let elements = with_elements(output, <[f32]>::to_vec)?;
        // A row for every position of every sample.
        let at = |row: usize, unit: usize| f64::from(elements[(row / run * units + unit) * run + row % run]);
        let values = faer::Mat::from_fn(rows, units, at).singular_values().unwrap();
        let rank = values.iter().filter(|s| **s > 1e-5 * values[0].max(1e-12)).count();
        self.0.push((rank, node.surroundings.most_rank));
        Ok(())
    }
}

/// Samples of this form: tokens in turn, or normal draws.
fn inputs_of(form: &Form, samples: usize) -> Tensor {
    let shape: Vec<_> = std::iter::once(samples).chain(form.shape.0.iter().copied()).collect();
    let key = Key { seed: 1, repetition: 0, layer: 0, purpose: Purpose::Inputs };
    let count = shape.iter().product();
    let input = match form.layout {
        Layout::Ids { vocab } => (0..count).map(|k| (k * 7 % vocab) as f32).collect(),
        _ => key.standard_normals(count),
    };
    Tensor::from_vec(input, shape, &candle_core::Device::Cpu).unwrap()
}

/// Where a tensor's memory is.
fn memory_of(tensor: &Tensor) -> usize {
    std::ptr::from_ref(&*tensor.storage_and_layout().0).addr()
}

/// Of every kind, what is said to have memory of its own shares it with no other value, nor with the parameters: a second pass
/// has other memory.
#[test]
fn what_is_made_anew_shares_no_memory() {
    let mut seen = 0;
    for kind in KINDS.iter().chain(INNER_KINDS) {
        for trial in (kind.trials)() {
            let network = Network::build(&trial.input, &trial.layers).unwrap();
            let init = Init::named("kaiming_normal").unwrap();
            let weights = DrawnWeights::new(0, 0, &init, BiasInit::FanInUniform, None);
            let tanh = Activation::named("tanh").unwrap().into();
            let mut values = vec![inputs_of(&trial.input, 3)];
            for node in &network.nodes {
                let inputs: Vec<_> = node.inputs.iter().map(|value| values[*value].clone()).collect();
                let parameters = weights.parameters(node, &inputs).unwrap();
                let pass =
                    || node.operation.forward(&node.place, &inputs, &parameters, node.filled(Some(&tanh))).unwrap();
                let (output, again) = (pass(), pass());
                if node.operation.makes_anew() {
                    let others = values.iter().chain([&again]);
                    assert!(others.map(memory_of).all(|at| at != memory_of(&output)), "{}", node.place.name);
                    seen += 1;
                }
                values.push(output);
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Behind a layer of one unit, every kind of layer, and a batch norm, which is counted whatever comes before it.
#[test]
fn ranks_are_never_above_what_is_known_of_them() {
    let mut known = 0;
    for kind in KINDS.iter().chain(INNER_KINDS) {
        for trial in (kind.trials)() {
            let narrow: Vec<Layer> = match (trial.input.layout, trial.input.shape.0.as_slice()) {
                (Layout::Features, [.., features]) => vec![linear(1), linear(*features)],
                (Layout::Channels, [channels, _, _]) => {
                    vec![Conv2d::new(1, 1).into(), Conv2d::new(*channels, 1).into()]
                }
                _ => Vec::new(),
            };
            let layers = [narrow, trial.layers, vec![BatchNorm.into()]].concat();
            let network = Network::build(&trial.input, &layers).unwrap();
            let init = Init::named("kaiming_normal").unwrap();
            let weights = DrawnWeights::new(0, 0, &init, BiasInit::FanInUniform, None);
            let input = inputs_of(&trial.input, 12);
            let tanh = Activation::named("tanh").unwrap().into();
            let mut ranks = MostRanks(Vec::new());
            forward::forward(&network, input, &weights, Some(&tanh), &mut ranks).unwrap();
            for (place, (rank, most)) in ranks.0.iter().enumerate() {
                let units = network.counted()[place].units();
                assert!(rank <= most && *most <= units, "{}: {rank} at {place}, and {most} at the most", kind.name);
                known += usize::from(*most < units);
            }
        }
    }
    assert!(known > 100, "{known}");
}

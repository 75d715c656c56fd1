use candle_core::{DType, Device, Result, Tensor, Var};

use super::*;
use crate::kernels::figures::{assert_torch, dims, wave};
use crate::kernels::{self, Cell, Groups, Pooling, RMS_EPSILON, Statistics, Upsampling, Window};

fn single(x: &Tensor) -> Tensor {
    x.to_dtype(DType::F32).unwrap()
}

/// Both kernels, in single and in double precision, against PyTorch's figure.
fn assert_both(name: &str, f32s: Result<Tensor>, f64s: Result<Tensor>) {
    assert_torch(name, &f32s.unwrap(), 1e-5);
    assert_torch(name, &f64s.unwrap(), 1e-9);
}

/// The gradients of a weighted sum of the result by every element of every input against central differences.
fn assert_gradients(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let loss = |inputs: &[Tensor]| {
        let y = f(inputs).unwrap();
        (&y * wave(y.dims(), 0.3)).unwrap().sum_all().unwrap()
    };
    let vars: Vec<_> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
    let tracked: Vec<_> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let gradients = loss(&tracked).backward().unwrap();
    for (argument, var) in vars.iter().enumerate() {
        let gradient = gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for (at, gradient) in gradient.iter().enumerate() {
            let moved = |h: f64| {
                let mut inputs = inputs.to_vec();
                let mut values = inputs[argument].flatten_all().unwrap().to_vec1::<f64>().unwrap();
                values[at] += h;
                inputs[argument] = Tensor::from_vec(values, inputs[argument].dims(), &Device::Cpu).unwrap();
                loss(&inputs).to_scalar::<f64>().unwrap()
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let close = (gradient - difference).abs() < 1e-6 * (1.0 + difference.abs());
            assert!(close, "{name}, argument {argument} at {at}: {gradient} against {difference}");
        }
    }
}

#[test]
fn attention_is_that_of_torch() {
    let cases = [
        ("attend", [3, 5, 2, 2, 3], false),
        ("attend causal", [5, 5, 4, 2, 2], true),
        ("attend one", [4, 4, 3, 1, 2], false),
    ];
    for (name, [queries, keys, heads, kv_heads, size], causal) in cases {
        let q = wave(&[2, queries, heads * size], 0.0);
        let [k, v] = [1.0, 2.0].map(|phase| wave(&[2, keys, kv_heads * size], phase));
        let f32s = kernels::attend(&single(&q), &single(&k), &single(&v), heads, kv_heads, causal);
        assert_both(name, f32s, attend(&q, &k, &v, heads, kv_heads, causal));
        assert_gradients(name, &[q, k, v], |x| attend(&x[0], &x[1], &x[2], heads, kv_heads, causal));
    }
}

#[test]
fn attention_of_tensors_that_do_not_fit_is_refused() {
    let x = wave(&[2, 3, 12], 0.0);
    assert!(attend(&x, &x, &x, 5, 5, false).is_err());
    assert!(attend(&x, &x, &x, 4, 3, false).is_err());
    assert!(attend(&x, &x, &wave(&[2, 4, 12], 0.0), 4, 4, false).is_err());
}

#[test]
fn recurrences_are_those_of_torch() {
    for (name, cell) in [("lstm", Cell::Lstm), ("gru", Cell::Gru), ("rnn", Cell::Tanh)] {
        let rows = cell.gates() * 3;
        let inputs = [
            wave(&[2, 5, 2], 0.0),
            wave(&[rows, 2], 1.0),
            wave(&[rows, 3], 2.0),
            wave(&[rows], 3.0),
            wave(&[rows], 4.0),
        ];
        let singles = inputs.each_ref().map(single);
        for (biases, reverse) in [(false, false), (false, true), (true, false), (true, true)] {
            let name = format!(
                "{name}{}{}",
                if biases { " with biases" } else { "" },
                if reverse { " backwards" } else { "" }
            );
            let given = if biases { 5 } else { 3 };
            let f32s = |x: &[Tensor]| kernels::recur(cell, &x[0], &x[1], &x[2], x.get(3), x.get(4), reverse);
            let f64s = |x: &[Tensor]| recur(cell, &x[0], &x[1], &x[2], x.get(3), x.get(4), reverse);
            assert_both(&name, f32s(&singles[..given]), f64s(&inputs[..given]));
            assert_gradients(&name, &inputs[..given], f64s);
        }
    }
}

/// More samples than are multiplied at once, and more units than fit into a vector.
#[test]
fn long_recurrences_agree_in_both_precisions() {
    for cell in [Cell::Lstm, Cell::Gru, Cell::Tanh] {
        let rows = cell.gates() * 37;
        let x = wave(&[130, 9, 11], 0.0);
        let weights = [wave(&[rows, 11], 1.0), wave(&[rows, 37], 2.0)].map(|w| (w * 0.2).unwrap());
        let [w, u] = &weights;
        let f64s = recur(cell, &x, w, u, None, None, true).unwrap();
        let f32s = kernels::recur(cell, &single(&x), &single(w), &single(u), None, None, true).unwrap();
        assert!(apart(&f32s, &f64s) < 1e-5, "{cell:?}");
    }
}

fn apart(x: &Tensor, y: &Tensor) -> f64 {
    let [x, y] = [x, y].map(|t| t.to_dtype(DType::F64).unwrap());
    (x - y).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

#[test]
fn wide_attention_agrees_in_both_precisions() {
    let [q, k, v] = [0.0, 1.0, 2.0].map(|phase| (wave(&[3, 65, 192], phase) * 2.0).unwrap());
    for causal in [false, true] {
        let f32s = kernels::attend(&single(&q), &single(&k), &single(&v), 3, 3, causal).unwrap();
        assert!(apart(&f32s, &attend(&q, &k, &v, 3, 3, causal).unwrap()) < 1e-5);
    }
}

#[test]
fn transposed_convolutions_are_those_of_torch() {
    let window = |kernel, stride, pads: [usize; 2], dilation| Window {
        kernel,
        stride,
        dilation,
        pads: pads.map(|pad| (pad, pad)),
    };
    let cases = [
        ("transposed", [2, 3, 3, 4], window([3, 3], [1, 1], [0, 0], [1, 1]), [0, 0], 1),
        ("transposed strided", [4, 2, 3, 2], window([3, 2], [2, 3], [1, 0], [1, 1]), [1, 2], 2),
        ("transposed dilated", [2, 2, 4, 3], window([2, 3], [2, 1], [1, 2], [3, 2]), [0, 0], 1),
        ("transposed point", [2, 3, 2, 3], window([1, 1], [1, 1], [0, 0], [1, 1]), [0, 0], 1),
        ("transposed sequence", [4, 2, 1, 5], window([1, 4], [1, 2], [0, 1], [1, 1]), [0, 1], 2),
    ];
    for (name, [ins, outs, height, width], window, beyond, groups) in cases {
        let dims = dims(name)[1..].to_vec();
        let [down, along] = window.spread([height, width], beyond).unwrap();
        assert_eq!(dims[1..], [down, along][3 - dims.len()..], "{name}");
        let sizes = Groups { groups, input: [ins, height, width], output: [outs, down, along] };
        let plane = [height, width][3 - dims.len()..].to_vec();
        let kernel = window.kernel[3 - dims.len()..].to_vec();
        let x = wave(&[vec![2, ins], plane].concat(), 0.0);
        let (w, b) = (wave(&[vec![ins, outs / groups], kernel].concat(), 1.0), wave(&[outs], 2.0));
        let [x32, w32, b32] = [&x, &w, &b].map(|t| single(t).flatten_all().unwrap().to_vec1::<f32>().unwrap());
        let y = kernels::convolve_transposed(&x32, 2, sizes, &window, &w32, Some(&b32));
        let f32s = Tensor::from_vec(y, [vec![2], dims.clone()].concat(), &Device::Cpu);
        assert_both(name, f32s, convolve_transposed(&x, sizes, &window, &dims, &w, Some(&b)));
        let transposed = |x: &[Tensor]| convolve_transposed(&x[0], sizes, &window, &dims, &x[1], x.get(2));
        assert_gradients(name, &[x.clone(), w.clone(), b], transposed);
        assert_gradients(name, &[x, w], transposed);
    }
}

#[test]
fn many_samples_are_spread_as_one() {
    let window = Window::square(3, 2, 1, (1, 0));
    let sizes = Groups { groups: 2, input: [6, 5, 4], output: [4, 10, 8] };
    let (x, w) = (wave(&[41, 6, 5, 4], 0.0), wave(&[6, 2, 3, 3], 1.0));
    let [x32, w32] = [&x, &w].map(|t| single(t).flatten_all().unwrap().to_vec1::<f32>().unwrap());
    let y = kernels::convolve_transposed(&x32, 41, sizes, &window, &w32, None);
    let f32s = Tensor::from_vec(y, (41, 4, 10, 8), &Device::Cpu).unwrap();
    let f64s = convolve_transposed(&x, sizes, &window, &[4, 10, 8], &w, None).unwrap();
    assert!(apart(&f32s, &f64s) < 1e-5);
}

#[test]
fn upsampling_is_that_of_torch() {
    let cases: [(&str, &[usize], usize, Upsampling); 5] = [
        ("nearest", &[2, 2, 2, 3], 2, Upsampling::Nearest),
        ("bilinear", &[2, 2, 3, 2], 3, Upsampling::Linear),
        ("bilinear even", &[1, 2, 3, 4], 2, Upsampling::Linear),
        ("nearest sequence", &[2, 2, 3], 3, Upsampling::Nearest),
        ("linear sequence", &[2, 2, 4], 2, Upsampling::Linear),
    ];
    for (name, dims, scale, mode) in cases {
        let x = wave(dims, 0.0);
        assert_both(name, kernels::upsample(&single(&x), scale, mode), upsample(&x, scale, mode));
        assert_gradients(name, &[x], |x| upsample(&x[0], scale, mode));
    }
}

#[test]
fn adaptive_means_are_those_of_torch() {
    let cases: [(&str, &[usize], [usize; 2]); 3] = [
        ("adaptive", &[2, 2, 7, 5], [3, 2]),
        ("adaptive larger", &[1, 2, 3, 4], [5, 4]),
        ("adaptive sequence", &[2, 3, 7], [1, 4]),
    ];
    for (name, dims, to) in cases {
        let x = wave(dims, 0.0);
        assert_both(name, kernels::adaptive_mean(&single(&x), to), adaptive_mean(&x, to));
        assert_gradients(name, &[x], |x| adaptive_mean(&x[0], to));
    }
}

#[test]
fn embedding_takes_the_rows_that_ids_name() {
    let ids = Tensor::new(&[[2f32, 0.0, 2.0], [1.0, 3.0, 0.0]], &Device::Cpu).unwrap();
    let weight = wave(&[4, 3], 0.0);
    let picked = [2u32, 0, 2, 1, 3, 0];
    let rows =
        weight.index_select(&Tensor::new(&picked, &Device::Cpu).unwrap(), 0).unwrap().reshape((2, 3, 3)).unwrap();
    assert!(apart(&kernels::gather(&ids, &single(&weight)).unwrap(), &rows) < 1e-6);
    assert!(apart(&embed(&ids, &weight).unwrap(), &rows) == 0.0);
    assert_gradients("embed", &[weight], |x| embed(&ids, &x[0]));
}

#[test]
fn an_id_outside_of_the_table_is_named() {
    let weight = single(&wave(&[4, 3], 0.0));
    for id in [4.0f32, -1.0, 0.5, f32::NAN] {
        let ids = Tensor::new(&[[1.0, id]], &Device::Cpu).unwrap();
        let said = kernels::gather(&ids, &weight).unwrap_err().to_string();
        assert!(said.contains(&format!("{id} is no whole number from 0 to 3")), "{said}");
    }
}

#[test]
fn normalizations_are_those_of_torch() {
    let cases: [(&str, &[usize], Statistics, usize); 3] = [
        ("over last", &[2, 3, 4], Statistics::Features, 1),
        ("over channels", &[2, 3, 2, 4], Statistics::Position, 8),
        ("instance", &[2, 3, 2, 4], Statistics::Groups(3), 8),
    ];
    for (name, dims, statistics, run) in cases {
        let units = if run == 1 { 4 } else { 3 };
        let (x, w, b) = (wave(dims, 0.0), wave(&[units], 1.0), wave(&[units], 2.0));
        let f32s = kernels::normalize(&single(&x), statistics, Some(&single(&w)), Some(&single(&b)));
        let f64s = |x: &[Tensor]| affine(&standardize(&x[0], statistics)?, &x[1], &x[2], run);
        assert_both(name, f32s, f64s(&[x.clone(), w.clone(), b.clone()]));
        assert_gradients(name, &[x, w, b], f64s);
    }
}

#[test]
fn root_mean_squares_are_those_of_torch() {
    let (x, w) = (wave(&[2, 3, 4], 0.0), wave(&[4], 1.0));
    for (name, eps) in [("rms", RMS_EPSILON), ("rms given", 1e-3)] {
        let f64s = |x: &[Tensor]| scaled(&standardize_rms(&x[0], eps)?, &x[1], 1);
        let f32s = kernels::normalize_rms(&single(&x), Some(&single(&w)), eps);
        assert_both(name, f32s, f64s(&[x.clone(), w.clone()]));
        assert_gradients(name, &[x.clone(), w.clone()], f64s);
    }
}

#[test]
fn slopes_and_factors_belong_to_runs() {
    let (x, a) = (wave(&[2, 3, 2, 2], 0.0), wave(&[3], 1.0));
    let off_zero = (&x + 1e-3).unwrap();
    assert_both("prelu", kernels::prelu(&single(&x), &single(&a), 4), learned_slopes(&x, &a, 4));
    assert_gradients("prelu", &[off_zero, a.clone()], |x| learned_slopes(&x[0], &x[1], 4));
    let factors = a.reshape((1, 3, 1, 1)).unwrap();
    let product = x.broadcast_mul(&factors).unwrap();
    assert!(apart(&kernels::scaled(&single(&x), &single(&a), 4).unwrap(), &product) < 1e-6);
    assert!(apart(&scaled(&x, &a, 4).unwrap(), &product) == 0.0);
    assert_gradients("scaled", &[x, a], |x| scaled(&x[0], &x[1], 4));
}

#[test]
fn pools_that_hang_over_the_end_are_those_of_torch() {
    let cases = [
        ("a", [6, 7], [3, 2], [2, 2], [1, 1]),
        ("b", [5, 5], [2, 2], [2, 2], [0, 0]),
        ("c", [5, 8], [3, 3], [3, 4], [1, 1]),
        ("d", [4, 4], [2, 3], [3, 3], [1, 1]),
    ];
    let means = [true, false].map(|count_include_pad| Pooling::Mean { count_include_pad });
    for (name, sides, kernel, stride, pads) in cases {
        let window = Window { kernel, stride, dilation: [1, 1], pads: pads.map(|pad| (pad, pad)) };
        assert_pool(&format!("largest {name}"), sides, &window, Pooling::Largest);
        assert_pool(&format!("mean with padding {name}"), sides, &window, means[0]);
        assert_pool(&format!("mean {name}"), sides, &window, means[1]);
    }
    let window = Window { kernel: [3, 2], stride: [2, 1], dilation: [2, 3], pads: [(1, 1), (0, 0)] };
    assert_pool("largest dilated", [7, 6], &window, Pooling::Largest);
}

fn assert_pool(name: &str, sides: [usize; 2], window: &Window, how: Pooling) {
    let (x, to) = (wave(&[1, 2, sides[0], sides[1]], 0.0), window.slide_over(sides).unwrap());
    let f32s = kernels::with_elements(&single(&x), |x| kernels::pool(x, sides, to, window, how)).unwrap();
    let f32s = Tensor::from_vec(f32s, (1, 2, to[0], to[1]), &Device::Cpu);
    assert_both(name, f32s, pool(&x, sides, to, window, how));
    assert_gradients(name, &[x], |x| pool(&x[0], sides, to, window, how));
}

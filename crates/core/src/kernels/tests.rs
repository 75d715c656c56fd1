use candle_core::{Device, Tensor};

use super::*;
use crate::layers::{Conv2d, Padding};
use crate::network::{Network, Node};
use crate::parameters::Parameters;
use crate::shape::Shape;

/// The inputs of a case: channels in and out, height, width; kernel, stride, padding, dilation, groups.
type Case = ([usize; 4], [usize; 5]);

/// x_i = sin(i), w_i = cos(0.7 i), b_i = 0.1 i, for two samples.
fn convolve(([ins, outs, height, width], sizes): Case, padding: Padding) -> (Node, [Tensor; 4]) {
    let [kernel, stride, _, dilation, groups] = sizes;
    let conv = Conv2d { padding, dilation: [dilation; 2], groups, ..Conv2d::new(outs, kernel).strided(stride) };
    let network = Network::build(Shape(vec![ins, height, width]), &[conv.into()]).unwrap();
    let node = network.nodes[0].clone();
    let filled = |dims: &[usize], f: &dyn Fn(f64) -> f64| {
        let values = (0..dims.iter().product::<usize>()).map(|i| f(i as f64) as f32).collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    };
    let x = filled(&[2, ins, height, width], &f64::sin);
    let w = filled(&[outs, ins / groups, kernel, kernel], &|i| (0.7 * i).cos());
    let b = filled(&[outs], &|i| 0.1 * i);
    let parameters = Parameters::default().with("weight", w.clone()).with("bias", b.clone());
    let y = node.operation.forward(&node.place, std::slice::from_ref(&x), &parameters, None).unwrap();
    (node, [x, w, b, y])
}

/// sum y_i cos(0.3 i)
fn checksum(y: &Tensor) -> f64 {
    with_elements(y, |y| y.iter().zip(0..).map(|(y, i)| f64::from(*y) * (0.3 * f64::from(i)).cos()).sum()).unwrap()
}

#[test]
fn convolutions_are_those_of_torch_and_candle() {
    // Height and width of the output, and its checksum by torch.nn.functional.conv2d in double precision.
    let cases: [(Case, [usize; 2], f64); 9] = [
        (([3, 5, 9, 7], [3, 1, 1, 1, 1]), [9, 7], -40.692_621_071),
        (([4, 6, 8, 8], [3, 1, 2, 2, 2]), [8, 8], 10.224_813_467),
        (([4, 6, 9, 8], [3, 2, 1, 1, 2]), [5, 4], 0.294_452_534),
        (([3, 4, 7, 7], [1, 1, 0, 1, 1]), [7, 7], 7.620_281_626),
        (([4, 4, 6, 5], [1, 2, 0, 1, 4]), [3, 3], -1.104_021_792),
        (([2, 3, 6, 6], [2, 1, 0, 1, 1]), [5, 5], 5.183_404_765),
        (([6, 6, 5, 7], [5, 1, 2, 1, 3]), [5, 7], 1.279_992_749),
        (([2, 9, 10, 6], [3, 3, 3, 2, 1]), [4, 3], 5.093_349_519),
        (([8, 8, 6, 6], [3, 1, 1, 1, 8]), [6, 6], -11.686_266_743),
    ];
    for (case, size, expected) in cases {
        let [_, stride, padding, dilation, groups] = case.1;
        let (node, [x, w, b, y]) = convolve(case, Padding::Zeros(padding));
        assert_eq!(node.output().0[1..], size, "{case:?}");
        let sum = checksum(&y);
        assert!((sum - expected).abs() < 1e-4, "{case:?}: {sum} against {expected}");
        let theirs = x.conv2d(&w, padding, stride, dilation, groups).unwrap();
        let theirs = theirs.broadcast_add(&b.reshape((1, (), 1, 1)).unwrap()).unwrap();
        let apart = (y - theirs).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        assert!(apart.to_scalar::<f32>().unwrap() < 1e-5, "{case:?}: {apart}");
    }
}

#[test]
fn an_even_kernel_is_padded_as_torch_pads_it() {
    let (node, [_, _, _, y]) = convolve(([2, 3, 5, 6], [4, 1, 0, 1, 1]), Padding::Same);
    assert_eq!(node.output().0, [3, 5, 6]);
    let sum = checksum(&y);
    assert!((sum - 0.743_442_531).abs() < 1e-4, "{sum}");
}

/// As TensorFlow documents it: with s = stride, zeros max((side/s rounded up - 1) s + kernel - side, 0), the odd one last.
#[test]
fn a_strided_window_is_padded_as_tensorflow_pads_it() {
    let cases =
        [(224, 7, 2, 1, (2, 3), 112), (7, 3, 2, 1, (1, 1), 4), (8, 3, 2, 1, (0, 1), 4), (5, 1, 3, 1, (0, 0), 2)];
    for (side, kernel, stride, dilation, pads, slides) in cases {
        let window = Window::square(kernel, stride, dilation, same(side, kernel, stride, dilation));
        assert_eq!(window.pads, [pads; 2], "{side}");
        assert_eq!(window.slide([side; 2]), Some([slides; 2]), "{side}");
    }
}

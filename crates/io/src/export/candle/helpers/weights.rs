//! How weights are drawn that candle does not draw.

pub const TRUNCATED_NORMAL: &str = r"
/// N(mean, std^2) under the condition low <= x <= high, by rejection.
fn truncated_normal(dims: &[usize], normal: [f64; 2], bounds: [f64; 2], device: &Device) -> Result<Tensor> {
    let [mean, std] = normal;
    let [mut low, mut high] = bounds.map(|bound| (bound - mean) / std);
    // The upper tail is the mirror image of the lower.
    let mirror = if high < 0.0 { -1.0 } else { 1.0 };
    if high < 0.0 {
        (low, high) = (-high, -low);
    }
    // What lies further out has a probability below 1e-12.
    (low, high) = (low.max(-8.3), high.min(low.max(4.3) + 4.0));
    let nearest = low.max(0.0);
    let count = dims.iter().product();
    let mut values = Vec::with_capacity(count);
    while values.len() < count {
        let draws = Tensor::rand(0f64, 1f64, (count.max(64), 2), &Device::Cpu)?.to_vec2::<f64>()?;
        for draw in draws {
            let z = low + draw[0] * (high - low);
            if draw[1] < ((nearest * nearest - z * z) / 2.0).exp() && values.len() < count {
                values.push((mean + std * mirror * z) as f32);
            }
        }
    }
    Tensor::from_vec(values, dims, device)
}
";

pub const ORTHOGONAL: &str = r"
/// gain Q sign(diag R) for the QR decomposition of a standard normal [out x rest] matrix, by Gram-Schmidt, done twice.
fn orthogonal(dims: &[usize], gain: f64, device: &Device) -> Result<Tensor> {
    let (rows, columns) = (dims[0], dims[1..].iter().product::<usize>());
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors = Tensor::randn(0f64, 1f64, (count, length), &Device::Cpu)?.to_vec2::<f64>()?;
    for place in 0..count {
        let (done, rest) = vectors.split_at_mut(place);
        let vector = &mut rest[0];
        for _ in 0..2 {
            for other in done.iter() {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        vector.iter_mut().for_each(|a| *a /= norm);
    }
    let q = Tensor::from_vec(vectors.concat(), (count, length), &Device::Cpu)?;
    let q = if rows < columns { q } else { q.t()?.contiguous()? };
    (q * gain)?.to_dtype(DType::F32)?.reshape(dims)?.to_device(device)
}
";

pub const SPARSE: &str = r"
/// N(0, std^2), with the share `sparsity` of every column of [out x rest], rounded up, set to zero.
fn sparse(dims: &[usize], sparsity: f64, std: f32, device: &Device) -> Result<Tensor> {
    let (rows, columns) = (dims[0], dims[1..].iter().product::<usize>());
    let zeros = (sparsity * rows as f64).ceil() as usize;
    let mut weight = Tensor::randn(0f32, std, rows * columns, &Device::Cpu)?.to_vec1::<f32>()?;
    let keys = Tensor::rand(0f64, 1f64, (columns, rows), &Device::Cpu)?.to_vec2::<f64>()?;
    for (column, keys) in keys.iter().enumerate() {
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
        order.iter().take(zeros).for_each(|row| weight[row * columns + column] = 0.0);
    }
    Tensor::from_vec(weight, dims, device)
}
";

pub const DIRAC: &str = r"
/// Keeps every channel, within each group: 1 at the kernel's centre; the identity for a dense layer.
fn dirac(dims: &[usize], groups: usize, device: &Device) -> Result<Tensor> {
    let (outs, ins) = (dims[0] / groups, dims[1]);
    let area: usize = dims[2..].iter().product();
    let centre = dims[2..].iter().fold(0, |at, side| at * side + side / 2);
    let mut weight = vec![0f32; dims.iter().product()];
    for group in 0..groups {
        for channel in 0..outs.min(ins) {
            weight[((group * outs + channel) * ins + channel) * area + centre] = 1.0;
        }
    }
    Tensor::from_vec(weight, dims, device)
}
";

pub const UNIT_VARIANCE: &str = r#"
/// Divides each weight by the standard deviation of its layer's output on `batch` until that is the target.
///
/// Normalizations use the statistics of the batch, dropout is off, and running statistics start anew.
fn unit_variance(vars: &VarMap, network: &Network, batch: &Tensor, target: f64, tolerance: f64) -> Result<()> {
    let variables = vars.data().lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    network.pass(batch, true, false, &mut |name, output| {
        for _ in 0..10 {
            let y = output()?.detach().flatten_all()?.to_dtype(DType::F64)?;
            let centred = y.broadcast_sub(&y.mean_all()?)?;
            let std = centred.sqr()?.mean_all()?.to_scalar::<f64>()?.sqrt();
            if std == 0.0 || !std.is_finite() || (std - target).abs() < tolerance {
                break;
            }
            let weight = &variables[name];
            weight.set(&(weight.as_detached_tensor() * (target / std))?)?;
        }
        Ok(())
    })?;
    for (name, variable) in &variables {
        if name.ends_with("running_mean") {
            variable.set(&variable.zeros_like()?)?;
        } else if name.ends_with("running_var") {
            variable.set(&variable.ones_like()?)?;
        }
    }
    Ok(())
}
"#;

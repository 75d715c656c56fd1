//! Functions with gradients, written once for slices and made nodes of candle's graph.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Device, Layout, Result, Tensor, WithDType, bail,
};

use crate::activation::Activation;
use crate::kernels::lanes::{self, vectorized};

/// Single or double precision.
pub trait Float: WithDType + faer::traits::RealField {
    /// Replaces every x by f(x).
    fn activate(activation: &Activation, xs: &mut [Self]);

    fn tanh(xs: &mut [Self]);

    fn sigmoid(xs: &mut [Self]);

    /// e^(scale x) over their sum.
    fn softmax(xs: &mut [Self], scale: f64);
}

impl Float for f32 {
    fn activate(activation: &Activation, xs: &mut [Self]) {
        activation.apply(xs);
    }

    fn tanh(xs: &mut [Self]) {
        vectorized(xs, lanes::tanh);
    }

    fn sigmoid(xs: &mut [Self]) {
        vectorized(xs, lanes::sigmoid);
    }

    fn softmax(xs: &mut [Self], scale: f64) {
        vectorized(xs, |xs, fusing| lanes::softmax(xs, scale as f32, fusing));
    }
}

impl Float for f64 {
    fn activate(activation: &Activation, xs: &mut [Self]) {
        xs.iter_mut().for_each(|x| *x = activation.value(*x));
    }

    fn tanh(xs: &mut [Self]) {
        xs.iter_mut().for_each(|x| *x = x.tanh());
    }

    fn sigmoid(xs: &mut [Self]) {
        xs.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp()));
    }

    fn softmax(xs: &mut [Self], scale: f64) {
        let largest = xs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        xs.iter_mut().for_each(|x| *x = ((*x - largest) * scale).exp());
        let sum: f64 = xs.iter().sum();
        xs.iter_mut().for_each(|x| *x /= sum);
    }
}

pub fn real<T: WithDType>(x: f64) -> T {
    T::from_f64(x)
}

/// A differentiable function of N tensors.
pub trait Function<const N: usize>: Send + Sync + 'static {
    const NAME: &'static str;

    /// The dimensions of the result: those of the first argument, unless said otherwise.
    fn dims(&self, first: &[usize]) -> Vec<usize> {
        first.to_vec()
    }

    /// The elements of the result, in row-major order as those of the arguments.
    fn forward<T: Float>(&self, arguments: [&[T]; N]) -> Vec<T>;

    /// The gradients by the arguments that are `wanted`, given that by the result.
    fn backward<T: Float>(
        &self,
        arguments: [&[T]; N],
        result: &[T],
        gradient: &[T],
        wanted: [bool; N],
    ) -> [Option<Vec<T>>; N];
}

/// A function as candle knows it.
struct Differentiable<F>(F);

/// `function` of one tensor.
///
/// # Errors
/// If the tensor is of another precision than [`Float`]s or not on the CPU.
pub fn apply1<F: Function<1>>(function: F, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Differentiable(function))
}

pub fn apply2<F: Function<2>>(function: F, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(&y.contiguous()?, Differentiable(function))
}

pub fn apply3<F: Function<3>>(function: F, x: &Tensor, y: &Tensor, z: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op3(&y.contiguous()?, &z.contiguous()?, Differentiable(function))
}

type Stored<'a> = (&'a CpuStorage, &'a Layout);

fn slice<'a, T: Float>((storage, layout): Stored<'a>) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("an argument is not contiguous") };
    Ok(&T::cpu_storage_as_slice(storage)?[start..end])
}

impl<F> Differentiable<F> {
    fn compute<const N: usize>(&self, stored: [Stored<'_>; N]) -> Result<(CpuStorage, candle_core::Shape)>
    where
        F: Function<N>,
    {
        let dims = self.0.dims(stored[0].1.dims());
        let storage = match stored[0].0 {
            CpuStorage::F32(_) => self.compute_as::<f32, N>(stored)?,
            CpuStorage::F64(_) => self.compute_as::<f64, N>(stored)?,
            _ => bail!("{} is for single and double precision only", F::NAME),
        };
        Ok((storage, dims.into()))
    }

    fn compute_as<T: Float, const N: usize>(&self, stored: [Stored<'_>; N]) -> Result<CpuStorage>
    where
        F: Function<N>,
    {
        let mut arguments: [&[T]; N] = [&[]; N];
        for (argument, stored) in arguments.iter_mut().zip(stored) {
            *argument = slice(stored)?;
        }
        Ok(T::to_cpu_storage_owned(self.0.forward(arguments)))
    }

    fn gradients<const N: usize>(
        &self,
        arguments: [&Tensor; N],
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]>
    where
        F: Function<N>,
    {
        match result.dtype() {
            DType::F32 => self.gradients_as::<f32, N>(arguments, result, gradient),
            DType::F64 => self.gradients_as::<f64, N>(arguments, result, gradient),
            _ => bail!("{} is for single and double precision only", F::NAME),
        }
    }

    fn gradients_as<T: Float, const N: usize>(
        &self,
        arguments: [&Tensor; N],
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]>
    where
        F: Function<N>,
    {
        let guards = arguments.map(Tensor::storage_and_layout);
        let mut slices: [&[T]; N] = [&[]; N];
        for (slice, (storage, layout)) in slices.iter_mut().zip(&guards) {
            *slice = elements(storage, layout)?;
        }
        let gradient = gradient.contiguous()?;
        let (storage, layout) = gradient.storage_and_layout();
        let gradient = elements(&storage, layout)?;
        let (storage, layout) = result.storage_and_layout();
        let wanted = arguments.map(Tensor::track_op);
        let gradients = self.0.backward(slices, elements(&storage, layout)?, gradient, wanted);
        let mut tensors = [const { None }; N];
        for ((tensor, gradient), argument) in tensors.iter_mut().zip(gradients).zip(arguments) {
            *tensor = gradient.map(|g| Tensor::from_vec(g, argument.dims(), &Device::Cpu)).transpose()?;
        }
        Ok(tensors)
    }
}

fn elements<'a, T: Float>(storage: &'a candle_core::Storage, layout: &'a Layout) -> Result<&'a [T]> {
    match storage {
        candle_core::Storage::Cpu(storage) => slice((storage, layout)),
        _ => bail!("a tensor is not on the CPU"),
    }
}

/// Calls `f` with the elements of a tensor in row-major order.
///
/// # Errors
/// If it is of another precision or not on the CPU.
pub fn with_elements<T: Float, R>(tensor: &Tensor, f: impl FnOnce(&[T]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    Ok(f(elements(&storage, layout)?))
}

impl<F: Function<1>> CustomOp1 for Differentiable<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, candle_core::Shape)> {
        self.compute([(storage, layout)])
    }

    fn bwd(&self, x: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [x] = self.gradients([x], result, gradient)?;
        Ok(x)
    }
}

impl<F: Function<2>> CustomOp2 for Differentiable<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        self.compute([(s1, l1), (s2, l2)])
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, result: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [x, y] = self.gradients([x, y], result, g)?;
        Ok((x, y))
    }
}

impl<F: Function<3>> CustomOp3 for Differentiable<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        self.compute([(s1, l1), (s2, l2), (s3, l3)])
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        z: &Tensor,
        result: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [x, y, z] = self.gradients([x, y, z], result, g)?;
        Ok((x, y, z))
    }
}

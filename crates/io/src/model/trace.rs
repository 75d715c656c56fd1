//! From a program to a network: follows its steps once, with what is known before anything is computed.
//!
//! What does not depend on the samples is computed here. The samples are one axis of every other value in the file,
//! wherever they stand there; in the network they come first. So the moves that exporters make with that axis vanish.

mod across;
mod ahead;
mod choice;
mod elementwise;
mod entering;
mod entry;
mod fixed;
mod frozen;
mod layers;
mod limits;
mod norms;
mod places;
mod plain;
mod pooling;
mod products;
mod sequences;
mod shapes;
mod sizes;
mod slices;
mod slots;
mod units;
mod values;

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use neartop_core::arithmetic::Arithmetic;
use neartop_core::layer::Operation;
use neartop_core::layers::{Calculation, Operand as Taken};
use neartop_core::network::{Builder, Form, Network, Origin, Stored, ValueId};
use neartop_core::parameters::Parameters;
use neartop_core::shape::{Layout, Shape};

use super::ModelError;
use super::program::{Op, Operand, Program, Step};
use super::recognize::{self, Links, folded_batch_norms};
pub use ahead::fixed_values;
pub use slots::{Found, Wanted, leaves_first};
use values::{Across, Fixed, Live, Part, Traced};

/// What a program becomes.
#[derive(Debug, Clone)]
pub struct Imported {
    pub network: Network,
    /// The network without slots.
    pub as_given: Network,
    /// Its elementwise activations, in the order of the forward pass.
    pub activations: Vec<Found>,
    /// What was assumed.
    pub remarks: Vec<String>,
}

/// The network of a program, with slots in place of the activations that are `wanted`. `input` gives the sizes of a sample
/// where the program leaves them to the caller.
///
/// # Errors
/// Names the first step that cannot be part of a network.
pub fn trace(program: &Program, input: Option<&Form>, wanted: &Wanted) -> std::result::Result<Imported, ModelError> {
    let sized = recognize::is_open(program).then(|| Tracer::sizes(program, input)).flatten();
    let found = sized.and_then(|sizes| recognize::with_sizes(program, &sizes, &fixed_values));
    let program = found.as_ref().unwrap_or(program);
    let first = Tracer::follow(program, input, &HashMap::new())?;
    let slots = wanted.choose(&first.activations)?;
    if slots.is_empty() {
        return Ok(first);
    }
    let Imported { network, .. } = Tracer::follow(program, input, &slots)?;
    let mut imported = Imported { network, ..first };
    for found in &mut imported.activations {
        found.slot = slots.get(&found.node).cloned();
    }
    Ok(imported)
}

struct Tracer<'p> {
    program: &'p Program,
    /// The number of samples in the file.
    samples: usize,
    builder: Builder,
    values: HashMap<&'p str, Traced>,
    /// The node that has a parameter first.
    owners: HashMap<Stored, ValueId>,
    /// Values that a path starts from, by their names in the file.
    started: HashMap<String, Live>,
    /// Values that are places across all samples, by their names in the file.
    across: HashMap<String, Across>,
    /// Parameters that arithmetic takes.
    kept: HashSet<Stored>,
    /// The names of parameters that are frozen.
    frozen: BTreeSet<String>,
    /// What products take that may be the weights of a layer, with the places of these.
    products: Vec<(String, String)>,
    names: HashMap<String, usize>,
    /// The names of slots by that of the node.
    slots: &'p HashMap<String, String>,
    /// Once they are asked for.
    links: OnceCell<Links>,
    activations: Vec<Found>,
    remarks: Vec<String>,
}

/// What is found, or why there is none.
type Result<T> = std::result::Result<T, String>;

impl<'p> Tracer<'p> {
    fn new(
        program: &'p Program,
        given: Option<&Form>,
        slots: &'p HashMap<String, String>,
    ) -> std::result::Result<Self, ModelError> {
        let (input, live, samples) = entry::entry(program, given)?;
        let mut tracer = Self::of(program, input, samples, slots);
        tracer.values.insert(&program.inputs[0].name, Traced::Live(live));
        Ok(tracer)
    }

    fn of(program: &'p Program, input: Form, samples: usize, slots: &'p HashMap<String, String>) -> Self {
        Self {
            program,
            samples,
            builder: Builder::new(input),
            values: HashMap::new(),
            owners: HashMap::new(),
            started: HashMap::new(),
            across: HashMap::new(),
            kept: HashSet::new(),
            frozen: BTreeSet::new(),
            products: Vec::new(),
            names: HashMap::new(),
            slots,
            links: OnceCell::new(),
            activations: Vec::new(),
            remarks: program.remarks.clone(),
        }
    }

    fn follow(
        program: &'p Program,
        given: Option<&Form>,
        slots: &'p HashMap<String, String>,
    ) -> std::result::Result<Imported, ModelError> {
        let mut tracer = Self::new(program, given, slots)?;
        let output = program.outputs.first().ok_or_else(|| ModelError::Damaged { what: "it gives nothing".into() })?;
        let needed = entry::needed(program, output);
        for step in program.steps.iter().filter(|step| step.outputs.iter().any(|name| needed.contains(name.as_str()))) {
            let fail = |problem| step.error(problem);
            let made = tracer.step(step, &needed).map_err(fail)?;
            tracer.values.extend(step.outputs.iter().map(String::as_str).zip(made));
        }
        if let Some(folded) = folded_batch_norms(program) {
            tracer.remarks.push(format!("{folded}; {}", folded.help()));
        }
        tracer.remarks.extend(recognize::computed_beforehand(program));
        tracer.remarks.extend(recognize::unfound_norms(program));
        tracer.say_products();
        if program.outputs.len() > 1 {
            let count = program.outputs.len() - 1;
            tracer
                .remarks
                .push(format!("of what the model gives, only the first is looked at, not the {count} after it"));
        }
        tracer.finish(output)
    }

    fn finish(mut self, output: &str) -> std::result::Result<Imported, ModelError> {
        let fail = |what: &str| ModelError::Unknown { what: format!("what the model gives {what}"), help: None };
        let Some(Traced::Live(live)) = self.values.get(output).cloned() else {
            return Err(fail("does not depend on what it is given"));
        };
        if !live.dims.iter().flatten().any(|part| *part == Part::Samples) {
            return Err(fail("has no axis of samples"));
        }
        if live.value != self.builder.last() {
            let form = self.builder.form(live.value).clone();
            let copy = Calculation::new(Arithmetic::Identity, vec![Taken::Input], form);
            let added = self.builder.add("output".into(), Arc::new(copy), vec![live.value], None);
            added.map_err(|error| fail(&error.problem))?;
        }
        let summary = self.builder.form(0).shape.0.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        let network = self.builder.finish(String::new());
        let layers = network.counted().len();
        let outputs = network.output().0.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        let network = network.with_summary(format!("{summary} > {layers} layers > {outputs}"));
        let mut activations = self.activations;
        slots::look_around(&network, &mut activations);
        let no_parameters =
            "it has no parameters: were its weights exported as constants? Then nothing is drawn, and no layer counts";
        match Self::of_frozen(&self.frozen, &network, &activations) {
            Some(remark) => self.remarks.push(remark),
            None if network.parameters(None) == 0 => self.remarks.push(no_parameters.to_owned()),
            None => {}
        }
        Ok(Imported { as_given: network.clone(), network, activations, remarks: self.remarks })
    }

    fn step(&mut self, step: &'p Step, needed: &HashSet<&str>) -> Result<Vec<Traced>> {
        let one = |live: Result<Live>| live.map(|live| vec![Traced::Live(live)]);
        match &step.op {
            Op::Linear { transposed } => self.linear(step, *transposed),
            Op::Convolution(convolution) => one(self.convolution(step, convolution)),
            Op::BatchNorm { .. }
            | Op::LayerNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::RmsNorm { .. } => one(self.norm(step)),
            Op::Embedding { padding } => one(self.embedding(step, *padding)),
            Op::Recurrent(recurrent) => self.recurrent(step, *recurrent, needed),
            Op::Activation(activation) => self.activation(step, activation),
            Op::Prelu => one(self.prelu(step)),
            Op::Softmax { axis, is_log } => self.softmax(step, *axis, *is_log),
            Op::Pool(pool) => one(self.pool(step, pool)),
            Op::AdaptiveAveragePool { to } => one(self.adaptive_pool(step, to)),
            Op::Upsample { mode } => one(self.upsample(step, *mode)),
            Op::Dropout => Ok(vec![self.need(step, 0)?]),
            Op::Attention { is_causal, scale } => one(self.attention(step, *is_causal, *scale)),
            Op::Plain(plain) => self.plain(step, plain),
        }
    }

    /// An operand; none where it is absent.
    fn take(&self, operand: Option<&Operand>) -> Result<Option<Traced>> {
        match operand {
            None | Some(Operand::Absent) => Ok(None),
            Some(Operand::Number(x)) => Fixed::number(*x).map(|x| Some(Traced::Fixed(x))).map_err(text),
            Some(Operand::Value(name)) => self.value(name).map(Some),
            Some(list @ Operand::List(_)) => {
                let numbers = self.numbers(list)?;
                let tensor = candle_core::Tensor::new(numbers, &candle_core::Device::Cpu).map_err(text)?;
                Ok(Some(Traced::Fixed(Fixed::constant(tensor))))
            }
        }
    }

    fn value(&self, name: &str) -> Result<Traced> {
        match self.started.get(name) {
            Some(live) => Ok(Traced::Live(live.clone())),
            None => self.own_value(name),
        }
    }

    /// A value as the file has it, though a path may have started from it.
    fn own_value(&self, name: &str) -> Result<Traced> {
        if let Some(known) = self.values.get(name) {
            return Ok(known.clone());
        }
        if self.across.contains_key(name) {
            return Err("its places are counted across all samples, and rows alone are taken by such".into());
        }
        let Some(stored) = self.program.stored.get(name) else {
            return Err(format!("it takes `{name}`, which nothing gives"));
        };
        let source = Stored { name: stored.name.clone(), is_transposed: false, rows: None };
        let tensor = stored.tensor.clone();
        let is_truth = tensor.dtype() == candle_core::DType::U8;
        let (is_trained, is_frozen) = (stored.is_trained, self.program.frozen.contains(&stored.name));
        Ok(Traced::Fixed(Fixed { tensor, is_trained, is_frozen, is_truth, source: Some(source) }))
    }

    /// An operand that must be there.
    fn need(&self, step: &Step, at: usize) -> Result<Traced> {
        self.take(step.operands.get(at))?.ok_or_else(|| format!("its operand {at} is missing"))
    }

    /// An operand that depends on the samples.
    fn live(&self, step: &Step, at: usize) -> Result<Live> {
        match self.need(step, at)? {
            Traced::Live(live) => Ok(live),
            Traced::Fixed(_) => Err("it works on what does not depend on the input, which is not known here".into()),
        }
    }

    /// An operand that does not.
    fn fixed(&self, step: &Step, at: usize) -> Result<Option<Fixed>> {
        let taken = match step.operands.get(at) {
            Some(Operand::Value(name)) => Some(self.own_value(name)?),
            operand => self.take(operand)?,
        };
        match taken {
            None => Ok(None),
            Some(Traced::Fixed(fixed)) => Ok(Some(fixed)),
            Some(Traced::Live(_)) => Err(format!("its operand {at} depends on the input, and must not")),
        }
    }

    /// Numbers that are known before anything comes in.
    fn numbers(&self, operand: &Operand) -> Result<Vec<f64>> {
        match operand {
            Operand::Number(x) => Ok(vec![*x]),
            Operand::Absent => Ok(Vec::new()),
            Operand::List(list) => Ok(list
                .iter()
                .map(|one| self.numbers(one))
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect()),
            Operand::Value(name) => match self.value(name)? {
                Traced::Fixed(fixed) => fixed.numbers().map_err(text),
                Traced::Live(_) => Err(format!("its sizes or places (`{name}`) depend on the samples")),
            },
        }
    }

    fn numbers_at(&self, step: &Step, at: usize) -> Result<Vec<f64>> {
        step.operands.get(at).map_or(Ok(Vec::new()), |operand| self.numbers(operand))
    }

    fn number_at(&self, step: &Step, at: usize) -> Result<Option<f64>> {
        self.numbers_at(step, at).map(|numbers| numbers.first().copied())
    }

    /// A name that no node has.
    fn unique(&mut self, name: &str) -> String {
        let name = if name.is_empty() { "layer" } else { name };
        let calls = self.names.entry(name.to_owned()).or_default();
        *calls += 1;
        if *calls == 1 { name.to_owned() } else { format!("{name}@{}", *calls - 1) }
    }

    /// Says once what is assumed.
    fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Adds a node without weights.
    fn emit(
        &mut self,
        step: &Step,
        arithmetic: Arithmetic,
        operands: Vec<Taken>,
        inputs: Vec<ValueId>,
        form: Form,
    ) -> Result<ValueId> {
        self.operation(step, Arc::new(Calculation::new(arithmetic, operands, form)), inputs)
    }

    /// Adds a node without weights and without a name of its own.
    fn operation(&mut self, step: &Step, operation: Arc<dyn Operation>, inputs: Vec<ValueId>) -> Result<ValueId> {
        let name = self.unique(step.outputs.first().map_or("step", String::as_str));
        let value = self.builder.add(name.clone(), operation, inputs, None).map_err(|error| error.problem)?;
        let (within, source) = (step.module.clone(), step.place.clone());
        self.builder.describe(value, Origin { module: name, within, source, parameters: Vec::new() }, None);
        Ok(value)
    }

    /// Adds a layer with weights, the first of which names it.
    fn layer(
        &mut self,
        step: &Step,
        operation: Arc<dyn Operation>,
        input: ValueId,
        weights: &[(&'static str, Fixed)],
    ) -> Result<ValueId> {
        let sources = weights.iter().find_map(|(_, fixed)| fixed.source.clone());
        let path = sources.as_ref().map_or_else(String::new, |source| self.module_with(step, source));
        let path = if path.is_empty() { step.module.clone() } else { path };
        self.layer_named(step, &path, operation, input, weights)
    }

    /// The path of the module that has a weight; of a weight that several modules share, the one that the step belongs to.
    fn module_with(&self, step: &Step, source: &Stored) -> String {
        let own = module_of(&source.name);
        if step.module.is_empty() || own == step.module || own.starts_with(&format!("{}.", step.module)) {
            return own;
        }
        let is_it = |operand: &Operand| match operand {
            Operand::Value(name) => self.program.stored.get(name).is_some_and(|stored| stored.name == source.name),
            _ => false,
        };
        let takers = self.program.steps.iter().filter(|other| other.operands.iter().any(is_it));
        let modules: HashSet<_> = takers.map(|taker| &taker.module).collect();
        if modules.len() > 1 && modules.contains(&step.module) { step.module.clone() } else { own }
    }

    /// What is the parameter that it comes from only if it has all of its numbers, and each once.
    fn as_stored(&self, fixed: &Fixed) -> Fixed {
        let is_whole = |source: &Stored| self.elements(source) == Some(fixed.tensor.elem_count());
        let source = fixed.source.clone().filter(is_whole);
        fixed.seen(fixed.tensor.clone(), source)
    }

    fn layer_named(
        &mut self,
        step: &Step,
        path: &str,
        operation: Arc<dyn Operation>,
        input: ValueId,
        weights: &[(&'static str, Fixed)],
    ) -> Result<ValueId> {
        let weights: Vec<_> = weights.iter().map(|(name, fixed)| (*name, self.as_stored(fixed))).collect();
        let first = weights.first().and_then(|(_, fixed)| fixed.source.clone());
        let owner = first.as_ref().and_then(|source| self.owners.get(source)).copied();
        let name = self.unique(path);
        let module = if path.is_empty() { name.clone() } else { path.to_owned() };
        let is_computed = |fixed: &Fixed| fixed.is_trained && !fixed.is_frozen && fixed.source.is_none();
        for (weight, _) in weights.iter().filter(|(_, fixed)| is_computed(fixed)) {
            self.remark(format!(
                "the {weight} of {module} is computed from other parameters, as by weight norm: a candidate draws what comes out, \
                 and --export cannot set it"
            ));
        }
        let value = self.builder.add(name, operation, vec![input], owner).map_err(|error| error.problem)?;
        if let (Some(source), None) = (first, owner) {
            self.owners.insert(source, value);
        }
        let parameters = weights.iter().filter_map(|(name, fixed)| Some((*name, fixed.source.clone()?))).collect();
        let frozen: Vec<_> = weights.iter().filter(|(_, fixed)| fixed.is_frozen).map(|(name, _)| *name).collect();
        self.note_frozen(weights.iter().map(|(_, fixed)| fixed));
        let mut given = Parameters::default();
        for (name, fixed) in weights {
            let tensor = fixed.tensor.to_dtype(candle_core::DType::F32).and_then(|tensor| tensor.contiguous());
            given = given.with(name, tensor.map_err(text)?);
        }
        self.builder.describe(
            value,
            Origin { module, within: String::new(), source: step.place.clone(), parameters },
            Some(given),
        );
        self.builder.freeze(value, &frozen);
        Ok(value)
    }

    /// The form of a value of this shape whose units are along an axis of it.
    fn form_of(&self, like: ValueId, shape: Vec<usize>, units: Option<usize>) -> Form {
        let layout = match self.builder.form(like).layout {
            Layout::Ids { vocab } => Layout::Ids { vocab },
            _ if shape.len() > 1 && units == Some(0) => Layout::Channels,
            _ => Layout::Features,
        };
        Form { shape: Shape(shape), layout }
    }

    /// The axis of a sample that holds the units.
    fn units(&self, value: ValueId) -> usize {
        self.builder.form(value).axis()
    }

    /// The same value, read with its units along the last or the first axis.
    fn read_as(&mut self, step: &Step, value: ValueId, layout: Layout) -> Result<ValueId> {
        let form = self.builder.form(value).clone();
        match form.layout == layout || form.shape.0.len() < 2 && layout == Layout::Features {
            true => Ok(value),
            false => self.emit(step, Arithmetic::Identity, vec![Taken::Input], vec![value], Form { layout, ..form }),
        }
    }
}

impl Step {
    /// Where it stands, for people: in the user's source, or else in which module.
    fn somewhere(&self) -> &str {
        if self.place.is_empty() { &self.module } else { &self.place }
    }

    /// That it cannot be part of a network.
    fn error(&self, problem: String) -> ModelError {
        ModelError::Step { place: self.somewhere().to_owned(), original: self.original.clone(), problem }
    }
}

/// The message of an error.
fn text(error: impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// What the weights and moments of a module are called that has one layer.
const LEAVES: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

/// The path of the module that has this weight.
fn module_of(weight: &str) -> String {
    let (path, leaf) = weight.rsplit_once('.').unwrap_or(("", weight));
    let own = match leaf.strip_suffix("_weight") {
        Some(own) => own,
        None if LEAVES.contains(&leaf) && !path.is_empty() || leaf == "weight" => return path.to_owned(),
        None => leaf,
    };
    if path.is_empty() { own.to_owned() } else { format!("{path}.{own}") }
}

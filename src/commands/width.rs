//! `neartop width`: how many units a layer needs.

mod answer;
mod recording;
mod report;

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::rank::progress_bar;
use answer::Answer;
use recording::Recording;

use crate::chart::Look;
use crate::cli::{WidthArgs, WidthFormat};
use crate::run::files::{write_file, write_new_file};
use crate::run::streams::tell;
use crate::run::target::{Inputs, Target as Output};
use crate::run::{Failure, Interrupts, cores, data_failure, loaded, tell_assumptions};
use neartop_core::network::{Choices, Fill, Init};
use neartop_io::data::Samples;
use neartop_io::preset::{Listed, Preset, parse_choice};
use neartop_study::space::bytes;
use neartop_study::width::{self, Curve, Measurement, Sizes, Target, WidthError};

/// Measures, fits and writes the result, also of a run that was broken off.
///
/// # Errors
/// What is wrong with the preset or the options, or that the run failed or was interrupted.
pub async fn run(args: &WidthArgs, look: Look) -> Result<(), Failure> {
    let mut preset = loaded(&args.preset, args.data.as_deref(), None)?;
    preset.seed = args.seed.unwrap_or(preset.seed);
    preset.repetitions = args.repetitions.map_or(preset.repetitions, |r| r as usize);
    let targets = chosen_targets(args, &preset)?;
    width::check_sizes(&args.sizes).map_err(|e| usage(&e, Some("write for example `--sizes 10,20,40,80`")))?;
    let target = Output::new(args.output.as_deref(), args.force)?.spares(&Inputs::new(&preset, &args.study))?;
    Output::new(args.export.as_deref(), args.force)?.spares(&Inputs::new(&preset, &args.study))?;
    preset.remarks.iter().for_each(tell);
    let mut notes = Vec::new();
    let (fill, init) = choices(args, &preset, &mut notes)?;
    let layers = sizes_of(args, &preset, targets, &mut notes)?;
    let mut answers = Vec::new();
    let mut interrupted = false;
    for (target, sizes) in &layers {
        let measured = if args.sizes == width::SIZES { sizes.usual() } else { args.sizes.clone() };
        let measurement = Measurement::new(&preset, target, &measured, fill.clone(), init.clone());
        let measurement = measurement.map_err(|e| usage(&e, None))?;
        let (mut answer, stopped) = size(args, &preset, measurement, *sizes).await?;
        answer.notes.splice(0..0, notes.iter().cloned());
        interrupted = stopped;
        // Those after it go on with the answer; of a model there are none.
        if let Some(units) = answer.units().filter(|_| preset.model.is_none()) {
            preset = width::resized(&preset, target, units).map_err(|e| Failure::Run(e.to_string()))?;
        }
        answers.push(answer);
        if interrupted {
            break;
        }
    }
    write(args, &preset, &answers, look, target)?;
    if interrupted {
        return Err(Failure::Interrupted);
    }
    export(args, &preset, &answers)
}

fn usage(message: &dyn Display, help: Option<&str>) -> Failure {
    Failure::Usage { message: message.to_string(), help: help.map(str::to_owned) }
}

/// The layers to size: one, or all but the last.
fn chosen_targets(args: &WidthArgs, preset: &Preset) -> Result<Vec<Target>, Failure> {
    let mut targets = width::targets_of(preset);
    if let Some(refused) = refused_of_model(args, preset, &targets) {
        return Err(refused);
    }
    if targets.is_empty() {
        let message = "the network has no linear layer and no convolution outside residuals, so none to size";
        return Err(preset.error_at(&["network", "layers"], message, None).into());
    }
    if args.all {
        targets.pop();
        if targets.is_empty() {
            let message = "the network has no hidden layer to size: its only layer with a size gives the output";
            return Err(preset.error_at(&["network", "layers"], message, None).into());
        }
        return Ok(targets);
    }
    let place = args.layer.parse().ok().and_then(|place: usize| targets.get(place));
    match place.or_else(|| targets.iter().find(|target| target.module == args.layer)) {
        Some(target) => Ok(vec![target.clone()]),
        None => Err(unknown_layer(args, preset, &targets)),
    }
}

/// The sizes that each of the layers can have. With `--all`, those that no other can replace stay as they are.
fn sizes_of(
    args: &WidthArgs,
    preset: &Preset,
    targets: Vec<Target>,
    notes: &mut Vec<String>,
) -> Result<Vec<(Target, Sizes)>, Failure> {
    let (mut layers, mut fixed) = (Vec::new(), None);
    for target in targets {
        match Sizes::of(preset, &target) {
            Ok(sizes) => layers.push((target, sizes)),
            Err(error) if args.all => {
                notes.push(format!("layer {} keeps its size: {error}", target.index));
                fixed = Some(error);
            }
            Err(error) => return Err(usage(&error, Some(&listed(preset, &width::targets_of(preset))))),
        }
    }
    for (target, sizes) in &layers {
        if args.sizes == width::SIZES {
            let note = || format!("layer {} takes sizes in multiples of {}", target.index, sizes.step);
            notes.extend((sizes.step > 1).then(note));
            continue;
        }
        let help = || format!("write for example `--sizes {}`", texts(&sizes.usual()).join(","));
        sizes.check(&args.sizes).map_err(|error| usage(&error, Some(&help())))?;
    }
    match fixed.filter(|_| layers.is_empty()) {
        Some(error) => Err(usage(&error, None)),
        None => Ok(layers),
    }
}

fn texts(sizes: &[usize]) -> Vec<String> {
    sizes.iter().map(usize::to_string).collect()
}

/// Why a model's layers cannot be sized as asked.
fn refused_of_model(args: &WidthArgs, preset: &Preset, targets: &[Target]) -> Option<Failure> {
    preset.model.as_ref()?;
    if targets.is_empty() {
        let message = "the model has no layer whose size can be chosen by itself: what each makes is added to, or multiplied with, \
                       something that must be as wide";
        return Some(preset.error_at(&["network", "model"], message, None).into());
    }
    let help = "size one layer of the model by --layer, and write its size where the model is built";
    if args.all {
        let message = "--all sizes each layer with the answers for those before it, and the sizes of a model are those of its file";
        return Some(usage(&message, Some(help)));
    }
    args.export.as_ref().map(|_| usage(&"--export writes a preset's layers, and a model has none", Some(help)))
}

/// That no layer is the one asked for, and which there are.
fn unknown_layer(args: &WidthArgs, preset: &Preset, targets: &[Target]) -> Failure {
    let help = listed(preset, targets);
    let network = &preset.network;
    let named = network.nodes.iter().position(|node| preset.model.is_some() && node.module() == args.layer);
    let message = match named.and_then(|at| network.meets(at)) {
        Some(other) => format!(
            "the size of {} cannot be chosen by itself: what it makes meets other values in {} ({}), which must be as wide",
            args.layer,
            other.path(),
            other.kind()
        ),
        None => format!("the network has no layer {} whose size can be chosen", args.layer),
    };
    usage(&message, Some(&help))
}

/// The layers whose size can be chosen.
fn listed(preset: &Preset, targets: &[Target]) -> String {
    const MOST: usize = 12;
    let offer = |target: &Target| match Sizes::of(preset, target).ok()?.step {
        1 => Some(target.describe(preset)),
        step => Some(format!("{}, in multiples of {step}", target.describe(preset))),
    };
    let known: Vec<_> = targets.iter().filter_map(offer).collect();
    let more = known.len().checked_sub(MOST).filter(|more| *more > 0);
    let more = more.map(|more| format!("; and {more} more")).unwrap_or_default();
    match known.is_empty() {
        true => "no layer of this network has a size that can be chosen by itself".to_owned(),
        false => format!("there are {}{more}", known[..known.len().min(MOST)].join("; ")),
    }
}

/// What fills the slots, and the initialization: those asked for, or the preset's first.
fn choices(args: &WidthArgs, preset: &Preset, notes: &mut Vec<String>) -> Result<(Option<Fill>, Init), Failure> {
    if args.activation.is_some() && !preset.network.has_slot() {
        let help = "put `activation` among network.layers in place of the fixed ones";
        return Err(usage(&"the network has no slot that --activation could fill", Some(help)));
    }
    let fill = choice(args.activation.as_deref(), "--activation", &preset.search.activations, notes)?;
    let fill = fill.map(|fill| for_each_slot(&fill, preset)).transpose()?;
    let init = choice(args.init.as_deref(), "--init", &preset.search.inits, notes)?;
    let init = init.ok_or_else(|| Failure::usage("the preset names no initialization: choose one by --init"))?;
    Ok((fill, init))
}

pub(super) fn choice<C: Listed>(
    asked: Option<&str>,
    option: &str,
    listed: &[C],
    notes: &mut Vec<String>,
) -> Result<Option<C>, Failure> {
    if let Some(text) = asked {
        return match listed.iter().find(|c| c.to_string() == text.trim()) {
            Some(listed) => Ok(Some(listed.clone())),
            None => Ok(Some(parse_choice(text, option)?)),
        };
    }
    if let [first, _, ..] = listed {
        let (count, what) = (listed.len(), C::WHAT);
        notes.push(format!("with {first}, the first of the preset's {count} {what}s; {option} chooses another"));
    }
    Ok(listed.first().cloned())
}

/// The same by the names of the network's slots, where they have some.
pub(super) fn for_each_slot(fill: &Fill, preset: &Preset) -> Result<Fill, Failure> {
    let slots = preset.network.slots();
    let is_unknown = |slot: &String| !slots.contains(&slot.as_str());
    let choices: Option<Choices> = match fill {
        Fill::BySlot(activations) if activations.keys().any(is_unknown) => None,
        fill => slots.iter().map(|slot| Some(((*slot).to_owned(), vec![fill.of(slot)?.clone()]))).collect(),
    };
    choices.and_then(|choices| Fill::product(&choices).pop()).ok_or_else(|| {
        let example: Vec<_> = slots.iter().map(|slot| format!("{slot}: relu")).collect();
        let help = format!("write for example `--activation '{{{}}}'`", example.join(", "));
        usage(&format!("--activation must fill the slots {}", slots.join(", ")), Some(&help))
    })
}

/// Sizes one layer, and says whether the user broke off.
async fn size(
    args: &WidthArgs,
    preset: &Preset,
    measurement: Measurement,
    sizes: Sizes,
) -> Result<(Answer, bool), Failure> {
    let measured: Vec<_> = measurement.stages().iter().map(|stage| stage.size).collect();
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let limit = (args.max_memory * 1024f64.powi(3)) as u64;
    let need = measurement.memory().saturating_mul(jobs as u64);
    if need > limit {
        let message = format!(
            "size {} would take about {} for {jobs} at a time, and the limit is {}",
            measured.last().copied().unwrap_or_default(),
            bytes(need),
            bytes(limit)
        );
        return Err(usage(&message, Some("measure smaller sizes, lower --jobs, or raise --max-memory")));
    }
    let (input, needed) = (&preset.network.input, measurement.samples_needed());
    let samples = Samples::load(&preset.data, input, preset.seed, needed, preset.repetitions)
        .map_err(|error| data_failure(preset, &error))?;
    tell_assumptions(&samples);
    let available = samples.batch(0).and_then(|batch| Ok(batch.dim(0)?)).map_err(|e| data_failure(preset, &e))?;
    let mut notes = Vec::new();
    if let [first, ..] = measurement.short_of_samples(available)[..] {
        notes.push(format!(
            "the data have {available} samples: sizes from {first} on use all of them, and their effective ranks stay low \
             for want of more"
        ));
    }
    let target = measurement.target.clone();
    if target.is_output {
        notes.push(format!("layer {} gives the network's output, whose size the problem sets", target.index));
    }
    let total = measurement.total();
    let samples = Arc::new(samples);
    let recording = Recording::open(&measurement, preset, &samples, &args.study)?;
    let (curve, stopped) = measure(measurement, samples, recording, jobs).await?;
    let complete = curve.points.len() * preset.repetitions == total;
    let estimate = complete.then(|| width::estimate(&curve, args.slope_threshold, preset.seed, target.index));
    if let Some(Ok(size)) = estimate.as_ref().map(|e| e.size) {
        notes.extend(extrapolated(&measured, size));
    }
    Ok((Answer { target, sizes, curve, estimate, notes }, stopped))
}

fn extrapolated(sizes: &[usize], size: f64) -> Option<String> {
    let (first, last) = (*sizes.first()?, *sizes.last()?);
    let outside = size < first as f64 || size > last as f64;
    outside.then(|| format!("the size lies outside those measured ({first} to {last}), so it is extrapolated"))
}

/// Runs the measurement beside the signals, and says whether one came.
async fn measure(
    measurement: Measurement,
    samples: Arc<Samples>,
    mut recording: Recording,
    jobs: usize,
) -> Result<(Curve, bool), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut interrupts = Interrupts::watch()?;
    let bar = progress_bar(measurement.total() as u64);
    if let Some(found) = recording.found() {
        tell(found);
    }
    bar.set_position(recording.known().iter().flatten().flatten().count() as u64);
    bar.reset_eta();
    let layer = measurement.target.index;
    let (shown, asked) = (bar.clone(), Arc::clone(&stop));
    let mut work = tokio::task::spawn_blocking(move || {
        let cancelled = || asked.load(Ordering::Relaxed);
        let tell = |trouble: String| shown.suspend(|| tell(trouble));
        let known = recording.known().clone();
        let curve = width::measure(&measurement, &samples, &known, jobs, &cancelled, &mut |progress| {
            recording.record(progress.latest);
            recording.trouble().into_iter().for_each(tell);
            shown.inc(1);
            if let Some(point) = progress.point {
                tracing::info!(layer, size = point.size, relative = point.relative(), "measured");
            }
        });
        recording.finish().into_iter().for_each(tell);
        curve
    });
    let curve = tokio::select! {
        curve = &mut work => curve,
        () = interrupts.next() => {
            stop.store(true, Ordering::Relaxed);
            work.await
        }
    };
    bar.finish_and_clear();
    let curve = curve.map_err(|e| Failure::Run(e.to_string()))?;
    let curve = curve.map_err(|error: WidthError| Failure::Run(error.to_string()))?;
    Ok((curve, stop.load(Ordering::Relaxed)))
}

fn write(args: &WidthArgs, preset: &Preset, answers: &[Answer], look: Look, target: Output) -> Result<(), Failure> {
    let threshold = args.slope_threshold;
    let text = match args.format {
        WidthFormat::Json => report::json(preset, answers, threshold, args.all)?,
        WidthFormat::Csv => report::csv(answers)?,
        WidthFormat::Table => {
            let look = Look { color: look.color && args.output.is_none(), ..look };
            report::table(preset, answers, threshold, look)
        }
    };
    if args.format != WidthFormat::Json {
        let mut told: Vec<&String> = Vec::new();
        for note in answers.iter().flat_map(|a| &a.notes) {
            if !told.contains(&note) {
                tell(note);
                told.push(note);
            }
        }
    }
    target.write(&text)
}

/// Writes the preset with the sizes found. Paths in it are absolute, since it can be written anywhere.
fn export(args: &WidthArgs, preset: &Preset, answers: &[Answer]) -> Result<(), Failure> {
    let Some(path) = &args.export else { return Ok(()) };
    let found = |a: &Answer| Some((a.target.clone(), a.units()?));
    let found: Vec<_> = answers.iter().filter_map(found).collect();
    if found.is_empty() {
        return Err(Failure::Run("no layer has a size, so there is no preset to export".to_owned()));
    }
    let mut preset = preset.clone();
    preset.data.from.make_absolute();
    let sizes: Vec<_> = found.iter().map(|(t, units)| format!("layer {}: {} -> {units}", t.index, t.width)).collect();
    let (seed, version) = (preset.seed, env!("CARGO_PKG_VERSION"));
    let threshold = args.slope_threshold;
    let note = format!("# {}; slope threshold {threshold}, seed {seed}, neartop {version}", sizes.join(", "));
    write_export(path, &format!("{note}\n{}", preset.to_yaml()), args.force)
}

fn write_export(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    // The file may have come into being since the run began.
    if force { write_file(path, text) } else { write_new_file(path, text) }
}

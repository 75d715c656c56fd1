//! The answer as JSON, CSV or a table.

use serde::Serialize;

use super::answer::Answer;
use crate::chart::{self, Look};
use crate::run::Failure;
use neartop_io::preset::Preset;
use neartop_study::width::{Fit, Interval, Point};

#[derive(Serialize)]
struct Layer<'a> {
    layer: usize,
    module: String,
    kind: &'static str,
    sizes: Vec<Size>,
    fit: Option<Fit>,
    slope_threshold: f64,
    size: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The size in whole units.
    units: Option<usize>,
    interval: Option<Interval>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Size {
    size: usize,
    near: f64,
    relative: f64,
    standard_error: Option<f64>,
}

#[derive(Serialize)]
struct All<'a> {
    layers: Vec<Layer<'a>>,
    network: String,
}

const INTERRUPTED: &str = "interrupted before all sizes were measured";

fn layer(answer: &Answer, slope_threshold: f64) -> Layer<'_> {
    let Answer { target, curve, estimate, notes, .. } = answer;
    let size =
        |p: &Point| Size { size: p.size, near: p.near(), relative: p.relative(), standard_error: p.standard_error() };
    Layer {
        layer: target.index,
        module: target.module.clone(),
        kind: target.kind,
        sizes: curve.points.iter().map(size).collect(),
        fit: estimate.as_ref().and_then(|e| e.fit),
        slope_threshold,
        size: estimate.as_ref().and_then(|e| e.size.ok()),
        reason: match estimate {
            Some(estimate) => estimate.size.err().map(|reason| reason.to_string()),
            None => Some(INTERRUPTED.to_owned()),
        },
        units: answer.units(),
        interval: estimate.as_ref().and_then(|e| e.interval),
        notes,
    }
}

pub fn json(preset: &Preset, answers: &[Answer], threshold: f64, all: bool) -> Result<String, Failure> {
    let mut layers: Vec<_> = answers.iter().map(|answer| layer(answer, threshold)).collect();
    let text = match layers.pop() {
        Some(one) if !all => serde_json::to_string_pretty(&one),
        last => {
            layers.extend(last);
            serde_json::to_string_pretty(&All { layers, network: preset.network.summary().to_owned() })
        }
    };
    Ok(text.map_err(|e| Failure::Run(e.to_string()))? + "\n")
}

/// A line for every size; the estimate stands in each of its layer's.
pub fn csv(answers: &[Answer]) -> Result<String, Failure> {
    let fail = |e: &dyn std::fmt::Display| Failure::Run(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["layer", "size", "near", "relative", "standard_error", "fitted", "estimate", "low", "high", "reason"];
    writer.write_record(header).map_err(|e| fail(&e))?;
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    for answer in answers {
        let layer = layer(answer, 0.0);
        for size in &layer.sizes {
            let record = [
                layer.layer.to_string(),
                size.size.to_string(),
                size.near.to_string(),
                size.relative.to_string(),
                number(size.standard_error),
                number(layer.fit.map(|f| f.at(size.size as f64))),
                number(layer.size),
                number(layer.interval.map(|i| i.low)),
                number(layer.interval.map(|i| i.high)),
                layer.reason.clone().unwrap_or_default(),
            ];
            writer.write_record(record).map_err(|e| fail(&e))?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| fail(&e))?;
    String::from_utf8(bytes).map_err(|e| fail(&e))
}

/// Table, chart and answer of every layer.
pub fn table(preset: &Preset, answers: &[Answer], threshold: f64, look: Look) -> String {
    let layers: Vec<_> = answers.iter().map(|answer| table_of(preset, answer, threshold, look)).collect();
    let mut text = layers.join("\n");
    if answers.len() > 1 {
        text += &format!("\nnetwork  {}\n", preset.network.summary());
    }
    text
}

fn table_of(preset: &Preset, answer: &Answer, threshold: f64, look: Look) -> String {
    let layer = layer(answer, threshold);
    let mut text = format!("{}\n\n", answer.target.describe(preset));
    text += &format!("{:>8} {:>10} {:>10} {:>10} {:>10}\n", "size", "NEAR", "relative", "+-", "fit");
    for size in &layer.sizes {
        let error = size.standard_error.map(|e| format!("{e:.4}")).unwrap_or_default();
        let fitted = layer.fit.map(|f| format!("{:.4}", f.at(size.size as f64))).unwrap_or_default();
        let line = format!("{:>8} {:>10.2} {:>10.4} {error:>10} {fitted:>10}", size.size, size.near, size.relative);
        text += &format!("{}\n", line.trim_end());
    }
    if !layer.sizes.is_empty() {
        text += &format!("\n{}", chart::render(&answer.curve, layer.fit, layer.size, look));
    }
    text.push('\n');
    if let Some(Fit { a, b, c }) = layer.fit {
        text += &format!("fit   r(x) = {a:.4} + {b:.4} x^{c:.4}\n");
    }
    match (layer.size, &layer.reason) {
        (Some(size), _) => {
            let interval = layer
                .interval
                .map(|i| format!(", {:.0} % interval {:.1} to {:.1}", 100.0 * i.confidence, i.low, i.high))
                .unwrap_or_default();
            text += &format!("size  {size:.1}{interval} (slope threshold {threshold})\n");
        }
        (None, reason) => text += &format!("size  none: {}\n", reason.as_deref().unwrap_or_default()),
    }
    text
}

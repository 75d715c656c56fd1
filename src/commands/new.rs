//! `neartop new`: a preset for some data, with the choices as comments.

mod data;
mod lines;
pub mod model;
mod network;

use std::path::Path;

use crate::cli::NewArgs;
use crate::run::Failure;
use crate::run::streams::{print, tell};
use data::Found;
use lines::{Line, comment, key, section};
use model::Model;
use neartop_io::data::{DataFrom, is_data_file};
use neartop_io::preset::{Preset, USUAL_ACTIVATIONS, USUAL_INITS, printable};

/// Looks at the data and prints a preset that runs.
///
/// # Errors
/// If the data cannot be read.
pub fn run(args: &NewArgs) -> Result<(), Failure> {
    let found =
        args.data.as_deref().map(|path| Ok::<_, Failure>((path, data::look(path, &args.labels)?))).transpose()?;
    let model = args.model.as_deref().map(|path| Ok::<_, Failure>((path, model::look(path)?))).transpose()?;
    let text = preset(found.as_ref(), model.as_ref());
    check(&text)?;
    if let Some((_, found)) = &found {
        data::remarks(found).iter().for_each(tell);
    }
    print(&text)
}

/// The preset of a file: of data the one that is written for them, and else what it is on a command line.
///
/// # Errors
/// If it cannot be read.
pub fn of_file(path: &Path) -> Result<Preset, Failure> {
    let is_data = path.is_dir() || is_data_file(path);
    if !is_data {
        return Ok(Preset::load(&path.to_string_lossy())?);
    }
    let found = data::look(path, &[])?;
    let remarks = data::remarks(&found);
    let mut new = Preset::parse(&preset(Some(&(path, found)), None), "the new preset", Path::new(""))?;
    new.remarks.extend(remarks);
    Ok(new)
}

/// The preset: what it is, data, network, search and score, one after the other.
fn preset(found: Option<&(&Path, Found)>, model: Option<&(&Path, Model)>) -> String {
    let path = model.map(|(path, _)| *path).or(found.map(|(path, _)| *path)).unwrap_or(Path::new(""));
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut lines = vec![
        comment(
            "A preset for `neartop`, with its choices as comments. `neartop presets check FILE` says what it runs.",
        ),
        key(0, "name", &lines::quoted(&printable(&name)), ""),
    ];
    let data = match (found, model) {
        (Some((path, found)), _) => data::write(path, found),
        (None, Some((_, model))) => model::data(model),
        (None, None) => Vec::new(),
    };
    lines.extend(section("data", data));
    let network = match (model, found) {
        (Some((_, model)), _) => model::network(model),
        (None, Some((_, found))) => network::write(found),
        (None, None) => Vec::new(),
    };
    lines.extend(section("network", network));
    let slots = model.map(|(_, model)| model::slots(model)).unwrap_or_default();
    let has_slots = model.is_none_or(|(_, model)| model::has_slots(model));
    lines.extend(section("search", slots.into_iter().chain(search(has_slots)).collect()));
    lines.extend(section("score", score()));
    lines::text(&lines)
}

/// Which activations and initializations are tried; activations only where there is a slot for them.
fn search(has_slots: bool) -> Vec<Line> {
    let activations = key(1, "activations", &format!("[{}]", USUAL_ACTIVATIONS.join(", ")), "or: all");
    let rest = [
        key(1, "inits", &format!("[{}]", USUAL_INITS.join(", ")), "or: all"),
        key(1, "bias", "zeros", "zeros | fan_in_uniform | {constant: 0.01}"),
    ];
    has_slots.then_some(activations).into_iter().chain(rest).collect()
}

fn score() -> Vec<Line> {
    vec![key(1, "repetitions", "32", "or: auto, as many as the ranking needs"), key(1, "seed", "0", "")]
}

/// Reads the preset as a run would, with the data.
fn check(text: &str) -> Result<(), Failure> {
    let preset = Preset::parse(text, "the new preset", Path::new(""))?;
    if matches!(preset.data.from, DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens) {
        return Ok(());
    }
    match neartop_io::data::open_for(&preset.data.from, &preset.network.input.shape) {
        Ok(source) => {
            source.assumptions().iter().for_each(|assumption| tell(format_args!("data: {assumption}")));
            Ok(())
        }
        Err(error) => Err(Failure::Run(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_opened_by_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let rows: String = (0..30).map(|i| format!("{i},{}.5,{},{}\n", i % 7, i % 5, ["x", "y", "z"][i % 3])).collect();
        std::fs::write(path("flowers.csv"), format!("id,a,b,species\n{rows}")).unwrap();
        let preset = of_file(&path("flowers.csv")).unwrap();
        assert_eq!(preset.name, "flowers");
        assert!(
            preset.remarks.iter().any(|remark| remark.starts_with("data: labels species, ")),
            "{:?}",
            preset.remarks
        );
        assert!(
            preset.remarks.iter().any(|remark| remark == "data: left out are the columns id"),
            "{:?}",
            preset.remarks
        );
        std::fs::write(path("mine.yaml"), "network: {input: 3, layers: [linear: 2]}\n").unwrap();
        assert_eq!(of_file(&path("mine.yaml")).unwrap().name, "mine");
        std::fs::write(path("net.pt2"), "no model").unwrap();
        let error = of_file(&path("net.pt2")).unwrap_err().to_string();
        assert!(error.contains("net.pt2"), "{error}");
    }

    /// An array in the format of NumPy.
    fn npy(shape: &[usize]) -> Vec<u8> {
        let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
        let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}");
        header += &" ".repeat(63 - (header.len() + 10) % 64);
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        let values = 0..shape.iter().product::<usize>();
        bytes.extend(values.flat_map(|at| ((at * 7919 % 101) as f32).to_le_bytes()));
        bytes
    }

    #[test]
    fn arrays_of_every_shape_get_a_network() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        for (shape, input) in [
            (&[40, 9][..], &[9][..]),
            (&[40, 3, 16, 16], &[3, 16, 16]),
            (&[40, 16, 16, 3], &[3, 16, 16]),
            (&[40, 2, 64], &[1, 2, 64]),
            (&[40, 2, 3], &[1, 2, 3]),
        ] {
            std::fs::write(&path, npy(shape)).unwrap();
            let preset = of_file(&path).unwrap_or_else(|error| panic!("{shape:?}: {error}"));
            assert_eq!(preset.network.input.shape.0, input, "{shape:?}");
        }
    }
}

//! 1,503 measurements of the noise of airfoils: "Airfoil Self-Noise" (T. Brooks, D. Pope, M. Marcolini, NASA 1989; UCI
//! Machine Learning Repository, CC BY 4.0). Frequency in Hz, angle of attack in degrees, chord in m, velocity in m/s and
//! displacement thickness in m; the label is the sound pressure level in dB.

use super::{DataError, Labels, Source};
use neartop_core::network::Shape;
use neartop_presets::AIRFOIL;

/// Quantities of a measurement, without the label.
const FEATURES: usize = 5;

struct Airfoil {
    shape: Shape,
    features: Vec<f32>,
    levels: Vec<f32>,
}

/// Reads the bundled file.
pub fn load() -> Result<impl Source, DataError> {
    let mut set = Airfoil { shape: Shape(vec![FEATURES]), features: Vec::new(), levels: Vec::new() };
    for record in csv::Reader::from_reader(AIRFOIL.as_bytes()).into_deserialize() {
        let row: [f32; FEATURES + 1] = record.map_err(|e| DataError::Read {
            path: "the bundled measurements of airfoils".to_owned(),
            reason: e.to_string(),
        })?;
        set.features.extend(&row[..FEATURES]);
        set.levels.push(row[FEATURES]);
    }
    Ok(set)
}

impl Source for Airfoil {
    fn count(&self) -> usize {
        self.levels.len()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        rows.iter().for_each(|row| take(&self.features[row * FEATURES..(row + 1) * FEATURES]));
        Ok(())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        Ok(Some(Labels::Values(self.levels.clone())))
    }
}

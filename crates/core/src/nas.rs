//! Architectures of the benchmarks of neural architecture search: the text that names one, and the network it means.
//!
//! Each space has a module of its own; here is what they share.

mod bench101;
mod error;
mod nats;
mod parts;
mod space;
mod transnas;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::activation::Activation;
use crate::layer::Layer;
use crate::layers::{Fixed, Slot};
use crate::network::{Network, ShapeError};
use crate::random::{Key, Purpose, below};
use crate::shape::Shape;

pub use error::ArchitectureError;
use space::{About, Cell, Members};

/// A space of architectures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NasSpace {
    /// NATS-Bench's topology space, which is NAS-Bench-201 (Dong & Yang 2020, arXiv 2001.00326).
    NatsTss,
    /// NATS-Bench's size space (Dong et al. 2021, arXiv 2009.00437).
    NatsSss,
    /// NAS-Bench-101 (Ying et al. 2019, arXiv 1902.09635).
    NasBench101,
    /// The cell-level space of TransNAS-Bench-101 (Duan et al. 2021, arXiv 2105.11871).
    TransNasMicro,
}

impl NasSpace {
    pub const ALL: [Self; 4] = [Self::NatsTss, Self::NatsSss, Self::NasBench101, Self::TransNasMicro];

    fn about(self) -> &'static About {
        match self {
            Self::NatsTss => &nats::TSS,
            Self::NatsSss => &nats::SSS,
            Self::NasBench101 => &bench101::SPACE,
            Self::TransNasMicro => &transnas::SPACE,
        }
    }

    /// The name in presets.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.about().name
    }

    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|space| space.name() == name)
    }

    /// An architecture of the space, as it is written.
    #[must_use]
    pub fn example(self) -> &'static str {
        self.about().example
    }

    /// The number of architectures, where they can be enumerated.
    #[must_use]
    pub fn size(self) -> Option<usize> {
        match self.about().members {
            Members::Numbered { size, .. } => Some(size),
            Members::Drawn { .. } => None,
        }
    }

    /// The `index`-th architecture of a space that can be enumerated.
    #[must_use]
    pub fn nth(self, index: usize) -> Option<Architecture> {
        match self.about().members {
            Members::Numbered { size, nth } if index < size => Some(self.architecture(nth(index))),
            _ => None,
        }
    }

    /// `wanted` architectures without repetition, or all where there are fewer.
    ///
    /// Uniform over a space that can be enumerated. Those of NAS-Bench-101 are drawn as its authors draw: every possible
    /// edge with probability 1/2, every operation with 1/3, again until the graph belongs to the space. No two of them
    /// are the same graph in another order.
    #[must_use]
    pub fn sample(self, wanted: usize, seed: u64) -> Vec<Architecture> {
        let mut rng = Key { seed, repetition: 0, layer: 0, purpose: Purpose::Architectures }.rng();
        match self.about().members {
            Members::Numbered { size, nth } => {
                let mut indices: Vec<_> = (0..size).collect();
                let wanted = wanted.min(size);
                for i in 0..wanted {
                    indices.swap(i, i + below(&mut rng, size - i));
                }
                indices[..wanted].iter().map(|i| self.architecture(nth(*i))).collect()
            }
            Members::Drawn { size, draw } => {
                let wanted = wanted.min(size);
                let mut seen = HashSet::new();
                let mut drawn = Vec::with_capacity(wanted);
                while drawn.len() < wanted {
                    if let Some((cell, canonical)) = draw(&mut rng)
                        && seen.insert(canonical)
                    {
                        drawn.push(self.architecture(cell));
                    }
                }
                drawn
            }
        }
    }

    fn architecture(self, cell: Arc<dyn Cell>) -> Architecture {
        Architecture { space: self, text: cell.to_string(), cell }
    }
}

/// One architecture of a space. Its network is built when it is needed, for there may be thousands.
#[derive(Debug, Clone)]
pub struct Architecture {
    space: NasSpace,
    /// As it was given.
    text: String,
    cell: Arc<dyn Cell>,
}

impl PartialEq for Architecture {
    fn eq(&self, other: &Self) -> bool {
        (self.space, &self.text) == (other.space, &other.text)
    }
}

impl Architecture {
    /// Reads the text that the benchmark's authors use.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub fn parse(space: NasSpace, text: &str) -> Result<Self, ArchitectureError> {
        let text = text.trim();
        Ok(Self { space, text: text.to_owned(), cell: (space.about().parse)(text)? })
    }

    #[must_use]
    pub fn space(&self) -> NasSpace {
        self.space
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole network for `classes` classes. Where it is `searched`, slots stand in place of its ReLUs.
    #[must_use]
    pub fn layers(&self, classes: usize, searched: bool) -> Vec<Layer> {
        let activation = match Activation::named("relu") {
            Ok(relu) if !searched => Fixed(relu).into(),
            _ => Slot::default().into(),
        };
        self.cell.layers(classes, &activation)
    }

    /// The network on samples of the shape `input`, see [`Self::layers`].
    ///
    /// # Errors
    /// If the input is no image, or too small to be halved twice.
    pub fn network(&self, input: &Shape, classes: usize, searched: bool) -> Result<Network, ShapeError> {
        Network::build(input, &self.layers(classes, searched))
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(space: NasSpace, text: &str) -> Network {
        let architecture = Architecture::parse(space, text).unwrap();
        architecture.network(&Shape(vec![3, 32, 32]), 10, false).unwrap()
    }

    #[test]
    fn parameters_are_those_of_nats_bench() {
        let tss = |text| network(NasSpace::NatsTss, text).parameters(None);
        // In millions as NAS-Bench-201's API gives them: 1.531546, 0.559386 and 0.073306.
        let all = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
        assert_eq!(tss(all), 1_531_546);
        let two = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|";
        assert_eq!(tss(two), 559_386);
        assert_eq!(tss("|none~0|+|none~0|none~1|+|avg_pool_3x3~0|skip_connect~1|none~2|"), 73_306);
        assert_eq!(network(NasSpace::NatsSss, "8:8:8:8:8").parameters(None), 11_714);
    }

    #[test]
    fn multiply_adds_are_those_of_nats_bench() {
        let of = |space, text| network(space, text).multiply_adds() + 10;
        // The benchmarks' API gives 220.11969, 7.78305 and 4.481114 million, the ten biases of the classifier included.
        let all = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
        assert_eq!(of(NasSpace::NatsTss, all), 220_119_690);
        let none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        assert_eq!(of(NasSpace::NatsTss, none), 7_783_050);
        assert_eq!(of(NasSpace::NatsSss, "8:8:8:8:8"), 4_481_114);
    }

    #[test]
    fn parameters_are_those_of_nasbench101() {
        let table = include_str!("../../../presets/nas/nasbench101.csv");
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let mut checked = 0;
        for row in rows.deserialize::<(String, f64, u64, f64)>() {
            let (text, _, parameters, _) = row.unwrap();
            assert_eq!(network(NasSpace::NasBench101, &text).parameters(None), parameters, "{text}");
            checked += 1;
        }
        assert_eq!(checked, 300);
    }

    #[test]
    fn parameters_are_those_of_transnas_bench() {
        let of = |text| {
            let architecture = Architecture::parse(NasSpace::TransNasMicro, text).unwrap();
            architecture.network(&Shape(vec![3, 64, 64]), 63, false).unwrap().parameters(None)
        };
        // In millions as NASLib gives them for scenes: 0.910687 and 22.372959.
        assert_eq!(of("64-41414-1_00_210"), 910_687);
        assert_eq!(of("64-41414-3_23_322"), 22_372_959);
    }

    #[test]
    fn modules_are_named_once() {
        let sampled = NasSpace::ALL.into_iter().flat_map(|space| space.sample(20, 1));
        for architecture in sampled.chain(NasSpace::NatsTss.nth(0)) {
            let network = architecture.network(&Shape(vec![3, 32, 32]), 10, true).unwrap();
            let names: Vec<_> = network.nodes.iter().map(|node| node.name().to_owned()).collect();
            let distinct: HashSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{architecture}");
            assert_eq!(network.output(), &Shape(vec![10]));
        }
    }

    #[test]
    fn spaces_are_enumerated_once_each() {
        for space in [NasSpace::NatsTss, NasSpace::NatsSss, NasSpace::TransNasMicro] {
            let size = space.size().unwrap();
            let all: HashSet<_> = (0..size).map(|i| space.nth(i).unwrap().text).collect();
            assert_eq!(all.len(), size);
            assert_eq!(space.nth(size), None);
        }
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        for space in NasSpace::ALL {
            let drawn = space.sample(100, 5);
            assert_eq!(drawn.iter().map(Architecture::as_str).collect::<HashSet<_>>().len(), 100);
            assert_eq!(drawn, space.sample(100, 5));
            assert_ne!(drawn, space.sample(100, 6));
            for architecture in drawn {
                assert_eq!(Architecture::parse(space, architecture.as_str()).as_ref(), Ok(&architecture));
                assert_eq!(architecture.space(), space);
            }
            assert!(Architecture::parse(space, space.example()).is_ok());
        }
    }

    #[test]
    fn what_is_wrong_with_a_text_is_said() {
        let wrong = |space, text| {
            let error = Architecture::parse(space, text).unwrap_err();
            format!("{}; {}", error.message, error.help)
        };
        let tss = |text| wrong(NasSpace::NatsTss, text);
        assert!(tss("|none~0|").contains("3 nodes joined by `+`, and here are 1"));
        assert!(tss("|none~0|+|none~0|none~0|+|none~0|none~1|none~2|").contains("input 2 of node 2 must end in `~1`"));
        assert!(tss("|none~0|+|none~0|nor_conv_3x1~1|+|none~0|none~1|none~2|").contains("did you mean `nor_conv_3x3`"));
        let sss = |text| wrong(NasSpace::NatsSss, text);
        assert!(sss("8:8:8:8").contains("5 numbers of channels, not 4"));
        assert!(sss("8:8:8:8:9").contains("`9`") && sss("8:8:8:8:72").contains("8, 16, 24"));
        let bench = |text| wrong(NasSpace::NasBench101, text);
        assert!(bench("010/001/000").contains("3 vertices have 1 operations in between, not 0"));
        assert!(bench("010/000/000 conv3x3").contains("no path leads from the input"));
        assert!(bench("010/101/000 conv3x3").contains("row 2 of the matrix has an edge that leads to no later vertex"));
        assert!(bench("010/001/000 conv5x5").contains("no operation is called `conv5x5`"));
        assert!(bench("01111/00111/00011/00001/00000 conv3x3,conv3x3,conv3x3").contains("at most 9 edges"));
        let transnas = |text| wrong(NasSpace::TransNasMicro, text);
        assert!(transnas("64-41414-1_02_334").contains("`4` is no operation; 0 is none, 1"));
        assert!(transnas("64-41414-1_02_33").contains("node 3 takes 3 operations, not 2"));
        assert!(transnas("64-41414-1_02").contains("3 nodes joined by `_`, and here are 2"));
        assert!(transnas("64-1234-basic").contains("`64-41414-`"));
    }

    #[test]
    fn dangling_vertices_of_nasbench101_change_nothing() {
        let whole = network(NasSpace::NasBench101, "0110/0001/0000/0000 conv3x3,conv1x1");
        assert_eq!(whole, network(NasSpace::NasBench101, "010/001/000 conv3x3"));
    }
}

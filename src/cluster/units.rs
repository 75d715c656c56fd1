//! All units of a run in one fixed order, and shards of it.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use neartop_study::scheduler::Portion;
use neartop_study::space::Space;

/// One of so many parts of a run, from 1. Written as `3/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    pub number: u32,
    pub of: u32,
}

/// Why a text is no shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    #[error("shards are numbered from 1 to {of}; an index from 0 is put in as $((INDEX + 1))/{of}")]
    Zero { of: u32 },
    #[error("there is no shard {number} of {of}; write I/N with I from 1 to N")]
    Beyond { number: u32, of: u32 },
    #[error("write I/N with I from 1 to N, such as 3/8")]
    Form,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = ShardError;

    fn try_from(text: String) -> Result<Self, ShardError> {
        text.parse()
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let numbers = text.split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match numbers {
            Some((0, of)) if of > 0 => Err(ShardError::Zero { of }),
            Some((number, of)) if number >= 1 && number <= of => Ok(Self { number, of }),
            Some((number, of)) => Err(ShardError::Beyond { number, of }),
            None => Err(ShardError::Form),
        }
    }
}

/// The order of all units: the first repetition of every candidate before the second of any, and within a repetition
/// candidates that share work beside each other.
///
/// Where architectures are ranked, groups are mixed, since those listed beside each other cost about the same: mixed,
/// all shards take about as long.
#[derive(Debug, Clone)]
pub struct Units {
    /// Candidates in the order within a repetition, and where each group of them begins.
    order: Vec<u32>,
    starts: Vec<u32>,
    repetitions: usize,
}

impl Units {
    #[must_use]
    pub fn new(space: &Space) -> Self {
        let mut groups = space.groups();
        if space.has_architectures() {
            let mut keyed: Vec<_> =
                groups.into_iter().enumerate().map(|(at, group)| (mixed(at as u64), group)).collect();
            keyed.sort_by_key(|(key, _)| *key);
            groups = keyed.into_iter().map(|(_, group)| group).collect();
        }
        let mut starts = Vec::with_capacity(groups.len());
        let mut order = Vec::with_capacity(space.candidates.len());
        for group in groups {
            starts.push(order.len() as u32);
            order.extend(group.into_iter().map(|id| id as u32));
        }
        Self { order, starts, repetitions: space.preset.repetitions }
    }

    /// Number of units.
    #[must_use]
    pub fn count(&self) -> usize {
        self.order.len() * self.repetitions
    }

    #[must_use]
    pub fn candidates(&self) -> usize {
        self.order.len()
    }

    #[must_use]
    pub fn repetitions(&self) -> usize {
        self.repetitions
    }

    /// Candidate and repetition of a unit.
    #[must_use]
    pub fn unit(&self, at: usize) -> (usize, usize) {
        (self.order[at % self.order.len()] as usize, at / self.order.len())
    }

    /// The units of a shard. All shards together have every unit once, and their sizes differ by one at the most.
    #[must_use]
    pub fn range(&self, shard: Shard) -> Range<usize> {
        let cut = |n: u32| (self.count() as u128 * u128::from(n) / u128::from(shard.of)) as usize;
        cut(shard.number - 1)..cut(shard.number)
    }

    /// The shard that has a unit, of so many.
    #[must_use]
    pub fn shard_of(&self, at: usize, of: u32) -> u32 {
        let guess = (at as u128 * u128::from(of) / self.count().max(1) as u128) as u32 + 1;
        // Rounding moves the cut by less than a shard.
        (guess..=of).find(|number| self.range(Shard { number: *number, of }).contains(&at)).unwrap_or(of)
    }

    /// The place of each candidate in the order within a repetition.
    #[must_use]
    pub fn places(&self) -> Vec<u32> {
        let mut places = vec![0; self.order.len()];
        for (place, candidate) in self.order.iter().enumerate() {
            places[*candidate as usize] = place as u32;
        }
        places
    }

    /// The units of a range that are `wanted`, as portions for so many jobs.
    #[must_use]
    pub fn portions(&self, range: Range<usize>, jobs: usize, wanted: &dyn Fn(usize, usize) -> bool) -> Vec<Portion> {
        let mut portions: Vec<Portion> = Vec::new();
        let mut last = None;
        for at in range {
            let (candidate, repetition) = self.unit(at);
            if !wanted(candidate, repetition) {
                continue;
            }
            let group = self.starts.partition_point(|start| *start as usize <= at % self.order.len());
            match portions.last_mut() {
                Some(portion) if last == Some((repetition, group)) => portion.candidates.push(candidate),
                _ => portions.push(Portion { repetition, candidates: vec![candidate] }),
            }
            last = Some((repetition, group));
        }
        cut_for(portions, jobs)
    }
}

/// Cuts portions where there are too few of them to keep all jobs busy to the end.
#[must_use]
pub fn cut_for(portions: Vec<Portion>, jobs: usize) -> Vec<Portion> {
    if jobs < 2 || portions.len() >= 4 * jobs {
        return portions;
    }
    let parts = (4 * jobs).div_ceil(portions.len().max(1));
    let cut = |portion: Portion| {
        let size = portion.candidates.len().div_ceil(parts).max(1);
        let pieces: Vec<_> = portion.candidates.chunks(size).map(<[usize]>::to_vec).collect();
        pieces.into_iter().map(move |candidates| Portion { repetition: portion.repetition, candidates })
    };
    portions.into_iter().flat_map(cut).collect()
}

/// A fixed mixing of numbers (SplitMix64's finalizer, Steele et al. 2014).
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use neartop_io::preset::Preset;

    fn units(preset: &str, repetitions: usize) -> Units {
        let mut preset = Preset::load(preset).unwrap();
        preset.repetitions = repetitions;
        Units::new(&Space::new(Arc::new(preset)))
    }

    #[test]
    fn shards_have_every_unit_once() {
        for (preset, repetitions) in [("digits-mlp", 5), ("nats-tss", 2)] {
            let units = units(preset, repetitions);
            for of in [1, 2, 7, 64, units.count() as u32 + 3] {
                let mut seen = HashSet::new();
                for number in 1..=of {
                    let range = units.range(Shard { number, of });
                    assert!(range.len() <= units.count() / of as usize + 1);
                    assert!(range.clone().all(|at| units.shard_of(at, of) == number));
                    for portion in units.portions(range, 3, &|_, _| true) {
                        for id in portion.candidates {
                            assert!(seen.insert((id, portion.repetition)), "{id} {} twice", portion.repetition);
                        }
                    }
                }
                assert_eq!(seen.len(), units.count());
            }
        }
    }

    #[test]
    fn a_task_shares_its_initialization() {
        let preset = Arc::new(Preset::load("digits-mlp").unwrap());
        let space = Space::new(preset);
        let units = Units::new(&space);
        let portions = units.portions(0..units.candidates(), 1, &|_, _| true);
        assert_eq!(portions.len(), space.groups().len());
        for portion in portions {
            let init = &space.candidates[portion.candidates[0]].init;
            assert!(portion.candidates.iter().all(|id| space.candidates[*id].init == *init));
        }
    }

    #[test]
    fn architectures_are_mixed_so_that_shards_cost_the_same() {
        let space = Space::new(Arc::new(Preset::load("nats-sss").unwrap()));
        let units = Units::new(&space);
        let total: u64 = space.candidates.iter().map(|c| c.parameters).sum();
        for number in 1..=4 {
            let range = units.range(Shard { number, of: 4 * units.repetitions() as u32 });
            let sum: u64 = range.map(|at| space.candidates[units.unit(at).0].parameters).sum();
            let share = sum as f64 / total as f64;
            assert!((0.2..0.3).contains(&share), "{share}");
        }
    }

    #[test]
    fn shards_are_read_from_1_on() {
        assert_eq!("3/8".parse(), Ok(Shard { number: 3, of: 8 }));
        for wrong in ["0/8", "9/8", "3", "a/b", "1/0", "0/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert!("0/8".parse::<Shard>().unwrap_err().to_string().contains("$((INDEX + 1))/8"));
    }
}

//! A change of the search that is being made: what can be changed, one line each, with every step to go back to.

mod choices;
mod item;

use std::path::PathBuf;

use super::keymap::Action;
use super::terms::Terms;
use super::widgets::list::List;
use choices::{add, add_init, all_and, as_yaml, init_as_text, inits_and, make_way, parsed, switch};
pub use item::Item;

use neartop_core::layers::{Fixed, Slot};
use neartop_core::network::{Activation, Choices, Fill, Init, Layer, Network};
use neartop_core::settings::Auto;
use neartop_io::preset::{Preset, PresetError};
use neartop_study::width::{resized, targets};

/// Why the search cannot be changed so.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error("Enter changes this line")]
    Fixed,
    #[error("a search needs one of them at least")]
    Least,
    #[error("the problem sets the size of the output")]
    Output,
    #[error("this network has no hidden layer to repeat")]
    NoBlock,
    #[error("one hidden layer is the least")]
    LeastDepth,
    #[error("it is the only layer with the slot {0}")]
    OnlySlot(String),
    #[error("the seed is a whole number from 0")]
    Seed,
    #[error("a whole number from {least} to {most}")]
    Number { least: u64, most: u64 },
    #[error("there is nothing to take back")]
    NothingBefore,
    #[error("nothing was taken back")]
    NothingAfter,
    #[error("nothing is changed")]
    Unchanged,
    #[error("the weights of a model are a candidate of every model, and of no other network")]
    AsGiven,
    /// What is wrong with the network or the text.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl DraftError {
    fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

/// A preset that is being changed. The run goes on with the old one until the draft is scored.
#[derive(Debug)]
pub struct Draft {
    pub preset: Preset,
    /// Earlier states, the latest last, and those that were taken back.
    before: Vec<Preset>,
    after: Vec<Preset>,
    /// Choices that the lists show beside the catalog's: those with parameters.
    activations: Choices,
    inits: Vec<Init>,
    pub list: List,
    /// Whether it is in a file as it is.
    pub is_saved: bool,
}

impl Draft {
    #[must_use]
    pub fn new(preset: &Preset) -> Self {
        let chosen = Fill::choices(&preset.search.activations).into_iter();
        Self {
            preset: preset.clone(),
            before: Vec::new(),
            after: Vec::new(),
            activations: chosen.map(|(slot, chosen)| (slot, all_and(&chosen))).collect(),
            inits: inits_and(&preset.search.inits),
            list: List::default(),
            is_saved: false,
        }
    }

    /// Whether it differs from what it began with.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether it has changes that are neither scored nor saved.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.is_changed() && !self.is_saved
    }

    /// The lines that the filter lets through, in the order of the screen.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        let terms = Terms::new(self.list.filter.value());
        let mut items = self.all_items();
        items.retain(|item| terms.is_empty() || terms.admit(&item.words()));
        items
    }

    fn all_items(&self) -> Vec<Item> {
        let layers = &self.preset.layers;
        let mut items = Vec::new();
        if self.preset.whole.is_none() {
            items.extend((0..targets(layers).len()).map(Item::Size));
            if block(layers).is_some() {
                items.push(Item::Depth);
            }
        }
        items.extend([Item::Repetitions, Item::Seed]);
        for (slot, activations) in &self.activations {
            items.extend(activations.iter().map(|activation| Item::Activation(slot.clone(), activation.clone())));
        }
        items.extend(self.inits.iter().cloned().map(Item::Init));
        items
    }

    #[must_use]
    pub fn item(&self) -> Option<Item> {
        self.items().get(self.list.line).cloned()
    }

    /// Whether a choice is part of the search.
    #[must_use]
    pub fn is_on(&self, item: &Item) -> bool {
        match item {
            Item::Activation(slot, activation) => {
                self.preset.search.activations.iter().any(|fill| fill.of(slot) == Some(activation))
            }
            Item::Init(init) => self.preset.search.inits.contains(init),
            _ => true,
        }
    }

    /// Hidden layers that [`Item::Depth`] counts.
    #[must_use]
    pub fn depth(&self) -> usize {
        targets(&self.preset.layers).len().saturating_sub(1)
    }

    /// Switches the chosen activation or initialization on or off.
    ///
    /// # Errors
    /// If none would be left.
    pub fn toggle(&mut self) -> Result<(), DraftError> {
        let mut search = self.preset.search.clone();
        let enough = match self.item() {
            Some(Item::Activation(slot, activation)) => {
                let mut choices = Fill::choices(&search.activations);
                let listed = self.activations.get(&slot).map_or(&[][..], Vec::as_slice);
                let enough = switch(choices.entry(slot).or_default(), &activation, listed);
                search.activations = Fill::product(&choices);
                enough
            }
            Some(Item::Init(init)) => switch(&mut search.inits, &init, &self.inits),
            _ => return Err(DraftError::Fixed),
        };
        if !enough {
            return Err(DraftError::Least);
        }
        self.change(|preset| preset.search = search);
        Ok(())
    }

    /// Makes the chosen number larger or smaller: sizes by a factor of 2, the rest by 1.
    ///
    /// # Errors
    /// If the network does not fit together then.
    pub fn step(&mut self, up: bool) -> Result<(), DraftError> {
        let near = |n: usize| if up { n + 1 } else { n.saturating_sub(1).max(1) };
        match self.item() {
            Some(Item::Size(layer)) => {
                let width = targets(&self.preset.layers).get(layer).map_or(1, |target| target.width);
                self.resize(layer, if up { width.saturating_mul(2) } else { (width / 2).max(1) })
            }
            Some(Item::Depth) => self.deepen(up),
            Some(Item::Repetitions) => self.write(&near(self.preset.repetitions).to_string()),
            Some(Item::Seed) => {
                let seed = self.preset.seed;
                self.write(&if up { seed.saturating_add(1) } else { seed.saturating_sub(1) }.to_string())
            }
            _ => self.toggle(),
        }
    }

    /// The chosen line as a text to edit.
    #[must_use]
    pub fn text(&self) -> String {
        match self.item() {
            Some(Item::Size(layer)) => {
                targets(&self.preset.layers).get(layer).map_or_else(String::new, |target| target.width.to_string())
            }
            Some(Item::Depth) => self.depth().to_string(),
            Some(Item::Repetitions) if self.preset.auto.is_some() => "auto".to_owned(),
            Some(Item::Repetitions) => self.preset.repetitions.to_string(),
            Some(Item::Seed) => self.preset.seed.to_string(),
            Some(Item::Activation(_, activation)) => as_yaml(&activation),
            Some(Item::Init(init)) => init_as_text(&init),
            None => String::new(),
        }
    }

    /// Takes an edited text for the chosen line in. Activations and initializations are added beside what there is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn write(&mut self, text: &str) -> Result<(), DraftError> {
        let text = text.trim();
        if text == self.text() {
            return Ok(());
        }
        match self.item() {
            Some(Item::Size(layer)) => self.resize(layer, number(text, 1, 1 << 20)? as usize),
            Some(Item::Depth) => {
                let wanted = number(text, 1, 300)? as usize;
                while self.depth() != wanted {
                    self.deepen(self.depth() < wanted)?;
                }
                Ok(())
            }
            Some(Item::Repetitions) => self.repeat(text),
            Some(Item::Seed) => {
                let seed = text.parse().map_err(|_| DraftError::Seed)?;
                self.change(|preset| preset.seed = seed);
                Ok(())
            }
            Some(Item::Activation(slot, _)) => self.add_activation(&slot, text),
            Some(Item::Init(_)) => self.add_init(text),
            None => Ok(()),
        }
    }

    fn repeat(&mut self, text: &str) -> Result<(), DraftError> {
        let chosen = match text {
            "auto" => (Auto::MOST, Some(Auto::default())),
            text => (number(text, 1, 1_000_000)? as usize, None),
        };
        self.change(|preset| (preset.repetitions, preset.auto) = chosen);
        Ok(())
    }

    fn add_activation(&mut self, slot: &str, text: &str) -> Result<(), DraftError> {
        let new: Activation = parsed(text).map_err(DraftError::other)?;
        let listed = self.activations.entry(slot.to_owned()).or_default();
        add(listed, &new);
        let mut choices = Fill::choices(&self.preset.search.activations);
        let chosen = choices.entry(slot.to_owned()).or_default();
        *chosen = listed.iter().filter(|one| **one == new || chosen.contains(one)).cloned().collect();
        self.change(|preset| preset.search.activations = Fill::product(&choices));
        self.choose(&Item::Activation(slot.to_owned(), new));
        Ok(())
    }

    /// Goes to a line, where the filter lets it through.
    fn choose(&mut self, item: &Item) {
        self.list.line = self.items().iter().position(|one| one == item).unwrap_or(self.list.line);
    }

    fn add_init(&mut self, text: &str) -> Result<(), DraftError> {
        let new: Init = parsed(text).map_err(DraftError::other)?;
        if new == Init::AsGiven {
            return Err(DraftError::AsGiven);
        }
        add_init(&mut self.inits, &new);
        let mut search = self.preset.search.clone();
        make_way(&mut search.inits, &new);
        search.inits.push(new.clone());
        self.change(|preset| preset.search = search);
        self.choose(&Item::Init(new));
        Ok(())
    }

    /// Candidates of the search as it is now; none where it ranks architectures, which are listed when it is scored.
    #[must_use]
    pub fn candidates(&self) -> Option<usize> {
        let search = &self.preset.search;
        let brought = usize::from(self.preset.model.is_some());
        search.architectures.is_none().then(|| search.activations.len().max(1) * search.inits.len() + brought)
    }

    /// Takes the last change back.
    ///
    /// # Errors
    /// If there is none.
    pub fn undo(&mut self) -> Result<(), DraftError> {
        let earlier = self.before.pop().ok_or(DraftError::NothingBefore)?;
        self.after.push(std::mem::replace(&mut self.preset, earlier));
        self.is_saved = false;
        self.clamp();
        Ok(())
    }

    /// Makes the change again that was taken back last.
    ///
    /// # Errors
    /// If none was.
    pub fn redo(&mut self) -> Result<(), DraftError> {
        let later = self.after.pop().ok_or(DraftError::NothingAfter)?;
        self.before.push(std::mem::replace(&mut self.preset, later));
        self.is_saved = false;
        self.clamp();
        Ok(())
    }

    /// The changed search as a preset to score in the place of another.
    ///
    /// # Errors
    /// If nothing is changed, or what is wrong with it.
    pub fn to_score(&self, scored: &Preset) -> Result<Preset, DraftError> {
        if !self.is_changed() {
            return Err(DraftError::Unchanged);
        }
        if self.preset.model.is_none() {
            // A model would be read again, and keys would wait for that.
            self.checked().map_err(DraftError::other)?;
        }
        let mut preset = self.preset.clone();
        preset.source_of(scored);
        Ok(preset)
    }

    /// The draft as a preset that was read and checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(&self) -> Result<Preset, PresetError> {
        Preset::parse(&self.preset.to_yaml(), "the draft", &PathBuf::new())
    }

    /// Goes to another line; false where the action is no such move.
    pub fn go(&mut self, action: Action, page: usize) -> bool {
        let count = self.items().len();
        self.list.go(action, page, count)
    }

    /// Stays within the lines that the filter lets through.
    pub fn clamp(&mut self) {
        self.list.clamp(self.items().len());
    }

    fn change(&mut self, by: impl FnOnce(&mut Preset)) {
        self.before.push(self.preset.clone());
        self.after.clear();
        self.is_saved = false;
        by(&mut self.preset);
    }

    fn resize(&mut self, layer: usize, units: usize) -> Result<(), DraftError> {
        let found = targets(&self.preset.layers);
        let Some(target) = found.get(layer) else { return Ok(()) };
        if layer + 1 == found.len() {
            return Err(DraftError::Output);
        }
        let preset = resized(&self.preset, target, units).map_err(DraftError::other)?;
        self.change(|old| *old = preset);
        Ok(())
    }

    /// Repeats the last hidden layer with its activation, or takes it away.
    fn deepen(&mut self, deeper: bool) -> Result<(), DraftError> {
        let mut layers = self.preset.layers.clone();
        let Some(block) = block(&layers) else { return Err(DraftError::NoBlock) };
        if deeper {
            let copy = layers[block.clone()].to_vec();
            layers.splice(block.end..block.end, copy);
        } else if self.depth() > 1 {
            layers.drain(block);
        } else {
            return Err(DraftError::LeastDepth);
        }
        let network = Network::build(&self.preset.network.input, &layers).map_err(DraftError::other)?;
        if let Some(lost) = self.preset.network.slots().into_iter().find(|slot| !network.slots().contains(slot)) {
            return Err(DraftError::OnlySlot(lost.to_owned()));
        }
        self.change(|preset| (preset.layers, preset.network) = (layers, network));
        // There are more lines above it now, or fewer.
        self.choose(&Item::Depth);
        self.clamp();
        Ok(())
    }
}

/// The last layer with a size before the output, and what follows it up to its activation.
fn block(layers: &[Layer]) -> Option<std::ops::Range<usize>> {
    let sized = targets(layers);
    let last = sized.len().checked_sub(2).and_then(|at| sized.get(at))?;
    let output = sized.last()?.place;
    let end = layers[last.place..output].iter().position(is_elementwise)?;
    Some(last.place..last.place + end + 1)
}

fn is_elementwise(layer: &Layer) -> bool {
    layer.operation().is_some_and(|operation| operation.is::<Slot>() || operation.is::<Fixed>())
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, DraftError> {
    let number: Option<u64> = text.parse().ok();
    number.filter(|n| (least..=most).contains(n)).ok_or(DraftError::Number { least, most })
}

#[cfg(test)]
mod tests;

//! Looks for what would make the selected candidate train.

use std::sync::Arc;

use super::App;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::news::BackgroundError;
use crate::tui::repairs::{factors, ways};
use neartop_study::repair::is_repairable;
use neartop_study::study::Repair;

impl App {
    /// Looks for the repair of the selected candidate, or stops looking for it.
    pub(super) fn repair(&mut self) -> Option<Effect> {
        let id = self.cx.selected_or_say()?;
        if self.cx.repairs.sought == Some(id) {
            self.cx.repairs.sought = None;
            self.cx.say("no repair is looked for any more");
            return Some(Effect::StopRepair);
        }
        if let Some(known) = self.known_of_repair(id) {
            self.cx.say(known);
            return None;
        }
        self.cx.repairs.sought = Some(id);
        self.cx.say(format!("looking for a repair of {}", self.cx.study.candidate(id)));
        Some(Effect::Repair(id))
    }

    /// What there is to say of the repair of a candidate without looking for it.
    fn known_of_repair(&self, id: usize) -> Option<String> {
        let study = &self.cx.study;
        match study.trainability(id) {
            None => return Some("whether it will train is not known".to_owned()),
            Some(trainability) if trainability.is_trainable() => return Some("it will train as it is".to_owned()),
            Some(_) => {}
        }
        if let Some(repair) = study.repair(id) {
            return Some(self.told(repair));
        }
        if !is_repairable(study.candidate(id)) {
            return Some(format!("no factor is looked for where the initialization is {}", study.candidate(id).init));
        }
        self.cx.repairs.vain.get(&id).cloned()
    }

    /// The repair in one line, and which key writes it.
    fn told(&self, repair: &Repair) -> String {
        let all = ways(repair).into_iter().map(|way| format!("{}, NEAR {:.2}", factors(way), way.near));
        let key = self.cx.keymap.label(self.cx.shown, Action::EXPORT);
        let export = if key.is_empty() { String::new() } else { format!("; {key} exports it") };
        format!("it trains with {}{export}", all.collect::<Vec<_>>().join(", or "))
    }

    /// Takes in what came of looking. It belongs to its candidate, whichever is selected by now.
    pub(super) fn take_repair(&mut self, id: usize, found: Result<Option<Box<Repair>>, BackgroundError>) {
        if self.cx.repairs.sought == Some(id) {
            self.cx.repairs.sought = None;
        }
        let name = self.cx.study.candidate(id).to_string();
        match found {
            Ok(Some(repair)) => {
                let told = self.told(&repair);
                Arc::make_mut(&mut self.cx.study).set_repair(id, *repair);
                self.cx.say(format!("{name}: {told}"));
            }
            Ok(None) => {
                let why = "there are no factors of its weights that make it train";
                self.cx.repairs.vain.insert(id, why.to_owned());
                self.cx.say(format!("{name}: {why}"));
            }
            Err(error) => self.cx.warn(format!("{name}: no repair was found: {error}")),
        }
    }
}

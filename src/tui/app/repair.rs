//! Looks for what would make the selected candidate train.

use std::sync::Arc;

use super::App;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::news::BackgroundError;
use crate::tui::repairs::{factors, ways};
use neartop_study::repair::is_repairable;
use neartop_study::study::{NoRepair, Repair, Sought};

impl App {
    /// Looks for the repair of the selected candidate, or stops looking for it.
    pub(super) fn repair(&mut self) -> Option<Effect> {
        let id = self.cx.selected_or_say()?;
        if self.cx.repair_sought == Some(id) {
            self.cx.repair_sought = None;
            self.cx.say("no repair is looked for any more");
            return Some(Effect::StopRepair);
        }
        if let Some(known) = self.known_of_repair(id) {
            self.cx.say(known);
            return None;
        }
        self.cx.repair_sought = Some(id);
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
        let candidate = study.candidate(id);
        let not_sought = || (!is_repairable(candidate)).then(|| NoRepair::NotSought(candidate.init.clone()));
        study.no_repair(id).cloned().or_else(not_sought).map(|why| why.to_string())
    }

    /// The repair in one line, and which key writes it.
    fn told(&self, repair: &Repair) -> String {
        let only_just = |way: &Repair| if way.is_narrow() { ", only just" } else { "" };
        let all =
            ways(repair).into_iter().map(|way| format!("{}, NEAR {:.2}{}", factors(way), way.near, only_just(way)));
        let key = self.cx.keymap.label(self.cx.shown, Action::EXPORT);
        let export = if key.is_empty() { String::new() } else { format!("; {key} exports it") };
        format!("it trains with {}{export}", all.collect::<Vec<_>>().join(", or "))
    }

    /// Takes in what came of looking. It belongs to its candidate, whichever is selected by now.
    pub(super) fn take_repair(&mut self, id: usize, found: Result<Box<Sought>, BackgroundError>) {
        if self.cx.repair_sought == Some(id) {
            self.cx.repair_sought = None;
        }
        let name = self.cx.study.candidate(id).to_string();
        match found {
            Ok(sought) => {
                let told = match sought.as_ref() {
                    Ok(repair) => self.told(repair),
                    Err(why) => why.to_string(),
                };
                Arc::make_mut(&mut self.cx.study).set_sought(id, *sought);
                self.cx.say(format!("{name}: {told}"));
            }
            Err(error) => self.cx.warn(format!("{name}: no repair was found: {error}")),
        }
    }
}

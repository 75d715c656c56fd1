//! How the numbers came about, and how to get them again.

use super::fact::Fact;
use crate::store::DEFINITION;
use crate::study::Study;
use neartop_io::preset::printable;

/// What the program knows of a page beside the study.
#[derive(Default)]
pub struct Origin {
    /// The day on which the page is written, as `2026-01-31`.
    pub date: String,
    /// A command line that gives the same ranking.
    pub command: String,
    /// What to do with the preset before the command, if anything.
    pub before: Option<String>,
    /// The preset's file, or what it is, and its text.
    pub preset: (String, String),
    /// How something was read that could have been meant otherwise.
    pub assumptions: Vec<String>,
    /// Where the study is from, if it was on disk.
    pub recorded: Option<Recorded>,
    /// Recorded repetitions that the preset does not ask for.
    pub left_out: usize,
}

/// What a file says of a study.
pub struct Recorded {
    pub key: String,
    pub begun: String,
    pub updated: String,
    /// Version of the program that wrote last.
    pub program: String,
}

impl Origin {
    /// What decides the numbers.
    pub(super) fn facts(&self, study: &Study) -> Vec<Fact> {
        let preset = &study.space.preset;
        let mut facts = vec![
            Fact::new("Program", format!("neartop {}", env!("CARGO_PKG_VERSION"))),
            Fact::new("Definition of scores", DEFINITION),
            Fact::new("Seed", preset.seed),
        ];
        facts.push(match preset.auto {
            Some(auto) => Fact::new("Repetitions", format!("auto, {} to {}", auto.least, preset.repetitions)),
            None => Fact::new("Repetitions", preset.repetitions),
        });
        facts.push(Fact::new("Samples of a repetition", study.space.batch()));
        facts.push(Fact::new(
            "Recommended",
            if study.has_guard() { "only what will train" } else { "the highest NEAR, also if it will not train" },
        ));
        if let Some(Recorded { key, begun, updated, program }) = &self.recorded {
            facts.push(Fact::new("Study", key));
            facts.push(Fact::new("Scored", format!("{begun} to {updated}, last by neartop {program}")));
        }
        facts
    }

    /// All that was assumed.
    pub(super) fn assumed(&self, study: &Study) -> Vec<String> {
        self.assumptions.iter().chain(&study.space.preset.remarks).map(|text| printable(text)).collect()
    }

    /// The text of the preset, without characters that hide what is written.
    pub(super) fn preset_text(&self) -> String {
        let readable = |line: &str| line.split('\t').map(printable).collect::<Vec<_>>().join("\t");
        self.preset.1.lines().map(readable).collect::<Vec<_>>().join("\n")
    }
}

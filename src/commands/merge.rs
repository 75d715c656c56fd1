//! `neartop merge`: brings parts of a run together.

use std::fmt::Write as _;
use std::sync::Arc;

use super::rank::{conclude, write_ranking};
use super::shard::{fingerprint, refuse_auto, refused, work_of};
use crate::cli::{MergeArgs, Repetitions};
use crate::cluster::ledger::Ledger;
use crate::cluster::part::{Header, PartError, PartLine, PartReader, check_samples};
use crate::cluster::units::{Shard, Units};
use crate::run::recording::{Recording, Taking};
use crate::run::streams::tell;
use crate::run::target::{Inputs, Target};
use crate::run::{Failure, prepare};
use neartop_io::preset::printable;
use neartop_study::scheduler::Known;
use neartop_study::store::Entry;
use neartop_study::study::Study;

/// Reads parts, records them in the study, writes the ranking, and says what is missing.
///
/// # Errors
/// If a part is of other work or cannot be read, before anything of it is recorded; at the end, if something is missing.
pub fn run(args: &MergeArgs) -> Result<(), Failure> {
    let target = Target::new(args.output.output.as_deref(), args.force)?;
    let headers = headers(args)?;
    let mut options = args.run.clone();
    // What the parts say of themselves holds unless the user says otherwise.
    if let Some(first) = headers.first() {
        options.seed = options.seed.or(Some(first.seed));
        let most = headers.iter().map(|header| header.repetitions).max().unwrap_or(1);
        options.repetitions = options.repetitions.or(Some(Repetitions::Fixed(most as u32)));
    }
    let prepared = prepare(&args.preset, &options)?;
    let inputs = Inputs::new(&prepared.space.preset, &options.study).and("a part", args.parts.iter().cloned());
    let target = target.spares(&inputs)?;
    refuse_auto(&prepared, "a merge")?;
    let work = work_of(&prepared)?;
    let own = Header::new(&work, None);
    for (path, header) in args.parts.iter().zip(&headers) {
        header.check(&own).map_err(|why| refused(path, &PartError::OtherWork(why)))?;
    }
    tell_instructions(&headers);
    let mut study = Study::new(Arc::clone(&prepared.space));
    study.set_guard(!options.no_guard);
    let (recording, mut taking) = Recording::open_for_taking(&prepared, &options.study, &mut study)?;
    let units = Units::new(&prepared.space);
    let mut merged = Merged::new(&units, &study, &recording);
    let mut samples: Vec<Option<Option<String>>> = vec![None; units.repetitions()];
    for path in &args.parts {
        let mut part = PartReader::open(path).map_err(|error| refused(path, &error))?;
        let mut found = Vec::new();
        while let Some(one) = part.next(&work).map_err(|error| refused(path, &error))? {
            let repetition = one.entry.repetition;
            if let Some(known) = samples.get_mut(repetition) {
                let fingerprint = known.get_or_insert_with(|| fingerprint(&prepared, repetition));
                check_samples(&one, fingerprint.as_deref()).map_err(|error| refused(path, &error))?;
                found.push(one);
            }
        }
        if part.damaged > 0 {
            let name = printable(&path.display().to_string());
            tell(format_args!("{} damaged lines of {name} are left out", part.damaged));
        }
        merged.take(found, &mut study, &mut taking)?;
    }
    taking.tell();
    tell(format_args!("{} scores merged from {} parts", merged.new, args.parts.len()));
    if merged.different > 0 {
        tell(format_args!("{} scores differ from those that were there, which stay", merged.different));
    }
    let missing = merged.missing(&units, &headers);
    write_ranking(&study, 0.0, &args.output, target)?;
    match missing {
        Some(missing) => Err(Failure::Run(missing)),
        None => conclude(&study, &options),
    }
}

/// The headers of all parts. One that was not even begun is skipped by its run.
fn headers(args: &MergeArgs) -> Result<Vec<Header>, Failure> {
    let header = |path: &std::path::PathBuf| {
        let part = PartReader::open(path).map_err(|error| refused(path, &error))?;
        part.header.ok_or_else(|| refused(path, &PartError::NoPart))
    };
    args.parts.iter().map(header).collect()
}

fn tell_instructions(headers: &[Header]) {
    let mut kinds: Vec<&str> = headers.iter().map(|header| header.instructions.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() > 1 {
        let kinds = printable(&kinds.join(", "));
        tell(format_args!("the parts come from machines of several kinds ({kinds}): last bits of scores may differ"));
    }
}

/// What merging came to.
struct Merged {
    ledger: Ledger,
    new: usize,
    different: usize,
}

impl Merged {
    fn new(units: &Units, study: &Study, recording: &Recording) -> Self {
        let mut ledger = Ledger::new(units.candidates(), units.repetitions());
        for candidate in 0..units.candidates() {
            for repetition in 0..units.repetitions() {
                match recording.known(study, candidate, repetition) {
                    Known::Nothing => {}
                    Known::NothingMore => break,
                    Known::Scored(_) => drop(ledger.take(candidate, repetition, false)),
                    Known::Failed => drop(ledger.take(candidate, repetition, true)),
                }
            }
        }
        Self { ledger, new: 0, different: 0 }
    }

    fn take(&mut self, found: Vec<PartLine>, study: &mut Study, taking: &mut Taking) -> Result<(), Failure> {
        let mut new = Vec::new();
        for PartLine { entry, .. } in found {
            let Entry { candidate, repetition, result, .. } = &entry;
            if self.ledger.take(*candidate, *repetition, result.is_err()) {
                study.record(*candidate, *repetition, result.clone());
                new.push(entry);
                self.new += 1;
                continue;
            }
            let known = study.scores(*candidate).get(*repetition).copied().flatten();
            if known.is_some() && known.map(f64::to_bits) != entry.near().map(f64::to_bits) {
                self.different += 1;
            }
        }
        taking.take(&new);
        Ok(())
    }

    /// What is missing, where something is: in which shards, if all parts are shards of one number.
    fn missing(&self, units: &Units, headers: &[Header]) -> Option<String> {
        let all = self.ledger.missing(units, 0..units.count());
        if all == 0 {
            return None;
        }
        let mut text = format!("{all} of {} scores are missing", units.count());
        let shards: Vec<Shard> = headers.iter().filter_map(|header| header.shard).collect();
        let of =
            shards.first().filter(|first| shards.len() == headers.len() && shards.iter().all(|s| s.of == first.of));
        if let Some(Shard { of, .. }) = of {
            let mut open = (1..=*of).filter_map(|number| {
                let shard = Shard { number, of: *of };
                let missing = self.ledger.missing(units, units.range(shard));
                (missing > 0).then_some((shard, missing))
            });
            let shown: Vec<_> = open.by_ref().take(8).collect();
            for (at, (shard, missing)) in shown.iter().enumerate() {
                let sign = if at == 0 { ": " } else { ", " };
                let is_there = shards.contains(shard);
                let kind = if is_there { "" } else { ", which has no part" };
                // Writing to a string does not fail.
                let _ = write!(text, "{sign}{missing} of shard {shard}{kind}");
            }
            match open.count() {
                0 => {}
                more => text += &format!(", and those of {more} more shards"),
            }
        }
        Some(text)
    }
}

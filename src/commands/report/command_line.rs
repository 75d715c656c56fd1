//! The command line that gives a page again.

use std::path::Path;

use crate::cli::{Repetitions, ReportArgs};

/// That of a preset or a model, with the options that decide numbers.
pub fn of_preset(source: &str, args: &ReportArgs) -> String {
    let run = &args.run;
    let mut words = vec!["neartop".to_owned(), "report".to_owned(), quoted(source)];
    let mut add = |option: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([option.to_owned(), quoted(&value)]);
        }
    };
    add("--data", run.data.as_deref().map(shown));
    add("--labels", run.labels.clone());
    add("--seed", run.seed.map(|seed| seed.to_string()));
    add(
        "--repetitions",
        run.repetitions.map(|repetitions| match repetitions {
            Repetitions::Auto => "auto".to_owned(),
            Repetitions::Fixed(n) => n.to_string(),
        }),
    );
    if args.repair {
        words.push("--repair".to_owned());
    }
    finish(words, args)
}

/// That of the preset that is recorded with a study.
pub fn of_study(args: &ReportArgs) -> String {
    finish(["neartop", "report", "preset.yaml"].map(str::to_owned).to_vec(), args)
}

fn finish(mut words: Vec<String>, args: &ReportArgs) -> String {
    if args.run.no_guard {
        words.push("--no-guard".to_owned());
    }
    words.extend(["-o".to_owned(), quoted(&shown(&args.output))]);
    words.join(" ")
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_them_otherwise() {
        let shown = ["net.yaml", "my net.yaml", "it's", "$(x)", ""].map(quoted);
        assert_eq!(shown, ["net.yaml", "'my net.yaml'", "'it'\\''s'", "'$(x)'", "''"]);
    }
}

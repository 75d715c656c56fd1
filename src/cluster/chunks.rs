//! Sets of chunks as Slurm writes them: `1-4,7,9-12`.

/// Numbers in ascending order as ranges.
#[must_use]
pub fn write_chunks(chunks: &[u32]) -> String {
    let ranges = chunks.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    ranges.collect::<Vec<_>>().join(",")
}

/// Reads such ranges up to `most`; a limit of tasks at a time behind them, `%5`, says nothing of which they are. None for
/// what is no such text.
#[must_use]
pub fn read_chunks(text: &str, most: u32) -> Option<Vec<u32>> {
    let text = text.split_once('%').map_or(text, |(before, _)| before);
    let mut chunks = Vec::new();
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (last, step) = last.split_once(':').unwrap_or((last, "1"));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if last > most {
            return None;
        }
        chunks.extend((first..=last).step_by(step.parse::<usize>().ok().filter(|step| *step > 0)?));
    }
    Some(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_as_they_are_written() {
        for (chunks, text) in [(vec![1, 2, 3, 4, 7, 9, 10], "1-4,7,9-10"), (vec![5], "5"), (vec![1, 2], "1-2")] {
            assert_eq!(write_chunks(&chunks), text);
            assert_eq!(read_chunks(text, 10), Some(chunks));
        }
        assert_eq!(read_chunks("3-5%2", 10), Some(vec![3, 4, 5]));
        assert_eq!(read_chunks("1-7:3", 10), Some(vec![1, 4, 7]));
        for wrong in ["", "a", "1-", "N/A", "1-4000000000", "1-5:0"] {
            assert_eq!(read_chunks(wrong, 10), None, "{wrong}");
        }
    }
}

//! Lines of the user's source, as PyTorch's exporters write them down.

/// The innermost line of a stack of calls that is not PyTorch's own: `model.py:32`; empty where there is none.
pub fn innermost(stack: &str) -> String {
    let frames = stack.lines().filter_map(|line| line.trim().strip_prefix("File \""));
    let frames: Vec<_> = frames.filter_map(|line| line.split_once("\", line ")).collect();
    let is_own = |file: &str| !file.contains("site-packages/torch/") && !file.contains("/torch/nn/");
    let own = frames.iter().rev().find(|(file, _)| is_own(file)).or(frames.last());
    own.map_or_else(String::new, |(file, rest)| format!("{file}:{}", rest.split([',', ' ']).next().unwrap_or_default()))
}

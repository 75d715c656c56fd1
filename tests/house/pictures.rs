//! The pictures of the app show what the app shows today.
#![cfg(unix)]

#[path = "../../examples/pictures/show.rs"]
mod show;
#[path = "../../examples/pictures/svg.rs"]
mod svg;

use std::path::Path;

use crate::docs::{read, root};

/// How far numbers may lie apart: processors round differently, which shows in a last digit.
const APART: f64 = 0.02;

/// A text cut into numbers and what stands between them.
fn parts(text: &str) -> Vec<&str> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_digit(c) != is_digit(first)).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts
}

fn are_alike(old: &str, new: &str) -> bool {
    let (old, new) = (parts(old), parts(new));
    let is_alike = |(a, b): (&&str, &&str)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= APART,
        _ => a == b,
    };
    old.len() == new.len() && old.iter().zip(&new).all(is_alike)
}

/// What a picture says and where, with its colours: all but curves and bars, and the time that the run took.
fn said(picture: &str) -> Vec<&str> {
    let is_clock = |text: &str| text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || c == ':');
    let is_time = |line: &str| line.split(['<', '>']).any(is_clock);
    picture.lines().filter(|line| !line.starts_with("<path") && !is_time(line)).collect()
}

#[test]
fn pictures_show_what_the_app_shows() {
    for (name, screen) in show::pictures(Path::new(env!("CARGO_BIN_EXE_neartop"))).expect("the app") {
        let (file, new) = (format!("docs/pictures/{name}.svg"), svg::svg(&screen, name));
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(root().join(&file), &new).expect("a picture");
        }
        let old = read(&file);
        let (old, new) = (said(&old), said(&new));
        let other = old.iter().zip(&new).find(|(old, new)| !are_alike(old, new));
        assert!(other.is_none() && old.len() == new.len(), "{file} is old: {other:?}; UPDATE_FIXTURES=1 draws it anew");
    }
}

#[test]
fn a_picture_that_is_old_is_found() {
    assert!(are_alike("<text x=\"9.5\">152.03</text>", "<text x=\"9.5\">152.04</text>"));
    assert!(!are_alike("<text x=\"9.5\">152.03</text>", "<text x=\"9.5\">152.13</text>"));
    assert!(!are_alike("<text>softsign</text>", "<text>tanh</text>"));
    assert!(!are_alike("<text fill=\"#98c379\">0.87</text>", "<text fill=\"#e06c75\">0.87</text>"));
}

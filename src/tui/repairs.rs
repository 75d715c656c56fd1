//! Repairs in words.

use neartop_core::init::rounded;
use neartop_study::study::Repair;

/// Characters that factors are listed in; more of them are told by the smallest and the largest.
const SHORT: usize = 30;

/// By one factor, and by one for each layer, as far as there are: the better one first.
#[must_use]
pub fn ways(repair: &Repair) -> Vec<&Repair> {
    let mut ways: Vec<_> = std::iter::once(repair).chain(repair.by_layer.as_deref()).collect();
    ways.sort_by_key(|way| !std::ptr::eq(*way, repair.best()));
    ways
}

/// What weights are multiplied by: `all weights x 19.7`, `weights by layer x 0.0134 to 7.94`.
#[must_use]
pub fn factors(way: &Repair) -> String {
    let number = |factor: f64| rounded(factor).to_string();
    if let Some(gain) = way.gain {
        return format!("all weights x {}", number(gain));
    }
    let all = way.gains.iter().map(|(_, gain)| number(*gain)).collect::<Vec<_>>().join(", ");
    if all.len() <= SHORT {
        return format!("weights by layer x {all}");
    }
    let gains = || way.gains.iter().map(|(_, gain)| *gain);
    let (least, most) = (gains().fold(f64::INFINITY, f64::min), gains().fold(0.0, f64::max));
    format!("weights by layer x {} to {}", number(least), number(most))
}

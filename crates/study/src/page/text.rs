//! Numbers and names as the page writes them.

pub use crate::space::grouped;

/// A number with so many digits behind the point.
pub fn fixed(x: f64, digits: usize) -> String {
    format!("{x:.digits$}")
}

/// The same of a number that may be missing.
pub fn or_nothing(x: Option<f64>, digits: usize) -> String {
    x.map(|x| fixed(x, digits)).unwrap_or_default()
}

/// e to this power as a factor: `8.3`, `1,100`, `4·10⁹`.
pub fn factor(ln: f64) -> String {
    let x = ln.exp();
    if ln.is_nan() {
        return "?".to_owned();
    }
    if x < 100.0 {
        return format!("{x:.1}");
    }
    let power = (ln / std::f64::consts::LN_10).floor() as i32;
    if power < 6 {
        let unit = 10f64.powi(power - 2);
        return grouped(((x / unit).round() * unit) as u64);
    }
    let digit = (ln - f64::from(power) * std::f64::consts::LN_10).exp().round();
    let (digit, power) = if digit >= 10.0 { (1.0, power + 1) } else { (digit, power) };
    format!("{digit:.0}·10{}", superscript(power))
}

fn superscript(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    power.to_string().chars().map(|c| c.to_digit(10).map_or(c, |digit| DIGITS[digit as usize])).collect()
}

/// `1st`, `22nd`, `113th`.
pub fn ordinal(n: usize) -> String {
    let end = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{}{end}", grouped(n as u64))
}

/// `1 candidate`, `12 candidates`.
pub fn count(n: usize, what: &str) -> String {
    let end = if n == 1 { "" } else { "s" };
    format!("{} {what}{end}", grouped(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_read_at_a_glance() {
        let shown = [2.2, 7.0, 11.0, 14.0, 22.0, 69.0].map(factor);
        assert_eq!(shown, ["9.0", "1,100", "59,900", "1·10⁶", "4·10⁹", "9·10²⁹"]);
    }

    #[test]
    fn ordinals_follow_the_last_digits() {
        let shown = [1, 2, 3, 4, 11, 12, 13, 21, 102, 1113].map(ordinal);
        assert_eq!(shown, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "1,113th"]);
        assert_eq!([0, 1, 2].map(|n| count(n, "row")), ["0 rows", "1 row", "2 rows"]);
    }
}

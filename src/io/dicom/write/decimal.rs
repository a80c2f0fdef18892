//! Decimal strings (VR DS, PS3.5 6.2): numbers in at most 16 characters.

/// Longest value, characters.
const LONGEST: usize = 16;

/// The decimal string that is nearest to a number: of those of 16 characters the closest, and of these the shortest.
pub(super) fn decimal(x: f64) -> String {
    let x = if x == 0.0 { 0.0 } else { x };
    let plain = x.to_string();
    if plain.len() <= LONGEST {
        return plain;
    }
    let written =
        (0..LONGEST).flat_map(|digits| [format!("{x:.digits$}"), format!("{x:.digits$e}")]);
    let off = |text: &str| text.parse::<f64>().map_or(f64::INFINITY, |y| (y - x).abs());
    let fitting = written.filter(|t| t.len() <= LONGEST);
    let best = fitting.min_by(|a, b| off(a).total_cmp(&off(b)).then(a.len().cmp(&b.len())));
    best.unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_and_are_near() {
        for (x, text) in
            [(0.0, "0"), (-0.0, "0"), (-2.5, "-2.5"), (1e-3, "0.001"), (1e15, "1000000000000000")]
        {
            assert_eq!(decimal(x), text);
        }
        for x in [
            1.0 / 3.0,
            -1.0 / 3.0,
            -249.511_718_750_001_23,
            1.234_567_890_123_456e-9,
            -1.234_567_890_123_456e-300,
            9.876_543_210_987e21,
            f64::from(1.0e-7_f32),
            0.999_999_999_999_999_9,
        ] {
            let text = decimal(x);
            let back: f64 = text.parse().expect("a number");
            assert!(text.len() <= 16, "{text}");
            assert!((back / x - 1.0).abs() < 2e-9, "{text} for {x}");
        }
        assert!((decimal(1.0 / 3.0).parse::<f64>().unwrap() - 1.0 / 3.0).abs() < 1e-14);
    }
}

//! Perceptually uniform colour maps from `data/colormap/` (matplotlib's, CC0), linear between 33 samples.

use std::sync::LazyLock;

use super::Rgb;

/// A colour map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourMap {
    /// Dark blue, green, yellow.
    Viridis,
    /// Black, purple, orange, light yellow.
    Inferno,
}

static VIRIDIS: LazyLock<Vec<[f64; 3]>> =
    LazyLock::new(|| parse(include_str!("../../data/colormap/viridis.csv")));
static INFERNO: LazyLock<Vec<[f64; 3]>> =
    LazyLock::new(|| parse(include_str!("../../data/colormap/inferno.csv")));

fn parse(text: &str) -> Vec<[f64; 3]> {
    let rows = text.lines().filter(|l| !l.starts_with('#')).skip(1);
    // Embedded and tested; a malformed table is a bug.
    rows.map(|row| {
        let values: Vec<f64> = row.split(',').filter_map(|v| v.parse().ok()).collect();
        <[f64; 3]>::try_from(values).expect("three numbers a row")
    })
    .collect()
}

impl ColourMap {
    /// The colour at `t` between 0 and 1; the end colours outside, the first one for NaN.
    pub fn at(self, t: f64) -> Rgb {
        let table = match self {
            ColourMap::Viridis => &*VIRIDIS,
            ColourMap::Inferno => &*INFERNO,
        };
        let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) } * (table.len() - 1) as f64;
        let i = (t.floor() as usize).min(table.len() - 2);
        let f = t - i as f64;
        [0, 1, 2].map(|c| (table[i][c] + f * (table[i + 1][c] - table[i][c])).round() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Perceptual uniformity in its coarsest form: lightness (Rec. 709 luma) rises all the way.
    #[test]
    fn lightness_rises() {
        for map in [ColourMap::Viridis, ColourMap::Inferno] {
            let luma = |t: f64| {
                let [r, g, b] = map.at(t).map(f64::from);
                0.2126 * r + 0.7152 * g + 0.0722 * b
            };
            let values: Vec<f64> = (0..=64).map(|i| luma(f64::from(i) / 64.0)).collect();
            assert!(values.windows(2).all(|w| w[1] > w[0] - 0.5), "{map:?} {values:?}");
        }
        assert_eq!(ColourMap::Viridis.at(f64::NAN), ColourMap::Viridis.at(-3.0));
    }
}

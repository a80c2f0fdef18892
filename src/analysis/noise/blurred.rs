//! A histogram with normal noise added to it, by convolution. Neglects that voxels beside each other in value may have unlike noise within a piece: the
//! mean of its ends.

use super::super::dvh::Dvh;
use super::Group;
use super::step;

/// A part of the histogram that is straight: its weight lies evenly from `low` to `high`.
#[derive(Debug, Clone, Copy)]
struct Piece {
    low: f64,
    high: f64,
    standard_error: f64,
    weight: f64,
}

/// The pieces of a histogram with their noise.
#[derive(Debug, Clone)]
pub struct Blurred(Vec<Piece>);

/// Standard deviations beyond which a normal distribution has ended.
const REACH: f64 = 8.0;
/// Width of a piece, in its noise, below which it is a point.
const POINT: f64 = 0.3;
/// Noise, in the width of its piece, below which there is none.
const NO_NOISE: f64 = 1e-9;

impl Piece {
    /// Share of it at `value` or more, and what the share falls by there per unit of value; `root` times its noise is added.
    fn above(&self, value: f64, root: f64) -> (f64, f64) {
        let (s, width) = (self.standard_error * root, self.high - self.low);
        if value > self.high + REACH * s {
            return (0.0, 0.0);
        }
        if value < self.low - REACH * s {
            return (1.0, 0.0);
        }
        if s <= NO_NOISE * width {
            let share = if width > 0.0 { (self.high - value) / width } else { 0.5 };
            return (share.clamp(0.0, 1.0), if width > 0.0 { 1.0 / width } else { 0.0 });
        }
        if width <= POINT * s {
            let z = (0.5 * (self.low + self.high) - value) / s;
            return (step(z), normal_density(z) / s);
        }
        let (low, high) = ((self.low - value) / s, (self.high - value) / s);
        (s / width * (ramp(high) - ramp(low)), (step(high) - step(low)) / width)
    }
}

impl Blurred {
    /// Of the curve through groups of voxels, ascending in value.
    pub fn new(dvh: &Dvh, groups: &[Group]) -> Self {
        let error_at = |value: f64| {
            let n = groups.partition_point(|g| g.value < value).min(groups.len() - 1);
            groups[n].standard_error
        };
        let piece = |(low, high, weight)| Piece {
            low,
            high,
            standard_error: 0.5 * (error_at(low) + error_at(high)),
            weight,
        };
        Blurred(dvh.pieces().map(piece).collect())
    }

    /// Share at `value` or more with noise of `more` times the variance added, and its fall per unit of value.
    pub fn above(&self, value: f64, more: f64) -> (f64, f64) {
        let root = more.sqrt();
        self.0.iter().fold((0.0, 0.0), |(share, density), p| {
            let (s, d) = p.above(value, root);
            (share + p.weight * s, density + p.weight * d)
        })
    }

    /// The value with this share at it or above.
    pub fn quantile(&self, share: f64, more: f64) -> f64 {
        let reach = |p: &Piece| REACH * p.standard_error * more.sqrt();
        let mut low = self.0.iter().map(|p| p.low - reach(p)).fold(f64::INFINITY, f64::min);
        let mut high = self.0.iter().map(|p| p.high + reach(p)).fold(f64::NEG_INFINITY, f64::max);
        let small = 1e-10 * (high - low);
        // From where it is without noise, by Newton's steps where they stay between the bounds, by halves elsewhere.
        let mut left = 1.0;
        let passed = |p: &&Piece| {
            left -= p.weight;
            left <= share
        };
        let start = self.0.iter().find(passed).or(self.0.last());
        let mut at = start.map_or(low, |p| 0.5 * (p.low + p.high));
        for _ in 0..80 {
            let (above, density) = self.above(at, more);
            if above > share {
                low = at
            } else {
                high = at
            }
            let next = at + (above - share) / density;
            let last = at;
            at = if next > low && next < high { next } else { 0.5 * (low + high) };
            if (at - last).abs() <= small {
                break;
            }
        }
        at
    }
}

/// Density of the standard normal distribution.
fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
}

/// Integral of [`step`] up to z.
fn ramp(z: f64) -> f64 {
    if z > REACH {
        z
    } else if z < -REACH {
        0.0
    } else {
        z * step(z) + normal_density(z)
    }
}

//! A curve as pieces with closed forms, so that what depends on more than its integral (repair of damage while dose is given) can be computed
//! exactly from the curve that was integrated. Neglects nothing of the curve; what the curve neglects, its method says.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::integrated::{Edge, Integrated, Shape};

/// A part of a curve: start + slope (t - from) + sum of a exp(-k (t - from)), in the unit of the values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Piece {
    /// Its beginning, s after administration.
    pub from_s: f64,
    /// Its end, s after administration; none: it goes on for ever (then start and slope are 0).
    pub to_s: Option<f64>,
    /// The linear part at the beginning.
    pub start: f64,
    /// Slope of the linear part, 1/s.
    pub slope: f64,
    /// (a, k) of the exponentials, k in 1/s; an uptake has a negative a.
    pub exponentials: Vec<(f64, f64)>,
}

impl Piece {
    /// Exponentials that go on for ever, from a time (s) at which they have these amplitudes.
    pub fn exponentials(from_s: f64, exponentials: Vec<(f64, f64)>) -> Self {
        Piece { from_s, exponentials, ..Piece::default() }
    }

    /// A straight line between two points.
    pub fn line(from: (f64, f64), to: (f64, f64)) -> Self {
        let slope = (to.1 - from.1) / (to.0 - from.0);
        Piece { from_s: from.0, to_s: Some(to.0), start: from.1, slope, exponentials: Vec::new() }
    }

    /// Value at a time (s); the piece is taken to hold there.
    pub fn value(&self, time_s: f64) -> f64 {
        let t = time_s - self.from_s;
        let sum: f64 = self.exponentials.iter().map(|(a, k)| a * (-k * t).exp()).sum();
        self.start + self.slope * t + sum
    }
}

impl Integrated {
    /// The curve that was integrated as pieces in order of time, from administration on. A fit scaled by one value (hybrid) is scaled too.
    pub fn pieces(&self) -> Vec<Piece> {
        let (t, y) = (self.tac.times_s(), self.tac.values());
        match &self.shape {
            Shape::Fit(fit) => {
                let factor = self.tia.value / fit.curve.tia();
                vec![Piece::exponentials(0.0, scaled(fit.curve.exponentials(), factor))]
            }
            Shape::Average(selection) => {
                let own: f64 = selection.ranked().map(|(w, f)| w * f.curve.tia()).sum();
                let all = selection
                    .ranked()
                    .flat_map(|(w, f)| scaled(f.curve.exponentials(), w * self.tia.value / own))
                    .collect();
                vec![Piece::exponentials(0.0, all)]
            }
            Shape::Exponential(half_life_s) => vec![through(t[0], y[0], *half_life_s)],
            // As `Integrated::at`: the exponential for which the rule is exact.
            Shape::Rule => vec![through(t[0], y[0], t[0])],
            Shape::Lines(before, after) => self.lines(before, after),
        }
    }

    fn lines(&self, before: &Edge, after: &Edge) -> Vec<Piece> {
        let (t, y) = (self.tac.times_s(), self.tac.values());
        let last = t.len() - 1;
        let mut pieces = Vec::new();
        if t[0] > 0.0 {
            let first = (t[0], y[0]);
            pieces.extend(match before {
                Edge::None => None,
                Edge::Constant => Some(Piece::line((0.0, y[0]), first)),
                Edge::Linear => Some(Piece::line((0.0, 0.0), first)),
                Edge::Decay(k) => Some(Piece {
                    to_s: Some(t[0]),
                    ..Piece::exponentials(0.0, vec![(y[0] * (k * t[0]).exp(), *k)])
                }),
                Edge::Fitted(fit) => Some(Piece {
                    to_s: Some(t[0]),
                    ..Piece::exponentials(0.0, fit.curve.exponentials())
                }),
            });
        }
        pieces.extend((1..=last).map(|i| Piece::line((t[i - 1], y[i - 1]), (t[i], y[i]))));
        match after {
            // Neither is a tail.
            Edge::None | Edge::Constant | Edge::Linear => {}
            Edge::Decay(k) => pieces.push(Piece::exponentials(t[last], vec![(y[last], *k)])),
            Edge::Fitted(fit) => {
                let at = |(a, k): (f64, f64)| (a * (-k * t[last]).exp(), k);
                let all = fit.curve.exponentials().into_iter().map(at).collect();
                pieces.push(Piece::exponentials(t[last], all));
            }
        }
        pieces
    }
}

fn scaled(mut exponentials: Vec<(f64, f64)>, factor: f64) -> Vec<(f64, f64)> {
    exponentials.iter_mut().for_each(|e| e.0 *= factor);
    exponentials
}

/// A mono-exponential through one point, from time 0 on.
fn through(time_s: f64, value: f64, half_life_s: f64) -> Piece {
    Piece::exponentials(0.0, vec![(value * (time_s / half_life_s).exp2(), LN_2 / half_life_s)])
}

#[cfg(test)]
mod tests {
    use super::super::single_time_point::Population;
    use super::super::{Family, Head, Method, Points, Spread, Tail, integrate_points};
    use super::*;

    const LAMBDA: f64 = 1.2e-6;
    const TIMES: [f64; 7] = [3600.0, 14_400.0, 36_000.0, 86_400.0, 172_800.0, 345_600.0, 604_800.0];

    fn integral(pieces: &[Piece]) -> f64 {
        let one = |p: &Piece| {
            let length = p.to_s.map_or(f64::INFINITY, |to| to - p.from_s);
            let line = match p.to_s {
                Some(_) => p.start * length + 0.5 * p.slope * length * length,
                None => 0.0,
            };
            line + p.exponentials.iter().map(|(a, k)| a * -(-k * length).exp_m1() / k).sum::<f64>()
        };
        pieces.iter().map(one).sum()
    }

    /// Pieces have the integral and the values of the curve that they stand for, whatever the method.
    #[test]
    fn pieces_are_the_curve() {
        let truth = |t: f64| 0.6 * (-4.9e-5 * t).exp() + 0.4 * (-4e-6 * t).exp();
        let values: Vec<f64> = TIMES.iter().map(|t| 5.0 * truth(*t)).collect();
        let points =
            Points { times_s: TIMES.to_vec(), values, spread: Spread::Relative(0.05), common: 0.0 };
        let people = Population::new(180_000.0, 40_000.0, 577_000.0).unwrap();
        let several = [
            Method::Auto(Family::ALL.to_vec()),
            Method::Average(Family::ALL.to_vec()),
            Method::Family(Family::MonoUptake),
            Method::Trapezoid(Head::Constant, Tail::Physical),
            Method::Trapezoid(Head::LinearFromZero, Tail::Population(people)),
            Method::Trapezoid(Head::Fitted(Family::Mono), Tail::Mono(3)),
            Method::Trapezoid(Head::LinearFromZero, Tail::None),
        ];
        let one = points.only(4).unwrap();
        let single =
            [Method::Haenscheid(None), Method::Madsen(people), Method::Family(Family::Physical)];
        let all = several.iter().map(|m| (&points, m)).chain(single.iter().map(|m| (&one, m)));
        for (points, method) in all {
            let found = integrate_points(points, method, LAMBDA).unwrap();
            let pieces = found.pieces();
            let off = integral(&pieces) / found.tia.value - 1.0;
            assert!(off.abs() < 1e-9, "{}: {off:e}", found.name());
            for t in [100.0, 5e3, 2e4, 1e5, 5e5, 7e5] {
                let piece = pieces.iter().find(|p| p.from_s <= t && p.to_s.is_none_or(|to| t < to));
                let value = piece.map_or(0.0, |p| p.value(t));
                let off = value - found.at(t).0;
                assert!(off.abs() < 1e-9 * 5.0, "{} at {t}: {off:e}", found.name());
            }
        }
    }
}

//! Dose rates over time in closed form, and what repair leaves of damage while dose is given: the Lea-Catcheside integral, exact for sums of
//! exponentials (also negative amplitudes: uptake) and for straight lines between points.
//!
//! With R(t) the dose rate and repair of the rate mu,
//!
//! ```text
//! Q = int_0^inf R(t) y(t) dt,   y' = R - mu y,  y(0) = 0,     G = 2 Q / D^2
//! ```
//!
//! (Dale 1996, Phys Med Biol 41, 1871; Hobbs and Sgouros 2009, Med Phys 36, 904, PMC2736747). For exponentials that never end
//! Q = sum_ij R_i R_j / ((k_i + k_j)(k_i + mu)). Neglected: repair that saturates, and damage that is not quadratic in dose.

use crate::error::{Error, Result};
use crate::kinetics::Piece;

/// Repair: a sum of exponentials, their weights adding up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// (weight, rate in 1/s).
    terms: Vec<(f64, f64)>,
}

impl Repair {
    /// One phase with this half-time, s.
    ///
    /// # Errors
    /// If it is not positive.
    pub fn mono(half_time_s: f64) -> Result<Self> {
        Ok(Repair { terms: vec![(1.0, rate(half_time_s)?)] })
    }

    /// Two phases with these half-times, s, and `c` times as much of the slow one as of the fast: G = (G_fast + c G_slow)/(1 + c)
    /// (the form of Millar et al. 2015).
    ///
    /// # Errors
    /// If a half-time is not positive or `c` negative.
    pub fn bi(fast_s: f64, slow_s: f64, c: f64) -> Result<Self> {
        if !(c >= 0.0 && c.is_finite()) {
            return Err(Error::usage(
                format!("a share {c} of slow repair"),
                "it is the slow part over the fast one, 0 or more",
                "Correct it.",
            ));
        }
        Ok(Repair { terms: vec![(1.0 / (1.0 + c), rate(fast_s)?), (c / (1.0 + c), rate(slow_s)?)] })
    }

    /// Half-times, s, with their weights.
    pub fn half_times_s(&self) -> Vec<(f64, f64)> {
        self.terms.iter().map(|(w, mu)| (std::f64::consts::LN_2 / mu, *w)).collect()
    }
}

fn rate(half_time_s: f64) -> Result<f64> {
    if half_time_s > 0.0 && half_time_s.is_finite() {
        return Ok(std::f64::consts::LN_2 / half_time_s);
    }
    Err(Error::usage(
        format!("a half-time of {half_time_s} s"),
        "it must be positive",
        "Give it with its unit, such as 2.8h.",
    ))
}

/// A dose rate (Gy/s, or any unit: G does not depend on it) from administration on.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseRate {
    /// In order of time, not overlapping; nothing between them.
    pieces: Vec<Piece>,
}

impl DoseRate {
    /// From pieces, such as those of a fitted curve.
    ///
    /// # Errors
    /// If there are none, they overlap, are not finite, do not end, or give no dose.
    pub fn new(pieces: Vec<Piece>) -> Result<Self> {
        let refuse = |what: &str| {
            let why = "a dose rate is finite pieces in order of time that end or die away";
            Err(Error::input(format!("a dose rate {what}"), why, "Check the curve."))
        };
        let mut last = 0.0;
        for (n, p) in pieces.iter().enumerate() {
            let length = p.to_s.map_or(1.0, |to| to - p.from_s);
            let numbers = p.exponentials.iter().flat_map(|(a, k)| [*a, *k]);
            if !numbers.chain([p.from_s, length, p.start, p.slope]).all(f64::is_finite) {
                return refuse("that is not finite");
            }
            if p.from_s < last || length <= 0.0 {
                return refuse("whose pieces overlap");
            }
            let dies = p.start == 0.0 && p.slope == 0.0;
            if p.to_s.is_none() && !(dies && p.exponentials.iter().all(|e| e.1 > 0.0)) {
                return refuse("that does not die away");
            }
            if p.to_s.is_none() && n + 1 < pieces.len() {
                return refuse("whose pieces overlap");
            }
            last = p.to_s.unwrap_or(f64::INFINITY);
        }
        let rate = DoseRate { pieces };
        if rate.dose().is_nan() || rate.dose() <= 0.0 {
            return refuse("without dose");
        }
        Ok(rate)
    }

    /// One exponential with an effective half-life, s, from administration on, of the dose 1.
    ///
    /// # Errors
    /// If the half-life is not positive.
    pub fn mono(half_life_s: f64) -> Result<Self> {
        let k = rate(half_life_s)?;
        DoseRate::new(vec![Piece::exponentials(0.0, vec![(k, k)])])
    }

    /// Straight lines between points, constant before the first; after the last one an exponential with this half-life, s, if there is one.
    ///
    /// # Errors
    /// As [`DoseRate::new`]; if times do not ascend or are as many as the rates.
    pub fn lines(times_s: &[f64], rates: &[f64], tail_half_life_s: Option<f64>) -> Result<Self> {
        if times_s.len() != rates.len() || times_s.is_empty() {
            return Err(Error::input(
                format!("{} times and {} dose rates", times_s.len(), rates.len()),
                "they come in pairs, at least one",
                "Check the points.",
            ));
        }
        let at = |i: usize| (times_s[i], rates[i]);
        let mut pieces = Vec::new();
        if times_s[0] > 0.0 {
            pieces.push(Piece::line((0.0, rates[0]), at(0)));
        }
        pieces.extend((1..times_s.len()).map(|i| Piece::line(at(i - 1), at(i))));
        if let Some(half_life) = tail_half_life_s {
            let (t, r) = at(times_s.len() - 1);
            pieces.push(Piece::exponentials(t, vec![(r, rate(half_life)?)]));
        }
        DoseRate::new(pieces)
    }

    /// The same later by a time, s.
    pub fn later(&self, by_s: f64) -> Self {
        let moved = |p: &Piece| Piece {
            from_s: p.from_s + by_s,
            to_s: p.to_s.map(|to| to + by_s),
            ..p.clone()
        };
        DoseRate { pieces: self.pieces.iter().map(moved).collect() }
    }

    /// The same times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        let scaled = |p: &Piece| Piece {
            start: p.start * factor,
            slope: p.slope * factor,
            exponentials: p.exponentials.iter().map(|(a, k)| (a * factor, *k)).collect(),
            ..p.clone()
        };
        DoseRate { pieces: self.pieces.iter().map(scaled).collect() }
    }

    /// The same with the dose 1.
    pub fn unit(&self) -> Self {
        self.scaled(1.0 / self.dose())
    }

    /// The sum of two.
    pub fn plus(&self, other: &Self) -> Self {
        let all = || self.pieces.iter().chain(&other.pieces);
        let mut edges: Vec<f64> =
            all().flat_map(|p| [p.from_s, p.to_s.unwrap_or(f64::INFINITY)]).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let mut pieces = Vec::new();
        for w in edges.windows(2) {
            let (from, to) = (w[0], w[1]);
            let mut sum =
                Piece { from_s: from, to_s: to.is_finite().then_some(to), ..Piece::default() };
            let covers = |p: &&Piece| p.from_s <= from && p.to_s.is_none_or(|end| end >= to);
            let mut any = false;
            for p in all().filter(covers) {
                let since = from - p.from_s;
                sum.start += p.start + p.slope * since;
                sum.slope += p.slope;
                sum.exponentials
                    .extend(p.exponentials.iter().map(|(a, k)| (a * (-k * since).exp(), *k)));
                any = true;
            }
            if any {
                pieces.push(sum);
            }
        }
        DoseRate { pieces }
    }

    /// Its integral, Gy.
    pub fn dose(&self) -> f64 {
        let of = |p: &Piece| {
            let t = length(p);
            let line = if t.is_finite() { p.start * t + 0.5 * p.slope * t * t } else { 0.0 };
            line + p.exponentials.iter().map(|(a, k)| a * moment(0, *k, t)).sum::<f64>()
        };
        self.pieces.iter().map(of).sum()
    }

    /// Q of the module's text over the phases of repair, Gy^2.
    pub fn interaction(&self, repair: &Repair) -> f64 {
        repair.terms.iter().map(|(w, mu)| w * self.interaction_at(*mu)).sum()
    }

    /// The Lea-Catcheside factor G, 0 to 1.
    pub fn g(&self, repair: &Repair) -> f64 {
        2.0 * self.interaction(repair) / self.dose().powi(2)
    }

    fn interaction_at(&self, mu: f64) -> f64 {
        let (mut q, mut y, mut at) = (0.0, 0.0_f64, 0.0);
        for p in &self.pieces {
            y *= (-mu * (p.from_s - at)).exp();
            q += piece_interaction(p, mu, y);
            y = unrepaired(p, mu, y);
            at = p.to_s.unwrap_or(f64::INFINITY);
        }
        q
    }
}

fn length(p: &Piece) -> f64 {
    p.to_s.map_or(f64::INFINITY, |to| to - p.from_s)
}

/// int_0^T t^n exp(-k t) dt; T may be infinite where k > 0.
fn moment(n: i32, k: f64, t: f64) -> f64 {
    let z = k * t;
    if z == f64::INFINITY {
        return (1..=n).map(f64::from).product::<f64>() / k.powi(n + 1);
    }
    if z.abs() < 0.5 {
        // sum_m (-z)^m / (m! (m + n + 1)): the closed form cancels here.
        let (mut term, mut sum) = (1.0, 0.0);
        for m in 0..24 {
            sum += term / f64::from(m + n + 1);
            term *= -z / f64::from(m + 1);
        }
        return sum * t.powi(n + 1);
    }
    let first = -(-z).exp_m1() / k;
    (1..=n).fold(first, |below, m| (f64::from(m) * below - t.powi(m) * (-z).exp()) / k)
}

/// (I_n(p) - I_n(q)) / (q - p) with I_n of [`moment`]: where p and q are near, the middle's derivative, good to 1e-9.
fn divided(n: i32, p: f64, q: f64, t: f64) -> f64 {
    if t == f64::INFINITY && n == 0 {
        return 1.0 / (p * q);
    }
    if (q - p).abs() <= 1e-5 * p.abs().max(q.abs()).max(1.0 / t) {
        return moment(n + 1, 0.5 * (p + q), t);
    }
    (moment(n, p, t) - moment(n, q, t)) / (q - p)
}

/// int R y over a piece that begins with the damage `y`.
fn piece_interaction(p: &Piece, mu: f64, y: f64) -> f64 {
    let (t, b, c) = (length(p), p.start, p.slope);
    let e = &p.exponentials;
    // What was there before.
    let mut q = y * e.iter().map(|(a, k)| a * moment(0, k + mu, t)).sum::<f64>();
    // Exponentials with each other.
    for (aj, kj) in e {
        q += aj * e.iter().map(|(ai, ki)| ai * divided(0, ki + kj, ki + mu, t)).sum::<f64>();
    }
    if t == f64::INFINITY || (b == 0.0 && c == 0.0) {
        return q;
    }
    // The line with what was there, with the exponentials, and with itself: y_line = (b/mu - c/mu^2)(1 - exp(-mu t)) + c t/mu.
    q += y * (b * moment(0, mu, t) + c * moment(1, mu, t));
    for (aj, kj) in e {
        q += aj * (b * divided(0, *kj, mu, t) + c * divided(1, *kj, mu, t));
    }
    let rise = |n: i32, k: f64| moment(n, k, t) - moment(n, k + mu, t);
    let of_rise =
        b * rise(0, 0.0) + c * rise(1, 0.0) + e.iter().map(|(a, k)| a * rise(0, *k)).sum::<f64>();
    let of_time = b * moment(1, 0.0, t)
        + c * moment(2, 0.0, t)
        + e.iter().map(|(a, k)| a * moment(1, *k, t)).sum::<f64>();
    q + (b / mu - c / (mu * mu)) * of_rise + c / mu * of_time
}

/// The damage y at the end of a piece that begins with `y`.
fn unrepaired(p: &Piece, mu: f64, y: f64) -> f64 {
    let t = length(p);
    if t == f64::INFINITY {
        return 0.0;
    }
    let left = (-mu * t).exp();
    let rise = -(-mu * t).exp_m1();
    let line = (p.start / mu - p.slope / (mu * mu)) * rise + p.slope / mu * t;
    let grown = |(a, k): &(f64, f64)| {
        let near = (mu - k).abs() * t < 1e-5;
        // int_0^t exp(-k w) exp(-mu (t - w)) dw
        a * if near { t * (-0.5 * (k + mu) * t).exp() } else { ((-k * t).exp() - left) / (mu - k) }
    };
    y * left + line + p.exponentials.iter().map(grown).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    const HOUR: f64 = 3600.0;

    /// G by brute force: y stepped in small steps, the integral by the midpoint rule.
    fn brute(rate: &DoseRate, mu: f64, end_s: f64, steps: usize) -> f64 {
        let h = end_s / steps as f64;
        let at = |t: f64| {
            let holds = |p: &&Piece| p.from_s <= t && p.to_s.is_none_or(|to| t < to);
            rate.pieces.iter().find(holds).map_or(0.0, |p| p.value(t))
        };
        let (mut y, mut q, mut d) = (0.0, 0.0, 0.0);
        for i in 0..steps {
            let r = at((i as f64 + 0.5) * h);
            let grown = -(-mu * h).exp_m1() / mu;
            // Mean of y over the step, for a constant rate in it.
            let mean = y * grown / h + r / mu * (1.0 - grown / h);
            q += r * mean * h;
            d += r * h;
            y = y * (-mu * h).exp() + r * grown;
        }
        2.0 * q / (d * d)
    }

    /// Pieces of every kind, one after the other, with damage carried over: exact against a fine sum.
    #[test]
    fn every_form_is_the_integral_that_it_stands_for() {
        let line = Piece::line((0.0, 0.0), (3.0 * HOUR, 4.0));
        let mixed = Piece {
            from_s: 3.0 * HOUR,
            to_s: Some(8.0 * HOUR),
            start: 1.0,
            slope: -1.0 / (9.0 * HOUR),
            exponentials: vec![(3.0, LN_2 / (4.0 * HOUR)), (-0.5, LN_2 / HOUR)],
        };
        let tail = Piece::exponentials(10.0 * HOUR, vec![(2.0, LN_2 / (6.0 * HOUR))]);
        let rate = DoseRate::new(vec![line, mixed, tail]).unwrap();
        for half_time in [0.3, 1.0, 2.8, 4.0, 40.0] {
            let repair = Repair::mono(half_time * HOUR).unwrap();
            let g = rate.g(&repair);
            let sum = brute(&rate, LN_2 / (half_time * HOUR), 150.0 * HOUR, 600_000);
            assert!((g / sum - 1.0).abs() < 2e-6, "{half_time} h: {g} {sum}");
        }
    }

    /// Equal rates of repair and decay are no singularity: Trep/(Trep + Teff) = 1/2, also in pieces.
    #[test]
    fn equal_rates_are_no_singularity() {
        let repair = Repair::mono(5.0 * HOUR).unwrap();
        let whole = DoseRate::mono(5.0 * HOUR).unwrap();
        assert!((whole.g(&repair) - 0.5).abs() < 1e-12);
        for cut in [0.01, 1.0, 30.0] {
            for shift in [0.0, 1e-12, 1e-9, 1e-7, 3e-6] {
                let k = LN_2 / (5.0 * HOUR) * (1.0 + shift);
                let mut first = Piece::exponentials(0.0, vec![(k, k)]);
                first.to_s = Some(cut * HOUR);
                let rest = Piece::exponentials(cut * HOUR, vec![(k * (-k * cut * HOUR).exp(), k)]);
                let parts = DoseRate::new(vec![first, rest]).unwrap();
                let expected = k / (k + LN_2 / (5.0 * HOUR));
                let off = parts.g(&repair) / expected - 1.0;
                assert!(off.abs() < 1e-8, "{cut} {shift}: {off:e}");
            }
        }
    }

    /// A sum of curves has the dose of both, and what it says does not depend on how it is cut.
    #[test]
    fn sums_add_doses_and_interactions() {
        let repair = Repair::bi(0.5 * HOUR, 4.0 * HOUR, 0.7).unwrap();
        let a = DoseRate::mono(20.0 * HOUR).unwrap();
        let b =
            DoseRate::lines(&[2.0 * HOUR, 9.0 * HOUR], &[1e-5, 4e-5], Some(8.0 * HOUR)).unwrap();
        let sum = a.plus(&b.later(3.0 * HOUR));
        assert!((sum.dose() - a.dose() - b.dose()).abs() < 1e-12);
        // At once, twice the curve: four times the interaction.
        let twice = a.plus(&a);
        assert!((twice.interaction(&repair) / a.interaction(&repair) - 4.0).abs() < 1e-12);
        // Far apart: nothing between them.
        let apart = a.plus(&a.later(1e8));
        assert!((apart.interaction(&repair) / a.interaction(&repair) - 2.0).abs() < 1e-9);
        let mu = [LN_2 / (0.5 * HOUR), LN_2 / (4.0 * HOUR)];
        let g = |mu: f64| brute(&sum, mu, 400.0 * HOUR, 800_000);
        let expected = (g(mu[0]) + 0.7 * g(mu[1])) / 1.7;
        assert!((sum.g(&repair) / expected - 1.0).abs() < 2e-6);
    }

    #[test]
    fn what_is_no_dose_rate_is_refused() {
        let forever = Piece { start: 1.0, ..Piece::default() };
        let grows = Piece::exponentials(0.0, vec![(1.0, 0.0)]);
        let nothing = Piece::line((0.0, 0.0), (5.0, 0.0));
        let nan = Piece::line((0.0, f64::NAN), (5.0, 0.0));
        for pieces in [vec![], vec![forever], vec![grows], vec![nothing], vec![nan]] {
            assert!(DoseRate::new(pieces).is_err());
        }
        let one = Piece::line((0.0, 1.0), (5.0, 1.0));
        assert!(DoseRate::new(vec![one.clone(), Piece { from_s: 4.0, ..one }]).is_err());
        assert!(Repair::mono(0.0).is_err() && Repair::mono(-1.0).is_err());
        assert!(Repair::bi(1.0, 1.0, -0.1).is_err());
        assert!(DoseRate::lines(&[1.0], &[1.0, 2.0], None).is_err());
    }
}

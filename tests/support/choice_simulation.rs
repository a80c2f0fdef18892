//! Simulated noisy curves whose truth is known: how often the chosen curve's 95 % interval holds it, how often its integral is far off.

use voxgray::kinetics::{Family, Method, Points, Spread, fit, integrate_points};

use super::simulated_tac::{LU177, Normal};

const HOUR: f64 = 3600.0;

/// A sum of exponentials: amplitudes and effective half-lives (h).
pub struct Truth {
    pub name: &'static str,
    pub terms: &'static [(f64, f64)],
}

/// Curves as in Lu-177 therapy; of each kind one that clinical times show well and one that they show badly.
pub const TRUTHS: [Truth; 8] = [
    Truth { name: "mono", terms: &[(100.0, 50.0)] },
    Truth { name: "bi", terms: &[(50.0, 4.0), (50.0, 60.0)] },
    Truth { name: "uptake-mono", terms: &[(100.0, 110.0), (-100.0, 9.0)] },
    Truth { name: "uptake-bi", terms: &[(60.0, 10.0), (40.0, 80.0), (-100.0, 1.0)] },
    Truth { name: "mono, slow", terms: &[(100.0, 110.0)] },
    Truth { name: "bi, fast phase large", terms: &[(80.0, 2.0), (20.0, 40.0)] },
    Truth { name: "uptake-mono, early", terms: &[(100.0, 60.0), (-100.0, 2.0)] },
    Truth { name: "uptake-bi, phases close", terms: &[(70.0, 15.0), (30.0, 120.0), (-100.0, 6.0)] },
];

/// Clinical times of three to six points, h.
pub const TIMES_H: [&[f64]; 4] = [
    &[24.0, 72.0, 168.0],
    &[4.0, 24.0, 72.0, 168.0],
    &[4.0, 24.0, 48.0, 96.0, 168.0],
    &[2.0, 6.0, 24.0, 48.0, 96.0, 168.0],
];

/// Relative standard deviation of a point.
pub const NOISE: [f64; 3] = [0.03, 0.05, 0.10];

/// Value at a time of a sum of exponentials: amplitudes and effective half-lives (h).
pub fn value(terms: &[(f64, f64)], t_s: f64) -> f64 {
    terms.iter().map(|(a, h)| a * (-t_s / (h * HOUR)).exp2()).sum()
}

/// Its integral from injection to infinity.
pub fn integral(terms: &[(f64, f64)]) -> f64 {
    terms.iter().map(|(a, h)| a * h * HOUR / std::f64::consts::LN_2).sum()
}

/// What became of the curves of one truth, sampling, noise and statement of it.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// Curves integrated.
    pub curves: usize,
    /// Refused (rising throughout).
    pub refused: usize,
    /// Whose 95 % interval holds the truth.
    pub covered: usize,
    /// Whose truth lies above the interval.
    pub above: usize,
    /// Off by more than 20 %.
    pub off: usize,
    /// With the warning that they may be off by more than 20 %.
    pub warned: usize,
    /// As many by a weighted mono-exponential fit.
    pub mono_off: usize,
    /// Off by more than 20 % without a warning that says so.
    pub unwarned: usize,
    /// Sum of integral over truth.
    pub ratio: f64,
    /// Half-widths of the intervals (ln), sorted.
    pub half_widths: Vec<f64>,
}

#[allow(dead_code, reason = "of the long form only")]
impl Cell {
    pub fn coverage(&self) -> f64 {
        self.covered as f64 / self.curves as f64
    }

    pub fn median_half_width(&self) -> f64 {
        self.half_widths[self.half_widths.len() / 2]
    }
}

/// Simulates `n` curves; with `stated` their noise is stated with the points.
pub fn simulate(
    truth: &Truth,
    times_h: &[f64],
    noise: f64,
    stated: bool,
    n: usize,
    seed: u64,
) -> Cell {
    let mut normal = Normal(seed);
    let mut cell = Cell::default();
    for _ in 0..n {
        cell.add(truth.terms, LU177, times_h, (noise, stated), &mut normal);
    }
    cell.half_widths.sort_by(f64::total_cmp);
    cell
}

impl Cell {
    /// One noisy curve more; `noise` and whether it is stated with the points.
    pub fn add(
        &mut self,
        terms: &[(f64, f64)],
        lambda: f64,
        times_h: &[f64],
        (noise, stated): (f64, bool),
        normal: &mut Normal,
    ) {
        let whole = integral(terms);
        let times_s: Vec<f64> = times_h.iter().map(|h| h * HOUR).collect();
        let noisy = |t: &f64| value(terms, *t) * (1.0 + noise * normal.draw());
        let values: Vec<f64> = times_s.iter().map(noisy).collect();
        let spread = if stated { Spread::Relative(noise) } else { Spread::Unknown };
        let points = Points { times_s, values, spread, common: 0.0 };
        let Ok(found) = integrate_points(&points, &Method::Auto(Family::ALL.to_vec()), lambda)
        else {
            self.refused += 1;
            return;
        };
        let tia = &found.tia;
        let off = |value: f64| (value / whole - 1.0).abs() > 0.20;
        let (low, high) = tia.interval_95;
        let covers = (low..=high).contains(&whole);
        let said = tia.warnings.iter().any(|w| w.contains("off by more than 20 %"));
        self.curves += 1;
        self.covered += usize::from(covers);
        self.above += usize::from(whole > high);
        self.off += usize::from(off(tia.value));
        self.warned += usize::from(said);
        self.unwarned += usize::from(off(tia.value) && !said);
        let mono = points.tac().and_then(|tac| fit(&tac, Family::Mono, lambda));
        self.mono_off += usize::from(mono.is_ok_and(|m| off(m.curve.tia())));
        self.ratio += tia.value / whole;
        self.half_widths.push(0.5 * (high / low).ln());
    }
}

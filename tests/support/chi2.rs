//! Pearson's chi-squared test of samples against a distribution, with Sidak's correction for many tests, in the manner of
//! pbrt-v4: bins with fewer than five expected counts are pooled, and a failure prints its table.

use std::fmt::Write as _;

use voxgray::stats::chi_squared_exceeded;

/// Probability that all tests of one file pass when every sampler is right: 1 - ALPHA.
pub const ALPHA: f64 = 0.01;
/// Least expected count of a bin (Cochran's rule).
const LEAST_EXPECTED: f64 = 5.0;
/// Panels of the numerical integration of a pdf.
const PANELS: usize = 20_000;

/// A partition of an interval with the probability of each part.
#[derive(Debug, Clone)]
pub struct Bins {
    /// Ascending edges, one more than bins.
    pub edges: Vec<f64>,
    /// Probability per bin; sums to one.
    pub probability: Vec<f64>,
}

/// Cumulative probabilities at which bins are cut: fine in both tails, every percent between.
fn cuts() -> Vec<f64> {
    let tail = [1e-5, 1e-4, 1e-3, 3e-3];
    let mut cuts = tail.to_vec();
    cuts.extend((1..100).map(|i| f64::from(i) / 100.0));
    cuts.extend(tail.iter().rev().map(|t| 1.0 - t));
    cuts
}

impl Bins {
    /// Bins of a density (not normalised): Simpson's rule over the nodes `map(t)`, t in [0, 1], which ascend.
    pub fn from_pdf(pdf: impl Fn(f64) -> f64, map: impl Fn(f64) -> f64) -> Self {
        let x: Vec<f64> = (0..=PANELS).map(|i| map(i as f64 / PANELS as f64)).collect();
        let mut below = vec![0.0; PANELS + 1];
        let mut left = pdf(x[0]);
        for i in 0..PANELS {
            let right = pdf(x[i + 1]);
            let middle = pdf(0.5 * (x[i] + x[i + 1]));
            below[i + 1] = below[i] + (x[i + 1] - x[i]) / 6.0 * (left + 4.0 * middle + right);
            left = right;
        }
        Bins::from_cumulative(&x, &below)
    }

    /// Bins of a cumulative distribution given at many points (ascending, any scale).
    pub fn from_cumulative(x: &[f64], below: &[f64]) -> Self {
        let last = x.len() - 1;
        let total = below[last] - below[0];
        let mut at = vec![0];
        for cut in cuts() {
            let i = below.partition_point(|&b| b - below[0] < cut * total).clamp(1, last - 1);
            if i > at[at.len() - 1] {
                at.push(i);
            }
        }
        at.push(last);
        let probability = at.windows(2).map(|w| (below[w[1]] - below[w[0]]) / total).collect();
        Bins { edges: at.iter().map(|&i| x[i]).collect(), probability }
    }

    /// Bins of a quantile function.
    pub fn from_quantiles(quantile: impl Fn(f64) -> f64) -> Self {
        let mut edges = vec![quantile(0.0)];
        let mut probability = Vec::new();
        let mut below = 0.0;
        for cut in cuts().into_iter().chain([1.0]) {
            let x = quantile(cut);
            if x > edges[edges.len() - 1] {
                edges.push(x);
                probability.push(cut - below);
                below = cut;
            }
        }
        Bins { edges, probability }
    }

    /// The same edges with the probabilities of a cumulative distribution; all below the first edge goes to the first bin.
    pub fn measured_by(mut self, cumulative: impl Fn(f64) -> f64) -> Self {
        let mut below = 0.0;
        for (p, edge) in self.probability.iter_mut().zip(&self.edges[1..]) {
            let up_to = cumulative(*edge);
            *p = up_to - below;
            below = up_to;
        }
        self
    }

    /// Pools the bins up to the cumulative probability `low` and those of the last `high`, for tables that do not resolve them.
    pub fn without_tails(self, low: f64, high: f64) -> Self {
        let (mut edges, mut probability) = (vec![self.edges[0]], Vec::new());
        let (mut below, mut open) = (0.0, 0.0);
        for (p, edge) in self.probability.iter().zip(&self.edges[1..]) {
            below += p;
            open += p;
            if below >= low && below <= 1.0 - high {
                probability.push(open);
                edges.push(*edge);
                open = 0.0;
            }
        }
        probability.push(open);
        edges.push(self.edges[self.edges.len() - 1]);
        Bins { edges, probability }
    }

    /// The bin of `x`; what lies outside goes to the first or last bin.
    pub fn bin(&self, x: f64) -> usize {
        self.edges.partition_point(|&e| e <= x).clamp(1, self.probability.len()) - 1
    }
}

/// Outcome of one test.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What was tested.
    pub name: String,
    /// Probability of a chi-squared this large or larger.
    pub p: f64,
    /// Largest deviation of a bin's probability, relative to the bin, among bins of at least 0.5 %.
    pub worst: f64,
    /// The table that a failure prints.
    pub table: String,
}

/// Draws `n` samples and tests them.
pub fn compare(name: &str, bins: &Bins, n: usize, mut draw: impl FnMut() -> f64) -> Comparison {
    let mut counts = vec![0_u64; bins.probability.len()];
    for _ in 0..n {
        let x = draw();
        assert!(x.is_finite(), "{name}: drew {x}");
        counts[bins.bin(x)] += 1;
    }
    let label = |i: usize| format!("{:>13.6e} .. {:>13.6e}", bins.edges[i], bins.edges[i + 1]);
    compare_counts(name, &bins.probability, &counts, label)
}

/// Tests counts of categories; `label` names a category in the table.
pub fn compare_counts(
    name: &str,
    probability: &[f64],
    counts: &[u64],
    label: impl Fn(usize) -> String,
) -> Comparison {
    let n: u64 = counts.iter().sum();
    let mut pooled = (0.0, 0.0);
    let (mut chi2, mut bins, mut worst) = (0.0, 0_usize, 0.0_f64);
    let mut table = String::from("bin: expected, counted, (counted - expected)/sigma\n");
    let term = |expected: f64, count: f64| (count - expected).powi(2) / expected;
    for (i, (&p, &count)) in probability.iter().zip(counts).enumerate() {
        let (expected, count) = (p * n as f64, count as f64);
        let sigma = (count - expected) / expected.max(1e-9).sqrt();
        let _ = writeln!(table, "{}: {expected:.1}, {count}, {sigma:+.2}", label(i));
        if expected < LEAST_EXPECTED {
            pooled.0 += expected;
            pooled.1 += count;
            continue;
        }
        chi2 += term(expected, count);
        bins += 1;
        if p >= 5e-3 {
            worst = worst.max((count / expected - 1.0).abs());
        }
    }
    // Pooled bins: their own bin if large enough; a count where nothing is expected is a failure.
    if pooled.0 >= LEAST_EXPECTED {
        chi2 += term(pooled.0, pooled.1);
        bins += 1;
    } else if pooled.1 > 10.0 * LEAST_EXPECTED {
        chi2 = f64::INFINITY;
    }
    let p = if bins < 2 { 1.0 } else { chi_squared_exceeded(chi2, (bins - 1) as f64) };
    Comparison { name: format!("{name} (chi2 {chi2:.1}, {bins} bins, n {n})"), p, worst, table }
}

/// Prints all comparisons and fails if any p lies below the Sidak level `1 - (1 - ALPHA)^(1/tests)`.
pub fn verdict(comparisons: &[Comparison], tests: usize) {
    let level = 1.0 - (1.0 - ALPHA).powf(1.0 / tests as f64);
    let failed: Vec<&Comparison> =
        comparisons.iter().filter(|c| c.p.is_nan() || c.p < level).collect();
    for c in comparisons {
        println!("{}: p = {:.3e}, worst bin {:.2} %", c.name, c.p, 100.0 * c.worst);
    }
    for c in &failed {
        println!("FAILED {}: p = {:.3e} below {level:.3e}\n{}", c.name, c.p, c.table);
    }
    let names: Vec<&str> = failed.iter().map(|c| c.name.as_str()).collect();
    assert!(failed.is_empty(), "samplers off at the level {level:.2e}: {names:#?}");
}

//! Families of time-activity curves: sums of exponentials with physical decay built in.
//!
//! A(t) = sum_j A_j exp(-(lambda + lambda_j) t), t after injection, lambda the physical decay constant, lambda_j >= 0 the biological
//! rates. Neglected: re-uptake, delayed administration, and every shape that is no such sum. A fit works on free parameters theta
//! that make the constraints hold by themselves: theta_0 = ln TIA (so that the TIA's variance stands in the covariance itself), then
//! the logarithms of the slowest rate and of the differences between rates, then the shares of the amplitudes (logit, log-ratios).

/// Largest number of exponentials.
const TERMS: usize = 3;
/// Largest number of shape parameters (all but ln TIA).
const SHAPES: usize = 5;
/// Logarithm of the fastest step between two rates (1/s).
pub(crate) const LN_FASTEST: f64 = 0.0;
/// Largest log-ratio of two amplitudes.
const LN_RATIO: f64 = 40.0;

/// A family of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// A exp(-lambda t): no biological clearance (1 parameter).
    Physical,
    /// A exp(-(lambda + lambda_1) t) (2 parameters).
    Mono,
    /// A (exp(-(lambda + lambda_1) t) - exp(-(lambda + lambda_u) t)): uptake from zero, then clearance (3 parameters).
    MonoUptake,
    /// Two phases of clearance, both amplitudes positive (4 parameters).
    Bi,
    /// Uptake from zero, then two phases of clearance (5 parameters).
    BiUptake,
    /// Three phases of clearance, all amplitudes positive (6 parameters).
    Tri,
}

impl Family {
    /// All families, simplest first.
    pub const ALL: [Family; 6] = [
        Family::Physical,
        Family::Mono,
        Family::MonoUptake,
        Family::Bi,
        Family::BiUptake,
        Family::Tri,
    ];

    /// Number of parameters.
    pub fn parameters(self) -> usize {
        1 + self.shapes()
    }

    /// Number of shape parameters.
    pub fn shapes(self) -> usize {
        match self {
            Family::Physical => 0,
            Family::Mono => 1,
            Family::MonoUptake => 2,
            Family::Bi => 3,
            Family::BiUptake => 4,
            Family::Tri => 5,
        }
    }

    /// Free parameters that are logarithms of a step from one rate to the next faster.
    pub(crate) fn steps(self) -> &'static [usize] {
        match self {
            Family::Physical | Family::Mono => &[],
            Family::MonoUptake | Family::Bi => &[2],
            Family::BiUptake => &[2, 4],
            Family::Tri => &[2, 3],
        }
    }

    /// Short name, as the command line takes it.
    pub fn name(self) -> &'static str {
        match self {
            Family::Physical => "physical",
            Family::Mono => "mono",
            Family::MonoUptake => "mono-uptake",
            Family::Bi => "bi",
            Family::BiUptake => "bi-uptake",
            Family::Tri => "tri",
        }
    }

    /// Number of phases of clearance.
    pub fn phases_of_clearance(self) -> usize {
        match self {
            Family::Physical | Family::Mono | Family::MonoUptake => 1,
            Family::Bi | Family::BiUptake => 2,
            Family::Tri => 3,
        }
    }

    /// Whether the curve starts from zero.
    pub fn has_uptake(self) -> bool {
        matches!(self, Family::MonoUptake | Family::BiUptake)
    }

    fn terms_count(self) -> usize {
        match self {
            Family::Physical | Family::Mono => 1,
            Family::MonoUptake | Family::Bi => 2,
            Family::BiUptake | Family::Tri => 3,
        }
    }
}

/// One exponential c exp(-k t) of the shape, with the derivatives of c and k by the shape parameters.
#[derive(Debug, Clone, Copy, Default)]
struct Term {
    c: f64,
    k: f64,
    dc: [f64; SHAPES],
    dk: [f64; SHAPES],
}

/// A curve of a family.
#[derive(Debug, Clone)]
pub struct Curve {
    family: Family,
    decay_constant_per_s: f64,
    theta: Vec<f64>,
    terms: [Term; TERMS],
    /// Integral of the shape from 0 to infinity, s.
    norm: f64,
    dnorm: [f64; SHAPES],
}

/// A parameter in the units of the equation, with its derivatives by theta.
#[derive(Debug, Clone, PartialEq)]
pub struct NaturalParameter {
    /// `A_1` (unit of the values), `lambda_1` (1/s; biological rate); 1 is the slowest phase, `lambda_u` the uptake's rate.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Derivatives by theta.
    pub gradient: Vec<f64>,
}

impl Curve {
    /// The curve of free parameters `theta` (length [`Family::parameters`]); rates in 1/s, TIA in unit of the values times s.
    pub fn new(family: Family, decay_constant_per_s: f64, theta: &[f64]) -> Self {
        debug_assert_eq!(theta.len(), family.parameters());
        let terms = terms(family, decay_constant_per_s, &theta[1..]);
        let (mut norm, mut dnorm) = (0.0, [0.0; SHAPES]);
        for term in &terms[..family.terms_count()] {
            norm += term.c / term.k;
            for (p, d) in dnorm.iter_mut().enumerate() {
                *d += (term.dc[p] - term.c * term.dk[p] / term.k) / term.k;
            }
        }
        Curve { family, decay_constant_per_s, theta: theta.to_vec(), terms, norm, dnorm }
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Physical decay constant, 1/s.
    pub fn decay_constant_per_s(&self) -> f64 {
        self.decay_constant_per_s
    }

    /// Free parameters.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// Time integral from injection to infinity: sum_j A_j / (lambda + lambda_j).
    pub fn tia(&self) -> f64 {
        self.theta[0].exp()
    }

    fn used(&self) -> &[Term] {
        &self.terms[..self.family.terms_count()]
    }

    /// Value per unit TIA, 1/s.
    pub fn value_per_tia(&self, time_s: f64) -> f64 {
        self.used().iter().map(|e| e.c * (-e.k * time_s).exp()).sum::<f64>() / self.norm
    }

    /// Value at a time (s after injection).
    pub fn value(&self, time_s: f64) -> f64 {
        self.tia() * self.value_per_tia(time_s)
    }

    /// Derivatives of the value at a time by theta.
    pub fn gradient(&self, time_s: f64) -> Vec<f64> {
        let value = self.value_per_tia(time_s);
        let scale = self.tia();
        let mut gradient = vec![0.0; self.theta.len()];
        gradient[0] = scale * value;
        for (p, g) in gradient[1..].iter_mut().enumerate() {
            let slope = |e: &Term| (e.dc[p] - e.c * e.dk[p] * time_s) * (-e.k * time_s).exp();
            let dh: f64 = self.used().iter().map(slope).sum();
            *g = scale * (dh - value * self.dnorm[p]) / self.norm;
        }
        gradient
    }

    /// Integral between two times (s); `to_s` may be infinite.
    pub fn integral(&self, from_s: f64, to_s: f64) -> f64 {
        let part = |e: &Term| e.c * ((-e.k * from_s).exp() - (-e.k * to_s).exp()) / e.k;
        self.tia() * self.used().iter().map(part).sum::<f64>() / self.norm
    }

    /// Shares of the integral before and after two times (s).
    pub fn outside(&self, first_s: f64, last_s: f64) -> [f64; 2] {
        [self.integral(0.0, first_s), self.integral(last_s, f64::INFINITY)].map(|p| p / self.tia())
    }

    /// (A_j, lambda + lambda_j in 1/s) of each exponential, slowest first; the uptake's amplitude is negative.
    pub fn exponentials(&self) -> Vec<(f64, f64)> {
        self.used().iter().map(|e| (self.tia() * e.c / self.norm, e.k)).collect()
    }

    /// Effective half-life of the slowest phase, s.
    pub fn effective_half_life_s(&self) -> f64 {
        std::f64::consts::LN_2 / self.terms[0].k
    }

    /// Amplitudes and biological rates with their derivatives; the uptake's amplitude is no parameter of its own.
    pub fn natural_parameters(&self) -> Vec<NaturalParameter> {
        let mut all = Vec::new();
        let count = self.used().len();
        for (j, e) in self.used().iter().enumerate() {
            let uptake = self.family.has_uptake() && j + 1 == count;
            let label = if uptake { "u".to_string() } else { (j + 1).to_string() };
            let amplitude = self.tia() * e.c / self.norm;
            if !uptake {
                let by =
                    |p: usize| self.tia() * (e.dc[p] - e.c * self.dnorm[p] / self.norm) / self.norm;
                let gradient =
                    std::iter::once(amplitude).chain((0..self.family.shapes()).map(by)).collect();
                all.push(NaturalParameter {
                    name: format!("A_{label}"),
                    value: amplitude,
                    gradient,
                });
            }
            if self.family != Family::Physical {
                let by = (0..self.family.shapes()).map(|p| e.dk[p]);
                let gradient = std::iter::once(0.0).chain(by).collect();
                let value = e.k - self.decay_constant_per_s;
                all.push(NaturalParameter { name: format!("lambda_{label}"), value, gradient });
            }
        }
        all
    }
}

/// The exponentials of a family, slowest first, and their derivatives by the shape parameters.
fn terms(family: Family, lambda: f64, shape: &[f64]) -> [Term; TERMS] {
    let mut t = [Term { c: 1.0, k: lambda, ..Term::default() }; TERMS];
    // Rates: each is the one before plus exp of a parameter, so they are ordered and at least lambda.
    // Above 1/s a rate cannot be told from at once: it stays there, with derivative 0.
    let mut add = |term: usize, from: Option<usize>, p: usize| {
        let step = shape[p].min(LN_FASTEST).exp();
        let base = from.map_or(Term { k: lambda, ..Term::default() }, |j| t[j]);
        t[term].k = base.k + step;
        t[term].dk = base.dk;
        t[term].dk[p] = if shape[p] < LN_FASTEST { step } else { 0.0 };
    };
    match family {
        Family::Physical => {}
        Family::Mono => add(0, None, 0),
        Family::MonoUptake => {
            add(0, None, 0);
            add(1, Some(0), 1);
            t[1].c = -1.0;
        }
        Family::Bi | Family::BiUptake => {
            add(0, None, 0);
            add(1, Some(0), 1);
            if family == Family::BiUptake {
                add(2, Some(1), 3);
                t[2].c = -1.0;
            }
            let fast = 1.0 / (1.0 + (-shape[2]).exp());
            (t[0].c, t[1].c) = (1.0 - fast, fast);
            (t[0].dc[2], t[1].dc[2]) = (-fast * (1.0 - fast), fast * (1.0 - fast));
        }
        Family::Tri => {
            add(0, None, 0);
            add(1, Some(0), 1);
            add(2, Some(1), 2);
            let ratio = |p: usize| shape[p].clamp(-LN_RATIO, LN_RATIO).exp();
            let raw = [1.0, ratio(3), ratio(4)];
            let sum: f64 = raw.iter().sum();
            let share = raw.map(|r| r / sum);
            for j in 0..TERMS {
                t[j].c = share[j];
                for (p, i) in [(3, 1), (4, 2)] {
                    t[j].dc[p] = share[j] * (f64::from(i == j) - share[i]);
                }
            }
        }
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LAMBDA: f64 = 1.2e-6;

    fn theta(family: Family, raw: &[f64]) -> Vec<f64> {
        // Rates about 1e-6 to 1e-4 1/s, shares about a quarter to three quarters.
        let rates = match family {
            Family::Physical => 0,
            Family::Mono => 1,
            Family::MonoUptake | Family::Bi => 2,
            Family::BiUptake | Family::Tri => 3,
        };
        let shape = |p: usize| {
            let is_rate = p < rates && !(family == Family::BiUptake && p == 2)
                || (family == Family::BiUptake && p == 3);
            if is_rate { -12.0 + 1.5 * raw[p + 1] } else { raw[p + 1] }
        };
        std::iter::once(20.0 + raw[0]).chain((0..family.shapes()).map(shape)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn gradients_are_the_difference_quotients(raw in proptest::collection::vec(-1.0..1.0, 6), t in 1e3..6e5) {
            for family in Family::ALL {
                let at = theta(family, &raw);
                let curve = Curve::new(family, LAMBDA, &at);
                let gradient = curve.gradient(t);
                let natural = curve.natural_parameters();
                for p in 0..at.len() {
                    let moved = |h: f64| {
                        let mut other = at.clone();
                        other[p] += h;
                        Curve::new(family, LAMBDA, &other)
                    };
                    let (up, down) = (moved(1e-5), moved(-1e-5));
                    let quotient = (up.value(t) - down.value(t)) / 2e-5;
                    // The value cancels to a small difference of exponentials: the scale is that of its terms.
                    let scale: f64 = curve.exponentials().iter().map(|(a, k)| a.abs() * (-k * t).exp()).sum();
                    prop_assert!((gradient[p] - quotient).abs() < 1e-6 * scale + 1e-6 * quotient.abs(), "{family:?} {p}: {} {quotient}", gradient[p]);
                    for (i, n) in natural.iter().enumerate() {
                        let q = (up.natural_parameters()[i].value - down.natural_parameters()[i].value) / 2e-5;
                        prop_assert!((n.gradient[p] - q).abs() < 1e-5 * (n.value.abs() + q.abs()), "{family:?} {} {p}: {} {q}", n.name, n.gradient[p]);
                    }
                }
            }
        }

        #[test]
        fn the_integral_is_the_sum_of_amplitudes_over_rates(raw in proptest::collection::vec(-1.0..1.0, 6), t in 1e3..6e5) {
            for family in Family::ALL {
                let curve = Curve::new(family, LAMBDA, &theta(family, &raw));
                let closed: f64 = curve.exponentials().iter().map(|(a, k)| a / k).sum();
                prop_assert!((curve.tia() / closed - 1.0).abs() < 1e-9);
                let parts = curve.integral(0.0, t) + curve.integral(t, f64::INFINITY);
                prop_assert!((parts / closed - 1.0).abs() < 1e-9);
                // Midpoints of 20,000 steps over [0, t]: error of second order.
                let step = t / 20_000.0;
                let sum: f64 = (0..20_000).map(|i| curve.value((f64::from(i) + 0.5) * step) * step).sum();
                prop_assert!((sum / curve.integral(0.0, t) - 1.0).abs() < 1e-4, "{family:?}");
            }
        }
    }

    #[test]
    fn constraints_hold_by_themselves() {
        for family in Family::ALL {
            let curve =
                Curve::new(family, LAMBDA, &theta(family, &[0.3, -0.7, 0.4, 0.2, -0.5, 0.9]));
            let exponentials = curve.exponentials();
            assert!(exponentials.windows(2).all(|w| w[1].1 > w[0].1), "{family:?}");
            assert!(exponentials.iter().all(|(_, k)| *k >= LAMBDA));
            let at_zero: f64 = exponentials.iter().map(|e| e.0).sum();
            assert!((curve.value(0.0) - at_zero).abs() < 1e-9 * exponentials[0].0);
            assert_eq!(family.has_uptake(), curve.value(0.0).abs() < 1e-9 * exponentials[0].0);
            assert_eq!(curve.natural_parameters().len(), family.parameters());
        }
    }
}

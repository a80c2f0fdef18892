//! Angular distribution after many small deflections in a step.

use super::moments::TransportMoments;

/// Intervals of the tabulated distribution.
const INTERVALS: usize = 256;

/// Goudsmit-Saunderson distribution of mu = (1 - cos theta)/2 after a mass thickness t.
///
/// Neglects the energy loss inside the step and correlations of angle and position. Goudsmit and Saunderson 1940,
/// Phys. Rev. 57, 24, doi:10.1103/PhysRev.57.24:
/// f(mu) = sum_l (2l + 1) exp(-t G_l) P_l(1 - 2 mu).
/// The share u of particles that no collision deflects is a delta function at mu = 0; it is taken out, and the series
/// of exp(-t G_l) - u converges also for few collisions. Where the series is ended at l_max before that,
/// u = exp(-t G_{l_max}): deflections below about 1/l_max count as none.
#[derive(Debug, Clone)]
pub struct MultipleScattering {
    unscattered: f64,
    mean_cosine: f64,
    /// exp(-t G_l) - u, l = 0, 1, ...
    coefficients: Vec<f64>,
    mu: Vec<f64>,
    cdf: Vec<f64>,
    pdf: Vec<f64>,
}

impl MultipleScattering {
    /// The distribution after `mass_thickness` (g/cm2); the moments must reach far enough for it, as those of
    /// [`TransportMoments::for_strength`] for the same thickness do.
    pub fn new(moments: &TransportMoments, mass_thickness: f64) -> Self {
        let survival = |g: &f64| (-mass_thickness * g).exp();
        let unscattered = moments.g.last().map_or(1.0, survival);
        let coefficients: Vec<f64> = moments.g.iter().map(|g| survival(g) - unscattered).collect();
        let mean_cosine = moments.g.get(1).map_or(1.0, survival);
        let mut distribution = MultipleScattering {
            unscattered,
            mean_cosine,
            coefficients,
            mu: Vec::new(),
            cdf: Vec::new(),
            pdf: Vec::new(),
        };
        distribution.tabulate();
        distribution
    }

    /// Nodes even in x with mu = a x^2/(1 + a - x^2), a four times the mean mu of the deflected: dense forward.
    /// Rounding and the cut of the series leave negative densities of at most 1e-5 of the largest (tested); the
    /// tabulated ones are set to zero and the cumulative one to its running maximum.
    fn tabulate(&mut self) {
        let scattered = (1.0 - self.unscattered).max(1e-9);
        let a = (2.0 * (1.0 - self.mean_cosine) / scattered).clamp(1e-9, 1.0);
        self.mu = (0..=INTERVALS)
            .map(|i| {
                let x = i as f64 / INTERVALS as f64;
                a * x * x / (1.0 + a - x * x)
            })
            .collect();
        let (pdf, cdf) = self.series_at_nodes();
        let mut highest = self.unscattered;
        for (i, (pdf, cdf)) in pdf.into_iter().zip(cdf).enumerate() {
            highest = if i == INTERVALS { 1.0 } else { cdf.clamp(highest, 1.0) };
            self.pdf.push(pdf.max(0.0));
            self.cdf.push(highest);
        }
    }

    /// [`Self::series`] at all nodes: the same sums, order by order for all nodes, so that no node waits for its own last term.
    fn series_at_nodes(&self) -> (Vec<f64>, Vec<f64>) {
        let scattered = self.coefficients.first().copied().unwrap_or(0.0);
        let x: Vec<f64> = self.mu.iter().map(|mu| 1.0 - 2.0 * mu).collect();
        let (mut below, mut here) = (vec![1.0; x.len()], x.clone());
        let mut pdf = vec![scattered; x.len()];
        let mut cdf: Vec<f64> =
            self.mu.iter().map(|mu| self.unscattered + scattered * mu).collect();
        for (l, c) in self.coefficients.iter().enumerate().skip(1) {
            let order = l as f64;
            let (twice, next, half) = (2.0 * order + 1.0, order + 1.0, 0.5 * c);
            let of_pdf = twice * c;
            let sums = pdf.iter_mut().zip(&mut cdf);
            let polynomials = below.iter_mut().zip(&mut here);
            for ((x, (below, here)), (pdf, cdf)) in x.iter().zip(polynomials).zip(sums) {
                let above = (twice * x * *here - order * *below) / next;
                *pdf += of_pdf * *here;
                *cdf += half * (*below - above);
                *below = *here;
                *here = above;
            }
        }
        (pdf, cdf)
    }

    /// Density and cumulative distribution by the Legendre series.
    fn series(&self, mu: f64) -> (f64, f64) {
        let x = 1.0 - 2.0 * mu;
        let (mut below, mut here) = (1.0, x);
        let scattered = self.coefficients.first().copied().unwrap_or(0.0);
        let mut pdf = scattered;
        let mut cdf = self.unscattered + scattered * mu;
        for (l, c) in self.coefficients.iter().enumerate().skip(1) {
            let order = l as f64;
            let above = ((2.0 * order + 1.0) * x * here - order * below) / (order + 1.0);
            pdf += (2.0 * order + 1.0) * c * here;
            cdf += 0.5 * c * (below - above);
            below = here;
            here = above;
        }
        (pdf, cdf)
    }

    /// Share of particles that are not deflected.
    pub fn unscattered(&self) -> f64 {
        self.unscattered
    }

    /// Mean of cos theta, undeflected particles included.
    pub fn mean_cosine(&self) -> f64 {
        self.mean_cosine
    }

    /// Density of mu (per unit mu) of the deflected particles; its integral is 1 - `unscattered`.
    pub fn pdf(&self, mu: f64) -> f64 {
        self.series(mu.clamp(0.0, 1.0)).0.max(0.0)
    }

    /// Probability of a deflection up to `mu`, undeflected particles included.
    pub fn cdf(&self, mu: f64) -> f64 {
        self.series(mu.clamp(0.0, 1.0)).1.clamp(self.unscattered, 1.0)
    }

    /// The mu below which the share `probability` of all particles is found; 0 up to `unscattered`.
    /// From the tabulated distribution, with cubic interpolation that keeps density and order.
    pub fn inverse_cdf(&self, probability: f64) -> f64 {
        if probability <= self.unscattered {
            return 0.0;
        }
        if probability >= 1.0 {
            return 1.0;
        }
        let above = self.cdf.partition_point(|&c| c < probability).clamp(1, INTERVALS);
        let i = above - 1;
        let (x0, x1) = (self.mu[i], self.mu[above]);
        let (c0, c1) = (self.cdf[i], self.cdf[above]);
        let width = x1 - x0;
        let rise = c1 - c0;
        if rise <= 0.0 {
            return x1;
        }
        // Slopes at most three times the mean slope keep the cubic monotone (Fritsch and Carlson 1980).
        let limit = 3.0 * rise;
        let (d0, d1) = ((self.pdf[i] * width).min(limit), (self.pdf[above] * width).min(limit));
        let cubic =
            |s: f64| s * (d0 + s * (3.0 * rise - 2.0 * d0 - d1 + s * (d0 + d1 - 2.0 * rise)));
        let target = probability - c0;
        let (mut low, mut high) = (0.0, 1.0);
        let mut s = target / rise;
        for _ in 0..60 {
            let value = cubic(s) - target;
            if value > 0.0 {
                high = s
            } else {
                low = s
            }
            let slope =
                d0 + s * (2.0 * (3.0 * rise - 2.0 * d0 - d1) + 3.0 * s * (d0 + d1 - 2.0 * rise));
            let newton = s - value / slope;
            // Newton's step squares the error: one below 1e-8 leaves less than rounding does.
            if (newton - s).abs() < 1e-8 && (0.0..=1.0).contains(&newton) {
                s = newton;
                break;
            }
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - s).abs() < 1e-14 {
                break;
            }
            s = next;
        }
        x0 + width * s
    }
}

#[cfg(test)]
mod tests {
    use super::super::moments::first_coefficient;
    use super::*;
    use crate::physics::{Lepton, Material};

    fn water() -> Material {
        Material {
            name: "water".into(),
            density_g_cm3: 1.0,
            mass_fractions: vec![(1, 0.111894), (8, 0.888106)],
            mean_excitation_ev: 75.0,
        }
    }

    /// Steps of first transport strength `k1` = t G_1 over the energies of interest.
    fn steps() -> Vec<(f64, f64, TransportMoments, f64)> {
        let mut all = Vec::new();
        for energy in [1e-3, 2e-3, 5e-3, 1e-2, 0.1, 1.0, 3.5] {
            for k1 in [0.02, 0.05, 0.2, 0.5] {
                let lepton = Lepton::Electron;
                let (m, t) =
                    TransportMoments::for_strength(&water(), energy, lepton, 1e-3, k1).unwrap();
                all.push((energy, k1, m, t));
            }
        }
        all
    }

    #[test]
    fn moments_of_the_distribution_are_those_of_the_series() {
        // <P_l> as transport sees it: the integral of P_l over probability through the inverse, by the midpoint
        // rule with 16 points in every tabulated interval.
        for (energy, k1, moments, t) in steps() {
            let d = MultipleScattering::new(&moments, t);
            let mut mean = [d.unscattered(); 3];
            for edge in d.cdf.windows(2) {
                let share = (edge[1] - edge[0]) / 16.0;
                for i in 0..16 {
                    let x = 1.0 - 2.0 * d.inverse_cdf(edge[0] + share * (f64::from(i) + 0.5));
                    mean[0] += share * x;
                    mean[1] += share * 0.5 * (3.0 * x * x - 1.0);
                    mean[2] += share * 0.5 * x * (5.0 * x * x - 3.0);
                }
            }
            for (l, got) in (1..=3).zip(mean) {
                let expected = (-t * moments.g[l]).exp();
                assert!((got - expected).abs() < 1e-4, "{energy} {k1} l={l}: {got} {expected}");
            }
        }
    }

    /// Every bit: both sum in the same order.
    #[test]
    fn nodes_have_the_values_of_the_series() {
        for (energy, k1, moments, t) in steps() {
            let d = MultipleScattering::new(&moments, t);
            let (pdf, cdf) = d.series_at_nodes();
            let one_by_one: Vec<(f64, f64)> = d.mu.iter().map(|mu| d.series(*mu)).collect();
            let together: Vec<(f64, f64)> = pdf.into_iter().zip(cdf).collect();
            assert_eq!(one_by_one, together, "{energy} {k1}");
        }
    }

    #[test]
    fn distribution_is_clean() {
        for (energy, k1, moments, t) in steps() {
            let d = MultipleScattering::new(&moments, t);
            let raw: Vec<(f64, f64)> = d.mu.iter().map(|&mu| d.series(mu)).collect();
            let largest = raw.iter().map(|v| v.0).fold(0.0, f64::max);
            let least = raw.iter().map(|v| v.0).fold(f64::MAX, f64::min);
            assert!(least > -1e-5 * largest, "{energy} {k1}: {least} of {largest}");
            let end = raw.last().unwrap().1;
            assert!((end - 1.0).abs() < 1e-9, "{energy} {k1}: {end}");
            assert!(d.cdf.windows(2).all(|w| w[1] >= w[0]));
            for i in 1..40 {
                let p = f64::from(i) / 40.0;
                let back = d.cdf(d.inverse_cdf(p));
                assert!(p < d.unscattered() || (back - p).abs() < 1e-4, "{energy} {p} {back}");
            }
        }
    }

    /// Sums in another order: 1e-11 is some hundred roundings.
    #[test]
    fn the_first_coefficient_alone_is_that_of_all_moments() {
        for lepton in [Lepton::Electron, Lepton::Positron] {
            for energy in [1e-3, 7.3e-3, 0.05, 0.4, 3.9] {
                let all = TransportMoments::new(&water(), energy, lepton, 1e-3, 1).unwrap();
                for _ in 0..2 {
                    let one = first_coefficient(&water(), energy, lepton, 1e-3).unwrap();
                    assert!((one / all.g[1] - 1.0).abs() < 1e-11, "{energy}: {one} {}", all.g[1]);
                }
                let (moments, thickness) =
                    TransportMoments::for_strength(&water(), energy, lepton, 1e-3, 0.1).unwrap();
                assert!((thickness * all.g[1] / 0.1 - 1.0).abs() < 1e-11);
                assert_eq!(moments.g[1], all.g[1]);
            }
        }
        assert!(first_coefficient(&water(), 5.0, Lepton::Electron, 1e-3).is_err());
    }

    #[test]
    fn few_collisions_leave_the_poisson_share_unscattered() {
        let m = TransportMoments::new(&water(), 2e-3, Lepton::Electron, 1e-3, 600).unwrap();
        let t = 3.0 / m.total;
        let d = MultipleScattering::new(&m, t);
        assert!((d.unscattered() - (-3.0f64).exp()).abs() < 1e-3, "{}", d.unscattered());
        assert!((d.mean_cosine() - (-t * m.g[1]).exp()).abs() < 1e-12);
    }

    #[test]
    fn many_small_deflections_approach_a_gaussian() {
        // Moliere: at small angles and many collisions the core is exp(-mu/<mu>) but for the single-scattering tail;
        // with the moments of pure diffusion, G_l = l (l + 1) G_1/2, it is exact to order <mu>.
        let g1 = 1.0;
        let g = (0..400).map(|l| 0.5 * f64::from(l * (l + 1)) * g1).collect();
        let d = MultipleScattering::new(&TransportMoments { g, total: 1e9 }, 2e-3);
        for p in [0.1, 0.5, 0.9, 0.99] {
            let gauss = -1e-3 * f64::ln(1.0 - p);
            let mu = d.inverse_cdf(p);
            assert!((mu / gauss - 1.0).abs() < 5e-3, "{p}: {mu} {gauss}");
        }
    }
}

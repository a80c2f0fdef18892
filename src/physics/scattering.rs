//! interim
use crate::constants::*;
use crate::error::Result;
use crate::physics::{Lepton, Material, element::element};
pub struct ElasticMaterial {
    parts: Vec<(f64, f64)>,
    i_mev: f64,
    za: f64,
    #[allow(dead_code)]
    lepton: Lepton,
}
pub struct MultipleScattering {
    mu: Vec<f64>,
    cdf: Vec<f64>,
}
impl ElasticMaterial {
    pub fn new(m: &Material, lepton: Lepton) -> Result<Self> {
        let mut parts = vec![];
        let mut za = 0.0;
        for &(z, w) in &m.mass_fractions {
            let a = element(z)?.atomic_weight;
            parts.push((z as f64, w * AVOGADRO / a));
            za += w * z as f64 / a;
        }
        Ok(Self { parts, i_mev: m.mean_excitation_ev * 1e-6, za, lepton })
    }
    fn moments(&self, e: f64, tc: f64, lmax: usize) -> (Vec<f64>, f64) {
        let tau = e / ELECTRON_MASS_MEV;
        let b2 = tau * (tau + 2.0) / (tau + 1.0).powi(2);
        let p = (tau * (tau + 2.0)).sqrt();
        let mut g = vec![0.0; lmax + 1];
        let mut tot = 0.0;
        for &(z, n) in &self.parts {
            let chi0 = 1.13 + 3.76 * (z * FINE_STRUCTURE).powi(2) / b2;
            let eta = chi0 * (FINE_STRUCTURE * z.powf(1.0 / 3.0) / 0.88534 / p).powi(2) / 4.0;
            let pref = n * std::f64::consts::PI * (z * CLASSICAL_ELECTRON_RADIUS_CM).powi(2)
                / (p * p * b2);
            // dsigma/dmu = pref * 1/(mu+eta)^2 * mott(mu),
            let nn = 400;
            let mut last = 0.0;
            for i in 0..nn {
                let t = (i as f64 + 0.5) / nn as f64;
                let lo = (eta * 1e-3).ln();
                let hi = 0.0_f64;
                let mu = (lo + (hi - lo) * t).exp();
                let dmu = mu * (hi - lo) / nn as f64;
                last += dmu;
                let s = mu.sqrt();
                let mott = 1.0 - b2 * mu
                    + std::f64::consts::PI * FINE_STRUCTURE * z * b2.sqrt() * s * (1.0 - s);
                let w = pref / (mu + eta).powi(2) * mott * dmu;
                tot += w;
                let c = 1.0 - 2.0 * mu;
                let (mut p0, mut p1) = (1.0, c);
                for l in 1..=lmax {
                    g[l] += w * (1.0 - p1);
                    let p2 = ((2 * l + 1) as f64 * c * p1 - l as f64 * p0) / (l + 1) as f64;
                    p0 = p1;
                    p1 = p2;
                }
            }
            let _ = last;
        }
        let xi = 2.0
            * std::f64::consts::PI
            * CLASSICAL_ELECTRON_RADIUS_CM.powi(2)
            * ELECTRON_MASS_MEV
            * AVOGADRO
            * self.za
            / b2;
        let i1 = xi * ELECTRON_MASS_MEV / (e * (e + 2.0 * ELECTRON_MASS_MEV))
            * ((tc.min(e / 2.0) / self.i_mev).ln().max(0.0) + 1.0);
        for l in 1..=lmax {
            g[l] += i1 * (l * (l + 1)) as f64 / 2.0;
        }
        (g, tot)
    }
    pub fn first_moment(&self, e: f64, tc: f64) -> f64 {
        self.moments(e, tc, 1).0[1]
    }
    pub fn multiple_scattering(&self, e: f64, tc: f64, t: f64) -> MultipleScattering {
        let lmax = 150;
        let (g, _) = self.moments(e, tc, lmax);
        let n = 600;
        let mu: Vec<f64> = (0..=n).map(|j| (j as f64 / n as f64).powi(3)).collect();
        let pdf: Vec<f64> = mu
            .iter()
            .map(|&m| {
                let c = 1.0 - 2.0 * m;
                let (mut p0, mut p1) = (1.0, c);
                let mut s = 1.0;
                for l in 1..=lmax {
                    s += (2 * l + 1) as f64 * (-t * g[l]).exp() * p1;
                    let p2 = ((2 * l + 1) as f64 * c * p1 - l as f64 * p0) / (l + 1) as f64;
                    p0 = p1;
                    p1 = p2;
                }
                s.max(0.0)
            })
            .collect();
        let mut cdf = vec![0.0; n + 1];
        for j in 1..=n {
            cdf[j] = cdf[j - 1] + 0.5 * (pdf[j] + pdf[j - 1]) * (mu[j] - mu[j - 1]);
        }
        let t = cdf[n];
        cdf.iter_mut().for_each(|c| *c /= t);
        MultipleScattering { mu, cdf }
    }
}
impl MultipleScattering {
    pub fn inverse_cdf(&self, u: f64) -> f64 {
        let j = self.cdf.partition_point(|&c| c < u).clamp(1, self.mu.len() - 1);
        let (a, b) = (self.cdf[j - 1], self.cdf[j]);
        let t = if b > a { ((u - a) / (b - a)).clamp(0.0, 1.0) } else { 0.0 };
        self.mu[j - 1] + t * (self.mu[j] - self.mu[j - 1])
    }
}

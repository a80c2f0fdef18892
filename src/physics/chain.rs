//! Decay chains: how often each progeny decays per decay of the parent. Progeny decay where the
//! parent did (no migration); what leaves is described by one retained fraction only.
//!
//! A nucleus that reaches member n along one path of the chain decays there before the horizon T if
//! the sum of n independent exponential waiting times is at most T (Bateman, Proc. Camb. Phil. Soc. 15,
//! 423, 1910, integrated). That probability is the absorption probability of a pure birth process; it is
//! computed as a matrix exponential by scaling and squaring of non-negative matrices, which neither
//! subtracts nor divides by differences of decay constants, so near-equal half-lives and half-lives
//! from ns to 1e19 y keep their digits.

use super::nuclide::{EnergyPerDecay, Nuclide};
use super::nuclide_data::NuclideData;
use crate::{Error, Result};

/// The horizon where none is given, in half-lives of the parent: 99.9 % of the parent has decayed, while
/// long-lived progeny (Bi-207 of At-211, Bi-209 of Ac-225) have not.
pub const DEFAULT_HORIZON_HALF_LIVES: f64 = 10.0;
/// A member with more mean lives than this in the horizon decays at once; the error is their inverse.
const INSTANT: f64 = 1e8;
/// Paths that fewer nuclei take, and steps beyond these, are not followed.
const RAREST: f64 = 1e-15;
const LONGEST: usize = 40;

/// One radioactive member of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainMember {
    /// Name, such as `Lu-177`.
    pub nuclide: String,
    /// Decays within the horizon per decay of the parent within the horizon.
    pub decays_per_parent_decay: f64,
    /// Decays per decay of the parent after endless time.
    pub endless_decays_per_parent_decay: f64,
}

/// A parent with its radioactive progeny over a time horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The evaluation that it follows.
    pub data: NuclideData,
    /// The parent first, then its progeny in the order of the decay.
    pub members: Vec<ChainMember>,
    /// The horizon, s, from a time when only the parent is there.
    pub horizon_s: f64,
    /// Fraction of the parent that decays within the horizon.
    pub parent_decay_fraction: f64,
}

impl Chain {
    /// Energy that the whole chain emits per decay of the parent within the horizon, MeV.
    ///
    /// # Errors
    /// If a member cannot be loaded (it emits what is not modelled).
    pub fn energy_per_decay(&self) -> Result<EnergyPerDecay> {
        self.members.iter().try_fold(EnergyPerDecay::default(), |sum, member| {
            let energy = Nuclide::load_from(self.data, &member.nuclide)?.energy_per_decay();
            Ok(sum.plus(member.decays_per_parent_decay, energy))
        })
    }
}

/// Builds the chain of `parent`, pure at time 0, over `horizon_s` (default: ten half-lives of the parent).
/// `retained` is the fraction of daughter nuclei that stay where the decay made them, applied once per
/// generation (second generation: its square); the rest leaves the body with all its progeny.
///
/// # Errors
/// If the parent is unknown, the horizon is not a positive time or `retained` is not within 0 to 1.
pub fn chain(parent: &str, horizon_s: Option<f64>, retained: f64) -> Result<Chain> {
    chain_in(NuclideData::chosen(), parent, horizon_s, retained)
}

/// [`chain`] of one evaluation.
///
/// # Errors
/// As there.
pub fn chain_in(
    data: NuclideData,
    parent: &str,
    horizon_s: Option<f64>,
    retained: f64,
) -> Result<Chain> {
    let parent = Nuclide::load_from(data, parent)?;
    let horizon = horizon_s.unwrap_or(DEFAULT_HORIZON_HALF_LIVES * parent.half_life_s);
    if !(horizon > 0.0 && horizon.is_finite()) {
        return Err(Error::usage(
            format!("time horizon is {horizon} s"),
            "it must be a positive, finite time",
            "Give a horizon in seconds or leave it out.",
        ));
    }
    if !(0.0..=1.0).contains(&retained) {
        return Err(Error::usage(
            format!("retained fraction of daughters is {retained}"),
            "it must lie within 0 and 1",
            "Give 1 where all daughters stay, 0 where none does.",
        ));
    }
    let parent_decays = -(-parent.decay_constant_per_s() * horizon).exp_m1();
    let mut walk = Walk { data, horizon, retained, rates: Vec::new(), members: Vec::new() };
    walk.visit(&parent.name, 1.0);
    for member in &mut walk.members {
        member.decays_per_parent_decay /= parent_decays;
    }
    let members = walk.members;
    Ok(Chain { data, members, horizon_s: horizon, parent_decay_fraction: parent_decays })
}

/// A depth-first walk over all paths from the parent.
struct Walk {
    data: NuclideData,
    horizon: f64,
    retained: f64,
    /// Decay constants, 1/s, along the path to the member being visited.
    rates: Vec<f64>,
    members: Vec<ChainMember>,
}

impl Walk {
    fn visit(&mut self, name: &str, branching: f64) {
        let Some(record) = self.data.record(name) else { return };
        if branching < RAREST || self.rates.len() > LONGEST {
            return;
        }
        self.rates.push(std::f64::consts::LN_2 / record.half_life_s);
        let decays = branching * decayed_fraction(&self.rates, self.horizon);
        match self.members.iter_mut().find(|member| member.nuclide == name) {
            Some(member) => {
                member.decays_per_parent_decay += decays;
                member.endless_decays_per_parent_decay += branching;
            }
            None => self.members.push(ChainMember {
                nuclide: name.to_string(),
                decays_per_parent_decay: decays,
                endless_decays_per_parent_decay: branching,
            }),
        }
        for branch in &record.branches {
            self.visit(&branch.progeny, branching * branch.fraction * self.retained);
        }
        self.rates.pop();
    }
}

/// Probability that exponential waiting times with the given rates (1/s) sum to at most `time` (s):
/// the decays of the last member within `time` per nucleus of the first.
pub fn decayed_fraction(rates: &[f64], time: f64) -> f64 {
    let steps: Vec<f64> = rates.iter().map(|r| r * time).filter(|&x| x <= INSTANT).collect();
    match steps.len() {
        0 => 1.0,
        1 => -(-steps[0]).exp_m1(),
        _ => absorption(&steps),
    }
}

/// Absorption probability after unit time of a pure birth process with these rates.
fn absorption(rates: &[f64]) -> f64 {
    let n = rates.len();
    let fastest = rates.iter().copied().fold(0.0, f64::max);
    let doublings = (2.0 * fastest).log2().ceil().max(0.0) as i32;
    let mut h = 0.5f64.powi(doublings);
    let mut m = short_time(rates, fastest, h);
    for _ in 0..doublings {
        m = square(&m);
        h *= 2.0;
        for (i, rate) in rates.iter().enumerate() {
            m[i][i] = (-rate * h).exp();
        }
    }
    m[0][n]
}

/// exp(Q h) by the Taylor series of the non-negative matrix Q + fastest I (uniformisation).
fn short_time(rates: &[f64], fastest: f64, h: f64) -> Vec<Vec<f64>> {
    let size = rates.len() + 1;
    let rate = |i: usize| if i < rates.len() { rates[i] } else { 0.0 };
    let mut term: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| f64::from(i == j)).collect()).collect();
    let mut sum = term.clone();
    // The entry farthest from the diagonal starts at power `size - 1`; 25 more reach 1e-16.
    for k in 1..size + 25 {
        for row in &mut term {
            for j in (0..size).rev() {
                let stay = row[j] * (fastest - rate(j));
                let enter = if j > 0 { row[j - 1] * rate(j - 1) } else { 0.0 };
                row[j] = (stay + enter) * h / k as f64;
            }
        }
        for (total, row) in sum.iter_mut().zip(&term) {
            total.iter_mut().zip(row).for_each(|(t, x)| *t += x);
        }
    }
    let decay = (-fastest * h).exp();
    sum.iter_mut().flatten().for_each(|x| *x *= decay);
    for (i, row) in sum.iter_mut().enumerate() {
        row[i] = (-rate(i) * h).exp();
    }
    sum
}

/// The square of an upper triangular matrix.
fn square(m: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = m.len();
    let mut out = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in i..n {
            out[i][j] = (i..=j).map(|k| m[i][k] * m[k][j]).sum();
        }
    }
    out
}

#[cfg(test)]
mod tests;

//! Matter: elemental composition, density and mean excitation energy.

use super::element::element;
use super::tissues;
use crate::error::{Error, Result};

/// Mass fractions may miss a sum of one by this much (rounded publications) and are then renormalised.
pub const FRACTION_SUM_TOLERANCE: f64 = 1e-3;

/// Largest mean excitation energy, eV: uranium's is 890 (ICRU Report 37, 1984), and no element's is larger.
const MOST_EXCITATION_EV: f64 = 1000.0;
/// Rounding of a sum.
const SUM_ROUNDING: f64 = 1e-9;

/// A material as transport sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// Name, as printed in the tissue histogram.
    pub name: String,
    /// Nominal density, g/cm3. Transport uses the voxel's own density; this one only enters the
    /// density-effect correction of the stopping power.
    pub density_g_cm3: f64,
    /// `(Z, mass fraction)`, ascending Z; fractions sum to one.
    pub mass_fractions: Vec<(u8, f64)>,
    /// Mean excitation energy, eV.
    pub mean_excitation_ev: f64,
}

impl Material {
    /// A material from density (g/cm3), mass fractions `(Z, w)` in any order and mean excitation
    /// energy (eV). Zero fractions are left out, equal Z added up, the sum renormalised to one.
    ///
    /// # Errors
    /// If a value is not finite or not positive, an element has no data, or the fractions miss a sum
    /// of one by more than [`FRACTION_SUM_TOLERANCE`].
    pub fn new(
        name: impl Into<String>,
        density_g_cm3: f64,
        mass_fractions: &[(u8, f64)],
        mean_excitation_ev: f64,
    ) -> Result<Self> {
        let name = name.into();
        positive(&name, "density (g/cm3)", density_g_cm3)?;
        positive(&name, "mean excitation energy (eV)", mean_excitation_ev)?;
        if mean_excitation_ev > MOST_EXCITATION_EV {
            return Err(Error::input(
                format!("material '{name}': mean excitation energy (eV) is {mean_excitation_ev}"),
                format!("no matter has more than {MOST_EXCITATION_EV}"),
                "Give it in eV, or leave it out for that of its elements.",
            ));
        }
        let mass_fractions = normalised(&name, mass_fractions)?;
        Ok(Material { name, density_g_cm3, mass_fractions, mean_excitation_ev })
    }

    /// As [`Material::new`], the mean excitation energy that of an element where there is only one, otherwise by Bragg additivity for a liquid or solid.
    ///
    /// # Errors
    /// As [`Material::new`].
    pub fn with_bragg_excitation(
        name: impl Into<String>,
        density_g_cm3: f64,
        mass_fractions: &[(u8, f64)],
    ) -> Result<Self> {
        let name = name.into();
        let fractions = normalised(&name, mass_fractions)?;
        let mean_excitation_ev = match fractions[..] {
            [(z, _)] => tissues::element(z)?.mean_excitation_ev,
            _ => bragg_mean_excitation_ev(&fractions)?,
        };
        Material::new(name, density_g_cm3, &fractions, mean_excitation_ev)
    }

    /// Electrons per mass, mean Z/A (mol/g).
    ///
    /// # Errors
    /// If an element has no data.
    pub fn z_over_a(&self) -> Result<f64> {
        self.mass_fractions.iter().try_fold(0.0, |sum, &(z, w)| {
            Ok(sum + w * f64::from(z) / tissues::element(z)?.atomic_weight_g_mol)
        })
    }
}

/// Mean excitation energy (eV) of a liquid or solid by additivity, neglecting the chemical binding that
/// is not in the elements' compound values: `ln I = sum(w Z/A ln I_i) / sum(w Z/A)`
/// (Berger & Seltzer, NBSIR 82-2550-A, 1982; ICRU Report 37, 1984).
///
/// # Errors
/// If an element has no data.
pub fn bragg_mean_excitation_ev(mass_fractions: &[(u8, f64)]) -> Result<f64> {
    let (mut electrons, mut log) = (0.0, 0.0);
    for &(z, w) in mass_fractions {
        let element = tissues::element(z)?;
        let n = w * f64::from(z) / element.atomic_weight_g_mol;
        electrons += n;
        log += n * element.mean_excitation_compound_ev.ln();
    }
    Ok((log / electrons).exp())
}

fn positive(name: &str, what: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::input(
        format!("material '{name}': {what} is {value}"),
        "it must be a positive number",
        "Correct the material's definition.",
    ))
}

fn normalised(name: &str, fractions: &[(u8, f64)]) -> Result<Vec<(u8, f64)>> {
    let mut out: Vec<(u8, f64)> = Vec::with_capacity(fractions.len());
    for &(z, w) in fractions {
        element(z)
            .map_err(|e| Error { problem: format!("material '{name}': {}", e.problem), ..e })?;
        if !w.is_finite() || w < 0.0 {
            return Err(Error::input(
                format!("material '{name}': the mass fraction of Z = {z} is {w}"),
                "a mass fraction lies between 0 and 1",
                "Correct the material's composition.",
            ));
        }
        match out.iter_mut().find(|e| e.0 == z) {
            Some(entry) => entry.1 += w,
            None if w > 0.0 => out.push((z, w)),
            None => {}
        }
    }
    let sum: f64 = out.iter().map(|e| e.1).sum();
    if (sum - 1.0).abs() > FRACTION_SUM_TOLERANCE + SUM_ROUNDING {
        return Err(Error::input(
            format!("material '{name}': the mass fractions sum to {sum:.6}"),
            format!("they must sum to 1 within {FRACTION_SUM_TOLERANCE}"),
            "Give mass fractions, not percent or atom fractions, of all elements.",
        ));
    }
    out.iter_mut().for_each(|e| e.1 /= sum);
    out.sort_by_key(|e| e.0);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_sorted_added_and_renormalised() {
        let m = Material::new("x", 1.0, &[(8, 0.5), (1, 0.1), (8, 0.3995), (6, 0.0)], 75.0)
            .expect("valid");
        assert_eq!(m.mass_fractions.iter().map(|e| e.0).collect::<Vec<_>>(), [1, 8]);
        assert!((m.mass_fractions.iter().map(|e| e.1).sum::<f64>() - 1.0).abs() < 1e-15);
        assert!((m.mass_fractions[1].1 / m.mass_fractions[0].1 - 8.995).abs() < 1e-12);
    }

    #[test]
    fn a_sum_off_by_more_than_the_tolerance_is_refused_and_said() {
        let error = Material::new("bad", 1.0, &[(1, 0.11), (8, 0.8)], 75.0).expect_err("sum 0.91");
        assert!(
            error.to_string().contains("'bad'") && error.to_string().contains("0.91"),
            "{error}"
        );
        assert!(Material::new("ok", 1.0, &[(1, 0.1), (8, 0.8991)], 75.0).is_ok());
        assert!(Material::new("no", 1.0, &[(1, 0.1), (8, 0.8989)], 75.0).is_err());
    }

    /// ICRU Report 37: gold by itself has 790 eV; in a compound the same element counts 1.13 times as much (gold chloride's other part is chlorine's 180 eV).
    #[test]
    fn an_element_by_itself_has_its_own_excitation_energy() {
        let of = |parts: &[(u8, f64)]| {
            Material::with_bragg_excitation("x", 19.32, parts).expect("valid").mean_excitation_ev
        };
        assert_eq!(of(&[(79, 1.0)]), 790.0);
        assert_eq!(of(&[(79, 1.0), (1, 0.0)]), 790.0);
        let (au, cl) = (0.6494_f64, 0.3506);
        let electrons = [au * 79.0 / 196.967, cl * 17.0 / 35.45];
        let log = electrons[0] * (1.13_f64 * 790.0).ln() + electrons[1] * 180.0_f64.ln();
        let expected = (log / (electrons[0] + electrons[1])).exp();
        assert!((of(&[(79, au), (17, cl)]) / expected - 1.0).abs() < 1e-3);
    }

    #[test]
    fn nonsense_values_are_refused() {
        let water = [(1, 0.111894), (8, 0.888106)];
        for density in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Material::new("w", density, &water, 75.0).is_err());
        }
        assert!(Material::new("w", 1.0, &water, 0.0).is_err());
        assert!(Material::new("w", 1.0, &[(0, 1.0)], 75.0).is_err());
        assert!(Material::new("w", 1.0, &[(120, 1.0)], 75.0).is_err());
        assert!(Material::new("w", 1.0, &[(1, 1.5), (8, -0.5)], 75.0).is_err());
        assert!(Material::new("w", 1.0, &[], 75.0).is_err());
    }
}

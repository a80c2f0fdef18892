//! The voxel phantom: mass density and material per voxel, and what it was made from.

use std::fmt;

use super::hu::{HuCurve, HuOptions};
use crate::error::{Error, Result};
use crate::image::{Grid, Volume};
use crate::physics::Material;
use crate::units::CM3_PER_MM3;

/// Voxels below this density (g/cm3) are air, not tissue: dose there is energy divided by next to no mass.
///
/// 0.05 g/cm3 is HU -952 on the Schneider curve: the border between its air and lung bins (HU -950), which is
/// also where CT densitometry starts to count lung as emphysema. Healthy lung (0.15 to 0.4 g/cm3) stays far
/// above it, a body-surface voxel with at least 5 % tissue too.
pub const LOW_DENSITY_G_CM3: f64 = 0.05;

/// Density and material of every voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct Phantom {
    /// Where the voxels are.
    pub grid: Grid,
    /// Mass density, g/cm3.
    pub density: Vec<f32>,
    /// Index into `materials`.
    pub material: Vec<u8>,
    /// The materials that occur.
    pub materials: Vec<Material>,
}

/// One material in the tissue histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct TissueRow {
    /// Material name.
    pub name: String,
    /// Number of voxels.
    pub voxels: usize,
    /// Volume, cm3 (= mL).
    pub volume_cm3: f64,
    /// Mass, g.
    pub mass_g: f64,
    /// Mean density, g/cm3.
    pub mean_density_g_cm3: f64,
    /// Mean HU, where the phantom comes from a CT.
    pub mean_hu: Option<f64>,
}

/// How a CT became a phantom. `Display` prints the tissue histogram and warnings.
#[derive(Debug, Clone, PartialEq)]
pub struct HuReport {
    /// Name of the HU curve.
    pub curve: String,
    /// Range of the curve, HU.
    pub range: (f64, f64),
    /// Voxels of the CT.
    pub voxels: usize,
    /// Voxels below the range, which got the first bin's material at the first knot's density.
    pub below: usize,
    /// Voxels above the range, which got the last bin's material at the last knot's density.
    pub above: usize,
    /// Names of those two materials.
    pub end_materials: [String; 2],
    /// Lowest and highest HU of the CT.
    pub extremes: (f64, f64),
    /// The materials that occur, in the curve's order.
    pub tissues: Vec<TissueRow>,
}

impl HuReport {
    /// Warnings in words, empty if every HU was in range.
    pub fn warnings(&self) -> Vec<String> {
        let ((low, high), (min, max)) = (self.range, self.extremes);
        let of = |n: usize| format!("{n} voxels ({:.3} %)", 100.0 * n as f64 / self.voxels as f64);
        let mut out = Vec::new();
        if self.below > 0 {
            out.push(format!(
                "{} below HU {low:.0} (lowest {min:.0}): taken as {} at the density of the curve's first knot",
                of(self.below),
                self.end_materials[0],
            ));
        }
        if self.above > 0 {
            out.push(format!(
                "{} above HU {high:.0} (highest {max:.0}): taken as {} at the density of the curve's last knot",
                of(self.above),
                self.end_materials[1],
            ));
        }
        out
    }
}

impl fmt::Display for HuReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "HU curve: {}, HU {:.0} to {:.0}", self.curve, self.range.0, self.range.1)?;
        write!(f, "{}", TissueTable(&self.tissues))?;
        self.warnings().iter().try_for_each(|w| writeln!(f, "warning: {w}"))
    }
}

/// Prints rows of a tissue histogram as a table.
#[derive(Debug, Clone, Copy)]
pub struct TissueTable<'a>(pub &'a [TissueRow]);

impl fmt::Display for TissueTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|t| t.name.len()).max().unwrap_or(0).max(8);
        // Mixed voxels of a coarser grid have no HU.
        let known = self.0.iter().any(|t| t.mean_hu.is_some());
        write!(
            f,
            "{:width$} {:>11} {:>12} {:>12} {:>12}",
            "material", "voxels", "volume/cm3", "mass/g", "rho/(g/cm3)"
        )?;
        writeln!(f, "{}", if known { "   mean HU" } else { "" })?;
        let mut sum = (0, 0.0, 0.0);
        for t in self.0 {
            write!(
                f,
                "{:width$} {:>11} {:>12.1} {:>12.1} {:>12.4}",
                t.name, t.voxels, t.volume_cm3, t.mass_g, t.mean_density_g_cm3
            )?;
            match t.mean_hu {
                Some(hu) => writeln!(f, " {hu:>9.1}")?,
                None if known => writeln!(f, " {:>9}", "-")?,
                None => writeln!(f)?,
            }
            sum = (sum.0 + t.voxels, sum.1 + t.volume_cm3, sum.2 + t.mass_g);
        }
        let mean = if sum.1 > 0.0 { sum.2 / sum.1 } else { 0.0 };
        let (n, volume, mass) = sum;
        writeln!(f, "{:width$} {n:>11} {volume:>12.1} {mass:>12.1} {mean:>12.4}", "total")
    }
}

impl Phantom {
    /// Joins the parts and checks them; materials that do not occur are left out.
    ///
    /// # Errors
    /// If the grid has no volume, lengths differ, an index is out of range, or a density is not finite or
    /// not positive.
    pub fn new(
        grid: Grid,
        density: Vec<f32>,
        material: Vec<u8>,
        materials: Vec<Material>,
    ) -> Result<Self> {
        let n = grid.len();
        grid.inverse_axes()?;
        if n == 0 || density.len() != n || material.len() != n {
            return Err(Error::input(
                format!(
                    "{} densities and {} materials for {n} voxels",
                    density.len(),
                    material.len()
                ),
                "every voxel needs one density and one material",
                "Check that both maps are complete and on the same grid.",
            ));
        }
        if let Some(i) = density.iter().position(|d| !d.is_finite() || *d <= 0.0) {
            return Err(Error::input(
                format!("density {} g/cm3 at voxel {:?}", density[i], grid.unlinear(i)),
                "transport needs a positive density everywhere",
                "Use the density of air (0.0012 g/cm3) for empty voxels.",
            ));
        }
        if let Some(i) = material.iter().position(|m| usize::from(*m) >= materials.len()) {
            return Err(Error::input(
                format!("material index {} at voxel {:?}", material[i], grid.unlinear(i)),
                format!("there are {} materials", materials.len()),
                "Give a material for every label.",
            ));
        }
        let mut phantom = Phantom { grid, density, material, materials };
        phantom.drop_unused();
        Ok(phantom)
    }

    /// A phantom from a CT in HU, and the report of how.
    ///
    /// # Errors
    /// If a HU is not finite, or more voxels lie outside of the curve's range than `options` accept.
    pub fn from_ct(
        ct: &Volume<f32>,
        curve: &HuCurve,
        options: &HuOptions,
    ) -> Result<(Self, HuReport)> {
        if let Some(i) = ct.data.iter().position(|h| !h.is_finite()) {
            return Err(Error::input(
                format!("the CT holds {} at voxel {:?}", ct.data[i], ct.grid.unlinear(i)),
                "HU must be finite numbers",
                "Replace such voxels by the HU of air (-1000).",
            ));
        }
        let range = curve.range();
        let mut extremes = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut below, mut above) = (0, 0);
        let (mut density, mut material) =
            (Vec::with_capacity(ct.data.len()), Vec::with_capacity(ct.data.len()));
        let mut hu_sum = vec![0.0; curve.materials().len()];
        for &hu in &ct.data {
            let hu = f64::from(hu);
            below += usize::from(hu < range.0);
            above += usize::from(hu > range.1);
            extremes = (extremes.0.min(hu), extremes.1.max(hu));
            let index = curve.material_index(hu);
            hu_sum[index] += hu;
            density.push(curve.density_g_cm3(hu) as f32);
            material.push(index as u8);
        }
        check_range(ct.data.len(), below, above, range, extremes, options)?;
        let occurs = occurring(&material, hu_sum.len());
        let phantom = Phantom::new(ct.grid.clone(), density, material, curve.materials().to_vec())?;
        let mut tissues = phantom.tissues();
        let sums = hu_sum.iter().zip(&occurs).filter(|(_, o)| **o).map(|(s, _)| *s);
        for (tissue, sum) in tissues.iter_mut().zip(sums) {
            tissue.mean_hu = Some(sum / tissue.voxels as f64);
        }
        let end_materials = [range.0 - 1.0, range.1 + 1.0]
            .map(|hu| curve.materials()[curve.material_index(hu)].name.clone());
        let report = HuReport {
            curve: curve.name().to_string(),
            range,
            voxels: ct.data.len(),
            below,
            above,
            end_materials,
            extremes,
            tissues,
        };
        Ok((phantom, report))
    }

    /// The tissue histogram, one row per material (all that occur), without HU.
    pub fn tissues(&self) -> Vec<TissueRow> {
        let volume_cm3 = self.grid.voxel_volume_mm3() * CM3_PER_MM3;
        let mut sums = vec![(0usize, 0.0f64); self.materials.len()];
        for (&m, &d) in self.material.iter().zip(&self.density) {
            let sum = &mut sums[usize::from(m)];
            *sum = (sum.0 + 1, sum.1 + f64::from(d));
        }
        let rows = self.materials.iter().zip(sums).filter(|(_, (n, _))| *n > 0);
        rows.map(|(m, (voxels, density))| TissueRow {
            name: m.name.clone(),
            voxels,
            volume_cm3: voxels as f64 * volume_cm3,
            mass_g: density * volume_cm3,
            mean_density_g_cm3: density / voxels as f64,
            mean_hu: None,
        })
        .collect()
    }

    /// Mass of every voxel, g.
    pub fn voxel_mass_g(&self, linear: usize) -> f64 {
        f64::from(self.density[linear]) * self.grid.voxel_volume_mm3() * CM3_PER_MM3
    }

    /// True where the density lies below `threshold_g_cm3` (see [`LOW_DENSITY_G_CM3`]): such voxels are
    /// excluded from maxima and percentiles of the dose, and said to be.
    pub fn low_density_mask(&self, threshold_g_cm3: f64) -> Vec<bool> {
        self.density.iter().map(|d| f64::from(*d) < threshold_g_cm3).collect()
    }

    fn drop_unused(&mut self) {
        let occurs = occurring(&self.material, self.materials.len());
        let mut new_index = vec![0u8; self.materials.len()];
        let mut kept = Vec::new();
        for (i, material) in std::mem::take(&mut self.materials).into_iter().enumerate() {
            if occurs[i] {
                new_index[i] = kept.len() as u8;
                kept.push(material);
            }
        }
        self.materials = kept;
        self.material.iter_mut().for_each(|m| *m = new_index[usize::from(*m)]);
    }
}

fn occurring(material: &[u8], count: usize) -> Vec<bool> {
    let mut occurs = vec![false; count];
    material.iter().for_each(|m| occurs[usize::from(*m)] = true);
    occurs
}

fn check_range(
    voxels: usize,
    below: usize,
    above: usize,
    range: (f64, f64),
    extremes: (f64, f64),
    options: &HuOptions,
) -> Result<()> {
    let sides = [
        (below, options.max_fraction_below, "below", range.0, extremes.0),
        (above, options.max_fraction_above, "above", range.1, extremes.1),
    ];
    for (count, limit, side, border, extreme) in sides {
        let fraction = count as f64 / voxels.max(1) as f64;
        if fraction > limit {
            return Err(Error::input(
                format!(
                    "{count} voxels ({:.2} %) of the CT are {side} HU {border:.0} (extreme HU {extreme:.0})",
                    100.0 * fraction
                ),
                format!("at most {:.2} % may lie {side} the HU curve's range", 100.0 * limit),
                "Check the rescale slope and intercept, or use a HU curve that covers the range.",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "voxels_tests.rs"]
mod tests;

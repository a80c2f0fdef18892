//! The HU curve: HU -> mass density by piecewise linear knots, HU -> composition by half-open bins.
//! It neglects that one HU can be several tissues (a scanner sees mu only), and the scanner's own spectrum.

use crate::error::{Error, Result};
use crate::physics::Material;
use crate::physics::tissues::Table;

/// A composition for HU in `[low, high)`.
#[derive(Debug, Clone, PartialEq)]
pub struct HuBin {
    /// First HU of the bin (inclusive).
    pub low: f64,
    /// End of the bin (exclusive).
    pub high: f64,
    /// Index into [`HuCurve::materials`].
    pub material: usize,
}

/// HU -> density and material. Bins are contiguous, knots ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct HuCurve {
    name: String,
    knots: Vec<(f64, f64)>,
    bins: Vec<HuBin>,
    materials: Vec<Material>,
}

/// When HU outside of the curve's range are an error.
///
/// Below the range (padding outside of the reconstruction circle, down to HU -3024) the voxel becomes the
/// first bin's material at the first knot's density; above it (metal) the last bin's material at the last
/// knot's density. Both are counted and warned of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HuOptions {
    /// Largest accepted fraction of voxels below the range. The corners outside of a reconstruction circle
    /// are 1 - pi/4 = 21 % of a slice or more (31 % in a real abdomen CT); an intercept applied twice puts all
    /// air and the lungs there, most of a usual field of view.
    pub max_fraction_below: f64,
    /// Largest accepted fraction of voxels above the range. Implants are below 0.1 % of a CT.
    pub max_fraction_above: f64,
}

impl Default for HuOptions {
    fn default() -> Self {
        HuOptions { max_fraction_below: 0.5, max_fraction_above: 0.005 }
    }
}

impl HuCurve {
    /// A curve from knots `(HU, g/cm3)`, bins and the materials they index.
    ///
    /// # Errors
    /// If there are fewer than two knots, HU do not ascend, a density is not positive, bins are empty, overlap
    /// or leave a gap, an index is out of range, or there are more than 256 materials.
    pub fn new(
        name: impl Into<String>,
        knots: Vec<(f64, f64)>,
        bins: Vec<HuBin>,
        materials: Vec<Material>,
    ) -> Result<Self> {
        let curve = HuCurve { name: name.into(), knots, bins, materials };
        curve.check_knots()?;
        curve.check_bins()?;
        Ok(curve)
    }

    /// Schneider, Bortfeld, Schlegel, Phys Med Biol 45 (2000) 459, doi:10.1088/0031-9155/45/2/314: 24 tissue
    /// bins, from HU -1050 to 3000.
    ///
    /// The published density falls from 1.120 to 1.076 g/cm3 between HU 100 and 101, where the soft-tissue and
    /// the bone branch meet. Here the density goes straight from the soft-tissue branch at HU 80 to the bone
    /// branch at HU 120, the borders of the connective-tissue bin: -2.5 % at HU 100, +1.5 % at HU 101, no
    /// change outside of 80 to 120. The last tissue bin is extended from HU 1640 to 3000.
    pub fn schneider2000() -> Result<Self> {
        Self::embedded(
            "Schneider 2000",
            include_str!("../../data/tissues/schneider2000_density.csv"),
            include_str!("../../data/tissues/schneider2000_materials.csv"),
            false,
        )
    }

    /// As [`HuCurve::schneider2000`] with GATE's two metal bins: dental amalgam from HU 1640, titanium from
    /// HU 2300. The density stays the curve's, far below that of solid metal.
    pub fn schneider2000_with_metals() -> Result<Self> {
        Self::embedded(
            "Schneider 2000 with metals",
            include_str!("../../data/tissues/schneider2000_density.csv"),
            include_str!("../../data/tissues/schneider2000_materials.csv"),
            true,
        )
    }

    /// Eight compositions of ICRU Report 44 (air, lung, adipose, soft tissue, three soft tissue and cortical bone
    /// mixtures, cortical bone); HU by the stoichiometric estimate at 70 keV described in
    /// `data/tissues/icru44_hu_density.csv`.
    pub fn icru44() -> Result<Self> {
        Self::embedded(
            "ICRU 44",
            include_str!("../../data/tissues/icru44_hu_density.csv"),
            include_str!("../../data/tissues/icru44_hu_materials.csv"),
            true,
        )
    }

    fn embedded(
        name: &str,
        density: &'static str,
        bins: &'static str,
        metals: bool,
    ) -> Result<Self> {
        let table = Table::parse(density);
        let knots: Vec<(f64, f64)> = table
            .rows
            .iter()
            .filter(|row| table.text(row, "use") != "published")
            .map(|row| (table.number(row, "hu"), table.number(row, "density_g_cm3")))
            .collect();
        let table = Table::parse(bins);
        let (mut out, mut materials) = (Vec::<HuBin>::new(), Vec::new());
        for row in &table.rows {
            let (low, high) = (table.number(row, "hu_low"), table.number(row, "hu_high"));
            if table.text(row, "kind") == "metal" && !metals {
                if let Some(last) = out.last_mut() {
                    last.high = high;
                }
                continue;
            }
            out.push(HuBin { low, high, material: materials.len() });
            materials.push(table.material(row));
        }
        Self::new(name, knots, out, materials)
    }

    /// Neighbouring bins joined while every mass fraction of the next bin lies within `tolerance` of the
    /// first of the group. The joint composition is the mean over HU; the densities of voxels do not change.
    /// Schneider's 24 bins become 18 at 0.03, 14 at 0.06 and 11 at 0.1.
    ///
    /// # Errors
    /// If `tolerance` is not between 0 and 1.
    pub fn merged(&self, tolerance: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&tolerance) {
            return Err(Error::usage(
                format!("composition tolerance {tolerance}"),
                "it is a difference of mass fractions, between 0 and 1",
                "Use a value such as 0.05.",
            ));
        }
        let mut groups: Vec<Vec<&HuBin>> = Vec::new();
        for bin in &self.bins {
            let material = &self.materials[bin.material];
            match groups.last_mut() {
                Some(g)
                    if largest_difference(&self.materials[g[0].material], material)
                        <= tolerance =>
                {
                    g.push(bin);
                }
                _ => groups.push(vec![bin]),
            }
        }
        let (mut bins, mut materials) = (Vec::new(), Vec::new());
        for group in &groups {
            let (low, high) = (group[0].low, group[group.len() - 1].high);
            bins.push(HuBin { low, high, material: materials.len() });
            materials.push(self.joint_material(group)?);
        }
        Self::new(
            format!("{} (merged, tolerance {tolerance})", self.name),
            self.knots.clone(),
            bins,
            materials,
        )
    }

    fn joint_material(&self, group: &[&HuBin]) -> Result<Material> {
        let first = &self.materials[group[0].material];
        let last = &self.materials[group[group.len() - 1].material];
        if group.len() == 1 {
            return Ok(first.clone());
        }
        let total = group[group.len() - 1].high - group[0].low;
        let (mut fractions, mut density, mut log_ev) = (Vec::new(), 0.0, 0.0);
        for bin in group {
            let (m, share) = (&self.materials[bin.material], (bin.high - bin.low) / total);
            fractions.extend(m.mass_fractions.iter().map(|&(z, w)| (z, w * share)));
            density += m.density_g_cm3 * share;
            log_ev += m.mean_excitation_ev.ln() * share;
        }
        Material::new(format!("{}..{}", first.name, last.name), density, &fractions, log_ev.exp())
    }

    /// Name of the curve, for reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Knots `(HU, g/cm3)`.
    pub fn knots(&self) -> &[(f64, f64)] {
        &self.knots
    }

    /// Composition bins.
    pub fn bins(&self) -> &[HuBin] {
        &self.bins
    }

    /// Materials that the bins index.
    pub fn materials(&self) -> &[Material] {
        &self.materials
    }

    /// Lowest (inclusive) and highest (inclusive) HU of the curve's range.
    pub fn range(&self) -> (f64, f64) {
        (self.bins[0].low, self.bins[self.bins.len() - 1].high)
    }

    /// Density (g/cm3) at `hu`; constant beyond the first and the last knot.
    pub fn density_g_cm3(&self, hu: f64) -> f64 {
        let i = self.knots.partition_point(|k| k.0 <= hu);
        if i == 0 {
            return self.knots[0].1;
        }
        if i == self.knots.len() {
            return self.knots[i - 1].1;
        }
        let ((h0, d0), (h1, d1)) = (self.knots[i - 1], self.knots[i]);
        d0 + (d1 - d0) * (hu - h0) / (h1 - h0)
    }

    /// Index of the material at `hu`: bins are half-open `[low, high)`; the first bin below the range, the
    /// last one above it and at its end.
    pub fn material_index(&self, hu: f64) -> usize {
        let i = self.bins.partition_point(|b| b.high <= hu).min(self.bins.len() - 1);
        self.bins[i].material
    }

    fn bad(&self, problem: String, why: &str) -> Error {
        Error::input(
            format!("HU curve '{}': {problem}", self.name),
            why,
            "Correct the curve's knots and bins.",
        )
    }

    fn check_knots(&self) -> Result<()> {
        if self.knots.len() < 2 {
            return Err(self.bad(format!("{} knots", self.knots.len()), "two or more are needed"));
        }
        for &(hu, density) in &self.knots {
            if !hu.is_finite() || !density.is_finite() || density <= 0.0 {
                return Err(self.bad(
                    format!("density {density} g/cm3 at HU {hu}"),
                    "HU must be finite and densities positive",
                ));
            }
        }
        match self.knots.windows(2).find(|w| w[1].0 <= w[0].0) {
            Some(w) => Err(self.bad(
                format!("knot HU {} follows HU {}", w[1].0, w[0].0),
                "knots must ascend in HU",
            )),
            None => Ok(()),
        }
    }

    fn check_bins(&self) -> Result<()> {
        if self.bins.is_empty() {
            return Err(self.bad("no composition bin".into(), "every HU needs a composition"));
        }
        if self.materials.len() > 256 {
            let n = self.materials.len();
            return Err(self.bad(format!("{n} materials"), "at most 256 fit the material map"));
        }
        for bin in &self.bins {
            let range = format!("bin [{}, {})", bin.low, bin.high);
            if !bin.low.is_finite() || !bin.high.is_finite() || bin.low >= bin.high {
                return Err(self.bad(range, "a bin must end above its start"));
            }
            if bin.material >= self.materials.len() {
                return Err(self.bad(range, "its material is not in the list"));
            }
        }
        for w in self.bins.windows(2) {
            if w[1].low != w[0].high {
                let what = if w[1].low > w[0].high { "gap" } else { "overlap" };
                return Err(self.bad(
                    format!("{what} between the bin that ends at HU {} and the one that starts at HU {}", w[0].high, w[1].low),
                    "bins must be in order and each must start where the one before it ends",
                ));
            }
        }
        Ok(())
    }
}

fn largest_difference(a: &Material, b: &Material) -> f64 {
    let of = |m: &Material, z: u8| m.mass_fractions.iter().find(|e| e.0 == z).map_or(0.0, |e| e.1);
    let zs = a.mass_fractions.iter().chain(&b.mass_fractions).map(|e| e.0);
    zs.map(|z| (of(a, z) - of(b, z)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
#[path = "hu_tests.rs"]
mod tests;

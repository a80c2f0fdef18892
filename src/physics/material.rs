//! Matter: elemental composition, density and mean excitation energy.

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

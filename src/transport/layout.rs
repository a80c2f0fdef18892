//! Flat layouts shared by both engines: energy grids by float bits, packed voxel words, table offsets.
//!
//! An energy grid has nodes at `2^e (1 + j / n)`: `n` equal intervals in each octave, so the interval and the
//! fraction inside it are read from the bits of the f32 and no logarithm is needed.

/// log2 of the intervals per octave of the fine grid (tables interpolated linearly): 32.
pub const FINE_BITS: u32 = 5;
/// log2 of the intervals per octave of the coarse grid (distributions, mixed statistically): 8.
pub const COARSE_BITS: u32 = 3;
/// Exponent of the lowest node, 2^-10 MeV = 0.977 keV.
pub const LOWEST_EXPONENT: i32 = -10;
/// Octaves covered: up to 4 MeV.
pub const OCTAVES: u32 = 12;
/// Nodes of the fine grid.
pub const FINE_NODES: usize = ((OCTAVES << FINE_BITS) + 1) as usize;
/// Intervals of the fine grid.
pub const FINE_INTERVALS: usize = FINE_NODES - 1;
/// Nodes of the coarse grid.
pub const COARSE_NODES: usize = ((OCTAVES << COARSE_BITS) + 1) as usize;

/// Intervals of an angular inverse-CDF table.
pub const ANGULAR_INTERVALS: usize = 128;
/// f32 values of a multiple-scattering step behind an angular table's scale (zero elsewhere): its mean fractional energy loss per
/// unit strength, the three of its straggling (`cpu/straggling.rs`), and its strength.
pub const ANGULAR_STEP: usize = 5;
/// f32 values before the ratio nodes: the scale `a`, those of a step, two spare.
pub const ANGULAR_HEADER: usize = 8;
/// f32 values of one angular distribution; its nodes are windowed.
pub const ANGULAR_STRIDE: usize = ANGULAR_HEADER + windowed(ANGULAR_INTERVALS);
/// Intervals of a photon-energy inverse-CDF table (bremsstrahlung).
pub const SPECTRUM_INTERVALS: usize = 128;
/// f32 values of one such distribution, windowed.
pub const SPECTRUM_STRIDE: usize = windowed(SPECTRUM_INTERVALS);
/// Quantities of the lepton table: restricted stopping power, inverse first transport path, hard cross section, bremsstrahlung's
/// share of it, CSDA range, thick-target photons.
pub const LEPTON_VALUES: usize = 6;
/// f32 values per fine interval and material of the lepton table: each quantity at the low and the high end.
pub const LEPTON_RECORD: usize = 2 * LEPTON_VALUES;
/// Quantities of the photon table: total mu/rho; mu_en/rho; shares Compton, Compton + photoelectric, Compton + photoelectric +
/// Rayleigh; spare; fluorescence probability of the first and of the second element.
pub const PHOTON_VALUES: usize = 8;
/// f32 values per fine interval and material of the photon table.
pub const PHOTON_RECORD: usize = 2 * PHOTON_VALUES;

/// f32 values of a shell of the impulse approximation: probability to keep it rather than its alias, the alias, binding energy (MeV),
/// width of the momentum's distribution (m c).
pub const SHELL_VALUES: usize = 4;

/// Intervals in a block of four nodes.
pub const WINDOW_INTERVALS: usize = 3;

/// f32 values of a windowed table: blocks of four nodes, of which the last is the next block's first, so that both ends of an
/// interval stand in one block (`tables/neighbours.rs`).
pub const fn windowed(intervals: usize) -> usize {
    intervals.div_ceil(WINDOW_INTERVALS) * (WINDOW_INTERVALS + 1)
}

/// Energy (MeV) of a node of a grid with `1 << bits` intervals per octave.
pub fn node_energy(bits: u32, node: usize) -> f64 {
    let per_octave = 1usize << bits;
    let octave = (node / per_octave) as i32;
    let j = (node % per_octave) as f64;
    f64::from(LOWEST_EXPONENT + octave).exp2() * (1.0 + j / per_octave as f64)
}

/// Interval and fraction inside it of an energy on a grid with `1 << BITS` intervals per octave.
/// Energies outside are taken at the nearest end (the plan refuses sources outside).
#[inline(always)]
pub fn locate<const BITS: u32>(energy: f32) -> (usize, f32) {
    let shift = 23 - BITS;
    let base = ((127 + LOWEST_EXPONENT) as u32) << BITS;
    let last = (OCTAVES << BITS) - 1;
    let bits = energy.to_bits();
    let raw = bits >> shift;
    let fraction = (bits & ((1 << shift) - 1)) as f32 * (1.0 / (1u32 << shift) as f32);
    if raw < base {
        (0, 0.0)
    } else if raw > base + last {
        (last as usize, 1.0)
    } else {
        ((raw - base) as usize, fraction)
    }
}

/// Photon.
pub const PHOTON: u32 = 0;
/// Electron.
pub const ELECTRON: u32 = 1;
/// Positron.
pub const POSITRON: u32 = 2;
/// Alpha particle.
pub const ALPHA: u32 = 3;

/// Most segments (voxel crossings, hinges, collisions) of one track. A 3.5 MeV electron in air of 0.5 mm voxels needs 5e4.
pub const MAX_SEGMENTS: u32 = 200_000;
/// Most tentative collisions of one photon. Mean numbers are about ten; a majorant 100 times the local mu needs 1e3.
pub const MAX_COLLISIONS: u32 = 1_000_000;
/// Most voxels one alpha may cross: its range in air is 9 cm at most.
pub const MAX_ALPHA_VOXELS: u32 = 10_000;
/// Least rate that the linearisation about the middle of a step may give, as a fraction of the rate there: reached only
/// by rare, very large straggling.
pub const LEAST_RATE: f32 = 0.25;

/// Low bits of a voxel word that hold the material; the rest is the density's f32 (relative rounding 2^-17).
pub const MATERIAL_BITS: u32 = 7;
/// Most materials one plan may hold.
pub const MAX_MATERIALS: usize = 1 << MATERIAL_BITS;

/// Packs density (g/cm3) and material into one word; the density is rounded to 16 mantissa bits.
pub fn pack_voxel(density: f32, material: u8) -> u32 {
    let mask = (1u32 << MATERIAL_BITS) - 1;
    let rounded = density.to_bits().wrapping_add(1 << (MATERIAL_BITS - 1)) & !mask;
    rounded | u32::from(material)
}

/// Bit of a voxel word (the sign that a density has not) that says: steps are short here (`tables/faces.rs`).
pub const SHORT_BIT: u32 = 31;

/// 1 where steps are short, else 0.
#[inline(always)]
pub fn voxel_short(word: u32) -> u32 {
    word >> SHORT_BIT
}

/// Density of a voxel word, g/cm3.
#[inline(always)]
pub fn voxel_density(word: u32) -> f32 {
    f32::from_bits(word & !((1 << SHORT_BIT) | ((1 << MATERIAL_BITS) - 1)))
}

/// Material of a voxel word.
#[inline(always)]
pub fn voxel_material(word: u32) -> usize {
    (word & ((1 << MATERIAL_BITS) - 1)) as usize
}

/// Largest energy of the tables of photons, electrons and positrons, MeV.
pub const HIGHEST_MEV: f64 = 4.0;
/// Fixed-point units per MeV in tallies: 2^26 (one unit is 0.015 eV). A u64 voxel holds 2.7e11 MeV, one u32
/// deposit 64 MeV.
pub const TALLY_UNITS_PER_MEV: f32 = 67_108_864.0;

/// Where each table starts in `Plan::tables`. All offsets count f32 values; all but `shells` and `alpha` are multiples of four.
#[repr(C)]
#[cfg_attr(feature = "gpu", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offsets {
    /// Photon table `[material][fine interval][PHOTON_RECORD]`.
    pub photon: u32,
    /// Majorant table `[hardness class][fine node]`, cm2/g, windowed.
    pub photon_majorant: u32,
    /// Compton angular tables `[material][coarse node][ANGULAR_STRIDE]`.
    pub compton: u32,
    /// Rayleigh angular tables `[material][coarse node][ANGULAR_STRIDE]`.
    pub rayleigh: u32,
    /// Fluorescence lines `[material][2][edge MeV, line MeV]`.
    pub fluorescence: u32,
    /// Lepton table `[electron, positron][material][fine interval][LEPTON_RECORD]`; where steps are short somewhere, the same with the
    /// thresholds of these voxels behind it, as in the tables of the hard majorant, of multiple scattering and of thresholds.
    pub lepton: u32,
    /// Hard majorant `[electron, positron][material][fine node]`, cm2/g, windowed.
    pub hard_majorant: u32,
    /// Multiple-scattering tables `[electron, positron][material][coarse node][ANGULAR_STRIDE]`.
    pub scattering: u32,
    /// Thin-target bremsstrahlung `[electron, positron][material][coarse node][SPECTRUM_STRIDE]`.
    pub bremsstrahlung: u32,
    /// Thick-target bremsstrahlung, same shape.
    pub thick_target: u32,
    /// Alpha CSDA ranges `[material][ALPHA_NODES]`, g/cm2, at equal steps of energy.
    pub alpha: u32,
    /// Largest production threshold of each material, MeV.
    pub thresholds: u32,
    /// Shell radii, cm.
    pub shells: u32,
    /// The beam, where there is one (`tables/beam.rs`).
    pub beam: u32,
}

/// Everything scalar that the kernels read.
#[repr(C)]
#[cfg_attr(feature = "gpu", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Params {
    /// Voxels along x, y, z.
    pub dims: [u32; 3],
    /// Number of materials.
    pub materials: u32,
    /// Voxel edges, cm.
    pub voxel_cm: [f32; 3],
    /// Electron and positron transport cutoff, MeV.
    pub electron_cutoff: f32,
    /// Inverse voxel edges, 1/cm.
    pub inverse_voxel: [f32; 3],
    /// Photon cutoff, MeV.
    pub photon_cutoff: f32,
    /// Majorant cells along x, y, z.
    pub cell_dims: [u32; 3],
    /// Voxels per majorant cell edge.
    pub cell_voxels: u32,
    /// First voxel of the box that is scored in parts of voxels.
    pub fine_first: [u32; 3],
    /// Parts along each edge of a voxel there; 0 without such a box.
    pub fine_parts: u32,
    /// Voxels of the box.
    pub fine_voxels: [u32; 3],
    /// Number of the first cell of the parts: that of all voxels.
    pub fine_base: u32,
    /// Production threshold as a fraction of the energy.
    pub threshold_fraction: f32,
    /// Least production threshold, MeV.
    pub threshold_min: f32,
    /// Number of lepton tables before those of voxels where steps are short; 0 where there are none.
    pub short_sets: u32,
    /// Bremsstrahlung threshold, MeV.
    pub photon_threshold: f32,
    /// Bit set of `FLAG_*`.
    pub flags: u32,
    /// Number of shells when scoring radially.
    pub shells: u32,
    /// Seed.
    pub seed: [u32; 2],
    /// Number of source voxels.
    pub source_voxels: u32,
    /// Energy per decay deposited where it decays, MeV (expected value), of electron origin.
    pub local_electron: f32,
    /// The same of photon origin.
    pub local_photon: f32,
    /// The same of alpha origin (recoil nuclei).
    pub local_alpha: f32,
    /// No electron above this energy (MeV) can end inside a voxel; below zero without range rejection.
    pub settle_energy: f32,
    /// Nothing: the struct fills whole blocks of four words.
    pub spare: u32,
    /// Emission groups of the source.
    pub source_groups: u32,
    /// Their entries.
    pub source_entries: u32,
    /// Time points that one run scores with a weight each; 0 in an ordinary run.
    pub time_points: u32,
    /// `(2^32 - 1) / nx`, rounded down, by which the GPU divides voxel indices.
    pub reciprocal_nx: u32,
    /// The same of ny.
    pub reciprocal_ny: u32,
    /// Shells of the impulse approximation: per material a block of their first value (from here on) and their number, then
    /// `[shell][SHELL_VALUES]`; 0 with other models.
    pub compton_shells: u32,
    /// Table offsets.
    pub offsets: Offsets,
}

/// Kerma estimator for photons (else analog).
pub const FLAG_KERMA: u32 = 1;
/// Coherent scattering is simulated.
pub const FLAG_RAYLEIGH: u32 = 2;
/// Source points sit at the voxel's centre (validation), not uniformly inside it.
pub const FLAG_POINT_SOURCE: u32 = 4;
/// Positron tables are present.
pub const FLAG_POSITRONS: u32 = 8;
/// Straggling of soft losses is sampled.
pub const FLAG_STRAGGLING: u32 = 16;
/// Compton scattering by the impulse approximation, with Doppler broadening.
pub const FLAG_IMPULSE: u32 = 32;
/// The source is a beam from outside.
pub const FLAG_BEAM: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locate_inverts_node_energy() {
        for node in 0..FINE_NODES - 1 {
            let e = node_energy(FINE_BITS, node);
            assert_eq!(locate::<FINE_BITS>(e as f32), (node, 0.0));
            let middle = 0.5 * (e + node_energy(FINE_BITS, node + 1));
            let (i, f) = locate::<FINE_BITS>(middle as f32);
            assert_eq!(i, node);
            assert!((f - 0.5).abs() < 1e-5);
        }
        assert_eq!(locate::<FINE_BITS>(1e-9), (0, 0.0));
        assert_eq!(locate::<FINE_BITS>(50.0), (FINE_NODES - 2, 1.0));
        assert_eq!(locate::<COARSE_BITS>(1.0).0, 10 * 8);
    }

    #[test]
    fn packing_rounds_density_by_less_than_2_pow_minus_17() {
        for i in 1..5000 {
            let density = i as f32 * 0.000_917;
            let word = pack_voxel(density, (i % 100) as u8);
            assert_eq!(voxel_material(word), i % 100);
            let relative = (voxel_density(word) - density).abs() / density;
            assert!(relative <= 1.0 / 131_072.0, "{density}: {relative}");
        }
        assert_eq!(voxel_density(pack_voxel(0.0, 3)), 0.0);
    }
}

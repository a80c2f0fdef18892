//! Physical constants, once. Values: CODATA 2018 (Tiesinga et al., Rev. Mod. Phys. 93, 025010, 2021,
//! doi:10.1103/RevModPhys.93.025010). No other file may write any of these numbers.

/// Electron rest energy, MeV.
pub const ELECTRON_MASS_MEV: f64 = 0.510_998_950_00;
/// Classical electron radius, cm.
pub const CLASSICAL_ELECTRON_RADIUS_CM: f64 = 2.817_940_326_2e-13;
/// Fine-structure constant.
pub const FINE_STRUCTURE: f64 = 7.297_352_569_3e-3;
/// Avogadro constant, 1/mol.
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// 1 MeV in joule.
pub const MEV_IN_JOULE: f64 = 1.602_176_634e-13;
/// h c in MeV cm.
pub const PLANCK_C_MEV_CM: f64 = 1.239_841_984e-10;
/// Bohr radius, cm.
pub const BOHR_RADIUS_CM: f64 = 5.291_772_109_03e-9;
/// Hartree energy, eV.
pub const HARTREE_EV: f64 = 27.211_386_245_988;

//! The nouns of the flow, for programs that use the library: images, matter, decay, dose.
//!
//! A dose from arrays, without files:
//!
//! ```
//! use voxgray::prelude::*;
//!
//! # fn main() -> voxgray::Result<()> {
//! // 24 x 24 x 24 voxels of 4 mm, index i fastest; a sphere of 24 mm in muscle.
//! let grid = Grid::aligned([24; 3], [0.0; 3], [4.0; 3]);
//! let inside = |v: &usize| {
//!     let [i, j, k] = grid.unlinear(*v).map(|i| i as f64 - 11.5);
//!     (i * i + j * j + k * k).sqrt() * 4.0 < 12.0
//! };
//! let lesion: Vec<u32> = (0..grid.len()).filter(inside).map(|v| v as u32).collect();
//!
//! // Matter: one material, 1.05 g/cm3.
//! let muscle = named_material("icru44_muscle").expect("built in").material.clone();
//! let n = grid.len();
//! let phantom = Phantom::new(grid.clone(), vec![1.05; n], vec![0; n], vec![muscle])?;
//!
//! // 1 MBq in each voxel of the lesion; Lu-177 and what it decays to.
//! let mut activity = Volume::new(grid.clone(), vec![0.0_f32; n])?;
//! lesion.iter().for_each(|v| activity.data[*v as usize] = 1e6);
//! let spectrum = DecaySpectrum::from_chain(&chain("Lu-177", None, 1.0)?)?;
//!
//! // VOIs may overlap.
//! let body = Voi { label: 1, name: "body".into(), voxels: (0..n as u32).collect() };
//! let lesion = Voi { label: 2, name: "lesion".into(), voxels: lesion };
//! let vois = VoiSet { grid, vois: vec![body, lesion] };
//! let run = ArrayRun { engine: EngineChoice::Cpu, ..ArrayRun::of(50_000) };
//! let result = dose_of_arrays(&phantom, &activity, &spectrum, &vois, &run)?;
//! for voi in &result.vois {
//!     println!("{}: {:.3e} +- {:.1e} Gy/s", voi.name, voi.mean, voi.standard_error);
//! }
//! # // 0.147 MeV of electrons a decay stay inside but for its edge: 1e6 x 0.1479 MeV in 0.0672 g.
//! # let mean = result.vois[1].mean;
//! # assert!(mean > 0.9 * 3.5e-4 && mean < 1.1 * 3.5e-4, "{mean}");
//! # Ok(())
//! # }
//! ```
//!
//! Files to the same nouns: [`read_image`], [`Job`] with [`mod@crate::pipeline`] for all that `voxgray dose` does.

pub use crate::activity::{ActivityMap, InputUnit};
pub use crate::dose::{ArrayDose, ArrayRun, DoseScale, VoiMean, dose_of_arrays};
pub use crate::image::{Grid, Region, RegionSet, Voi, VoiSet, Volume};
pub use crate::io::{ImageOptions, RegionOptions, read_image, read_regions};
pub use crate::job::Job;
pub use crate::kinetics::{Points, Spread, Tac, Tia, integrate_points};
pub use crate::phantom::{HuCurve, HuOptions, Phantom};
pub use crate::physics::chain::chain;
pub use crate::physics::tissues::named_material;
pub use crate::physics::{Chain, Material, Nuclide};
pub use crate::source::{Beam, DecaySpectrum, parse_source, read_spectrum};
pub use crate::transport::engine::{Engine, EngineChoice};
pub use crate::transport::settings::Settings;
pub use crate::{Error, Result};

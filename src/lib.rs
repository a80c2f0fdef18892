#![doc = include_str!("../README.md")]
//!
//! # The house
//!
//! ```text
//! data/             embedded tables; each file's header says quantity, units, source, licence, generator
//! python/           the package for Python: arrays and options to the library; a member of the workspace
//! workflow/         many patients: Snakemake, a job array of Slurm
//! tools/            the scripts that generate data/ (Python, pinned packages); never needed by a user
//! build.rs          lists the embedded tables with their SHA-256
//! shaders/          the GPU engine's physics in WGSL, one file per stem of transport/cpu
//! src/
//!   lib.rs main.rs error.rs units.rs constants.rs stats.rs
//!   prelude.rs      the nouns of the flow for programs that use the library
//!   tables.rs program.rs  the embedded tables with their hashes; which build this is
//!   files.rs interrupt.rs machine.rs  the one door to a user's files, the wish to stop, the memory there is
//!   sheet/          a user's table (CSV, TSV, Excel text) to header, rows and numbers; no meaning of columns
//!   numerics/       quadrature and splines, no physics
//!   time/           dates and clocks: one policy for offsets from UTC, ISO 8601 and DICOM
//!   image/          WHERE: grid (affine), volume, voi and parts of VOIs that overlap, regions with shares (contours, margins, sets), resampling
//!                   (activity and mass conserved, HU not)
//!   io/             files <-> image types, no physics: dicom (CT, PET, NM, RTSTRUCT, SEG, REG; write/: RT Dose, Parametric Map, SEG, RTSTRUCT,
//!                   SR), nifti, metaimage, nrrd; regions from any of them; transforms (ITK); cache (what one run leaves for the next)
//!   physics/        WHAT matter and nuclides do: f64 reference facts, no sampling
//!   activity/       counts -> Bq: units of maps, dose calibrator, camera calibration, dead time, decay conventions, recovery
//!   registration/   where one image lies in another: similarity, search, climb; knows images alone
//!   kernel/         the fast methods: point and voxel kernels by transport, convolution, LDM, VSV, spheres; knows transport, never pipeline
//!   kinetics/       WHEN: time-activity curves to time integrals, per VOI and per voxel
//!   phantom/        HU -> matter: hu (curves), voxels, maps, couch, synthetic (boxes, slabs, a patient)
//!   source/         nuclide -> what a decay emits: lines, spectra, alias tables; research sources, spectra of files, beams from outside
//!   transport/      primaries + matter -> energy imparted: settings, build, plan, layout, engine, run, tally, ledger, compare
//!     tables/       f64 facts -> the flat f32 tables of the plan, kept for the next plan and program
//!     cpu/          the engine on the CPU: one process per file
//!     gpu/          the engine on GPUs: adapters, kernels, buffers, batches, fold; no physics
//!   dose/           energy -> Gy: rate, map, the voxels of high dose; from arrays to dose in one call
//!   report/         summary, pictures, plots
//!   uncertainty/    the dose's uncertainty over the whole chain: law of propagation, sampling
//!   analysis/       dose to a decision: DVH, BED, EUD, limits, marrow, radioembolisation; knows dose, regions and curves, never transport
//!   job.rs pipeline.rs  what a run is asked to do; the flow once, top to bottom
//!   study/          one file of a patient's treatment to the commands that follow from it, and which of them must be run
//!   cli/            one file per command
//! tests/            on files, on real images, against references
//! validation/       someone else's truth: cases, references with their origin, the runner
//! benches/          speed and efficiency in the 64^3 phantom, decays per second in patients
//! docs/             method (equations), gpu, kinetics, quantification (activity, uncertainty), analysis (dose to decision), fast_methods, files (reading), regions,
//!                   registration, dicom_out (for a PACS), checks (of the inputs), runs (what is kept and replaced), study, python, defaults,
//!                   tutorial, for_* (a page for each kind of user),
//!                   data (provenance), nuclides, libraries (and what is our own), measured (against measurement)
//! ```
//!
//! Data flow one way:
//!
//! ```text
//! io --CT (HU)--> phantom -- Phantom (density, material) ----+
//! io --NM/PT----> activity -- ActivityMap on the dose grid --+--> build_plan --> Plan --> Engine ----> Tally
//! data --> physics --> source (DecaySpectrum), tables -------+                                            |
//!                                                               Tally / mass --> dose --> report, io
//! ```
//!
//! The engine is the CPU's or one on GPUs: both read the same plan, draw the same numbers and book the same integers (`docs/gpu.md`).
//!
//! Layers (an upper one may import a lower one, never the reverse; `tests/layers.rs` checks it):
//!
//! ```text
//! 7 cli, main, prelude      4 dose                                      1 image | physics | kinetics
//! 6 pipeline, study, job    3 transport, kernel                         0 error, units, constants, stats, tables, program,
//! 5 report, uncertainty,    2 activity | phantom | source |                 files, interrupt, machine, sheet, time, numerics
//!   analysis                  registration | io
//! ```
//!
//! Units change at three borders only: `io` (file units to Bq, HU, mm), [`transport::build`] (mm to cm, f64 to f32; inside MeV, cm, g, s), and
//! dose (fixed point to Gy). Coordinates are DICOM's (LPS, mm) everywhere outside `transport`.
//!
//! # The models
//!
//! Ranges: elements hydrogen to uranium; photons 1 keV to 4 MeV, electrons and positrons 1 keV to 4 MeV, alphas to 10 MeV. Equations: `docs/method.md`. Files are below `src/`.
//!
//! | process | model | neglected | range | reference | file |
//! |---|---|---|---|---|---|
//! | photon flight | Woodcock tracking, one majorant of mu per cell of a coarse grid | nothing | 1 keV - 4 MeV | Woodcock et al., ANL-7050 (1965) | `transport/cpu/photon.rs`, `transport/tables/cells.rs` |
//! | photon cross sections | NIST XCOM by process, log-log between edges, mixed by mass | molecular structure, photonuclear absorption | 1 keV - 4 MeV | XCOM (NIST SRD 8) | `physics/xcom.rs`, `physics/photon.rs` |
//! | Compton | Klein-Nishina x S(x, Z); energies as for a free electron at rest | Doppler broadening; the binding energy goes with the electron | 1 keV - 4 MeV | [10.1063/1.555523](https://doi.org/10.1063/1.555523) | `physics/compton.rs`, `transport/cpu/compton.rs` |
//! | Compton, `--incoherent impulse` | impulse approximation with one-parameter profiles: total, angle, Doppler broadening | profiles beyond J(0), radiative corrections; the binding energy goes with the electron | 1 keV - 4 MeV | [10.1103/PhysRevB.12.2067](https://doi.org/10.1103/PhysRevB.12.2067), [10.1016/0168-9002(96)00652-3](https://doi.org/10.1016/0168-9002(96)00652-3) | `physics/impulse.rs`, `transport/cpu/doppler.rs` |
//! | Rayleigh | Thomson x F(x, Z)^2; can be switched off | anomalous dispersion, interference between atoms | 1 keV - 4 MeV | [10.1063/1.555523](https://doi.org/10.1063/1.555523) | `physics/rayleigh.rs`, `transport/cpu/photon.rs` |
//! | photoelectric | Sauter's angle; mean K line of the material's two strongest elements | L and higher shells, Auger electrons apart | 1 keV - 4 MeV | [10.1002/andp.19314030406](https://doi.org/10.1002/andp.19314030406), xraylib | `physics/fluorescence.rs`, `physics/l_fluorescence.rs` (what is neglected), `transport/cpu/photoelectric.rs` |
//! | pair, triplet | XCOM's cross section; uniform energy split, leading angular factor | shape of the split, the triplet's recoil electron | 1.022 - 4 MeV | XCOM; [10.1103/RevModPhys.41.581](https://doi.org/10.1103/RevModPhys.41.581) | `physics/pair.rs`, `transport/cpu/pair.rs` |
//! | annihilation | two 511 keV photons back to back, at rest | annihilation in flight, acollinearity | - | - | `transport/cpu/photon.rs` |
//! | kerma estimator | E mu_en/rho x density x length in every voxel of a flight | range of the electrons set free | 1 keV - 4 MeV | Williamson, Med. Phys. 14, 567 (1987); [10.2307/3578607](https://doi.org/10.2307/3578607) | `physics/energy_absorption.rs`, `transport/cpu/track_length.rs` |
//! | electron step | class II condensed history with a random hinge; strength, energy and optical depth are budgets used up at each voxel's own rate, linear in energy within the step; short steps in gas and beside it | curvature of the rates within a step | 1 keV - 4 MeV | [10.1088/0031-9155/45/8/315](https://doi.org/10.1088/0031-9155/45/8/315), [10.1103/PhysRev.78.526](https://doi.org/10.1103/PhysRev.78.526) | `transport/cpu/electron.rs`, `transport/tables/faces.rs` |
//! | elastic scattering | Dirac partial waves to 150 keV, exact Mott x screening x eikonal above; own tables for positrons | nuclear size, polarisation, molecules | 1 keV - 4 MeV | [10.1088/0022-3700/6/11/021](https://doi.org/10.1088/0022-3700/6/11/021), [10.1103/PhysRev.103.1597](https://doi.org/10.1103/PhysRev.103.1597) | `physics/scattering/elastic.rs` |
//! | soft inelastic deflection | one generalised oscillator at the mean excitation energy | shell structure, transverse distant part | 1 keV - 4 MeV | [10.1088/0022-3727/16/8/023](https://doi.org/10.1088/0022-3727/16/8/023) | `physics/scattering/inelastic.rs` |
//! | multiple scattering | Goudsmit-Saunderson distribution of the step's exact strength, at its middle energy | correlation of angle and position beyond the hinge | 1 keV - 4 MeV | [10.1103/PhysRev.57.24](https://doi.org/10.1103/PhysRev.57.24) | `physics/scattering/multiple.rs`, `transport/tables/lepton.rs` |
//! | soft losses | restricted stopping power (Berger-Seltzer, Sternheimer); per step their first three moments | shell corrections; higher moments | 1 keV - 4 MeV | [10.1016/0020-708X(82)90244-7](https://doi.org/10.1016/0020-708X(82)90244-7), [10.1016/0092-640X(84)90002-0](https://doi.org/10.1016/0092-640X(84)90002-0) | `physics/stopping.rs`, `transport/cpu/straggling.rs` |
//! | hard collisions | Moller (electrons), Bhabha (positrons) above the production threshold, which follows the voxel in its own medium | binding of the target electron | 1 keV - 4 MeV | [10.1002/andp.19324060506](https://doi.org/10.1002/andp.19324060506), [10.1098/rspa.1936.0046](https://doi.org/10.1098/rspa.1936.0046) | `physics/moller.rs`, `physics/bhabha.rs`, the same names in `transport/cpu`; `transport/tables/thresholds.rs` |
//! | bremsstrahlung | ESTAR's radiative stopping power; 3BN shape with Elwert's factor; dipole angle | screening in the shape; deflection of the electron | 1 keV - 4 MeV | [10.1103/RevModPhys.31.920](https://doi.org/10.1103/RevModPhys.31.920), [10.1002/andp.19394260206](https://doi.org/10.1002/andp.19394260206) | `physics/bremsstrahlung.rs`, `transport/cpu/bremsstrahlung.rs` |
//! | positrons | as electrons, with Berger-Seltzer F+ and the ratio of radiative stopping powers | in-flight annihilation | 1 keV - 4 MeV | [10.1103/PhysRevA.33.3002](https://doi.org/10.1103/PhysRevA.33.3002) | `physics/stopping.rs` |
//! | range rejection | deposit on the spot where the CSDA range ends inside the voxel; one thick-target photon drawn (none below the cutoff) | range straggling; where on the rest of the track the photon starts | 1 keV - 4 MeV | - | `transport/cpu/electron.rs`, `physics/thick_target.rs` |
//! | alphas | straight CSDA track, ASTAR stopping power; recoil local | straggling, scattering, delta rays | to 10 MeV | ICRU Report 49 | `physics/alpha.rs`, `transport/cpu/alpha.rs` |
//! | decay | lines of ENSDF, of ICRP-107 or of a file (`--nuclide-data`, `--nuclide-file`), beta spectra computed, chains with branching, horizon, retained fraction | coincidences within a decay, migration of progeny | - | ICRP Publication 107; ENSDF | `physics/nuclide.rs`, `physics/chain.rs`, `source/spectrum.rs` |
//! | beta spectra of ENSDF | allowed, unique forbidden; Fermi function with finite size, screening and exchange | radiative corrections; non-unique shapes; exchange in forbidden ones | - | [10.1103/RevModPhys.90.015008](https://doi.org/10.1103/RevModPhys.90.015008) | `physics/beta_shape.rs`, `physics/fermi.rs` |
//! | beams | point, rectangle or disc x cone; what misses the grid has escaped | matter outside of the grid, the source's thickness | - | - | `source/beam.rs`, `transport/cpu/beam.rs` |
//! | place of decay | systematic sampling of the activity map, uniform in the voxel | structure below the voxel | - | - | `transport/cpu/history.rs` |
//! | tissue | HU -> density and composition: Schneider's or an ICRU-44 curve, or a file | CT noise and artefacts, contrast agent | HU -1050 to 3000 | [10.1088/0031-9155/45/2/314](https://doi.org/10.1088/0031-9155/45/2/314) | `phantom/hu.rs` |

#![forbid(unsafe_code)]
// What is printed goes through `cli::console`, which no lost terminal can end.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod activity;
pub mod analysis;
#[cfg(feature = "program")]
pub mod cli;
pub mod constants;
pub mod dose;
pub mod error;
pub mod files;
pub mod image;
pub mod interrupt;
pub mod io;
pub mod job;
pub mod kernel;
pub mod kinetics;
pub mod machine;
pub mod numerics;
pub mod phantom;
pub mod physics;
pub mod pipeline;
pub mod prelude;
pub mod program;
pub mod registration;
pub mod report;
pub mod sheet;
pub mod source;
pub mod stats;
pub mod study;
pub mod tables;
pub mod time;
pub mod transport;
pub mod uncertainty;
pub mod units;

pub use error::{Error, ErrorKind, Result};

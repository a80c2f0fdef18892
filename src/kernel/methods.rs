//! The fast methods on a run's activity: energy per decay in every voxel, in a tally as transport fills it. Each neglects what its kernel and
//! its treatment of density neglect; the numbers carry the kernels' statistics alone, and nothing of that neglect.
//!
//! With a(s) the part of the decays in voxel s, E(t) the energy per decay in voxel t and K the kernel (MeV per decay) of a medium of density
//! rho_K, with (*) a convolution:
//!
//! | method | energy | source |
//! |---|---|---|
//! | LDM | E(t) = a(t) E_local | local deposition: electrons, positrons and alphas where they start |
//! | VSV (DPK) | E(t) = (a (*) K)(t) | MIRD Pamphlet 17, Bolch et al., J. Nucl. Med. 40, 11S (1999) |
//! | MSV by target | E(t) = (a (*) K_c)(t), c the tissue class of t | Lee et al., EJNMMI Phys. 9 (2022) |
//! | MSV by source | E(t) = sum_c (a_c (*) K_c)(t), a_c the activity in class c | keeps energy |
//!
//! What is made of a density rho that is not the kernel's ([`Scaling`]):
//!
//! | scaling | dose | energy in the tally |
//! |---|---|---|
//! | `none` | the kernel's medium everywhere, D = E / (rho_K V) | E(t) rho(t) / rho_K |
//! | `target` | energy over the voxel's own mass, D = D_none rho_K / rho(t) (Dieudonne et al., J. Nucl. Med. 54, 236, 2013) | E(t) |
//! | `source` | D = sum_s rho_K / rho(s) a(s) K / (rho_K V) | E of a rho_K / rho(s), times rho(t) / rho_K |

use std::sync::atomic::Ordering::Relaxed;

use super::convolve::Convolver;
use super::medium::Medium;
use super::overlap::Octant;
use super::point::{PointKernel, REPLICATES};
use super::table::TableKernel;
use super::voxel::VoxelKernel;
use crate::error::Result;
use crate::interrupt;
use crate::source::DecaySpectrum;
use crate::transport::batch_words::{BatchWords, Copies, TimeWords};
use crate::transport::layout::TALLY_UNITS_PER_MEV;
use crate::transport::plan::Plan;
use crate::transport::score::Channels;
use crate::transport::tally::{ORIGINS, Tally};

/// What local deposition does with photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Photons {
    /// Their energy is left out.
    #[default]
    Dropped,
    /// It stays where they start.
    Local,
    /// It is spread by the kernel of photons.
    Convolved,
}

/// What is made of a density that is not the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaling {
    /// Nothing: dose in the kernel's medium.
    None,
    /// Energy is divided by the target voxel's mass.
    #[default]
    Target,
    /// The source voxel's dose is scaled by its density.
    Source,
}

/// Whose tissue chooses the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassOf {
    /// The voxel that gets the energy.
    #[default]
    Target,
    /// The voxel that emits it: energy is kept.
    Source,
}

/// A fast method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Local deposition.
    Ldm(Photons),
    /// Voxel S values.
    Vsv,
    /// Voxel S values by class of tissue.
    Msv(ClassOf),
}

/// A class of tissue: voxels from its density on.
#[derive(Debug, Clone, PartialEq)]
pub struct TissueClass {
    /// Lowest density of its voxels, g/cm3.
    pub from_g_cm3: f64,
    /// The kernel's medium.
    pub medium: Medium,
}

impl TissueClass {
    /// Lung, soft tissue and bone: below 0.6, to 1.15, above. Neglects adipose tissue and how dense each part of a lung or bone is.
    ///
    /// # Errors
    /// Never, with the built-in tables.
    pub fn defaults() -> Result<Vec<TissueClass>> {
        let class = |from_g_cm3, medium| TissueClass { from_g_cm3, medium };
        Ok(vec![
            class(0.0, Medium::named("lung", None)?),
            class(0.6, Medium::soft_tissue()?),
            class(1.15, Medium::named("bone14", None)?),
        ])
    }
}

/// A problem for a fast method.
pub struct Problem<'a> {
    /// Activity, grid and time points.
    pub plan: &'a Plan,
    /// g/cm3 per voxel.
    pub density: &'a [f32],
    /// What a decay emits.
    pub decay: &'a DecaySpectrum,
    /// Density from which on a source's dose is scaled by its density; below it, where next to nothing is, it is not.
    pub low_density: f64,
    /// Region of each voxel (with time points also one such map after the other).
    pub labels: &'a [u16],
    /// Number of regions.
    pub regions: usize,
}

/// What a kernel of a medium kept and lost.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelFacts {
    /// The medium.
    pub medium: super::medium::MediumFacts,
    /// Decays simulated for it.
    pub histories: u64,
    /// Offsets (voxels) that it reaches.
    pub reach: [usize; 3],
    /// MeV per decay emitted.
    pub emitted_mev: f64,
    /// MeV per decay beyond its reach; it would be beyond the grid.
    pub outside_mev: f64,
}

/// One kernel, where it starts and where it counts.
struct Term {
    /// Activity in its class (scaled where sources are), transformed, at each time.
    sources: Vec<Convolver>,
    /// Its kernel; origins that are not spread are empty.
    kernel: VoxelKernel,
    class: usize,
}

/// A method, ready to give maps.
struct Terms<'a> {
    problem: &'a Problem<'a>,
    classes: Vec<TissueClass>,
    method: Method,
    scaling: Scaling,
    terms: Vec<Term>,
    /// What stays where it starts, MeV per decay by origin, and the activity (scaled) at each time.
    local_mev: [f64; ORIGINS],
    activity: Vec<Vec<f64>>,
}

/// Which energies.
#[derive(Clone, Copy)]
enum What {
    /// All origins, of one replicate of the kernels.
    Replicate(usize),
    /// One origin, in the mean.
    Origin(usize),
}

/// Where kernels come from.
pub enum Kernels<'a> {
    /// The point kernel of a medium out to a radius (cm).
    Made(&'a mut dyn FnMut(&Medium, f64) -> Result<PointKernel>),
    /// A table, for [`Method::Vsv`]; its medium is the table's.
    Table(&'a TableKernel),
}

/// Runs a method.
///
/// # Errors
/// If a kernel cannot be made or is of other voxels, a sum overflows, or the run is interrupted.
pub fn run(
    problem: &Problem,
    (method, scaling): (Method, Scaling),
    kernels: Kernels,
) -> Result<(Tally, Vec<KernelFacts>)> {
    let terms = Terms::new(problem, (method, scaling), kernels)?;
    let facts: Vec<KernelFacts> = terms.terms.iter().map(Term::facts).collect();
    let histories = facts.iter().map(|f| f.histories).max().unwrap_or(0);
    Ok((terms.tally(histories)?, facts))
}

impl Term {
    fn facts(&self) -> KernelFacts {
        KernelFacts {
            medium: self.kernel.medium.clone(),
            histories: self.kernel.histories,
            reach: self.kernel.octant.reach,
            emitted_mev: self.kernel.emitted_mev,
            outside_mev: self.kernel.outside_mev(),
        }
    }
}

impl<'a> Terms<'a> {
    fn new(
        problem: &'a Problem,
        (method, scaling): (Method, Scaling),
        mut kernels: Kernels,
    ) -> Result<Self> {
        let mut classes = match method {
            Method::Msv(_) => TissueClass::defaults()?,
            _ => vec![TissueClass { from_g_cm3: 0.0, medium: Medium::soft_tissue()? }],
        };
        if let Kernels::Table(table) = &kernels {
            classes[0].medium.density_g_cm3 = table.kernel.medium.density_g_cm3;
        }
        let mut terms = Terms {
            problem,
            classes,
            method,
            scaling,
            terms: Vec::new(),
            local_mev: [0.0; ORIGINS],
            activity: Vec::new(),
        };
        let activity = activities(problem.plan);
        let spread = match method {
            Method::Ldm(photons) => {
                terms.local_mev = local(problem.decay, photons);
                [false, photons == Photons::Convolved, false]
            }
            _ => [true; ORIGINS],
        };
        let used: Vec<bool> = (0..terms.classes.len())
            .map(|c| (0..problem.density.len()).any(|v| terms.class_of(v) == c))
            .collect();
        for class in (0..terms.classes.len()).filter(|c| used[*c] && spread.contains(&true)) {
            interrupt::check()?;
            let maps = activity.iter().map(|map| terms.sources(map, class)).collect::<Vec<_>>();
            if maps.iter().flatten().all(|a| *a == 0.0) {
                continue;
            }
            let octant = Octant {
                voxel_cm: problem.plan.grid.spacing_mm().map(|h| h / crate::units::MM_PER_CM),
                reach: reach(problem.plan.grid.dims, &maps),
            };
            let kernel = match &mut kernels {
                Kernels::Table(table) => {
                    table.on(octant.voxel_cm, octant.reach, emitted_mev(problem.decay))?
                }
                Kernels::Made(make) => {
                    let farthest = octant.distance_cm(octant.reach.map(|r| r + 1));
                    let mut point = make(&terms.classes[class].medium, farthest)?;
                    for replicate in &mut point.energy_mev {
                        let left_out = replicate.iter_mut().zip(spread).filter(|(_, s)| !s);
                        left_out.for_each(|(e, _)| e.clear());
                    }
                    VoxelKernel::of_point(&point, octant)
                }
            };
            let dims = problem.plan.grid.dims;
            let reach = kernel.octant.reach;
            let sources = maps.iter().map(|m| Convolver::new(m, dims, reach)).collect();
            terms.terms.push(Term { sources, kernel, class });
        }
        terms.activity = activity.iter().map(|map| terms.sources(map, 0)).collect();
        Ok(terms)
    }

    /// Class of a voxel's tissue.
    fn class_of(&self, v: usize) -> usize {
        let density = f64::from(self.problem.density[v]);
        self.classes.iter().rposition(|c| density >= c.from_g_cm3).unwrap_or(0)
    }

    /// Density of a voxel over that of a class.
    fn relative(&self, v: usize, class: usize) -> f64 {
        f64::from(self.problem.density[v]) / self.classes[class].medium.density_g_cm3
    }

    /// The activity that a class's kernel starts from.
    fn sources(&self, activity: &[f64], class: usize) -> Vec<f64> {
        let of = |(v, a): (usize, &f64)| {
            if self.method == Method::Msv(ClassOf::Source) && self.class_of(v) != class {
                return 0.0;
            }
            let dense = f64::from(self.problem.density[v]) >= self.problem.low_density;
            if self.scaling == Scaling::Source && dense { a / self.relative(v, class) } else { *a }
        };
        activity.iter().enumerate().map(of).collect()
    }

    /// What energy of a class's kernel counts in a voxel.
    fn factor(&self, v: usize, class: usize) -> f64 {
        if self.method == Method::Msv(ClassOf::Target) && self.class_of(v) != class {
            return 0.0;
        }
        if self.scaling == Scaling::Target { 1.0 } else { self.relative(v, class) }
    }

    /// Energy per decay (MeV) in each voxel at a time.
    fn map(&self, time: usize, what: What) -> Vec<f64> {
        let local = match what {
            What::Replicate(_) => self.local_mev.iter().sum(),
            What::Origin(origin) => self.local_mev[origin],
        };
        let here = |(v, a): (usize, &f64)| a * local * self.factor(v, 0);
        let mut sum: Vec<f64> = match local == 0.0 {
            true => vec![0.0; self.problem.density.len()],
            false => self.activity[time].iter().enumerate().map(here).collect(),
        };
        for term in &self.terms {
            let kernel = match what {
                What::Replicate(r) => term.kernel.total(r),
                What::Origin(o) => term.kernel.mean_of(o),
            };
            if kernel.is_empty() {
                continue;
            }
            let source = &term.sources[time];
            let found = source.with(&source.kernel(&term.kernel.octant, &kernel));
            for (v, (sum, e)) in sum.iter_mut().zip(found).enumerate() {
                // Rounding of the transform may leave less than nothing where there is nothing.
                *sum += e.max(0.0) * self.factor(v, term.class);
            }
        }
        sum
    }

    /// The tally: replicates of the kernels are its batches.
    fn tally(&self, histories: u64) -> Result<Tally> {
        let plan = self.problem.plan;
        let per_batch = if histories > 0 { histories.div_ceil(REPLICATES as u64) } else { FINE };
        let scale = per_batch as f64 * f64::from(TALLY_UNITS_PER_MEV);
        let mut tally = Tally::of_plan(plan, per_batch);
        let score = plan.score();
        let shares = match score.channels {
            Channels::Origins(_) => self.shares(),
            Channels::Times(_) => Vec::new(),
        };
        for batch in 0..REPLICATES {
            interrupt::check()?;
            let mut words = BatchWords::new(score, 1);
            let energies = |time: usize| {
                let map = self.map(time, What::Replicate(batch)).into_iter();
                map.map(|energy| (energy * scale).round() as u64).enumerate()
            };
            let mut imparted = 0_u64;
            match words.copies() {
                Copies::ByTime(copies) => {
                    let TimeWords { words, times, .. } = &copies[0];
                    for time in 0..*times {
                        for (v, units) in energies(time) {
                            words[v * times + time].store(units, Relaxed);
                        }
                    }
                }
                Copies::ByOrigin(copies) => {
                    let words = copies[0].slices().origins;
                    for (v, units) in energies(0) {
                        imparted += units;
                        let mut rest = units;
                        for (n, (origin, share)) in shares.iter().enumerate() {
                            let last = n + 1 == shares.len();
                            let part = (units as f64 * f64::from(share[v])).round() as u64;
                            let part = if last { rest } else { part.min(rest) };
                            words[*origin][v].store(part, Relaxed);
                            rest -= part;
                        }
                    }
                }
            }
            let books = &mut tally.ledger;
            books.histories += per_batch;
            books.emitted_units += (emitted_mev(self.problem.decay) * scale).round() as u64;
            books.imparted_units += imparted;
            let (labels, regions) = (self.problem.labels, self.problem.regions);
            tally.fold(batch as u32, &mut words, labels, regions)?;
        }
        let books = &mut tally.ledger;
        books.escaped_units = books.emitted_units.saturating_sub(books.imparted_units);
        Ok(tally)
    }

    /// Which part of a voxel's energy is of each origin that the plan tallies.
    fn shares(&self) -> Vec<(usize, Vec<f32>)> {
        let used: Vec<usize> = (0..ORIGINS).filter(|o| self.problem.plan.origins[*o]).collect();
        if let [only] = used[..] {
            return vec![(only, vec![1.0; self.problem.density.len()])];
        }
        let maps: Vec<Vec<f64>> = used.iter().map(|o| self.map(0, What::Origin(*o))).collect();
        let all = |v: usize| maps.iter().map(|m| m[v]).sum::<f64>();
        let part =
            |map: &Vec<f64>, v: usize| if map[v] > 0.0 { (map[v] / all(v)) as f32 } else { 0.0 };
        let of =
            |(o, map): (&usize, &Vec<f64>)| (*o, (0..map.len()).map(|v| part(map, v)).collect());
        used.iter().zip(&maps).map(of).collect()
    }
}

/// Histories that a replicate stands for where no kernel was run: they set how finely energies are kept.
const FINE: u64 = 1_000_000;

/// Part of the decays in each voxel, at each time of the plan (one where it has none).
pub fn activities(plan: &Plan) -> Vec<Vec<f64>> {
    let channels = plan.score().channels;
    let total = plan.source_total() as f64;
    let mut maps = vec![vec![0.0; plan.voxels.len()]; channels.groups()];
    let mut before = 0;
    for (n, (&v, &up_to)) in plan.source_voxels.iter().zip(&plan.source_cumulative).enumerate() {
        let share = (up_to - before) as f64 / total;
        before = up_to;
        for (t, map) in maps.iter_mut().enumerate() {
            let weight = match channels {
                Channels::Origins(_) => 1.0,
                Channels::Times(times) => f64::from(plan.source_weights[n * times + t]),
            };
            map[v as usize] = share * weight;
        }
    }
    maps
}

/// What local deposition leaves where it starts, MeV per decay by origin.
fn local(decay: &DecaySpectrum, photons: Photons) -> [f64; ORIGINS] {
    let electron = decay.electrons.energy_per_decay_mev() + decay.positrons.energy_per_decay_mev();
    let photon = match photons {
        Photons::Local => decay.photons.energy_per_decay_mev() + quanta_mev(decay),
        _ => 0.0,
    };
    [electron, photon, decay.alphas.energy_per_decay_mev()]
}

/// Energy of annihilation quanta per decay, MeV.
fn quanta_mev(decay: &DecaySpectrum) -> f64 {
    2.0 * crate::constants::ELECTRON_MASS_MEV * decay.positrons.yield_per_decay
}

/// Energy per decay, annihilation quanta too, MeV.
pub fn emitted_mev(decay: &DecaySpectrum) -> f64 {
    let groups = [&decay.photons, &decay.electrons, &decay.positrons, &decay.alphas];
    groups.iter().map(|g| g.energy_per_decay_mev()).sum::<f64>() + quanta_mev(decay)
}

/// Offsets (voxels) that lie between a source and a voxel of the grid.
fn reach(dims: [usize; 3], sources: &[Vec<f64>]) -> [usize; 3] {
    let [nx, ny, _] = dims;
    let (mut low, mut high) = (dims, [0; 3]);
    for map in sources {
        for v in (0..map.len()).filter(|v| map[*v] > 0.0) {
            let at = [v % nx, v / nx % ny, v / (nx * ny)];
            for a in 0..3 {
                low[a] = low[a].min(at[a]);
                high[a] = high[a].max(at[a]);
            }
        }
    }
    [0, 1, 2].map(|a| high[a].max(dims[a] - 1 - low[a].min(dims[a] - 1)))
}

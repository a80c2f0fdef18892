//! `voxgray s-values`: the mean dose in every VOI per decay in every VOI, by emission, each with its standard error. Neglects what is uneven in a
//! VOI: activity is uniform in it.
//!
//! S(t <- s) = E(t <- s) / m_t (MIRD Pamphlet 21, Bolch et al., J. Nucl. Med. 50, 477, 2009, doi:10.2967/jnumed.108.056036). One run for each
//! source and each kind of emission, so that rare photons carry the far pairs and errors are those of each kind alone. What lies outside of
//! all VOIs and is no air is a region of its own, `rest`.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde_json::json;

use super::fast::Heard;
use super::finished::Rbe;
use super::folder::OutputFolder;
use super::histories::{check_energy, choose_engine};
use super::tiac::{OrganDose, Tiac, check_factors};
use super::{Observer, Surroundings, scene, source};
use crate::error::{Error, Result};
use crate::image::Parts;
use crate::io::atomic::{write_atomically, write_json};
use crate::job::Job;
use crate::kernel::methods::emitted_mev;
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::program::Program;
use crate::sheet::{Separator, lines};
use crate::source::DecaySpectrum;
use crate::transport::build::{PlanInput, build_plan};
use crate::transport::engine::Engine;
use crate::transport::ledger::Ledger;
use crate::transport::run::RunSettings;
use crate::units::GY_PER_MEV_PER_G;

/// Batches of a run.
const BATCHES: u32 = 32;
/// Name of what is in no VOI.
pub const REST: &str = "rest";
/// mGy/(MBq s) per Gy per decay.
const MGY_PER_MBQ_S: f64 = 1e9;

/// A kind of emission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Gamma and X rays.
    Photon,
    /// Beta-minus particles, conversion and Auger electrons.
    Electron,
    /// Beta-plus particles with their annihilation quanta.
    Positron,
    /// Alpha particles and recoils.
    Alpha,
}

impl Kind {
    /// All.
    pub const ALL: [Kind; 4] = [Kind::Photon, Kind::Electron, Kind::Positron, Kind::Alpha];

    /// Lower-case English name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Photon => "photon",
            Kind::Electron => "electron",
            Kind::Positron => "positron",
            Kind::Alpha => "alpha",
        }
    }

    /// A source of that kind alone; none where it emits none.
    fn alone(self, all: &DecaySpectrum) -> Option<DecaySpectrum> {
        let mut one = DecaySpectrum { label: all.label.clone(), ..DecaySpectrum::default() };
        let (to, from) = match self {
            Kind::Photon => (&mut one.photons, &all.photons),
            Kind::Electron => (&mut one.electrons, &all.electrons),
            Kind::Positron => (&mut one.positrons, &all.positrons),
            Kind::Alpha => (&mut one.alphas, &all.alphas),
        };
        to.clone_from(from);
        (from.energy_per_decay_mev() > 0.0).then_some(one)
    }
}

/// A region: a VOI, or what is in none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Region {
    /// Name.
    pub name: String,
    /// g.
    pub mass_g: f64,
    /// cm3.
    pub volume_cm3: f64,
    /// Voxels.
    pub voxels: usize,
}

/// The S value of a pair by one kind of emission.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SValue {
    /// mGy/(MBq s).
    pub value: f64,
    /// Standard error; null where too few histories tell it.
    pub standard_error: Option<f64>,
    /// Part of the emitted energy that the target absorbs.
    pub absorbed_fraction: f64,
}

/// A kind that gives less than this part of a pair's S value does not hide the error of the others where its own is not told.
const MINOR: f64 = 0.01;

impl SValue {
    /// Standard error beside the other kinds of a pair, which make `total` with this: where too few histories tell it, as of photons of Y-90 in a
    /// small sphere, the whole value of a minor kind.
    pub(super) fn error_beside(&self, total: f64) -> Option<f64> {
        let minor = self.value <= MINOR * total && total > 0.0;
        self.standard_error.or(minor.then_some(self.value))
    }
}

/// All pairs of one kind of emission.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SMatrix {
    /// Which.
    pub kind: Kind,
    /// MeV per decay.
    pub emitted_mev: f64,
    /// `[source][target]`.
    pub values: Vec<Vec<SValue>>,
}

/// The result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SValues {
    /// What decays.
    pub source: String,
    /// The targets; sources are `sources` of them.
    pub regions: Vec<Region>,
    /// Numbers of the regions that were sources.
    pub sources: Vec<usize>,
    /// By kind.
    pub kinds: Vec<SMatrix>,
    /// Histories of each source and kind.
    pub histories: u64,
}

impl SValues {
    /// Of all kinds together.
    pub fn total(&self, source: usize, target: usize) -> SValue {
        let of = self.kinds.iter().map(|k| (k.values[source][target], k.emitted_mev));
        let value = of.clone().map(|(s, _)| s.value).sum::<f64>();
        let variance: Option<f64> =
            of.clone().map(|(s, _)| s.error_beside(value).map(|e| e * e)).sum();
        let emitted: f64 = of.clone().map(|(_, e)| e).sum();
        SValue {
            value,
            standard_error: variance.map(f64::sqrt),
            absorbed_fraction: of.map(|(s, e)| s.absorbed_fraction * e).sum::<f64>() / emitted,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SValueJob {
    /// Matter, VOIs, source, transport; its activity is not read.
    pub job: Job,
    /// Names of the VOIs that are sources; empty for all, and the rest.
    pub sources: Vec<String>,
    /// Time-integrated activity coefficients, to get organ doses.
    pub tiac: Option<PathBuf>,
    /// Factors of the weighted sum of organ doses.
    pub rbe: Option<Rbe>,
}

/// Runs all pairs and writes the folder.
///
/// # Errors
/// If an input cannot be used, a check of a run fails, it is interrupted, or writing fails; then no folder is left.
pub fn s_values(
    of: &SValueJob,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<(PathBuf, SValues, Vec<OrganDose>)> {
    let job = &of.job;
    job.check()?;
    if job.voi.is_empty() {
        return Err(Error::usage("no VOIs", "S values are those of pairs of VOIs", "Add --voi."));
    }
    let tiac = of.tiac.as_deref().map(Tiac::read).transpose()?;
    let folder = OutputFolder::of(job, observer)?;
    let engine = choose_engine(job, observer)?;
    let scene = Scene::new(job, observer)?;
    let sources = scene.sources(&of.sources)?;
    if let Some(tiac) = &tiac {
        tiac.check(&scene.regions, &sources)?;
    }
    if let Some(rbe) = &of.rbe {
        if tiac.is_none() {
            return Err(Error::usage(
                "--rbe without --tiac",
                "factors weight organ doses",
                "Add --tiac.",
            ));
        }
        let emits = |k: &Kind| k.alone(&scene.decay.spectrum).is_some();
        check_factors(rbe, &Kind::ALL.into_iter().filter(emits).collect::<Vec<_>>())?;
    }
    let found = scene.run(job, &engine, &sources, observer, stop)?;
    let doses = tiac.map(|t| t.doses(&found, of.rbe.as_ref())).transpose()?.unwrap_or_default();
    write(folder.path(), job, &scene.decay, &found, &doses)?;
    Ok((folder.keep(true)?, found, doses))
}

/// Matter and regions on one grid.
struct Scene {
    phantom: Phantom,
    decay: source::Source,
    labels: Vec<u16>,
    /// Regions of the tally that make each region.
    members: Vec<Vec<usize>>,
    regions: Vec<Region>,
}

impl Scene {
    fn new(job: &Job, observer: &dyn Observer) -> Result<Self> {
        let decay = source::read_source(&job.source)?;
        decay.complaints().iter().for_each(|text| observer.warn(text));
        let around = Surroundings::read(job, decay, observer, &mut Vec::new())?;
        let Surroundings { decay, vois, matter, .. } = around;
        let grid = scene::choose_grid(job.grid, &matter.grid, &matter.grid)?;
        let (phantom, _) = scene::move_matter(matter, &grid, observer)?;
        let Some(sets) = vois else {
            return Err(Error::usage("no VOIs", "S values are of pairs of VOIs", "Add --voi."));
        };
        let mapped = sets.map_to(&phantom.grid)?;
        let mut parts = Parts::alone(sets.len());
        let mut labels = parts.label(&mapped.set)?;
        let rest = parts.count() + 1;
        for (label, density) in labels.iter_mut().zip(&phantom.density) {
            if *label == 0 && f64::from(*density) >= LOW_DENSITY_G_CM3 {
                *label = u16::try_from(rest).unwrap_or(u16::MAX);
            }
        }
        let mut members: Vec<Vec<usize>> = (0..sets.len()).map(|n| parts.of_voi(n)).collect();
        members.push(vec![rest]);
        let mut names: Vec<String> = mapped.set.vois.iter().map(|v| v.name.clone()).collect();
        names.push(REST.into());
        let volume = phantom.grid.voxel_volume_mm3() * crate::units::CM3_PER_MM3;
        let mut regions = Vec::new();
        for (name, members) in names.into_iter().zip(&members) {
            let inside = |v: &usize| members.contains(&usize::from(labels[*v]));
            let voxels: Vec<usize> = (0..labels.len()).filter(inside).collect();
            let mass_g = voxels.iter().map(|v| phantom.voxel_mass_g(*v)).sum();
            if voxels.is_empty() {
                observer.warn(&format!("VOI '{name}' has no voxel on the grid: it is left out"));
            }
            let volume_cm3 = voxels.len() as f64 * volume;
            regions.push(Region { name, mass_g, volume_cm3, voxels: voxels.len() });
        }
        Ok(Scene { phantom, decay, labels, members, regions })
    }

    /// Numbers of the regions that are sources.
    fn sources(&self, names: &[String]) -> Result<Vec<usize>> {
        let there = |n: &usize| self.regions[*n].voxels > 0;
        if names.is_empty() {
            return Ok((0..self.regions.len()).filter(there).collect());
        }
        let find = |name: &String| {
            let found = self.regions.iter().position(|r| r.name == *name);
            found.filter(there).ok_or_else(|| {
                let known: Vec<&str> = self.regions.iter().map(|r| r.name.as_str()).collect();
                Error::usage(
                    format!("there is no source '{name}'"),
                    format!("the regions are {}", known.join(", ")),
                    "Name some of them in --sources.",
                )
            })
        };
        names.iter().map(find).collect()
    }

    fn run(
        &self,
        job: &Job,
        engine: &Engine,
        sources: &[usize],
        observer: &dyn Observer,
        stop: &AtomicBool,
    ) -> Result<SValues> {
        let phantom = &self.phantom;
        let matter: Vec<f64> =
            phantom.density.iter().map(|d| f64::from(u8::from(*d > 0.0))).collect();
        let kinds: Vec<(Kind, DecaySpectrum)> = Kind::ALL
            .into_iter()
            .filter_map(|k| Some((k, k.alone(&self.decay.spectrum)?)))
            .collect();
        let mut found = Vec::new();
        let all = (kinds.len() * sources.len()) as u64;
        observer.started(all * job.histories, None);
        for (kind, decay) in &kinds {
            let mut plan = build_plan(&PlanInput {
                grid: &phantom.grid,
                density: &phantom.density,
                material: &phantom.material,
                materials: &phantom.materials,
                activity: &matter,
                decay,
                settings: &job.transport,
                radial: None,
            })?;
            let mut values = Vec::new();
            let emitted_mev = emitted_mev(decay);
            for (n, source) in sources.iter().enumerate() {
                let inside = |l: &u16| self.members[*source].contains(&usize::from(*l));
                let activity: Vec<f64> =
                    self.labels.iter().map(|l| f64::from(u8::from(inside(l)))).collect();
                plan.set_activity(&activity)?;
                // Sources are independent: their sums have no common noise.
                let seed = job.transport.seed.wrapping_add(n as u64);
                plan.params.seed = [seed as u32, (seed >> 32) as u32];
                let mut run = RunSettings::with_histories(job.histories, BATCHES);
                run.threads = job.threads;
                let regions = self.members.iter().flatten().max().copied().unwrap_or(0);
                let watch = Heard(observer);
                let outcome = engine.run(&plan, &run, &self.labels, regions, &watch, stop)?;
                if outcome.interrupted {
                    observer.finished();
                    return Err(crate::interrupt::error());
                }
                outcome.notices.iter().for_each(|notice| observer.warn(notice));
                let tally = &outcome.tally;
                check_energy(tally)?;
                // What was drawn has the spectrum's energy but for its noise, which a ratio leaves out.
                let drawn = Ledger::mev(tally.ledger.emitted_units) / tally.histories() as f64;
                let of = |(members, region): (&Vec<usize>, &Region)| {
                    let (energy, error) = tally.region_mev(members);
                    let (energy, error) =
                        (energy * emitted_mev / drawn, error * emitted_mev / drawn);
                    let per_mev = match region.mass_g > 0.0 {
                        true => GY_PER_MEV_PER_G / region.mass_g * MGY_PER_MBQ_S,
                        false => 0.0,
                    };
                    SValue {
                        value: energy * per_mev,
                        standard_error: Some(error * per_mev).filter(|e| e.is_finite()),
                        absorbed_fraction: energy / emitted_mev,
                    }
                };
                values.push(self.members.iter().zip(&self.regions).map(of).collect());
            }
            found.push(SMatrix { kind: *kind, emitted_mev, values });
        }
        observer.finished();
        Ok(SValues {
            source: self.decay.spectrum.label.clone(),
            regions: self.regions.clone(),
            sources: sources.to_vec(),
            kinds: found,
            histories: job.histories,
        })
    }
}

fn write(
    folder: &Path,
    job: &Job,
    decay: &source::Source,
    found: &SValues,
    doses: &[OrganDose],
) -> Result<()> {
    let number = |x: f64| format!("{x:.6e}");
    let error = |e: Option<f64>| e.map(number).unwrap_or_default();
    let mut header: Vec<String> = [
        "source",
        "target",
        "S_mGy_per_MBq_s",
        "standard_error",
        "absorbed_fraction",
        "source_mass_g",
        "target_mass_g",
    ]
    .map(String::from)
    .to_vec();
    for kind in &found.kinds {
        header.extend([kind.kind.name().into(), format!("{}_standard_error", kind.kind.name())]);
    }
    let mut rows = vec![header];
    for (n, &source) in found.sources.iter().enumerate() {
        for (t, target) in found.regions.iter().enumerate() {
            let from = &found.regions[source];
            let s = found.total(n, t);
            let mut row = vec![from.name.clone(), target.name.clone(), number(s.value)];
            row.extend([error(s.standard_error), number(s.absorbed_fraction)]);
            row.extend([number(from.mass_g), number(target.mass_g)]);
            for kind in &found.kinds {
                let s = kind.values[n][t];
                row.extend([number(s.value), error(s.standard_error)]);
            }
            rows.push(row);
        }
    }
    let text = lines(rows.iter(), Separator::Comma);
    write_atomically(&folder.join("s_values.csv"), |w| w.write_all(text.as_bytes()))?;
    let mut files = vec!["s_values.csv"];
    if !doses.is_empty() {
        let mut header = vec![
            "target",
            "dose_mGy_per_MBq",
            "standard_error",
            "mass_g",
            "from_itself",
            "by_alphas",
        ];
        if doses.iter().any(|d| d.weighted.is_some()) {
            header.push("weighted_mGy_RBE_per_MBq");
        }
        let mut rows = vec![header.into_iter().map(String::from).collect::<Vec<_>>()];
        rows.extend(doses.iter().map(|d| {
            let mut row = vec![d.name.clone(), number(d.dose), error(d.standard_error)];
            row.extend([number(d.mass_g), number(d.self_dose), number(d.alpha)]);
            row.extend(d.weighted.map(number));
            row
        }));
        let text = lines(rows.iter(), Separator::Comma);
        write_atomically(&folder.join("organ_doses.csv"), |w| w.write_all(text.as_bytes()))?;
        files.push("organ_doses.csv");
    }
    files.push("summary.json");
    let summary = json!({
        "program": "voxgray",
        "format": 1,
        "build": Program::this(),
        "nuclide_data": decay.chain.as_ref().map(|c| c.data.name()),
        "own_nuclides": decay.own_told(),
        "s_values": found,
        "organ_doses": doses,
        "seed": job.transport.seed,
        "files": files,
    });
    write_json(&folder.join("summary.json"), &summary)
}

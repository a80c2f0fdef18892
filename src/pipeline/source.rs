//! What decays, where and how often.

use std::path::PathBuf;

use super::image_time::{self, Timing};
use super::scene::DoseGrid;
use super::{Observer, activity_unit};
use crate::activity::{ActivityMap, Decay, Negatives, Quantity};
use crate::dose::rate::{DoseKind, decays_per_bq};
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::job::{DecayFrom, Job, SourceChoice};
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::physics::own_nuclides::OwnNuclides;
use crate::physics::{Chain, Nuclide, chain};
pub use crate::report::setup::FieldOfView;
use crate::report::setup::{NuclideChange, OwnNuclidesFacts};
use crate::source::{DecaySpectrum, SpectrumFile, parse_source, read_spectrum};
use crate::time::hours_text;
use crate::transport::reach::Reach;

/// What a decay emits, and the chain that it comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Emissions of a decay of the parent with its progeny.
    pub spectrum: DecaySpectrum,
    /// The chain, for a nuclide.
    pub chain: Option<Chain>,
    /// Half-life of the parent, s.
    pub half_life_s: Option<f64>,
    /// File of its spectrum, where it is one's own.
    pub file: Option<PathBuf>,
    /// What of that file is not emitted.
    pub left_out: Option<String>,
}

/// What stands before the name of a spectrum's file.
const FILE: &str = "file:";

/// The file of a source's spectrum, where it has one.
pub fn spectrum_file(choice: &SourceChoice) -> Option<PathBuf> {
    match choice {
        SourceChoice::Particle(text) => {
            text.trim().strip_prefix(FILE).map(|path| PathBuf::from(path.trim()))
        }
        SourceChoice::Nuclide { .. } => None,
    }
}

/// Reads what decays.
///
/// # Errors
/// If the nuclide or particle is unknown.
pub fn read_source(choice: &SourceChoice) -> Result<Source> {
    match choice {
        SourceChoice::Particle(text) => {
            let of = |spectrum, file, left_out| Source {
                spectrum,
                chain: None,
                half_life_s: None,
                file,
                left_out,
            };
            match spectrum_file(choice) {
                None => Ok(of(parse_source(text)?, None, None)),
                Some(path) => {
                    let SpectrumFile { spectrum, left_out } = read_spectrum(&path)?;
                    Ok(of(spectrum, Some(path), left_out))
                }
            }
        }
        SourceChoice::Nuclide { name, horizon_s, retained } => {
            let nuclide = Nuclide::load(name)?;
            let chain = chain(&nuclide.name, *horizon_s, *retained)?;
            let spectrum = DecaySpectrum::from_chain(&chain)?;
            Ok(Source {
                spectrum,
                chain: Some(chain),
                half_life_s: Some(nuclide.half_life_s),
                file: None,
                left_out: None,
            })
        }
    }
}

/// Decays per decay of the parent below which a member's faults are not told.
const HEARD: f64 = 1e-3;

impl Source {
    /// What is wrong with the decay data of the members that matter, or left out of a spectrum.
    pub fn complaints(&self) -> Vec<String> {
        let Some(chain) = &self.chain else {
            let told = |text: &String| format!("the spectrum is left out {text}");
            return self.left_out.iter().map(told).collect();
        };
        let heard = chain.members.iter().filter(|m| m.decays_per_parent_decay >= HEARD);
        let mut told: Vec<String> = heard
            .filter_map(|m| Nuclide::load_from(chain.data, &m.nuclide).ok()?.complaint())
            .collect();
        let changes = self.own_changes().into_iter();
        told.extend(changes.map(|(name, said)| format!("{name} has data of one's own: {said}")));
        if let Some(own) = self.own().filter(|_| self.own_changes().is_empty()) {
            let names: Vec<&str> = own.changes.iter().map(|(name, _)| name.as_str()).collect();
            told.push(format!(
                "{} changes nothing here: {} has no part in the decays of {}",
                own.files[0].display(),
                names.join(", "),
                self.spectrum.label
            ));
        }
        told
    }

    /// The file of one's own nuclides, where there is one for this evaluation.
    pub fn own(&self) -> Option<&'static OwnNuclides> {
        let chain = self.chain.as_ref()?;
        OwnNuclides::chosen().filter(|own| own.data == chain.data)
    }

    fn is_member(&self, name: &str) -> bool {
        self.chain.as_ref().is_some_and(|c| c.members.iter().any(|m| m.nuclide == name))
    }

    /// What one's own file changes of the nuclides of the chain: names and words.
    pub fn own_changes(&self) -> Vec<&'static (String, String)> {
        let changes = self.own().into_iter().flat_map(|own| &own.changes);
        changes.filter(|(name, _)| self.is_member(name)).collect()
    }

    /// The same for a summary, with the hash of the file; nothing without one.
    pub fn own_told(&self) -> Option<OwnNuclidesFacts> {
        let own = self.own()?;
        let change = |(nuclide, said): &(String, String)| NuclideChange {
            nuclide: nuclide.clone(),
            said: said.clone(),
        };
        Some(OwnNuclidesFacts {
            changes: self.own_changes().into_iter().map(change).collect(),
            file: own.files[0].file_name().map(|n| n.to_string_lossy().into_owned()),
            sha256: own.sha256.clone(),
        })
    }

    /// Number of tallies that its emissions need.
    pub fn origins(&self) -> usize {
        Reach::of(&self.spectrum).origins().iter().filter(|used| **used).count()
    }
}

/// What stands in for the activity of a beam, in which all matter can be reached: uniform per mass.
///
/// # Errors
/// If a density is none.
pub fn of_beam(matter: &Phantom) -> Result<ActivityMap> {
    Ok(ActivityMap {
        volume: Volume::new(matter.grid.clone(), matter.density.clone())?,
        quantity: Quantity::TimeIntegrated,
        negatives: Negatives::default(),
    })
}

/// Activity as organ-level dosimetry has it: uniform in each part of the VOIs, and in the matter around them. Neglects what is uneven; the sums of
/// the parts stay, but for what is around them in air, which goes to matter.
pub fn uniform_in_regions(
    mut activity: ActivityMap,
    labels: &[u16],
    phantom: &Phantom,
) -> ActivityMap {
    let regions = labels.iter().max().map_or(0, |l| usize::from(*l)) + 1;
    let region = |v: usize| labels.get(v).map_or(0, |l| usize::from(*l));
    let takes = |v: usize| region(v) > 0 || f64::from(phantom.density[v]) >= LOW_DENSITY_G_CM3;
    let (mut sums, mut counts) = (vec![0.0; regions], vec![0_usize; regions]);
    for (v, a) in activity.volume.data.iter().enumerate() {
        sums[region(v)] += f64::from(*a);
        counts[region(v)] += usize::from(takes(v));
    }
    if counts[0] == 0 {
        counts[0] = 1;
    }
    for (v, a) in activity.volume.data.iter_mut().enumerate() {
        *a = if takes(v) { (sums[region(v)] / counts[region(v)] as f64) as f32 } else { 0.0 };
    }
    activity
}

/// What the result is, and how many decays it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseOf {
    /// Dose rate or dose.
    pub kind: DoseKind,
    /// Decays per second, or decays, on the dose grid.
    pub decays: f64,
    /// Decays per Bq where activity decays in place.
    pub decays_per_bq: Option<f64>,
    /// What decays in place are counted from.
    pub counted_from: Option<&'static str>,
}

impl DoseOf {
    /// Decides by the map's quantity and the job.
    ///
    /// # Errors
    /// If physical decay is asked for something that has none, or since an administration that is not known.
    pub fn new(
        activity: &ActivityMap,
        source: &Source,
        job: &Job,
        timing: Option<&Timing>,
    ) -> Result<Self> {
        let total = activity.total();
        if !job.physical_decay {
            let kind = match activity.quantity {
                Quantity::Activity => DoseKind::DoseRate,
                Quantity::TimeIntegrated => DoseKind::Dose,
            };
            return Ok(DoseOf { kind, decays: total, decays_per_bq: None, counted_from: None });
        }
        let Some(half_life) = source.half_life_s else {
            return Err(Error::usage(
                "--physical-decay is given for a particle",
                "it has no half-life",
                "Leave it out.",
            ));
        };
        // With a horizon only what decays until then; without, everything.
        let horizon = matches!(job.source, SourceChoice::Nuclide { horizon_s: Some(_), .. });
        let fraction = match &source.chain {
            Some(chain) if horizon => chain.parent_decay_fraction,
            _ => 1.0,
        };
        let since_s = match job.decay_from {
            DecayFrom::Image => 0.0,
            DecayFrom::Administration => timing
                .and_then(|t| t.since_administration_s)
                .ok_or_else(image_time::unknown_administration)?,
        };
        // Activity at the administration: that of the image, grown back.
        let decay = Decay { half_life_s: half_life, half_life_uncertainty_s: None };
        let per_bq = decays_per_bq(half_life, fraction)? * decay.factor(-since_s)?;
        Ok(DoseOf {
            kind: DoseKind::Dose,
            decays: total * per_bq,
            decays_per_bq: Some(per_bq),
            counted_from: Some(match job.decay_from {
                DecayFrom::Image => "image",
                DecayFrom::Administration => "administration",
            }),
        })
    }

    /// Says which time the result is for, or from when on decays count.
    pub fn say(&self, timing: Option<&Timing>, observer: &dyn Observer) {
        let Some(timing) = timing else { return };
        let since = timing.since_administration_s.map(hours_text);
        let given = timing.administered.map(|m| format!(" at {m}")).unwrap_or_default();
        let what = &timing.what;
        observer.say(&match (self.counted_from, since) {
            (None, Some(since)) => {
                format!("activity, and so the dose rate, is that at: {what}, {since} after the administration{given}")
            }
            (None, None) => format!("activity, and so the dose rate, is that at: {what}"),
            (Some("administration"), since) => format!(
                "decays are counted from the administration{given}, {} before the time of the image: {what}",
                since.unwrap_or_default()
            ),
            (Some(_), since) => format!(
                "decays are counted from the time of the image: {what}{}; what decayed before is left out",
                since.map(|s| format!(", {s} after the administration{given}")).unwrap_or_default()
            ),
        });
    }
}

/// Activity on the dose grid; what is outside is counted, and refused above `max_outside` of the whole.
///
/// # Errors
/// If too much is outside, or nothing is inside.
pub fn place(
    activity: ActivityMap,
    grid: &DoseGrid,
    max_outside: f64,
    observer: &dyn Observer,
) -> Result<(ActivityMap, FieldOfView)> {
    let image = activity.total();
    let Negatives { voxels: negative_voxels, sum: negative_sum } = activity.negatives;
    let unit = activity_unit(activity.quantity);
    let (mut moved, mut outside) = activity.move_to(&grid.grid)?;
    for &n in &grid.uncovered {
        outside += f64::from(std::mem::take(&mut moved.volume.data[n as usize]));
    }
    let field = FieldOfView {
        unit: unit.into(),
        image,
        on_grid: moved.total(),
        outside,
        outside_fraction: outside / image,
        negative_voxels,
        negative_sum,
        in_low_density: 0.0,
    };
    let percent = 100.0 * field.outside_fraction;
    if field.outside_fraction > max_outside {
        return Err(Error::input(
            format!(
                "{outside:.6e} {unit} ({percent:.2} %) of the activity lie outside of the CT or the dose grid"
            ),
            format!("at most {:.2} % may be left out", 100.0 * max_outside),
            "Choose a dose grid that covers the activity (--grid ct, or smaller voxels) and a CT that does, or accept the loss with --allow-outside 100%.",
        ));
    }
    if field.on_grid <= 0.0 {
        return Err(Error::input(
            "no activity lies on the dose grid",
            "no decay can be placed",
            "Check that CT and activity are of the same patient and registered.",
        ));
    }
    if outside > 1e-6 * image {
        observer.warn(&format!(
            "{outside:.6e} {unit} ({percent:.3} %) of the activity lie outside of the CT or the dose grid and are left out"
        ));
    }
    tell_negatives(&moved, observer);
    Ok((moved, field))
}

/// Warns of negative voxels that were taken as zero.
pub fn tell_negatives(activity: &ActivityMap, observer: &dyn Observer) {
    let Negatives { voxels, sum } = activity.negatives;
    if voxels > 0 {
        let unit = activity_unit(activity.quantity);
        observer.warn(&format!("{voxels} negative voxels ({sum:.6e} {unit}) were taken as zero"));
    }
}

/// Activity in voxels below a density (g/cm3).
pub fn in_low_density(activity: &ActivityMap, phantom: &Phantom, limit: f64) -> f64 {
    let voxels = activity.volume.data.iter().zip(&phantom.density);
    voxels.filter(|(_, d)| f64::from(**d) < limit).map(|(a, _)| f64::from(*a)).sum()
}

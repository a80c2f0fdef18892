//! Reading the acquisitions of a series and placing them on the dose grid, each at its time after injection.

use super::inputs::{self, InputRecord};
use super::recovery::{self, RegionRecovery};
use super::scene::DoseGrid;
use super::series_file::{SeriesInput, TimePoint, check_times};
use super::source::{self, FieldOfView};
use super::transfer::{self, Unmixed};
use super::{Observer, Surroundings, calibration, scene};
use crate::activity::{ActivityMap, Decay, DecayCorrection, Quantity};
use crate::error::{Error, Result};
use crate::image::{Grid, Voi, VoiSet};
use crate::io::NiftiAffine;
use crate::io::dicom::Facts;
use crate::job::{ActivityInput, Job};

/// Largest difference (s) between a stated time and that of the DICOM attributes: clocks and injections over minutes.
const CLOCK_TOLERANCE_S: f64 = 300.0;

/// The acquisitions on the dose grid.
pub struct Placed {
    /// After injection, s.
    pub times_s: Vec<f64>,
    /// Bq in each voxel of the dose grid.
    pub maps: Vec<Vec<f32>>,
    /// Where the activity of each image went.
    pub fields: Vec<FieldOfView>,
    /// Region of each voxel at each time; empty without VOIs.
    pub labels: Vec<Vec<u16>>,
    /// The dose grid.
    pub grid: DoseGrid,
    /// What was corrected in each region (0: outside of all VOIs).
    pub regions: Vec<RegionRecovery>,
    /// Relative standard uncertainty of the scale that all times share; none if nothing states it.
    pub calibration_relative: Option<f64>,
}

impl Placed {
    /// Activity of a region at each time, Bq; `None` where no voxel belongs to it.
    pub fn region(&self, region: u16) -> Vec<Option<f64>> {
        (0..self.times_s.len())
            .map(|t| {
                let (mut voxels, mut sum) = (0, 0.0);
                for (v, value) in self.maps[t].iter().enumerate() {
                    let of = self.labels.get(t).and_then(|l| l.get(v)).copied().unwrap_or(0);
                    if of == region {
                        voxels += 1;
                        sum += f64::from(*value);
                    }
                }
                (voxels > 0).then_some(sum)
            })
            .collect()
    }
}

/// Reads all acquisitions.
///
/// # Errors
/// If one cannot be read or placed, or its time is unknown, out of order or not that of its file.
pub fn read(
    job: &Job,
    input: &SeriesInput,
    around: &Surroundings,
    decay: &Decay,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Placed> {
    let mut times_s = Vec::new();
    let mut images = Vec::new();
    let mut calibrations = Vec::new();
    for (n, point) in input.points.iter().enumerate() {
        let (image, time_s, relative) =
            read_point(job, input, point, decay, observer, records).map_err(|e| at_point(n, e))?;
        observer.say(&format!(
            "time point {}: {:.3} h after injection, {:.6e} Bq",
            n + 1,
            time_s / crate::units::SECONDS_PER_HOUR,
            image.total()
        ));
        times_s.push(time_s);
        calibrations.push(relative);
        images.push(image);
    }
    check_times(&times_s)?;
    let grid = scene::choose_grid(job.grid, &around.matter.grid, &images[0].volume.grid)?;
    let sets = voi_sets(input, around, job.nifti_affine, observer, records)?;
    let labels = sets.iter().map(|set| on_grid(set, &grid.grid)).collect::<Result<Vec<_>>>()?;
    let scans = unmixed(input, around, &images, &sets)?;
    let (mut maps, mut fields) = (Vec::new(), Vec::new());
    for image in images {
        let (map, field) = source::place(image, &grid, job.activity.max_outside, observer)?;
        maps.push(map.volume.data);
        fields.push(field);
    }
    let quantification = &input.quantification;
    let regions = if scans.is_empty() {
        let volumes: Vec<Vec<f64>> =
            sets.iter().map(|set| set.vois.iter().map(|v| set.volume_ml(v)).collect()).collect();
        let regions =
            recovery::corrections(quantification, around.vois.as_ref(), &volumes, observer)?;
        recovery::apply(&mut maps, &labels, &regions);
        regions
    } else {
        let names: Vec<String> = sets[0].vois.iter().map(|v| v.name.clone()).collect();
        let in_body = on_grid(&transfer::body(&around.matter), &grid.grid)?;
        let in_body: Vec<bool> = in_body.iter().map(|l| *l > 0).collect();
        for (t, map) in maps.iter_mut().enumerate() {
            transfer::rescale(map, &labels[t], &in_body, &scans[t], &names)
                .map_err(|e| at_point(t, e))?;
        }
        transfer::recoveries(&scans, quantification.transfer_fwhm_mm.map_or(0.0, |f| f[1]))?
    };
    tell(&regions, around.vois.as_ref(), observer);
    let calibration_relative = common(&calibrations, observer);
    if around.vois.is_some() && calibration_relative.is_none() {
        observer.say(calibration::NOT_STATED);
    }
    Ok(Placed { regions, times_s, maps, fields, labels, grid, calibration_relative })
}

/// The uncertainty of the calibrations as one that all times share.
fn common(calibrations: &[Option<f64>], observer: &dyn Observer) -> Option<f64> {
    let largest = calibrations.iter().flatten().copied().reduce(f64::max)?;
    if calibrations.iter().any(|c| *c != Some(largest)) {
        observer.warn(&format!(
            "the calibrations of the time points state different uncertainties; the largest, {:.3} %, is taken as common to all",
            100.0 * largest
        ));
    }
    Some(largest)
}

fn shifted(mut grid: Grid, shift_mm: [f64; 3]) -> Grid {
    grid.origin_mm = [0, 1, 2].map(|c| grid.origin_mm[c] + shift_mm[c]);
    grid
}

fn read_point(
    job: &Job,
    input: &SeriesInput,
    point: &TimePoint,
    decay: &Decay,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<(ActivityMap, f64, Option<f64>)> {
    let own = point.calibration.or(&input.quantification.calibration).or(&job.activity.calibration);
    let calibration = calibration::resolved(&own, &job.source, observer, records)?;
    let relative = calibration.relative()?;
    let input = ActivityInput {
        path: point.activity.clone(),
        series: point.series.clone(),
        frame: point.frame.or(job.activity.frame),
        unit: point.unit.or(job.activity.unit),
        calibration,
        ..job.activity.clone()
    };
    let (mut image, facts) =
        inputs::read_activity_facts(&input, job.nifti_affine, observer, records)?;
    if image.quantity != Quantity::Activity {
        return Err(Error::input(
            "the image is integrated over time already",
            "a time point is an activity",
            "Give the activity in Bq or Bq/mL.",
        ));
    }
    image.volume.grid = shifted(image.volume.grid, point.shift_mm);
    let stated = facts.as_ref().map(|f| time_of(f, decay)).transpose()?.flatten();
    let time_s = match (point.time_s, stated) {
        (Some(given), Some((dicom, _))) if (given - dicom).abs() > CLOCK_TOLERANCE_S => {
            return Err(Error::input(
                format!(
                    "the time is given as {given} s after injection, its DICOM times say {dicom:.0} s"
                ),
                format!("they may differ by {CLOCK_TOLERANCE_S} s"),
                "Correct it, or leave `time` out to take that of the file.",
            ));
        }
        (Some(given), _) => given,
        (None, Some((dicom, _))) => dicom,
        (None, None) => {
            return Err(Error::input(
                "no time after injection",
                "neither the series file nor the image states it",
                "Add time = \"24h\" to the [[time_point]].",
            ));
        }
    };
    let factor = stated.map_or(1.0, |(_, factor)| factor);
    if factor != 1.0 {
        image.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
        observer.warn(&format!(
            "activity was corrected to the administration; it is multiplied by {factor:.6} to be that of its time"
        ));
    }
    Ok((image, time_s, relative))
}

/// Time after administration for which a DICOM image states its activity, and what makes it the activity of that time.
fn time_of(facts: &Facts, decay: &Decay) -> Result<Option<(f64, f64)>> {
    let correction = DecayCorrection::from_dicom(facts.decay_correction.as_deref())?;
    let (Some(scan), Some(injection)) = (facts.acquisition_time, facts.administration_time) else {
        return match correction {
            DecayCorrection::Admin => Err(Error::input(
                "DecayCorrection is ADMIN and the acquisition or administration time is missing",
                "the activity at the scan cannot be told from that at administration",
                "Export the series with its times, or corrected to the scan.",
            )),
            _ => Ok(None),
        };
    };
    let start = scan.seconds_since(&injection);
    Ok(Some(match correction {
        DecayCorrection::Start => (start, 1.0),
        DecayCorrection::None => {
            (start + decay.mean_time_s(facts.frame_duration_s.unwrap_or(0.0))?, 1.0)
        }
        DecayCorrection::Admin => (start, decay.factor(start)?),
    }))
}

fn at_point(n: usize, error: Error) -> Error {
    Error { problem: format!("time point {}: {}", n + 1, error.problem), ..error }
}

/// Activities without partial-volume effect of each acquisition; none without `[transfer]`.
fn unmixed(
    input: &SeriesInput,
    around: &Surroundings,
    images: &[ActivityMap],
    sets: &[VoiSet],
) -> Result<Vec<Unmixed>> {
    let Some(fwhm_mm) = input.quantification.transfer_fwhm_mm else { return Ok(Vec::new()) };
    if sets.is_empty() {
        return Err(Error::usage(
            "[transfer] and --voi is not given",
            "a transfer matrix unmixes VOIs",
            "Add --voi LABELMAP.",
        ));
    }
    let body = transfer::body(&around.matter);
    let one = |(n, image): (usize, &ActivityMap)| {
        transfer::unmix(image, &sets[n], &body, fwhm_mm, input.relative_uncertainty)
            .map_err(|e| at_point(n, e))
    };
    images.iter().enumerate().map(one).collect()
}

/// Says what was corrected.
fn tell(regions: &[RegionRecovery], vois: Option<&VoiSet>, observer: &dyn Observer) {
    for (region, n) in regions.iter().zip(0_usize..) {
        if region.seen.is_empty() {
            continue;
        }
        let name = n.checked_sub(1).and_then(|n| vois?.vois.get(n)).map(|v| v.name.as_str());
        let seen: Vec<String> = region.seen.iter().map(|s| format!("{s:.3}")).collect();
        observer.say(&format!(
            "'{}': seen over true activity {}",
            name.unwrap_or("rest of the body"),
            seen.join(", ")
        ));
    }
}

/// The VOIs of each time, in the order of the job's; those of the job, or of the time's own label map. Empty without VOIs.
fn voi_sets(
    input: &SeriesInput,
    around: &Surroundings,
    affine: NiftiAffine,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Vec<VoiSet>> {
    let Some(base) = &around.vois else {
        return match input.points.iter().find(|p| p.voi.is_some()) {
            None => Ok(Vec::new()),
            Some(_) => Err(Error::usage(
                "a time point has VOIs of its own and --voi is not given",
                "names and labels are those of --voi",
                "Add --voi LABELMAP.",
            )),
        };
    };
    input
        .points
        .iter()
        .map(|point| {
            let Some(path) = &point.voi else { return Ok(base.clone()) };
            let own = inputs::read_vois(path, None, affine, observer, records)?;
            let own = VoiSet { grid: shifted(own.grid, point.shift_mm), ..own };
            in_order_of(own, base)
        })
        .collect()
}

/// A time's own VOIs in the order of `base`, with its names; one that is not there is empty.
fn in_order_of(mut own: VoiSet, base: &VoiSet) -> Result<VoiSet> {
    let mut vois: Vec<Voi> =
        base.vois.iter().map(|v| Voi { voxels: Vec::new(), ..v.clone() }).collect();
    for voi in own.vois {
        let Some(place) = vois.iter_mut().find(|v| v.label == voi.label) else {
            return Err(Error::input(
                format!("label {} of a time point's own VOIs", voi.label),
                "--voi has no such label",
                "Use the same labels at all times.",
            ));
        };
        place.voxels = voi.voxels;
    }
    own.vois = vois;
    Ok(own)
}

/// Region of each voxel of a grid: 1 for the first VOI.
fn on_grid(set: &VoiSet, grid: &Grid) -> Result<Vec<u16>> {
    let mut labels = vec![0_u16; grid.len()];
    for (n, voi) in set.map_to(grid)?.set.vois.iter().enumerate() {
        voi.voxels.iter().for_each(|&v| labels[v as usize] = (n + 1) as u16);
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::dicom::DateTime;

    #[test]
    fn dicom_times_and_decay_corrections() {
        let decay = Decay { half_life_s: 86_400.0, half_life_uncertainty_s: None };
        let at = |time: &str| DateTime::parse("20260301", time);
        let facts = |correction: &str| Facts {
            decay_correction: Some(correction.into()),
            acquisition_time: at("160000"),
            administration_time: at("100000"),
            frame_duration_s: Some(1200.0),
            ..Facts::default()
        };
        let of = |f: &Facts| time_of(f, &decay).unwrap().unwrap();
        assert_eq!(of(&facts("START")), (21_600.0, 1.0));
        let (middle, factor) = of(&facts("NONE"));
        assert!((middle - 22_200.0).abs() < 2.0 && factor == 1.0, "{middle}");
        let (start, factor) = of(&facts("ADMIN"));
        assert!(start == 21_600.0 && (factor - 0.5_f64.powf(0.25)).abs() < 1e-12, "{factor}");
        let unknown = Facts { administration_time: None, ..facts("START") };
        assert_eq!(time_of(&unknown, &decay).unwrap(), None);
        assert!(time_of(&Facts { administration_time: None, ..facts("ADMIN") }, &decay).is_err());
        assert!(time_of(&Facts { decay_correction: None, ..facts("START") }, &decay).is_err());
    }
}

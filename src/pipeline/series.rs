//! Reading the acquisitions of a series and placing them on the dose grid, each at its time after injection.

use super::inputs::{self, InputRecord};
use super::scene::DoseGrid;
use super::series_file::{SeriesInput, TimePoint, check_times};
use super::source::{self, FieldOfView};
use super::{Observer, Surroundings, scene};
use crate::activity::{ActivityMap, Decay, DecayCorrection, Quantity};
use crate::error::{Error, Result};
use crate::image::{Grid, VoiSet};
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
    for (n, point) in input.points.iter().enumerate() {
        let (image, time_s) =
            read_point(job, point, decay, observer, records).map_err(|mut e| {
                e.problem = format!("time point {}: {}", n + 1, e.problem);
                e
            })?;
        observer.say(&format!(
            "time point {}: {:.3} h after injection, {:.6e} Bq",
            n + 1,
            time_s / crate::units::SECONDS_PER_HOUR,
            image.total()
        ));
        times_s.push(time_s);
        images.push(image);
    }
    check_times(&times_s)?;
    let grid = scene::choose_grid(job.grid, &around.matter.grid, &images[0].volume.grid)?;
    let labels = labels(input, around, &grid.grid, job.nifti_affine, observer, records)?;
    let (mut maps, mut fields) = (Vec::new(), Vec::new());
    for image in images {
        let (map, field) = source::place(image, &grid, job.activity.max_outside, observer)?;
        maps.push(map.volume.data);
        fields.push(field);
    }
    Ok(Placed { times_s, maps, fields, labels, grid })
}

fn shifted(mut grid: Grid, shift_mm: [f64; 3]) -> Grid {
    grid.origin_mm = [0, 1, 2].map(|c| grid.origin_mm[c] + shift_mm[c]);
    grid
}

fn read_point(
    job: &Job,
    point: &TimePoint,
    decay: &Decay,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<(ActivityMap, f64)> {
    let input = ActivityInput {
        path: point.activity.clone(),
        series: point.series.clone(),
        frame: point.frame.or(job.activity.frame),
        unit: point.unit.or(job.activity.unit),
        calibration: point.calibration.or(job.activity.calibration),
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
    Ok((image, time_s))
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

/// The region of each voxel at each time: those of the job, or of the time's own label map.
fn labels(
    input: &SeriesInput,
    around: &Surroundings,
    grid: &Grid,
    affine: NiftiAffine,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Vec<Vec<u16>>> {
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
    let common = on_grid(base, base, grid)?;
    input
        .points
        .iter()
        .map(|point| {
            let Some(path) = &point.voi else { return Ok(common.clone()) };
            let mut own = inputs::read_vois(path, None, affine, observer, records)?;
            own.grid = shifted(own.grid, point.shift_mm);
            on_grid(&own, base, grid)
        })
        .collect()
}

/// Regions (1 for the first of `base`) of a set of VOIs on a grid.
fn on_grid(set: &VoiSet, base: &VoiSet, grid: &Grid) -> Result<Vec<u16>> {
    let mut labels = vec![0_u16; grid.len()];
    for voi in &set.map_to(grid)?.set.vois {
        let Some(at) = base.vois.iter().position(|v| v.label == voi.label) else {
            return Err(Error::input(
                format!("label {} of a time point's own VOIs", voi.label),
                "--voi has no such label",
                "Use the same labels at all times.",
            ));
        };
        voi.voxels.iter().for_each(|&v| labels[v as usize] = (at + 1) as u16);
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

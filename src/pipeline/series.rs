//! Reading the acquisitions of a series and placing them on the dose grid, each at its time after injection.

use super::image_time::{Scan, Timing, resolve};
use super::inputs::{self, InputRecord};
use super::scene::DoseGrid;
use super::series_file::{SeriesInput, TimePoint, check_times};
use super::source::{self, FieldOfView};
use super::{Observer, Surroundings, scene};
use crate::activity::{ActivityMap, Decay, Quantity};
use crate::error::{Error, Result};
use crate::image::{Grid, VoiSet};
use crate::io::dicom::Facts;
use crate::job::{ActivityInput, Job};
use crate::time::TimeOrSpan;

/// The acquisitions on the dose grid.
pub struct Placed {
    /// After injection, s.
    pub times_s: Vec<f64>,
    /// What each time is that of.
    pub timings: Vec<Timing>,
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
    let (mut scans, mut images) = (Vec::new(), Vec::new());
    for (n, point) in input.points.iter().enumerate() {
        let name = format!("time point {}", n + 1);
        let within = |mut e: Error| {
            e.problem = format!("{name}: {}", e.problem);
            e
        };
        let (image, facts) = read_point(job, point, observer, records).map_err(within)?;
        let stated = point.stated.or(&job.activity);
        scans.push(Scan::new(&name, facts, stated, decay).map_err(within)?);
        images.push(image);
    }
    let administered = input.administered.or(match job.administered {
        Some(TimeOrSpan::At(moment)) => Some(moment),
        _ => None,
    });
    let timings = resolve(&mut scans, &mut images, administered, decay, true, observer)?;
    let mut times_s = Vec::new();
    for (n, (timing, image)) in timings.iter().zip(&images).enumerate() {
        let time_s = timing.since_administration_s.unwrap_or(f64::NAN);
        observer.say(&format!(
            "time point {}: {:.3} h after the administration, {:.6e} Bq, at {}",
            n + 1,
            time_s / crate::units::SECONDS_PER_HOUR,
            image.total(),
            timing.what
        ));
        times_s.push(time_s);
    }
    let activities = records.iter_mut().filter(|r| r.role == "activity");
    activities.zip(&timings).for_each(|(r, t)| r.activity_time = Some(t.what.clone()));
    check_times(&times_s)?;
    let grid = scene::choose_grid(job.grid, &around.matter.grid, &images[0].volume.grid)?;
    let labels = labels(input, around, &grid.grid, observer, records)?;
    let (mut maps, mut fields) = (Vec::new(), Vec::new());
    for image in images {
        let (map, field) = source::place(image, &grid, job.activity.max_outside, observer)?;
        maps.push(map.volume.data);
        fields.push(field);
    }
    Ok(Placed { times_s, timings, maps, fields, labels, grid })
}

fn shifted(mut grid: Grid, shift_mm: [f64; 3]) -> Grid {
    grid.origin_mm = [0, 1, 2].map(|c| grid.origin_mm[c] + shift_mm[c]);
    grid
}

fn read_point(
    job: &Job,
    point: &TimePoint,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<(ActivityMap, Option<Facts>)> {
    let input = ActivityInput {
        path: point.activity.clone(),
        series: point.series.clone(),
        unit: point.unit.or(job.activity.unit),
        calibration: point.calibration.or(job.activity.calibration),
        ..job.activity.clone()
    };
    let (mut image, facts) = inputs::read_activity(&input, observer, records)?;
    if image.quantity != Quantity::Activity {
        return Err(Error::input(
            "the image is integrated over time already",
            "a time point is an activity",
            "Give the activity in Bq or Bq/mL.",
        ));
    }
    image.volume.grid = shifted(image.volume.grid, point.shift_mm);
    Ok((image, facts))
}

/// The region of each voxel at each time: those of the job, or of the time's own label map.
fn labels(
    input: &SeriesInput,
    around: &Surroundings,
    grid: &Grid,
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
            let mut own = inputs::read_vois(path, None, observer, records)?;
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

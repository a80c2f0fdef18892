//! Reading the acquisitions of a series and placing them on the dose grid, each at its time after injection.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::PathBuf;

use super::fields_of_view::{self, Fields, Filled};
use super::image_time::{Scan, Stated, Timing, resolve, scan_duration};
use super::inputs::{self, InputRecord};
use super::padding;
use super::placing::{self, Placement};
use super::recovery::{self, RegionRecovery};
use super::registration::widening;
use super::scene::DoseGrid;
use super::series_file::{SeriesInput, TimePoint, check_times};
use super::source::{self, FieldOfView};
use super::transfer::{self, Unmixed};
use super::voi_files::{Place, is_label_map, read_voi_file};
use super::{Observer, Surroundings, calibration, correction_asked, scene, stated_twice};
use crate::activity::{
    ActivityMap, CalibrationInput, CalibrationValue, Decay, ImageCalibration, Quantity,
    SAME_DURATION,
};
use crate::error::{Error, Result};
use crate::image::{Parts, Voi, VoiSet, VoiSets};
use crate::io::dicom::Facts;
use crate::job::{ActivityInput, Job};
use crate::time::{Moment, TimeOrSpan};

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
    /// How each image was brought into the reference's frame.
    pub placements: Vec<Placement>,
    /// Part of the VOIs that each voxel is in at each time; empty without VOIs.
    pub labels: Vec<Vec<u16>>,
    /// Which VOIs the parts lie in.
    pub parts: Parts,
    /// The region whose curve the voxels of each part follow: the smallest of their VOIs.
    pub owners: Vec<u16>,
    /// The dose grid.
    pub grid: DoseGrid,
    /// What was corrected in each region (0: outside of all VOIs).
    pub regions: Vec<RegionRecovery>,
    /// Relative standard uncertainty of the scale that all times share; none if nothing states it.
    pub calibration_relative: Option<f64>,
    /// What was filled in of each region, and where a time is left out.
    filled: Filled,
}

impl Placed {
    /// Activity of a region (0: outside of all VOIs) at each time, Bq; `None` where no voxel belongs to it, 0 where the time is left out.
    pub fn region(&self, region: usize) -> Vec<Option<f64>> {
        let of_region = |part: u16| match region.checked_sub(1) {
            None => part == 0,
            Some(voi) => self.parts.vois_of(part).contains(&voi),
        };
        let inside: Vec<bool> = (0..=self.parts.count()).map(|p| of_region(p as u16)).collect();
        (0..self.times_s.len())
            .map(|t| {
                let (mut voxels, mut sum) = (0, 0.0);
                for (v, value) in self.maps[t].iter().enumerate() {
                    let part = self.labels.get(t).and_then(|l| l.get(v)).copied().unwrap_or(0);
                    if inside[usize::from(part)] {
                        voxels += 1;
                        sum += f64::from(*value);
                    }
                }
                let left_out = self.filled.left_out(region, t);
                (voxels > 0).then_some(if left_out { 0.0 } else { sum })
            })
            .collect()
    }

    /// The region whose curve each voxel follows, at the first time; empty without VOIs.
    pub fn owned(&self) -> Cow<'_, [u16]> {
        match self.labels.first() {
            None => Cow::Borrowed(&[]),
            Some(labels) if !self.parts.overlap() => Cow::Borrowed(labels),
            Some(labels) => labels.iter().map(|l| self.owners[usize::from(*l)]).collect(),
        }
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
    let Points { mut scans, mut images, calibrations, facts: all_facts } =
        read_points(job, input, decay, observer, records)?;
    let placements = placing::bring(job, input, &mut images, &all_facts, observer, records)?;
    let administered = administered(job, input);
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
    let totals: Vec<f64> = images.iter().map(ActivityMap::total).collect();
    let asked = correction_asked::nobody_says(&timings);
    if asked {
        correction_asked::of_images(&times_s, &totals, decay, observer)?;
    }
    let in_point = |n: usize| move |e: Error| in_image(n, &input.points[n], e);
    let grid = scene::choose_grid(job.grid, &around.matter.grid, &images[0].volume.grid)
        .map_err(in_point(0))?;
    let sets = voi_sets(job, input, around, &placements, observer, records)?;
    let mut parts = Parts::alone(around.vois.as_ref().map_or(0, VoiSets::len));
    let on_grid = |sets: &VoiSets| parts.label(&sets.map_to(&grid.grid)?.set);
    let labels = sets.iter().map(on_grid).collect::<Result<Vec<_>>>()?;
    let sizes = around.vois.as_ref().map_or(Vec::new(), VoiSets::volumes_ml);
    let owners = parts.smallest(&sizes, |_| true);
    let names = around.vois.as_ref().map_or(Vec::new(), VoiSets::names);
    if input.quantification.transfer_fwhm_mm.is_some() {
        transfer::refuse_overlaps(&parts, &names)?;
    }
    let seen = unmixed(input, around, &images, &sets)?;
    let (mut maps, mut fields, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    // Found once, where an image asks for it.
    let known = OnceCell::new();
    let in_body = || -> Result<&[bool]> {
        if known.get().is_none() {
            let mut inside = vec![false; grid.grid.len()];
            let body = transfer::body(&around.matter).map_to(&grid.grid)?.set.vois;
            body.iter().flat_map(|b| &b.voxels).for_each(|v| inside[*v as usize] = true);
            let _ = known.set(inside);
        }
        Ok(known.get().map_or(&[], Vec::as_slice))
    };
    for (n, image) in images.into_iter().enumerate() {
        let covered = fields_of_view::shown(&image.volume.grid, &grid.grid)?;
        let moved = widening(&image.volume.grid, &grid.grid);
        let (map, field) =
            source::place(image, &grid, job.activity.max_outside, observer).map_err(in_point(n))?;
        if input.points[n].placed_by().is_some() {
            observer.say(&format!(
                "time point {}: {:.6e} Bq in the image, {:.6e} Bq on the dose grid, {:.3e} Bq outside; {moved}",
                n + 1,
                field.image,
                field.on_grid,
                field.outside
            ));
        }
        let of = labels.get(n).map_or(&[][..], Vec::as_slice);
        shown.push(padding::without(covered, &map.volume.data, &grid.grid, of, || {
            in_body().map(Cow::Borrowed)
        })?);
        maps.push(map.volume.data);
        fields.push(field);
    }
    let quantification = &input.quantification;
    let beside = Fields {
        times_s: &times_s,
        labels: &labels,
        parts: &parts,
        owners: &owners,
        shown: &shown,
        names: &names,
    };
    let filled = beside.fill(&mut maps, observer);
    let times = 0..times_s.len();
    if let Some(n) = (0..names.len()).find(|n| times.clone().all(|t| filled.left_out(n + 1, t))) {
        return Err(Error::input(
            format!(
                "VOI '{}': too much of it lies beyond the field of view at every time",
                names[n]
            ),
            "each image shows another part of it, so that no time can be completed from the others and none is left of its curve",
            "Draw it within the field that all images show, or leave the VOI out.",
        ));
    }
    if let Some(first) = labels.first() {
        let shown: Vec<_> = shown.iter().collect();
        fields_of_view::tell_beyond(&names, &parts, first, &shown, observer);
    }
    let mut regions = if seen.is_empty() {
        let volumes: Vec<Vec<f64>> = sets.iter().map(VoiSets::volumes_ml).collect();
        let mut regions =
            recovery::corrections(quantification, around.vois.as_ref(), &volumes, observer)?;
        let by = recovery::Shared::new(&parts, &sizes, &regions);
        by.apply(&mut maps, &labels, &regions);
        by.join(&mut regions, &maps, &labels, &names, observer);
        regions
    } else {
        if let Some(n) = (0..names.len()).find(|n| filled.any(n + 1)) {
            return Err(Error::input(
                format!("VOI '{}' reaches beyond the field of view of an image", names[n]),
                "[transfer] unmixes what the images show, and the rest is not known",
                "Draw it within the field that all images show, or leave [transfer] out.",
            ));
        }
        let in_body = in_body()?;
        for (t, map) in maps.iter_mut().enumerate() {
            transfer::rescale(map, &labels[t], in_body, &seen[t], &names)
                .map_err(|e| inputs::at_point(t, e))?;
        }
        transfer::recoveries(&seen, quantification.transfer_fwhm_mm.map_or(0.0, |f| f[1]))?
    };
    for (r, region) in regions.iter_mut().enumerate().filter(|(r, _)| filled.any(*r)) {
        let own =
            region.own.take().unwrap_or_else(|| vec![input.relative_uncertainty; times_s.len()]);
        region.own = Some(filled.widened(r, &own));
    }
    tell(&regions, around.vois.as_ref(), observer);
    let calibration_relative = common(&calibrations, observer);
    if around.vois.is_some() && calibration_relative.is_none() {
        observer.say(calibration::NOT_STATED);
    }
    let placed = Placed {
        regions,
        times_s,
        timings,
        maps,
        fields,
        placements,
        labels,
        parts,
        owners,
        grid,
        calibration_relative,
        filled,
    };
    if asked {
        correction_asked::tell_of_vois(
            &placed,
            &names,
            input.relative_uncertainty,
            decay,
            observer,
        );
    }
    Ok(placed)
}

/// The administration that the series or the job states by date.
fn administered(job: &Job, input: &SeriesInput) -> Option<Moment> {
    input.administered.or(match job.administered {
        Some(TimeOrSpan::At(moment)) => Some(moment),
        _ => None,
    })
}

/// The acquisitions as they were read, each where its own file has it.
struct Points {
    scans: Vec<Scan>,
    images: Vec<ActivityMap>,
    calibrations: Vec<Option<f64>>,
    facts: Vec<Option<Facts>>,
}

/// Reads the images and what is said of each.
fn read_points(
    job: &Job,
    input: &SeriesInput,
    decay: &Decay,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Points> {
    stated_twice::check(job, input)?;
    let mut read = Points {
        scans: Vec::new(),
        images: Vec::new(),
        calibrations: Vec::new(),
        facts: Vec::new(),
    };
    let mut counted = Vec::new();
    for (n, point) in input.points.iter().enumerate() {
        let name = format!("time point {}", n + 1);
        let own = calibration_of(job, input, point);
        let (image, facts, relative) = read_point(job, point, &own, decay, observer, records)
            .map_err(|e| inputs::at_point(n, e))?;
        let of_file = facts.as_ref().and_then(|f| f.frame_duration_s);
        counted.push((own.factor, own.duration_s.or(of_file)));
        let stated = Stated {
            duration_s: scan_duration(&own),
            correction: point.stated.correction.or(job.activity.decay_correction),
            ..point.stated
        };
        read.facts.push(facts.clone());
        read.scans
            .push(Scan::new(&name, facts, stated, decay).map_err(|e| inputs::at_point(n, e))?);
        read.calibrations.push(relative);
        read.images.push(image);
    }
    one_duration(&counted)?;
    tell_equal(&read.images, input, observer);
    Ok(read)
}

/// An acquisition before it is placed.
pub(super) struct Seen {
    /// When it was.
    pub timing: Timing,
    /// After the administration, s.
    pub time_s: f64,
    /// Bq of the whole image.
    pub total_bq: f64,
    /// What its file says.
    pub facts: Option<Facts>,
}

/// Acquisitions that were looked at, as far as they lie where they will.
pub(super) struct Looked {
    /// Each of them.
    pub seen: Vec<Seen>,
    images: Vec<ActivityMap>,
    /// Those of which a registration has not to tell where they lie.
    known: Vec<bool>,
}

/// Reads all acquisitions and their times, and nothing that takes long: no registration, no resampling.
///
/// # Errors
/// As [`read`].
pub(super) fn look(
    job: &Job,
    input: &SeriesInput,
    around: &Surroundings,
    decay: &Decay,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Looked> {
    let Points { mut scans, mut images, facts, .. } =
        read_points(job, input, decay, observer, records)?;
    let administered = administered(job, input);
    let timings = resolve(&mut scans, &mut images, administered, decay, true, observer)?;
    let time_s = |t: &Timing| t.since_administration_s.unwrap_or(f64::NAN);
    check_times(&timings.iter().map(time_s).collect::<Vec<_>>())?;
    let quantification = &input.quantification;
    recovery::check_names(quantification, around.vois.as_ref())?;
    if quantification.transfer_fwhm_mm.is_some() && around.vois.is_none() {
        return Err(unmixes_vois());
    }
    let known = placing::bring_stated(job, input, &mut images, &facts, observer, records)?;
    // Its VOIs may lie elsewhere yet: their names alone are looked at.
    let stay = vec![Placement::stays(); images.len()];
    voi_sets(job, input, around, &stay, observer, records)?;
    let seen = timings.into_iter().zip(&images).zip(facts);
    let seen = seen
        .map(|((timing, image), facts)| Seen {
            time_s: time_s(&timing),
            timing,
            total_bq: image.total(),
            facts,
        })
        .collect();
    Ok(Looked { seen, images, known })
}

impl Looked {
    /// Whether the activity lies on the CT, where that is known without a registration.
    ///
    /// # Errors
    /// As [`read`], with time point and file.
    pub fn lie_on_ct(&self, job: &Job, input: &SeriesInput, around: &Surroundings) -> Result<()> {
        // The dose grid may be that of the first.
        if self.known.first() != Some(&true) {
            return Ok(());
        }
        let first = &self.images[0].volume.grid;
        let at = |n: usize| move |e: Error| in_image(n, &input.points[n], e);
        let grid = scene::choose_grid(job.grid, &around.matter.grid, first).map_err(at(0))?;
        for (n, image) in self.images.iter().enumerate().filter(|(n, _)| self.known[*n]) {
            let most = job.activity.max_outside;
            source::place(image.clone(), &grid, most, &placing::Silent).map_err(at(n))?;
        }
        Ok(())
    }
}

/// A factor per count is that of one duration: twice the time is twice the counts of the same activity.
fn one_duration(counted: &[(Option<ImageCalibration>, Option<f64>)]) -> Result<()> {
    let per_count = counted.iter().enumerate().filter_map(|(n, (factor, duration))| {
        let factor = factor.filter(|f| !f.needs_duration())?;
        Some((n, factor.value, (*duration)?))
    });
    let all: Vec<(usize, CalibrationValue, f64)> = per_count.collect();
    for (n, factor, duration) in &all {
        let Some((first, _, other)) = all.iter().find(|(_, f, _)| f == factor) else { continue };
        if (duration / other - 1.0).abs() > SAME_DURATION {
            return Err(Error::input(
                format!(
                    "one calibration per count for acquisitions of {other} s (time point {}) and {duration} s (time point {})",
                    first + 1,
                    n + 1
                ),
                "counts grow with the duration: a factor per count is that of one duration",
                "Give the factor per count rate (\"20.1 cps/MBq\"), or a calibration of its own to each [[time_point]].",
            ));
        }
    }
    Ok(())
}

/// Noise is never the same twice: equal images are one image, or made by a formula.
fn tell_equal(images: &[ActivityMap], input: &SeriesInput, observer: &dyn Observer) {
    for (n, image) in images.iter().enumerate() {
        let same = |other: &ActivityMap| other.volume.data == image.volume.data;
        if let Some(first) = images[..n].iter().position(same) {
            let file = |i: usize| input.points[i].activity.display();
            observer.warn(&format!(
                "time points {} ({}) and {} ({}) are the same image, voxel by voxel: no scan is the same twice; does one of them stand for \
                 another time? The curve is wrong if so",
                first + 1,
                file(first),
                n + 1,
                file(n)
            ));
        }
    }
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

/// What is said of the calibration of a time point: by itself, by the series, by the job.
fn calibration_of(job: &Job, input: &SeriesInput, point: &TimePoint) -> CalibrationInput {
    point.calibration.or(&input.quantification.calibration).or(&job.activity.calibration)
}

fn read_point(
    job: &Job,
    point: &TimePoint,
    own: &CalibrationInput,
    decay: &Decay,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<(ActivityMap, Option<Facts>, Option<f64>)> {
    let calibration = calibration::resolved(own, &job.source, observer, records)?;
    let relative = calibration.relative()?;
    let input = ActivityInput {
        path: point.activity.clone(),
        series: point.series.clone().or_else(|| job.activity.series.clone()),
        frame: point.frame.or(job.activity.frame),
        unit: point.unit.or(job.activity.unit),
        calibration,
        ..job.activity.clone()
    };
    let (image, facts) =
        inputs::read_activity(&input, Some(decay.half_life_s), job.nifti_affine, observer, records)
            .map_err(|e| in_keys(e, point))?;
    if image.quantity != Quantity::Activity {
        return Err(Error::input(
            "the image is integrated over time already",
            "a time point is an activity",
            "Give the activity in Bq or Bq/mL.",
        ));
    }
    Ok((image, facts, relative))
}

/// An error on what the file states of a point, by its keys in place of the options of one image.
fn in_keys(error: Error, point: &TimePoint) -> Error {
    let unit = point.unit.map(|u| u.name()).unwrap_or_default();
    let mut words = vec![
        (
            "--activity-unit counts with --calibration".into(),
            "unit = \"counts\" with calibration".to_string(),
        ),
        (
            "--calibration and --activity-unit counts".into(),
            "calibration and unit = \"counts\"".into(),
        ),
        ("--activity-unit counts".into(), "unit = \"counts\"".into()),
    ];
    if point.unit.is_some() {
        words.insert(0, (format!("--activity-unit {unit} is"), format!("unit = \"{unit}\" is")));
    }
    let said = |text: String| words.iter().fold(text, |t, (option, key)| t.replace(option, key));
    Error {
        problem: said(error.problem),
        why: said(error.why),
        suggestion: said(error.suggestion),
        ..error
    }
}

/// An error about where the image of a time point lies.
fn in_image(n: usize, point: &TimePoint, error: Error) -> Error {
    inputs::at_point(n, inputs::in_file(error, &point.activity))
}

fn unmixes_vois() -> Error {
    Error::usage(
        "[transfer] and --voi is not given",
        "a transfer matrix unmixes VOIs",
        "Add --voi LABELMAP.",
    )
}

/// Activities without partial-volume effect of each acquisition; none without `[transfer]`.
fn unmixed(
    input: &SeriesInput,
    around: &Surroundings,
    images: &[ActivityMap],
    sets: &[VoiSets],
) -> Result<Vec<Unmixed>> {
    let Some(fwhm_mm) = input.quantification.transfer_fwhm_mm else { return Ok(Vec::new()) };
    if sets.is_empty() {
        return Err(unmixes_vois());
    }
    let body = transfer::body(&around.matter);
    let one = |(n, image): (usize, &ActivityMap)| {
        transfer::unmix(image, &sets[n], &body, fwhm_mm, input.relative_uncertainty)
            .map_err(|e| inputs::at_point(n, e))
    };
    images.iter().enumerate().map(one).collect()
}

/// Says what was corrected.
fn tell(regions: &[RegionRecovery], vois: Option<&VoiSets>, observer: &dyn Observer) {
    for (region, n) in regions.iter().zip(0_usize..) {
        if region.seen.is_empty() {
            continue;
        }
        let name = n.checked_sub(1).and_then(|n| vois?.get(n)).map(|v| v.name.as_str());
        let seen: Vec<String> = region.seen.iter().map(|s| format!("{s:.3}")).collect();
        observer.say(&format!(
            "'{}': seen over true activity {}",
            name.unwrap_or("rest of the body"),
            seen.join(", ")
        ));
    }
}

/// The VOIs of each time, in the order of the job's; those of the job, or of the time's own files. Empty without VOIs.
fn voi_sets(
    job: &Job,
    input: &SeriesInput,
    around: &Surroundings,
    placements: &[Placement],
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Vec<VoiSets>> {
    let Some(base) = &around.vois else {
        return match input.points.iter().find(|p| !p.voi.is_empty()) {
            None => Ok(Vec::new()),
            Some(_) => Err(Error::usage(
                "a time point has VOIs of its own and --voi is not given",
                "names and labels are those of --voi",
                "Add --voi LABELMAP.",
            )),
        };
    };
    let mut all = Vec::new();
    for (n, point) in input.points.iter().enumerate() {
        if point.voi.is_empty() {
            all.push(base.clone());
            continue;
        }
        let (own, files) = (point.voi.len(), base.sets().len());
        if own != files {
            return Err(inputs::at_point(
                n,
                Error::input(
                    format!("{own} files of VOIs of its own, and --voi is given {files} times"),
                    "each stands for the --voi in its place, whose names its labels take",
                    "Write voi = [\"ORGANS\", \"LESIONS\"], with \"\" for a --voi that stays as it is.",
                ),
            ));
        }
        let one = |(file, base): (&Option<PathBuf>, &VoiSet)| {
            let Some(path) = file else { return Ok(base.clone()) };
            let own = read_voi_file(path, None, job, &Place::default(), observer, records)?;
            let own = VoiSet { grid: own.grid.brought_by(&placements[n].bring), ..own };
            in_order_of(own, base, is_label_map(path)?)
        };
        all.push(point.voi.iter().zip(base.sets()).map(one).collect::<Result<_>>()?);
    }
    Ok(all)
}

/// A time's own VOIs in the order of `base`, with its names; one that is not there is empty. Maps are told apart by labels; regions with names of
/// their own (RTSTRUCT, SEG, NRRD) are numbered anew in every file.
fn in_order_of(mut own: VoiSet, base: &VoiSet, by_label: bool) -> Result<VoiSet> {
    let mut vois: Vec<Voi> =
        base.vois.iter().map(|v| Voi { voxels: Vec::new(), ..v.clone() }).collect();
    for voi in own.vois {
        let same = |v: &Voi| if by_label { v.label == voi.label } else { v.name == voi.name };
        let at = vois.iter().position(same);
        let Some(at) = at else {
            return Err(Error::input(
                format!("'{}' (label {}) of a time point's own VOIs", voi.name, voi.label),
                "--voi has none of that name, or label where there are no names",
                "Use the same names or labels at all times.",
            ));
        };
        vois[at].voxels = voi.voxels;
    }
    own.vois = vois;
    Ok(own)
}

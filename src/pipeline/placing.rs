//! Where the images of a series lie: by a shift or transform that is stated, or by registration. Everything comes into the frame of the reference: the job's CT,
//! with which the first time point belongs. Neglects what is not rigid.
//!
//! Images are placed by their grids: no value changes, so no activity does; the conserving move onto the dose grid follows once, turns and all.

use super::Observer;
use super::inputs::{self, InputRecord, file_record, in_file, object_record, read_ct};
use super::registration::{doubts, falls, mask, rigid_file};
use super::series_file::{SeriesInput, TimePoint};
use crate::activity::ActivityMap;
use crate::error::{Error, Result};
use crate::image::{Affine, Grid, Rigid, Volume};
use crate::io::Frames;
use crate::io::dicom::Facts;
use crate::job::{Job, MatterInput};
use crate::registration::{
    Agreement, Kind, Metric, Registered, Registration, Settings, agreement, register,
};
use crate::report::setup::{AgreementFacts, PlacementFacts, known};

/// Role of a time point's own CT among what was read.
pub const POINT_CT: &str = "time_point_ct";
/// Role of the transform of a time point.
pub const TRANSFORM: &str = "transform";

/// How a time point's image was brought into the reference's frame.
#[derive(Debug, Clone)]
pub struct Placement {
    /// `as_it_lies`, `shift`, `transform`, `registered_on_ct` or `registered_on_activity`.
    pub by: &'static str,
    /// From the reference to the image, mm and degrees about x, y, z (R = Rz Rx Ry), about the centre.
    pub translation_mm: [f64; 3],
    /// Degrees.
    pub rotation_deg: [f64; 3],
    /// mm, LPS.
    pub centre_mm: [f64; 3],
    /// Agreement of the activity with that of the time point that others are registered to, as the image lies.
    pub agreement_before: Option<Agreement>,
    /// Agreement where it is placed.
    pub agreement_after: Option<Agreement>,
    /// From the image to the reference.
    pub bring: Affine,
}

impl Placement {
    /// As it lies.
    pub fn stays() -> Placement {
        Placement {
            by: "as_it_lies",
            translation_mm: [0.0; 3],
            rotation_deg: [0.0; 3],
            centre_mm: [0.0; 3],
            agreement_before: None,
            agreement_after: None,
            bring: Affine::IDENTITY,
        }
    }

    /// For the summary.
    pub fn facts(&self) -> PlacementFacts {
        PlacementFacts {
            agreement_after: self.agreement_after.map(of_agreement),
            agreement_before: self.agreement_before.map(of_agreement),
            by: self.by.into(),
            centre_mm: self.centre_mm,
            rotation_deg: self.rotation_deg,
            translation_mm: self.translation_mm,
        }
    }

    /// Of a map from the reference to the image.
    fn of(by: &'static str, map: &Affine, centre_mm: [f64; 3]) -> Result<Placement> {
        let rigid = Rigid::of(map, centre_mm)?;
        Ok(Placement {
            by,
            translation_mm: rigid.translation_mm,
            rotation_deg: rigid.angles_rad.map(f64::to_degrees),
            centre_mm,
            bring: map.inverse()?,
            ..Placement::stays()
        })
    }
}

fn of_agreement(found: Agreement) -> AgreementFacts {
    AgreementFacts { correlation: known(found.correlation), overlap: known(found.overlap) }
}

/// Brings the images into the reference's frame.
///
/// # Errors
/// If a transform or CT cannot be read, a transform is not rigid, or a registration finds nothing.
pub fn bring(
    job: &Job,
    input: &SeriesInput,
    images: &mut [ActivityMap],
    facts: &[Option<Facts>],
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Vec<Placement>> {
    let of_ct = frame_of_ct(records);
    let mut reference: Option<Volume<f32>> = None;
    let mut placed = vec![Placement::stays(); images.len()];
    let anchor = input.anchor().point();
    // What others are registered to is placed first.
    let others = (0..images.len()).filter(|n| *n != anchor);
    for n in std::iter::once(anchor).chain(others) {
        let Some(point) = input.points.get(n) else { continue };
        let at = |e: Error| inputs::at_point(n, e);
        let frame = frame_of(&facts[n]);
        let placement = if let Some(placement) =
            stated(n, point, &images[n], facts, &of_ct, records).map_err(at)?
        {
            placement
        } else if let Some(found) =
            on_ct(job, point, &frame, &mut reference, observer, records).map_err(at)?
        {
            tell(n, "the CTs", &found, observer);
            Placement::of("registered_on_ct", &found.transform.affine(), found.transform.centre_mm)?
        } else if n == anchor {
            if of_ct.is_none() || of_ct != frame {
                observer.warn(
                    "time point 1: the others are registered to it, and nothing says where it lies itself: it is taken to lie as the CT does (ct of its own, \
                     shift_mm or transform say otherwise)",
                );
            }
            Placement::stays()
        } else {
            let of_anchor = frame_of(&facts[anchor]);
            let fixed = (&images[anchor].volume.grid, of_anchor.as_deref());
            let how = How::read(job, point, fixed, &frame, observer, records);
            let found = on_activity(&images[anchor], &images[n], how.map_err(at)?).map_err(at)?;
            tell(n, &format!("the activity of time point {}", anchor + 1), &found, observer);
            Placement::of(
                "registered_on_activity",
                &found.transform.affine(),
                found.transform.centre_mm,
            )?
        };
        let compared = n != anchor && placement.by != "as_it_lies";
        placed[n] =
            if compared { judged(placement, n, anchor, images, observer)? } else { placement };
        let grid = &mut images[n].volume.grid;
        *grid = grid.brought_by(&placed[n].bring);
    }
    Ok(placed)
}

fn frame_of(facts: &Option<Facts>) -> Option<String> {
    facts.as_ref()?.frame_of_reference_uid.clone()
}

fn frame_of_ct(records: &[InputRecord]) -> Option<String> {
    records.iter().find(|r| r.role == "ct").and_then(|r| frame_of(&r.facts))
}

/// Where an image lies by a transform, by a shift, or as it is; none where a registration is to find it.
fn stated(
    n: usize,
    point: &TimePoint,
    image: &ActivityMap,
    facts: &[Option<Facts>],
    of_ct: &Option<String>,
    records: &mut Vec<InputRecord>,
) -> Result<Option<Placement>> {
    let middle = image.volume.grid.middle_mm();
    if let Some(path) = &point.transform {
        // Without a CT that states its frame, the first image's is the reference's.
        let (first, own) = (frame_of(&facts[0]), frame_of(&facts[n]));
        let fixed = of_ct.as_deref().or(first.as_deref().filter(|_| n > 0));
        let frames = Frames { fixed, moving: own.as_deref() };
        let map = rigid_file(path, &frames)?;
        records.push(object_record(TRANSFORM, path)?);
        return Placement::of("transform", &map, middle).map(Some);
    }
    if point.shift_stated {
        let map = Affine::shift(point.shift_mm.map(|s| -s));
        return Placement::of("shift", &map, middle).map(Some);
    }
    Ok((!point.register).then(Placement::stays))
}

/// Brings images to where they will lie as far as that is known without a registration, and says of which it is; CTs that others are registered by are
/// read.
///
/// # Errors
/// As [`bring`], before it estimates anything.
pub fn bring_stated(
    job: &Job,
    input: &SeriesInput,
    images: &mut [ActivityMap],
    facts: &[Option<Facts>],
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Vec<bool>> {
    let (of_ct, anchor) = (frame_of_ct(records), input.anchor().point());
    let mut known = Vec::new();
    for (n, (point, image)) in input.points.iter().zip(images).enumerate() {
        let at = |e: Error| inputs::at_point(n, e);
        let there = stated(n, point, image, facts, &of_ct, records).map_err(at)?;
        let grid = &mut image.volume.grid;
        if let Some(there) = &there {
            *grid = grid.brought_by(&there.bring);
        } else {
            own_ct(job, point, &frame_of(&facts[n]), observer, records).map_err(at)?;
        }
        // What others are registered to is taken to lie as the CT does.
        known.push(there.is_some() || (n == anchor && point.ct.is_none()));
    }
    Ok(known)
}

/// Compares a placed image with the one that others are registered to, which is placed already.
fn judged(
    placement: Placement,
    n: usize,
    anchor: usize,
    images: &[ActivityMap],
    observer: &dyn Observer,
) -> Result<Placement> {
    let map = placement.bring.inverse()?;
    let pair = [&images[anchor].volume, &images[n].volume].map(|v| (v, Kind::Activity));
    // An image that cannot be compared is still placed: what it lacks is told elsewhere.
    let Ok(both) = agreement(pair[0], pair[1], &[Affine::IDENTITY, map]) else {
        return Ok(placement);
    };
    observer.say(&format!(
        "time point {}: correlation with time point {of} {:.3} as it lies, {:.3} where it is placed, where {:.0} % of time point {of} are seen",
        n + 1,
        both[0].correlation,
        both[1].correlation,
        100.0 * both[1].overlap,
        of = anchor + 1
    ));
    // Organs clear: activity correlates the less the later, so only a fall is told.
    if falls(&both) {
        observer.warn(&format!("time point {}: {}", n + 1, doubts(&both, None, true).join("; ")));
    }
    Ok(Placement { agreement_before: Some(both[0]), agreement_after: Some(both[1]), ..placement })
}

/// Registration of a time point's own CT to the job's; none where the time point has none.
fn on_ct(
    job: &Job,
    point: &TimePoint,
    frame: &Option<String>,
    reference: &mut Option<Volume<f32>>,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Option<Registered>> {
    let MatterInput::Ct { path: of_job, series, .. } = &job.matter else {
        // Refused if the time point has a CT.
        return own_ct(job, point, frame, observer, records).map(|_| None);
    };
    let Some(moving) = own_ct(job, point, frame, observer, records)? else { return Ok(None) };
    let fixed_frame = frame_of_ct(records);
    if reference.is_none() {
        // Read before, as matter; who reads it again tells nothing anew.
        let fixed = read_ct(of_job, series.as_deref(), job.nifti_affine, &Silent, &mut Vec::new())?;
        *reference = Some(fixed);
    }
    let Some(fixed) = reference.as_ref() else { return Ok(None) };
    let of_fixed = (&fixed.grid, fixed_frame.as_deref());
    let how = How::read(job, point, of_fixed, frame, observer, records)?;
    estimate(fixed, &moving, Kind::Ct, how).map(Some)
}

/// A time point's own CT, which is in the frame of its activity; none where it has none.
fn own_ct(
    job: &Job,
    point: &TimePoint,
    frame: &Option<String>,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Option<Volume<f32>>> {
    let Some(path) = &point.ct else { return Ok(None) };
    if !matches!(job.matter, MatterInput::Ct { .. }) {
        return Err(Error::usage(
            "ct of a time point with --density",
            "its CT is registered to the one of --ct",
            "Give --ct, or leave ct out: the activity is registered then.",
        ));
    }
    let mut own = Vec::new();
    let moving = read_ct(path, point.ct_series.as_deref(), job.nifti_affine, observer, &mut own)?;
    for record in &mut own {
        record.role = POINT_CT;
        let theirs = record.facts.as_ref().and_then(|f| f.frame_of_reference_uid.as_ref());
        if let (Some(ct), Some(activity)) = (theirs, frame)
            && ct != activity
        {
            return Err(in_file(
                Error::input(
                    format!(
                        "FrameOfReferenceUID (0020,0052) of the CT is {ct}, that of the activity {activity}"
                    ),
                    "the activity follows its own CT, so both must lie in one frame",
                    "Give the CT of the same examination, or a transform.",
                ),
                path,
            ));
        }
    }
    records.append(&mut own);
    Ok(Some(moving))
}

/// Hears nothing.
pub struct Silent;

impl Observer for Silent {}

/// What a time point states of its registration, read.
struct How {
    metric: Option<Metric>,
    start: Affine,
    mask: Option<Volume<f32>>,
}

impl How {
    fn read(
        job: &Job,
        point: &TimePoint,
        fixed: (&Grid, Option<&str>),
        moving: &Option<String>,
        observer: &dyn Observer,
        records: &mut Vec<InputRecord>,
    ) -> Result<How> {
        let how = &point.registration;
        for (role, path) in [("register_start", &how.start), ("register_mask", &how.mask)] {
            if let Some(path) = path {
                records.push(file_record(role, path)?);
            }
        }
        let frames = Frames { fixed: fixed.1, moving: moving.as_deref() };
        let start = how.start.as_deref().map(|p| rigid_file(p, &frames)).transpose()?;
        let mask =
            how.mask.as_deref().map(|p| mask(p, fixed, job.nifti_affine, observer)).transpose()?;
        Ok(How { metric: how.metric, start: start.unwrap_or(Affine::IDENTITY), mask })
    }
}

fn on_activity(anchor: &ActivityMap, other: &ActivityMap, how: How) -> Result<Registered> {
    estimate(&anchor.volume, &other.volume, Kind::Activity, how)
}

fn estimate(fixed: &Volume<f32>, moving: &Volume<f32>, kind: Kind, how: How) -> Result<Registered> {
    let mut settings = Settings::of(kind, kind);
    settings.metric = how.metric.unwrap_or(settings.metric);
    register(&Registration {
        fixed,
        fixed_kind: kind,
        moving,
        moving_kind: kind,
        mask: how.mask.as_ref(),
        start: how.start,
        settings,
    })
}

fn tell(n: usize, on: &str, found: &Registered, observer: &dyn Observer) {
    let [x, y, z] = found.transform.translation_mm;
    let [a, b, c] = found.transform.angles_rad.map(f64::to_degrees);
    observer.say(&format!(
        "time point {}: registered on {on}: the reference's middle lies ({x:.2}, {y:.2}, {z:.2}) mm from its place, turned by ({a:.2}, {b:.2}, {c:.2}) \
         degrees; {} {:.4} before, {:.4} after",
        n + 1,
        found.metric.name(),
        found.before,
        found.after
    ));
}

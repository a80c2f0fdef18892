//! One subject's images as the cycles of a study. Neglects registration: images of one session are taken to lie as their headers place them.

use std::path::{Path, PathBuf};

use super::Draft;
use super::facts::{Facts, Frame, facts};
use super::files;
use crate::error::{Error, Result};
use crate::study::init::text::{Text, path, quoted, rest};
use crate::transport::times::MAX_TIME_POINTS;
use crate::units::{BQ_PER_MBQ, SECONDS_PER_DAY, SECONDS_PER_HOUR};

/// Administrations whose clocks differ by less (s) are one.
const ONE_ADMINISTRATION_S: f64 = 60.0;
/// Relative difference of administered activities that are one, written with other digits.
const SAME_ACTIVITY: f64 = 1e-3;

/// A session: its folder, its images of activity and its CTs.
pub struct Session {
    folder: PathBuf,
    pet: Vec<PathBuf>,
    ct: Vec<PathBuf>,
}

/// An image of activity.
struct Image {
    file: PathBuf,
    session: usize,
    facts: Facts,
}

/// Sessions with images of activity, and CTs.
///
/// # Errors
/// If a folder cannot be listed.
pub fn sessions(subject: &Path) -> Result<Vec<Session>> {
    let mut all = Vec::new();
    let places = std::iter::once(subject.to_path_buf()).chain(files::folders(subject, "ses-")?);
    for folder in places {
        let pet = files::images(&folder.join("pet"), "pet")?;
        let mut ct = Vec::new();
        for kind in ["ct", "anat", "pet"] {
            ct.extend(files::images(&folder.join(kind), "ct")?);
        }
        if !pet.is_empty() || !ct.is_empty() {
            all.push(Session { folder, pet, ct });
        }
    }
    let any = all.iter().any(|s| !s.pet.is_empty());
    Ok(if any { all } else { Vec::new() })
}

/// The study of a subject.
///
/// # Errors
/// If a sidecar is missing or leaves open what the activity hangs on, or images contradict each other.
pub fn draft(root: &Path, sessions: &[Session]) -> Result<Draft> {
    let mut told = Vec::new();
    let mut images = Vec::new();
    for (session, of) in sessions.iter().enumerate() {
        for file in &of.pet {
            let mut facts = facts(&files::sidecar(file)?)?;
            let name = shown(file);
            told.extend(facts.told.drain(..).map(|t| format!("{name}: {t}")));
            usable(&mut facts.frames, &name, &mut told)?;
            images.push(Image { file: file.clone(), session, facts });
        }
    }
    let nuclide = one_nuclide(&images)?;
    let cycles = cycles(images)?;
    if cycles.len() > 1 {
        told.push(format!(
            "the images are of {} administrations, by clock, activity and tracer: a [[cycle]] for each",
            cycles.len()
        ));
    }
    let mut text = Text::default();
    text.line("# Written by voxgray init from the sidecars of the images. Lines that begin with # and a key are");
    text.line("# what could not be decided. All keys: voxgray help-file study. Then: voxgray check, voxgray run.");
    text.line("format = 1");
    text.open("pseudonym", "\"P01\"", "what the report calls the patient");
    match &nuclide {
        Some(name) => text.key("nuclide", &quoted(name), "TracerRadionuclide"),
        None => {
            text.open("nuclide", "\"F-18\"", "needed: no sidecar states it");
            told.push("no sidecar states TracerRadionuclide: to be completed".into());
        }
    }
    let mut least = usize::MAX;
    for cycle in cycles {
        least = least.min(one(&mut text, root, sessions, cycle, &mut told)?);
    }
    text.line("");
    rest(&mut text, least, false);
    Ok(Draft { name: "study.toml".into(), text: text.0, told })
}

fn shown(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Refuses an image that began before the administration. Frames of a dynamic scan that did are left out by what is written.
fn usable(frames: &mut [Frame], name: &str, told: &mut Vec<String>) -> Result<()> {
    let early = frames.iter().filter(|f| f.start_s <= 0.0).count();
    if early == frames.len() {
        return Err(Error::input(
            format!("{name}: it begins {} s before the administration", -frames[0].start_s),
            "activity is measured after it was given; InjectionStart and FrameTimesStart are both seconds after TimeZero, and before it they are negative",
            "Correct the sign of InjectionStart or whichever is wrong.",
        ));
    }
    if early > 0 {
        told.push(format!(
            "{name}: {early} frames that do not begin after the administration are left out: a time point is after it"
        ));
    }
    Ok(())
}

fn one_nuclide(images: &[Image]) -> Result<Option<String>> {
    let mut all: Vec<&Image> = images.iter().filter(|i| i.facts.nuclide.is_some()).collect();
    all.dedup_by(|a, b| a.facts.nuclide == b.facts.nuclide);
    match &all[..] {
        [a, b, ..] => Err(Error::input(
            format!(
                "{} is of {}, {} of {}",
                shown(&a.file),
                a.facts.nuclide.as_deref().unwrap_or_default(),
                shown(&b.file),
                b.facts.nuclide.as_deref().unwrap_or_default()
            ),
            "a study is of one nuclide",
            "Put the images of one nuclide into a folder of their own.",
        )),
        [one] => Ok(one.facts.nuclide.clone()),
        [] => Ok(None),
    }
}

/// Images by administration, in the order of time; those of one acquisition (reconstructions) stand together, the best first.
fn cycles(images: Vec<Image>) -> Result<Vec<Vec<Vec<Image>>>> {
    if images.len() > 1
        && let Some(image) = images.iter().find(|i| i.facts.administered_clock_s.is_none())
    {
        return Err(Error::input(
            format!("{}: TimeZero is missing", shown(&image.file)),
            "whether its administration is that of the subject's other images is not known",
            "Add TimeZero (hh:mm:ss) to the sidecar.",
        ));
    }
    let mut all: Vec<Vec<Vec<Image>>> = Vec::new();
    for image in images {
        let same = all.iter_mut().find(|cycle| of_one(&cycle[0][0], &image, cycle));
        match same {
            None => all.push(vec![vec![image]]),
            Some(cycle) => match cycle.iter_mut().find(|point| overlap(&point[0], &image)) {
                Some(point) => point.push(image),
                None => cycle.push(vec![image]),
            },
        }
    }
    for cycle in &mut all {
        cycle.iter_mut().for_each(|point| point.sort_by_key(rank));
        cycle.sort_by(|a, b| start(&a[0]).total_cmp(&start(&b[0])));
    }
    Ok(all)
}

fn start(image: &Image) -> f64 {
    image.facts.frames.first().map_or(0.0, |f| f.start_s)
}

/// How little an image is what is wanted: not corrected for attenuation, more frames than are handled, more frames, by name.
fn rank(image: &Image) -> (bool, bool, usize, PathBuf) {
    let frames = image.facts.frames.len();
    (!image.facts.attenuation_corrected, frames > MAX_TIME_POINTS, frames, image.file.clone())
}

fn overlap(a: &Image, b: &Image) -> bool {
    let range = |i: &Image| {
        let end = i.facts.frames.last().map_or(0.0, |f| f.start_s + f.duration_s.unwrap_or(1.0));
        (start(i), end)
    };
    let ((a0, a1), (b0, b1)) = (range(a), range(b));
    a0 < b1 && b0 < a1
}

/// Whether an image is of the administration of a cycle: the same reading of the clock, activity and tracer; and, where it is of another session, at
/// another time after it, as nobody is scanned twice at once.
fn of_one(a: &Image, b: &Image, cycle: &[Vec<Image>]) -> bool {
    let (Some(one), Some(other)) = (a.facts.administered_clock_s, b.facts.administered_clock_s)
    else {
        return false;
    };
    let apart = (one - other).abs();
    let clocks = apart.min(SECONDS_PER_DAY - apart) < ONE_ADMINISTRATION_S;
    let activity = match (a.facts.administered_bq, b.facts.administered_bq) {
        (Some(a), Some(b)) => (a / b - 1.0).abs() < SAME_ACTIVITY,
        _ => true,
    };
    let tracer = match (&a.facts.tracer, &b.facts.tracer) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let twice = cycle.iter().flatten().any(|i| i.session != b.session && overlap(i, b));
    clocks && activity && tracer && !twice
}

/// Writes a cycle; gives its number of time points.
fn one(
    text: &mut Text,
    root: &Path,
    sessions: &[Session],
    cycle: Vec<Vec<Image>>,
    told: &mut Vec<String>,
) -> Result<usize> {
    let first = &cycle[0][0];
    text.line("");
    text.line("[[cycle]]");
    let given = cycle.iter().flatten().find_map(|i| i.facts.administered_bq);
    match given {
        Some(bq) => text.key(
            "administered",
            &quoted(&format!("{} MBq", (bq / BQ_PER_MBQ * 1e6).round() / 1e6)),
            "InjectedRadioactivity",
        ),
        None => {
            text.open("administered", "\"185 MBq\"", "not stated: gives doses per activity");
            told.push("no sidecar states InjectedRadioactivity: to be completed".into());
        }
    }
    // The CT of the first session that has one; the subject's own where its sessions have none.
    let of_cycle: Vec<usize> = cycle.iter().map(|p| p[0].session).collect();
    let with_ct = |n: &usize| !sessions[*n].ct.is_empty();
    let place = of_cycle
        .iter()
        .copied()
        .find(with_ct)
        .or_else(|| (0..sessions.len()).find(|n| sessions[*n].pet.is_empty() && with_ct(n)));
    let cts = place.map_or(&[][..], |n| &sessions[n].ct);
    match cts {
        [ct] => text.key(
            "ct",
            &path(ct, root),
            "taken to lie on the images of its session as its header places it",
        ),
        [] => {
            text.open(
                "ct",
                "\"ct.nii.gz\"",
                "needed: no *_ct.nii.gz was found in ct/, anat/ or pet/",
            );
            told.push("no CT was found: to be completed (an MRI has no HU)".into());
        }
        several => {
            several.iter().for_each(|ct| text.open("ct", &path(ct, root), "needed: this one?"));
            told.push(format!(
                "{} CTs were found, and nothing tells which is meant: to be completed",
                several.len()
            ));
        }
    }
    text.line("# [[cycle.voi]]");
    let regions = regions(root, &sessions[first.session])?;
    for file in &regions {
        text.open("file", &path(file, root), "on whose grid it lies is to be judged");
    }
    if regions.is_empty() {
        text.open(
            "file",
            "\"organs.nii.gz\"",
            "no VOIs were found: without them there are voxels only",
        );
    }
    told.push("VOIs are to be completed".into());
    // Those of a session with the CT lie on it; a CT of no session is taken to lie on the first image.
    let reference = place.filter(|n| of_cycle.contains(n)).unwrap_or(first.session);
    if first.session != reference && sessions[first.session].ct.is_empty() {
        told.push(format!(
            "{}: the first image is of another session than the CT and has none of its own: its activity is registered to that of the first image of that session; look at both, or state transform or shift_mm",
            shown(&first.file)
        ));
    } else if place.is_some_and(|n| !of_cycle.contains(&n)) {
        told.push("the CT is of no session: it is taken to lie on the first image as its header places it".into());
    }
    let mut points = 0;
    for images in &cycle {
        points += point(text, root, sessions, images, reference, told)?;
    }
    if points > MAX_TIME_POINTS {
        told.push(format!(
            "{points} time points of one administration, and {MAX_TIME_POINTS} are handled: leave some out"
        ));
    }
    Ok(points)
}

/// Segmentations beside the images, or derived from them.
fn regions(root: &Path, session: &Session) -> Result<Vec<PathBuf>> {
    let mut places: Vec<PathBuf> =
        ["anat", "ct", "pet"].iter().map(|kind| session.folder.join(kind)).collect();
    let own = session.folder.strip_prefix(root).unwrap_or(Path::new(""));
    for pipeline in files::folders(&root.join("derivatives"), "")? {
        places.extend(["anat", "ct", "pet"].iter().map(|kind| pipeline.join(own).join(kind)));
    }
    let mut found = Vec::new();
    for place in places {
        for suffix in ["dseg", "mask"] {
            found.extend(files::images(&place, suffix)?);
        }
    }
    Ok(found)
}

/// Writes the time points of an image, one for each frame.
fn point(
    text: &mut Text,
    root: &Path,
    sessions: &[Session],
    images: &[Image],
    reference: usize,
    told: &mut Vec<String>,
) -> Result<usize> {
    let image = &images[0];
    let frames = &image.facts.frames;
    let name = shown(&image.file);
    if frames.len() > MAX_TIME_POINTS {
        return Err(Error::input(
            format!("{name}: a dynamic scan of {} frames", frames.len()),
            format!(
                "{MAX_TIME_POINTS} time points are handled, and which frames stand for the curve is not guessed"
            ),
            "Average frames into a few that follow each other (sum of value x duration over the sum of durations, each corrected to one time), with a sidecar of their own.",
        ));
    }
    let all = frames.iter().enumerate().filter(|(_, f)| f.start_s > 0.0);
    let mut points = 0;
    for (n, frame) in all {
        points += 1;
        text.line("");
        let hours = frame.start_s / SECONDS_PER_HOUR;
        text.line(&format!("[[cycle.time_point]] # {hours:.2} h after the administration"));
        text.key("time", &seconds(frame.start_s), "FrameTimesStart - InjectionStart");
        if let Some(duration) = frame.duration_s {
            text.key("duration", &seconds(duration), "FrameDuration");
        }
        match frame.corrected_to_s {
            None => text.key("decay_correction", "\"none\"", "ImageDecayCorrected is false"),
            Some(to) => text.key(
                "decay_corrected_to",
                &seconds(to),
                "ImageDecayCorrectionTime - InjectionStart",
            ),
        }
        text.key("activity", &path(&image.file, root), "");
        if frames.len() > 1 {
            text.key("frame", &(n + 1).to_string(), "");
        }
        text.key("unit", &quoted(image.facts.unit.name()), "Units");
        if image.session != reference {
            text.key("register", "true", "another session than the CT's");
            if let [ct] = &sessions[image.session].ct[..] {
                text.key("ct", &path(ct, root), "");
            }
        }
    }
    for other in &images[1..] {
        text.line(&format!("# of the same time: activity = {}", path(&other.file, root)));
    }
    if images.len() > 1 {
        told.push(format!(
            "{} images of one time (reconstructions?): {name} is taken, the others are comments; make sure that the right one is taken",
            images.len()
        ));
    }
    Ok(points)
}

/// A time as a key has it.
fn seconds(s: f64) -> String {
    // To the microsecond: digits below are those of a subtraction.
    quoted(&format!("{} s", (s * 1e6).round() / 1e6))
}

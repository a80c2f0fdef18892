//! Studies from what DICOM headers say.

use std::collections::BTreeMap;
use std::path::Path;

use super::Draft;
use super::patients::{left_out, other_names};
use super::reconstructions::{choose_reconstructions, counts, is_attenuation, lie_apart};
use super::text::{Text, path, quoted, rest};
use crate::io::dicom::{Surveyed, read_registration};
use crate::physics::nuclide_label::{nuclide_of_code, nuclides_in_text};
use crate::time::Moment;
use crate::units::{BQ_PER_MBQ, SECONDS_PER_HOUR};

/// Acquisitions that begin so close together (s) are reconstructions of one.
const ONE_ACQUISITION_S: f64 = 600.0;
/// Scans that are further apart (s) are of two administrations.
const ONE_CYCLE_S: f64 = 14.0 * 24.0 * SECONDS_PER_HOUR;
/// Images of other parts of the body within this time (s) are of one visit.
const ONE_VISIT_S: f64 = 3.0 * SECONDS_PER_HOUR;
/// Administered activities of one cycle differ by less than this factor.
const UNLIKE: f64 = 1.05;
/// A CT within this time (s) of a scan may be its own.
const OWN_CT_S: f64 = 12.0 * SECONDS_PER_HOUR;

/// What a patient's folder holds.
pub(super) struct Patient<'a> {
    pub folder: &'a Path,
    all: &'a [Surveyed],
    /// Folders with the kind of each image series in them, also of other patients.
    beside: &'a [(bool, Vec<std::path::PathBuf>)],
}

/// What the time points of a cycle are brought to.
struct Reference<'a> {
    ct: Option<&'a Surveyed>,
    frame: Option<&'a str>,
    /// Which of the time points, from 0.
    number: usize,
    /// The first time point that lies on the CT, or is brought there by its own CT or a REG; none where none does.
    anchor: Option<usize>,
}

/// What says where an image lies.
enum Lies<'a> {
    /// It is in the frame of reference.
    There,
    /// A REG object.
    Moved(&'a Path),
    /// Its own CT.
    OnCt(&'a Surveyed),
    /// Nothing but its activity.
    Alone,
}

/// One study for each patient, and what is told of all.
pub fn drafts(folder: &Path, found: Vec<Surveyed>) -> (Vec<Draft>, Vec<String>) {
    let image = |s: &&Surveyed| ["CT", "PT", "NM"].contains(&s.facts.modality.as_str());
    let beside: Vec<_> =
        found.iter().filter(image).map(|s| (s.facts.modality == "CT", s.files.clone())).collect();
    let mut patients: BTreeMap<String, Vec<Surveyed>> = BTreeMap::new();
    found.into_iter().for_each(|s| patients.entry(s.patient_id.clone()).or_default().push(s));
    let mut notes = Vec::new();
    if patients.len() > 1 {
        let names: Vec<String> = patients.keys().map(|p| format!("'{p}'")).collect();
        notes.push(format!(
            "{} patients in one folder (PatientID (0010,0020) {}): a study for each",
            patients.len(),
            names.join(", ")
        ));
    }
    let several = patients.len() > 1;
    let mut drafts = Vec::new();
    for (n, (id, all)) in patients.iter().enumerate() {
        let patient = Patient { folder, all, beside: &beside };
        let Some(mut draft) = patient.draft() else {
            let others = patients.iter().filter(|(other, _)| *other != id);
            notes.push(left_out(id, all, others.flat_map(|(_, all)| all)));
            continue;
        };
        if several {
            draft.name = format!("study-{}.toml", n + 1);
            draft.told.insert(0, format!("PatientID '{id}'"));
        }
        drafts.push(draft);
    }
    (drafts, notes)
}

fn apart(a: &Surveyed, b: &Surveyed) -> Option<f64> {
    Some(a.time?.seconds_since(&b.time?).ok()?.abs())
}

/// A CT in words, on one line whatever its description holds.
fn described(ct: &Surveyed) -> String {
    match &ct.facts.series_description {
        Some(name) => format!("{} slices, {}", ct.slices, quoted(name)),
        None => format!("{} slices", ct.slices),
    }
}

/// The nuclide of an image: its code, or the only one that its radiopharmaceutical names.
fn nuclide(image: &Surveyed) -> Option<String> {
    let code = image.facts.nuclide.as_ref();
    let by_code = code.and_then(|c| nuclide_of_code(&c.scheme, &c.value)).map(str::to_owned);
    let texts = [code.map(|c| c.meaning.as_str()), image.facts.radiopharmaceutical.as_deref()];
    by_code.or_else(|| {
        texts.into_iter().flatten().find_map(|t| match &nuclides_in_text(t)[..] {
            [one] => Some(one.clone()),
            _ => None,
        })
    })
}

/// The administration of a cycle, as its images in the order of time state it: by date; or by the clock, the latest before the first of them, as
/// `voxgray dose` has it.
fn administration(points: &[Vec<&Surveyed>]) -> Option<Moment> {
    let images = || points.iter().map(|p| p[0]);
    let dated = images().find_map(|i| i.facts.administration_time);
    dated.or_else(|| {
        let (clock, time) =
            images().find_map(|i| Some((i.facts.administration_clock?, i.time?)))?;
        clock.latest_until(&time).ok()
    })
}

/// Tells clocks or activities of one cycle that differ as those of two administrations do: days apart they are two, though no date says so.
fn several_administrations(points: &[Vec<&Surveyed>]) -> Option<String> {
    let images = || points.iter().map(|p| &p[0].facts);
    let mut clocks: Vec<String> =
        images().filter_map(|f| f.administration_clock.map(|c| c.to_string())).collect();
    clocks.sort();
    clocks.dedup();
    let mut given: Vec<f64> = images().filter_map(|f| f.administered_bq).collect();
    given.sort_by(f64::total_cmp);
    let unlike = given.last() > given.first().map(|bq| bq * UNLIKE).as_ref();
    let what = match (clocks.len(), unlike) {
        (2.., _) => format!("at {}", clocks.join(" and ")),
        (_, true) => {
            let all: Vec<String> =
                given.iter().map(|bq| format!("{:.1}", bq / BQ_PER_MBQ)).collect();
            format!("of {} MBq", all.join(", "))
        }
        _ => return None,
    };
    Some(format!(
        "the scans of one cycle state administrations {what}: the first is taken; if there were several, give each its [[cycle]] with the scans that follow it"
    ))
}

/// Whether a scan is of another administration than the one before it.
fn is_of_another(point: &Surveyed, before: &Surveyed) -> bool {
    match (before.facts.administration_time, point.facts.administration_time) {
        (Some(a), Some(b)) => b.seconds_since(&a).is_ok_and(|s| s.abs() > 24.0 * SECONDS_PER_HOUR),
        // A clock without a date is on no day of its own.
        _ => apart(point, before).is_some_and(|s| s > ONE_CYCLE_S),
    }
}

impl Patient<'_> {
    pub fn of<'b>(&'b self, kinds: &'b [&str]) -> impl Iterator<Item = &'b Surveyed> {
        self.all.iter().filter(|s| kinds.contains(&s.facts.modality.as_str()))
    }

    /// The key that names one series of a folder, where the folder holds several.
    fn series(&self, text: &mut Text, key: &str, of: &Surveyed) {
        let (is_ct, folder) = (of.facts.modality == "CT", of.folder());
        let here = |files: &[std::path::PathBuf]| files.iter().any(|f| f.starts_with(&folder));
        let beside = self.beside.iter().filter(|(ct, files)| *ct == is_ct && here(files)).count();
        if let (2.., Some(uid)) = (beside, &of.facts.series_uid) {
            text.key(key, &quoted(uid), "");
        }
    }

    /// Other CTs that could stand in the place of the one that was taken.
    fn other_cts(&self, text: &mut Text, others: &[&Surveyed]) {
        for ct in others {
            let place = path(&ct.folder(), self.folder);
            let uid = quoted(ct.facts.series_uid.as_deref().unwrap_or_default());
            text.line(&format!("# or: ct = {place}, ct_series = {uid} ({})", described(ct)));
        }
    }

    fn draft(&self) -> Option<Draft> {
        let mut told = Vec::new();
        let mut images: Vec<&Surveyed> = Vec::new();
        for image in self.of(&["PT", "NM"]) {
            let kind = image.image_type.get(2).map_or("unknown", String::as_str);
            let flat = image.facts.modality == "NM" && !kind.contains("TOMO");
            match image.slices > 1 && !flat {
                true if is_attenuation(image) => told.push(format!(
                    "left out: a map of attenuation ({})",
                    image.image_type.join("\\")
                )),
                true => images.push(image),
                false => told.push(format!(
                    "left out: a {} image that is no volume (ImageType {kind})",
                    image.facts.modality
                )),
            }
        }
        let nuclide = self.one_nuclide(&mut images, &mut told);
        images.sort_by(|a, b| {
            let order = a.time.zip(b.time).and_then(|(a, b)| a.seconds_since(&b).ok());
            let order =
                order.map_or(a.time.is_none().cmp(&b.time.is_none()), |s| s.total_cmp(&0.0));
            // Without times the names of files are what a reader completes them by.
            order.then_with(|| a.files.cmp(&b.files))
        });
        // Reconstructions of one acquisition stand together.
        let mut points: Vec<Vec<&Surveyed>> = Vec::new();
        for image in images {
            match points.last_mut() {
                Some(last) if apart(image, last[0]).is_some_and(|s| s < ONE_ACQUISITION_S) => {
                    last.push(image);
                }
                _ => points.push(vec![image]),
            }
        }
        if points.is_empty() {
            return None;
        }
        choose_reconstructions(&mut points, &mut told);
        told.extend(other_names(points[0][0], self.all));
        let beds = points.iter().filter(|p| p[1..].iter().any(|i| lie_apart(p[0], i))).count();
        let after = |p: &[Vec<&Surveyed>]| {
            apart(p[1][0], p[0][0]).is_some_and(|s| s < ONE_VISIT_S) && lie_apart(p[0][0], p[1][0])
        };
        if points.windows(2).any(after) {
            told.push(
                "scans within three hours lie beside each other (bed positions?) and are taken as time points: make one volume of them".into(),
            );
        }
        if beds > 0 {
            told.push(format!(
                "{beds} scans are of images that lie beside each other (bed positions?), of which one is taken and the others are comments: what \
                 lies in those is not measured then; make one volume of them, or draw no VOI there"
            ));
        }
        let mut cycles: Vec<Vec<Vec<&Surveyed>>> = Vec::new();
        for point in points {
            let before = cycles.last().and_then(|c| c.last());
            let new = before.is_none_or(|before| is_of_another(point[0], before[0]));
            if new {
                cycles.push(Vec::new());
            }
            if let Some(last) = cycles.last_mut() {
                last.push(point);
            }
        }
        let mut text = Text::default();
        text.line("# Written by voxgray init from the headers of the images. Lines that begin with # and a key are");
        text.line("# what could not be decided. All keys: voxgray help-file study. Then: voxgray check, voxgray run.");
        text.line("format = 1");
        text.open("pseudonym", "\"P01\"", "what the report calls the patient");
        match nuclide {
            Some(name) => text.key("nuclide", &quoted(&name), "the images state it"),
            None => {
                text.open("nuclide", "\"Lu-177\"", "needed: no header states it");
                told.push("no header states the nuclide: to be completed".into());
            }
        }
        let most = cycles.iter().map(Vec::len).min().unwrap_or(0);
        let counts = cycles.iter().flatten().any(|p| counts(p[0]));
        for cycle in &cycles {
            self.cycle(&mut text, cycle, &mut told);
        }
        if counts {
            told.push("images are in counts, or may be: a calibration is to be completed".into());
        }
        text.line("");
        rest(&mut text, most, counts);
        Some(Draft { name: "study.toml".into(), text: text.0, told })
    }

    /// The nuclide of most images; those of another one are left out.
    fn one_nuclide(&self, images: &mut Vec<&Surveyed>, told: &mut Vec<String>) -> Option<String> {
        let mut all: BTreeMap<String, usize> = BTreeMap::new();
        images.iter().filter_map(|i| nuclide(i)).for_each(|n| *all.entry(n).or_default() += 1);
        let most = all.iter().max_by_key(|(_, n)| **n).map(|(name, _)| name.clone())?;
        images.retain(|image| {
            let other = nuclide(image).filter(|n| *n != most);
            if let Some(other) = &other {
                told.push(format!(
                    "left out: a {} series of {other}, beside images of {most}",
                    image.facts.modality
                ));
            }
            other.is_none()
        });
        Some(most)
    }

    /// The CTs that an image may lie on as well as on the first of them: of its frame of reference, else of its study, else near in time; the nearest
    /// in time first, and of another visit none.
    fn cts_of(&self, image: &Surveyed) -> Vec<&Surveyed> {
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let rank = |ct: &&Surveyed| {
            let frame = same(&ct.facts.frame_of_reference_uid, &image.facts.frame_of_reference_uid);
            let study = same(&ct.facts.study_uid, &image.facts.study_uid);
            let near = apart(ct, image).is_some_and(|s| s < OWN_CT_S);
            match (frame, study, near) {
                (true, _, _) => Some(0),
                (_, true, _) => Some(1),
                (_, _, true) => Some(2),
                _ => None,
            }
        };
        let all = self.of(&["CT"]).filter(|ct| ct.slices > 1);
        let mut ranked: Vec<_> = all
            .filter_map(|ct| Some((rank(&ct)?, apart(ct, image).unwrap_or(f64::MAX), ct)))
            .collect();
        ranked.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let Some((best, _, first)) = ranked.first().copied() else { return Vec::new() };
        let beside = |ct: &Surveyed| apart(ct, first).is_none_or(|s| s < OWN_CT_S);
        ranked.into_iter().filter(|r| r.0 == best && beside(r.2)).map(|r| r.2).collect()
    }

    /// The CT that an image lies on.
    fn ct_of(&self, image: &Surveyed) -> Option<&Surveyed> {
        self.cts_of(image).first().copied()
    }

    fn cycle(&self, text: &mut Text, points: &[Vec<&Surveyed>], told: &mut Vec<String>) {
        text.line("");
        text.line("[[cycle]]");
        let first = points[0][0];
        let given = points.iter().find_map(|p| p[0].facts.administered_bq);
        match given {
            Some(bq) => text.key(
                "administered",
                &quoted(&format!("{:.2} MBq", bq / BQ_PER_MBQ)),
                "RadionuclideTotalDose (0018,1074)",
            ),
            None => {
                text.open("administered", "\"7.4 GBq\"", "not stated: gives doses per activity");
                told.push("no header states the administered activity: to be completed".into());
            }
        }
        told.extend(several_administrations(points));
        let given_at = administration(points);
        let dated = given_at.is_some();
        match dated {
            true => text.open(
                "time",
                "\"2026-03-01T10:00:00\"",
                "of the administration: the images state it; only to correct it",
            ),
            false => text.open(
                "time",
                "\"2026-03-01T10:00:00\"",
                "of the administration: no header states it; or time of each scan",
            ),
        }
        if !dated {
            told.push("no header states when the activity was given: time of the cycle or of each scan is to be completed".into());
        }
        let cts = points.iter().map(|p| self.cts_of(p[0])).find(|cts| !cts.is_empty());
        let cts = cts.unwrap_or_default();
        let ct = cts.first().copied();
        match ct {
            Some(ct) => {
                text.key("ct", &path(&ct.folder(), self.folder), &described(ct));
                self.series(text, "ct_series", ct);
                self.other_cts(text, &cts[1..]);
                if cts.len() > 1 {
                    told.push(format!(
                        "{} CT series belong to one scan: taken is that of {}; the others are comments beside it. A contrast medium or another \
                         kernel changes densities, and with them the dose",
                        cts.len(),
                        described(ct)
                    ));
                }
            }
            None => {
                text.open("ct", "\"ct/\"", "needed: no CT was found for these images");
                told.push("no CT was found for the images: to be completed".into());
            }
        }
        let of = |s: &'_ Surveyed| s.facts.frame_of_reference_uid.clone();
        let frame = of(ct.unwrap_or(first));
        let own: Vec<&str> = points
            .iter()
            .flatten()
            .copied()
            .chain(ct)
            .filter_map(|s| s.facts.study_uid.as_deref())
            .collect();
        self.vois(text, frame.as_deref(), &own, told);
        let mut of = Reference { ct, frame: frame.as_deref(), number: 0, anchor: None };
        of.anchor = points.iter().position(|p| !matches!(self.lies(p[0], &of), Lies::Alone));
        for (n, point) in points.iter().enumerate() {
            of.number = n;
            self.point(text, point, &of, given_at, told);
        }
    }

    fn point(
        &self,
        text: &mut Text,
        images: &[&Surveyed],
        reference: &Reference,
        given_at: Option<Moment>,
        told: &mut Vec<String>,
    ) {
        let image = images[0];
        text.line("");
        let given = image.facts.administration_time.or(given_at);
        let since = given.zip(image.time).and_then(|(a, t)| t.seconds_since(&a).ok());
        let when = since.map_or(String::new(), |s| {
            format!(", {:.1} h after the administration", s / SECONDS_PER_HOUR)
        });
        let kind = &image.facts.modality;
        text.line(&format!("[[cycle.time_point]] # {kind}, {} slices{when}", image.slices));
        if image.time.is_none() || given_at.is_none() {
            text.open("time", "\"24h\"", "needed where the headers do not tell: start of the scan");
        }
        text.key("activity", &path(&self.place(image), self.folder), "");
        self.series(text, "series", image);
        for other in &images[1..] {
            let uid = other.facts.series_uid.as_deref().unwrap_or_default();
            let place = path(&self.place(other), self.folder);
            text.line(&format!(
                "# of the same acquisition: activity = {place}, series = {}",
                quoted(uid)
            ));
        }
        let own = image.facts.frame_of_reference_uid.as_deref();
        let frame = reference.frame;
        if own.is_some() && own == frame {
            return;
        }
        for voi in self.vois_in(own) {
            let Some(file) = voi.files.first() else { continue };
            text.open(
                "voi",
                &path(file, self.folder),
                "drawn on this image, with the names of the VOIs above",
            );
        }
        let n = reference.number;
        if n == 0 && reference.ct.is_none() {
            return;
        }
        let than = if reference.ct.is_some() { "the CT" } else { "the first image" };
        let other = format!("another frame of reference than {than}");
        match (self.lies(image, reference), reference.anchor) {
            (Lies::There, _) => {}
            (Lies::Moved(file), _) => {
                let what = "REG between the two frames of reference";
                text.key("transform", &path(file, self.folder), what);
            }
            (Lies::OnCt(ct), _) => {
                text.key("register", "true", &other);
                text.key("ct", &path(&ct.folder(), self.folder), "");
                self.series(text, "ct_series", ct);
                self.other_cts(text, self.cts_of(image).get(1..).unwrap_or_default());
            }
            (Lies::Alone, Some(anchor)) => {
                let to = format!(
                    "{other}, no CT of its own: on its activity and that of time point {}",
                    anchor + 1
                );
                text.key("register", "true", &to);
            }
            (Lies::Alone, None) if n == 0 => {
                text.open(
                    "shift_mm",
                    "[0, 0, 0]",
                    &format!("needed: {other}, no CT of its own; this if it lies as that CT does"),
                );
                told.push(String::from(
                    "no scan lies on the CT (FrameOfReferenceUID (0020,0052)), is registered by a REG, or has a CT of its own: shift_mm, transform or ct of the first is to be completed"
                ));
            }
            (Lies::Alone, None) => text.key("register", "true", &other),
        }
    }

    /// What says where an image lies on what the time points are brought to.
    fn lies<'b>(&'b self, image: &Surveyed, reference: &Reference) -> Lies<'b> {
        let own = image.facts.frame_of_reference_uid.as_deref();
        let frame = reference.frame;
        if own.is_some() && own == frame {
            return Lies::There;
        }
        let moves = |file: &&std::path::PathBuf| {
            read_registration(file, frame, own).is_ok() && frame.is_some() && own.is_some()
        };
        if let Some(file) = self.of(&["REG"]).filter_map(|r| r.files.first()).find(moves) {
            return Lies::Moved(file);
        }
        let Some(ct) = self.ct_of(image) else { return Lies::Alone };
        let is_reference = reference.ct.is_some_and(|r| r.files == ct.files);
        match ct.facts.frame_of_reference_uid == image.facts.frame_of_reference_uid {
            // Of its examination; frames that are not stated contradict nothing.
            true if is_reference => Lies::There,
            true => Lies::OnCt(ct),
            false => Lies::Alone,
        }
    }

    /// What is named: the object where there is one, else the folder.
    fn place(&self, image: &Surveyed) -> std::path::PathBuf {
        match &image.files[..] {
            [one] => one.clone(),
            _ => image.folder(),
        }
    }
}

//! Who and what: the headers of the images against each other and against the options.
//!
//! No check depends on a date: de-identification moves them. What a header does not say is no contradiction.

use super::checks::Checks;
use super::inputs::InputRecord;
use super::patients;
use super::placing::{POINT_CT, TRANSFORM};
use super::series_file::{Anchor, SeriesInput};
use super::source::Source;
use crate::activity::{DecayCorrection, half_life_in_another_unit};
use crate::io::dicom::{EnergyWindow, Facts, Radiopharmaceutical};
use crate::job::Check;
use crate::kinetics::possible::CALIBRATION_TOLERANCE;
use crate::physics::nuclide_label::{nuclide_of_code, nuclides_in_text};
use crate::physics::{ChainMember, Nuclide, canonical_name};
use crate::time::TimeOrSpan;
use crate::units::{KEV_PER_MEV, SECONDS_PER_HOUR};

/// Largest relative difference of half-lives that are one nuclide's: tables and scanners round to 1 % (Lu-177: 6.64 to 6.73 d), and
/// I-123 (13.2 h) and Cu-64 (12.7 h) are 4 % apart.
const HALF_LIFE_TOLERANCE: f64 = 0.03;
/// Administered activities of one administration differ by less: what rounding leaves.
const SAME_ADMINISTRATION: f64 = 0.01;
/// Half-lives of one nuclide as scanners write them (F-18: 6586.2 to 6588 s) differ by less.
const SAME_DIGITS: f64 = 1e-3;
/// Administered activities (Bq) outside of this were written in another unit; the reader warns of them.
const ADMINISTERED_BQ: std::ops::Range<f64> = 1e4..1e12;
/// Progeny is in equilibrium where its half-life is below this part of its parent's.
const FOLLOWS_PARENT: f64 = 0.1;
/// Progeny that is imaged for its parent is made in at least this part of the decays (Tl-208 of Pb-212: 0.36).
const IMAGED_PROGENY: f64 = 0.3;
/// Lines below this part of the brightest say nothing about a window.
const LEAST_LINE: f64 = 0.03;
/// A nuclide is imaged by its lines if it emits at least this many photons per decay; others by bremsstrahlung.
const LEAST_YIELD: f64 = 0.01;

/// An image and how it is called.
pub(super) struct Image<'a> {
    pub name: String,
    pub record: &'a InputRecord,
    pub facts: Option<&'a Facts>,
    /// Whether the user states that its values are corrected for decay to another time than that of the scan.
    corrected_away: bool,
    /// Time after administration that the user states, s.
    stated_s: Option<f64>,
    /// What says where it lies.
    registered: Option<&'static str>,
}

/// Compares everything that the headers say. `series` is that of the activity images, if they are several; `given_bq` the activity that the user says was
/// administered.
pub fn check(
    records: &[InputRecord],
    source: &Source,
    series: Option<&SeriesInput>,
    given_bq: Option<f64>,
    checks: &Checks,
) {
    let images = images(records, series);
    patients::check(&images, checks);
    frames(&images, checks);
    one_administration(&images, checks);
    for image in &images {
        slices(image, checks);
        if image.record.role == "activity" {
            nuclide(image, source, checks);
            injected(image, source, given_bq, checks);
        }
    }
}

fn images<'a>(records: &'a [InputRecord], series: Option<&SeriesInput>) -> Vec<Image<'a>> {
    let mut point = 0;
    let assumed = series.is_some_and(|s| s.anchor() == Anchor::Assumed);
    let image = |record: &'a InputRecord| {
        let entry = series.filter(|_| record.role == "activity").and_then(|s| {
            point += 1;
            s.points.get(point - 1)
        });
        let name = match (record.role, entry) {
            ("activity", Some(_)) => format!("the activity of time point {point}"),
            ("activity", None) => "the activity".into(),
            ("ct", _) => "the CT".into(),
            ("voi", _) => format!("the VOIs ({})", file_name(record)),
            (TRANSFORM, _) => format!("the transform {}", file_name(record)),
            (POINT_CT, _) => "the CT of a time point".into(),
            (role, _) => format!("the {role} map"),
        };
        Image {
            name,
            record,
            facts: record.facts.as_ref(),
            stated_s: entry.and_then(|p| match p.stated.time {
                Some(TimeOrSpan::Span(seconds)) => Some(seconds),
                _ => None,
            }),
            corrected_away: entry.is_some_and(|p| {
                p.stated.corrected_to.is_some()
                    || p.stated.correction == Some(DecayCorrection::Admin)
            }),
            registered: match entry {
                // The others are registered to it; nothing has placed it itself.
                Some(_) if point == 1 && assumed => None,
                Some(point) => point.placed_by(),
                None => (record.role == POINT_CT).then_some("registration"),
            },
        }
    };
    records.iter().map(image).collect()
}

fn file_name(record: &InputRecord) -> String {
    record.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Images that state something, and what.
pub(super) fn stating<'a>(
    images: &'a [Image<'a>],
    what: impl Fn(&'a Facts) -> Option<&'a String>,
) -> Vec<(&'a Image<'a>, &'a str)> {
    let of = |i: &'a Image<'a>| Some((i, what(i.facts?)?.trim()));
    images.iter().filter_map(of).filter(|(_, text)| !text.is_empty()).collect()
}

fn frames(images: &[Image], checks: &Checks) {
    let stating = stating(images, |f| f.frame_of_reference_uid.as_ref());
    let Some(((first, uid), others)) = stating.split_first() else { return };
    for (other, theirs) in others.iter().filter(|(_, t)| t != uid) {
        let problem = format!(
            "FrameOfReferenceUID (0020,0052) of {} is {uid}, that of {} {theirs}",
            first.name, other.name
        );
        if let Some(by) = other.registered.or(first.registered) {
            checks.warn(Check::Frame, format!("{problem}: placed by the {by} of the series file"));
            continue;
        }
        checks.refuse(
            Check::Frame,
            problem,
            "coordinates of different frames do not belong together: activity may lie centimetres beside its organ",
            "Bring a time point onto the CT in a series file: register = true with a ct of its own or with another time point that lies on the CT, transform, \
             or shift_mm (voxgray help-file series).",
        );
    }
}

/// A number that several activity images state, where it is not the same: the first and the first that differs by more than `tolerance`.
fn differing<'a>(
    images: &'a [Image<'a>],
    what: impl Fn(&Facts) -> Option<f64>,
    tolerance: f64,
) -> Option<[(&'a str, f64); 2]> {
    let activity = images.iter().filter(|i| i.record.role == "activity");
    let mut stating = activity.filter_map(|i| Some((i.name.as_str(), what(i.facts?)?)));
    let first = stating.next()?;
    let other = stating.find(|(_, value)| (value / first.1 - 1.0).abs() > tolerance)?;
    Some([first, other])
}

/// Images of one series are of one administration, and their scanners knew one half-life.
fn one_administration(images: &[Image], checks: &Checks) {
    let given = |f: &Facts| f.administered_bq.filter(|a| ADMINISTERED_BQ.contains(a));
    if let Some([(a, first), (b, other)]) = differing(images, given, SAME_ADMINISTRATION) {
        checks.refuse(
            Check::Injected,
            format!("RadionuclideTotalDose (0018,1074) of {a} is {first:.4e} Bq, that of {b} {other:.4e} Bq"),
            "a series is of one administration: are they of two cycles?",
            "Give images of one administration.",
        );
    }
    let half_life = |f: &Facts| f.half_life_s.filter(|t| *t > 0.0);
    if let Some([(a, first), (b, other)]) = differing(images, half_life, SAME_DIGITS) {
        checks.warn(
            Check::Nuclide,
            format!(
                "RadionuclideHalfLife (0018,1075) of {a} is {first} s, that of {b} {other} s: each scanner's corrections are undone with its own"
            ),
        );
    }
}

fn slices(image: &Image, checks: &Checks) {
    let (Some(facts), Some(dims)) = (image.facts, image.record.dims) else { return };
    let there = dims[2];
    if let Some(stated) = facts.stated_slices.filter(|n| *n > there) {
        checks.refuse(
            Check::Slices,
            format!("{} has {there} slices, NumberOfSlices (0054,0081) is {stated}", image.name),
            format!("{} slices are missing", stated - there),
            "Copy the whole series.",
        );
    }
    if let Some(stated) = facts.images_in_acquisition.filter(|n| *n > there) {
        checks.warn(
            Check::Slices,
            format!(
                "{} has {there} slices, ImagesInAcquisition (0020,1002) is {stated}: slices may be missing",
                image.name
            ),
        );
    }
}

/// The nuclide that one part of a header names.
struct Named {
    name: String,
    says: String,
    agrees: bool,
}

fn nuclide(image: &Image, source: &Source, checks: &Checks) {
    let (Some(facts), Some(chain)) = (image.facts, &source.chain) else { return };
    let Some(parent) = chain.members.first() else { return };
    let listed = &facts.radiopharmaceuticals;
    let verdicts: Vec<Verdict> =
        listed.iter().map(|item| judge(item, parent, &chain.members, source.half_life_s)).collect();
    // One of several radiopharmaceuticals is enough; otherwise the mildest is told.
    match verdicts.into_iter().min_by_key(Verdict::rank) {
        Some(Verdict::Contradicts(says)) => checks.refuse(
            Check::Nuclide,
            format!("{} is of {says}, --nuclide is {}", image.name, parent.nuclide),
            "decays and their energy would be those of another nuclide",
            "Correct --nuclide or take the right image.",
        ),
        Some(Verdict::HalfLife(says)) => checks.refuse(
            Check::Nuclide,
            format!("RadionuclideHalfLife (0018,1075) of {} is {says}", image.name),
            "the scanner corrected for decay with another half-life",
            "Correct --nuclide or take the right image.",
        ),
        Some(Verdict::Doubtful(says)) => {
            checks.warn(Check::Nuclide, format!("{}: {says}", image.name));
        }
        Some(Verdict::Silent) | None => hints(image, facts, parent, chain, checks),
        Some(Verdict::Agrees) => {}
    }
}

enum Verdict {
    Agrees,
    Silent,
    Doubtful(String),
    HalfLife(String),
    Contradicts(String),
}

impl Verdict {
    fn rank(&self) -> u8 {
        match self {
            Verdict::Agrees => 0,
            Verdict::Doubtful(_) => 1,
            Verdict::Silent => 2,
            Verdict::HalfLife(_) => 3,
            Verdict::Contradicts(_) => 4,
        }
    }
}

/// Code, meaning and half-life each say something or nothing. The half-life is what the scanner calculated with: it must be that of the
/// nuclide. Code and meaning that differ from each other are a writer's slip, if one of them is the nuclide.
fn judge(
    item: &Radiopharmaceutical,
    parent: &ChainMember,
    members: &[ChainMember],
    half_life_s: Option<f64>,
) -> Verdict {
    let own = &parent.nuclide;
    let named = named(item, own);
    let wrong: Vec<&Named> = named.iter().filter(|n| !n.agrees).collect();
    let in_another_unit = item
        .half_life_s
        .zip(half_life_s)
        .and_then(|(stated, own)| Some((stated, half_life_in_another_unit(stated, own)?)));
    if let (Some((stated, (unit, seconds))), true) = (in_another_unit, wrong.is_empty()) {
        return Verdict::Doubtful(format!(
            "RadionuclideHalfLife (0018,1075) is {stated}, in {unit} the half-life of {own} and not in s: taken as {seconds} s"
        ));
    }
    let wrong_half_life = item
        .half_life_s
        .zip(half_life_s)
        .filter(|(stated, own)| !same_half_life(*stated, *own))
        .map(|(stated, of_own)| format!("{stated} s, {own} has {of_own:.1} s"));
    let says = wrong.iter().map(|n| n.says.as_str()).collect::<Vec<_>>().join(" and ");
    if wrong.len() < named.len() && !wrong.is_empty() && wrong_half_life.is_none() {
        return Verdict::Doubtful(format!(
            "its header says {says}, but elsewhere {own}: a slip of its writer, taken to be {own}"
        ));
    }
    let contradicts = !wrong.is_empty() || wrong_half_life.is_some();
    let other = wrong.first().map(|n| n.name.as_str());
    if let Some(doubt) = progeny(item.half_life_s, other, members).filter(|_| contradicts) {
        return doubt;
    }
    match (wrong.is_empty(), wrong_half_life) {
        (true, Some(half_life)) => Verdict::HalfLife(half_life),
        (false, Some(half_life)) => Verdict::Contradicts(format!("{says}, half-life {half_life}")),
        (false, None) => Verdict::Contradicts(says),
        (true, None) if named.is_empty() && item.half_life_s.is_none() => Verdict::Silent,
        (true, None) => Verdict::Agrees,
    }
}

/// What code and meaning name, as far as they are known.
fn named(item: &Radiopharmaceutical, own: &str) -> Vec<Named> {
    let Some(code) = &item.nuclide else { return Vec::new() };
    let by_code = nuclide_of_code(&code.scheme, &code.value).map(|n| Named {
        name: n.into(),
        says: format!("{n} (RadionuclideCodeSequence (0054,0300): {} {})", code.scheme, code.value),
        agrees: same(n, own),
    });
    let meant = nuclides_in_text(&code.meaning);
    let by_meaning = meant.first().map(|n| Named {
        name: n.clone(),
        says: format!("{n} (code meaning '{}')", code.meaning),
        agrees: meant.iter().any(|n| same(n, own)),
    });
    by_code.into_iter().chain(by_meaning).collect()
}

/// Whether two half-lives are one nuclide's.
pub(super) fn same_half_life(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() <= HALF_LIFE_TOLERANCE
}

/// True if both spell one nuclide.
fn same(a: &str, b: &str) -> bool {
    a == b || matches!((canonical_name(a), canonical_name(b)), (Ok(a), Ok(b)) if a == b)
}

/// An image of progeny in equilibrium with its parent shows the parent's activity: Bi-213 or Fr-221 of Ac-225, Tl-208 of Pb-212.
fn progeny(
    half_life_s: Option<f64>,
    name: Option<&str>,
    members: &[ChainMember],
) -> Option<Verdict> {
    let (parent, others) = members.split_first()?;
    let parent_s = Nuclide::load(&parent.nuclide).ok()?.half_life_s;
    let fits = |m: &&ChainMember| {
        let Ok(own) = Nuclide::load(&m.nuclide) else { return false };
        own.half_life_s < FOLLOWS_PARENT * parent_s
            && m.endless_decays_per_parent_decay >= IMAGED_PROGENY
            && name.is_none_or(|n| same(n, &m.nuclide))
            && half_life_s
                .is_none_or(|t| same_half_life(t, own.half_life_s) || same_half_life(t, parent_s))
    };
    let found = others.iter().find(fits)?;
    Some(Verdict::Doubtful(format!(
        "its header says {}, progeny of {}: taken to be in equilibrium, as much {1} as is shown",
        found.nuclide, parent.nuclide
    )))
}

/// Where neither code nor half-life is there: what the name of the radiopharmaceutical and the energy window hint at.
fn hints(
    image: &Image,
    facts: &Facts,
    parent: &ChainMember,
    chain: &crate::physics::Chain,
    checks: &Checks,
) {
    let window = facts.energy_window.as_ref();
    let texts = facts
        .radiopharmaceuticals
        .iter()
        .filter_map(|r| Some(("Radiopharmaceutical (0018,0031)", r.name.as_deref()?)))
        .chain(window.and_then(|w| Some(("EnergyWindowName (0054,0018)", w.name.as_deref()?))));
    let mut known = false;
    for (attribute, text) in texts {
        let names = nuclides_in_text(text);
        let agrees = names.iter().any(|n| chain.members.iter().any(|m| same(n, &m.nuclide)));
        known |= agrees;
        if !agrees && !names.is_empty() {
            checks.warn(
                Check::Nuclide,
                format!(
                    "{attribute} of {} is '{text}', --nuclide is {}",
                    image.name, parent.nuclide
                ),
            );
            return;
        }
    }
    if let Some(text) = window.filter(|_| !known).and_then(|w| dark_window(w, chain)) {
        checks.warn(
            Check::Nuclide,
            format!("{}: {text}; is the nuclide {}?", image.name, parent.nuclide),
        );
    }
}

/// An energy window in which the chain has no line worth imaging.
fn dark_window(window: &EnergyWindow, chain: &crate::physics::Chain) -> Option<String> {
    let [low, high] = window.limits_kev?;
    let mut lines: Vec<(f64, f64)> = Vec::new();
    for member in &chain.members {
        let nuclide = Nuclide::load(&member.nuclide).ok()?;
        let photons = nuclide.photons.iter().chain(&nuclide.annihilation);
        lines.extend(photons.map(|l| {
            (l.energy_mev * KEV_PER_MEV, l.yield_per_decay * member.decays_per_parent_decay)
        }));
    }
    let brightest = lines.iter().map(|l| l.1).fold(0.0, f64::max);
    let seen = |(kev, per_decay): &(f64, f64)| {
        *per_decay >= LEAST_LINE * brightest && (low..=high).contains(kev)
    };
    let dark = brightest >= LEAST_YIELD && high > low && !lines.iter().any(seen);
    dark.then(|| format!("no line of it lies in the energy window {low} to {high} keV"))
}

/// Share of what is left below which an image of the whole body holds next to nothing of what was given.
const NEXT_TO_NOTHING: f64 = 1e-3;

fn injected(image: &Image, source: &Source, given_bq: Option<f64>, checks: &Checks) {
    let Some(total) = image.record.activity_bq else { return };
    let of_header = image.facts.and_then(|f| f.administered_bq);
    let of_header = of_header.filter(|a| ADMINISTERED_BQ.contains(a));
    let limit = 1.0 + CALIBRATION_TOLERANCE;
    if let (Some(stated), Some(header)) = (given_bq, of_header)
        && (stated > limit * header || header > limit * stated)
    {
        let what = format!(
            "{}: {header:.4e} Bq were administered by RadionuclideTotalDose (0018,1074) of its header, {stated:.4e} Bq as stated",
            image.name
        );
        checks.warn(Check::Injected, what);
    }
    let Some(given) = given_bq.or(of_header) else { return };
    let by = if given_bq.is_some() { "as stated" } else { "by its header" };
    // A unit that is a thousand times off has no digits behind a point.
    let times = |ratio: f64| {
        if (0.01..1e4).contains(&ratio) { format!("{ratio:.2}") } else { format!("{ratio:.1e}") }
    };
    let problem = |left: f64, when: &str| {
        format!(
            "{} holds {total:.4e} Bq, {} times the {left:.4e} Bq {when}",
            image.name,
            times(total / left)
        )
    };
    let why = format!("calibrations account for {:.0} %", 100.0 * CALIBRATION_TOLERANCE);
    let suggestion = match given_bq {
        Some(_) => "Check the unit, the calibration and the activity that was administered.",
        None => "Check the unit, the calibration and RadionuclideTotalDose (0018,1074).",
    };
    if total > limit * given {
        let problem = problem(given, &format!("that were administered {by}"));
        return checks.refuse(Check::Injected, problem, why, suggestion);
    }
    let Some(half_life_s) = source.half_life_s else { return };
    // Corrected to the administration, or to another time than that of the scan, it may hold all that was given.
    let corrected = image.facts.and_then(|f| f.decay_correction.as_deref());
    if image.corrected_away || corrected.is_some_and(|c| !["START", "NONE"].contains(&c)) {
        return;
    }
    let left = |t: f64| given * (-t / half_life_s).exp2();
    let hours = |t: f64| t / SECONDS_PER_HOUR;
    // The time whose activity it states, where that is one of its own (enhanced PET), is another than that of the scan.
    let own_time = image.facts.and_then(|f| f.decay_corrected_to);
    let by_clock = || {
        let facts = image.facts?;
        let scan = own_time.or(facts.acquisition_time)?;
        let t = scan.seconds_since(&facts.administration_time?).ok()?;
        // Dates may have been moved: a word only, and none for times that cannot be.
        (0.0..=20.0 * half_life_s).contains(&t).then_some(t)
    };
    let stated_s = image.stated_s.filter(|_| own_time.is_none());
    let time = stated_s.or_else(by_clock);
    if let Some(t) = stated_s.filter(|t| total > limit * left(*t)) {
        let when = format!("that are left {:.2} h after the administration", hours(t));
        checks.refuse(Check::Injected, problem(left(t), &when), why, suggestion);
    } else if let Some(t) = time.filter(|t| stated_s.is_none() && total > limit * left(*t)) {
        let when =
            format!("that are left {:.2} h after the administration, by its clock", hours(t));
        checks.warn(Check::Injected, format!("{} ({why})", problem(left(t), &when)));
    } else if let (Some(t), Some(_)) = (time, given_bq)
        && total < NEXT_TO_NOTHING * left(t)
    {
        let when = format!("that are left {:.2} h after the administration", hours(t));
        let what =
            format!("{}: is the activity that was administered right?", problem(left(t), &when));
        checks.warn(Check::Injected, what);
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;

//! When activity was given, where files say it in part: a time of day without a date, or an interval that a DecayFactor tells.

use super::scan::Scan;
use super::{CLOCK_TOLERANCE_S, clock_tolerance_s};
use crate::activity::{Decay, DecayCorrection};
use crate::error::{Error, Result};
use crate::time::{ClockTime, Moment, hours_text};
use crate::units::SECONDS_PER_DAY;

/// Days before the first scan that are tried for an administration without a date whose DecayFactor tells them.
const DAYS_TRIED: i32 = 15;

/// The administration that a correction to it is undone from: the stated one, unless a DecayFactor says that of the file was used.
pub(super) fn admin_interval(
    scan: &Scan,
    decay: &Decay,
    given: Option<f64>,
    in_file: Option<f64>,
) -> Option<f64> {
    let clock = scan.clock(decay);
    match (given, in_file) {
        (Some(g), Some(f))
            if clock.admin_fits(g) == Some(false) && clock.admin_fits(f) == Some(true) =>
        {
            Some(f)
        }
        _ => given,
    }
}

/// Tells where a DecayFactor contradicts the time from which ADMIN is undone.
pub(super) fn tell_admin_interval(
    scan: &mut Scan,
    decay: &Decay,
    given: Option<f64>,
    in_file: Option<f64>,
) {
    let undone = admin_interval(scan, decay, given, in_file);
    let (Some(used), clock) = (undone, scan.clock(decay)) else { return };
    let Some((expected, stated)) = clock.admin_factors(used) else { return };
    let text = match (clock.admin_fits(used), undone == given) {
        (Some(false), _) => format!(
            "DecayFactor (0054,1321) is {stated}, a correction to the administration {} before the scan gives {expected:.5}: the latter is \
             undone",
            hours_text(-used)
        ),
        (_, false) => format!(
            "the correction to the administration is undone over {}, as DecayFactor (0054,1321) {stated} says",
            hours_text(-used)
        ),
        _ => return,
    };
    scan.told.push(text);
}

/// Gives administrations that have a time of day alone their date: that of a file which states it; that which fits a stated time best; that
/// which a DecayFactor of ADMIN tells; or the latest before the first scan. The same for all scans.
pub(super) fn dates_of_clocks(
    scans: &mut [Scan],
    decay: &Decay,
    administered: Option<Moment>,
) -> Result<()> {
    let known = scans.iter().find_map(|s| s.facts.administration_time);
    let needed = |s: &Scan| s.facts.administration_clock.is_some() && s.start.is_some();
    let mut anchor = administered.or(known);
    let mut how: Option<String> = None;
    if anchor.is_none() {
        // A stated time gives the day.
        anchor =
            scans.iter().filter(|s| needed(s)).find_map(|s| s.start?.plus_seconds(-s.stated_s()?));
    }
    if anchor.is_none() {
        (anchor, how) = before_first_scan(scans, decay)?.unzip();
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let mut earliest: Option<(f64, String)> = None;
    let mut apart_s = 0.0_f64;
    for scan in scans.iter_mut() {
        let moment = match (scan.facts.administration_time, scan.facts.administration_clock) {
            (None, Some(clock)) => match clock.nearest_to(&anchor) {
                Ok(moment) => moment,
                Err(e) => {
                    scan.in_file_s = Err(e);
                    continue;
                }
            },
            (Some(moment), _) => moment,
            _ => continue,
        };
        if scan.facts.administration_time.is_none() {
            scan.in_file_s = scan.clock_s(&moment);
        }
        // Files of one series state one administration.
        let Ok(apart) = moment.seconds_since(&anchor) else { continue };
        let here = format!("{moment} ({})", scan.name);
        match &earliest {
            Some((other, there))
                if (apart - other).abs() > CLOCK_TOLERANCE_S
                    && administered.is_none()
                    && scan.stated_s().is_none() =>
            {
                if let Some(same) = one_clock_reading(scans, &anchor) {
                    return Err(same);
                }
                return Err(Error::input(
                    format!("the files state different administrations: {there} and {here}"),
                    "a series is of one administration",
                    format!(
                        "State it: administered = \"{moment}\" at the top of the series file, or time in each [[time_point]]."
                    ),
                ));
            }
            Some((other, _)) => apart_s = apart_s.max((apart - other).abs()),
            None => earliest = Some((apart, here)),
        }
    }
    if let Some(scan) =
        scans.first_mut().filter(|_| apart_s > clock_tolerance_s(decay) && administered.is_none())
    {
        scan.told.push(format!(
            "the files state administrations that are up to {apart_s:.0} s apart: each scan counts from its own, and activity changes by {:.1} % in \
             that time; administered at the top of the series file states one for all",
            100.0 * (1.0 - decay.factor(apart_s).unwrap_or(0.0))
        ));
    }
    if let (Some(text), Some(scan)) = (how, scans.first_mut()) {
        scan.told.push(text);
    }
    Ok(())
}

/// The error of administrations that are one reading of clocks with different offsets from UTC, as where the clocks were changed between two scans:
/// the reading has no offset of its own and got that of each scan. That of the scan nearest to it is named first.
fn one_clock_reading(scans: &[Scan], anchor: &Moment) -> Option<Error> {
    let mut all: Vec<(f64, Moment, &str)> = Vec::new();
    for scan in scans {
        let clock = scan.facts.administration_clock;
        let given = match scan.facts.administration_time {
            Some(given) => given,
            None => clock?.nearest_to(anchor).ok()?,
        };
        given.offset()?;
        let gap = scan.start.and_then(|s| s.seconds_since(&given).ok())?;
        all.push((gap.abs(), given, &scan.name));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (_, first, name) = *all.first()?;
    if all.iter().any(|(_, m, _)| m.local() != first.local()) {
        return None;
    }
    let mut each: Vec<String> = Vec::new();
    for (_, moment, _) in &all {
        if !each.contains(&moment.to_string()) {
            each.push(moment.to_string());
        }
    }
    let stated: Vec<String> = each.iter().map(|m| format!("administered = \"{m}\"")).collect();
    Some(Error::input(
        format!(
            "the files state the administration as {} on clocks with different offsets from UTC: {}",
            first.local(),
            each.join(" and ")
        ),
        format!(
            "clocks were changed between the scans, and each file gives its own offset to the time of the administration; {name}, nearest to it, has \
             the first of them"
        ),
        format!(
            "State it at the top of the series file, with the offset of its own day: {}.",
            stated.join(" or ")
        ),
    ))
}

/// The latest such time before the first scan, or the day that the DecayFactor of a correction to the administration tells; and what is told
/// of it. None where no file states a time of day, or it does not compare with its scan: then that scan's administration is unknown.
fn before_first_scan(scans: &mut [Scan], decay: &Decay) -> Result<Option<(Moment, String)>> {
    let mut first: Option<(&Scan, Moment, ClockTime)> = None;
    for scan in scans.iter() {
        let Some((start, clock)) = scan.start.zip(scan.facts.administration_clock) else {
            continue;
        };
        if first.is_none_or(|(_, f, _)| start.seconds_since(&f).is_ok_and(|s| s < 0.0)) {
            first = Some((scan, start, clock));
        }
    }
    let Some((scan, start, clock)) = first else { return Ok(None) };
    let Ok(latest) = clock.latest_until(&start) else {
        mixed(scans);
        return Ok(None);
    };
    let by_factor = by_admin_factor(scan, decay, &latest, &start);
    let chosen = by_factor.unwrap_or(latest);
    let gap = hours_text(start.seconds_since(&chosen)?);
    let bare = format!("RadiopharmaceuticalStartTime (0018,1072) {clock} has no date");
    let told = if by_factor.is_some() {
        format!("{bare}: DecayFactor (0054,1321) says {chosen}, {gap} before the first scan")
    } else {
        format!(
            "{bare}: taken as {chosen}, the latest before the first scan ({gap} before it). Were it a day earlier, activity would have decayed \
             by a further {:.3}; state it with --administered {} for one image, administered = \"{}\" in a series file",
            decay.factor(SECONDS_PER_DAY).unwrap_or(0.0),
            day_before(&chosen),
            day_before(&chosen)
        )
    };
    Ok(Some((chosen, told)))
}

/// As a suggestion: with the offset from UTC, where the clock has one.
fn day_before(moment: &Moment) -> Moment {
    moment.plus_seconds(-SECONDS_PER_DAY).unwrap_or(*moment)
}

/// Times of day that do not compare with their scans are unknown, with the reason.
fn mixed(scans: &mut [Scan]) {
    for scan in scans {
        if let Some((start, clock)) = scan.start.zip(scan.facts.administration_clock)
            && let Err(e) = clock.latest_until(&start)
        {
            scan.in_file_s = Err(e);
        }
    }
}

/// The day that a DecayFactor of a correction to the administration tells.
fn by_admin_factor(scan: &Scan, decay: &Decay, latest: &Moment, start: &Moment) -> Option<Moment> {
    if scan.correction != Some(DecayCorrection::Admin) {
        return None;
    }
    (0..DAYS_TRIED).filter_map(|day| latest.plus_seconds(-SECONDS_PER_DAY * f64::from(day))).find(
        |m| {
            let on_clock = m.seconds_since(start);
            on_clock.is_ok_and(|s| scan.clock(decay).admin_fits(s) == Some(true))
        },
    )
}

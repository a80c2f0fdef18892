//! What the cycles of a study say of each other: the same image in two of them, their order in time, and how far apart they were given. It is told and
//! not refused, since de-identification moves dates, and a cycle that was not imaged may stand for another.

use crate::io::dicom::Facts;
use crate::pipeline::look::Look;
use crate::pipeline::series_file::SeriesInput;
use crate::time::Moment;
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR, seconds_of};

/// Relative difference of a stated interval from the times of the administrations that is told, and the difference (s) below which none is.
const OTHER_INTERVAL: f64 = 0.02;
const SAME_INTERVAL_S: f64 = SECONDS_PER_HOUR;

/// What is to be told of cycles, each with what was seen of it; `interval` is the one that BED takes.
pub fn cycles_told(
    cycles: &[(&Look, Option<&SeriesInput>)],
    interval: Option<&str>,
) -> Vec<String> {
    let mut told = Vec::new();
    for (n, (look, _)) in cycles.iter().enumerate() {
        for (first, (before, _)) in cycles[..n].iter().enumerate() {
            for (image, hash) in images(look).enumerate() {
                if let Some(same) = images(before).position(|h| h == hash) {
                    told.push(format!(
                        "time point {} of cycle {} is the same image as time point {} of cycle {}: a dose that is counted twice is none of two \
                         administrations",
                        image + 1,
                        n + 1,
                        same + 1,
                        first + 1
                    ));
                }
            }
        }
    }
    for (n, pair) in cycles.windows(2).enumerate() {
        let [Some(before), Some(after)] = [0, 1].map(|i| given(pair[i])) else { continue };
        let known = [0, 1].map(|i| administration(pair[i]));
        if let (Some(text), [Some(first), Some(second)]) = (interval, known)
            && let (Some(stated), Ok(seconds)) = (seconds_of(text), second.seconds_since(&first))
            && seconds > 0.0
            && (stated - seconds).abs() > (OTHER_INTERVAL * seconds).max(SAME_INTERVAL_S)
        {
            told.push(format!(
                "interval of [bed] is {text}, and cycle {} was given {:.4} d after cycle {}, at {second}: the BED takes what is stated",
                n + 2,
                seconds / SECONDS_PER_DAY,
                n + 1
            ));
        }
        if after.seconds_since(&before).is_ok_and(|s| s < 0.0) {
            told.push(format!(
                "cycle {} was given at {after}, before cycle {} at {before}: cycles stand in the order of their administrations (interval counts from one to \
                 the next)",
                n + 2,
                n + 1
            ));
        }
    }
    told
}

/// Hashes of the activity images.
fn images(look: &Look) -> impl Iterator<Item = &str> {
    look.records.iter().filter(|r| r.role == "activity").map(|r| r.sha256.as_str())
}

/// When a cycle was given, or at least imaged.
fn given(cycle: (&Look, Option<&SeriesInput>)) -> Option<Moment> {
    let imaged = || facts(cycle.0).find_map(|f| f.acquisition_time);
    administration(cycle).or_else(imaged)
}

/// When a cycle was given.
fn administration((look, series): (&Look, Option<&SeriesInput>)) -> Option<Moment> {
    let stated = series.and_then(|s| s.administered);
    stated.or_else(|| facts(look).find_map(|f| f.administration_time))
}

fn facts(look: &Look) -> impl Iterator<Item = &Facts> {
    look.images.iter().filter_map(|i| i.facts.as_ref())
}

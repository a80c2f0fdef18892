//! What the cycles of a study say of each other: the same image in two of them, and their order in time. Both are told and not refused, since
//! de-identification moves dates, and a cycle that was not imaged may stand for another.

use crate::pipeline::look::Look;
use crate::pipeline::series_file::SeriesInput;
use crate::time::Moment;

/// What is to be told of cycles, each with what was seen of it.
pub fn cycles_told(cycles: &[(&Look, Option<&SeriesInput>)]) -> Vec<String> {
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
fn given((look, series): (&Look, Option<&SeriesInput>)) -> Option<Moment> {
    let facts = || look.images.iter().filter_map(|i| i.facts.as_ref());
    let stated = series.and_then(|s| s.administered);
    stated
        .or_else(|| facts().find_map(|f| f.administration_time))
        .or_else(|| facts().find_map(|f| f.acquisition_time))
}

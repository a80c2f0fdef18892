//! Which of several radiopharmaceuticals of a header an image is of: that of the nuclide of the run, whose half-life and administration count.

use super::identity::same_half_life;
use crate::activity::half_life_in_another_unit;
use crate::error::Error;
use crate::io::dicom::{Facts, Radiopharmaceutical};
use crate::physics::Nuclide;
use crate::physics::nuclide_label::{nuclide_of_code, nuclides_in_text};

/// Administrations this near to each other (s) are one.
const SAME_TIME_S: f64 = 300.0;

/// Takes the facts of the one whose half-life (s) is that of the run's nuclide; the text says so where it is not the first. Several of that nuclide, given
/// at different times, are a problem of the clocks that a stated time solves.
pub(super) fn of_nuclide(facts: &mut Facts, half_life_s: f64) -> Option<String> {
    let all = &facts.radiopharmaceuticals;
    if all.len() < 2 {
        return None;
    }
    let mut fitting: Vec<usize> = (0..all.len()).filter(|n| is_of(&all[*n], half_life_s)).collect();
    // Where none says that it is of the nuclide, those that say nothing may be.
    let silent = fitting.is_empty();
    if silent {
        fitting = (0..all.len()).filter(|n| says_nothing(&all[*n])).collect();
    }
    let (&first, others) = fitting.split_first()?;
    let apart = |n: &&usize| {
        let (a, b) = (all[first].administration_time?, all[**n].administration_time?);
        let seconds = b.seconds_since(&a).ok()?;
        (seconds.abs() > SAME_TIME_S).then_some([a, b])
    };
    if let Some([a, b]) = others.iter().find_map(|n| apart(&n)) {
        facts.clock_problems.push(Error::input(
            format!("two administrations of the nuclide are listed, at {a} and {b}"),
            if silent {
                "neither names its nuclide: which one is seen is not known"
            } else {
                "how much of each is seen is not known"
            },
            "State the time: time or administered in a series file, --administered for one image.",
        ));
    }
    if first == 0 {
        return None;
    }
    let name = |n: usize| {
        let item = &all[n];
        item.nuclide.as_ref().map(|c| c.meaning.clone()).or_else(|| item.name.clone())
    };
    let told = format!(
        "of {} radiopharmaceuticals in the header, half-life and administration of number {} ({}) are used, which {}",
        all.len(),
        first + 1,
        name(first).unwrap_or_else(|| "without a name".into()),
        if silent {
            "names no nuclide: the others are of another than that of the run"
        } else {
            "is of the nuclide of the run"
        }
    );
    facts.take_radiopharmaceutical(first);
    Some(told)
}

/// Whether neither half-life nor code nor name tells the nuclide.
fn says_nothing(item: &Radiopharmaceutical) -> bool {
    let by_code = item.nuclide.as_ref().and_then(|c| nuclide_of_code(&c.scheme, &c.value));
    let texts = [item.nuclide.as_ref().map(|c| c.meaning.as_str()), item.name.as_deref()];
    let named = texts.into_iter().flatten().any(|t| !nuclides_in_text(t).is_empty());
    item.half_life_s.is_none() && by_code.is_none() && !named
}

/// By its half-life, else by the nuclide that its code or its name says.
fn is_of(item: &Radiopharmaceutical, half_life_s: f64) -> bool {
    let same = |seconds: f64| same_half_life(seconds, half_life_s);
    if let Some(stated) = item.half_life_s {
        return same(stated) || half_life_in_another_unit(stated, half_life_s).is_some();
    }
    let by_code = item.nuclide.as_ref().and_then(|c| nuclide_of_code(&c.scheme, &c.value));
    let texts = [item.nuclide.as_ref().map(|c| c.meaning.as_str()), item.name.as_deref()];
    let named = texts.into_iter().flatten().flat_map(nuclides_in_text);
    by_code
        .map(String::from)
        .into_iter()
        .chain(named)
        .any(|n| Nuclide::load(&n).is_ok_and(|n| same(n.half_life_s)))
}

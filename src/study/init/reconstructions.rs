//! Which reconstruction of a scan is taken. Neglects what neither the header nor the description says: where names alone differ, that is told.

use crate::io::dicom::Surveyed;

/// How little a reconstruction is what is wanted: not corrected for attenuation, in counts, of few of the scans; then by name, so that it is the same
/// at all times.
fn rank(image: &Surveyed, points: &[Vec<&Surveyed>]) -> Rank {
    let name = |i: &Surveyed| i.facts.series_description.clone().unwrap_or_default();
    let own = name(image);
    let here = points.iter().filter(|p| p.iter().any(|i| name(i) == own)).count();
    let lacks =
        |what: &str| !image.corrections.is_empty() && !image.corrections.iter().any(|c| c == what);
    let uid = image.facts.series_uid.clone().unwrap_or_default();
    let without = [lacks("ATTN"), counts(image), lacks("SCAT")];
    (without, says_uncorrected(&own), points.len() - here, own, uid)
}

/// What a reconstruction lacks (attenuation, scale, scatter), whether its name says so, scans without it, name and UID.
type Rank = ([bool; 3], bool, usize, String, String);

/// Whether a description says that a reconstruction is not the corrected one.
fn says_uncorrected(description: &str) -> bool {
    let plain = description.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    let words = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    UNCORRECTED.iter().any(|w| words.contains(&format!(" {w} ")))
}

/// Words for a reconstruction that is not the corrected one.
const UNCORRECTED: [&str; 12] = [
    "nac",
    "noac",
    "no ac",
    "ac no",
    "ac off",
    "minus ac",
    "non ac",
    "without ac",
    "uncorrected",
    "raw",
    "fused",
    "acquisition",
];

/// Whether an NM object is a map of attenuation, not of activity.
pub(super) fn is_attenuation(image: &Surveyed) -> bool {
    let name = image.facts.series_description.clone().unwrap_or_default().to_lowercase();
    let maps = ["umap", "mumap", "µmap", "attenuation map", "mu map", "transmission"];
    image.image_type.iter().any(|t| t == "TRANSMISSION") || maps.iter().any(|m| name.contains(m))
}

/// Puts the same kind of reconstruction first at all times, and tells which.
pub(super) fn choose_reconstructions(points: &mut [Vec<&Surveyed>], told: &mut Vec<String>) {
    let all = points.to_vec();
    let several = points.iter().filter(|p| p.len() > 1).count();
    for point in points.iter_mut() {
        point.sort_by_cached_key(|i| rank(i, &all));
    }
    if several == 0 {
        return;
    }
    let kind = |i: &Surveyed| {
        let ([uncorrected, counts, scattered], _, _, name, _) = rank(i, &all);
        let of = [
            (uncorrected, "not corrected for attenuation"),
            (counts, "in counts"),
            (scattered, "not corrected for scatter"),
        ];
        let of: Vec<&str> = of.iter().filter(|o| o.0).map(|o| o.1).collect();
        let name = if name.is_empty() {
            "without a SeriesDescription".into()
        } else {
            format!("'{name}'")
        };
        if of.is_empty() { name } else { format!("{name}, {}", of.join(", ")) }
    };
    let mut taken: Vec<String> = points.iter().map(|p| kind(p[0])).collect();
    taken.sort();
    taken.dedup();
    told.push(format!(
        "{several} scans have several reconstructions: taken is {}; the others are comments in the file",
        taken.join(" and ")
    ));
    let unclear = points.iter().filter_map(|p| Some((rank(p[0], &all), rank(p.get(1)?, &all))));
    if unclear.into_iter().any(|(a, b)| a.0 == b.0) {
        told.push("what sets them apart is not in their headers but their names: make sure that the right one is taken".into());
    }
    if taken.len() > 1 {
        told.push("the time points are of different reconstructions: activities of two kinds make no curve".into());
    }
}

/// Whether two images of one scan lie beside each other rather than in each other's place: less than half of the shorter one is shared.
pub(super) fn lie_apart(a: &Surveyed, b: &Surveyed) -> bool {
    let (Some([a_low, a_high]), Some([b_low, b_high])) = (a.along_mm, b.along_mm) else {
        return false;
    };
    let shared = a_high.min(b_high) - a_low.max(b_low);
    shared < 0.5 * (a_high - a_low).min(b_high - b_low)
}

/// Whether an image may be in counts: NM, which need not say, and PET in other units than Bq/mL.
pub(super) fn counts(image: &Surveyed) -> bool {
    match &image.units {
        Some(units) => units != "BQML",
        None => image.facts.modality == "NM",
    }
}

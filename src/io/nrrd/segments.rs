//! Slicer's segmentations: `Segment0_Name`, `Segment0_LabelValue`, `Segment0_Layer`, `Segment0_Color` among the keys of an NRRD. A layer holds
//! segments that do not overlap; a plain label map is one layer without names.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Nrrd, read_nrrd};
use crate::error::Result;
use crate::image::{RegionSet, VoiSet, Volume};
use crate::io::read::{bad, in_file};

/// More segments than these are damage.
const MOST_SEGMENTS: usize = 1 << 16;

/// Regions of an NRRD, named from its own keys and, where it has none, from `names`; and what was read.
///
/// # Errors
/// As [`read_nrrd`]; if a value is no label, or a segment lies in a layer that is not there.
pub fn read_nrrd_regions(path: &Path, names: &BTreeMap<u32, String>) -> Result<(RegionSet, Nrrd)> {
    let mut nrrd = read_nrrd(path)?;
    let file = path.file_name().unwrap_or_default().display().to_string();
    let segments = segments(path, &nrrd)?;
    let (layers, voxels) = (nrrd.layers, nrrd.grid.len());
    let mut regions = Vec::new();
    let data = std::mem::take(&mut nrrd.data);
    let mut whole = Some(data);
    for layer in 0..layers {
        let values = match (layers, whole.take()) {
            (1, Some(data)) => data,
            (_, Some(data)) => {
                let values = (0..voxels).map(|v| data[v * layers + layer]).collect();
                whole = Some(data);
                values
            }
            _ => break,
        };
        let of_layer: Vec<&Segment> = segments.iter().filter(|s| s.layer == layer).collect();
        let own: BTreeMap<u32, String> = match of_layer.as_slice() {
            [] if segments.is_empty() => names.clone(),
            some => some.iter().map(|s| (s.label, s.name.clone())).collect(),
        };
        let volume = Volume::new(nrrd.grid.clone(), values).map_err(in_file(path))?;
        let set = VoiSet::from_labels(&volume, &own).map_err(in_file(path))?;
        for mut region in RegionSet::from(&set).regions {
            region.origin = format!("NRRD {file}");
            if layers > 1 && !own.contains_key(&region.label) {
                region.name = format!("{} of layer {layer}", region.name);
            }
            region.colour =
                of_layer.iter().find(|s| s.label == region.label).and_then(|s| s.colour);
            regions.push(region);
        }
    }
    Ok((RegionSet { grid: nrrd.grid.clone(), regions }, nrrd))
}

struct Segment {
    name: String,
    label: u32,
    layer: usize,
    colour: Option<[u8; 3]>,
}

fn segments(path: &Path, nrrd: &Nrrd) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    for n in 0..MOST_SEGMENTS {
        let key = |what: &str| nrrd.keys.get(&format!("Segment{n}_{what}")).map(String::as_str);
        if key("ID").is_none() && key("Name").is_none() && key("LabelValue").is_none() {
            break;
        }
        let number = |what: &str, default: usize| match key(what) {
            None => Ok(default),
            Some(text) => text.parse::<u32>().map(|n| n as usize).map_err(|_| {
                let problem = format!("Segment{n}_{what} is {text:?}");
                bad(path, problem, "a whole number is needed", "Save the segmentation again.")
            }),
        };
        // Before layers were written, the n-th segment had the label n + 1 (or its own layer of ones).
        let layer =
            number("Layer", if nrrd.layers > 1 && key("LabelValue").is_none() { n } else { 0 })?;
        let label = number("LabelValue", if nrrd.layers > 1 { 1 } else { n + 1 })?;
        if layer >= nrrd.layers {
            let problem = format!("Segment{n}_Layer is {layer} of {} layers", nrrd.layers);
            return Err(bad(
                path,
                problem,
                "the segment has no voxels then",
                "Save the segmentation again.",
            ));
        }
        if found.iter().any(|s: &Segment| s.layer == layer && s.label == label as u32) {
            let problem =
                format!("Segment{n} has LabelValue {label} in layer {layer}, as another has");
            let suggestion = "Save the segmentation again.";
            return Err(bad(
                path,
                problem,
                "which of them a voxel belongs to is not known",
                suggestion,
            ));
        }
        let colour = key("Color").and_then(|text| {
            let all: Option<Vec<f64>> = text.split_whitespace().map(|w| w.parse().ok()).collect();
            let rgb: [f64; 3] = all?.try_into().ok()?;
            Some(rgb.map(|c| (255.0 * c).round().clamp(0.0, 255.0) as u8))
        });
        let name =
            key("Name").or_else(|| key("ID")).map_or(format!("label {label}"), str::to_owned);
        found.push(Segment { name, label: label as u32, layer, colour });
    }
    Ok(found)
}

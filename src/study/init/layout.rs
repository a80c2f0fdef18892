//! Folders by their names: cycleN/tpN/{ct,spect,rois}, as rpt_dosi has them, of images that are not DICOM.

use std::path::{Path, PathBuf};

use super::Draft;
use super::text::{Text, path, rest};
use crate::error::{Error, Result};

/// What the name of an entry begins with.
const CT: [&str; 1] = ["ct"];
const ACTIVITY: [&str; 5] = ["spect", "pet", "pt", "nm", "activity"];
const VOIS: [&str; 6] = ["roi", "voi", "seg", "mask", "organ", "lesion"];

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let error = |e: std::io::Error| Error::io("list", folder, &e);
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(error)?
        .map(|e| e.map(|e| e.path()).map_err(error))
        .collect::<Result<_>>()?;
    all.sort_by_key(|p| (number(p), p.clone()));
    Ok(all)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// The number at the end of a folder's name: tp10 comes after tp2.
fn number(path: &Path) -> u64 {
    let name = name(path);
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0)
}

/// Folders whose name is `stem` and a number.
fn numbered(folder: &Path, stem: &str) -> Result<Vec<PathBuf>> {
    let is = |p: &PathBuf| {
        let name = name(p);
        let digits = name.strip_prefix(stem).map(|r| r.trim_start_matches(['_', '-']));
        p.is_dir() && digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
    };
    Ok(entries(folder)?.into_iter().filter(is).collect())
}

fn beginning(all: &[PathBuf], stems: &[&str]) -> Vec<PathBuf> {
    let is = |p: &&PathBuf| stems.iter().any(|s| name(p).starts_with(s));
    all.iter().filter(is).cloned().collect()
}

/// A study of such a folder; none where it is none.
pub fn draft(folder: &Path) -> Result<Option<Draft>> {
    let mut cycles = numbered(folder, "cycle")?;
    if cycles.is_empty() && !numbered(folder, "tp")?.is_empty() {
        cycles.push(folder.to_path_buf());
    }
    let (mut text, mut told, mut points) = (Text::default(), Vec::new(), 0);
    text.line("format = 1");
    text.open("pseudonym", "\"P01\"", "what the report calls the patient");
    text.open("nuclide", "\"Lu-177\"", "needed: images that are not DICOM do not state it");
    for cycle in &cycles {
        points += one(&mut text, folder, cycle, &mut told)?;
    }
    if points == 0 {
        return Ok(None);
    }
    text.line("");
    rest(&mut text, points / cycles.len().max(1), false);
    told.push(
        "nuclide, administered activity and the times of the scans are to be completed".into(),
    );
    Ok(Some(Draft { name: "study.toml".into(), text: text.0, told }))
}

fn one(text: &mut Text, folder: &Path, cycle: &Path, told: &mut Vec<String>) -> Result<usize> {
    text.line("");
    text.line("[[cycle]]");
    text.open("administered", "\"7.4 GBq\"", "not stated: gives doses per activity");
    let mut points = Vec::new();
    for tp in numbered(cycle, "tp")? {
        let all = entries(&tp)?;
        let found = [&CT[..], &ACTIVITY[..], &VOIS[..]].map(|stems| beginning(&all, stems));
        let [ct, activity, vois] = found;
        match activity.first() {
            None => told.push(format!("{}: no activity image, left out", name(&tp))),
            Some(_) => points.push((tp, ct, activity, vois)),
        }
    }
    match points.iter().find_map(|p| p.1.first()) {
        Some(ct) => text.key("ct", &path(ct, folder), ""),
        None => text.open("ct", "\"ct.nii.gz\"", "needed: no CT was found"),
    }
    let reference = points.iter().position(|p| !p.1.is_empty()).unwrap_or(0);
    if let Some((_, _, _, vois)) = points.get(reference) {
        for voi in vois {
            text.line("[[cycle.voi]]");
            text.key("file", &path(voi, folder), "");
        }
    }
    for (n, (tp, ct, activity, _)) in points.iter().enumerate() {
        text.line("");
        text.line(&format!("[[cycle.time_point]] # {}", name(tp)));
        text.open("time", "\"24h\"", "needed: start of the scan after the administration");
        text.key("activity", &path(&activity[0], folder), "");
        for other in &activity[1..] {
            text.open("activity", &path(other, folder), "or this one");
        }
        if n == reference {
            continue;
        }
        let how = match ct.first() {
            Some(_) => "on its own CT",
            None => "on its activity",
        };
        text.key(
            "register",
            "true",
            &format!("{how}: each scan is taken to lie by itself; false if they lie on each other"),
        );
        if let Some(ct) = ct.first() {
            text.key("ct", &path(ct, folder), "");
        }
    }
    Ok(points.len())
}

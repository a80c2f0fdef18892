//! Any file of volumes of interest as regions on a given grid: RT Structure Sets, DICOM Segmentations, label maps as NIfTI, MetaImage or NRRD
//! (Slicer's segmentations among them), maps of shares, and folders of masks.
//!
//! Contours are rasterised on the wanted grid itself; voxels move there by the volume they share with its voxels. Neglects nothing on grids with
//! parallel axes.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::dicom::{self, RegionObject, Roi, StructureSet};
use super::nifti::{NiftiAffine, read_label_table};
use super::nrrd::read_nrrd_regions;
use super::read::{ImageOptions, in_file, read_image_with};
use crate::error::{Error, Result, did_you_mean};
use crate::files::InputFile;
use crate::image::contour::{Budget, Stack, spacing_of};
use crate::image::{Grid, MAX_VOXELS, Region, RegionSet, VoiSet, Volume};

/// Pixels (mm) of the grid of contours where none is given.
const OWN_PIXEL_MM: f64 = 1.0;
/// And its most voxels: beyond, pixels become larger.
const OWN_VOXELS: usize = 1 << 26;
/// Endings of masks in a folder.
const MASKS: [&str; 6] = [".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr"];

/// What the caller says about a file of regions.
#[derive(Debug, Clone, Default)]
pub struct RegionOptions {
    /// Names of the wanted regions; all if empty.
    pub only: Vec<String>,
    /// Names of labels for maps that have none themselves.
    pub names: BTreeMap<u32, String>,
    /// FrameOfReferenceUID of the image that the grid is of.
    pub frame_of_reference: Option<String>,
    /// Take regions of another frame of reference as they are.
    pub any_frame: bool,
    /// Which of a NIfTI header's statements holds.
    pub nifti_affine: NiftiAffine,
}

/// What is known of a region that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionFacts {
    /// Its name.
    pub name: String,
    /// Volume as the file has it, mL: of contours their areas times thickness, of voxels the sum of their shares.
    pub file_ml: f64,
    /// Share of it that lies outside of the grid.
    pub outside: f64,
    /// What a user should know of it, one sentence each.
    pub notes: Vec<String>,
}

/// Regions that were read, on the wanted grid.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRegions {
    /// The regions.
    pub set: RegionSet,
    /// What is known of each, in the same order.
    pub facts: Vec<RegionFacts>,
    /// What a user should know of the file, one sentence each.
    pub notes: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// What a note that is a warning begins with.
const WARNING: &str = "WARNING: ";

impl ReadRegions {
    /// All that a user should know, of the file and of each region by its name, with whether it is a warning.
    pub fn told(&self) -> impl Iterator<Item = (bool, String)> + '_ {
        let of_file = self.notes.iter().map(|note| (None, note));
        let of_regions = self.facts.iter().flat_map(|f| f.notes.iter().map(|n| (Some(&f.name), n)));
        of_file.chain(of_regions).map(|(name, note)| {
            let text = note.strip_prefix(WARNING);
            let of = name.map_or(String::new(), |n| format!("'{n}': "));
            (text.is_some(), format!("{of}{}", text.unwrap_or(note)))
        })
    }
}

/// Reads regions onto `on` or, without it, onto the file's own grid (of contours: 1 mm pixels in their planes).
///
/// # Errors
/// If the path is none of the above, damaged, in another frame of reference, or lacks a region of `only`; or names are stated for DICOM, which has its
/// own.
pub fn read_regions(
    path: &Path,
    on: Option<&Grid>,
    options: &RegionOptions,
) -> Result<ReadRegions> {
    crate::files::exists(path)?;
    let mut read = if path.is_dir() {
        folder(path, on, options)?
    } else if dicom::is_dicom(path)? {
        if !options.names.is_empty() {
            return Err(Error::usage(
                format!("{}: names of labels for an RTSTRUCT or SEG", path.display()),
                "its regions have names of their own, and the table would be left out without a word",
                "Leave the table out.",
            ));
        }
        match dicom::read_region_object(path)? {
            RegionObject::Structures(set) => structures(set, on, options)?,
            RegionObject::Segments(s) => {
                check_frame(path, s.frame_of_reference.as_deref(), options)?;
                voxels(path, s.set, s.notes, vec![path.to_path_buf()], on, options)?
            }
        }
    } else if is_nrrd(path)? {
        let (set, nrrd) = read_nrrd_regions(path, &options.names)?;
        voxels(path, set, nrrd.notes, nrrd.files, on, options)?
    } else {
        labels(path, on, options)?
    };
    read.set = read.set.checked()?;
    Ok(read)
}

/// True if a file starts like NRRD.
///
/// # Errors
/// If it cannot be read.
pub fn is_nrrd(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    InputFile::open(path)?
        .take(7)
        .read_to_end(&mut start)
        .map_err(|e| Error::io("read", path, &e))?;
    Ok(start == b"NRRD000")
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}

fn check_frame(path: &Path, found: Option<&str>, options: &RegionOptions) -> Result<()> {
    match (found, options.frame_of_reference.as_deref()) {
        (Some(here), Some(there)) if here != there && !options.any_frame => Err(Error::input(
            format!("{}: FrameOfReferenceUID (0020,0052) is {here}", path.display()),
            format!(
                "the image's is {there}, so that positions of the one mean nothing in the other"
            ),
            "Give the regions of this image, or say with --any-frame that both lie in one space.",
        )),
        _ => Ok(()),
    }
}

/// The regions of `only`, in its order.
fn chosen(path: &Path, all: &[String], only: &[String]) -> Result<Vec<usize>> {
    if only.is_empty() {
        return Ok((0..all.len()).collect());
    }
    let at = |name: &String| {
        let found = all.iter().position(|n| n == name);
        let found = found.or_else(|| all.iter().position(|n| n.eq_ignore_ascii_case(name)));
        found.ok_or_else(|| {
            let near = did_you_mean(name, all.iter().map(String::as_str));
            Error::usage(
                format!("{}: there is no region '{name}'", path.display()),
                format!("there are: {}", all.join(", ")),
                format!("{near}Name one of these."),
            )
        })
    };
    only.iter().map(at).collect()
}

/// Regions of voxels, moved.
fn voxels(
    path: &Path,
    mut set: RegionSet,
    mut notes: Vec<String>,
    files: Vec<PathBuf>,
    on: Option<&Grid>,
    options: &RegionOptions,
) -> Result<ReadRegions> {
    unique_names(&mut set.regions, "label", &mut notes);
    let names: Vec<String> = set.regions.iter().map(|r| r.name.clone()).collect();
    let wanted = chosen(path, &names, &options.only)?;
    set.regions = wanted.iter().map(|n| set.regions[*n].clone()).collect();
    let file_ml: Vec<f64> = set.regions.iter().map(|r| set.volume_ml(r)).collect();
    let (set, outside) = match on {
        None => {
            let inside = vec![0.0; set.regions.len()];
            (set, inside)
        }
        Some(grid) => {
            let moved = set.on(grid)?;
            (moved.set, moved.outside)
        }
    };
    let facts = set.regions.iter().zip(file_ml).zip(outside).map(|((r, file_ml), outside)| {
        let notes = note_outside(file_ml, outside);
        RegionFacts { name: r.name.clone(), file_ml, outside, notes }
    });
    let facts = facts.collect();
    Ok(ReadRegions { set, facts, notes, files })
}

fn note_outside(file_ml: f64, outside: f64) -> Vec<String> {
    if file_ml == 0.0 {
        return vec!["WARNING: it has no volume".into()];
    }
    if outside >= 1.0 {
        return vec!["WARNING: it lies outside of the image".into()];
    }
    let percent = 100.0 * outside;
    // Less is rounding of positions.
    if percent < 1e-3 {
        return Vec::new();
    }
    vec![format!("WARNING: {percent:.3} % of its volume lies outside of the image")]
}

/// Two regions of one name get their numbers with it.
pub(super) fn unique_names(regions: &mut [Region], number: &str, notes: &mut Vec<String>) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    regions.iter().for_each(|r| *count.entry(r.name.clone()).or_default() += 1);
    for region in regions.iter_mut() {
        if count[&region.name] > 1 {
            region.name = format!("{} ({number} {})", region.name, region.label);
        }
    }
    // Labels of several layers may be one too.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for region in regions.iter_mut() {
        let times = seen.entry(region.name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            region.name = format!("{} #{times}", region.name);
        }
    }
    for (name, _) in count.iter().filter(|c| *c.1 > 1) {
        notes.push(format!(
            "WARNING: several regions are named '{name}': they are told apart by their numbers, as '{name} ({number} 1)'"
        ));
    }
}

/// A label map, or a map of shares.
fn labels(path: &Path, on: Option<&Grid>, options: &RegionOptions) -> Result<ReadRegions> {
    let image = ImageOptions { frame: None, nifti_affine: options.nifti_affine };
    let (volume, info) = read_image_with(path, &image)?;
    let (mut notes, files) = (info.notes, info.files.into_iter().map(|f| f.path).collect());
    let mut names = options.names.clone();
    if names.is_empty() {
        names = read_label_table(path)?;
        // A table may list classes of which the map has none.
        let mut found =
            vec![false; names.keys().last().map_or(0, |n| (*n as usize).min(1 << 20) + 1)];
        for v in &volume.data {
            if let Some(f) = found.get_mut(*v as usize).filter(|_| *v > 0.0) {
                *f = true;
            }
        }
        if !names.is_empty() {
            notes.push(format!("the file itself names {} labels", names.len()));
        }
        names.retain(|label, _| found.get(*label as usize) == Some(&true));
    }
    let fraction = volume.data.iter().any(|v| v.fract() != 0.0);
    let shares = volume.data.iter().all(|v| (0.0..=1.0).contains(v));
    let set = if fraction && shares && names.is_empty() {
        notes.push("values between 0 and 1: taken as shares of the voxels".into());
        of_shares(path, &volume)
    } else {
        let set = VoiSet::from_labels(&volume, &names).map_err(in_file(path))?;
        let mut set = RegionSet::from(&set);
        set.regions.iter_mut().for_each(|r| r.origin = format!("label map {}", file_name(path)));
        set
    };
    voxels(path, set, notes, files, on, options)
}

fn of_shares(path: &Path, volume: &Volume<f32>) -> RegionSet {
    let origin = format!("shares {}", file_name(path));
    let region = Region::from_shares(1, &stem(path), &origin, &volume.data);
    RegionSet { grid: volume.grid.clone(), regions: vec![region] }
}

fn stem(path: &Path) -> String {
    let name = file_name(path);
    let end = MASKS.iter().filter(|e| name.to_lowercase().ends_with(*e)).map(|e| e.len()).max();
    name[..name.len() - end.unwrap_or(0)].to_string()
}

/// A folder of DICOM with one object of regions, or of masks, one region each, named as the file.
fn folder(path: &Path, on: Option<&Grid>, options: &RegionOptions) -> Result<ReadRegions> {
    let objects = dicom::find_region_objects(path)?;
    let mut masks = Vec::new();
    let io = |e: std::io::Error| Error::io("list", path, &e);
    for entry in std::fs::read_dir(path).map_err(io)? {
        let file = entry.map_err(io)?.path();
        let name = file_name(&file).to_lowercase();
        if MASKS.iter().any(|end| name.ends_with(end)) {
            masks.push(file);
        }
    }
    masks.sort();
    match (objects.as_slice(), masks.as_slice()) {
        ([one], []) => return read_regions(one, on, options),
        ([], [_, ..]) => {}
        (several, _) => {
            let list: Vec<String> = several.iter().map(|p| p.display().to_string()).collect();
            return Err(Error::input(
                format!(
                    "{}: {} RTSTRUCT or SEG objects, {} masks",
                    path.display(),
                    several.len(),
                    masks.len()
                ),
                if list.is_empty() {
                    "there are no regions in it".to_string()
                } else {
                    list.join("; ")
                },
                "Name the file with the regions.",
            ));
        }
    }
    let names: Vec<String> = masks.iter().map(|m| stem(m)).collect();
    let mut all: Option<ReadRegions> = None;
    for n in chosen(path, &names, &options.only)? {
        let (mask, grid) = (&masks[n], on.or(all.as_ref().map(|a| &a.set.grid)).cloned());
        let plain = RegionOptions { only: Vec::new(), names: BTreeMap::new(), ..options.clone() };
        let mut read = read_regions(mask, grid.as_ref(), &plain)?;
        let one = read.set.regions.len() == 1;
        for (region, facts) in read.set.regions.iter_mut().zip(&mut read.facts) {
            region.name =
                if one { names[n].clone() } else { format!("{} {}", names[n], region.name) };
            facts.name.clone_from(&region.name);
            region.label = n as u32 + 1;
        }
        if read.set.regions.is_empty() {
            read.notes.push(format!("WARNING: {} is empty", mask.display()));
        }
        match &mut all {
            None => all = Some(read),
            Some(all) => {
                all.set.regions.append(&mut read.set.regions);
                all.facts.append(&mut read.facts);
                all.notes.append(&mut read.notes);
                all.files.append(&mut read.files);
            }
        }
    }
    all.ok_or_else(|| {
        Error::input(format!("{} holds no regions", path.display()), "it is empty", "Name a file.")
    })
}

/// Contours on a grid.
fn structures(
    set: StructureSet,
    on: Option<&Grid>,
    options: &RegionOptions,
) -> Result<ReadRegions> {
    let StructureSet { path, rois, mut notes, series } = set;
    if options.frame_of_reference.is_some() && rois.iter().all(|r| r.frame_of_reference.is_none()) {
        let series = series.map_or(String::new(), |s| format!("; it names series {s}"));
        notes.push(format!(
            "WARNING: the structures state no FrameOfReferenceUID (0020,0052): that they were drawn in the image's space is not checked{series}"
        ));
    }
    let origin = format!("RTSTRUCT {}", file_name(&path));
    let names: Vec<String> = rois.iter().map(|r| r.name.clone()).collect();
    let wanted = chosen(&path, &names, &options.only)?;
    let asked = !options.only.is_empty();
    let mut kept: Vec<(&Roi, Option<Stack>, Vec<String>)> = Vec::new();
    let single = single_thickness(&rois, on);
    for n in wanted {
        let roi = &rois[n];
        let of = |mut error: Error| {
            error.problem = format!("{}: '{}': {}", path.display(), roi.name, error.problem);
            error
        };
        let mut of_roi = Vec::new();
        if let Some(what) = roi.without_volume() {
            let note = format!("{what} contour(s) of '{}' have no volume", roi.name);
            let points: Vec<String> = roi
                .points_mm
                .iter()
                .take(3)
                .map(|p| format!("({:.1}, {:.1}, {:.1})", p[0], p[1], p[2]))
                .collect();
            let at = if points.is_empty() {
                String::new()
            } else {
                format!(", at {} mm", points.join(" "))
            };
            notes.push(note.clone() + &at);
            of_roi.push(note);
        }
        check_frame(&path, roi.frame_of_reference.as_deref(), options).map_err(of)?;
        let stack = match &roi.contours {
            Ok(contours) => stack(contours, single),
            Err(error) => Err(error.clone()),
        };
        match stack {
            Ok(Some(stack)) => {
                of_roi.extend(stack.notes.iter().cloned());
                kept.push((roi, Some(stack), of_roi));
            }
            Ok(None) if asked => {
                return Err(of(Error::input(
                    "it has no closed contour",
                    "without one it has no volume",
                    "Choose another structure.",
                )));
            }
            Ok(None) => {
                notes.push(format!("WARNING: '{}' has no closed contour: left out", roi.name))
            }
            Err(error) if asked => return Err(of(error)),
            Err(error) => notes.push(format!("WARNING: '{}' is left out: {error}", roi.name)),
        }
    }
    if kept.is_empty() {
        return Err(Error::input(
            format!("{}: no structure has a volume", path.display()),
            if notes.is_empty() { "none has closed contours".into() } else { notes.join("; ") },
            "Export the structures again, with their contours.",
        ));
    }
    let grid = match on {
        Some(grid) => grid.clone(),
        None => own_grid(kept.iter().filter_map(|k| k.1.as_ref()))?,
    };
    let made: Vec<(Region, RegionFacts)> = kept
        .par_iter()
        .map(|(roi, stack, of_roi)| {
            let (mut notes, stack) = (of_roi.clone(), stack.as_ref());
            let found = stack.map(|s| s.on(&grid, &mut Budget::default())).transpose()?;
            let file_ml = stack.map_or(0.0, Stack::volume_ml);
            let outside = found.as_ref().map_or(0.0, |f| f.outside);
            notes.extend(note_outside(file_ml, outside));
            if found.as_ref().is_some_and(|f| !f.exact) {
                notes.push(
                    "the image's voxels lie askew to the contours: shares are approximate".into(),
                );
            }
            let (voxels, shares) = found.map(|f| (f.voxels, f.shares)).unwrap_or_default();
            let name = roi.name.clone();
            let facts = RegionFacts { name: name.clone(), file_ml, outside, notes };
            let region = Region {
                label: roi.number,
                name,
                origin: origin.clone(),
                colour: roi.colour,
                voxels,
                shares,
            };
            Ok((region, facts))
        })
        .collect::<Result<_>>()?;
    let (regions, facts) = made.into_iter().unzip();
    Ok(ReadRegions { set: RegionSet { grid, regions }, facts, notes, files: vec![path] })
}

fn stack(
    contours: &[crate::image::contour::Contour],
    single: Option<f64>,
) -> Result<Option<Stack>> {
    // What is told of a missing thickness does not hang on it being used.
    let found = Stack::new(contours, single.unwrap_or(1.0), &mut Budget::default())?;
    match &found {
        Some(stack) if stack.spacing_mm.is_none() && single.is_none() => Err(Error::input(
            "its contours lie in one plane",
            "without another or an image it has no thickness",
            "Give the image (--on).",
        )),
        _ => Ok(found),
    }
}

/// Thickness of a structure with one plane: the spacing of the others in the file, else the image's slices.
fn single_thickness(rois: &[Roi], on: Option<&Grid>) -> Option<f64> {
    let of = |r: &Roi| r.contours.as_ref().ok().and_then(|c| spacing_of(c).ok().flatten());
    let mut all: Vec<f64> = rois.iter().filter_map(of).collect();
    all.sort_by(f64::total_cmp);
    let middle = all.get((all.len().max(1) - 1) / 2).copied();
    middle.or_else(|| on.map(|g| g.spacing_mm()[2]))
}

/// A grid in the planes of the first structure that covers all.
fn own_grid<'a>(stacks: impl Iterator<Item = &'a Stack> + Clone) -> Result<Grid> {
    let mut pixel = OWN_PIXEL_MM;
    loop {
        let grids: Vec<Grid> = stacks.clone().map(|s| s.own_grid(pixel)).collect::<Result<_>>()?;
        let first = &grids[0];
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in grids.iter().flat_map(Grid::corners_mm) {
            let index = first.to_index(corner)?;
            for a in 0..3 {
                low[a] = low[a].min(index[a]);
                high[a] = high[a].max(index[a]);
            }
        }
        // Voxel k covers k - 1/2 to k + 1/2; rounding must not add one.
        let start = low.map(|x| (x + 0.5 + 1e-6).floor());
        let dims = [0, 1, 2].map(|a| ((high[a] - 0.5 - 1e-6).ceil() - start[a]) as usize + 1);
        let all = dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        if all.is_some_and(|n| n <= OWN_VOXELS) {
            return Grid { dims, origin_mm: first.to_mm(start), axes_mm: first.axes_mm }.checked();
        }
        pixel *= 2.0;
        if pixel > 64.0 {
            return Err(Error::input(
                format!("the structures need a grid of {dims:?} voxels"),
                format!("they lie far apart; {MAX_VOXELS} voxels are possible"),
                "Give the image (--on).",
            ));
        }
    }
}

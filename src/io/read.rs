//! Opens an image by what it is, and says what was read.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::element::Decoded;
use super::metaimage::read_metaimage_frame;
use super::nifti::{NiftiAffine, read_nifti_with};
use super::sha256_file;
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::image::{Grid, Volume};

/// File formats that hold one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// NIfTI-1, `.nii` or `.nii.gz`.
    Nifti1,
    /// NIfTI-2, `.nii` or `.nii.gz`.
    Nifti2,
    /// MetaImage, `.mha` or `.mhd` with its data file.
    MetaImage,
}

/// A file that was read and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// The path as given, or as the header names it.
    pub path: PathBuf,
    /// SHA-256 of the bytes as stored, hexadecimal.
    pub sha256: String,
}

/// What was read, for the record of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// The path that was asked for.
    pub path: PathBuf,
    /// Its format.
    pub format: ImageFormat,
    /// Every file that was read: the image, and the separate data file of an `.mhd`.
    pub files: Vec<HashedFile>,
    /// Stored integers that single precision cannot hold exactly (above 2^24).
    pub rounded: usize,
    /// Voxels that are NaN or infinite in the file. They are passed on as they are.
    pub not_finite: usize,
    /// What the reader had to take on trust, one sentence each; to be shown to the user.
    pub notes: Vec<String>,
}

/// What the caller says about an image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageOptions {
    /// Which volume (from 0) of a file that holds several.
    pub frame: Option<usize>,
    /// Which of a NIfTI header's statements holds where they contradict each other.
    pub nifti_affine: NiftiAffine,
}

/// Reads a NIfTI or MetaImage file as `f32`, in LPS mm.
///
/// The file's name decides (`.nii`, `.nii.gz`, `.mha`, `.mhd`), else its first bytes. `frame` picks
/// one volume (from 0) of a file that holds several.
///
/// # Errors
/// If the format is not recognised, or as [`super::read_nifti`] and [`super::read_metaimage`] say.
pub fn read_image(path: &Path, frame: Option<usize>) -> Result<(Volume<f32>, ImageInfo)> {
    read_image_with(path, &ImageOptions { frame, ..ImageOptions::default() })
}

/// [`read_image`] with a rule for NIfTI headers that contradict themselves.
///
/// # Errors
/// As [`read_image`].
pub fn read_image_with(path: &Path, options: &ImageOptions) -> Result<(Volume<f32>, ImageInfo)> {
    match format_of(path)? {
        Family::Nifti => read_nifti_with(path, options),
        Family::MetaImage => read_metaimage_frame(path, options.frame),
    }
}

enum Family {
    Nifti,
    MetaImage,
}

fn format_of(path: &Path) -> Result<Family> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if name.ends_with(".nii") || name.ends_with(".nii.gz") {
        return Ok(Family::Nifti);
    }
    if name.ends_with(".mha") || name.ends_with(".mhd") {
        return Ok(Family::MetaImage);
    }
    let mut start = Vec::new();
    InputFile::open(path)?
        .take(352)
        .read_to_end(&mut start)
        .map_err(|e| Error::io("read", path, &e))?;
    let at = |offset: usize, magic: &[u8]| start.get(offset..offset + magic.len()) == Some(magic);
    if at(344, b"n+1\0") || at(4, b"n+2\0") {
        return Ok(Family::Nifti);
    }
    if at(0, b"ObjectType") || at(0, b"NDims") {
        return Ok(Family::MetaImage);
    }
    let seen = if at(128, b"DICM") {
        "it starts like DICOM"
    } else if at(0, b"\x1f\x8b") {
        "it is gzip under a name that does not end in .nii.gz"
    } else {
        "neither its name nor its first bytes are those of NIfTI or MetaImage"
    };
    Err(Error::input(
        format!("cannot tell what image {} is", path.display()),
        seen,
        "Give a DICOM series as its folder, other images as .nii, .nii.gz, .mha or .mhd.",
    ))
}

/// Prefixes an error's problem with the file it is about.
pub(super) fn in_file(path: &Path) -> impl Fn(Error) -> Error + '_ {
    move |mut error| {
        error.problem = format!("{}: {}", path.display(), error.problem);
        error
    }
}

/// An error about a header field.
pub(super) fn bad(path: &Path, problem: String, why: &str, suggestion: &str) -> Error {
    Error::input(format!("{}: {problem}", path.display()), why, suggestion)
}

/// The volume (from 0) to read of a file that holds `frames`.
pub(super) fn choose_frame(path: &Path, frames: usize, frame: Option<usize>) -> Result<usize> {
    match frame {
        Some(f) if f < frames => Ok(f),
        None if frames == 1 => Ok(0),
        Some(f) => Err(Error::usage(
            format!("frame {} of {} was asked for", f + 1, path.display()),
            format!("it has {frames}"),
            "Choose a frame that exists.",
        )),
        None => Err(bad(
            path,
            format!("the file holds {frames} volumes"),
            "one is needed, and which is not said",
            "Choose one of an activity image with --frame N (from 1; in a series file: frame = N), or extract one volume.",
        )),
    }
}

/// Deflate cannot expand by more than this (zlib's technical details, "maximum compression
/// factor").
const MAX_EXPANSION: u64 = 1032;

/// Refuses a claim of `needed` bytes that a compressed source of `stored` bytes cannot hold.
pub(super) fn check_expansion(path: &Path, stored: u64, needed: u64) -> Result<()> {
    if needed > stored.saturating_mul(MAX_EXPANSION).saturating_add(1 << 16) {
        return Err(bad(
            path,
            format!("the header promises {needed} bytes of voxels in {stored} compressed bytes"),
            "deflate cannot compress that far",
            "The file is truncated or its header is damaged: export it again.",
        ));
    }
    Ok(())
}

/// Joins what a reader found into its result.
pub(super) fn finish(
    grid: Grid,
    decoded: Decoded,
    path: &Path,
    format: ImageFormat,
    files: &[&Path],
    mut notes: Vec<String>,
) -> Result<(Volume<f32>, ImageInfo)> {
    if decoded.rounded > 0 {
        notes.push(format!("{} integers were rounded to single precision", decoded.rounded));
    }
    if decoded.not_finite > 0 {
        notes.push(format!("{} voxels are NaN or infinite", decoded.not_finite));
    }
    let hashed = |p: &&Path| Ok(HashedFile { path: p.to_path_buf(), sha256: sha256_file(p)? });
    let info = ImageInfo {
        path: path.to_path_buf(),
        format,
        files: files.iter().map(hashed).collect::<Result<_>>()?,
        rounded: decoded.rounded,
        not_finite: decoded.not_finite,
        notes,
    };
    Ok((Volume::new(grid, decoded.data).map_err(in_file(path))?, info))
}

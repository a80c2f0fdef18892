//! The options `--voi` and `--voi-names`, whose order on the command line says which names belong to which file.

use std::path::PathBuf;

use clap::{ArgMatches, Args, FromArgMatches};

use crate::error::{Error, Result};
use crate::job::VoiInput;

/// As they are written.
#[derive(Debug, Args)]
struct Written {
    /// Volumes of interest: a label map (NIfTI, MetaImage, NRRD, Slicer's seg.nrrd) on any grid, a DICOM RTSTRUCT or SEG, or a folder of masks. May be
    /// given several times: VOIs may overlap, as a lesion and the organ that it lies in, and each has its own dose and error. Transport scores whole voxels: where
    /// that changes a volume by more than 2 %, it is said. Labels without a name are, with several files, named after their file.
    #[arg(long, value_name = "FILE", help_heading = "Scoring")]
    voi: Vec<PathBuf>,
    /// Table (CSV, TSV) with the columns label (or id, index, value, number) and name (or organ, structure, region, voi, lesion). With several --voi, of the one
    /// that it stands behind.
    #[arg(long, value_name = "CSV", help_heading = "Scoring", requires = "voi")]
    voi_names: Vec<PathBuf>,
}

/// Files of VOIs and tables of names, each with its place on the command line.
#[derive(Debug, Clone, Default)]
pub struct VoiArguments {
    voi: Vec<(usize, PathBuf)>,
    names: Vec<(usize, PathBuf)>,
}

impl VoiArguments {
    /// All files that are named.
    pub(super) fn paths(&self) -> impl Iterator<Item = &std::path::Path> {
        self.voi.iter().chain(&self.names).map(|(_, path)| path.as_path())
    }

    /// [`VoiArguments::files`], of a command that needs VOIs.
    ///
    /// # Errors
    /// If none is given, or a table of names does not stand behind a file of its own.
    pub fn some(self) -> Result<Vec<VoiInput>> {
        let files = self.files()?;
        if files.is_empty() {
            return Err(Error::usage(
                "no --voi",
                "results are those of volumes of interest",
                "Add --voi FILE: a label map, RTSTRUCT, SEG or folder of masks.",
            ));
        }
        Ok(files)
    }

    /// Each file with the names of its labels.
    ///
    /// # Errors
    /// If a table of names does not stand behind a file of its own.
    pub fn files(self) -> Result<Vec<VoiInput>> {
        let refuse = |problem: String| {
            Err(Error::usage(
                problem,
                "a table names the labels of the --voi that it stands behind",
                "Write --voi ORGANS --voi-names ORGANS_TABLE --voi LESIONS --voi-names LESIONS_TABLE.",
            ))
        };
        let mut files: Vec<VoiInput> =
            self.voi.iter().map(|(_, path)| VoiInput { path: path.clone(), names: None }).collect();
        let alone = files.len() == 1;
        for (at, table) in self.names {
            // Of one file the order does not matter.
            let behind = self.voi.iter().rposition(|(i, _)| *i < at || alone);
            let Some(file) = behind.map(|n| &mut files[n]) else {
                return refuse(format!(
                    "--voi-names {} stands before every --voi",
                    table.display()
                ));
            };
            if let Some(other) = file.names.replace(table) {
                return refuse(format!(
                    "--voi {} has two --voi-names, one of them {}",
                    file.path.display(),
                    other.display()
                ));
            }
        }
        Ok(files)
    }
}

impl FromArgMatches for VoiArguments {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let of = |id: &str| -> Vec<(usize, PathBuf)> {
            let places = matches.indices_of(id).into_iter().flatten();
            let paths = matches.get_many::<PathBuf>(id).into_iter().flatten().cloned();
            places.zip(paths).collect()
        };
        Ok(VoiArguments { voi: of("voi"), names: of("voi_names") })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for VoiArguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        Written::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Written::augment_args_for_update(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        voi: VoiArguments,
    }

    fn files(line: &str) -> Result<Vec<(String, Option<String>)>> {
        let words = ["voxgray"].into_iter().chain(line.split_whitespace());
        let text = |p: PathBuf| p.display().to_string();
        let files = Line::try_parse_from(words).expect(line).voi.files()?;
        Ok(files.into_iter().map(|v| (text(v.path), v.names.map(text))).collect())
    }

    #[test]
    fn names_belong_to_the_file_before_them() {
        let pair = |a: &str, b: Option<&str>| (a.to_string(), b.map(str::to_string));
        assert_eq!(files("").unwrap(), []);
        for one in ["--voi a --voi-names t", "--voi-names t --voi a"] {
            assert_eq!(files(one).unwrap(), [pair("a", Some("t"))]);
        }
        let several = files("--voi a --voi-names t --voi b --voi c --voi-names=u").unwrap();
        assert_eq!(several, [pair("a", Some("t")), pair("b", None), pair("c", Some("u"))]);
        for (line, said) in [
            ("--voi-names t --voi a --voi b", "t stands before"),
            ("--voi a --voi-names t --voi-names u --voi b", "a has two --voi-names"),
            ("--voi a --voi-names t --voi-names u", "a has two --voi-names"),
        ] {
            let error = files(line).expect_err(line).to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(Line::try_parse_from(["voxgray", "--voi-names", "t"]).is_err());
    }
}

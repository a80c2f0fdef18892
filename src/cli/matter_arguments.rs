//! The options that say what matter is: a CT and its curve, or maps.

use std::path::PathBuf;

use clap::Args;

use super::values::parse_fraction;
use crate::error::{Error, Result};
use crate::job::{CurveChoice, MaterialNames, MatterInput};
use crate::physics::tissues::named_materials;

/// Matter.
#[derive(Debug, Args)]
pub struct MatterArguments {
    /// CT in HU: DICOM folder, NIfTI or MetaImage.
    #[arg(long, value_name = "PATH", help_heading = "Matter", conflicts_with_all = ["density", "materials"], required_unless_present = "density")]
    pub(super) ct: Option<PathBuf>,
    /// SeriesInstanceUID of the CT, where the folder holds several.
    #[arg(long, value_name = "UID", help_heading = "Matter", requires = "ct")]
    pub(super) ct_series: Option<String>,
    /// HU to density and tissue: schneider, schneider-metals, icru44, or a TOML file.
    #[arg(
        long,
        value_name = "CURVE",
        help_heading = "Matter",
        default_value = "schneider",
        conflicts_with = "density"
    )]
    pub(super) hu_curve: PathBuf,
    /// Largest accepted part of the CT's voxels below the curve's range; they get the material and density of its lower end.
    #[arg(long, value_name = "FRACTION", help_heading = "Matter", default_value = "30%", value_parser = parse_fraction)]
    pub(super) hu_below: f64,
    /// Largest accepted part of the CT's voxels above the curve's range; they get the material and density of its upper end.
    #[arg(long, value_name = "FRACTION", help_heading = "Matter", default_value = "0.5%", value_parser = parse_fraction)]
    pub(super) hu_above: f64,
    /// Density map, g/cm3, in place of a CT.
    #[arg(long, value_name = "FILE", help_heading = "Matter", requires = "materials")]
    pub(super) density: Option<PathBuf>,
    /// Label map of materials on the same grid as --density.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Matter",
        requires = "density",
        requires = "material_names"
    )]
    pub(super) materials: Option<PathBuf>,
    /// Materials of the labels 0, 1, ...: built-in names, such as water,icru44_lung; or a TOML file.
    #[arg(
        long,
        value_name = "NAMES",
        help_heading = "Matter",
        requires = "materials",
        long_help = material_names_help()
    )]
    pub(super) material_names: Option<PathBuf>,
}

impl MatterArguments {
    /// What they say.
    ///
    /// # Errors
    /// If the curve is none, or there is no matter.
    pub(super) fn input(&self) -> Result<MatterInput> {
        if let Some(path) = &self.ct {
            let curve = match self.hu_curve.to_str() {
                Some("schneider") => CurveChoice::Schneider,
                Some("schneider-metals") => CurveChoice::SchneiderMetals,
                Some("icru44") => CurveChoice::Icru44,
                _ if self.hu_curve.is_file() => CurveChoice::File(self.hu_curve.clone()),
                _ => {
                    return Err(Error::usage(
                        format!("--hu-curve is '{}'", self.hu_curve.display()),
                        "it is no file and none of schneider, schneider-metals, icru44",
                        "Name one of them or a TOML file.",
                    ));
                }
            };
            return Ok(MatterInput::Ct {
                path: path.clone(),
                series: self.ct_series.clone(),
                curve,
                outside_limits: [self.hu_below, self.hu_above],
            });
        }
        match (&self.density, &self.materials, &self.material_names) {
            (Some(density), Some(materials), Some(names)) => Ok(MatterInput::Maps {
                density: density.clone(),
                materials: materials.clone(),
                names: match names.to_str() {
                    Some(list) if !names.is_file() => {
                        MaterialNames::BuiltIn(list.split(',').map(str::to_owned).collect())
                    }
                    _ => MaterialNames::File(names.clone()),
                },
            }),
            _ => Err(Error::usage(
                "no matter",
                "decays need something to happen in",
                "Add --ct, or --density with --materials and --material-names.",
            )),
        }
    }
}

fn material_names_help() -> String {
    let names: Vec<&str> = named_materials().iter().map(|m| m.material.name.as_str()).collect();
    format!(
        "Materials of the labels 0, 1, ...: built-in names, such as water,icru44_lung; or a TOML file.\n\n\
         Built-in: {}.",
        names.join(", ")
    )
}

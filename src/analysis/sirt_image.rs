//! Radioembolisation from an image: shunt, ratios and the dose of each voxel from Tc-99m MAA or from Y-90 or Ho-166 itself. Neglected: energy that
//! leaves its voxel (local deposition: electrons of Y-90 reach 11 mm), photons, and that the image shows particles of another kind where it is of MAA.
//!
//! With c the image (any unit that is proportional to activity), the sum over the perfused tissue (liver and lungs) C = sum c V, an administered
//! activity A gives a voxel of the density rho the dose D = k A c/(C rho).

use super::samples::{Map, Sampling, sample};
use super::sirt::DoseConstant;
use crate::error::{Error, Result};
use crate::image::{Region, RegionSet, Volume};

/// Part of the activity beyond liver and lungs that is worth a word.
pub const WORTH_A_WORD: f64 = 0.05;

/// What an image says of a region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionPart {
    /// Its name.
    pub name: String,
    /// mL.
    pub volume_ml: f64,
    /// kg.
    pub mass_kg: f64,
    /// Part of what liver and lungs hold.
    pub part: f64,
    /// Mean dose per administered activity, Gy/GBq.
    pub gy_per_gbq: f64,
}

/// A plan from an image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePlan {
    /// Lungs over lungs and liver; 0 without lungs.
    pub shunt: f64,
    /// The regions, in their order.
    pub regions: Vec<RegionPart>,
    /// Dose per administered activity of each voxel of the image, Gy/GBq.
    pub gy_per_gbq: Volume<f32>,
    /// Part of all that the image shows which lies outside of liver and lungs.
    pub elsewhere: f64,
    /// Sum of the negative voxels over the sum of the positive ones.
    pub negative: f64,
}

/// Plans from an image. `liver` and `lungs` name regions of the sets; `density` (g/cm3) is on the image's grid.
///
/// # Errors
/// If a region is not there or not on the image, holds nothing, or a value or density is not finite.
pub fn plan(
    image: &Volume<f32>,
    density: &[f32],
    sets: &[RegionSet],
    liver: &str,
    lungs: Option<&str>,
    k: &DoseConstant,
) -> Result<ImagePlan> {
    if let Some(n) = image.data.iter().position(|v| !v.is_finite()) {
        return Err(Error::input(
            format!("voxel {:?} of the image is {}", image.grid.unlinear(n), image.data[n]),
            "its activity must be known",
            "Export the image again.",
        ));
    }
    if let Some(d) = density.iter().find(|d| !(**d > 0.0 && d.is_finite())) {
        return Err(Error::input(
            format!("a density of {d} g/cm3"),
            "it must be positive",
            "Check the density map.",
        ));
    }
    let each = || sets.iter().flat_map(|set| set.regions.iter().map(move |r| (set, r)));
    let find = |name: &str| -> Result<(&RegionSet, &Region)> {
        let names = || each().map(|(_, r)| r.name.as_str()).collect::<Vec<_>>().join(", ");
        each().find(|(_, r)| r.name == name).ok_or_else(|| {
            Error::usage(
                format!("there is no VOI '{name}'"),
                format!("there are {}", names()),
                "Name one of them.",
            )
        })
    };
    let amount = |(set, region): (&RegionSet, &Region)| -> Result<(f64, f64, f64)> {
        let map = Map::of(image);
        let found = sample(set, region, &map, Sampling::Uniform)?;
        if found.outside > 1e-3 {
            return Err(Error::input(
                format!(
                    "{:.2} % of '{}' lie outside of the image",
                    100.0 * found.outside,
                    region.name
                ),
                "its activity there is not known",
                "Use an image that holds it.",
            ));
        }
        let sum = found.values.iter().zip(&found.weights).map(|(v, w)| v * w).sum();
        let by_mass = Map { density: Some(density), by_mass: true, ..map };
        let mass = sample(set, region, &by_mass, Sampling::Uniform)?.mass_g.unwrap_or(f64::NAN);
        Ok((sum, found.volume_ml, mass / 1000.0))
    };
    let in_liver = amount(find(liver)?)?.0;
    let in_lungs = lungs.map(|name| amount(find(name)?)).transpose()?.map_or(0.0, |a| a.0);
    let whole = in_liver + in_lungs;
    if !(in_liver > 0.0 && in_lungs >= 0.0) {
        return Err(Error::input(
            format!("liver and lungs hold {in_liver:.3e} and {in_lungs:.3e}"),
            "there is no activity to divide",
            "Check the image and the VOIs.",
        ));
    }
    let regions = each()
        .map(|(set, r)| {
            let (sum, volume_ml, mass_kg) = amount((set, r))?;
            let part = sum / whole;
            let gy_per_gbq = k.gy_kg_per_gbq * part / mass_kg;
            Ok(RegionPart { name: r.name.clone(), volume_ml, mass_kg, part, gy_per_gbq })
        })
        .collect::<Result<Vec<_>>>()?;
    let voxel_ml = image.grid.voxel_volume_mm3() / 1000.0;
    let dose = |(c, rho): (&f32, &f32)| {
        // kg of a voxel: rho V; its part: c V/C.
        (k.gy_kg_per_gbq * f64::from(*c) / whole / (f64::from(*rho) / 1000.0)) as f32
    };
    let gy_per_gbq = image.data.iter().zip(density).map(dose).collect();
    let (mut up, mut down) = (0.0, 0.0);
    for v in &image.data {
        let v = f64::from(*v) * voxel_ml;
        if v > 0.0 { up += v } else { down -= v }
    }
    Ok(ImagePlan {
        shunt: in_lungs / whole,
        regions,
        gy_per_gbq: Volume::new(image.grid.clone(), gy_per_gbq)?,
        elsewhere: 1.0 - whole / (up - down),
        negative: down / up,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sirt::{Partition, Ratio, Shunt, Tumour};
    use super::*;
    use crate::image::{Grid, Voi, VoiSet};

    /// An image that is the partition model, voxel by voxel, gives the doses of the partition model.
    #[test]
    fn an_image_of_compartments_is_the_partition_model() {
        let grid = Grid::aligned([10, 10, 10], [0.0; 3], [10.0; 3]);
        // x: 0-1 tumour, 2-7 normal liver, 8-9 lungs of a third of the density.
        let of = |v: usize| match grid.unlinear(v)[0] {
            0..=1 => (2, 3.0, 1.05),
            2..=7 => (1, 1.0, 1.05),
            _ => (3, 0.2, 0.35),
        };
        let voi = |label: u32, name: &str, holds: &dyn Fn(u32) -> bool| Voi {
            label,
            name: name.into(),
            voxels: (0..1000).filter(|v| holds(of(*v as usize).0)).collect(),
        };
        let set = VoiSet {
            grid: grid.clone(),
            vois: vec![
                voi(1, "liver", &|l| l < 3),
                voi(2, "tumour", &|l| l == 2),
                voi(3, "lungs", &|l| l == 3),
                voi(4, "normal", &|l| l == 1),
            ],
        };
        let sets = [RegionSet::from(&set)];
        let image = Volume::new(grid.clone(), (0..1000).map(|v| of(v).1 as f32).collect()).unwrap();
        let density: Vec<f32> = (0..1000).map(|v| of(v).2 as f32).collect();
        let k = DoseConstant::stated(50.0).unwrap();
        let found = plan(&image, &density, &sets, "liver", Some("lungs"), &k).unwrap();
        let (tumour, normal, lungs) = (200.0 * 3.0, 600.0, 200.0 * 0.2);
        assert!((found.shunt - lungs / (tumour + normal + lungs)).abs() < 1e-7);
        assert!(found.elsewhere.abs() < 1e-9 && found.negative == 0.0);
        let tumour =
            Tumour { name: "tumour".into(), mass_kg: 0.21, ratio: Ratio::Concentration(3.0) };
        let model = Partition {
            normal_kg: 0.63,
            tumours: vec![tumour],
            lungs_kg: 0.07,
            shunt: Shunt::Liver(found.shunt),
        };
        let model = model.doses(&k).unwrap();
        for (region, name) in [(3, "normal liver"), (1, "tumour"), (2, "lungs")] {
            let expected = model.iter().find(|c| c.name == name).unwrap();
            let ours = &found.regions[region];
            assert!((ours.gy_per_gbq / expected.gy_per_gbq - 1.0).abs() < 1e-6, "{name}");
            let voxel =
                (0..1000).find(|v| sets[0].regions[region].voxels.contains(&(*v as u32))).unwrap();
            let there = f64::from(found.gy_per_gbq.data[voxel]);
            assert!((there / expected.gy_per_gbq - 1.0).abs() < 1e-6, "{name} {there}");
        }
        assert!(plan(&image, &density, &sets, "spleen", None, &k).is_err());
        let mut nan = image.clone();
        nan.data[7] = f32::NAN;
        assert!(plan(&nan, &density, &sets, "liver", None, &k).is_err());
    }
}

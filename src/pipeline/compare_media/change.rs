//! What is made of the matter of a run. Neglects activity: that stays where it is.

use std::fmt;
use std::str::FromStr;

use crate::analysis::interfaces::{KINDS, kind};
use crate::error::{Error, Result};
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::physics::tissues::named_material;
use crate::pipeline::Observer;

/// Most materials of a phantom.
const MOST: usize = 256;

/// Voxels that get another material, another density, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// A VOI by its name; `air`, `lung`, `soft` or `bone` by density; or `all` that is no air.
    pub region: String,
    /// A built-in material; none leaves the composition.
    pub material: Option<String>,
    /// g/cm3; none takes the material's own.
    pub density_g_cm3: Option<f64>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}={}", self.region, self.material.as_deref().unwrap_or_default())?;
        self.density_g_cm3.map_or(Ok(()), |d| write!(f, "@{d}"))
    }
}

impl FromStr for Change {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |why: String| {
            Err(Error::usage(
                format!("the change '{text}'"),
                why,
                "Write REGION=MATERIAL, REGION=MATERIAL@DENSITY or REGION=@DENSITY, such as tumour=lung@0.26.",
            ))
        };
        let Some((region, what)) = text.rsplit_once('=') else {
            return refuse("it has no '='".into());
        };
        let (material, density) = match what.split_once('@') {
            Some((material, density)) => (material.trim(), Some(density.trim())),
            None => (what.trim(), None),
        };
        let density_g_cm3 = match density {
            None => None,
            Some(text) => match text.trim_end_matches("g/cm3").trim().parse::<f64>() {
                Ok(d) if (1e-4..=25.0).contains(&d) => Some(d),
                _ => return refuse(format!("'{text}' is no density within 0.0001 and 25 g/cm3")),
            },
        };
        if region.trim().is_empty() || (material.is_empty() && density_g_cm3.is_none()) {
            return refuse("it says not what becomes of what".into());
        }
        let material = match material {
            "" => None,
            name => Some(named_material(name)?.material.name.clone()),
        };
        Ok(Change { region: region.trim().into(), material, density_g_cm3 })
    }
}

/// Changes a phantom; which voxels are other than before.
pub(super) fn apply(
    changes: &[Change],
    phantom: &mut Phantom,
    vois: &[(String, Vec<usize>)],
    observer: &dyn Observer,
) -> Result<Vec<bool>> {
    let before = (phantom.density.clone(), phantom.material.clone());
    for change in changes {
        let (what, voxels) = voxels(&change.region, &before.0, vois)?;
        let mut number = None;
        let mut density = change.density_g_cm3;
        if let Some(name) = &change.material {
            let known = named_material(name)?;
            density = density.or(Some(known.bulk_density_g_cm3));
            let found = phantom.materials.iter().position(|m| *m == known.material);
            let at = found.unwrap_or(phantom.materials.len());
            if at == MOST {
                return Err(Error::input(
                    format!("{change}: there are {MOST} materials already"),
                    "a phantom has no more",
                    "Use a material that it has.",
                ));
            }
            if found.is_none() {
                phantom.materials.push(known.material.clone());
            }
            number = Some(at as u8);
        }
        for &v in &voxels {
            phantom.density[v] = density.map_or(phantom.density[v], |d| d as f32);
            phantom.material[v] = number.unwrap_or(phantom.material[v]);
        }
        observer.say(&format!("{change}: {} voxels of {what}", voxels.len()));
    }
    let other = |v: usize| phantom.density[v] != before.0[v] || phantom.material[v] != before.1[v];
    let moved: Vec<bool> = (0..phantom.density.len()).map(other).collect();
    match moved.contains(&true) {
        true => Ok(moved),
        false => Err(Error::usage(
            "nothing is changed",
            "both media would be the same",
            "Give --change a region and what it becomes.",
        )),
    }
}

/// The voxels that a change names; VOIs go before words.
fn voxels(
    region: &str,
    density: &[f32],
    vois: &[(String, Vec<usize>)],
) -> Result<(String, Vec<usize>)> {
    if let Some((name, voxels)) = vois.iter().find(|v| v.0 == region) {
        return Ok((format!("the VOI {name}"), voxels.clone()));
    }
    let all = 0..density.len();
    if region == "all" {
        let dense = |v: &usize| f64::from(density[*v]) >= LOW_DENSITY_G_CM3;
        return Ok(("all that is no air".into(), all.filter(dense).collect()));
    }
    if let Some(k) = KINDS.iter().position(|k| k.1 == region) {
        let voxels = all.filter(|v| kind(density[*v]) == k).collect();
        return Ok((format!("{region} by density"), voxels));
    }
    let names: Vec<&str> = vois.iter().map(|v| v.0.as_str()).collect();
    Err(Error::usage(
        format!("there is no region '{region}' to change"),
        match names.is_empty() {
            true => "there are no VOIs".to_string(),
            false => format!("the VOIs are {}", names.join(", ")),
        },
        "Name a VOI (--voi), or air, lung, soft, bone (by density), or all.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_region_material_and_density() {
        let read = |text: &str| text.parse::<Change>();
        let of = |region: &str, material: Option<&str>, density_g_cm3| Change {
            region: region.into(),
            material: material.map(Into::into),
            density_g_cm3,
        };
        assert_eq!(read("tumour=water@0.5").unwrap(), of("tumour", Some("water"), Some(0.5)));
        assert_eq!(read("a=b=@1.1").unwrap(), of("a=b", None, Some(1.1)));
        assert_eq!(read("all=water").unwrap(), of("all", Some("water"), None));
        for (text, word) in [
            ("tumour", "no '='"),
            ("=water", "becomes"),
            ("tumour=", "becomes"),
            ("tumour=@0", "no density"),
            ("tumour=@x", "no density"),
            ("tumour=unobtainium", "no material"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.contains(word), "{error}");
        }
        assert_eq!(read("tumour=water@0.5").unwrap().to_string(), "tumour=water@0.5");
    }
}

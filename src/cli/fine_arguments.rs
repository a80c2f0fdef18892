//! The options of scoring that is finer than the dose grid somewhere.

use clap::Args;

use crate::job::{FineScoring, FineWhere};
use crate::transport::sub_voxels::MOST_PARTS;
use crate::units::mm_of;

/// Parts along each edge where no number is given.
const DEFAULT_PARTS: u32 = 4;

/// Where voxels are scored in parts, and in how many.
#[derive(Debug, Args)]
pub struct FineArguments {
    /// Also score in parts of voxels in the box about a VOI (its name or label), or in a box: box=x0,y0,z0,x1,y1,z1 (mm, LPS). Matter and activity
    /// stay those of the voxels. Writes dose_fine.nii.gz with its standard error, and fine_places.csv: doses by distance from where matter changes.
    #[arg(long, value_name = "WHERE", help_heading = "Run", value_parser = parse_where)]
    pub(super) fine: Option<FineWhere>,
    /// Parts along each edge of a voxel, 2 to 32; at most 268 million in the box.
    #[arg(long, value_name = "N", help_heading = "Run", requires = "fine", default_value_t = DEFAULT_PARTS, value_parser = clap::value_parser!(u32).range(2..=i64::from(MOST_PARTS)))]
    pub(super) fine_parts: u32,
    /// How much wider than the VOI or box, such as 5mm; whole voxels.
    #[arg(long, value_name = "LENGTH", help_heading = "Run", requires = "fine", default_value = "0mm", value_parser = parse_margin)]
    pub(super) fine_margin: f64,
}

impl Default for FineArguments {
    /// Those of a command line without them.
    fn default() -> Self {
        FineArguments { fine: None, fine_parts: DEFAULT_PARTS, fine_margin: 0.0 }
    }
}

impl FineArguments {
    /// What they say.
    pub(super) fn scoring(self) -> Option<FineScoring> {
        let FineArguments { fine, fine_parts: parts, fine_margin: margin_mm } = self;
        fine.map(|at| FineScoring { at, parts, margin_mm })
    }
}

fn parse_where(text: &str) -> Result<FineWhere, String> {
    let Some(corners) = text.trim().strip_prefix("box=") else {
        return match text.trim() {
            "" => Err("give a VOI, or box=x0,y0,z0,x1,y1,z1".into()),
            voi => Ok(FineWhere::Voi(voi.into())),
        };
    };
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let numbers: Option<Vec<f64>> = corners.split(',').map(number).collect();
    match numbers.as_deref() {
        Some(&[x0, y0, z0, x1, y1, z1]) => Ok(FineWhere::Box([[x0, y0, z0], [x1, y1, z1]])),
        _ => Err("a box is six numbers in mm, two corners: box=-10,-10,0,10,10,30".into()),
    }
}

fn parse_margin(text: &str) -> Result<f64, String> {
    mm_of(text)
        .filter(|mm| (0.0..=1000.0).contains(mm))
        .ok_or_else(|| "must be a length of at least zero with its unit, such as 5mm".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_and_how_wide() {
        assert_eq!(parse_where(" liver "), Ok(FineWhere::Voi("liver".into())));
        let corners = [[-1.0, 2.5, 3.0], [4.0, 5.0, 6e1]];
        assert_eq!(parse_where("box=-1, 2.5,3,4,5,6e1"), Ok(FineWhere::Box(corners)));
        for bad in ["", "box=", "box=1,2,3", "box=1,2,3,4,5,x", "box=1,2,3,4,5,inf"] {
            assert!(parse_where(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_margin("5mm"), Ok(5.0));
        assert_eq!(parse_margin("1.5 cm"), Ok(15.0));
        for bad in ["5", "-1mm", "mm", "1e9mm"] {
            assert!(parse_margin(bad).is_err(), "{bad}");
        }
    }
}

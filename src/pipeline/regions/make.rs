//! What expressions mean: regions from regions, images and formulas.

use super::Around;
use super::expression::Expression;
use crate::error::{Error, Result};
use crate::image::{
    Grid, Region, RegionSet, SetOperation, Volume, box_region, sphere, threshold, with_margin,
};
use crate::phantom::couch;
use crate::pipeline::Observer;
use crate::units::CM3_PER_MM3;

/// The functions there are, as the help names them.
const FUNCTIONS: &str = "union, intersection, difference, sum, margin, shrink, sphere, box, threshold, percent, body, couch";

/// Makes a region on the set's grid.
///
/// # Errors
/// If a name is unknown, or a function does not take such arguments.
pub fn evaluate(
    expression: &Expression,
    set: &RegionSet,
    around: &Around,
    observer: &dyn Observer,
) -> Result<Region> {
    let (function, arguments) = match expression {
        Expression::Word(name) => return set.named(name).cloned(),
        Expression::Call(function, arguments) => (function.as_str(), arguments.as_slice()),
    };
    let region = |e: &Expression| evaluate(e, set, around, observer);
    let refuse = |usage: &str| {
        Err(Error::usage(
            format!("{function}(...) has {} argument(s)", arguments.len()),
            format!("it is used as {usage}"),
            "Correct --make.",
        ))
    };
    let operation = match function {
        "union" => Some(SetOperation::Union),
        "intersection" => Some(SetOperation::Intersection),
        "difference" => Some(SetOperation::Difference),
        "sum" => Some(SetOperation::Sum),
        _ => None,
    };
    if let Some(operation) = operation {
        let [first, rest @ ..] = arguments else { return refuse("union(a, b, ...)") };
        if rest.is_empty() {
            return refuse("union(a, b, ...)");
        }
        let mut made = region(first)?;
        for other in rest {
            made = made.combined(&region(other)?, operation);
        }
        let names: Vec<String> = arguments.iter().map(words).collect();
        made.origin = format!("{function}({})", names.join(", "));
        return Ok(made);
    }
    match (function, arguments) {
        ("margin" | "shrink", [of, length]) => {
            let mm = number(length, "mm")?;
            if mm < 0.0 {
                return refuse("margin(a, 5mm) or shrink(a, 5mm), of a positive length");
            }
            let mm = if function == "shrink" { -mm } else { mm };
            let (mut made, fine) = with_margin(&set.grid, &region(of)?, mm)?;
            if fine.0 == 1 {
                observer.warn(&format!(
                    "{}: the grid is too large to be refined: whole voxels",
                    words(expression)
                ));
            }
            made.origin = words(expression);
            Ok(made)
        }
        ("sphere", [x, y, z, r]) => {
            let centre = [number(x, "mm")?, number(y, "mm")?, number(z, "mm")?];
            let made = sphere(&set.grid, centre, number(r, "mm")?)?;
            Ok(Region { origin: words(expression), ..made })
        }
        ("box", [a, b, c, d, e, f]) => {
            let low = [number(a, "mm")?, number(b, "mm")?, number(c, "mm")?];
            let high = [number(d, "mm")?, number(e, "mm")?, number(f, "mm")?];
            let made = box_region(&set.grid, low, high)?;
            Ok(Region { origin: words(expression), ..made })
        }
        ("threshold" | "percent", [of, value, within @ ..]) if within.len() < 2 => {
            let image = image(of, around)?;
            let within = within.first().map(region).transpose()?;
            let within = within.map(|r| moved(r, &set.grid, &image.grid)).transpose()?;
            let least = if function == "threshold" {
                number(value, "")?
            } else {
                let part = number(value, "%")?;
                if !(0.0..=100.0).contains(&part) {
                    return refuse("percent(activity, 41%, within), from 0 to 100");
                }
                0.01 * part * largest(image, within.as_ref(), &words(expression))?
            };
            let made = threshold(image, least, within.as_ref());
            let made = moved(made, &image.grid, &set.grid)?;
            Ok(Region { origin: format!("{} (from {least:.6e})", words(expression)), ..made })
        }
        ("body" | "couch", []) => {
            let Some(phantom) = &around.phantom else {
                return Err(Error::usage(
                    format!("{function}() is used without a CT"),
                    "it is found in one",
                    "Give --ct.",
                ));
            };
            let mut voxels = match function {
                "body" => couch::body_voxels(phantom),
                _ => couch::find(phantom).map_or(Vec::new(), |c| c.parts.concat()),
            };
            voxels.sort_unstable();
            if voxels.is_empty() {
                observer.warn(&format!("{function}(): nothing in the CT looks like one"));
            }
            let shares = vec![1.0; voxels.len()];
            let origin = format!("{function}()");
            let made =
                Region { label: 0, name: origin.clone(), origin, colour: None, voxels, shares };
            moved(made, &phantom.grid, &set.grid)
        }
        ("margin" | "shrink", _) => refuse("margin(a, 5mm)"),
        ("sphere", _) => refuse("sphere(x, y, z, radius), in mm (LPS)"),
        ("box", _) => refuse("box(x1, y1, z1, x2, y2, z2), in mm (LPS)"),
        ("threshold", _) => {
            refuse("threshold(activity, value, within), or of ct; 'within' may be left out")
        }
        ("percent", _) => {
            refuse("percent(activity, 41%, within), or of ct; 'within' may be left out")
        }
        ("body" | "couch", _) => refuse("body()"),
        _ => {
            let meant = crate::error::did_you_mean(function, FUNCTIONS.split(", "));
            Err(Error::usage(
                format!("there is no function '{function}'"),
                format!("there are: {FUNCTIONS}"),
                format!("{meant}Correct --make."),
            ))
        }
    }
}

/// Volume (mL) of what is made by a formula alone: a sphere, a box.
pub fn formula_ml(expression: &Expression) -> Option<f64> {
    let Expression::Call(function, arguments) = expression else { return None };
    let mm: Vec<f64> = arguments.iter().filter_map(|a| number(a, "mm").ok()).collect();
    let mm3 = match (function.as_str(), mm.as_slice()) {
        ("sphere", [_, _, _, r]) => 4.0 / 3.0 * std::f64::consts::PI * r.powi(3),
        ("box", [a, b, c, d, e, f]) => ((a - d) * (b - e) * (c - f)).abs(),
        _ => return None,
    };
    Some(mm3 * CM3_PER_MM3)
}

fn largest(image: &Volume<f32>, within: Option<&Region>, what: &str) -> Result<f64> {
    let value = |v: usize| f64::from(image.data[v]);
    let found = match within {
        None => (0..image.data.len()).map(value).reduce(f64::max),
        Some(region) => region.iter().filter(|p| p.1 >= 0.5).map(|p| value(p.0)).reduce(f64::max),
    };
    found.filter(|m| *m > 0.0).ok_or_else(|| {
        Error::input(
            format!("{what}: no value is above 0"),
            "a part of the maximum needs one",
            "Check the image and the region.",
        )
    })
}

fn image<'a>(of: &Expression, around: &'a Around) -> Result<&'a Volume<f32>> {
    let found = match of {
        Expression::Word(w) if w == "activity" => around.activity.as_ref(),
        Expression::Word(w) if w == "ct" => around.ct.as_ref(),
        _ => None,
    };
    found.ok_or_else(|| {
        Error::usage(
            format!("'{}' is no image", words(of)),
            "it is 'activity' or 'ct', with --activity or --ct",
            "Correct --make, or give the image.",
        )
    })
}

fn moved(region: Region, from: &Grid, to: &Grid) -> Result<Region> {
    let kept = region.clone();
    let set = RegionSet { grid: from.clone(), regions: vec![region] };
    let moved = set.on(to)?.set.regions.into_iter().next();
    Ok(moved.unwrap_or(kept))
}

/// A number, with its unit or without.
fn number(e: &Expression, unit: &str) -> Result<f64> {
    let text = words(e);
    let bare = text.strip_suffix(unit).unwrap_or(&text).trim();
    bare.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
        let unit = if unit.is_empty() { "a number".into() } else { format!("a number in {unit}") };
        Error::usage(
            format!("'{text}' stands where {unit} must"),
            "it cannot be read as one",
            "Correct --make.",
        )
    })
}

/// The expression as written.
fn words(e: &Expression) -> String {
    match e {
        Expression::Word(word) => word.clone(),
        Expression::Call(function, arguments) => {
            let all: Vec<String> = arguments.iter().map(words).collect();
            format!("{function}({})", all.join(", "))
        }
    }
}
